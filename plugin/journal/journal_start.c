/* How a journal begins: its folder, the lock, and what is left from before. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_state.h"

#define SEGMENT_SIZE_MIN ((uint64_t)64 * 1024)
#define SEGMENT_SIZE_MAX ((uint64_t)16 * 1024 * 1024)
#define SEGMENTS_WISHED 16

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
		" cannot be made: %s. Make it with: install -d -m "
		"700 -o '#%u' " PATH_SHOWN,
		path, strerror(error), (unsigned)geteuid(), path);
}

static bool say_cannot_use(const char *path, int error, char *reason)
{
	return give_up(reason,
		"the journal's folder " PATH_SHOWN
		" cannot be written to: %s. It has to belong to the "
		"broker's user: chown '#%u' " PATH_SHOWN,
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
	if (journal->folder < 0) {
		return errno == ENOTDIR ? give_up(reason, "the journal " PATH_SHOWN " is no folder",
						  journal->name)
		                        : say_cannot_use(journal->name, errno, reason);
	}
	return true;
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

static bool say_foreign(const struct journal *journal, const char *file, char *reason)
{
	return give_up(reason,
		"the journal's file " PATH_SHOWN
		"/%s was written by another version of the plugin, "
		"which alone can read it: start that one until nothing waits any more, or move the "
		"folder away",
		journal->name, file);
}

static bool read_position(struct journal *journal, char *reason)
{
	journal->position_file = openat(
		journal->folder, "position", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (journal->position_file < 0) {
		return say_cannot_use(journal->name, errno, reason);
	}
	bool damaged = false;
	bool good = false;
	for (int slot = 0; slot < 2; slot++) {
		unsigned char bytes[BLOCK_SIZE];
		static const unsigned char zeros[BLOCK_SIZE];
		struct position position;
		if (pread(journal->position_file, bytes, BLOCK_SIZE, slot * POSITION_SLOT) !=
				BLOCK_SIZE ||
			memcmp(bytes, zeros, BLOCK_SIZE) == 0) {
			continue; /* never written */
		}
		enum block_state state = position_read(&journal->crc, bytes, &position);
		if (state == BLOCK_FOREIGN) {
			return say_foreign(journal, "position", reason);
		}
		damaged = damaged || state == BLOCK_DAMAGED;
		good = good || state == BLOCK_GOOD;
		if (state == BLOCK_GOOD && position.count >= journal->position.count) {
			journal->position = position;
		}
	}
	if (damaged && !good) {
		journal_say(journal, STORE_WARNING,
			"the position is damaged: all that is left is looked at again");
	}
	journal->id = journal->position.id;
	return true;
}

/* The files that are there. */

struct found {
	uint64_t number;
	uint64_t size; /* of the file */
	enum block_state state;
	struct header header;
	bool superseded; /* all of it that matters is in a later one */
};

struct folder {
	struct found *found;
	size_t count;
	size_t room;
};

static bool add_found(struct folder *folder, uint64_t number)
{
	if (folder->count == folder->room) {
		size_t room = folder->room == 0 ? 32 : folder->room * 2;
		struct found *more = realloc(folder->found, room * sizeof(*more));
		if (more == NULL) {
			return false;
		}
		folder->found = more;
		folder->room = room;
	}
	folder->found[folder->count++] = (struct found){.number = number};
	return true;
}

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a;
	const struct found *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

/* What was being made, and spare files beyond the limit, go; their bytes in any case. */
static void take_empty(struct journal *journal, const char *name, uint64_t number, bool spare)
{
	int fd = spare && journal->spare_count < journal->segments_max
	                 ? journal_file(journal, NAME_SPARE, number, O_WRONLY | O_TRUNC)
	                 : -1;
	if (fd < 0) {
		(void)unlinkat(journal->folder, name, 0);
		return;
	}
	close(fd);
	journal->spares[journal->spare_count++] = number;
}

