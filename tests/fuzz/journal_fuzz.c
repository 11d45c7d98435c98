/* What a start finds in the journal's folder.  The input is a row of orders that make files: sound
 * headers and records, raw bytes, bits that turn, ends that are torn, files of the first edition.
 * However that looks, a start either refuses or goes on with what is sound.  What is sound comes
 * back, no more and no less, as often as it is tried, also where the input says that numbers are
 * anything. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fuzz.h"
#include "journal.h"
#include "record.h"

#define FILE_MAX 65536
#define ID 0x1122334455667788
#define LIMIT JOURNAL_LIMIT_MIN

static char folder[64];

/* The file that is being made. */
static unsigned char file[FILE_MAX + HEADER_SIZE];
static size_t file_len;
#define NAME_MAX_SIZE 64
static char file_name[NAME_MAX_SIZE];
static uint32_t seed;

/* Numbers are anything, not in order. */
static bool disorder;
static uint64_t number;
static uint64_t lsn;

static uint8_t next(struct input *input)
{
	return (uint8_t)take_byte(input);
}

static void name_file(char name[NAME_MAX_SIZE], const char *kind, uint64_t n)
{
	snprintf(name, NAME_MAX_SIZE, "%s-%016llx", kind, (unsigned long long)n);
}

static const char *path_of(const char *name)
{
	static char path[400];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void empty_folder(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	MUST(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		(void)unlink(path_of(entry->d_name));
	}
	closedir(dir);
}

static void put_file(const char *name, const unsigned char *bytes, size_t len, off_t at)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT, 0600);
	MUST(fd >= 0 && pwrite(fd, bytes, len, at) == (ssize_t)len);
	close(fd);
}

static void finish_file(void)
{
	if (file_name[0] != '\0') {
		(void)unlink(path_of(file_name));
		put_file(file_name, file, file_len, 0);
	}
	file_len = 0;
	file_name[0] = '\0';
}

static void begin_file(struct input *input, bool with_header)
{
	finish_file();
	uint64_t by = next(input);
	number = disorder ? by : number + 1 + by % 2;
	name_file(file_name, "segment", number);
	struct header header = {.id = ID, .number = number};
	seed = record_seed(&header);
	if (with_header) {
		header.first = disorder ? next(input) : lsn + 1;
		header.next = disorder && next(input) % 2 != 0 ? next(input) : 0;
		header_write(&header, file);
		file_len = HEADER_SIZE;
	}
}

static void add_record(struct input *input)
{
	struct message m = {.room = SLICE("1/2"), .user_id = SLICE("1"), .opponent_id = SLICE("2")};
	static const char text[256]; /* Now and then some are missing. */
	uint64_t by = next(input);
	lsn = disorder ? by : lsn + (by > 250 ? by - 249 : 1);
	m.text = slice_of(text, next(input));
	size_t size = record_size(&m);
	if (file_len + size <= FILE_MAX) {
		record_write(seed, lsn, &m, file + file_len);
		file_len += size;
	}
}

static void add_raw(struct input *input)
{
	for (size_t count = next(input); count > 0 && file_len < FILE_MAX; count--) {
		file[file_len++] = next(input);
	}
}

static void turn_bits(struct input *input)
{
	size_t at = (size_t)next(input) << 8;
	at += next(input);
	if (file_len > 0) {
		file[at % file_len] ^= next(input);
	}
}

static void tear(struct input *input)
{
	size_t count = next(input);
	file_len -= count < file_len ? count : file_len;
}

/* The first edition's. */
static void add_position(struct input *input)
{
	unsigned char bytes[BLOCK_SIZE];
	off_t slot = next(input) % 2 == 0 ? 0 : 4096;
	struct header header = {.id = ID, .number = next(input), .first = next(input)};
	header_write(&header, file + FILE_MAX);
	memcpy(bytes, file + FILE_MAX, BLOCK_SIZE);
	bytes[next(input) % BLOCK_SIZE] ^= next(input);
	put_file("position", bytes, sizeof(bytes), slot);
}

static void add_other(struct input *input)
{
	static const char *const kinds[] = {"spare", "new", "damaged"};
	char name[NAME_MAX_SIZE];
	name_file(name, kinds[next(input) % 3], next(input));
	put_file(name, (const unsigned char *)"left", 4, 0);
}

