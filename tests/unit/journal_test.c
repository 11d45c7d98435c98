#include "journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "crc32c.h"
#include "record.h"
#include "unit.h"

#define KIB ((uint64_t)1024)

/* ---- a disk that fails */

static atomic_int write_error; /* errno of pwrite; 0: it works */
static atomic_int write_part;  /* so many bytes are written first */
static atomic_int sync_error;

ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	int error = atomic_load(&write_error);
	if (error == 0) {
		return __real_pwrite(fd, bytes, size, at);
	}
	size_t part = (size_t)atomic_load(&write_part);
	if (part > 0) {
		return __real_pwrite(fd, bytes, part < size ? part : size - 1, at);
	}
	errno = error;
	return -1;
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	int error = atomic_load(&sync_error);
	if (error == 0) {
		return __real_fdatasync(fd);
	}
	errno = error;
	return -1;
}

/* ---- messages as the saver keeps them */

struct kept {
	struct kept *next;
	struct message message;
	struct journal_place place;
	bool replayed;
	char bytes[];
};

/* First in, first out. */
struct list {
	struct kept *first;
	struct kept *last;
	size_t count;
};

static struct slice keep_bytes(char **at, struct slice s)
{
	struct slice kept = {*at, s.len};
	if (s.len > 0) {
		memcpy(*at, s.bytes, s.len);
	}
	*at += s.len;
	return kept;
}

static struct kept *keep(const struct message *m, struct journal_place place, bool replayed)
{
	size_t size = m->room.len + m->user_id.len + m->opponent_id.len + m->name.len + m->ref.len +
	              m->text.len + m->data.len;
	struct kept *kept = malloc(sizeof(*kept) + size);
	assert_non_null(kept);
	*kept = (struct kept){.message = *m, .place = place, .replayed = replayed};
	char *at = kept->bytes;
	kept->message.room = keep_bytes(&at, m->room);
	kept->message.user_id = keep_bytes(&at, m->user_id);
	kept->message.opponent_id = keep_bytes(&at, m->opponent_id);
	kept->message.name = keep_bytes(&at, m->name);
	kept->message.ref = keep_bytes(&at, m->ref);
	kept->message.text = keep_bytes(&at, m->text);
	kept->message.data = keep_bytes(&at, m->data);
	return kept;
}

static void push(struct list *list, struct kept *kept)
{
	kept->next = NULL;
	*(list->last == NULL ? &list->first : &list->last->next) = kept;
	list->last = kept;
	list->count++;
}

static struct kept *shift(struct list *list)
{
	struct kept *kept = list->first;
	if (kept != NULL) {
		list->first = kept->next;
		list->last = list->first == NULL ? NULL : list->last;
		list->count--;
	}
	return kept;
}

static void forget(struct list *list)
{
	while (list->first != NULL) {
		free(shift(list));
	}
}

/* ---- a journal in a folder of its own */

struct bench {
	char folder[64];
	char path[384];
	struct journal *journal;
	pthread_mutex_t lock;
	char log[8192];
	size_t lines;
	size_t spills; /* how often it was told that messages wait in the journal alone */
	char reason[JOURNAL_REASON_MAX];
	uint64_t next; /* number of the next message */
	size_t lost;
	struct list read;
	struct list memory; /* what went through the memory */
};

static void on_spilling(void *arg)
{
	((struct bench *)arg)->spills++;
}

static void on_log(void *arg, enum journal_level level, const char *line)
{
	struct bench *b = arg;
	pthread_mutex_lock(&b->lock);
	size_t len = strlen(b->log);
	b->lines++;
	snprintf(b->log + len, sizeof(b->log) - len, "%d %s\n", level, line);
	pthread_mutex_unlock(&b->lock);
}

static bool try_open(struct bench *b, uint64_t limit, int sync_ms)
{
	struct journal_options options = {
		.folder = b->folder,
		.sync_ms = sync_ms,
		.limit = limit,
		.log = on_log,
		.log_arg = b,
		.spilling = on_spilling,
		.spilling_arg = b,
	};
	b->log[0] = '\0';
	b->lines = 0;
	b->journal = journal_open(&options, b->reason);
	return b->journal != NULL;
}

static void open_journal(struct bench *b, uint64_t limit, int sync_ms)
{
	if (!try_open(b, limit, sync_ms)) {
		fail_msg("%s", b->reason);
	}
	assert_true(journal_start(b->journal));
}

static void close_journal(struct bench *b)
{
	assert_true(journal_close(b->journal, NEVER / 2));
	b->journal = NULL;
	forget(&b->read);
	forget(&b->memory);
}

/* As an end of the process would: nothing more is written. */
static void reopen(struct bench *b, uint64_t limit)
{
	close_journal(b);
	open_journal(b, limit, 10);
}

static const char *path_of(struct bench *b, const char *name)
{
	snprintf(b->path, sizeof(b->path), "%s/%s", b->folder, name);
	return b->path;
}

static const char *segment_path(struct bench *b, uint64_t number)
{
	char name[64];
	snprintf(name, sizeof(name), "segment-%016llx", (unsigned long long)number);
	return path_of(b, name);
}

/* How many files have names that begin so, and their bytes. */
static size_t files(struct bench *b, const char *prefix, uint64_t *bytes)
{
	DIR *dir = opendir(b->folder);
	assert_non_null(dir);
	size_t count = 0;
	uint64_t sum = 0;
	const struct dirent *entry;
	while ((entry = readdir(dir)) != NULL) {
		struct stat st;
		if (entry->d_name[0] != '.' &&
			strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
			stat(path_of(b, entry->d_name), &st) == 0) {
			count++;
			sum += (uint64_t)st.st_size;
		}
	}
	closedir(dir);
	if (bytes != NULL) {
		*bytes = sum;
	}
	return count;
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	assert_non_null(b);
	pthread_mutex_init(&b->lock, NULL);
	/* In memory: what is tested is not the disk. */
	snprintf(b->folder, sizeof(b->folder), "%s/journal-test-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(b->folder));
	b->next = 1;
	*state = b;
	return 0;
}

static void remove_folder(struct bench *b)
{
	DIR *dir = opendir(b->folder);
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		(void)unlink(path_of(b, entry->d_name));
	}
	if (dir != NULL) {
		closedir(dir);
	}
	(void)rmdir(b->folder);
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	atomic_store(&write_error, 0);
	atomic_store(&write_part, 0);
	atomic_store(&sync_error, 0);
	journal_close(b->journal, NEVER / 2);
	forget(&b->read);
	forget(&b->memory);
	remove_folder(b);
	pthread_mutex_destroy(&b->lock);
	free(b);
	return 0;
}

