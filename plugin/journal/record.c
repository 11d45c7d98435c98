#include "record.h"

#include <string.h>

/* Bytes that UTF-8 never has, and so no text, begin a record. */
#define MARK "\xff\xfemc"
#define MARK_SIZE 4
#define HEADER_MAGIC "mqchat-j"
#define POSITION_MAGIC "mqchat-p"
#define MAGIC_SIZE 8

static void put_number(unsigned char **at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		*(*at)++ = (unsigned char)(value >> (8 * i));
	}
}

static uint64_t get_number(const unsigned char **at, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++) {
		value |= (uint64_t) * (*at)++ << (8 * i);
	}
	return value;
}

static void put_bytes(unsigned char **at, const void *bytes, size_t len)
{
	if (len > 0) {
		memcpy(*at, bytes, len);
	}
	*at += len;
}

/* Blocks: magic, version, four numbers (the first of them an id, which may be anything), zeros,
 * checksum. */

#define NUMBERS 4
#define SUM_AT (BLOCK_SIZE - 4)

static void write_block(const struct crc32c *crc, const char *magic,
	const uint64_t numbers[NUMBERS], unsigned char bytes[BLOCK_SIZE])
{
	unsigned char *at = bytes;
	memset(bytes, 0, BLOCK_SIZE);
	put_bytes(&at, magic, MAGIC_SIZE);
	put_number(&at, FORMAT_VERSION, 4);
	at += 4;
	for (size_t i = 0; i < NUMBERS; i++) {
		put_number(&at, numbers[i], 8);
	}
	at = bytes + SUM_AT;
	put_number(&at, crc32c_add(crc, 0, bytes, SUM_AT), 4);
}

static enum block_state read_block(const struct crc32c *crc, const char *magic,
	const unsigned char bytes[BLOCK_SIZE], uint64_t numbers[NUMBERS])
{
	const unsigned char *sum = bytes + SUM_AT;
	if (memcmp(bytes, magic, MAGIC_SIZE) != 0 ||
		get_number(&sum, 4) != crc32c_add(crc, 0, bytes, SUM_AT)) {
		return BLOCK_DAMAGED;
	}
	const unsigned char *at = bytes + MAGIC_SIZE;
	if (get_number(&at, 4) != FORMAT_VERSION) {
		return BLOCK_FOREIGN;
	}
	at += 4;
	for (size_t i = 0; i < NUMBERS; i++) {
		numbers[i] = get_number(&at, 8);
		if (i > 0 && numbers[i] > NUMBER_MAX) {
			return BLOCK_DAMAGED;
		}
	}
	return BLOCK_GOOD;
}

void header_write(
	const struct crc32c *crc, const struct header *header, unsigned char bytes[HEADER_SIZE])
{
	const uint64_t numbers[NUMBERS] = {
		header->id, header->number, header->first_lsn, header->end_lsn};
	write_block(crc, HEADER_MAGIC, numbers, bytes);
	memcpy(bytes + BLOCK_SIZE, bytes, BLOCK_SIZE);
}

enum block_state header_read(
	const struct crc32c *crc, const unsigned char bytes[HEADER_SIZE], struct header *header)
{
	uint64_t numbers[NUMBERS] = {0};
	enum block_state state = read_block(crc, HEADER_MAGIC, bytes, numbers);
	if (state == BLOCK_DAMAGED) {
		state = read_block(crc, HEADER_MAGIC, bytes + BLOCK_SIZE, numbers);
	}
	*header = (struct header){numbers[0], numbers[1], numbers[2], numbers[3]};
	return state;
}

void position_write(
	const struct crc32c *crc, const struct position *position, unsigned char bytes[BLOCK_SIZE])
{
	const uint64_t numbers[NUMBERS] = {position->id, position->count, position->settled};
	write_block(crc, POSITION_MAGIC, numbers, bytes);
}

enum block_state position_read(
	const struct crc32c *crc, const unsigned char bytes[BLOCK_SIZE], struct position *position)
{
	uint64_t numbers[NUMBERS] = {0};
	enum block_state state = read_block(crc, POSITION_MAGIC, bytes, numbers);
	*position = (struct position){numbers[0], numbers[1], numbers[2]};
	return state;
}

/* Records: mark, length of the body, lsn, checksum of these two and the body. */

#define HEAD_SUM_AT 16

uint32_t record_seed(const struct crc32c *crc, uint64_t id, uint64_t number)
{
	unsigned char bytes[16];
	unsigned char *at = bytes;
	put_number(&at, id, 8);
	put_number(&at, number, 8);
	return crc32c_add(crc, 0, bytes, sizeof(bytes));
}

