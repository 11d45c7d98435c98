/* A room that stays locked for an hour would hold on to every file since its first message,
 * although all the rest is stored: what is not settled in the oldest files, which the saver has in
 * its memory, is gathered into one. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "journal_state.h"

/* The oldest files, as far as the saver has taken all of their messages. */
struct range {
	uint64_t first_lsn;
	uint64_t end_lsn; /* behind the last */
	uint64_t number;  /* of the last */
	size_t count;
	bool busy; /* not synced yet, or to be kept */
};

static struct range find_range(struct journal *journal)
{
	struct range range = {0};
	pthread_mutex_lock(&journal->lock);
	const struct segment *s = journal->oldest;
	range.first_lsn = s == NULL ? 0 : s->first_lsn;
	for (; s != NULL && s->next != NULL && s->next->first_lsn <= journal->taken_lsn + 1;
		s = s->next) {
		range.end_lsn = s->next->first_lsn;
		range.number = s->number;
		range.count++;
		range.busy = range.busy || s->fd >= 0 || s->keep;
	}
	pthread_mutex_unlock(&journal->lock);
	return range;
}

static bool fits(const struct journal *journal, uint64_t end_lsn)
{
	uint64_t size = HEADER_SIZE;
	const struct save_job *job = journal->oldest_job;
	for (; job != NULL && job->lsn < end_lsn; job = job->newer) {
		size += record_size(&job->message);
		if (size > journal->segment_size) {
			return false;
		}
	}
	return true;
}

static bool write_all(int fd, const unsigned char *bytes, size_t size, uint64_t at)
{
	return pwrite(fd, bytes, size, (off_t)at) == (ssize_t)size;
}

/* Returns the size of the file, 0 when it could not be written. */
static uint64_t write_records(
	const struct journal *journal, int fd, const struct range *range, unsigned char *bytes)
{
	uint32_t seed = record_seed(&journal->crc, journal->id, range->number);
	struct header header = {journal->id, range->number, range->first_lsn, range->end_lsn};
	header_write(&journal->crc, &header, bytes);
	if (!write_all(fd, bytes, HEADER_SIZE, 0)) {
		return 0;
	}
	uint64_t at = HEADER_SIZE;
	const struct save_job *job = journal->oldest_job;
	for (; job != NULL && job->lsn < range->end_lsn; job = job->newer) {
		size_t size = record_size(&job->message);
		record_write(&journal->crc, seed, job->lsn, &job->message, bytes);
		if (!write_all(fd, bytes, size, at)) {
			return 0;
		}
		at += size;
	}
	return fdatasync(fd) == 0 ? at : 0;
}

/* Puts the new file in place of the range's last, on the disk too: only then may the others go. */
static uint64_t write_file(const struct journal *journal, const struct range *range)
{
	char name[SEGMENT_NAME_MAX];
	char new[SEGMENT_NAME_MAX];
	segment_name(name, NAME_SEGMENT, range->number);
	segment_name(new, NAME_NEW, range->number);
	unsigned char *bytes = malloc(RECORD_MAX);
	int fd = bytes == NULL ? -1
	                       : journal_file(journal, NAME_NEW, range->number,
					 O_WRONLY | O_CREAT | O_TRUNC);
	uint64_t size = fd < 0 ? 0 : write_records(journal, fd, range, bytes);
	if (fd >= 0) {
		close(fd);
	}
	free(bytes);
	if (size == 0 || renameat(journal->folder, new, journal->folder, name) != 0) {
		(void)unlinkat(journal->folder, new, 0);
		return 0;
	}
	(void)fsync(journal->folder);
	return size;
}

/* The range's others are taken out of the list. */
static struct segment *replace(struct journal *journal, const struct range *range, uint64_t size)
{
	pthread_mutex_lock(&journal->lock);
	struct segment *gone = journal->oldest;
	struct segment *s = gone;
	struct segment *before = NULL;
	while (s->number != range->number) {
		before = s;
		s = s->next;
	}
	before->next = NULL;
	journal->oldest = s;
	journal->segments -= range->count - 1;
	s->first_lsn = range->first_lsn;
	s->size = size;
	s->seed = record_seed(&journal->crc, journal->id, range->number);
	s->set_aside = false;
	if (journal->reading != 0 && journal->reading <= range->number) {
		/* All of the range was read. */
		reader_close(&journal->reader);
		journal->reading = 0;
		journal->spill_from = s->next->number;
		journal->spill_at = HEADER_SIZE;
	}
	pthread_mutex_unlock(&journal->lock);
	return gone;
}

void journal_gather(struct journal *journal)
{
	struct range range = find_range(journal);
	if (range.count < 2 || range.count < journal->segments_max / 4 || range.busy ||
		range.number == journal->gathered || !fits(journal, range.end_lsn)) {
		return;
	}
	/* Not again before there is more to be gained. */
	journal->gathered = range.number;
	uint64_t size = write_file(journal, &range);
	if (size == 0) {
		return;
	}
	struct segment *s = replace(journal, &range, size);
	while (s != NULL) {
		struct segment *next = s->next;
		journal_drop_segment(journal, s);
		s = next;
	}
}