/* Everything in message n follows from n. */
struct text {
	char bytes[400];
	char ref[16];
	char data[32];
};

static struct message message(uint64_t n, struct text *text)
{
	struct message m = {
		.room = SLICE("17/42"),
		.user_id = n % 2 == 0 ? SLICE("17") : SLICE("42"),
		.opponent_id = n % 2 == 0 ? SLICE("42") : SLICE("17"),
		.name = n % 5 == 0 ? SLICE("") : SLICE("Zoë"),
		.sent_at = 1795334400123 + (int64_t)n,
		.from = n * 3,
	};
	int len = snprintf(text->bytes, sizeof(text->bytes), "message %llu %*s",
		(unsigned long long)n, (int)(n % 200), "");
	m.text = slice_of(text->bytes, (size_t)len);
	if (n % 3 == 0) {
		len = snprintf(text->ref, sizeof(text->ref), "r%llu", (unsigned long long)n);
		m.ref = slice_of(text->ref, (size_t)len);
	}
	if (n % 7 == 0) {
		len = snprintf(
			text->data, sizeof(text->data), "{\"n\":%llu}", (unsigned long long)n);
		m.data = slice_of(text->data, (size_t)len);
	}
	m.reply_to = n % 11 == 0 ? (int64_t)n - 1 : 0;
	memcpy(m.key, &n, sizeof(n));
	return m;
}

static size_t size_of_message(uint64_t n)
{
	struct text text;
	struct message m = message(n, &text);
	return record_size(&m);
}

/* As the store does it. */
static enum chat_error try_append(struct bench *b, bool has_room)
{
	struct text text;
	struct journal_place place;
	struct message m = message(b->next, &text);
	enum chat_error error = journal_append(b->journal, &m, has_room, &place);
	if (error == CHAT_OK) {
		b->next++;
	}
	if (place.segment != NULL) {
		push(&b->memory, keep(&m, place, false));
	}
	return error;
}

static void append(struct bench *b, size_t count, bool has_room)
{
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(try_append(b, has_room), CHAT_OK);
	}
}

/* As the saver does it: what came through the memory, then what waits in the journal alone. */
static void take_memory(struct bench *b)
{
	struct kept *kept;
	while ((kept = shift(&b->memory)) != NULL) {
		push(&b->read, kept);
	}
}

struct reading {
	struct list *into;
	size_t left;
};

static bool take(
	void *arg, const struct message *message, struct journal_place place, bool replayed)
{
	struct reading *reading = arg;
	if (reading->left == 0) {
		return false;
	}
	reading->left--;
	push(reading->into, keep(message, place, replayed));
	return true;
}

/* At most so many; how many. */
static size_t read_some(struct bench *b, size_t count)
{
	struct reading reading = {&b->read, count};
	b->lost += journal_read(b->journal, take, &reading);
	return count - reading.left;
}

static void read_all(struct bench *b)
{
	take_memory(b);
	while (journal_spills(b->journal)) {
		(void)read_some(b, 7);
	}
}

static void settle_one(struct bench *b, bool stored)
{
	struct kept *kept = shift(&b->read);
	assert_non_null(kept);
	journal_settle(b->journal, kept->place, stored);
	free(kept);
}

static void settle(struct bench *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		settle_one(b, true);
	}
}

