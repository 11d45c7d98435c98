#include "reference_json.h"

#include <float.h>
#include <stdlib.h>

#include "utf8.h"

/* Where we are in the text, and what is wrong with it (NULL so far). */
struct cursor {
	struct slice text;
	size_t at;
	const char *reason;
};

/* Hashes of the top-level names that nobody wants; two equal ones are a duplicate.  A collision
 * that somebody constructs costs him his own message. */
#define NAMES_FEW 64 /* more than any client of ours sends; beyond that they go to the heap */
struct names {
	uint64_t few[NAMES_FEW];
	uint64_t *hashes;
	size_t count;
	size_t size;
};

static bool fail(struct cursor *cursor, const char *reason)
{
	cursor->reason = reason;
	return false;
}

static bool at_end(const struct cursor *cursor)
{
	return cursor->at == cursor->text.len;
}

/* The byte ahead; 0, which begins nothing in JSON, at the end. */
static char peek(const struct cursor *cursor)
{
	return at_end(cursor) ? '\0' : cursor->text.bytes[cursor->at];
}

static void skip_space(struct cursor *cursor)
{
	while (!at_end(cursor)) {
		char c = cursor->text.bytes[cursor->at];
		if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
			return;
		}
		cursor->at++;
	}
}

static bool take(struct cursor *cursor, char expected)
{
	if (peek(cursor) != expected || at_end(cursor)) {
		return false;
	}
	cursor->at++;
	return true;
}

/* ---- strings */

/* To the first byte that is special in a string or no ASCII. */
static size_t skip_plain(struct slice text, size_t at)
{
	while (at < text.len) {
		unsigned char c = (unsigned char)text.bytes[at];
		if (c < 0x20 || c == '"' || c == '\\' || c >= 0x80) {
			break;
		}
		at++;
	}
	return at;
}

static char unescape_letter(char letter)
{
	switch (letter) {
	case '"':
	case '\\':
	case '/':
		return letter;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return '\0';
	}
}

/* The code unit of a "\uXXXX" at `at`; 0, which is no legal one either, when there is none. */
static uint32_t read_unit(struct slice text, size_t at)
{
	if (text.len < at + 6 || text.bytes[at] != '\\' || text.bytes[at + 1] != 'u') {
		return 0;
	}
	uint32_t unit = 0;
	for (size_t i = at + 2; i < at + 6; i++) {
		char c = text.bytes[i];
		uint32_t digit;
		if (c >= '0' && c <= '9') {
			digit = (uint32_t)(c - '0');
		} else if (c >= 'a' && c <= 'f') {
			digit = (uint32_t)(c - 'a') + 10;
		} else if (c >= 'A' && c <= 'F') {
			digit = (uint32_t)(c - 'A') + 10;
		} else {
			return 0;
		}
		unit = unit << 4 | digit;
	}
	return unit;
}

static size_t encode_utf8(uint32_t code, char into[4])
{
	if (code < 0x80) {
		into[0] = (char)code;
		return 1;
	}
	size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--) {
		into[i] = (char)(0x80 | (code & 0x3F));
		code >>= 6;
	}
	static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
	into[0] = (char)(first[len] | code);
	return len;
}

/* Reads the escape that `text` has at `at`.  Returns its length there, 0 when it is none or stands
 * for U+0000 or half a surrogate pair; *made bytes of UTF-8 go to `into`. */
static size_t read_escape(struct slice text, size_t at, char into[4], size_t *made)
{
	if (text.len < at + 2) {
		return 0;
	}
	if (text.bytes[at + 1] != 'u') {
		into[0] = unescape_letter(text.bytes[at + 1]);
		*made = 1;
		return into[0] == '\0' ? 0 : 2;
	}
	uint32_t code = read_unit(text, at);
	if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF)) {
		return 0;
	}
	if (code < 0xD800 || code > 0xDBFF) {
		*made = encode_utf8(code, into);
		return 6;
	}
	uint32_t low = read_unit(text, at + 6);
	if (low < 0xDC00 || low > 0xDFFF) {
		return 0;
	}
	*made = encode_utf8(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), into);
	return 12;
}

/* The cursor stands on the opening quote. */
static bool read_string(struct cursor *cursor, struct reference_json_value *value)
{
	struct slice text = cursor->text;
	size_t start = cursor->at + 1;
	size_t at = start;
	size_t saved = 0; /* bytes by which unescaping shortens it */
	for (;;) {
		at = skip_plain(text, at);
		if (at == text.len) {
			return fail(cursor, "A string has no end.");
		}
		char c = text.bytes[at];
		if (c == '"') {
			break;
		}
		if (c == '\\') {
			char bytes[4];
			size_t made = 0;
			size_t len = read_escape(text, at, bytes, &made);
			if (len == 0) {
				return fail(cursor,
					"A string has an escape that is not good: unknown, "
					"half a surrogate pair, or U+0000.");
			}
			at += len;
			saved += len - made;
			continue;
		}
		size_t len =
			(unsigned char)c < 0x20 ? 0 : utf8_length(text.bytes + at, text.len - at);
		if (len == 0) {
			return fail(
				cursor, "A string has a raw control character or invalid UTF-8.");
		}
		at += len;
	}
	value->type = REFERENCE_JSON_STRING;
	value->raw = slice_of(text.bytes + start, at - start);
	value->escaped = saved > 0; /* each escape is longer than what it stands for */
	value->len = at - start - saved;
	cursor->at = at + 1;
	return true;
}