static void make_folder(struct input *input)
{
	while (input->len > 0) {
		switch (next(input) % 10) {
		case 0:
			begin_file(input, true);
			break;
		case 1:
			begin_file(input, false);
			break;
		case 2:
		case 3:
		case 4:
			add_record(input);
			break;
		case 5:
			add_raw(input);
			break;
		case 6:
			turn_bits(input);
			break;
		case 7:
			tear(input);
			break;
		case 8:
			add_position(input);
			break;
		case 9:
			add_other(input);
			break;
		}
	}
	finish_file();
}

static size_t errors;

static void on_log(void *arg, enum journal_level level, const char *line)
{
	(void)arg;
	MUST(strlen(line) < 512);
	TRACE("%s\n", line);
	errors += level == JOURNAL_ERROR;
}

static struct journal *open_journal(void)
{
	char reason[JOURNAL_REASON_MAX];
	struct journal_options options = {
		.folder = folder, .sync_ms = 1000, .limit = LIMIT, .log = on_log};
	struct journal *journal = journal_open(&options, reason);
	MUST(journal != NULL || reason[0] != '\0');
	return journal;
}

/* Where the messages stand that were handed out. */
#define PLACES_MAX 8192
static struct journal_place places[PLACES_MAX];
static size_t place_count;

static bool take(
	void *arg, const struct message *message, struct journal_place place, bool replayed)
{
	size_t *left = arg;
	if (*left == 0) {
		return false;
	}
	--*left;
	MUST(replayed && message->from == 0 && place.segment != NULL);
	MUST(place_count < PLACES_MAX);
	places[place_count++] = place;
	return true;
}

/* All that waits, as many as was said. */
static void read_all(struct journal *journal)
{
	place_count = 0;
	size_t said = journal_alone(journal);
	while (journal_spills(journal)) {
		size_t left = 3;
		size_t lost = journal_read(journal, take, &left);
		MUST(lost == 0);
	}
	MUST(place_count == said);
	MUST(journal_alone(journal) == 0);
}

/* A message goes in behind what is there. */
static bool append(struct journal *journal)
{
	struct message m = {.room = SLICE("1/2"), .user_id = SLICE("1"), .opponent_id = SLICE("2")};
	struct journal_place place;
	m.text = SLICE("new");
	enum chat_error error = journal_append(journal, &m, true, &place);
	MUST(error == CHAT_OK || error == CHAT_EBUSY);
	MUST((error == CHAT_OK) == (place.segment != NULL));
	return error == CHAT_OK;
}

static void settle(struct journal *journal, size_t count, bool stored)
{
	for (size_t i = 0; i < count; i++) {
		journal_settle(journal, places[i], stored);
	}
}

static void start_and_start_again(size_t settled, bool stored)
{
	struct journal *journal = open_journal();
	if (journal == NULL) {
		return;
	}
	read_all(journal);
	size_t count = place_count + append(journal);
	settled = settled < place_count ? settled : place_count;
	settle(journal, settled, stored);
	MUST(journal_close(journal, NEVER / 2));

	/* What is settled may come again with what is not, unless it is struck out. */
	journal = open_journal();
	MUST(journal != NULL);
	read_all(journal);
	MUST(place_count >= count - settled);
	/* Of files in disorder a start may read what another file has hidden before. */
	MUST(disorder || place_count <= count);
	MUST(stored || disorder || place_count == count - settled);
	settle(journal, place_count, true);
	MUST(journal_close(journal, NEVER / 2));

	/* Nothing waits, and nothing is found damaged any more. */
	errors = 0;
	journal = open_journal();
	MUST(journal != NULL);
	MUST(!journal_spills(journal) && errors == 0);
	MUST(journal_close(journal, NEVER / 2));
}

static void remove_folder(void)
{
	empty_folder();
	(void)rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input input = {bytes, len};
	if (folder[0] == '\0') {
		snprintf(folder, sizeof(folder), "%s/journal-fuzz-XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		MUST(mkdtemp(folder) != NULL);
		(void)atexit(remove_folder);
	}
	empty_folder();
	size_t settled = next(&input);
	uint8_t how = next(&input);
	disorder = how % 4 == 3;
	number = lsn = 0;
	make_folder(&input);
	start_and_start_again(settled, how / 4 % 2 == 0);
	return 0;
}
