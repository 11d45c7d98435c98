/* The reader of JSON that the plugin had before it used cJSON: every rule of section 3 of the
 * protocol in code of its own.  What the two make of a text is compared. */
#ifndef REFERENCE_JSON_H
#define REFERENCE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

/* No text of 128 KiB, the longest that the wire takes, nests deeper: it needs two bytes a level. */
#define REFERENCE_JSON_DEPTH_MAX 65536

enum reference_json_type {
	REFERENCE_JSON_NULL,
	REFERENCE_JSON_FALSE,
	REFERENCE_JSON_TRUE,
	REFERENCE_JSON_NUMBER,
	REFERENCE_JSON_STRING,
	REFERENCE_JSON_ARRAY,
	REFERENCE_JSON_OBJECT,
};

struct reference_json_value {
	enum reference_json_type type;
	struct slice raw; /* the value's own bytes in the text; a string's without its quotes */
	bool escaped;     /* a string with backslashes in it: reference_json_unescape before use */
	size_t len;       /* a string's length in bytes once unescaped */
};

/* A top-level member that the caller wants: gives the name, gets the rest. */
#define REFERENCE_NAME_MAX 16 /* bytes; no name that is ever wanted is longer */
struct reference_json_member {
	struct slice name;
	bool there;
	struct reference_json_value value;
};

/* Reads the whole text; the wanted members' values point into it and have been checked through
 * and through, the others too.  False: the text is not one good object; *reason is then a sentence
 * that quotes nothing of it.  Allocates nothing, unless dozens of members are unknown. */
MUST_CHECK bool reference_json_read(
	struct slice text, struct reference_json_member *wanted, size_t count, const char **reason);

/* The string's bytes: its raw ones when nothing is escaped, else unescaped into `into`, which has
 * room for value->len bytes. */
struct slice reference_json_unescape(const struct reference_json_value *value, char *into);

/* A number from 0 to 2^53 - 1 without sign, fraction or exponent. */
bool reference_json_integer(const struct reference_json_value *value, int64_t *into);

/* A number of any form, to about 18 digits; what is too large comes as DBL_MAX. */
bool reference_json_double(const struct reference_json_value *value, double *into);

#endif
