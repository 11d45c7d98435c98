/* Reads tests/vectors for the unit tests.  The format is described in the README there.  Whatever
 * is wrong with a file fails the test. */
#ifndef VECTORS_H
#define VECTORS_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "slice.h"

/* To be freed with cJSON_Delete. */
cJSON *vectors_load(const char *file);

/* The member, which has to be there; vectors_has asks whether it is. */
const cJSON *vectors_member(const cJSON *object, const char *name);
bool vectors_has(const cJSON *object, const char *name);

/* The member as what it should be; without it, the default. */
const char *vectors_string(const cJSON *object, const char *name, const char *otherwise);
int64_t vectors_integer(const cJSON *object, const char *name, int64_t otherwise);
bool vectors_bool(const cJSON *object, const char *name, bool otherwise);

/* A member in the notation for bytes; the empty slice without it.  To be freed (.bytes); a NUL
 * stands behind them. */
struct slice vectors_bytes(const cJSON *object, const char *name);
void vectors_free(struct slice bytes);

#endif
