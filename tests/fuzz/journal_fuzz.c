/* What a start finds in the journal's folder.  The input is a row of orders that make files: sound
 * headers, records and positions, raw bytes, bits that turn, ends that are torn.  However that
 * looks, a start either refuses or goes on with what is sound.  As long as what is sound was
 * written in order, no more and no less comes back, as often as it is tried; the input may also say
 * that numbers are anything, and then it is only to end well. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "journal.h"
#include "record.h"
#include "segment.h"

#define FILE_MAX 65536
#define ID 0x1122334455667788
#define LIMIT JOURNAL_LIMIT_MIN

static struct crc32c crc;
static char folder[64];

/* The file that is being made. */
static unsigned char file[FILE_MAX];
static size_t file_len;
static char file_name[SEGMENT_NAME_MAX];
static uint32_t seed;

/* Numbers are anything, not in order. */
static bool disorder;
static uint64_t number;
static uint64_t lsn;

static uint8_t next(struct input *input)
{
	return (uint8_t)take_byte(input);
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
	segment_name(file_name, NAME_SEGMENT, number);
	seed = record_seed(&crc, ID, number);
	if (with_header) {
		struct header header = {.id = ID, .number = number};
		header.first_lsn = disorder ? next(input) : lsn + 1;
		header.end_lsn = disorder && next(input) % 2 != 0 ? next(input) : 0;
		header_write(&crc, &header, file);
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
		record_write(&crc, seed, lsn, &m, file + file_len);
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

static void add_position(struct input *input)
{
	unsigned char bytes[BLOCK_SIZE];
	struct position position = {.id = ID};
	off_t slot = next(input) % 2 == 0 ? 0 : 4096;
	position.count = next(input);
	position.settled = next(input);
	position_write(&crc, &position, bytes);
	bytes[next(input) % BLOCK_SIZE] ^= next(input);
	put_file("position", bytes, sizeof(bytes), slot);
}

static void add_other(struct input *input)
{
	static const char *const kinds[] = {NAME_SPARE, NAME_NEW, NAME_DAMAGED};
	char name[SEGMENT_NAME_MAX];
	segment_name(name, kinds[next(input) % 3], next(input));
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

static void on_log(void *arg, enum store_level level, const char *line)
{
	(void)arg;
	MUST(strlen(line) < 512);
	TRACE("%s\n", line);
	errors += level == STORE_ERROR;
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

/* All that waits, in order, as many as was said. */
static struct items read_all(struct journal *journal)
{
	struct items items = {0};
	size_t lost = 0;
	size_t said = journal_alone(journal);
	while (journal_spills(journal)) {
		(void)journal_read(journal, &items, 3, 10000, &lost);
		MUST(disorder || lost == 0);
	}
	MUST(disorder || items.count == said);
	MUST(journal_alone(journal) == 0);
	uint64_t last = 0;
	for (const struct item *item = items.first; item != NULL; item = item->next) {
		const struct save_job *job = (const struct save_job *)item;
		MUST(job->replayed && job->message.from == 0 && job->lsn > last);
		last = job->lsn;
	}
	return items;
}

/* A message goes in behind what is there. */
static bool append(struct journal *journal, uint64_t *given)
{
	struct message m = {.room = SLICE("1/2"), .user_id = SLICE("1"), .opponent_id = SLICE("2")};
	m.text = SLICE("new");
	*given = 0;
	enum chat_error error = journal_append(journal, &m, true, given);
	MUST(error == CHAT_OK || error == CHAT_EBUSY);
	return error == CHAT_OK;
}

static void settle(struct journal *journal, struct items *items, size_t count)
{
	struct item *item;
	for (; count > 0 && (item = items_shift(items)) != NULL; count--) {
		journal_settle(journal, (struct save_job *)item);
		job_free(item);
	}
	journal_note(journal);
}

static void start_and_start_again(size_t settled)
{
	struct journal *journal = open_journal();
	if (journal == NULL) {
		return;
	}
	struct items items = read_all(journal);
	uint64_t given;
	bool appended = append(journal, &given);
	MUST(!appended || items.last == NULL || given > ((struct save_job *)items.last)->lsn);
	settled = settled < items.count ? settled : items.count;
	size_t left = items.count - settled + appended;
	settle(journal, &items, settled);
	MUST(journal_close(journal, NEVER / 2));
	jobs_free(&items);

	journal = open_journal();
	MUST(journal != NULL);
	items = read_all(journal);
	MUST(disorder || items.count == left);
	settle(journal, &items, items.count);
	MUST(journal_close(journal, NEVER / 2));

	/* Nothing waits, and nothing is found damaged any more. */
	errors = 0;
	journal = open_journal();
	MUST(journal != NULL);
	MUST(disorder || (!journal_spills(journal) && errors == 0));
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
		crc32c_init(&crc);
		snprintf(folder, sizeof(folder), "%s/journal-fuzz-XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		MUST(mkdtemp(folder) != NULL);
		(void)atexit(remove_folder);
	}
	empty_folder();
	size_t settled = next(&input);
	disorder = next(&input) % 4 == 3;
	number = lsn = 0;
	make_folder(&input);
	start_and_start_again(settled);
	return 0;
}
