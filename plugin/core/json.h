/* JSON as section 3 of the protocol reads it: exactly one object in valid UTF-8, no duplicate
 * top-level members, no lone surrogates, no U+0000, nothing behind it.  A strict pass looks at the
 * whole text and finds the top-level members; of those that the caller wants cJSON makes values,
 * where the text itself is not the value. */
#ifndef CHAT_JSON_H
#define CHAT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "slice.h"

/* What one text may hold, whatever its length.  Honest texts are far below; with more, a hostile
 * one of 128 KiB would take the broker's thread longer than five messages of 16 KiB do. */
#define JSON_VALUES_MAX 10240 /* values in all, those in arrays and objects included */
#define JSON_MEMBERS_MAX 256  /* top-level members that the caller does not want */
#define JSON_NAME_MAX 1024    /* bytes of a top-level member's name */

/* The levels of a value that cJSON, which recurses, is given.  The pass follows any nesting. */
#define JSON_PARSED_DEPTH_MAX 16

/* A top-level member that the caller wants: it gives `name` and `parsed_max` with all else zero,
 * and gets the rest. */
struct json_member {
	struct slice name;
	size_t parsed_max; /* a value of a greater `len` is only checked and measured; 0: any is */
	struct slice raw;  /* the value as it stands in the text; empty: the member is not there */
	size_t len;        /* a string's bytes once unescaped; of other values those of `raw` */
	size_t depth;      /* levels of arrays and objects: 0 for a number, 2 for [[],1] */
	/* A string's bytes, unescaped; NULL: it is none, or only checked.  They point into the
	 * text, where a string without escapes stands as it is, or into `value`. */
	struct slice string;
	cJSON *value; /* what cJSON makes of any other; NULL: not there, or only checked */
};

/* Reads the whole text.  Afterwards the caller calls json_free, also after a failure: the text is
 * then not one good object or too much of one, or there is no memory; *reason is a sentence that
 * quotes nothing of it. */
MUST_CHECK bool json_read(
	struct slice text, struct json_member *wanted, size_t count, const char **reason);
void json_free(struct json_member *wanted, size_t count);

/* What the value begins with, which tells its type: one of `"{[tfn-` or a digit; 0: not there. */
static inline char json_first(const struct json_member *member)
{
	return member->raw.len == 0 ? '\0' : member->raw.bytes[0];
}

/* A number from 0 to 2^53 - 1 without sign, fraction or exponent.  Needs no `value`. */
MUST_CHECK bool json_integer(const struct json_member *member, int64_t *into);

#endif
