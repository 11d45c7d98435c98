#include "pgbinary.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Memory beyond this is given back when the next statement begins. */
#define KEEP_MAX (4 * 1024 * 1024)

/* PostgreSQL counts microseconds from 2000-01-01. */
#define EPOCH_MS INT64_C(946684800000)

void params_finish(struct params *params)
{
	for (size_t i = 0; i < PARAMS_MAX; i++) {
		free(params->values[i].bytes);
	}
	*params = (struct params){0};
}

void params_begin(struct params *params)
{
	for (size_t i = 0; i < PARAMS_MAX; i++) {
		struct param *value = &params->values[i];
		value->len = 0;
		value->null = false;
		if (value->cap > KEEP_MAX) {
			free(value->bytes);
			*value = (struct param){0};
		}
	}
	params->count = 0;
	params->failed = false;
}

void params_next(struct params *params)
{
	assert(params->count < PARAMS_MAX);
	params->count++;
}

/* Room for `len` more bytes in the current parameter; NULL when out of memory, then and ever after.
 */
static unsigned char *grow(struct params *params, size_t len)
{
	struct param *value = &params->values[params->count - 1];
	if (params->failed) {
		return NULL;
	}
	if (value->cap - value->len < len) {
		size_t cap = value->cap < 256 ? 256 : value->cap;
		while (cap - value->len < len) {
			cap *= 2;
		}
		char *bytes = realloc(value->bytes, cap);
		if (bytes == NULL) {
			params->failed = true;
			return NULL;
		}
		value->bytes = bytes;
		value->cap = cap;
	}
	unsigned char *at = (unsigned char *)value->bytes + value->len;
	value->len += len;
	return at;
}

static void put_bytes(struct params *params, const void *bytes, size_t len)
{
	unsigned char *at = grow(params, len);
	if (at != NULL && len > 0) {
		memcpy(at, bytes, len);
	}
}

static void put_int4(struct params *params, int32_t value)
{
	unsigned char *at = grow(params, 4);
	if (at != NULL) {
		uint32_t bits = (uint32_t)value;
		for (int i = 3; i >= 0; i--) {
			at[i] = (unsigned char)bits;
			bits >>= 8;
		}
	}
}

static void put_int8(struct params *params, int64_t value)
{
	unsigned char *at = grow(params, 8);
	if (at != NULL) {
		uint64_t bits = (uint64_t)value;
		for (int i = 7; i >= 0; i--) {
			at[i] = (unsigned char)bits;
			bits >>= 8;
		}
	}
}

void params_array(struct params *params, Oid element, size_t count)
{
	params_next(params);
	put_int4(params, 1); /* dimensions */
	put_int4(params, 1); /* there may be nulls */
	put_int4(params, (int32_t)element);
	put_int4(params, (int32_t)count);
	put_int4(params, 1); /* counts from */
}

/* The type of the elements; 0 when it is no array. */
static Oid element_of(Oid type)
{
	static const struct {
		Oid array, element;
	} arrays[] = {
		{OID_BOOLS, OID_BOOL},
		{OID_INT2S, OID_INT2},
		{OID_CHARS, OID_CHAR},
		{OID_INT4S, OID_INT4},
		{OID_TEXTS, OID_TEXT},
		{OID_INT8S, OID_INT8},
		{OID_TIMES, OID_TIME},
		{OID_UUIDS, OID_UUID},
	};
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		if (arrays[i].array == type) {
			return arrays[i].element;
		}
	}
	return 0;
}

bool params_empty(struct params *params, const Oid *types, int count)
{
	params_begin(params);
	for (int i = 0; i < count; i++) {
		Oid element = element_of(types[i]);
		if (element != 0) {
			params_array(params, element, 0);
			continue;
		}
		params_next(params);
		if (types[i] == OID_BOOL) {
			params_raw_bool(params, false);
		} else if (types[i] == OID_INT4) {
			put_int4(params, 0);
		} else if (types[i] == OID_INT8) {
			put_int8(params, 0);
		}
	}
	return !params->failed;
}

void params_text(struct params *params, struct slice text)
{
	put_int4(params, (int32_t)text.len);
	put_bytes(params, text.bytes, text.len);
}

void params_text_or_null(struct params *params, struct slice text)
{
	if (text.len == 0) {
		put_int4(params, -1);
	} else {
		params_text(params, text);
	}
}

void params_int2_or_null(struct params *params, int16_t value, bool given)
{
	put_int4(params, given ? 2 : -1);
	if (given) {
		unsigned char bytes[] = {
			(unsigned char)((uint16_t)value >> 8), (unsigned char)value};
		put_bytes(params, bytes, sizeof(bytes));
	}
}

void params_int4(struct params *params, int32_t value)
{
	put_int4(params, 4);
	put_int4(params, value);
}

void params_int8_or_null(struct params *params, int64_t value, bool given)
{
	put_int4(params, given ? 8 : -1);
	if (given) {
		put_int8(params, value);
	}
}

void params_bool(struct params *params, bool value)
{
	put_int4(params, 1);
	params_raw_bool(params, value);
}

void params_char(struct params *params, char value)
{
	put_int4(params, 1);
	put_bytes(params, &value, 1);
}

void params_time(struct params *params, int64_t unix_ms)
{
	params_int8_or_null(params, (unix_ms - EPOCH_MS) * 1000, true);
}

