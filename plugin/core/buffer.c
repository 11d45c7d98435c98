#include "buffer.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 512 /* bytes: a chat message as most are */

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	buffer->failed = false;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer){0};
}

/* False: they are only counted, or there is no memory for them. */
static bool make_room(struct buffer *buffer, size_t more)
{
	if (buffer->measures) {
		buffer->len += more;
		return false;
	}
	if (buffer->failed) {
		return false;
	}
	size_t size = buffer->size == 0 ? BUFFER_FIRST : buffer->size;
	while (size - buffer->len < more && size <= SIZE_MAX / 4) {
		size *= 2;
	}
	char *bytes = size - buffer->len < more ? NULL : realloc(buffer->bytes, size);
	if (bytes == NULL) {
		buffer_free(buffer);
		buffer->failed = true;
		return false;
	}
	buffer->bytes = bytes;
	buffer->size = size;
	return true;
}

/* Whether `more` bytes can be written.  What is only counted, or has failed, has no size. */
static inline bool has_room(struct buffer *buffer, size_t more)
{
	return buffer->len + more <= buffer->size || make_room(buffer, more);
}

static void append_byte(struct buffer *buffer, char byte)
{
	if (has_room(buffer, 1)) {
		buffer->bytes[buffer->len++] = byte;
	}
}

void buffer_append(struct buffer *buffer, struct slice bytes)
{
	if (bytes.len > 0 && has_room(buffer, bytes.len)) {
		memcpy(buffer->bytes + buffer->len, bytes.bytes, bytes.len);
		buffer->len += bytes.len;
	}
}

void buffer_integer(struct buffer *buffer, int64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0) {
		digits[--at] = '-';
	}
	buffer_append(buffer, slice_of(digits + at, sizeof(digits) - at));
}

/* What follows the backslash for a byte that needs one; 0 for those that stay as they are. */
static char escape_letter(char c)
{
	static const char controls[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";
	if ((unsigned char)c < 0x20) {
		return controls[(unsigned char)c];
	}
	return c == '"' || c == '\\' ? c : '\0';
}

static size_t write_escape(char into[6], char c)
{
	static const char hex[] = "0123456789abcdef";
	into[0] = '\\';
	into[1] = escape_letter(c);
	if (into[1] != 'u') {
		return 2;
	}
	into[2] = '0';
	into[3] = '0';
	into[4] = hex[c >> 4];
	into[5] = hex[c & 0xF];
	return 6;
}

/* The first of eight bytes that has to be escaped; 8: none has.  In each of the differences a
 * byte's highest bit is set when less than what is subtracted was there; a borrow comes only from a
 * byte that has to be escaped, so the lowest one is right. */
static size_t first_escaped(const char *eight)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t bytes;
	memcpy(&bytes, eight, sizeof(bytes));
	bytes = le64toh(bytes);
	uint64_t quotes = (bytes ^ each * '"') - each;
	uint64_t backslashes = (bytes ^ each * '\\') - each;
	uint64_t escaped = ((bytes - each * ' ') | quotes | backslashes) & ~bytes & each * 0x80;
	return escaped == 0 ? 8 : (size_t)__builtin_ctzll(escaped) / 8;
}

static size_t skip_unescaped(struct slice text, size_t at)
{
	while (text.len - at >= 8) {
		size_t plain = first_escaped(text.bytes + at);
		at += plain;
		if (plain < 8) {
			return at;
		}
	}
	while (at < text.len && escape_letter(text.bytes[at]) == '\0') {
		at++;
	}
	return at;
}

void buffer_json_string(struct buffer *buffer, struct slice text)
{
	append_byte(buffer, '"');
	size_t at = 0;
	for (;;) {
		size_t end = skip_unescaped(text, at);
		if (end > at) {
			buffer_append(buffer, slice_of(text.bytes + at, end - at));
		}
		if (end == text.len) {
			break;
		}
		char escape[6];
		size_t len = write_escape(escape, text.bytes[end]);
		buffer_append(buffer, slice_of(escape, len));
		at = end + 1;
	}
	append_byte(buffer, '"');
}

struct slice buffer_slice(const struct buffer *buffer)
{
	return slice_of(buffer->bytes, buffer->len);
}