/* Files go by the journal's thread. */
static void until_files(struct bench *b, const char *prefix, size_t count)
{
	for (int ms = 0; ms < 20000 && files(b, prefix, NULL) != count; ms++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	assert_int_equal(files(b, prefix, NULL), count);
}

static void assert_is_message(const struct kept *job, uint64_t n)
{
	struct text text;
	struct message m = message(n, &text);
	assert_memory_equal(job->message.key, m.key, KEY_SIZE);
	assert_slice_equal(job->message.room, m.room);
	assert_slice_equal(job->message.user_id, m.user_id);
	assert_slice_equal(job->message.opponent_id, m.opponent_id);
	assert_slice_equal(job->message.name, m.name);
	assert_slice_equal(job->message.text, m.text);
	assert_slice_equal(job->message.ref, m.ref);
	assert_slice_equal(job->message.data, m.data);
	assert_int_equal(job->message.reply_to, m.reply_to);
	assert_int_equal(job->message.sent_at, m.sent_at);
	assert_int_equal(job->message.from, job->replayed ? 0 : m.from);
}

/* What has been read is exactly the messages from `first` to `last`. */
static void assert_read(struct bench *b, uint64_t first, uint64_t last)
{
	uint64_t n = first;
	for (const struct kept *kept = b->read.first; kept != NULL; kept = kept->next) {
		assert_is_message(kept, n++);
	}
	assert_int_equal(n, last + 1);
	assert_int_equal(journal_alone(b->journal), 0);
}

static void assert_logged(const struct bench *b, const char *what)
{
	if (strstr(b->log, what) == NULL) {
		fail_msg("\"%s\" is not in the log: %s", what, b->log);
	}
}

struct bytes {
	unsigned char *bytes;
	size_t len;
};

static struct bytes read_file(const char *path)
{
	struct bytes file = {malloc(1 << 20), 0};
	int fd = open(path, O_RDONLY);
	assert_non_null(file.bytes);
	if (fd >= 0) {
		ssize_t got = read(fd, file.bytes, 1 << 20);
		assert_true(got >= 0);
		file.len = (size_t)got;
		close(fd);
	}
	return file;
}

static void write_file(const char *path, const unsigned char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

/* ---- what comes back */

static void crc32c_is_the_known_one(void **state)
{
	(void)state;
	char zeros[32] = {0};
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa);
	assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void what_is_appended_comes_back_after_a_restart(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 1024 * KIB, 10);
	append(b, 1000, true);
	assert_int_equal(b->memory.count, 1000);
	assert_false(journal_spills(b->journal));
	reopen(b, 16 * 1024 * KIB);
	assert_int_equal(journal_alone(b->journal), 1000);
	assert_logged(b, "1000 messages wait from before the start");
	read_all(b);
	assert_read(b, 1, 1000);
	assert_true(b->read.first->replayed);
	assert_int_equal(b->lines, 1);
}

static void the_longest_message_comes_back(void **state)
{
	struct bench *b = *state;
	static char big[TEXT_MAX];
	struct journal_place place;
	struct text text;
	struct message m = message(1, &text);
	memset(big, 0xff, sizeof(big));
	m.room = slice_of(big, ROOM_MAX);
	m.user_id = m.opponent_id = slice_of(big, ID_MAX);
	m.name = slice_of(big, NAME_MAX_BYTES);
	m.ref = slice_of(big, REF_MAX);
	m.text = slice_of(big, TEXT_MAX);
	m.data = slice_of(big, DATA_MAX);
	m.reply_to = SEQ_MAX;
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	assert_int_equal(record_size(&m), RECORD_MAX);
	assert_int_equal(journal_append(b->journal, &m, true, &place), CHAT_OK);
	reopen(b, JOURNAL_LIMIT_MIN);
	read_all(b);
	assert_int_equal(b->read.count, 1);
	assert_slice_equal((b->read.first)->message.text, m.text);
	assert_slice_equal(b->read.first->message.data, m.data);
	assert_int_equal(b->read.first->message.reply_to, SEQ_MAX);
	m.text.len++;
	assert_int_equal(journal_append(b->journal, &m, true, &place), CHAT_EINVALID);
}

static void when_all_of_a_file_is_settled_it_goes(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 10);
	append(b, 3000, true);
	take_memory(b);
	size_t all = files(b, "segment", NULL);
	assert_true(all > 10);
	settle(b, 2000);
	reopen(b, 16 * 64 * KIB);
	assert_in_range(files(b, "segment", NULL), all / 3, all / 3 + 2);
	read_all(b);
	/* Some that were settled share a file with others. */
	uint64_t first = 3001 - b->read.count;
	assert_in_range(first, 1700, 2001);
	assert_read(b, first, 3000);
	settle(b, b->read.count);
	reopen(b, 16 * 64 * KIB);
	assert_false(journal_spills(b->journal));
	assert_int_equal(b->lines, 0);
	assert_int_equal(files(b, "segment", NULL), 0);
	append(b, 3, true);
	reopen(b, 16 * 64 * KIB);
	read_all(b);
	assert_read(b, 3001, 3003);
}

static void the_file_in_use_goes_when_nothing_is_written_for_a_while(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 10);
	append(b, 3, true);
	take_memory(b);
	settle(b, 2);
	append(b, 1, true);
	take_memory(b);
	settle(b, 2);
	until_files(b, "segment", 0);
	append(b, 2, true);
	assert_int_equal(files(b, "segment", NULL), 1);
	reopen(b, 16 * 64 * KIB);
	read_all(b);
	assert_read(b, 5, 6);
}

static void what_the_database_does_not_have_is_struck_out(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 10);
	append(b, 10, true);
	take_memory(b);
	for (int i = 0; i < 9; i++) {
		settle_one(b, i != 0 && i != 4);
	}
	reopen(b, 16 * 64 * KIB);
	assert_logged(b, "8 messages wait");
	read_all(b);
	assert_int_equal(b->read.count, 8);
	assert_is_message(b->read.first, 2);
	/* Once more, of what was read back. */
	settle_one(b, false);
	reopen(b, 16 * 64 * KIB);
	read_all(b);
	assert_int_equal(b->read.count, 7);
	assert_is_message(b->read.first, 3);
	assert_is_message(b->read.first->next, 4);
	assert_is_message(b->read.first->next->next, 6);
	assert_int_equal(b->lost, 0);
	assert_int_equal(b->lines, 1);
}

static void without_room_messages_wait_in_the_journal_and_keep_their_order(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 1024 * KIB, 10);
	append(b, 10, true);
	assert_int_equal(b->spills, 0);
	append(b, 1, false);
	append(b, 20, true); /* there is room again, but others wait */
	assert_int_equal(b->spills, 1);
	assert_int_equal(b->memory.count, 10);
	assert_int_equal(journal_alone(b->journal), 21);
	take_memory(b);
	assert_int_equal(read_some(b, 5), 5);
	append(b, 2, true);
	assert_int_equal(b->memory.count, 0);
	read_all(b);
	append(b, 2, true);
	assert_int_equal(b->memory.count, 2);
	append(b, 3, false);
	read_all(b);
	assert_int_equal(b->spills, 2);
	assert_read(b, 1, 38);
	assert_int_equal(b->lost, 0);
	assert_int_equal(b->lines, 0);
	for (const struct kept *kept = b->read.first; kept != NULL; kept = kept->next) {
		assert_false(kept->replayed);
	}
}

static void reading_back_goes_on_where_it_stopped(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 10);
	append(b, 2000, false);
	while (journal_spills(b->journal)) {
		size_t left = journal_alone(b->journal);
		assert_int_equal(read_some(b, 30), left < 30 ? left : 30);
	}
	assert_read(b, 1, 2000);
}

static void many_starts_with_few_messages_do_not_fill_it(void **state)
{
	struct bench *b = *state;
	uint64_t bytes;
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	for (int i = 0; i < 100; i++) {
		append(b, 1, false);
		reopen(b, JOURNAL_LIMIT_MIN);
	}
	(void)files(b, "segment", &bytes);
	assert_true(bytes < 50 * KIB);
	read_all(b);
	assert_read(b, 1, 100);
}

