/* The broker's side of the journal: a message is in it before it is acknowledged. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "journal_state.h"

/* A disk that stays full is worth a line now and then, and not one for each message. */
#define SAY_AGAIN_MS 30000

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
	struct segment *segment = journal_new_segment(journal);
	if (segment == NULL) {
		refuse(journal, REFUSAL_DISK, errno);
		return CHAT_EUNAVAILABLE;
	}
	put_in_use(journal, segment);
	return CHAT_OK;
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
	if (journal->sync_ms == 0 && !journal_sync_folder(journal)) {
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
		wakeup_ring(&journal->wakeup);
	}
	if (alone && !spills && journal->saver_wakeup != NULL) {
		wakeup_ring(journal->saver_wakeup);
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