static bool list(struct journal *journal, struct folder *folder)
{
	int fd = openat(journal->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0) {
			close(fd);
		}
		return false;
	}
	bool good = true;
	const struct dirent *entry;
	while (good && (entry = readdir(dir)) != NULL) {
		uint64_t number;
		if (segment_number(entry->d_name, NAME_SEGMENT, &number)) {
			good = add_found(folder, number);
		} else if (segment_number(entry->d_name, NAME_SPARE, &number)) {
			take_empty(journal, entry->d_name, number, true);
		} else if (segment_number(entry->d_name, NAME_NEW, &number)) {
			take_empty(journal, entry->d_name, number, false);
		}
	}
	closedir(dir);
	if (folder->count > 1) {
		qsort(folder->found, folder->count, sizeof(folder->found[0]), compare_found);
	}
	return good;
}

static bool look_at(struct journal *journal, struct found *found, char *reason)
{
	char name[SEGMENT_NAME_MAX];
	unsigned char bytes[HEADER_SIZE] = {0};
	struct stat stat;
	segment_name(name, NAME_SEGMENT, found->number);
	int fd = journal_file(journal, NAME_SEGMENT, found->number, O_RDONLY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
		int error = errno;
		if (fd >= 0) {
			close(fd);
		}
		return give_up(reason, "the journal's file " PATH_SHOWN "/%s cannot be read: %s",
			journal->name, name, strerror(fd < 0 ? error : EINVAL));
	}
	found->size = (uint64_t)stat.st_size;
	(void)!pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	found->state = header_read(&journal->crc, bytes, &found->header);
	if (found->state == BLOCK_FOREIGN) {
		return say_foreign(journal, name, reason);
	}
	if (found->state == BLOCK_GOOD && found->header.number != found->number) {
		found->state = BLOCK_DAMAGED;
	}
	if (found->state == BLOCK_GOOD && journal->id == 0) {
		journal->id = found->header.id;
	}
	return true;
}

/* A segment into which others have been gathered stands for them; an end in between left them. */
static void find_superseded(struct folder *folder)
{
	for (size_t i = 0; i < folder->count; i++) {
		const struct found *by = &folder->found[i];
		for (size_t k = i; by->state == BLOCK_GOOD && by->header.end_lsn != 0 && k-- > 0;) {
			struct found *f = &folder->found[k];
			f->superseded = f->superseded ||
			                (f->state == BLOCK_GOOD &&
						f->header.first_lsn >= by->header.first_lsn);
		}
	}
}

/* Looking through them. */

/* Bytes of a segment in which there is no record. */
struct hole {
	struct segment *segment;
	uint64_t from;
	uint64_t to;
};

struct scan {
	struct journal *journal;
	uint64_t next_lsn; /* what should come next; 0: nothing has been seen */
	uint64_t last_lsn; /* what has been seen, or is settled */
	size_t waiting;    /* records beyond that */
	/* Nothing sound has come behind these yet. */
	struct hole *holes;
	size_t hole_count;
};