/* ---- bounds */

static void files_are_bounded_and_go(void **state)
{
	struct bench *b = *state;
	const uint64_t limit = 8 * 64 * KIB;
	uint64_t bytes;
	open_journal(b, limit, 1);
	for (int i = 0; i < 300; i++) {
		append(b, 100, i % 3 != 0);
		read_all(b);
		settle(b, i % 2 == 0 ? 60 : b->read.count);
		/* The journal's thread may be behind. */
		for (int ms = 0; ms < 10000 && files(b, "segment", NULL) > 4; ms++) {
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		}
		assert_true(files(b, "", &bytes) <= 4 + 1); /* and the lock */
		assert_true(bytes <= limit);
	}
	assert_int_equal(b->lines, 0);
}

static void when_the_limit_is_reached_messages_are_refused_until_some_are_settled(void **state)
{
	struct bench *b = *state;
	const uint64_t limit = 4 * 64 * KIB;
	uint64_t bytes;
	open_journal(b, limit, 10);
	while (try_append(b, false) == CHAT_OK) {
		assert_true(b->next < 10000);
	}
	assert_int_equal(try_append(b, false), CHAT_EBUSY);
	assert_int_equal(b->lines, 1);
	assert_logged(b, "full");
	files(b, "", &bytes);
	assert_in_range(bytes, limit - 32 * KIB, limit + 16);
	uint64_t last = b->next - 1;

	reopen(b, limit);
	assert_int_equal(try_append(b, false), CHAT_EBUSY);
	read_all(b);
	assert_read(b, 1, last);
	size_t before = files(b, "segment", NULL);
	settle(b, 400);
	for (int ms = 0; ms < 10000 && files(b, "segment", NULL) == before; ms++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	assert_int_equal(try_append(b, true), CHAT_OK);
	assert_logged(b, "takes messages again");
}

/* A message that waits holds on to its file, and to no other. */
static void hold_some_messages(struct bench *b, int sync_ms)
{
	const uint64_t limit = 16 * 64 * KIB;
	struct list held = {0};
	open_journal(b, limit, sync_ms);
	for (int i = 0; i < 5; i++) {
		append(b, 1, true);
		take_memory(b);
		push(&held, shift(&b->read));
		append(b, 1000, i % 2 == 0);
		read_all(b);
		settle(b, b->read.count);
	}
	until_files(b, "segment", 6);
	uint64_t last = b->next - 1;
	forget(&held);
	for (int start = 0; start < 2; start++) {
		reopen(b, limit);
		/* Files that went by right are not missed. */
		assert_int_equal(b->lines, 1);
		read_all(b);
		assert_is_message(b->read.first, 1);
		uint64_t before = 0;
		for (const struct kept *kept = b->read.first; kept != NULL; kept = kept->next) {
			uint64_t n;
			memcpy(&n, kept->message.key, sizeof(n));
			assert_true(n > before && n <= last);
			before = n;
			held.count += n % 1001 == 1;
		}
	}
	assert_int_equal(held.count, 2 * 5);
}

static void a_message_that_waits_holds_on_to_its_file_alone(void **state)
{
	hold_some_messages(*state, 1);
}

static void so_it_does_when_each_message_is_synced(void **state)
{
	hold_some_messages(*state, 0);
}

/* ---- damage */

/* Three messages in one segment, of which the bytes are returned; the journal is closed. */
static struct bytes three_messages(struct bench *b)
{
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	append(b, 3, false);
	close_journal(b);
	return read_file(segment_path(b, 1));
}

static void put_segment(struct bench *b, uint64_t number, const unsigned char *bytes, size_t len)
{
	remove_folder(b);
	assert_int_equal(mkdir(b->folder, 0700), 0);
	write_file(segment_path(b, number), bytes, len);
}

static void a_torn_end_is_dropped_wherever_it_is_torn(void **state)
{
	struct bench *b = *state;
	struct bytes file = three_messages(b);
	size_t ends[] = {HEADER_SIZE, HEADER_SIZE + size_of_message(1),
		HEADER_SIZE + size_of_message(1) + size_of_message(2), file.len};
	assert_int_equal(ends[2] + size_of_message(3), file.len);
	for (size_t cut = 0; cut < file.len; cut++) {
		uint64_t whole = 0;
		put_segment(b, 1, file.bytes, cut);
		open_journal(b, JOURNAL_LIMIT_MIN, 10);
		while (whole < 3 && cut >= ends[whole + 1]) {
			whole++;
		}
		/* A torn header is no loss. */
		bool torn = cut > HEADER_SIZE && cut != ends[whole];
		assert_int_equal(strstr(b->log, "not written whole") != NULL, torn);
		read_all(b);
		assert_read(b, 1, whole);
		/* The next start sees nothing of it. */
		b->next = whole + 1;
		append(b, 2, true);
		reopen(b, JOURNAL_LIMIT_MIN);
		assert_int_equal(b->lines, 1);
		read_all(b);
		assert_read(b, 1, whole + 2);
		assert_int_equal(files(b, "damaged", NULL), 0);
		close_journal(b);
	}
	free(file.bytes);
}

static void a_flipped_bit_costs_one_message_and_its_file_is_kept(void **state)
{
	struct bench *b = *state;
	struct bytes file = three_messages(b);
	size_t from = HEADER_SIZE + size_of_message(1);
	size_t to = from + size_of_message(2);
	for (size_t at = from; at < to; at++) {
		file.bytes[at] ^= (unsigned char)(1 << (at % 8));
		put_segment(b, 1, file.bytes, file.len);
		open_journal(b, JOURNAL_LIMIT_MIN, 10);
		char line[128];
		snprintf(line, sizeof(line),
			"2 journal: segment-0000000000000001 is damaged: %zu bytes, 1 or more "
			"messages",
			to - from);
		assert_logged(b, line);
		assert_int_equal(b->lines, 2);
		read_all(b);
		assert_int_equal(b->read.count, 2);
		assert_is_message(b->read.first, 1);
		assert_is_message(b->read.last, 3);
		assert_int_equal(b->lost, 0);
		/* Until the rest is stored, it is still read. */
		reopen(b, JOURNAL_LIMIT_MIN);
		read_all(b);
		settle(b, 2);
		close_journal(b);
		assert_int_equal(files(b, "segment", NULL), 0);
		struct bytes kept = read_file(path_of(b, "damaged-0000000000000001"));
		assert_int_equal(kept.len, file.len);
		assert_memory_equal(kept.bytes, file.bytes, file.len);
		free(kept.bytes);
		/* And no new one takes its name. */
		open_journal(b, JOURNAL_LIMIT_MIN, 10);
		assert_int_equal(b->lines, 0);
		append(b, 1, true);
		assert_int_equal(access(segment_path(b, 2), F_OK), 0);
		close_journal(b);
		file.bytes[at] ^= (unsigned char)(1 << (at % 8));
	}
	free(file.bytes);
}

static void a_flipped_bit_in_a_header_costs_nothing(void **state)
{
	struct bench *b = *state;
	struct bytes file = three_messages(b);
	for (size_t at = 0; at < HEADER_SIZE; at++) {
		file.bytes[at] ^= (unsigned char)(1 << (at % 8));
		put_segment(b, 1, file.bytes, file.len);
		open_journal(b, JOURNAL_LIMIT_MIN, 10);
		read_all(b);
		assert_read(b, 1, 3);
		assert_int_equal(b->lines, 1);
		close_journal(b);
		file.bytes[at] ^= (unsigned char)(1 << (at % 8));
	}
	free(file.bytes);
}

static void a_lost_header_costs_nothing_either(void **state)
{
	struct bench *b = *state;
	struct bytes file = three_messages(b);
	memset(file.bytes, 0, HEADER_SIZE);
	write_file(segment_path(b, 1), file.bytes, file.len);
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	assert_logged(b, "is damaged");
	read_all(b);
	assert_read(b, 1, 3);
	free(file.bytes);
}

static void what_lay_in_a_file_before_is_no_message(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 10);
	append(b, 3000, false); /* several segments */
	close_journal(b);
	struct bytes first = read_file(segment_path(b, 1));
	char last[sizeof(b->path)];
	snprintf(last, sizeof(last), "%s", segment_path(b, files(b, "segment", NULL)));
	struct bytes file = read_file(last);
	/* The first's records behind the last's. */
	memcpy(file.bytes + file.len, first.bytes + HEADER_SIZE, 10000);
	write_file(last, file.bytes, file.len + 10000);
	open_journal(b, 16 * 64 * KIB, 10);
	assert_logged(b, "10000 bytes at the end of");
	read_all(b);
	assert_read(b, 1, 3000);
	free(first.bytes);
	free(file.bytes);
}

