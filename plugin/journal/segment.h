/* Reads a file of the journal from record to record, around what is damaged, with a window of fixed
 * size; and knows the files' names. */
#ifndef CHAT_SEGMENT_H
#define CHAT_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

/* "<kind>-<number>"; the number has 16 hexadecimal digits, so names sort like numbers. */
#define NAME_SEGMENT "segment"
#define NAME_SPARE "spare" /* emptied, to be used again */
#define NAME_NEW "new"     /* on its way to becoming a segment */
#define NAME_DAMAGED "damaged"
#define SEGMENT_NAME_MAX 64

void segment_name(char name[SEGMENT_NAME_MAX], const char *kind, uint64_t number);
/* False: not a name of that kind. */
MUST_CHECK bool segment_number(const char *name, const char *kind, uint64_t *number);

#define READER_WINDOW ((size_t)128 * 1024)

struct reader {
	const struct crc32c *crc;
	int fd; /* -1: nothing is open */
	uint32_t seed;
	uint64_t at;  /* the next byte to be looked at */
	uint64_t end; /* beyond that nothing is read */
	/* What is in the window. */
	unsigned char *window;
	uint64_t window_at;
	size_t window_len;
};

enum reader_event {
	READER_RECORD,
	READER_DAMAGE, /* no record from `damage_at` to `at`; the next event is a record or the end
	                */
	READER_END,
	READER_FAILED, /* the file cannot be read; errno says why */
};

/* False: out of memory. */
MUST_CHECK bool reader_init(struct reader *reader, const struct crc32c *crc);
void reader_finish(struct reader *reader);

/* Takes the file. */
void reader_open(struct reader *reader, int fd, uint32_t seed, uint64_t from, uint64_t end);
void reader_close(struct reader *reader);

/* The record's slices live until the next call. */
MUST_CHECK enum reader_event reader_next(
	struct reader *reader, struct record *record, uint64_t *damage_at);

#endif