/* The next piece of a string that was read before: what stands up to a backslash, or what one
 * escape makes (in `into`).  Empty at the end. */
static struct slice next_piece(struct slice raw, size_t *at, char into[4])
{
	if (*at < raw.len && raw.bytes[*at] == '\\') {
		size_t made = 0;
		*at += read_escape(raw, *at, into, &made);
		return slice_of(into, made);
	}
	struct slice rest = slice_from(raw, *at);
	const char *backslash = rest.len == 0 ? NULL : memchr(rest.bytes, '\\', rest.len);
	if (backslash != NULL) {
		rest.len = (size_t)(backslash - rest.bytes);
	}
	*at += rest.len;
	return rest;
}

struct slice reference_json_unescape(const struct reference_json_value *value, char *into)
{
	if (!value->escaped) {
		return value->raw;
	}
	size_t len = 0;
	size_t at = 0;
	while (at < value->raw.len) {
		char bytes[4];
		struct slice piece = next_piece(value->raw, &at, bytes);
		memcpy(into + len, piece.bytes, piece.len);
		len += piece.len;
	}
	return slice_of(into, len);
}

/* ---- other values */

static bool skip_digits(struct cursor *cursor)
{
	size_t start = cursor->at;
	while (peek(cursor) >= '0' && peek(cursor) <= '9') {
		cursor->at++;
	}
	return cursor->at > start;
}

static bool read_number(struct cursor *cursor, struct reference_json_value *value)
{
	static const char wrong[] = "A number is not one by JSON's rules.";
	size_t start = cursor->at;
	(void)take(cursor, '-');
	if (!take(cursor, '0') && !skip_digits(cursor)) {
		return fail(cursor, wrong);
	}
	if (take(cursor, '.') && !skip_digits(cursor)) {
		return fail(cursor, wrong);
	}
	if (take(cursor, 'e') || take(cursor, 'E')) {
		if (!take(cursor, '+')) {
			(void)take(cursor, '-');
		}
		if (!skip_digits(cursor)) {
			return fail(cursor, wrong);
		}
	}
	value->type = REFERENCE_JSON_NUMBER;
	value->raw = slice_of(cursor->text.bytes + start, cursor->at - start);
	return true;
}

static const char no_value[] = "Something stands where a value should be.";

static bool read_literal(struct cursor *cursor, struct slice word, enum reference_json_type type,
	struct reference_json_value *value)
{
	if (!slice_starts(slice_from(cursor->text, cursor->at), word)) {
		return fail(cursor, no_value);
	}
	value->type = type;
	value->raw = slice_of(cursor->text.bytes + cursor->at, word.len);
	cursor->at += word.len;
	return true;
}

static bool read_scalar(struct cursor *cursor, struct reference_json_value *value)
{
	char first = peek(cursor);
	switch (first) {
	case '"':
		return read_string(cursor, value);
	case 't':
		return read_literal(cursor, SLICE("true"), REFERENCE_JSON_TRUE, value);
	case 'f':
		return read_literal(cursor, SLICE("false"), REFERENCE_JSON_FALSE, value);
	case 'n':
		return read_literal(cursor, SLICE("null"), REFERENCE_JSON_NULL, value);
	default:
		break;
	}
	if (first == '-' || (first >= '0' && first <= '9')) {
		return read_number(cursor, value);
	}
	return fail(cursor, no_value);
}

/* `"name":`, and the spaces around. */
static bool read_name(struct cursor *cursor, struct reference_json_value *name)
{
	skip_space(cursor);
	if (peek(cursor) != '"') {
		return fail(cursor, "Something stands where a member's name should be.");
	}
	if (!read_string(cursor, name)) {
		return false;
	}
	skip_space(cursor);
	if (!take(cursor, ':')) {
		return fail(cursor, "A member's name is not followed by a colon.");
	}
	skip_space(cursor);
	return true;
}

/* The arrays and objects that are open, innermost last: a bit each, set for an object.  Not
 * recursion, because a client decides how deep it goes. */
struct nesting {
	size_t depth;
	unsigned char is_object[REFERENCE_JSON_DEPTH_MAX / 8];
};

