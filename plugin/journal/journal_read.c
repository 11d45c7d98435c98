/* The saver's side of the journal: reading back what did not go through the memory, and settling.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal_state.h"

uint64_t journal_bytes(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	uint64_t bytes = journal->bytes;
	pthread_mutex_unlock(&journal->lock);
	return bytes;
}

size_t journal_alone(const struct journal *journal)
{
	return atomic_load(&journal->alone);
}

bool journal_spills(const struct journal *journal)
{
	return atomic_load(&journal->spills);
}

static bool passes(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR;
}

static void drop_piece(struct journal *journal)
{
	free(journal->piece);
	journal->piece = NULL;
	reader_begin(&journal->reader, 0, NULL, 0, 0);
}

/* Loads what there is of the segment from read_at on.  False: later. */
static bool load_piece(struct journal *journal)
{
	size_t len = 0;
	pthread_mutex_lock(&journal->lock);
	const struct segment *s = journal->reading;
	uint64_t from = journal->read_at;
	uint64_t to = s->size;
	pthread_mutex_unlock(&journal->lock);
	journal->piece = journal_load(journal, s->header.number, from, to, &len);
	if (journal->piece == NULL && passes(errno)) {
		return false;
	}
	journal->read_error = journal->piece == NULL ? errno : 0;
	reader_begin(&journal->reader, record_seed(&s->header), journal->piece, len, 0);
	journal->piece_at = from;
	pthread_mutex_lock(&journal->lock);
	journal->read_at = to;
	pthread_mutex_unlock(&journal->lock);
	return true;
}

static void say_lost(const struct journal *journal, uint64_t number, size_t lost)
{
	bool failed = journal->read_error != 0;
	journal_say(journal, JOURNAL_ERROR,
		SEGMENT_FORMAT " %s%s: %zu messages that waited there are lost, and it is kept "
			       "as " DAMAGED_FORMAT,
		number, failed ? "cannot be read: " : "is damaged",
		failed ? strerror(journal->read_error) : "", lost, number);
}

/* When all of the segment is read: goes on to the next.  False: it was the last, and new messages
 * go through the memory again.  *lost: messages that were in it and could not be read. */
static bool go_on(struct journal *journal, size_t *lost)
{
	bool more = true;
	*lost = 0;
	pthread_mutex_lock(&journal->lock);
	struct segment *s = journal->reading;
	uint64_t number = s->header.number;
	if (journal->read_at >= s->size) {
		*lost = atomic_exchange(&s->unread, 0);
		if (*lost > 0) {
			atomic_store(&s->damaged, true);
			atomic_fetch_sub(&s->unsettled, *lost);
			atomic_fetch_sub(&journal->alone, *lost);
		}
		more = s->next != NULL;
		journal->reading = s->next;
		journal->read_at = HEADER_SIZE;
		atomic_store(&journal->spills, more);
		journal_tell(journal, &journal->settled);
	}
	pthread_mutex_unlock(&journal->lock);
	if (*lost > 0) {
		say_lost(journal, number, *lost);
	}
	return more;
}

/* The message that was read back, with its place in `reading`. */
static bool hand_out(struct journal *journal, struct record *record, journal_take *take, void *arg)
{
	struct segment *s = journal->reading;
	bool replayed = s->header.number < journal->first_segment;
	uint64_t at = journal->piece_at + journal->reader.at - record->size;
	if (replayed) {
		record->message.from = 0;
	}
	if (!take(arg, &record->message, (struct journal_place){s, at}, replayed)) {
		journal->reader.at -= record->size;
		journal->reader.number = record->number - 1;
		return false;
	}
	atomic_fetch_sub(&s->unread, 1);
	atomic_fetch_sub(&journal->alone, 1);
	return true;
}

size_t journal_read(struct journal *journal, journal_take *take, void *arg)
{
	struct record record;
	size_t skipped;
	size_t lost_here;
	size_t lost = 0;
	bool more = journal_spills(journal);
	while (more) {
		if (reader_next(&journal->reader, &record, &skipped)) {
			more = record.struck_out || hand_out(journal, &record, take, arg);
			continue;
		}
		drop_piece(journal);
		more = go_on(journal, &lost_here) && load_piece(journal);
		lost += lost_here;
	}
	return lost;
}

/* The database would not know it by its key. */
static void strike_out(const struct journal *journal, struct journal_place place)
{
	static const unsigned char strike = RECORD_STRIKE;
	int fd = journal_file(journal, place.segment->header.number, O_WRONLY);
	if (fd >= 0) {
		(void)!pwrite(fd, &strike, 1, (off_t)(place.at + RECORD_STRIKE_AT));
		close(fd);
	}
}

void journal_settle(struct journal *journal, struct journal_place place, bool stored)
{
	if (!stored) {
		strike_out(journal, place);
	}
	if (atomic_fetch_sub(&place.segment->unsettled, 1) > 1) {
		return;
	}
	/* It may be gone by now. */
	pthread_mutex_lock(&journal->lock);
	if (place.segment != journal->current) {
		journal_tell(journal, &journal->settled);
	}
	pthread_mutex_unlock(&journal->lock);
}
