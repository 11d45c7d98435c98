#include "journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_state.h"

/* A disk that stays full is worth a line now and then, and not one for each message. */
#define SAY_AGAIN_MS 30000

/* After a sync that failed.  Nothing is accepted meanwhile. */
#define SICK_PAUSE_MS 500

/* A position that is lost with the machine only makes the next start look at more: it need not be
 * synced as often as messages. */
#define POSITION_SYNC_MS 1000

#define LINE_MAX_BYTES 512

void journal_say(const struct journal *journal, enum store_level level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	int used = snprintf(line, sizeof(line), "journal: ");
	va_list args;
	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
	va_end(args);
	journal->log(journal->log_arg, level, line);
}

int journal_file(const struct journal *journal, const char *kind, uint64_t number, int flags)
{
	char name[SEGMENT_NAME_MAX];
	segment_name(name, kind, number);
	return openat(journal->folder, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static bool rename_file(const struct journal *journal, const char *from, uint64_t from_number,
	const char *to, uint64_t to_number)
{
	char old[SEGMENT_NAME_MAX];
	char new[SEGMENT_NAME_MAX];
	segment_name(old, from, from_number);
	segment_name(new, to, to_number);
	return renameat(journal->folder, old, journal->folder, new) == 0;
}

static void remove_file(const struct journal *journal, const char *kind, uint64_t number)
{
	char name[SEGMENT_NAME_MAX];
	segment_name(name, kind, number);
	(void)unlinkat(journal->folder, name, 0);
}

/* Segments come and go. */

void journal_add_segment(struct journal *journal, struct segment *segment)
{
	segment->next = NULL;
	if (journal->newest == NULL) {
		journal->oldest = segment;
	} else {
		journal->newest->next = segment;
	}
	journal->newest = segment;
	journal->segments++;
}

static bool may_keep_spare(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	bool may = journal->segments + journal->spare_count < journal->segments_max;
	pthread_mutex_unlock(&journal->lock);
	return may;
}

/* Its bytes go at once: what people wrote is not to lie around here. */
static bool make_spare(struct journal *journal, uint64_t number)
{
	if (!may_keep_spare(journal) ||
		!rename_file(journal, NAME_SEGMENT, number, NAME_SPARE, number)) {
		return false;
	}
	int fd = journal_file(journal, NAME_SPARE, number, O_WRONLY | O_TRUNC);
	if (fd < 0) {
		remove_file(journal, NAME_SPARE, number);
		return true;
	}
	close(fd);
	pthread_mutex_lock(&journal->lock);
	journal->spares[journal->spare_count++] = number;
	pthread_mutex_unlock(&journal->lock);
	return true;
}

void journal_retire(struct journal *journal, uint64_t number, bool keep)
{
	if (keep) {
		(void)rename_file(journal, NAME_SEGMENT, number, NAME_DAMAGED, number);
	} else if (!make_spare(journal, number)) {
		remove_file(journal, NAME_SEGMENT, number);
	}
}

static void free_segment(struct segment *segment)
{
	if (segment->fd >= 0) {
		close(segment->fd);
	}
	free(segment);
}

void journal_drop_segment(struct journal *journal, struct segment *segment)
{
	journal_retire(journal, segment->number, segment->keep);
	free_segment(segment);
}

/* Takes the oldest out of the list, if by what is settled it is out of use. */
static bool take_settled(struct journal *journal, uint64_t *number, bool *keep)
{
	struct segment *done = NULL;
	pthread_mutex_lock(&journal->lock);
	struct segment *s = journal->oldest;
	bool taken =
		s != NULL && s->next != NULL && s->next->first_lsn <= journal->position.settled + 1;
	if (taken) {
		*number = s->number;
		*keep = s->keep;
		journal->oldest = s->next;
		journal->segments--;
		if (journal->reading == s->number) {
			/* All of it was read: else it would not be settled. */
			reader_close(&journal->reader);
			journal->reading = 0;
			journal->spill_from = s->next->number;
			journal->spill_at = HEADER_SIZE;
		}
		s->gone = s->syncing;
		done = s->syncing ? NULL : s;
	}
	pthread_mutex_unlock(&journal->lock);
	if (done != NULL) {
		free_segment(done);
	}
	return taken;
}

void journal_retire_settled(struct journal *journal)
{
	uint64_t number;
	bool keep;
	while (take_settled(journal, &number, &keep)) {
		journal_retire(journal, number, keep);
	}
}

/* Appending. */

/* Says so once, and again when it lasts. */
static void refuse(struct journal *journal, enum refusal why, int error)
{
	int64_t now = clock_ms();
	if (journal->refusal == why && now - journal->refused_at < SAY_AGAIN_MS) {
		return;
	}
	/* What comes and goes in quick turns is not said each time. */
	bool soon = journal->refused_at != 0 && now - journal->refused_at < SAY_AGAIN_MS / 10;
	journal->refusal = why;
	if (soon) {
		return;
	}
	journal->refused_at = now;
	journal->refusal_said = true;
	if (why == REFUSAL_FULL) {
		journal_say(journal, STORE_WARNING,
			"full, %" PRIu64 " MiB wait to be stored: messages are refused",
			journal->segments_max * journal->segment_size >> 20);
	} else if (error != 0) {
		journal_say(journal, STORE_ERROR, "cannot write to %s: %s: messages are refused",
			journal->name, strerror(error));
	}
}

static void accept_again(struct journal *journal)
{
	if (journal->refusal != REFUSAL_NONE && journal->refusal_said) {
		journal_say(journal, STORE_NOTICE, "takes messages again");
	}
	journal->refusal = REFUSAL_NONE;
	journal->refusal_said = false;
}

/* 0: none. */
static uint64_t take_spare(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	uint64_t number = journal->spare_count > 0 ? journal->spares[--journal->spare_count] : 0;
	pthread_mutex_unlock(&journal->lock);
	return number;
}

static void give_spare_back(struct journal *journal, uint64_t number)
{
	pthread_mutex_lock(&journal->lock);
	journal->spares[journal->spare_count++] = number;
	pthread_mutex_unlock(&journal->lock);
}

/* A file with a header under the segment's name.  -1: errno says why not. */
static int make_file(const struct journal *journal, const struct header *header, uint64_t spare)
{
	unsigned char bytes[HEADER_SIZE];
	const char *kind = spare != 0 ? NAME_SPARE : NAME_NEW;
	uint64_t number = spare != 0 ? spare : header->number;
	int fd = journal_file(journal, kind, number, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0) {
		return -1;
	}
	header_write(&journal->crc, header, bytes);
	errno = ENOSPC; /* in case it is written in part */
	if (pwrite(fd, bytes, HEADER_SIZE, 0) != HEADER_SIZE ||
		!rename_file(journal, kind, number, NAME_SEGMENT, header->number)) {
		int error = errno;
		close(fd);
		if (spare == 0) {
			remove_file(journal, kind, number);
		}
		errno = error;
		return -1;
	}
	return fd;
}

static struct segment *make_segment(struct journal *journal)
{
	struct header header = {
		.id = journal->id,
		.number = journal->next_number,
		.first_lsn = journal->last_lsn + 1,
	};
	struct segment *segment = calloc(1, sizeof(*segment));
	if (segment == NULL) {
		return NULL;
	}
	uint64_t spare = take_spare(journal);
	int fd = make_file(journal, &header, spare);
	if (fd < 0) {
		free(segment);
		if (spare != 0) {
			give_spare_back(journal, spare);
		}
		return NULL;
	}
	*segment = (struct segment){
		.number = header.number,
		.first_lsn = header.first_lsn,
		.size = HEADER_SIZE,
		.seed = record_seed(&journal->crc, journal->id, header.number),
		.fd = fd,
	};
	return segment;
}

static bool is_full(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	bool full = journal->segments >= journal->segments_max;
	pthread_mutex_unlock(&journal->lock);
	return full;
}

static void put_in_use(struct journal *journal, struct segment *segment)
{
	int done = -1;
	pthread_mutex_lock(&journal->lock);
	if (journal->sync_ms == 0 && journal->newest != NULL) {
		/* Nobody has to sync it any more. */
		done = journal->newest->fd;
		journal->newest->fd = -1;
	}
	journal_add_segment(journal, segment);
	journal->folder_dirty = true;
	pthread_mutex_unlock(&journal->lock);
	if (done >= 0) {
		close(done);
	}
	journal->current = segment;
	journal->next_number++;
}

static enum chat_error change_segment(struct journal *journal)
{
	if (is_full(journal)) {
		refuse(journal, REFUSAL_FULL, 0);
		return CHAT_EBUSY;
	}
	struct segment *segment = make_segment(journal);
	if (segment == NULL) {
		refuse(journal, REFUSAL_DISK, errno);
		return CHAT_EUNAVAILABLE;
	}
	put_in_use(journal, segment);
	return CHAT_OK;
}

static bool sync_folder(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	bool dirty = journal->folder_dirty;
	journal->folder_dirty = false;
	pthread_mutex_unlock(&journal->lock);
	if (!dirty || fsync(journal->folder) == 0) {
		return true;
	}
	pthread_mutex_lock(&journal->lock);
	journal->folder_dirty = journal->written = true;
	pthread_mutex_unlock(&journal->lock);
	return false;
}

/* A segment with room for so many bytes. */
static enum chat_error prepare(struct journal *journal, size_t size)
{
	if (atomic_load(&journal->sick)) {
		/* What was written to a file that could not be synced may be lost even if a later
		 * sync succeeds: nothing new goes there. */
		journal->current = NULL;
		refuse(journal, REFUSAL_DISK, 0);
		return CHAT_EUNAVAILABLE;
	}
	if (journal->current == NULL || journal->current->size + size > journal->segment_size) {
		enum chat_error error = change_segment(journal);
		if (error != CHAT_OK) {
			return error;
		}
	}
	/* Without the journal's thread: a file's name is on the disk before the first message in it
	 * is. */
	if (journal->sync_ms == 0 && !sync_folder(journal)) {
		refuse(journal, REFUSAL_DISK, errno);
		return CHAT_EUNAVAILABLE;
	}
	return CHAT_OK;
}

static bool write_record(struct journal *journal, size_t size)
{
	const struct segment *s = journal->current;
	ssize_t put = pwrite(s->fd, journal->record, size, (off_t)s->size);
	int error = put < 0 ? errno : ENOSPC;
	if (put == (ssize_t)size) {
		if (journal->sync_ms != 0 || fdatasync(s->fd) == 0) {
			return true;
		}
		error = errno;
	}
	/* If this fails too, the next record lies over it. */
	(void)!ftruncate(s->fd, (off_t)s->size);
	refuse(journal, REFUSAL_DISK, error);
	return false;
}

/* The record is written: now the other threads may know of it.  True: it waits in the journal
 * alone. */
static bool publish(struct journal *journal, size_t size, bool has_room)
{
	struct segment *s = journal->current;
	pthread_mutex_lock(&journal->lock);
	bool spills = atomic_load(&journal->spills);
	bool alone = spills || !has_room;
	if (alone && !spills) {
		journal->spill_from = s->number;
		journal->spill_at = s->size;
		atomic_store(&journal->spills, true);
	}
	if (alone) {
		atomic_fetch_add(&journal->alone, 1);
	}
	s->size += size;
	s->dirty = true;
	journal->written = true;
	journal->last_lsn++;
	bool awaited = journal->sync_awaited;
	journal->sync_awaited = false;
	pthread_mutex_unlock(&journal->lock);
	if (awaited) {
		bell_ring(&journal->bell);
	}
	if (alone && !spills && journal->saver_bell != NULL) {
		bell_ring(journal->saver_bell);
	}
	return alone;
}

enum chat_error journal_append(
	struct journal *journal, const struct message *message, bool has_room, uint64_t *lsn)
{
	size_t size = record_size(message);
	if (size == 0) {
		return CHAT_EINVALID;
	}
	enum chat_error error = prepare(journal, size);
	if (error != CHAT_OK) {
		return error;
	}
	uint64_t next = journal->last_lsn + 1;
	record_write(&journal->crc, journal->current->seed, next, message, journal->record);
	if (!write_record(journal, size)) {
		return CHAT_EUNAVAILABLE;
	}
	*lsn = publish(journal, size, has_room) ? 0 : next;
	accept_again(journal);
	return CHAT_OK;
}

size_t journal_alone(const struct journal *journal)
{
	return atomic_load(&journal->alone);
}

bool journal_spills(const struct journal *journal)
{
	return atomic_load(&journal->spills);
}

/* Reading back. */

static struct segment *find(const struct journal *journal, uint64_t number)
{
	struct segment *s = journal->oldest;
	while (s != NULL && s->number != number) {
		s = s->next;
	}
	return s;
}

/* Under the lock: where to go on. */
struct place {
	uint64_t number;
	uint64_t from;
	uint64_t end;
	uint32_t seed;
};

/* What the start has not set aside stays there.  The messages that are missing are counted at the
 * end. */
static void keep_damaged(struct journal *journal, uint64_t number)
{
	pthread_mutex_lock(&journal->lock);
	struct segment *s = find(journal, number);
	s->keep = !s->set_aside;
	pthread_mutex_unlock(&journal->lock);
}

/* It is passed over. */
static void cannot_read(struct journal *journal, uint64_t number, int error)
{
	journal_say(journal, STORE_ERROR,
		NAME_SEGMENT "-%016" PRIx64 " cannot be read: %s; what waits there is not stored, "
			     "and the file is kept as " NAME_DAMAGED "-%016" PRIx64,
		number, strerror(error), number);
	keep_damaged(journal, number);
}

static bool passes(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR;
}

/* False: later. */
static bool open_place(struct journal *journal, const struct place *place)
{
	int fd = journal_file(journal, NAME_SEGMENT, place->number, O_RDONLY);
	if (fd < 0 && passes(errno)) {
		return false;
	}
	if (fd < 0) {
		cannot_read(journal, place->number, errno);
	}
	reader_open(
		&journal->reader, fd, place->seed, fd < 0 ? place->end : place->from, place->end);
	journal->reading = place->number;
	journal->read_end = place->end;
	return true;
}

static bool begin_reading(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	const struct segment *s = find(journal, journal->spill_from);
	assert(s != NULL);
	struct place place = {s->number, journal->spill_at, s->size, s->seed};
	pthread_mutex_unlock(&journal->lock);
	return open_place(journal, &place);
}

/* The end of what was known: there is more in this file, or in the next, or it was the last, and
 * new messages go through the memory again. */
static bool go_on(struct journal *journal, size_t *lost)
{
	struct place next = {0};
	pthread_mutex_lock(&journal->lock);
	const struct segment *s = find(journal, journal->reading);
	assert(s != NULL);
	if (s->size > journal->read_end) {
		journal->reader.end = journal->read_end = s->size;
		pthread_mutex_unlock(&journal->lock);
		return true;
	}
	if (s->next != NULL) {
		s = s->next;
		next = (struct place){s->number, HEADER_SIZE, s->size, s->seed};
		journal->spill_from = next.number;
		journal->spill_at = next.from;
	} else {
		atomic_store(&journal->spills, false);
		journal->taken_lsn = journal->last_lsn;
		*lost = atomic_exchange(&journal->alone, 0);
	}
	pthread_mutex_unlock(&journal->lock);
	reader_close(&journal->reader);
	journal->reading = 0;
	return next.number != 0 && open_place(journal, &next);
}

static struct save_job *job_of(const struct journal *journal, const struct record *record)
{
	struct save_job *job = job_save(&record->message);
	if (job != NULL) {
		job->lsn = record->lsn;
		job->replayed = record->lsn < journal->run_lsn;
		if (job->replayed) {
			job->message.from = 0;
		}
	}
	return job;
}

/* False: no memory now. */
static bool take_record(
	struct journal *journal, const struct record *record, struct items *into, size_t *bytes)
{
	if (record->lsn <= journal->taken_lsn) {
		return true;
	}
	struct save_job *job = job_of(journal, record);
	if (job == NULL) {
		journal->reader.at -= record->size;
		return false;
	}
	journal_take(journal, job);
	items_append(into, &job->item);
	if (atomic_load(&journal->alone) > 0) {
		atomic_fetch_sub(&journal->alone, 1);
	}
	*bytes -= job->message.text.len < *bytes ? job->message.text.len : *bytes;
	return true;
}

size_t journal_read(
	struct journal *journal, struct items *into, size_t count, size_t bytes, size_t *lost)
{
	struct record record;
	uint64_t damage_at;
	size_t before = into->count;
	bool more = journal->reading != 0 || begin_reading(journal);

	*lost = 0;
	while (more && into->count - before < count && bytes > 0) {
		switch (reader_next(&journal->reader, &record, &damage_at)) {
		case READER_RECORD:
			more = take_record(journal, &record, into, &bytes);
			break;
		case READER_DAMAGE:
			keep_damaged(journal, journal->reading);
			break;
		case READER_FAILED:
			cannot_read(journal, journal->reading, errno);
			journal->reader.at = journal->reader.end;
			break;
		case READER_END:
			more = go_on(journal, lost);
			break;
		}
	}
	if (*lost > 0) {
		journal_say(journal, STORE_ERROR, "%zu messages could not be read back", *lost);
	}
	return into->count - before;
}

/* What is taken and not settled. */

void journal_take(struct journal *journal, struct save_job *job)
{
	assert(job->lsn > journal->taken_lsn);
	job->older = journal->newest_job;
	job->newer = NULL;
	if (journal->newest_job == NULL) {
		journal->oldest_job = job;
	} else {
		journal->newest_job->newer = job;
	}
	journal->newest_job = job;
	journal->taken_lsn = job->lsn;
}

void journal_settle(struct journal *journal, struct save_job *job)
{
	if (job->older == NULL) {
		journal->oldest_job = job->newer;
	} else {
		job->older->newer = job->newer;
	}
	if (job->newer == NULL) {
		journal->newest_job = job->older;
	} else {
		job->newer->older = job->older;
	}
}

bool journal_write_position(struct journal *journal)
{
	unsigned char bytes[BLOCK_SIZE];
	journal->position.id = journal->id;
	journal->position.count++;
	position_write(&journal->crc, &journal->position, bytes);
	off_t slot = journal->position.count % 2 == 0 ? 0 : POSITION_SLOT;
	atomic_store(&journal->position_dirty, true);
	return pwrite(journal->position_file, bytes, sizeof(bytes), slot) == sizeof(bytes);
}

void journal_note(struct journal *journal)
{
	uint64_t settled =
		journal->oldest_job != NULL ? journal->oldest_job->lsn - 1 : journal->taken_lsn;
	if (settled == journal->position.settled) {
		journal_gather(journal);
		return;
	}
	journal->position.settled = settled;
	if (!journal_write_position(journal) && !journal->position_said) {
		/* Harmless: the next start looks at more. */
		journal->position_said = true;
		journal_say(journal, STORE_WARNING, "the position cannot be written: %s",
			strerror(errno));
	}
	journal_retire_settled(journal);
	journal_gather(journal);
}

/* The journal's thread. */

/* Under the lock, which it leaves for the length of the sync.  False: it failed. */
static bool sync_segment(struct journal *journal, struct segment *s)
{
	s->dirty = false;
	s->syncing = true;
	pthread_mutex_unlock(&journal->lock);
	bool good = fdatasync(s->fd) == 0;
	pthread_mutex_lock(&journal->lock);
	s->syncing = false;
	s->dirty = s->dirty || !good;
	journal->written = journal->written || !good;
	return good;
}

/* The first that is to be synced or closed, from this number on. */
static struct segment *find_work(const struct journal *journal, uint64_t number)
{
	struct segment *s = journal->oldest;
	while (s != NULL &&
		(s->number < number || s->fd < 0 || (!s->dirty && s == journal->newest))) {
		s = s->next;
	}
	return s;
}

static bool sync_segments(struct journal *journal)
{
	bool good = true;
	struct segment *s;
	pthread_mutex_lock(&journal->lock);
	journal->written = false;
	for (uint64_t number = 0; (s = find_work(journal, number)) != NULL;) {
		number = s->number + 1;
		good = (!s->dirty || sync_segment(journal, s)) && good;
		if (s->gone) {
			free_segment(s);
		} else if (!s->dirty && s != journal->newest) {
			close(s->fd);
			s->fd = -1;
		}
	}
	pthread_mutex_unlock(&journal->lock);
	return good;
}

static void sync_position(struct journal *journal)
{
	int64_t now = clock_ms();
	if (now - journal->position_synced >= POSITION_SYNC_MS &&
		atomic_exchange(&journal->position_dirty, false)) {
		journal->position_synced = now;
		(void)fdatasync(journal->position_file);
	}
}

static bool sync_all(struct journal *journal)
{
	errno = 0;
	bool good = sync_segments(journal);
	int error = errno;
	if (!sync_folder(journal)) {
		good = false;
		error = errno;
	}
	sync_position(journal);
	if (!good && !atomic_exchange(&journal->sick, true)) {
		journal_say(journal, STORE_ERROR,
			"cannot sync %s: %s: messages are refused, and what was accepted in the "
			"last moments would not survive the end of the machine",
			journal->name, strerror(error));
	} else if (good && atomic_exchange(&journal->sick, false)) {
		journal_say(journal, STORE_NOTICE, "can be synced again");
	}
	return good;
}

/* True: something is written.  Otherwise the next append rings. */
static bool has_work(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	bool work = journal->written;
	journal->sync_awaited = !work;
	pthread_mutex_unlock(&journal->lock);
	return work;
}

static void *run(void *arg)
{
	struct journal *journal = arg;
	bool good = true;
	for (;;) {
		int64_t until = NEVER;
		if (has_work(journal)) {
			until = clock_ms() + (good ? journal->sync_ms : SICK_PAUSE_MS);
		}
		switch (bell_wait(&journal->bell, NO_SOCKET, 0, until)) {
		case BELL_STOP:
			return NULL;
		case BELL_TIMEOUT:
			good = sync_all(journal);
			break;
		case BELL_RANG:
		case BELL_SOCKET:
			break;
		}
	}
}

bool journal_start(struct journal *journal)
{
	if (journal == NULL || journal->sync_ms == 0) {
		return true;
	}
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	journal->started = pthread_create(&journal->thread, NULL, run, journal) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return journal->started;
}

void journal_free(struct journal *journal)
{
	struct segment *s;
	while ((s = journal->oldest) != NULL) {
		journal->oldest = s->next;
		free_segment(s);
	}
	const int files[] = {journal->position_file, journal->lock_file, journal->folder};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i] >= 0) {
			close(files[i]);
		}
	}
	reader_finish(&journal->reader);
	bell_finish(&journal->bell);
	pthread_mutex_destroy(&journal->lock);
	free(journal->record);
	free(journal->spares);
	free(journal->name);
	free(journal);
}

/* Nothing waits: nothing of what people wrote stays behind. */
static void retire_all(struct journal *journal)
{
	journal->current = NULL;
	struct segment *s;
	while ((s = journal->oldest) != NULL) {
		journal->oldest = s->next;
		journal->segments--;
		journal_drop_segment(journal, s);
	}
	journal->newest = NULL;
}

bool journal_close(struct journal *journal, int64_t until)
{
	if (journal == NULL) {
		return true;
	}
	if (journal->started) {
		bell_stop(&journal->bell, clock_ms());
		if (!thread_join(journal->thread, until)) {
			return false;
		}
	}
	journal_note(journal);
	if (journal->position.settled == journal->last_lsn) {
		retire_all(journal);
	}
	journal->position_synced = 0;
	(void)sync_all(journal);
	journal_free(journal);
	return true;
}
