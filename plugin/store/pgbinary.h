/* PostgreSQL's binary form: values and arrays on the way in, columns of a row on the way out. */
#ifndef CHAT_PGBINARY_H
#define CHAT_PGBINARY_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

/* Types and their array types, as pg_type has them since ever. */
#define OID_BOOL 16
#define OID_BYTES 17
#define OID_CHAR 18
#define OID_INT8 20
#define OID_INT2 21
#define OID_INT4 23
#define OID_TEXT 25
#define OID_BOOLS 1000
#define OID_CHARS 1002
#define OID_INT2S 1005
#define OID_INT4S 1007
#define OID_TEXTS 1009
#define OID_INT8S 1016
#define OID_TIME 1184
#define OID_TIMES 1185
#define OID_UUID 2950
#define OID_UUIDS 2951

/* The parameters of a statement.  All zero is empty; reused from statement to statement. */
#define PARAMS_MAX 12
struct params {
	struct param {
		char *bytes;
		size_t len;
		size_t cap;
		bool null;
	} values[PARAMS_MAX];
	int count;
	bool failed; /* out of memory */
};

void params_finish(struct params *params);

/* Empties all, keeps the memory. */
void params_begin(struct params *params);
/* Begins the next parameter: an array, to be followed by `count` elements; or one raw value. */
void params_array(struct params *params, Oid element, size_t count);
void params_next(struct params *params);

/* Elements of an array. */
void params_text(struct params *params, struct slice text);
void params_text_or_null(struct params *params, struct slice text); /* empty is null */
void params_int2_or_null(struct params *params, int16_t value, bool given);
void params_int4(struct params *params, int32_t value);
void params_int8_or_null(struct params *params, int64_t value, bool given);
void params_bool(struct params *params, bool value);
void params_char(struct params *params, char value);
void params_time(struct params *params, int64_t unix_ms);
void params_uuid(struct params *params, const unsigned char uuid[16]);

/* Parameters of these types without anything in them: arrays of no element, false, 0, ''.  Fills
 * `params` anew; false when out of memory. */
MUST_CHECK bool params_empty(struct params *params, const Oid *types, int count);

/* The whole parameter is null. */
void params_null(struct params *params);

/* Values that are no arrays. */
void params_raw_bool(struct params *params, bool value);
void params_raw_int4(struct params *params, int32_t value);
void params_raw_int8(struct params *params, int64_t value);
void params_raw_text(struct params *params, struct slice text); /* bytes, too */

/* One row of a result.  What is null or has another length than its type sets `wrong`. */
struct row {
	const PGresult *result;
	int no;
	bool wrong;
};

/* Column 0 says which of `count` requests the row answers, from 1; *index counts from 0.  False:
 * none of them. */
MUST_CHECK bool row_index(struct row *row, size_t count, size_t *index);
bool row_is_null(const struct row *row, int column);
int16_t row_int2(struct row *row, int column);
int32_t row_int4(struct row *row, int column);
int64_t row_int8(struct row *row, int column);
bool row_bool(struct row *row, int column);
char row_char(struct row *row, int column);
int64_t row_time(struct row *row, int column); /* Unix time in ms */
/* Null is `otherwise`. */
int64_t row_int8_or(struct row *row, int column, int64_t otherwise);
int64_t row_time_or(struct row *row, int column, int64_t otherwise);
bool row_bool_or_false(struct row *row, int column);
struct slice row_text(struct row *row, int column);
struct slice row_text_or_empty(struct row *row, int column); /* null is empty */

/* Elements of an array in a column, one after the other.  Null elements are 0. */
struct row_array {
	struct row *row;
	const unsigned char *at, *end;
	size_t count; /* of all; 0 where the column is null */
};
struct row_array row_array(struct row *row, int column);
int16_t row_array_int2(struct row_array *array);
int64_t row_array_int8(struct row_array *array);

#endif
