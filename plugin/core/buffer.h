/* The writer: a text that grows, with JSON's strings and numbers. */
#ifndef CHAT_BUFFER_H
#define CHAT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

/* A text that grows.  After a failed allocation it stays empty-handed: check `failed` once, at
 * the end.  Start from {0}; buffer_clear keeps the memory for the next text. */
struct buffer {
	char *bytes;
	size_t len;
	size_t size;
	bool failed;
	bool measures; /* keeps nothing but `len`: how long a text would get */
};

void buffer_clear(struct buffer *buffer);
void buffer_free(struct buffer *buffer);
void buffer_append(struct buffer *buffer, struct slice bytes);
void buffer_integer(struct buffer *buffer, int64_t number);
/* The string with its quotes.  `text` is valid UTF-8; control characters, quote and backslash are
 * escaped, everything else stays as it is. */
void buffer_json_string(struct buffer *buffer, struct slice text);
struct slice buffer_slice(const struct buffer *buffer);

#endif