/* Copies the bytes into a file of their own. */
static bool copy_hole(const struct journal *journal, const struct hole *hole, const char *name)
{
	char bytes[4096];
	bool good = false;
	int from = journal_file(journal, NAME_SEGMENT, hole->segment->number, O_RDONLY);
	int to = openat(
		journal->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (from >= 0 && to >= 0) {
		good = true;
		for (uint64_t at = hole->from; good && at < hole->to;) {
			uint64_t left = hole->to - at;
			size_t size = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
			ssize_t got = pread(from, bytes, size, (off_t)at);
			good = got > 0 && write(to, bytes, (size_t)got) == got;
			at += got > 0 ? (uint64_t)got : 0;
		}
	}
	if (to >= 0) {
		good = good && fsync(to) == 0;
		close(to);
		if (!good) {
			(void)unlinkat(journal->folder, name, 0);
		}
	}
	if (from >= 0) {
		close(from);
	}
	return good;
}

static void set_aside(struct scan *scan, const struct hole *hole)
{
	const struct journal *journal = scan->journal;
	struct segment *s = hole->segment;
	char segment[SEGMENT_NAME_MAX];
	char name[SEGMENT_NAME_MAX + 24];
	segment_name(segment, NAME_DAMAGED, s->number);
	snprintf(name, sizeof(name), "%s-%" PRIu64, segment, hole->from);
	bool copied = copy_hole(journal, hole, name);
	if (!copied) {
		/* Later, then, as a whole, which needs no room on the disk. */
		s->keep = true;
		snprintf(name, sizeof(name), "%s", segment);
	}
	s->set_aside = copied && !s->keep;
	segment_name(segment, NAME_SEGMENT, s->number);
	journal_say(journal, STORE_ERROR,
		"%s is damaged: %" PRIu64 " bytes from %" PRIu64
		" on %s set aside as %s; the rest is stored",
		segment, hole->to - hole->from, hole->from, copied ? "are" : "will be", name);
}

/* Something sound has come behind them: they are no torn end. */
static void set_holes_aside(struct scan *scan)
{
	for (size_t i = 0; i < scan->hole_count; i++) {
		set_aside(scan, &scan->holes[i]);
	}
	scan->hole_count = 0;
}

/* Messages that should stand in front of this one and do not, unless they are settled. */
static void look_for_missing(struct scan *scan, uint64_t first, uint64_t number)
{
	uint64_t expected = scan->next_lsn;
	uint64_t settled = scan->journal->position.settled;
	if (expected == 0) {
		return;
	}
	expected = expected > settled ? expected : settled + 1;
	if (first > expected) {
		journal_say(scan->journal, STORE_ERROR,
			"%" PRIu64 " messages are missing in or before " NAME_SEGMENT
			"-%016" PRIx64,
			first - expected, number);
	}
}

/* `contiguous`: the segment has all from its first to its last. */
static void see_record(
	struct scan *scan, struct segment *s, const struct record *record, bool contiguous)
{
	set_holes_aside(scan);
	if (contiguous) {
		look_for_missing(scan, record->lsn, s->number);
	}
	if (record->lsn >= scan->next_lsn) {
		scan->next_lsn = record->lsn + 1;
	}
	/* As take_record() will see it. */
	if (record->lsn > scan->last_lsn) {
		scan->last_lsn = record->lsn;
		scan->waiting++;
	}
}

static void see_hole(struct scan *scan, struct segment *s, uint64_t from, uint64_t to)
{
	s->whole = false;
	scan->holes[scan->hole_count++] = (struct hole){s, from, to};
}

/* Only the last hole of a file stays among the scan's: a record behind one sets it aside. */
static void see_records(struct scan *scan, struct segment *s, const struct found *found)
{
	struct reader *reader = &scan->journal->reader;
	struct record record;
	uint64_t from;
	for (;;) {
		switch (reader_next(reader, &record, &from)) {
		case READER_RECORD:
			s->size = reader->at;
			see_record(scan, s, &record, found->header.end_lsn == 0);
			break;
		case READER_DAMAGE:
			see_hole(scan, s, from, reader->at);
			break;
		case READER_FAILED:
			journal_say(scan->journal, STORE_ERROR,
				NAME_SEGMENT "-%016" PRIx64
					     " cannot be read on: %s; it is kept as " NAME_DAMAGED
					     "-%016" PRIx64,
				s->number, strerror(errno), s->number);
			s->keep = true;
			s->whole = false;
			return;
		case READER_END:
			return;
		}
	}
}

static struct segment *make_known(const struct scan *scan, const struct found *found)
{
	struct journal *journal = scan->journal;
	struct segment *s = calloc(1, sizeof(*s));
	if (s != NULL) {
		bool good = found->state == BLOCK_GOOD;
		uint64_t first = good ? found->header.first_lsn : 0;
		*s = (struct segment){
			.number = found->number,
			.first_lsn = first > scan->next_lsn ? first : scan->next_lsn,
			.size = HEADER_SIZE,
			.seed = record_seed(&journal->crc, good ? found->header.id : journal->id,
				found->number),
			.fd = -1,
			.whole = good && found->header.id == journal->id &&
		                 found->header.end_lsn == 0,
		};
	}
	return s;
}

static bool see_found(struct scan *scan, const struct found *found)
{
	struct journal *journal = scan->journal;
	int fd = journal_file(journal, NAME_SEGMENT, found->number, O_RDONLY);
	if (fd < 0) {
		return false;
	}
	if (scan->next_lsn == 0 && found->state == BLOCK_GOOD) {
		scan->next_lsn = found->header.first_lsn;
	}
	struct segment *s = make_known(scan, found);
	if (s == NULL || found->superseded || found->size == 0) {
		close(fd);
		if (s != NULL) {
			journal_drop_segment(journal, s);
		}
		return s != NULL;
	}
	journal_add_segment(journal, s);
	if (found->state == BLOCK_DAMAGED) {
		see_hole(scan, s, 0, found->size < HEADER_SIZE ? found->size : HEADER_SIZE);
	}
	reader_open(&journal->reader, fd, s->seed, HEADER_SIZE, found->size);
	see_records(scan, s, found);
	reader_close(&journal->reader);
	if (s->size > HEADER_SIZE && found->header.end_lsn > scan->next_lsn) {
		scan->next_lsn = found->header.end_lsn;
	}
	return true;
}

/* What was being written when the broker or the machine ended: nobody has an acknowledgement for
 * it. */
static bool drop_torn_end(struct scan *scan, char *reason)
{
	for (size_t i = 0; i < scan->hole_count; i++) {
		const struct hole *hole = &scan->holes[i];
		struct segment *s = hole->segment;
		char name[SEGMENT_NAME_MAX];
		segment_name(name, NAME_SEGMENT, s->number);
		journal_say(scan->journal, STORE_WARNING,
			"%" PRIu64 " bytes at the end of %s were not written whole and are dropped",
			hole->to - hole->from, name);
		int fd = journal_file(scan->journal, NAME_SEGMENT, s->number, O_WRONLY);
		bool good = fd >= 0 && ftruncate(fd, (off_t)hole->from) == 0;
		int error = errno;
		if (fd >= 0) {
			close(fd);
		}
		if (!good) {
			return give_up(reason,
				"the journal's file " PATH_SHOWN "/%s cannot be cut: %s",
				scan->journal->name, name, strerror(error));
		}
	}
	return true;
}

/* Those without a record, at the end, are none. */
static void drop_empty(struct journal *journal)
{
	struct segment *keep = NULL;
	size_t count = 0;
	size_t kept = 0;
	for (struct segment *s = journal->oldest; s != NULL; s = s->next) {
		count++;
		if (s->size > HEADER_SIZE || s->keep) {
			keep = s;
			kept = count;
		}
	}
	struct segment *s = keep == NULL ? journal->oldest : keep->next;
	if (keep == NULL) {
		journal->oldest = NULL;
	} else {
		keep->next = NULL;
	}
	journal->newest = keep;
	journal->segments = kept;
	while (s != NULL) {
		struct segment *next = s->next;
		journal_drop_segment(journal, s);
		s = next;
	}
}

/* New messages go on behind the last, so that many starts do not make many files. */
static void resume(struct journal *journal, uint64_t next_lsn)
{
	struct segment *s = journal->newest;
	if (s == NULL || !s->whole || next_lsn != journal->last_lsn + 1 ||
		s->size >= journal->segment_size) {
		return;
	}
	s->fd = journal_file(journal, NAME_SEGMENT, s->number, O_WRONLY);
	if (s->fd >= 0) {
		journal->current = s;
		/* Whether the kernel has brought it to the disk is not known. */
		s->dirty = journal->written = true;
	}
}

/* A lower limit than last time. */
static void trim_spares(struct journal *journal)
{
	while (journal->spare_count > 0 &&
		journal->segments + journal->spare_count > journal->segments_max) {
		char name[SEGMENT_NAME_MAX];
		segment_name(name, NAME_SPARE, journal->spares[--journal->spare_count]);
		(void)unlinkat(journal->folder, name, 0);
	}
}

static void begin(struct scan *scan)
{
	struct journal *journal = scan->journal;
	uint64_t settled = journal->position.settled;
	journal->last_lsn = scan->next_lsn > settled + 1 ? scan->next_lsn - 1 : settled;
	journal->run_lsn = journal->last_lsn + 1;
	journal->taken_lsn = scan->waiting > 0 ? settled : journal->last_lsn;
	drop_empty(journal);
	journal_retire_settled(journal);
	if (scan->waiting > 0) {
		atomic_store(&journal->alone, scan->waiting);
		atomic_store(&journal->spills, true);
		journal->spill_from = journal->oldest->number;
		journal->spill_at = HEADER_SIZE;
		journal_say(journal, STORE_NOTICE, "%zu messages wait from before the start",
			scan->waiting);
	}
	resume(journal, scan->next_lsn);
	trim_spares(journal);
}

static bool look_through(struct journal *journal, struct folder *folder, char *reason)
{
	for (size_t i = 0; i < folder->count; i++) {
		if (!look_at(journal, &folder->found[i], reason)) {
			return false;
		}
	}
	find_superseded(folder);
	struct scan scan = {.journal = journal, .last_lsn = journal->position.settled};
	/* Of each file, one in its header and one at its end. */
	scan.holes = calloc(2 * folder->count + 1, sizeof(*scan.holes));
	bool good = scan.holes != NULL;
	for (size_t i = 0; good && i < folder->count; i++) {
		good = see_found(&scan, &folder->found[i]);
		journal->next_number = folder->found[i].number + 1;
	}
	if (!good) {
		give_up(reason, "out of memory or file descriptors");
	} else {
		good = drop_torn_end(&scan, reason);
	}
	if (good) {
		begin(&scan);
	}
	free(scan.holes);
	return good;
}

static bool look_into(struct journal *journal, char *reason)
{
	struct folder folder = {0};
	bool good = list(journal, &folder);
	if (!good) {
		give_up(reason, "the journal's folder " PATH_SHOWN " cannot be listed: %s",
			journal->name, strerror(errno));
	}
	good = good && look_through(journal, &folder, reason);
	free(folder.found);
	return good;
}

static bool set_sizes(struct journal *journal, uint64_t limit)
{
	uint64_t size = limit / SEGMENTS_WISHED;
	size = size < SEGMENT_SIZE_MIN ? SEGMENT_SIZE_MIN : size;
	size = size > SEGMENT_SIZE_MAX ? SEGMENT_SIZE_MAX : size;
	journal->segment_size = size;
	journal->segments_max = (size_t)(limit / size);
	/* One more: a file may be made while another becomes spare. */
	journal->spares = calloc(journal->segments_max + 1, sizeof(*journal->spares));
	return journal->spares != NULL;
}

static struct journal *make(const struct journal_options *options)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	if (journal == NULL) {
		return NULL;
	}
	journal->folder = journal->lock_file = journal->position_file = -1;
	journal->wakeup.fd = -1;
	journal->reader.fd = -1;
	journal->next_number = 1;
	journal->sync_ms = options->sync_ms;
	journal->saver_wakeup = options->wakeup;
	journal->log = options->log;
	journal->log_arg = options->log_arg;
	crc32c_init(&journal->crc);
	if (pthread_mutex_init(&journal->lock, NULL) != 0) {
		free(journal);
		return NULL;
	}
	journal->name = strdup(options->folder);
	journal->record = malloc(RECORD_MAX);
	if (journal->name == NULL || journal->record == NULL || !wakeup_init(&journal->wakeup) ||
		!reader_init(&journal->reader, &journal->crc) ||
		!set_sizes(journal, options->limit)) {
		journal_free(journal);
		return NULL;
	}
	return journal;
}

/* The id is on the disk before the first segment: with it, records can be told even where a
 * segment's header is damaged. */
static void choose_id(struct journal *journal)
{
	while (journal->id == 0) {
		(void)!getrandom(&journal->id, sizeof(journal->id), 0);
	}
	(void)journal_write_position(journal);
	(void)fdatasync(journal->position_file);
}

struct journal *journal_open(const struct journal_options *options, char reason[JOURNAL_REASON_MAX])
{
	struct journal *journal = make(options);
	if (journal == NULL) {
		give_up(reason, "out of memory or file descriptors");
		return NULL;
	}
	if (!open_folder(journal, reason) || !lock_folder(journal, reason) ||
		!read_position(journal, reason) || !look_into(journal, reason)) {
		journal_free(journal);
		return NULL;
	}
	choose_id(journal);
	return journal;
}