static bool in_object(const struct nesting *nesting)
{
	size_t top = nesting->depth - 1;
	return (nesting->is_object[top / 8] >> (top % 8) & 1) != 0;
}

static bool open_nested(struct cursor *cursor, struct nesting *nesting)
{
	if (nesting->depth == REFERENCE_JSON_DEPTH_MAX) {
		return fail(cursor, "It is nested too deeply.");
	}
	unsigned bit = 1U << (nesting->depth % 8);
	unsigned char *byte = &nesting->is_object[nesting->depth / 8];
	*byte = (unsigned char)(peek(cursor) == '{' ? *byte | bit : *byte & ~bit);
	nesting->depth++;
	cursor->at++;
	skip_space(cursor);
	return true;
}

/* Behind a value, or just inside an opening bracket: closes what ends here. */
static void close_nested(struct cursor *cursor, struct nesting *nesting)
{
	while (nesting->depth > 0 && take(cursor, in_object(nesting) ? '}' : ']')) {
		nesting->depth--;
		if (nesting->depth > 0) {
			skip_space(cursor);
		}
	}
}

/* One value inside the nesting; a bracket that opens counts as one that goes on. */
static bool step_nested(struct cursor *cursor, struct nesting *nesting)
{
	struct reference_json_value ignored;
	if (peek(cursor) != '[' && peek(cursor) != '{') {
		if (!read_scalar(cursor, &ignored)) {
			return false;
		}
		skip_space(cursor);
	} else {
		if (!open_nested(cursor, nesting)) {
			return false;
		}
		char closing = in_object(nesting) ? '}' : ']';
		if (peek(cursor) != closing) {
			return !in_object(nesting) || read_name(cursor, &ignored);
		}
	}
	close_nested(cursor, nesting);
	if (nesting->depth == 0) {
		return true;
	}
	if (!take(cursor, ',')) {
		return fail(cursor, "An array or object goes on without a comma or has no end.");
	}
	skip_space(cursor);
	return !in_object(nesting) || read_name(cursor, &ignored);
}

/* The cursor stands on the opening bracket. */
static bool read_nested(struct cursor *cursor, struct reference_json_value *value)
{
	struct nesting nesting;
	nesting.depth = 0;
	size_t start = cursor->at;
	value->type = peek(cursor) == '{' ? REFERENCE_JSON_OBJECT : REFERENCE_JSON_ARRAY;
	do {
		if (!step_nested(cursor, &nesting)) {
			return false;
		}
	} while (nesting.depth > 0);
	value->raw = slice_of(cursor->text.bytes + start, cursor->at - start);
	return true;
}

static bool read_value(struct cursor *cursor, struct reference_json_value *value)
{
	value->escaped = false;
	value->len = 0;
	if (peek(cursor) == '{' || peek(cursor) == '[') {
		return read_nested(cursor, value);
	}
	return read_scalar(cursor, value);
}

/* ---- top-level members */

static const char member_twice[] = "A member is there twice.";

static uint64_t hash_name(const struct reference_json_value *name)
{
	uint64_t hash = 0xCBF29CE484222325; /* FNV-1a */
	size_t at = 0;
	while (at < name->raw.len) {
		char bytes[4];
		struct slice piece = next_piece(name->raw, &at, bytes);
		for (size_t i = 0; i < piece.len; i++) {
			hash = (hash ^ (unsigned char)piece.bytes[i]) * 0x100000001B3;
		}
	}
	return hash;
}

static bool keep_name(struct names *names, const struct reference_json_value *name)
{
	if (names->count == names->size) {
		bool first = names->hashes == names->few;
		size_t size = names->size * 2;
		uint64_t *grown = realloc(first ? NULL : names->hashes, size * sizeof(*grown));
		if (grown == NULL) {
			return false;
		}
		if (first) {
			memcpy(grown, names->few, sizeof(names->few));
		}
		names->hashes = grown;
		names->size = size;
	}
	names->hashes[names->count++] = hash_name(name);
	return true;
}

static int compare_hashes(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;
	return (left > right) - (left < right);
}

/* Sorted rather than looked up one by one: 128 KiB hold thousands of names, and no choice of names
 * makes this slow. */
static bool names_differ(struct names *names)
{
	if (names->count < 2) {
		return true;
	}
	qsort(names->hashes, names->count, sizeof(*names->hashes), compare_hashes);
	for (size_t i = 1; i < names->count; i++) {
		if (names->hashes[i - 1] == names->hashes[i]) {
			return false;
		}
	}
	return true;
}

static struct reference_json_member *find_wanted(
	const struct reference_json_value *name, struct reference_json_member *wanted, size_t count)
{
	if (name->len > REFERENCE_NAME_MAX) {
		return NULL;
	}
	char bytes[REFERENCE_NAME_MAX];
	struct slice plain = reference_json_unescape(name, bytes);
	for (size_t i = 0; i < count; i++) {
		if (slice_equal(wanted[i].name, plain)) {
			return &wanted[i];
		}
	}
	return NULL;
}

