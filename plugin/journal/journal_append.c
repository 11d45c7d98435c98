/* The broker's side of the journal: a message is in it before it is acknowledged. */
#include <errno.h>
#include <fcntl.h>
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
		journal_say(journal, JOURNAL_WARNING,
			"full, %" PRIu64 " MiB wait to be stored: messages are refused",
			journal->limit >> 20);
	} else if (error != 0) {
		journal_say(journal, JOURNAL_ERROR, "cannot write to %s: %s: messages are refused",
			journal->name, strerror(error));
	}
}

static void accept_again(struct journal *journal)
{
	if (journal->refusal != REFUSAL_NONE && journal->refusal_said) {
		journal_say(journal, JOURNAL_NOTICE, "takes messages again");
	}
	journal->refusal = REFUSAL_NONE;
	journal->refusal_said = false;
}

/* The current segment, if it has room for so many bytes.  Nobody removes it meanwhile, for it
 * counts one message more.  NULL: it is current no longer. */
static struct segment *reserve(struct journal *journal, size_t size)
{
	pthread_mutex_lock(&journal->lock);
	struct segment *s = journal->current;
	if (s != NULL && (s->removed || s->size + size > journal->segment_size)) {
		journal->current = s = NULL;
		journal_tell(journal, &journal->settled);
	}
	if (s != NULL) {
		atomic_fetch_add(&s->unsettled, 1);
	}
	pthread_mutex_unlock(&journal->lock);
	return s;
}

static bool write_header(int fd, const struct header *header)
{
	unsigned char bytes[HEADER_SIZE];
	header_write(header, bytes);
	errno = ENOSPC; /* in case it is written in part */
	return pwrite(fd, bytes, HEADER_SIZE, 0) == HEADER_SIZE;
}

/* A new file, not in the list yet.  NULL: errno says why not. */
static struct segment *make_segment(struct journal *journal)
{
	struct segment *s = segment_new();
	if (s == NULL) {
		return NULL;
	}
	s->header = (struct header){
		.id = journal->id,
		.number = journal->next_segment,
		.first = journal->next_message,
	};
	s->size = HEADER_SIZE;
	s->fd = journal_file(journal, s->header.number, O_WRONLY | O_CREAT | O_TRUNC);
	if (s->fd < 0 || !write_header(s->fd, &s->header)) {
		int error = errno;
		if (s->fd >= 0) {
			journal_remove(journal, s);
		}
		segment_free(s);
		errno = error;
		return NULL;
	}
	return s;
}

static bool is_full(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	bool full = journal->bytes + journal->segment_size > journal->limit;
	pthread_mutex_unlock(&journal->lock);
	return full;
}

static void put_in_use(struct journal *journal, struct segment *s)
{
	atomic_init(&s->unsettled, 1); /* as if reserved */
	pthread_mutex_lock(&journal->lock);
	if (journal->newest == NULL) {
		journal->oldest = s;
	} else {
		journal->newest->next = s;
	}
	journal->newest = journal->current = s;
	journal->bytes += s->size;
	journal->folder_dirty = true;
	pthread_mutex_unlock(&journal->lock);
	journal->next_segment++;
}

/* A segment with room for so many bytes, reserved. */
static enum chat_error prepare(struct journal *journal, size_t size, struct segment **segment)
{
	if (atomic_load(&journal->sync_failing)) {
		/* What was written to a file that could not be synced may be lost even if a later
		 * sync succeeds: nothing new goes there. */
		(void)reserve(journal, SIZE_MAX / 2);
		refuse(journal, REFUSAL_DISK, 0);
		return CHAT_EUNAVAILABLE;
	}
	*segment = reserve(journal, size);
	if (*segment == NULL) {
		if (is_full(journal)) {
			refuse(journal, REFUSAL_FULL, 0);
			return CHAT_EBUSY;
		}
		*segment = make_segment(journal);
		if (*segment == NULL) {
			refuse(journal, REFUSAL_DISK, errno);
			return CHAT_EUNAVAILABLE;
		}
		put_in_use(journal, *segment);
	}
	return CHAT_OK;
}

static bool sync_record(struct journal *journal, const struct segment *s)
{
	/* A file's name is on the disk before the first message in it is. */
	return journal->sync_ms != 0 || (journal_sync_folder(journal) && fdatasync(s->fd) == 0);
}

static bool write_record(struct journal *journal, const struct segment *s, size_t size)
{
	errno = ENOSPC; /* in case it is written in part */
	if (pwrite(s->fd, journal->record, size, (off_t)s->size) == (ssize_t)size &&
		sync_record(journal, s)) {
		return true;
	}
	int error = errno;
	/* If this fails too, the next record lies over it. */
	(void)!ftruncate(s->fd, (off_t)s->size);
	refuse(journal, REFUSAL_DISK, error);
	return false;
}

/* The record is written: now the other threads may know of it. */
static struct journal_place publish(
	struct journal *journal, struct segment *s, size_t size, bool has_room)
{
	pthread_mutex_lock(&journal->lock);
	struct journal_place place = {s, s->size};
	bool spills = atomic_load(&journal->spills);
	bool alone = spills || !has_room;
	if (alone && !spills) {
		journal->reading = s;
		journal->read_at = s->size;
		atomic_store(&journal->spills, true);
	}
	if (alone) {
		atomic_fetch_add(&s->unread, 1);
		atomic_fetch_add(&journal->alone, 1);
	}
	s->size += size;
	s->dirty = journal->sync_ms != 0;
	journal->bytes += size;
	journal_tell(journal, &journal->written);
	pthread_mutex_unlock(&journal->lock);
	if (alone && !spills && journal->spilling != NULL) {
		journal->spilling(journal->spilling_arg);
	}
	return alone ? (struct journal_place){0} : place;
}

enum chat_error journal_append(struct journal *journal, const struct message *message,
	bool has_room, struct journal_place *place)
{
	struct segment *s;
	size_t size = record_size(message);
	*place = (struct journal_place){0};
	if (size == 0) {
		return CHAT_EINVALID;
	}
	enum chat_error error = prepare(journal, size, &s);
	if (error != CHAT_OK) {
		return error;
	}
	record_write(record_seed(&s->header), journal->next_message, message, journal->record);
	if (!write_record(journal, s, size)) {
		atomic_fetch_sub(&s->unsettled, 1);
		return CHAT_EUNAVAILABLE;
	}
	journal->next_message++;
	*place = publish(journal, s, size, has_room);
	accept_again(journal);
	return CHAT_OK;
}