static void more_than_one_message_at_the_end_is_no_torn_end(void **state)
{
	struct bench *b = *state;
	struct bytes file = three_messages(b);
	memset(file.bytes + file.len, 'x', RECORD_MAX + 1);
	write_file(segment_path(b, 1), file.bytes, file.len + RECORD_MAX + 1);
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	assert_logged(b, "2 journal: segment-0000000000000001 is damaged");
	read_all(b);
	assert_read(b, 1, 3);
	settle(b, 3);
	close_journal(b);
	assert_int_equal(files(b, "damaged", NULL), 1);
	free(file.bytes);
}

static void what_is_no_file_is_named(void **state)
{
	struct bench *b = *state;
	assert_int_equal(mkdir(segment_path(b, 5), 0700), 0);
	assert_false(try_open(b, JOURNAL_LIMIT_MIN, 10));
	assert_non_null(strstr(b->reason, "segment-0000000000000005 cannot be used"));
	assert_int_equal(rmdir(segment_path(b, 5)), 0);
}

static void names_that_are_no_number_of_ours_are_left_alone(void **state)
{
	struct bench *b = *state;
	static const char *const names[] = {"segment-ffffffffffffffff", "segment-0000000000000000",
		"segment-1", "damaged-ffffffffffffffff", "damaged-0000000000000001-128", "notes"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		write_file(path_of(b, names[i]), (const unsigned char *)"x", 1);
	}
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	append(b, 1, true);
	reopen(b, JOURNAL_LIMIT_MIN);
	assert_int_equal(files(b, "", NULL), sizeof(names) / sizeof(names[0]) + 2);
	read_all(b);
	assert_read(b, 1, 1);
}

static void a_missing_file_is_said(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 10);
	append(b, 3000, false);
	close_journal(b);
	assert_true(files(b, "segment", NULL) > 4);
	assert_int_equal(unlink(segment_path(b, 2)), 0);
	assert_int_equal(unlink(segment_path(b, 3)), 0);
	open_journal(b, 16 * 64 * KIB, 10);
	size_t count = journal_alone(b->journal);
	char line[200];
	snprintf(line, sizeof(line),
		"2 journal: files between segment-0000000000000001 and segment-0000000000000004 "
		"are missing: %zu messages",
		3000 - count);
	assert_logged(b, line);
	read_all(b);
	assert_int_equal(b->read.count, count);
	assert_is_message(b->read.last, 3000);
	assert_int_equal(b->lost, 0);
}

static void a_file_that_is_removed_while_it_is_read_back_is_said(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 10);
	append(b, 1000, false);
	assert_int_equal(read_some(b, 1), 1);
	assert_int_equal(unlink(segment_path(b, 2)), 0);
	read_all(b);
	assert_true(b->lost > 100);
	assert_int_equal(b->read.count, 1000 - b->lost);
	assert_int_equal(journal_alone(b->journal), 0);
	assert_logged(b, "2 journal: segment-0000000000000002 cannot be read: No such file or "
			 "directory");
	assert_is_message(b->read.last, 1000);
	settle(b, b->read.count);
	close_journal(b);
	assert_int_equal(files(b, "segment", NULL), 0);
}

