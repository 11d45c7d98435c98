/* JSON as section 3 of the protocol reads it: one strict pass over an object, which hands over the
 * top-level members that the caller wants.  Strict: exactly one object in valid UTF-8, no duplicate
 * top-level members, no lone surrogates, no U+0000, nothing behind it. */
#ifndef CHAT_JSON_H
#define CHAT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

/* No text of 128 KiB, the longest that the wire takes, nests deeper: it needs two bytes a level. */
#define JSON_DEPTH_MAX 65536

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

/* A top-level member that the caller wants: gives the name, gets the rest. */
#define JSON_NAME_MAX 16 /* bytes; no name that is ever wanted is longer */
struct json_member {
	struct slice name;
	bool there;
	struct json_value value;
};

/* Reads the whole text; the wanted members' values point into it and have been checked through
 * and through, the others too.  False: the text is not one good object; *reason is then a sentence
 * that quotes nothing of it.  Allocates nothing, unless dozens of members are unknown. */
MUST_CHECK bool json_read(
	struct slice text, struct json_member *wanted, size_t count, const char **reason);

/* The string's bytes: its raw ones when nothing is escaped, else unescaped into `into`, which has
 * room for value->len bytes. */
struct slice json_unescape(const struct json_value *value, char *into);

/* A number from 0 to 2^53 - 1 without sign, fraction or exponent. */
bool json_integer(const struct json_value *value, int64_t *into);

/* A number of any form, to about 18 digits; what is too large comes as DBL_MAX. */
bool json_double(const struct json_value *value, double *into);

/* Steps through an array of strings (for `aud`): *at starts as 0.  False at its end or at an
 * element that is no string (*bad). */
bool json_next_string(
	const struct json_value *array, size_t *at, struct json_value *element, bool *bad);

#endif
