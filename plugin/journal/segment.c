#include "segment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGITS 16

void segment_name(char name[SEGMENT_NAME_MAX], const char *kind, uint64_t number)
{
	snprintf(name, SEGMENT_NAME_MAX, "%s-%016" PRIx64, kind, number);
}

bool segment_number(const char *name, const char *kind, uint64_t *number)
{
	size_t len = strlen(kind);
	if (strncmp(name, kind, len) != 0 || name[len] != '-' || strlen(name + len + 1) != DIGITS ||
		strspn(name + len + 1, "0123456789abcdef") != DIGITS) {
		return false;
	}
	*number = strtoull(name + len + 1, NULL, 16);
	return *number != 0 && *number <= NUMBER_MAX;
}

bool reader_init(struct reader *reader, const struct crc32c *crc)
{
	*reader = (struct reader){.crc = crc, .fd = -1};
	reader->window = malloc(READER_WINDOW);
	return reader->window != NULL;
}

void reader_finish(struct reader *reader)
{
	reader_close(reader);
	free(reader->window);
	reader->window = NULL;
}

void reader_open(struct reader *reader, int fd, uint32_t seed, uint64_t from, uint64_t end)
{
	reader_close(reader);
	reader->fd = fd;
	reader->seed = seed;
	reader->at = from;
	reader->end = end;
	reader->window_len = 0;
}

void reader_close(struct reader *reader)
{
	if (reader->fd >= 0) {
		close(reader->fd);
		reader->fd = -1;
	}
}

/* Fills the window from `at` on. */
static bool fill(struct reader *reader)
{
	reader->window_at = reader->at;
	reader->window_len = 0;
	uint64_t left = reader->end - reader->at;
	size_t size = left < READER_WINDOW ? (size_t)left : READER_WINDOW;
	while (reader->window_len < size) {
		ssize_t got = pread(reader->fd, reader->window + reader->window_len,
			size - reader->window_len, (off_t)(reader->at + reader->window_len));
		if (got < 0 && errno != EINTR) {
			return false;
		}
		if (got == 0) {
			/* Shorter than it should be. */
			reader->end = reader->at + reader->window_len;
			break;
		}
		reader->window_len += got > 0 ? (size_t)got : 0;
	}
	return true;
}

/* What comes at `at`: a whole record's length of it, if the file goes on so far. */
static bool look(struct reader *reader, const unsigned char **bytes, size_t *len)
{
	uint64_t window_end = reader->window_at + reader->window_len;
	bool covered = reader->at >= reader->window_at && reader->at <= window_end &&
	               (window_end - reader->at >= RECORD_MAX || window_end >= reader->end);
	if ((!covered || reader->window_len == 0) && !fill(reader)) {
		return false;
	}
	size_t skip = (size_t)(reader->at - reader->window_at);
	*bytes = reader->window + skip;
	*len = reader->window_len - skip;
	if (*len > reader->end - reader->at) {
		*len = (size_t)(reader->end - reader->at);
	}
	return true;
}

/* Goes on to where the next sound record begins, or to the end. */
static bool search(struct reader *reader)
{
	struct record record;
	reader->at++;
	while (reader->at < reader->end) {
		const unsigned char *bytes;
		size_t len;
		if (!look(reader, &bytes, &len)) {
			return false;
		}
		size_t skip = record_search(bytes, len);
		reader->at += skip;
		if (skip < len) {
			if (!look(reader, &bytes, &len)) {
				return false;
			}
			if (record_read(reader->crc, reader->seed, bytes, len, &record)) {
				return true;
			}
			reader->at++;
		}
	}
	return true;
}

enum reader_event reader_next(struct reader *reader, struct record *record, uint64_t *damage_at)
{
	const unsigned char *bytes;
	size_t len;
	if (reader->at >= reader->end) {
		return READER_END;
	}
	if (!look(reader, &bytes, &len)) {
		return READER_FAILED;
	}
	if (len == 0) {
		return READER_END;
	}
	if (record_read(reader->crc, reader->seed, bytes, len, record)) {
		reader->at += record->size;
		return READER_RECORD;
	}
	*damage_at = reader->at;
	return search(reader) ? READER_DAMAGE : READER_FAILED;
}