static bool read_member(struct cursor *cursor, struct reference_json_member *wanted, size_t count,
	struct names *names)
{
	struct reference_json_value name;
	if (!read_name(cursor, &name)) {
		return false;
	}
	struct reference_json_member *member = find_wanted(&name, wanted, count);
	if (member != NULL) {
		if (member->there) {
			return fail(cursor, member_twice);
		}
		member->there = true;
		return read_value(cursor, &member->value);
	}
	if (!keep_name(names, &name)) {
		return fail(cursor, "There is no memory for that many members.");
	}
	struct reference_json_value ignored;
	return read_value(cursor, &ignored);
}

static bool read_members(struct cursor *cursor, struct reference_json_member *wanted, size_t count,
	struct names *names)
{
	skip_space(cursor);
	if (!take(cursor, '{')) {
		return fail(cursor, "It is no JSON object.");
	}
	skip_space(cursor);
	if (!take(cursor, '}')) {
		do {
			if (!read_member(cursor, wanted, count, names)) {
				return false;
			}
			skip_space(cursor);
		} while (take(cursor, ','));
		if (!take(cursor, '}')) {
			return fail(cursor, "The object goes on without a comma or has no end.");
		}
	}
	skip_space(cursor);
	if (!at_end(cursor)) {
		return fail(cursor, "Something stands behind the object.");
	}
	return names_differ(names) || fail(cursor, member_twice);
}

bool reference_json_read(
	struct slice text, struct reference_json_member *wanted, size_t count, const char **reason)
{
	for (size_t i = 0; i < count; i++) {
		wanted[i].there = false;
	}
	struct names names;
	names.hashes = names.few;
	names.count = 0;
	names.size = NAMES_FEW;
	struct cursor cursor = {text, 0, NULL};
	bool good = read_members(&cursor, wanted, count, &names);
	if (names.hashes != names.few) {
		free(names.hashes);
	}
	*reason = cursor.reason;
	return good;
}

/* ---- numbers */

#define INTEGER_MAX 9007199254740991 /* 2^53 - 1, of 16 digits */
#define INTEGER_DIGITS 16

bool reference_json_integer(const struct reference_json_value *value, int64_t *into)
{
	if (value->type != REFERENCE_JSON_NUMBER || value->raw.len > INTEGER_DIGITS) {
		return false;
	}
	int64_t number = 0;
	for (size_t i = 0; i < value->raw.len; i++) {
		char c = value->raw.bytes[i];
		if (c < '0' || c > '9') {
			return false;
		}
		number = number * 10 + (c - '0');
	}
	if (number > INTEGER_MAX) {
		return false;
	}
	*into = number;
	return true;
}

/* Beyond 10^SCALE_MAX in either direction no double is left, whatever the digits (there are at most
 * 131072 of them, which is why it is that high). */
#define SCALE_MAX 200000

static double scale(uint64_t digits, int64_t exponent)
{
	long double number = (long double)digits;
	if (digits == 0) {
		return 0;
	}
	/* 19 digits and 10^400 are above, and 10^-400 below, all that a double can hold. */
	exponent = exponent > 400 ? 400 : exponent < -400 ? -400 : exponent;
	for (; exponent > 0; exponent--) {
		number *= 10;
	}
	for (; exponent < 0; exponent++) {
		number /= 10;
	}
	return number > (long double)DBL_MAX ? DBL_MAX : (double)number;
}

/* Not strtod, which wants a NUL behind the number and asks the locale what a decimal point is. */
bool reference_json_double(const struct reference_json_value *value, double *into)
{
	if (value->type != REFERENCE_JSON_NUMBER) {
		return false;
	}
	struct cursor cursor = {value->raw, 0, NULL};
	bool negative = take(&cursor, '-');
	bool fraction = false;
	uint64_t digits = 0;
	int64_t exponent = 0;
	for (; !at_end(&cursor) && peek(&cursor) != 'e' && peek(&cursor) != 'E'; cursor.at++) {
		if (peek(&cursor) == '.') {
			fraction = true;
		} else if (digits < UINT64_MAX / 10 - 1) {
			digits = digits * 10 + (uint64_t)(peek(&cursor) - '0');
			exponent -= fraction;
		} else {
			exponent += !fraction;
		}
	}
	cursor.at += !at_end(&cursor);
	bool shrinks = take(&cursor, '-');
	(void)take(&cursor, '+');
	int64_t written = 0;
	for (; !at_end(&cursor); cursor.at++) {
		if (written < SCALE_MAX) {
			written = written * 10 + (peek(&cursor) - '0');
		}
	}
	double number = scale(digits, exponent + (shrinks ? -written : written));
	*into = negative ? -number : number;
	return true;
}