void params_uuid(struct params *params, const unsigned char uuid[16])
{
	put_int4(params, 16);
	put_bytes(params, uuid, 16);
}

void params_null(struct params *params)
{
	params_next(params);
	params->values[params->count - 1].null = true;
}

void params_raw_bool(struct params *params, bool value)
{
	put_bytes(params, value ? "\1" : "\0", 1);
}

void params_raw_int4(struct params *params, int32_t value)
{
	put_int4(params, value);
}

void params_raw_int8(struct params *params, int64_t value)
{
	put_int8(params, value);
}

void params_raw_text(struct params *params, struct slice text)
{
	put_bytes(params, text.bytes, text.len);
}

bool row_is_null(const struct row *row, int column)
{
	return PQgetisnull(row->result, row->no, column) != 0;
}

/* The column's bytes when there are exactly `len` of them, else NULL. */
static const unsigned char *fixed(struct row *row, int column, int len)
{
	if (row_is_null(row, column) || PQgetlength(row->result, row->no, column) != len) {
		row->wrong = true;
		return NULL;
	}
	return (const unsigned char *)PQgetvalue(row->result, row->no, column);
}

static uint64_t big_endian(const unsigned char *bytes, int len)
{
	uint64_t value = 0;
	for (int i = 0; i < len; i++) {
		value = value << 8 | bytes[i];
	}
	return value;
}

int16_t row_int2(struct row *row, int column)
{
	const unsigned char *bytes = fixed(row, column, 2);
	return bytes == NULL ? 0 : (int16_t)(uint16_t)big_endian(bytes, 2);
}

int32_t row_int4(struct row *row, int column)
{
	const unsigned char *bytes = fixed(row, column, 4);
	return bytes == NULL ? 0 : (int32_t)(uint32_t)big_endian(bytes, 4);
}

bool row_index(struct row *row, size_t count, size_t *index)
{
	int64_t no = row_int4(row, 0);
	*index = (size_t)(no - 1);
	return !row->wrong && no >= 1 && (uint64_t)no <= count;
}

int64_t row_int8(struct row *row, int column)
{
	const unsigned char *bytes = fixed(row, column, 8);
	return bytes == NULL ? 0 : (int64_t)big_endian(bytes, 8);
}

bool row_bool(struct row *row, int column)
{
	const unsigned char *bytes = fixed(row, column, 1);
	return bytes != NULL && bytes[0] != 0;
}

char row_char(struct row *row, int column)
{
	const unsigned char *bytes = fixed(row, column, 1);
	return bytes == NULL ? '\0' : (char)bytes[0];
}

int64_t row_time(struct row *row, int column)
{
	int64_t us = row_int8(row, column);
	/* Downwards, also before 2000. */
	int64_t ms = us / 1000 - (us % 1000 < 0);
	return ms + EPOCH_MS;
}

int64_t row_int8_or(struct row *row, int column, int64_t otherwise)
{
	return row_is_null(row, column) ? otherwise : row_int8(row, column);
}

int64_t row_time_or(struct row *row, int column, int64_t otherwise)
{
	return row_is_null(row, column) ? otherwise : row_time(row, column);
}

bool row_bool_or_false(struct row *row, int column)
{
	return !row_is_null(row, column) && row_bool(row, column);
}

struct slice row_text_or_empty(struct row *row, int column)
{
	if (row_is_null(row, column)) {
		return slice_of("", 0);
	}
	return slice_of(PQgetvalue(row->result, row->no, column),
		(size_t)PQgetlength(row->result, row->no, column));
}

struct slice row_text(struct row *row, int column)
{
	row->wrong = row->wrong || row_is_null(row, column);
	return row_text_or_empty(row, column);
}

#define ARRAY_HEAD                                                                                 \
	20 /* dimensions, nulls, type, count, lower bound; an empty one ends after the type */

struct row_array row_array(struct row *row, int column)
{
	struct row_array array = {.row = row};
	if (row_is_null(row, column)) {
		return array;
	}
	size_t len = (size_t)PQgetlength(row->result, row->no, column);
	const unsigned char *bytes =
		(const unsigned char *)PQgetvalue(row->result, row->no, column);
	if (len >= ARRAY_HEAD && big_endian(bytes, 4) == 1) {
		array.count = (size_t)big_endian(bytes + 12, 4);
		array.at = bytes + ARRAY_HEAD;
		array.end = bytes + len;
	} else if (len < 4 || big_endian(bytes, 4) != 0) {
		row->wrong = true;
	}
	return array;
}

/* NULL for a null, and for what is no element of that length. */
static const unsigned char *next_element(struct row_array *array, int len)
{
	if (array->at == NULL || array->end - array->at < 4) {
		array->row->wrong = true;
		return NULL;
	}
	int32_t is = (int32_t)(uint32_t)big_endian(array->at, 4);
	array->at += 4;
	if (is == -1) {
		return NULL;
	}
	if (is != len || array->end - array->at < len) {
		array->row->wrong = true;
		return NULL;
	}
	const unsigned char *element = array->at;
	array->at += len;
	return element;
}

int16_t row_array_int2(struct row_array *array)
{
	const unsigned char *element = next_element(array, 2);
	return element == NULL ? 0 : (int16_t)(uint16_t)big_endian(element, 2);
}

int64_t row_array_int8(struct row_array *array)
{
	const unsigned char *element = next_element(array, 8);
	return element == NULL ? 0 : (int64_t)big_endian(element, 8);
}
