#include "buffer.h"

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

/* Room for `more` bytes; NULL, and an empty buffer, when there is none. */
static char *reserve(struct buffer *buffer, size_t more)
{
	if (buffer->failed) {
		return NULL;
	}
	if (buffer->size - buffer->len < more) {
		size_t size = buffer->size == 0 ? BUFFER_FIRST : buffer->size;
		while (size - buffer->len < more && size <= SIZE_MAX / 4) {
			size *= 2;
		}
		char *bytes = size - buffer->len < more ? NULL : realloc(buffer->bytes, size);
		if (bytes == NULL) {
			buffer->failed = true;
			buffer->len = 0;
			return NULL;
		}
		buffer->bytes = bytes;
		buffer->size = size;
	}
	return buffer->bytes + buffer->len;
}

void buffer_append(struct buffer *buffer, struct slice bytes)
{
	if (bytes.len == 0) {
		return;
	}
	if (buffer->measures) {
		buffer->len += bytes.len;
		return;
	}
	char *into = reserve(buffer, bytes.len);
	if (into != NULL) {
		memcpy(into, bytes.bytes, bytes.len);
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

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Whether one of eight bytes has to be escaped.  A borrow runs on only from a byte that has, so a
 * no is exact. */
static bool eight_escape(const char *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	uint64_t quote = word ^ EACH_BYTE('"');
	uint64_t backslash = word ^ EACH_BYTE('\\');
	uint64_t control_hit = (word - EACH_BYTE(0x20)) & ~word;
	uint64_t quote_hit = (quote - EACH_BYTE(1)) & ~quote;
	uint64_t backslash_hit = (backslash - EACH_BYTE(1)) & ~backslash;
	return ((control_hit | quote_hit | backslash_hit) & EACH_BYTE(0x80)) != 0;
}

static size_t skip_unescaped(struct slice text, size_t at)
{
	while (text.len - at >= 8 && !eight_escape(text.bytes + at)) {
		at += 8;
	}
	while (at < text.len && escape_letter(text.bytes[at]) == '\0') {
		at++;
	}
	return at;
}

void buffer_json_string(struct buffer *buffer, struct slice text)
{
	buffer_append(buffer, SLICE("\""));
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
	buffer_append(buffer, SLICE("\""));
}

struct slice buffer_slice(const struct buffer *buffer)
{
	return slice_of(buffer->bytes, buffer->len);
}
