/* How a journal begins: its folder, the lock, and what is left from before. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_state.h"

/* One message that waits holds on to its file, so files are small; and a message has room in one.
 */
#define SEGMENT_SIZE_MIN ((uint64_t)32 * 1024)
#define SEGMENTS_WISHED 256

_Static_assert(SEGMENT_SIZE_MIN >= HEADER_SIZE + RECORD_MAX, "a message has room");

/* A path in a line of log. */
#define PATH_SHOWN "%.250s"

__attribute__((format(printf, 2, 3))) static bool give_up(
	char reason[JOURNAL_REASON_MAX], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(reason, JOURNAL_REASON_MAX, format, args);
	va_end(args);
	return false;
}

/* The folder and the lock. */

static bool say_cannot_make(const char *path, int error, char *reason)
{
	if (error == ENOENT) {
		return give_up(reason,
			"the journal's folder " PATH_SHOWN
			" cannot be made, because the one above it is missing",
			path);
	}
	return give_up(reason,
		"the journal's folder " PATH_SHOWN
		" cannot be made: %s. Make it with: install -d -m 700 -o '#%u' " PATH_SHOWN,
		path, strerror(error), (unsigned)geteuid(), path);
}

static bool say_cannot_use(const char *path, int error, char *reason)
{
	if (error == ENOTDIR) {
		return give_up(reason, "the journal " PATH_SHOWN " is no folder", path);
	}
	return give_up(reason,
		"the journal's folder " PATH_SHOWN
		" cannot be written to: %s. It has to belong to the broker's user: chown '#%u' " PATH_SHOWN,
		path, strerror(error), (unsigned)geteuid(), path);
}

static bool open_folder(struct journal *journal, char *reason)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	journal->folder = open(journal->name, flags);
	if (journal->folder < 0 && errno == ENOENT) {
		if (mkdir(journal->name, 0700) != 0) {
			return say_cannot_make(journal->name, errno, reason);
		}
		journal->folder = open(journal->name, flags);
	}
	return journal->folder >= 0 || say_cannot_use(journal->name, errno, reason);
}

