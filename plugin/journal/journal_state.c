#include "journal_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

void journal_free_segment(struct segment *segment)
{
	if (segment->fd >= 0) {
		close(segment->fd);
	}
	free(segment);
}

void journal_drop_segment(struct journal *journal, struct segment *segment)
{
	journal_retire(journal, segment->number, segment->keep);
	journal_free_segment(segment);
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

struct segment *journal_new_segment(struct journal *journal)
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
		journal_free_segment(done);
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

bool journal_sync_folder(struct journal *journal)
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

void journal_free(struct journal *journal)
{
	struct segment *s;
	while ((s = journal->oldest) != NULL) {
		journal->oldest = s->next;
		journal_free_segment(s);
	}
	const int files[] = {journal->position_file, journal->lock_file, journal->folder};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i] >= 0) {
			close(files[i]);
		}
	}
	reader_finish(&journal->reader);
	wakeup_finish(&journal->wakeup);
	pthread_mutex_destroy(&journal->lock);
	free(journal->record);
	free(journal->spares);
	free(journal->name);
	free(journal);
}
