/* The bytes of the journal's files: a header, then records, each with one message.  All numbers are
 * little-endian, and everything carries a CRC-32C.  Knows no file, no thread and no clock.
 *
 * The first edition of the plugin wrote the same format, so its files are read too. */
#ifndef CHAT_RECORD_H
#define CHAT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "slice.h"

/* No number of a file or message comes near this; bytes that say more are damaged. */
#define NUMBER_MAX (UINT64_C(1) << 62)

/* A block begins with magic bytes and the version and ends with its checksum.  That stays so in
 * later versions, so that each can tell the files of another. */
#define FORMAT_VERSION 1
#define BLOCK_SIZE 64

/* A header is one block, written twice: damage to one of them costs nothing. */
#define HEADER_SIZE (2 * BLOCK_SIZE)

struct header {
	uint64_t id;     /* the same in all files of a folder; random in the first edition */
	uint64_t number; /* the file's */
	uint64_t first;  /* the number of its first message */
	/* Files with numbers between `number` and this one have been removed by the journal itself;
	 * 0: none.  The first edition has another number here, which is never lower. */
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

/* A message as it lies in a file. */
struct record {
	uint64_t number;        /* rises by one from message to message, across files */
	size_t size;            /* bytes in the file */
	bool struck_out;        /* it is settled, and not to be handed out again */
	struct message message; /* its slices point into the bytes that were read */
};

#define RECORD_HEAD 20
#define RECORD_FIXED 46 /* key, time, sender's connection and lengths */
#define RECORD_MIN (RECORD_HEAD + RECORD_FIXED)
#define RECORD_MORE 12 /* reply_to and the length of data, in records that have one of them */
#define RECORD_MAX                                                                                 \
	(RECORD_MIN + ROOM_MAX + 2 * ID_MAX + NAME_MAX_BYTES + REF_MAX + TEXT_MAX + RECORD_MORE +  \
		DATA_MAX)

/* A record is struck out by writing this byte at this offset, which the checksum does not cover. */
#define RECORD_STRIKE_AT 3
#define RECORD_STRIKE 's'

/* The checksums of a file's records begin with this, so that bytes that were copied from another
 * file are no record. */
uint32_t record_seed(const struct header *header);

/* The bytes that a message takes in a file; 0 when it is longer than the wire allows. */
size_t record_size(const struct message *message);

/* Writes record_size(message) bytes. */
void record_write(
	uint32_t seed, uint64_t number, const struct message *message, unsigned char *bytes);

/* Finds records in bytes, one after the other, and skips what is damaged. */
struct reader {
	const unsigned char *bytes;
	size_t len;
	size_t at;  /* where the next record may begin */
	size_t end; /* where the last one that was found ends */
	uint32_t seed;
	/* Of the last record.  A record whose number is not higher is passed over: the first
	 * edition could leave a message in two files. */
	uint64_t number;
};

/* Begins to read at the offset `at`; `number` is kept from the bytes that were read before. */
void reader_begin(
	struct reader *reader, uint32_t seed, const unsigned char *bytes, size_t len, size_t at);

/* False at the end.  *skipped: how many damaged bytes stood before the record, or before the end.
 */
MUST_CHECK bool reader_next(struct reader *reader, struct record *record, size_t *skipped);

#endif
