/* The saver's side of the journal: reading back what did not go through the memory, and noting what
 * is settled. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "journal_state.h"

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