/* Who holds the lock has written its number there. */
static bool say_locked(const struct journal *journal, char *reason)
{
	char pid[16] = "";
	ssize_t got = pread(journal->lock_file, pid, sizeof(pid) - 1, 0);
	pid[got > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	return give_up(reason,
		"the journal's folder " PATH_SHOWN
		" is in use by process %s: is there another broker? "
		"Each needs a folder of its own",
		journal->name, pid[0] == '\0' ? "unknown" : pid);
}

static bool lock_folder(struct journal *journal, char *reason)
{
	journal->lock_file =
		openat(journal->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (journal->lock_file < 0) {
		return say_cannot_use(journal->name, errno, reason);
	}
	if (flock(journal->lock_file, LOCK_EX | LOCK_NB) != 0) {
		return errno == EWOULDBLOCK
		               ? say_locked(journal, reason)
		               : give_up(reason,
					 "the journal's folder " PATH_SHOWN " cannot be locked: %s",
					 journal->name, strerror(errno));
	}
	/* For the line above alone: that it cannot be written, as on a full disk, does not matter.
	 */
	char pid[16];
	int len = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	(void)!ftruncate(journal->lock_file, 0);
	(void)!pwrite(journal->lock_file, pid, (size_t)len, 0);
	return true;
}

/* The files that are there. */

/* Into the list, which is in the order of the numbers. */
static bool add_segment(struct journal *journal, uint64_t number)
{
	struct segment *s = segment_new();
	if (s == NULL) {
		return false;
	}
	s->header.number = number;
	struct segment **at = &journal->oldest;
	if (journal->newest != NULL && journal->newest->header.number < number) {
		at = &journal->newest->next;
	}
	while (*at != NULL && (*at)->header.number < number) {
		at = &(*at)->next;
	}
	s->next = *at;
	*at = s;
	if (s->next == NULL) {
		journal->newest = s;
	}
	return true;
}

/* The first edition noted in `position` what was settled, and had files ready to be used. */
static bool is_left_over(const char *name)
{
	uint64_t number;
	return strcmp(name, "position") == 0 || journal_file_number(name, "spare", &number) ||
	       journal_file_number(name, "new", &number);
}

static bool look_at_name(struct journal *journal, const char *name)
{
	uint64_t number = 0;
	bool good = true;
	if (journal_file_number(name, NAME_SEGMENT, &number)) {
		good = add_segment(journal, number);
	} else if (!journal_file_number(name, NAME_DAMAGED, &number) && is_left_over(name)) {
		(void)unlinkat(journal->folder, name, 0);
	}
	/* No new file takes the name of one that is kept. */
	if (number >= journal->next_segment) {
		journal->next_segment = number + 1;
	}
	return good;
}

static bool list(struct journal *journal, char *reason)
{
	int fd = openat(journal->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0) {
			close(fd);
		}
		return give_up(reason, "the journal's folder " PATH_SHOWN " cannot be listed: %s",
			journal->name, strerror(errno));
	}
	bool good = true;
	const struct dirent *entry;
	while (good && (entry = readdir(dir)) != NULL) {
		good = look_at_name(journal, entry->d_name);
	}
	closedir(dir);
	return good || give_up(reason, "out of memory");
}

/* Looking through them. */

struct scan {
	struct journal *journal;
	char *reason;
	struct reader reader;
	struct segment *last; /* the last with a record */
};

static bool say_unusable(const struct scan *scan, const struct segment *s, const char *why)
{
	return give_up(scan->reason, "the journal's file " PATH_SHOWN "/" SEGMENT_FORMAT " %s",
		scan->journal->name, s->header.number, why);
}

static bool say_failed(const struct scan *scan, const struct segment *s, int error)
{
	char why[128];
	snprintf(why, sizeof(why), "cannot be used: %s", strerror(error));
	return say_unusable(scan, s, why);
}

static bool take_header(
	const struct scan *scan, struct segment *s, const unsigned char *bytes, size_t len)
{
	struct journal *journal = scan->journal;
	struct header header;
	enum header_state state = len < HEADER_SIZE ? HEADER_DAMAGED : header_read(bytes, &header);
	if (state == HEADER_FOREIGN) {
		return say_unusable(scan, s,
			"was written by another version of the plugin, which alone can read it: "
			"start that one until nothing waits any more, or move the folder away");
	}
	if (state == HEADER_GOOD && header.number == s->header.number) {
		s->header = header;
	} else {
		/* Which files are gone behind it is not known. */
		s->header.id = journal->id;
		s->header.next = NUMBER_MAX;
		atomic_store(&s->damaged, true);
	}
	return true;
}

/* Messages between the one that was read last and the first in `s`: when the files between were not
 * removed by right, somebody else removed them. */
static void look_for_missing(
	const struct scan *scan, const struct segment *older, const struct segment *s)
{
	uint64_t expected = scan->reader.number + 1;
	if (older != NULL && s->header.number > segment_next(older) && s->header.first > expected) {
		journal_say(scan->journal, JOURNAL_ERROR,
			"files between " SEGMENT_FORMAT " and " SEGMENT_FORMAT
			" are missing: %" PRIu64 " messages are lost unless they were stored",
			older->header.number, s->header.number, s->header.first - expected);
	}
}

static void read_records(struct scan *scan, struct segment *s)
{
	struct record record;
	size_t skipped;
	uint64_t expected = s->header.first;
	while (reader_next(&scan->reader, &record, &skipped)) {
		s->unreadable += skipped;
		s->missing +=
			skipped > 0 && record.number > expected ? record.number - expected : 0;
		expected = record.number + 1;
		scan->last = s;
		if (!record.struck_out) {
			atomic_fetch_add(&s->unread, 1);
			atomic_fetch_add(&s->unsettled, 1);
		}
	}
	s->tail = s->size - scan->reader.end;
}

static bool scan_segment(struct scan *scan, const struct segment *older, struct segment *s)
{
	size_t len = 0;
	unsigned char *bytes =
		journal_load(scan->journal, s->header.number, 0, SEGMENT_SIZE_MAX, &len);
	if (bytes == NULL) {
		return say_failed(scan, s, errno);
	}
	s->size = len;
	bool good = take_header(scan, s, bytes, len);
	if (good) {
		look_for_missing(scan, older, s);
		size_t from = len < HEADER_SIZE ? len : HEADER_SIZE;
		reader_begin(&scan->reader, record_seed(&s->header), bytes, len, from);
		read_records(scan, s);
	}
	free(bytes);
	return good;
}

static void say_damaged(const struct journal *journal, const struct segment *s)
{
	journal_say(journal, JOURNAL_ERROR,
		SEGMENT_FORMAT
		" is damaged: %" PRIu64 " bytes, %" PRIu64
		" or more messages, cannot be read; the rest is stored, and it is kept "
		"as " DAMAGED_FORMAT,
		s->header.number, s->unreadable, s->missing, s->header.number);
}

/* What was being written when the broker or the machine ended: nobody has an acknowledgement for
 * it. */
static bool drop_torn_end(const struct scan *scan, struct segment *s)
{
	journal_say(scan->journal, JOURNAL_WARNING,
		"%" PRIu64 " bytes at the end of " SEGMENT_FORMAT
		" were not written whole and are dropped",
		s->tail, s->header.number);
	s->size -= s->tail;
	int fd = journal_file(scan->journal, s->header.number, O_WRONLY);
	bool good = fd >= 0 && ftruncate(fd, (off_t)s->size) == 0;
	int error = errno;
	if (fd >= 0) {
		close(fd);
	}
	return good || say_failed(scan, s, error);
}

/* Behind the last record of all there may be one that is torn; everything else is damage. */
static bool judge(const struct scan *scan, struct segment *s, bool behind_last)
{
	if ((behind_last || s == scan->last) && s->tail <= RECORD_MAX) {
		if (behind_last) {
			atomic_store(&s->damaged, false);
		}
		if (s->tail > 0 && !drop_torn_end(scan, s)) {
			return false;
		}
	} else {
		s->unreadable += s->tail;
	}
	if (s->unreadable > 0 || atomic_load(&s->damaged)) {
		atomic_store(&s->damaged, true);
		say_damaged(scan->journal, s);
	}
	return true;
}

/* From the first header that is good: with it, records can be told behind one that is not. */
static void learn_id(struct journal *journal)
{
	struct header header = {0};
	bool known = false;
	for (const struct segment *s = journal->oldest; s != NULL && !known; s = s->next) {
		size_t len = 0;
		unsigned char *bytes =
			journal_load(journal, s->header.number, 0, HEADER_SIZE, &len);
		known = bytes != NULL && len == HEADER_SIZE &&
		        header_read(bytes, &header) == HEADER_GOOD;
		free(bytes);
	}
	journal->id = known ? header.id : 0;
}

static bool look_through(struct journal *journal, char *reason)
{
	struct scan scan = {.journal = journal, .reason = reason};
	const struct segment *older = NULL;
	learn_id(journal);
	for (struct segment *s = journal->oldest; s != NULL; s = s->next) {
		if (!scan_segment(&scan, older, s)) {
			return false;
		}
		older = s;
	}
	bool behind_last = scan.last == NULL;
	for (struct segment *s = journal->oldest; s != NULL; s = s->next) {
		if (!judge(&scan, s, behind_last)) {
			return false;
		}
		journal->bytes += s->size;
		behind_last = behind_last || s == scan.last;
	}
	journal->next_message = scan.reader.number + 1;
	return true;
}

/* Messages wait, as if there had been no memory for them. */
static void begin(struct journal *journal)
{
	size_t waiting = 0;
	for (const struct segment *s = journal->oldest; s != NULL; s = s->next) {
		waiting += atomic_load(&s->unread);
	}
	journal->first_segment = journal->next_segment;
	journal_remove_settled(journal);
	if (waiting > 0) {
		journal->reading = journal->oldest;
		journal->read_at = HEADER_SIZE;
		atomic_store(&journal->alone, waiting);
		atomic_store(&journal->spills, true);
		journal_say(journal, JOURNAL_NOTICE,
			"%zu messages wait from before the start; what the database has of them is not "
			"stored twice",
			waiting);
	}
}

static struct journal *make(const struct journal_options *options)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	if (journal == NULL) {
		return NULL;
	}
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&journal->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&journal->lock, NULL);
	uint64_t size = options->limit / SEGMENTS_WISHED;
	size = size < SEGMENT_SIZE_MIN ? SEGMENT_SIZE_MIN : size;
	journal->segment_size = size > SEGMENT_SIZE_MAX ? SEGMENT_SIZE_MAX : size;
	journal->limit = options->limit;
	journal->folder = journal->lock_file = -1;
	journal->next_segment = journal->next_message = 1;
	journal->sync_ms = options->sync_ms;
	journal->log = options->log;
	journal->log_arg = options->log_arg;
	journal->spilling = options->spilling;
	journal->spilling_arg = options->spilling_arg;
	journal->name = strdup(options->folder);
	journal->record = malloc(RECORD_MAX);
	if (journal->name == NULL || journal->record == NULL) {
		journal_free(journal);
		return NULL;
	}
	return journal;
}

struct journal *journal_open(const struct journal_options *options, char reason[JOURNAL_REASON_MAX])
{
	struct journal *journal = make(options);
	if (journal == NULL) {
		give_up(reason, "out of memory");
		return NULL;
	}
	if (!open_folder(journal, reason) || !lock_folder(journal, reason) ||
		!list(journal, reason) || !look_through(journal, reason)) {
		journal_free(journal);
		return NULL;
	}
	begin(journal);
	return journal;
}