static uint32_t sum_of(
	const struct crc32c *crc, uint32_t seed, const unsigned char *bytes, size_t size)
{
	seed = crc32c_add(crc, seed, bytes + MARK_SIZE, HEAD_SUM_AT - MARK_SIZE);
	return crc32c_add(crc, seed, bytes + RECORD_HEAD, size - RECORD_HEAD);
}

size_t record_size(const struct message *m)
{
	if (m->room.len > ROOM_MAX || m->user_id.len > ID_MAX || m->opponent_id.len > ID_MAX ||
		m->name.len > NAME_MAX_BYTES || m->ref.len > REF_MAX || m->text.len > TEXT_MAX) {
		return 0;
	}
	return RECORD_MIN + m->room.len + m->user_id.len + m->opponent_id.len + m->name.len +
	       m->ref.len + m->text.len;
}

void record_write(const struct crc32c *crc, uint32_t seed, uint64_t lsn, const struct message *m,
	unsigned char *bytes)
{
	size_t size = record_size(m);
	unsigned char *at = bytes;
	put_bytes(&at, MARK, MARK_SIZE);
	put_number(&at, size - RECORD_HEAD, 4);
	put_number(&at, lsn, 8);
	at = bytes + RECORD_HEAD;
	put_bytes(&at, m->key, KEY_SIZE);
	put_number(&at, (uint64_t)m->sent_at, 8);
	put_number(&at, m->from, 8);
	put_number(&at, m->room.len, 2);
	put_number(&at, m->user_id.len, 2);
	put_number(&at, m->opponent_id.len, 2);
	put_number(&at, m->name.len, 2);
	put_number(&at, m->ref.len, 2);
	put_number(&at, m->text.len, 4);
	put_bytes(&at, m->room.bytes, m->room.len);
	put_bytes(&at, m->user_id.bytes, m->user_id.len);
	put_bytes(&at, m->opponent_id.bytes, m->opponent_id.len);
	put_bytes(&at, m->name.bytes, m->name.len);
	put_bytes(&at, m->ref.bytes, m->ref.len);
	put_bytes(&at, m->text.bytes, m->text.len);
	at = bytes + HEAD_SUM_AT;
	put_number(&at, sum_of(crc, seed, bytes, size), 4);
}

static struct slice get_slice(const unsigned char **at, size_t len)
{
	struct slice slice = {(const char *)*at, len};
	*at += len;
	return slice;
}

/* The checksum is right, so this is what we wrote; but what it says is still looked at. */
static bool read_body(const unsigned char *at, size_t size, struct message *m)
{
	*m = (struct message){0};
	memcpy(m->key, at, KEY_SIZE);
	at += KEY_SIZE;
	m->sent_at = (int64_t)get_number(&at, 8);
	m->from = get_number(&at, 8);
	m->room.len = get_number(&at, 2);
	m->user_id.len = get_number(&at, 2);
	m->opponent_id.len = get_number(&at, 2);
	m->name.len = get_number(&at, 2);
	m->ref.len = get_number(&at, 2);
	m->text.len = get_number(&at, 4);
	if (record_size(m) != size) {
		return false;
	}
	m->room = get_slice(&at, m->room.len);
	m->user_id = get_slice(&at, m->user_id.len);
	m->opponent_id = get_slice(&at, m->opponent_id.len);
	m->name = get_slice(&at, m->name.len);
	m->ref = get_slice(&at, m->ref.len);
	m->text = get_slice(&at, m->text.len);
	return true;
}

bool record_read(const struct crc32c *crc, uint32_t seed, const unsigned char *bytes, size_t len,
	struct record *record)
{
	if (len < RECORD_MIN || memcmp(bytes, MARK, MARK_SIZE) != 0) {
		return false;
	}
	const unsigned char *at = bytes + MARK_SIZE;
	uint64_t size = RECORD_HEAD + get_number(&at, 4);
	record->lsn = get_number(&at, 8);
	if (size < RECORD_MIN || size > RECORD_MAX || size > len || record->lsn == 0 ||
		record->lsn > NUMBER_MAX ||
		get_number(&at, 4) != sum_of(crc, seed, bytes, (size_t)size)) {
		return false;
	}
	record->size = (size_t)size;
	return read_body(at, record->size, &record->message);
}

size_t record_search(const unsigned char *bytes, size_t len)
{
	size_t at = 0;
	while (at < len) {
		const unsigned char *mark = memchr(bytes + at, MARK[0] & 0xff, len - at);
		if (mark == NULL) {
			return len;
		}
		at = (size_t)(mark - bytes);
		size_t seen = len - at < MARK_SIZE ? len - at : MARK_SIZE;
		if (memcmp(mark, MARK, seen) == 0) {
			return at;
		}
		at++;
	}
	return len;
}
