/* JSON as section 3 of the protocol reads it: one strict pass without allocation, and a writer into a
 * growing buffer.  Strict: exactly one object in valid UTF-8, no duplicate top-level members, no lone
 * surrogates, no U+0000, nothing behind it, bounded depth and number of members. */
#ifndef CHAT_JSON_H
#define CHAT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

#define JSON_DEPTH_MAX 32
#define JSON_MEMBERS_MAX 256 /* top-level ones: duplicates are looked for among them pair by pair */

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_value {
	enum json_type type;
	struct slice raw; /* the value's own bytes in the text; a string's without its quotes */
	bool escaped;     /* a string with backslashes in it: json_unescape before use */
	size_t len;       /* a string's length in bytes once unescaped */
};

struct json_reader {
	struct slice text;
	size_t at;
	const char *reason; /* set by the first failure: a sentence */
	size_t members;
	uint64_t seen[JSON_MEMBERS_MAX]; /* hashes of the unescaped member names */
};

void json_start(struct json_reader *reader, struct slice text);

/* The next top-level member: true and its name and value (already checked through and through), or
 * false at the end or at an error.  A name is handed over unescaped; one longer than the longest
 * the caller could know comes as the empty slice. */
#define JSON_NAME_MAX 16
bool json_next(struct json_reader *reader, char name_into[JSON_NAME_MAX], struct slice *name,
	struct json_value *value);

/* After json_next said false: the whole text was one good object.  Otherwise reader->reason. */
bool json_done(const struct json_reader *reader);

/* The string's bytes: its raw ones when nothing is escaped, else unescaped into `into`, which has
 * room for value->len bytes. */
struct slice json_unescape(const struct json_value *value, char *into);

/* A number from 0 to 2^53 - 1 without sign, fraction or exponent. */
bool json_integer(const struct json_value *value, int64_t *into);

/* A number of any form as a double. */
bool json_double(const struct json_value *value, double *into);

/* Steps through an array of strings (for `aud`): *at starts as 0.  False at its end or at an element that
 * is no string (*bad). */
bool json_next_string(const struct json_value *array, size_t *at, struct json_value *element, bool *bad);

/* A text that grows.  After a failed allocation it stays empty-handed: check `failed` once, at
 * the end.  Start from {0}; buffer_clear keeps the memory for the next text. */
struct buffer {
	char *bytes;
	size_t len;
	size_t size;
	bool failed;
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
