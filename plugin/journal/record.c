#include "record.h"

#include <string.h>

#include "crc32c.h"

/* Bytes that UTF-8 never has, and so no text, begin a record. */
#define MARK "\xff\xfemc"
#define MARK_SIZE 4
#define MAGIC "mqchat-j"
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

/* Headers: magic, version, four numbers (the first of them an id, which may be anything), zeros,
 * checksum. */

#define SUM_AT (BLOCK_SIZE - 4)

void header_write(const struct header *header, unsigned char bytes[HEADER_SIZE])
{
	unsigned char *at = bytes;
	memset(bytes, 0, HEADER_SIZE);
	put_bytes(&at, MAGIC, MAGIC_SIZE);
	put_number(&at, FORMAT_VERSION, 8);
	put_number(&at, header->id, 8);
	put_number(&at, header->number, 8);
	put_number(&at, header->first, 8);
	put_number(&at, header->next, 8);
	at = bytes + SUM_AT;
	put_number(&at, crc32c(0, bytes, SUM_AT), 4);
	memcpy(bytes + BLOCK_SIZE, bytes, BLOCK_SIZE);
}

static enum header_state read_block(const unsigned char *bytes, struct header *header)
{
	const unsigned char *sum = bytes + SUM_AT;
	if (memcmp(bytes, MAGIC, MAGIC_SIZE) != 0 ||
		get_number(&sum, 4) != crc32c(0, bytes, SUM_AT)) {
		return HEADER_DAMAGED;
	}
	const unsigned char *at = bytes + MAGIC_SIZE;
	if (get_number(&at, 4) != FORMAT_VERSION) {
		return HEADER_FOREIGN;
	}
	at += 4;
	header->id = get_number(&at, 8);
	header->number = get_number(&at, 8);
	header->first = get_number(&at, 8);
	header->next = get_number(&at, 8);
	return header->number > NUMBER_MAX || header->first > NUMBER_MAX ||
	                       header->next > NUMBER_MAX
	               ? HEADER_DAMAGED
	               : HEADER_GOOD;
}

enum header_state header_read(const unsigned char bytes[HEADER_SIZE], struct header *header)
{
	enum header_state state = read_block(bytes, header);
	return state == HEADER_DAMAGED ? read_block(bytes + BLOCK_SIZE, header) : state;
}

/* Records: mark, length of the body, number, checksum of these two and the body. */

#define HEAD_SUM_AT 16

uint32_t record_seed(const struct header *header)
{
	unsigned char bytes[16];
	unsigned char *at = bytes;
	put_number(&at, header->id, 8);
	put_number(&at, header->number, 8);
	return crc32c(0, bytes, sizeof(bytes));
}

static uint32_t sum_of(uint32_t seed, const unsigned char *bytes, size_t size)
{
	seed = crc32c(seed, bytes + MARK_SIZE, HEAD_SUM_AT - MARK_SIZE);
	return crc32c(seed, bytes + RECORD_HEAD, size - RECORD_HEAD);
}

static bool has_more(const struct message *m)
{
	return m->reply_to != 0 || m->data.len > 0;
}

size_t record_size(const struct message *m)
{
	if (m->room.len > ROOM_MAX || m->user_id.len > ID_MAX || m->opponent_id.len > ID_MAX ||
		m->name.len > NAME_MAX_BYTES || m->ref.len > REF_MAX || m->text.len > TEXT_MAX ||
		m->data.len > DATA_MAX) {
		return 0;
	}
	return RECORD_MIN + m->room.len + m->user_id.len + m->opponent_id.len + m->name.len +
	       m->ref.len + m->text.len + (has_more(m) ? RECORD_MORE + m->data.len : 0);
}

void record_write(uint32_t seed, uint64_t number, const struct message *m, unsigned char *bytes)
{
	size_t size = record_size(m);
	unsigned char *at = bytes;
	put_bytes(&at, MARK, MARK_SIZE);
	put_number(&at, size - RECORD_HEAD, 4);
	put_number(&at, number, 8);
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
	if (has_more(m)) {
		put_number(&at, (uint64_t)m->reply_to, 8);
		put_number(&at, m->data.len, 4);
		put_bytes(&at, m->data.bytes, m->data.len);
	}
	at = bytes + HEAD_SUM_AT;
	put_number(&at, sum_of(seed, bytes, size), 4);
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
	size_t plain = record_size(m);
	if (plain == 0 || (plain != size && plain + RECORD_MORE > size)) {
		return false;
	}
	m->room = get_slice(&at, m->room.len);
	m->user_id = get_slice(&at, m->user_id.len);
	m->opponent_id = get_slice(&at, m->opponent_id.len);
	m->name = get_slice(&at, m->name.len);
	m->ref = get_slice(&at, m->ref.len);
	m->text = get_slice(&at, m->text.len);
	if (plain != size) {
		m->reply_to = (int64_t)get_number(&at, 8);
		m->data = get_slice(&at, get_number(&at, 4));
	}
	return record_size(m) == size;
}

static bool read_record(
	uint32_t seed, const unsigned char *bytes, size_t len, struct record *record)
{
	if (len < RECORD_MIN || memcmp(bytes, MARK, RECORD_STRIKE_AT) != 0 ||
		(bytes[RECORD_STRIKE_AT] != MARK[RECORD_STRIKE_AT] &&
			bytes[RECORD_STRIKE_AT] != RECORD_STRIKE)) {
		return false;
	}
	const unsigned char *at = bytes + MARK_SIZE;
	uint64_t size = RECORD_HEAD + get_number(&at, 4);
	record->number = get_number(&at, 8);
	if (size < RECORD_MIN || size > RECORD_MAX || size > len || record->number == 0 ||
		record->number > NUMBER_MAX ||
		get_number(&at, 4) != sum_of(seed, bytes, (size_t)size)) {
		return false;
	}
	record->size = (size_t)size;
	record->struck_out = bytes[RECORD_STRIKE_AT] == RECORD_STRIKE;
	return read_body(at, record->size, &record->message);
}

/* The record at `at`, or the first behind it. */
static bool find_record(struct reader *reader, struct record *record)
{
	while (reader->at < reader->len) {
		const unsigned char *bytes = reader->bytes + reader->at;
		size_t len = reader->len - reader->at;
		if (read_record(reader->seed, bytes, len, record)) {
			return true;
		}
		const unsigned char *mark = memchr(bytes + 1, MARK[0] & 0xff, len - 1);
		reader->at += mark == NULL ? len : (size_t)(mark - bytes);
	}
	return false;
}

void reader_begin(
	struct reader *reader, uint32_t seed, const unsigned char *bytes, size_t len, size_t at)
{
	reader->bytes = bytes;
	reader->len = len;
	reader->at = reader->end = at;
	reader->seed = seed;
}

bool reader_next(struct reader *reader, struct record *record, size_t *skipped)
{
	*skipped = 0;
	for (;;) {
		size_t from = reader->at;
		bool found = find_record(reader, record);
		*skipped += reader->at - from;
		if (!found) {
			return false;
		}
		reader->at += record->size;
		reader->end = reader->at;
		if (record->number > reader->number) {
			reader->number = record->number;
			return true;
		}
	}
}