static void what_breaks_while_it_waits_is_counted_as_lost(void **state)
{
	struct bench *b = *state;
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	append(b, 10, false);
	struct bytes file = read_file(segment_path(b, 1));
	file.bytes[HEADER_SIZE + size_of_message(1) + 9] ^= 1;
	write_file(segment_path(b, 1), file.bytes, file.len);
	read_all(b);
	assert_int_equal(b->read.count, 9);
	assert_int_equal(b->lost, 1);
	assert_logged(b, "segment-0000000000000001 is damaged: 1 messages that waited there are "
			 "lost, and it is kept as damaged-0000000000000001");
	append(b, 1, true);
	take_memory(b);
	settle(b, 10);
	close_journal(b);
	assert_int_equal(files(b, "damaged", NULL), 1);
	assert_int_equal(files(b, "segment", NULL), 0);
	free(file.bytes);
}

static void wait_for_line(struct bench *b, const char *line)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&b->lock);
		bool there = strstr(b->log, line) != NULL;
		pthread_mutex_unlock(&b->lock);
		if (there) {
			return;
		}
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	fail_msg("never said: %s", line);
}

static void when_the_file_in_use_is_removed_another_is_begun(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 1);
	append(b, 1, true);
	assert_int_equal(unlink(segment_path(b, 1)), 0);
	append(b, 1, true);
	wait_for_line(b, "segment-0000000000000001 was removed by somebody else");
	append(b, 1, true);
	assert_int_equal(access(segment_path(b, 2), F_OK), 0);
	reopen(b, 16 * 64 * KIB);
	read_all(b);
	assert_read(b, 3, 3);
}

/* ---- what the first edition wrote */

/* By its last commit: three messages, of which the first was stored, and an end without warning. */
static const char first_edition[] =
	"6d71636861742d6a0100000000000000c84eeffcae605d1c01000000000000000100000000000000"
	"0000000000000000000000000000000000000000ed6fbbcb6d71636861742d6a0100000000000000"
	"c84eeffcae605d1c0100000000000000010000000000000000000000000000000000000000000000"
	"00000000ed6fbbcbfffe6d63440000000100000000000000e60a1049010000000000000000000000"
	"000000007ce84402a20100000700000000000000050002000200040000000900000031372f343231"
	"3734325a6fc3ab6d6573736167652031fffe6d63460000000200000000000000215bad4002000000"
	"0000000000000000000000007de84402a20100000700000000000000050002000200040002000900"
	"000031372f3432313734325a6fc3ab72326d6573736167652032fffe6d6344000000030000000000"
	"0000b2d13806030000000000000000000000000000007ee84402a201000007000000000000000500"
	"02000200040000000900000031372f3432313734325a6fc3ab6d6573736167652033";

static struct bytes unhex(const char *hex)
{
	struct bytes bytes = {malloc(strlen(hex) / 2), strlen(hex) / 2};
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned value;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
		bytes.bytes[i] = (unsigned char)value;
	}
	return bytes;
}

static void what_the_first_edition_left_is_read(void **state)
{
	struct bench *b = *state;
	struct bytes file = unhex(first_edition);
	write_file(segment_path(b, 1), file.bytes, file.len);
	write_file(path_of(b, "position"), file.bytes, 64);
	write_file(path_of(b, "spare-0000000000000002"), file.bytes, 0);
	write_file(path_of(b, "new-0000000000000003"), file.bytes, 10);
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	assert_int_equal(b->lines, 1);
	assert_int_equal(files(b, "", NULL), 2); /* the segment and the lock */
	read_all(b);
	assert_int_equal(b->read.count, 3);
	unsigned char n = 1;
	for (const struct kept *kept = b->read.first; kept != NULL; kept = kept->next, n++) {
		char text[16];
		snprintf(text, sizeof(text), "message %d", n);
		assert_int_equal(kept->message.key[0], n);
		assert_slice_equal(kept->message.text, slice_str(text));
		assert_slice_equal(kept->message.room, SLICE("17/42"));
		assert_slice_equal(kept->message.name, SLICE("Zoë"));
		assert_slice_equal(kept->message.ref, n == 2 ? SLICE("r2") : SLICE(""));
		assert_int_equal(kept->message.sent_at, 1795334400123 + n);
		assert_true(kept->replayed);
	}
	append(b, 2, true);
	reopen(b, JOURNAL_LIMIT_MIN);
	assert_int_equal(journal_alone(b->journal), 5);
	read_all(b);
	assert_is_message(b->read.last, 2);
	settle(b, 5);
	close_journal(b);
	assert_int_equal(files(b, "", NULL), 1);
	free(file.bytes);
}

/* It gathered what waited of several files into one, and could end before the others went. */
static void what_the_first_edition_has_twice_comes_once(void **state)
{
	struct bench *b = *state;
	static unsigned char bytes[4096];
	for (uint64_t number = 1; number <= 2; number++) {
		struct header header = {77, number, 1, number == 1 ? 0 : 5};
		size_t len = HEADER_SIZE;
		header_write(&header, bytes);
		for (uint64_t n = 1; n <= 4; n++) {
			struct text text;
			struct message m = message(n, &text);
			if (number == 1 || n % 2 == 0) {
				record_write(record_seed(&header), n, &m, bytes + len);
				len += record_size(&m);
			}
		}
		write_file(segment_path(b, number), bytes, len);
	}
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	assert_int_equal(b->lines, 1);
	read_all(b);
	assert_read(b, 1, 4);
	assert_int_equal(b->lost, 0);
}

/* ---- refusals to start */

static void the_file_of_another_version_is_refused(void **state)
{
	struct bench *b = *state;
	struct bytes file = three_messages(b);
	file.bytes[8] = 2;
	uint32_t sum = crc32c(0, file.bytes, BLOCK_SIZE - 4);
	memcpy(file.bytes + BLOCK_SIZE - 4, &sum, 4);
	write_file(segment_path(b, 1), file.bytes, file.len);
	assert_false(try_open(b, JOURNAL_LIMIT_MIN, 10));
	assert_non_null(strstr(b->reason, "another version"));
	assert_non_null(strstr(b->reason, "segment-0000000000000001"));
	free(file.bytes);
}

