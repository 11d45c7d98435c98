/* The bytes of the journal's files: segment headers, records, positions.  All numbers are
 * little-endian, everything carries a CRC-32C.  Knows no file, no thread and no clock. */
#ifndef CHAT_RECORD_H
#define CHAT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crc32c.h"
#include "message.h"
#include "slice.h"

/* What every reader of later versions finds in the same place too: magic, version, and the checksum
 * of a block at its end. */
#define FORMAT_VERSION 1
#define BLOCK_SIZE 64

/* Far beyond what is ever reached; what says more is damaged. */
#define NUMBER_MAX (UINT64_C(1) << 62)

enum block_state {
	BLOCK_GOOD,
	BLOCK_DAMAGED,
	BLOCK_FOREIGN, /* whole, but of a version that is not ours */
};

/* A segment begins with this, twice: a byte that turns in one of them does not cost the rest. */
#define HEADER_SIZE (2 * BLOCK_SIZE)

struct header {
	uint64_t id;        /* the journal's own, random */
	uint64_t number;    /* of the segment */
	uint64_t first_lsn; /* where its range begins */
	uint64_t end_lsn;   /* behind its range; 0: it has all from first_lsn on, without a hole */
};

void header_write(
	const struct crc32c *crc, const struct header *header, unsigned char bytes[HEADER_SIZE]);
MUST_CHECK enum block_state header_read(
	const struct crc32c *crc, const unsigned char bytes[HEADER_SIZE], struct header *header);

/* How far everything is settled. */
struct position {
	uint64_t id;
	uint64_t count;   /* rises with each writing: of two, the higher is the later */
	uint64_t settled; /* every lsn up to here */
};

void position_write(
	const struct crc32c *crc, const struct position *position, unsigned char bytes[BLOCK_SIZE]);
MUST_CHECK enum block_state position_read(
	const struct crc32c *crc, const unsigned char bytes[BLOCK_SIZE], struct position *position);

/* A message with its number, which rises by one from record to record (lsn: log sequence number).
 */
struct record {
	uint64_t lsn;
	size_t size; /* in the file */
	/* Its slices point into the bytes that were read.  `seq` is not kept. */
	struct message message;
};

#define RECORD_HEAD 20
#define RECORD_FIXED 46 /* key, time, sender's connection and lengths */
#define RECORD_MIN (RECORD_HEAD + RECORD_FIXED)
#define RECORD_MAX (RECORD_MIN + ROOM_MAX + 2 * ID_MAX + NAME_MAX_BYTES + REF_MAX + TEXT_MAX)

/* Where the checksums of a segment's records begin: what lay in the file under another name, or in
 * somebody's message, is no record here. */
uint32_t record_seed(const struct crc32c *crc, uint64_t id, uint64_t number);

/* 0: no message that the wire allows. */
size_t record_size(const struct message *message);

/* Writes record_size(message) bytes. */
void record_write(const struct crc32c *crc, uint32_t seed, uint64_t lsn,
	const struct message *message, unsigned char *bytes);

/* False: no whole and sound record begins here. */
MUST_CHECK bool record_read(const struct crc32c *crc, uint32_t seed, const unsigned char *bytes,
	size_t len, struct record *record);

/* How many bytes to skip until a record may begin; `len` when it does not in here. */
size_t record_search(const unsigned char *bytes, size_t len);

#endif
