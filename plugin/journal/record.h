/* The bytes of the journal's files: a header, and behind it records, each with a message.  All
 * numbers are little-endian, everything carries a CRC-32C.  Knows no file, no thread, no clock.
 *
 * What the first edition of the plugin wrote is read as well: its format is the same. */
#ifndef CHAT_RECORD_H
#define CHAT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "slice.h"

/* Far beyond what is ever reached; what says more is damaged. */
#define NUMBER_MAX (UINT64_C(1) << 62)

/* What every reader of later versions finds in the same place too: magic, version, and the checksum
 * of a block at its end. */
#define FORMAT_VERSION 1
#define BLOCK_SIZE 64

/* A file begins with this block, twice: a bit that flips in one of them costs nothing. */
#define HEADER_SIZE (2 * BLOCK_SIZE)

struct header {
	uint64_t id;     /* the journal's; the first edition gave each folder a random one */
	uint64_t number; /* of the file */
	uint64_t first;  /* the number of its first message */
	/* The files between this one and that number are gone because all of their messages were
	 * settled.  0: none.  In the first edition another number, which is never lower. */
	uint64_t next;
};

enum header_state {
	HEADER_GOOD,
	HEADER_DAMAGED,
	HEADER_FOREIGN, /* whole, but of a version that is not ours */
};

void header_write(const struct header *header, unsigned char bytes[HEADER_SIZE]);
MUST_CHECK enum header_state header_read(
	const unsigned char bytes[HEADER_SIZE], struct header *header);

/* A message with its number, which rises by one from record to record. */
struct record {
	uint64_t number;
	size_t size;            /* in the file */
	bool settled;           /* struck out: not to be stored any more */
	struct message message; /* points into the bytes that were read; as it was sent */
};

#define RECORD_HEAD 20
#define RECORD_FIXED 46 /* key, time, sender's connection and lengths */
#define RECORD_MIN (RECORD_HEAD + RECORD_FIXED)
#define RECORD_MORE 12 /* reply_to and the length of the data; only where there is one of them */
#define RECORD_MAX                                                                                 \
	(RECORD_MIN + ROOM_MAX + 2 * ID_MAX + NAME_MAX_BYTES + REF_MAX + TEXT_MAX + RECORD_MORE +  \
		DATA_MAX)

/* A record is struck out by this byte at this place, which the checksum does not cover. */
#define RECORD_STRIKE_AT 3
#define RECORD_STRIKE 's'

/* Where the checksums of a file's records begin: what was copied from another file is no record. */
uint32_t record_seed(const struct header *header);

/* 0: no message that the wire allows. */
size_t record_size(const struct message *message);

/* Writes record_size(message) bytes. */
void record_write(
	uint32_t seed, uint64_t number, const struct message *message, unsigned char *bytes);

/* Reads records one after the other, around what is damaged. */
struct reader {
	const unsigned char *bytes; /* whole records, or whatever a damaged file has */
	size_t len;
	size_t at;  /* where the next record may begin */
	size_t end; /* of the last one */
	uint32_t seed;
	/* Of the last record.  Others that are not higher are passed over: the first edition may
	 * have left a message in two files. */
	uint64_t number;
};

/* Begins at `at`.  The number of the last record, of other bytes, stays. */
void reader_begin(
	struct reader *reader, uint32_t seed, const unsigned char *bytes, size_t len, size_t at);

/* False at the end.  *skipped: so many bytes before the record, or the end, are no record. */
MUST_CHECK bool reader_next(struct reader *reader, struct record *record, size_t *skipped);

#endif