static void two_brokers_cannot_share_a_folder(void **state)
{
	struct bench *b = *state;
	char pid[32];
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	struct journal *first = b->journal;
	assert_false(try_open(b, JOURNAL_LIMIT_MIN, 10));
	snprintf(pid, sizeof(pid), "process %d", getpid());
	assert_non_null(strstr(b->reason, pid));
	b->journal = first;
	append(b, 1, false);
	reopen(b, JOURNAL_LIMIT_MIN);
}

static void a_missing_folder_is_made_and_closed_to_others(void **state)
{
	struct bench *b = *state;
	struct stat st;
	assert_int_equal(rmdir(b->folder), 0);
	open_journal(b, JOURNAL_LIMIT_MIN, 10);
	append(b, 1, true);
	assert_int_equal(stat(b->folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(segment_path(b, 1), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_folder_that_is_no_good_is_named_with_what_to_do(void **state)
{
	struct bench *b = *state;
	struct bench other = *b;
	snprintf(other.folder, sizeof(other.folder), "%.40s/a/b", b->folder);
	assert_false(try_open(&other, JOURNAL_LIMIT_MIN, 10));
	assert_non_null(strstr(other.reason, "above it is missing"));
	write_file(path_of(b, "file"), (const unsigned char *)"x", 1);
	snprintf(other.folder, sizeof(other.folder), "%.40s/file", b->folder);
	assert_false(try_open(&other, JOURNAL_LIMIT_MIN, 10));
	assert_non_null(strstr(other.reason, "no folder"));
	if (geteuid() != 0) {
		return;
	}
	assert_int_equal(seteuid(65534), 0);
	bool opened = try_open(b, JOURNAL_LIMIT_MIN, 10);
	assert_int_equal(seteuid(0), 0);
	assert_false(opened);
	assert_non_null(strstr(b->reason, "chown '#65534'"));
}

/* ---- disks */

static void a_full_disk_refuses_and_is_said_once(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 10);
	append(b, 5, true);
	for (int part = 0; part < 200; part += 40) {
		atomic_store(&write_part, part);
		atomic_store(&write_error, ENOSPC);
		for (int i = 0; i < 10; i++) {
			assert_int_equal(try_append(b, true), CHAT_EUNAVAILABLE);
		}
		atomic_store(&write_error, 0);
		append(b, 1, true);
	}
	assert_logged(b, "No space left on device: messages are refused");
	assert_int_equal(b->lines, 2);
	reopen(b, 16 * 64 * KIB);
	assert_int_equal(b->lines, 1);
	read_all(b);
	assert_read(b, 1, 10);
}

static void a_full_disk_refuses_the_first_message_too(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 10);
	atomic_store(&write_error, ENOSPC);
	assert_int_equal(try_append(b, true), CHAT_EUNAVAILABLE);
	atomic_store(&write_error, 0);
	append(b, 1, true);
	assert_int_equal(files(b, "segment", NULL), 1);
	reopen(b, 16 * 64 * KIB);
	read_all(b);
	assert_read(b, 1, 1);
}

static void a_file_that_may_not_grow_refuses(void **state)
{
	struct bench *b = *state;
	struct rlimit before;
	getrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_IGN);
	open_journal(b, 16 * 64 * KIB, 10);
	append(b, 50, true);
	struct rlimit low = {.rlim_cur = 10000, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	size_t refused = 0;
	for (int i = 0; i < 100; i++) {
		refused += try_append(b, true) == CHAT_EUNAVAILABLE;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_true(refused > 0);
	append(b, 1, true);
	uint64_t last = b->next - 1;
	reopen(b, 16 * 64 * KIB);
	assert_int_equal(b->lines, 1);
	read_all(b);
	assert_read(b, 1, last);
}

static void a_sync_that_fails_at_a_message_refuses_it(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 0);
	append(b, 3, true);
	atomic_store(&sync_error, EIO);
	assert_int_equal(try_append(b, true), CHAT_EUNAVAILABLE);
	close_journal(b);
	atomic_store(&sync_error, 0);
	open_journal(b, 16 * 64 * KIB, 0);
	read_all(b);
	assert_read(b, 1, 3);
	append(b, 2000, true); /* several files */
	reopen(b, 16 * 64 * KIB);
	read_all(b);
	assert_read(b, 1, 2003);
}

static void while_the_disk_cannot_be_synced_messages_are_refused(void **state)
{
	struct bench *b = *state;
	open_journal(b, 16 * 64 * KIB, 1);
	append(b, 3, true);
	atomic_store(&sync_error, EIO);
	append(b, 1, true);
	wait_for_line(b, "cannot sync");
	assert_int_equal(try_append(b, true), CHAT_EUNAVAILABLE);
	atomic_store(&sync_error, 0);
	wait_for_line(b, "can be synced again");
	append(b, 1, true);
	assert_int_equal(b->lines, 3);
	assert_int_equal(files(b, "segment", NULL), 2);
	reopen(b, 16 * 64 * KIB);
	read_all(b);
	assert_read(b, 1, 5);
}

/* ---- ends without a warning */

static void kill_writer(struct bench *b, _Atomic uint64_t *accepted, unsigned seed)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		open_journal(b, 64 * 64 * KIB, 1);
		read_all(b);
		size_t left = b->read.count;
		for (;;) {
			if (try_append(b, rand_r(&seed) % 50 != 0) != CHAT_OK) {
				_exit(1);
			}
			atomic_store(accepted, b->next - 1);
			if (rand_r(&seed) % 20 == 0) {
				read_all(b);
				size_t count =
					left > 0 ? left
						 : (size_t)rand_r(&seed) % (b->read.count + 1);
				left = 0;
				/* What comes back begins here at the latest. */
				atomic_store(accepted + 1, b->next - b->read.count + count);
				settle(b, count);
			}
		}
	}
	nanosleep(
		&(struct timespec){.tv_nsec = (long)(seed * 7919 % 30) * 1000000 + 2000000}, NULL);
	kill(pid, SIGKILL);
	int status;
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
}

