/* What the fuzz targets share: reading the bytes of an input piece by piece, and an assertion that
 * libFuzzer sees as a crash. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Says what an input does, when FUZZ_TRACE is set. */
#define TRACE(...)                                                                                 \
	do {                                                                                       \
		if (getenv("FUZZ_TRACE") != NULL) {                                                \
			fprintf(stderr, __VA_ARGS__);                                              \
		}                                                                                  \
	} while (0)

/* The rest of an input. */
struct input {
	const uint8_t *bytes;
	size_t len;
};

/* 0 at the end. */
static inline unsigned take_byte(struct input *input)
{
	if (input->len == 0) {
		return 0;
	}
	input->len--;
	return *input->bytes++;
}

/* At most `max` bytes, whatever is left. */
static inline struct slice take_bytes(struct input *input, size_t max)
{
	size_t len = input->len < max ? input->len : max;
	struct slice taken = slice_of((const char *)input->bytes, len);
	input->bytes += len;
	input->len -= len;
	return taken;
}

/* Up to a NUL, which is taken too, or to the end. */
static inline struct slice take_line(struct input *input)
{
	size_t len = 0;
	while (len < input->len && input->bytes[len] != '\0') {
		len++;
	}
	struct slice taken = take_bytes(input, len);
	(void)take_byte(input);
	return taken;
}

/* A copy with nothing behind it, so that the sanitizer sees who reads on. */
static inline struct slice exact_copy(struct slice bytes)
{
	char *copy = malloc(bytes.len);
	if (bytes.len > 0) {
		memcpy(copy, bytes.bytes, bytes.len);
	}
	return slice_of(copy, bytes.len);
}

static inline void drop_copy(struct slice copy)
{
	free((char *)(uintptr_t)copy.bytes);
}

/* Not the plugin's own: valid UTF-8 by decoding it, without U+0000. */
static inline bool is_text(struct slice text)
{
	size_t at = 0;
	while (at < text.len) {
		unsigned char first = (unsigned char)text.bytes[at++];
		int more = first < 0x80 ? 0 : first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
		static const uint32_t least[] = {1, 0x80, 0x800, 0x10000};
		if (first >= 0x80 && (first < 0xC0 || first >= 0xF8)) {
			return false;
		}
		uint32_t point = more == 0 ? first : first & (0x3FU >> more);
		for (int i = 0; i < more; i++) {
			if (at == text.len || ((unsigned char)text.bytes[at] & 0xC0) != 0x80) {
				return false;
			}
			point = point << 6 | ((unsigned char)text.bytes[at++] & 0x3FU);
		}
		if (point < least[more] || point > 0x10FFFF ||
			(point >= 0xD800 && point < 0xE000)) {
			return false;
		}
	}
	return true;
}

#endif