static void a_killed_writer_loses_nothing_that_was_accepted(void **state)
{
	struct bench *b = *state;
	_Atomic uint64_t *accepted =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(accepted, MAP_FAILED);
	for (unsigned round = 0; round < 40; round++) {
		atomic_store(accepted, b->next - 1);
		atomic_store(accepted + 1, b->next);
		kill_writer(b, accepted, round);
		open_journal(b, 64 * 64 * KIB, 10);
		assert_null(strstr(b->log, "2 journal"));
		read_all(b);
		/* When nothing comes back, all of it was settled. */
		uint64_t last = accepted[0];
		if (b->read.last != NULL) {
			memcpy(&last, b->read.last->message.key, sizeof(last));
		}
		/* The one that was being written may or may not be there. */
		assert_in_range(last, accepted[0], accepted[0] + 1);
		assert_read(b, last + 1 - b->read.count, last);
		assert_true(last + 1 - b->read.count <= accepted[1]);
		b->next = last + 1;
		close_journal(b);
	}
	munmap(accepted, 4096);
}

/* ---- threads */

#define RACE_MESSAGES 60000

struct race {
	struct bench *b;
	pthread_mutex_t lock;
	struct list queue; /* under the lock */
	_Atomic size_t in_memory;
};

static struct list take_queue(struct race *race)
{
	pthread_mutex_lock(&race->lock);
	struct list list = race->queue;
	race->queue = (struct list){0};
	pthread_mutex_unlock(&race->lock);
	return list;
}

static void *save_as_the_saver_does(void *arg)
{
	struct race *race = arg;
	struct bench *b = race->b;
	uint64_t n = 1;
	while (n <= RACE_MESSAGES) {
		bool spills = journal_spills(b->journal);
		struct list items = take_queue(race);
		size_t from_memory = items.count;
		if (spills) {
			struct reading reading = {&items, 100};
			assert_int_equal(journal_read(b->journal, take, &reading), 0);
		}
		struct kept *kept;
		while ((kept = shift(&items)) != NULL) {
			assert_is_message(kept, n++);
			journal_settle(b->journal, kept->place, n % 1000 != 0);
			free(kept);
		}
		atomic_fetch_sub(&race->in_memory, from_memory);
	}
	return NULL;
}

static void two_threads_keep_the_order(void **state)
{
	struct bench *b = *state;
	struct race race = {.b = b};
	pthread_t saver;
	pthread_mutex_init(&race.lock, NULL);
	open_journal(b, 64 * 64 * KIB, 1);
	assert_int_equal(pthread_create(&saver, NULL, save_as_the_saver_does, &race), 0);
	while (b->next <= RACE_MESSAGES) {
		bool has_room = atomic_load(&race.in_memory) < 50;
		enum chat_error error = try_append(b, has_room);
		assert_true(error == CHAT_OK || error == CHAT_EBUSY);
		struct kept *kept = shift(&b->memory);
		if (kept != NULL) {
			atomic_fetch_add(&race.in_memory, 1);
			pthread_mutex_lock(&race.lock);
			push(&race.queue, kept);
			pthread_mutex_unlock(&race.lock);
		}
	}
	pthread_join(saver, NULL);
	pthread_mutex_destroy(&race.lock);
	assert_int_equal(journal_alone(b->journal), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(crc32c_is_the_known_one),
		TEST(what_is_appended_comes_back_after_a_restart),
		TEST(the_longest_message_comes_back),
		TEST(when_all_of_a_file_is_settled_it_goes),
		TEST(the_file_in_use_goes_when_nothing_is_written_for_a_while),
		TEST(what_the_database_does_not_have_is_struck_out),
		TEST(without_room_messages_wait_in_the_journal_and_keep_their_order),
		TEST(reading_back_goes_on_where_it_stopped),
		TEST(many_starts_with_few_messages_do_not_fill_it),
		TEST(files_are_bounded_and_go),
		TEST(when_the_limit_is_reached_messages_are_refused_until_some_are_settled),
		TEST(a_message_that_waits_holds_on_to_its_file_alone),
		TEST(so_it_does_when_each_message_is_synced),
		TEST(a_torn_end_is_dropped_wherever_it_is_torn),
		TEST(a_flipped_bit_costs_one_message_and_its_file_is_kept),
		TEST(a_flipped_bit_in_a_header_costs_nothing),
		TEST(a_lost_header_costs_nothing_either),
		TEST(what_lay_in_a_file_before_is_no_message),
		TEST(more_than_one_message_at_the_end_is_no_torn_end),
		TEST(what_is_no_file_is_named),
		TEST(names_that_are_no_number_of_ours_are_left_alone),
		TEST(a_missing_file_is_said),
		TEST(a_file_that_is_removed_while_it_is_read_back_is_said),
		TEST(what_breaks_while_it_waits_is_counted_as_lost),
		TEST(when_the_file_in_use_is_removed_another_is_begun),
		TEST(what_the_first_edition_left_is_read),
		TEST(what_the_first_edition_has_twice_comes_once),
		TEST(the_file_of_another_version_is_refused),
		TEST(two_brokers_cannot_share_a_folder),
		TEST(a_missing_folder_is_made_and_closed_to_others),
		TEST(a_folder_that_is_no_good_is_named_with_what_to_do),
		TEST(a_full_disk_refuses_and_is_said_once),
		TEST(a_full_disk_refuses_the_first_message_too),
		TEST(a_file_that_may_not_grow_refuses),
		TEST(a_sync_that_fails_at_a_message_refuses_it),
		TEST(while_the_disk_cannot_be_synced_messages_are_refused),
		TEST(a_killed_writer_loses_nothing_that_was_accepted),
		TEST(two_threads_keep_the_order),
	};
	if (argc > 1) {
		cmocka_set_test_filter(argv[1]);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
