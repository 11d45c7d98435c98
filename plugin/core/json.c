/* cJSON takes what the protocol refuses: it does not look at UTF-8, ends strings at U+0000, skips
 * any control character as space, and reads 01.  Hence the pass before it, which is also all that
 * an unknown member costs: no memory, no recursion. */
#include "json.h"

#include <endian.h>

#include "siphash.h"
#include "utf8.h"

/* Where we are in the text, and what is wrong with it (NULL so far). */
struct reader {
	struct slice text;
	size_t at;
	size_t values;
	const char *reason;
	size_t unknown_count;
	uint64_t unknown[JSON_MEMBERS_MAX]; /* hashes of the names that nobody wants */
};

static bool fail(struct reader *reader, const char *reason)
{
	reader->reason = reason;
	return false;
}

/* The byte ahead; 0, which begins nothing in JSON, at the end. */
static char peek(const struct reader *reader)
{
	return reader->at == reader->text.len ? '\0' : reader->text.bytes[reader->at];
}

static bool take(struct reader *reader, char expected)
{
	if (peek(reader) != expected) {
		return false;
	}
	reader->at++;
	return true;
}

static void skip_space(struct reader *reader)
{
	for (char c = peek(reader); c == ' ' || c == '\n' || c == '\r' || c == '\t';
		c = peek(reader)) {
		reader->at++;
	}
}

/* Not isdigit, which asks the locale. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- strings */

/* The code unit of the "\uXXXX" that `rest` begins with; 0, which is no legal one either, when
 * there is none. */
static uint32_t read_unit(struct slice rest)
{
	if (rest.len < 6 || rest.bytes[0] != '\\' || rest.bytes[1] != 'u') {
		return 0;
	}
	uint32_t unit = 0;
	for (size_t i = 2; i < 6; i++) {
		char c = rest.bytes[i];
		char letter = (char)(c | 0x20);
		if (!is_digit(c) && (letter < 'a' || letter > 'f')) {
			return 0;
		}
		unit = unit << 4 | ((uint32_t)(c & 0xF) + (is_digit(c) ? 0 : 9));
	}
	return unit;
}

/* The length of the escape that `rest` begins with; 0 when it is none, or stands for U+0000 or half
 * a surrogate pair.  *made: the bytes of UTF-8 that it stands for. */
static size_t escape_length(struct slice rest, size_t *made)
{
	if (rest.len < 2) {
		return 0;
	}
	char letter = rest.bytes[1];
	if (letter != 'u') {
		*made = 1;
		return letter == '"' || letter == '\\' || letter == '/' || letter == 'b' ||
		                       letter == 'f' || letter == 'n' || letter == 'r' ||
		                       letter == 't'
		               ? 2
		               : 0;
	}
	uint32_t unit = read_unit(rest);
	if (unit == 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) {
		return 0;
	}
	if (unit < 0xD800 || unit > 0xDBFF) {
		*made = unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
		return 6;
	}
	uint32_t low = read_unit(slice_from(rest, 6));
	*made = 4;
	return low >= 0xDC00 && low <= 0xDFFF ? 12 : 0;
}

/* The first of eight bytes that is special in a string or no ASCII; 8: none is.  A byte's highest
 * bit is set by itself, or when less than what is subtracted is left of it; of a borrow only bytes
 * can be wrong that stand above one that is special. */
static size_t first_special(const char *eight)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t bytes;
	memcpy(&bytes, eight, sizeof(bytes));
	bytes = le64toh(bytes);
	uint64_t quotes = (bytes ^ each * '"') - each;
	uint64_t backslashes = (bytes ^ each * '\\') - each;
	uint64_t special = (bytes | (bytes - each * ' ') | quotes | backslashes) & each * 0x80;
	return special == 0 ? 8 : (size_t)__builtin_ctzll(special) / 8;
}

/* To the first byte that is special in a string or no ASCII. */
static size_t skip_plain(struct slice text, size_t at)
{
	while (text.len - at >= 8) {
		size_t plain = first_special(text.bytes + at);
		at += plain;
		if (plain < 8) {
			return at;
		}
	}
	while (at < text.len) {
		unsigned char c = (unsigned char)text.bytes[at];
		if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') {
			break;
		}
		at++;
	}
	return at;
}

/* From the opening quote.  *len: the string's bytes once unescaped. */
static bool read_string(struct reader *reader, size_t *len)
{
	size_t start = reader->at + 1;
	size_t at = start;
	size_t saved = 0;
	for (;;) {
		at = skip_plain(reader->text, at);
		struct slice rest = slice_from(reader->text, at);
		if (rest.len == 0) {
			return fail(reader, "A string has no end.");
		}
		if (rest.bytes[0] == '"') {
			break;
		}
		if (rest.bytes[0] == '\\') {
			size_t made = 0;
			size_t escape = escape_length(rest, &made);
			if (escape == 0) {
				return fail(reader,
					"A string has an escape that is not good: unknown, "
					"half a surrogate pair, or U+0000.");
			}
			saved += escape - made;
			at += escape;
			continue;
		}
		size_t length =
			(unsigned char)rest.bytes[0] < 0x20 ? 0 : utf8_length(rest.bytes, rest.len);
		if (length == 0) {
			return fail(
				reader, "A string has a raw control character or invalid UTF-8.");
		}
		at += length;
	}
	*len = at - start - saved;
	reader->at = at + 1;
	return true;
}

/* From a name's opening quote to the value. */
static bool read_name(struct reader *reader, struct slice *quoted, size_t *len)
{
	size_t start = reader->at;
	if (peek(reader) != '"') {
		return fail(reader, "Something stands where a member's name should be.");
	}
	if (!read_string(reader, len)) {
		return false;
	}
	*quoted = slice_of(reader->text.bytes + start, reader->at - start);
	skip_space(reader);
	if (!take(reader, ':')) {
		return fail(reader, "A member's name is not followed by a colon.");
	}
	skip_space(reader);
	return true;
}

/* ---- other values */

static bool skip_digits(struct reader *reader)
{
	size_t start = reader->at;
	while (is_digit(peek(reader))) {
		reader->at++;
	}
	return reader->at > start;
}

static bool read_number(struct reader *reader)
{
	(void)take(reader, '-');
	bool good = take(reader, '0') || skip_digits(reader);
	if (good && take(reader, '.')) {
		good = skip_digits(reader);
	}
	if (good && (take(reader, 'e') || take(reader, 'E'))) {
		(void)(take(reader, '+') || take(reader, '-'));
		good = skip_digits(reader);
	}
	return good || fail(reader, "A number is not one by JSON's rules.");
}

static bool read_word(struct reader *reader)
{
	static const struct slice words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_starts(slice_from(reader->text, reader->at), words[i])) {
			reader->at += words[i].len;
			return true;
		}
	}
	return fail(reader, "Something stands where a value should be.");
}

static bool read_scalar(struct reader *reader, size_t *len)
{
	char first = peek(reader);
	if (first == '"') {
		return read_string(reader, len);
	}
	return first == '-' || is_digit(first) ? read_number(reader) : read_word(reader);
}

/* ---- arrays and objects: not by recursion, because a client decides how deep they go */

/* Those that are open. */
struct nesting {
	size_t depth;
	size_t deepest;
	char closing[JSON_VALUES_MAX]; /* what ends each, the innermost last */
};

/* Closes what ends here; false: nothing does. */
static bool close_nested(struct reader *reader, struct nesting *nesting)
{
	size_t depth = nesting->depth;
	while (nesting->depth > 0 && take(reader, nesting->closing[nesting->depth - 1])) {
		nesting->depth--;
		if (nesting->depth > 0) {
			skip_space(reader);
		}
	}
	return nesting->depth < depth;
}

/* From a value, or from the opening bracket of one, to the next value. */
static bool step_nested(struct reader *reader, struct nesting *nesting)
{
	struct slice name;
	size_t len;
	char first = peek(reader);
	bool opens = take(reader, '{') || take(reader, '[');
	if (reader->values++ == JSON_VALUES_MAX) {
		return fail(reader, "It holds too many values.");
	}
	if (opens) {
		nesting->closing[nesting->depth++] = first == '{' ? '}' : ']';
		nesting->deepest += nesting->depth > nesting->deepest;
	} else if (!read_scalar(reader, &len)) {
		return false;
	}
	skip_space(reader);
	bool closed = close_nested(reader, nesting);
	if (nesting->depth == 0) {
		return true;
	}
	if ((closed || !opens) && !take(reader, ',')) {
		return fail(reader, "An array or object goes on without a comma or has no end.");
	}
	skip_space(reader);
	return nesting->closing[nesting->depth - 1] == ']' || read_name(reader, &name, &len);
}

static bool read_nested(struct reader *reader, size_t *depth)
{
	struct nesting nesting;
	nesting.depth = 0;
	nesting.deepest = 0;
	do {
		if (!step_nested(reader, &nesting)) {
			return false;
		}
	} while (nesting.depth > 0);
	*depth = nesting.deepest;
	return true;
}

/* ---- top-level members */

static const char member_twice[] = "A member is there twice.";
static const char no_memory[] = "There is no memory for it.";

/* False: no memory.  A number of which cJSON reads the beginning only has no value: some versions
 * stop at the 64th character. */
static bool parse(struct slice raw, cJSON **value)
{
	const char *end;
	*value = cJSON_ParseWithLengthOpts(raw.bytes, raw.len, &end, false);
	if (*value != NULL && end != raw.bytes + raw.len) {
		cJSON_Delete(*value);
		*value = NULL;
		return true;
	}
	return *value != NULL;
}

static bool read_value(struct reader *reader, struct json_member *member)
{
	size_t start = reader->at;
	bool nested = peek(reader) == '{' || peek(reader) == '[';
	if (!(nested ? read_nested(reader, &member->depth) : read_scalar(reader, &member->len))) {
		return false;
	}
	member->raw = slice_of(reader->text.bytes + start, reader->at - start);
	if (json_first(member) != '"') {
		member->len = member->raw.len;
	}
	if (member->parsed_max == 0 || member->len > member->parsed_max ||
		member->depth > JSON_PARSED_DEPTH_MAX) {
		return true;
	}
	if (json_first(member) == '"' && member->len == member->raw.len - 2) {
		/* Every escape is longer than what it stands for: so there is none. */
		member->string = slice_of(member->raw.bytes + 1, member->len);
		return true;
	}
	if (!parse(member->raw, &member->value)) {
		return fail(reader, no_memory);
	}
	if (json_first(member) == '"') {
		member->string = slice_of(member->value->valuestring, member->len);
	}
	return true;
}

/* Compared by hashes, each with all: there are few. */
static bool note_unknown(struct reader *reader, struct slice name)
{
	static const struct siphash_key key;
	uint64_t hash = siphash(&key, name);
	for (size_t i = 0; i < reader->unknown_count; i++) {
		if (reader->unknown[i] == hash) {
			return fail(reader, member_twice);
		}
	}
	if (reader->unknown_count == JSON_MEMBERS_MAX) {
		return fail(reader, "It has too many members.");
	}
	reader->unknown[reader->unknown_count++] = hash;
	return true;
}

/* The wanted member of this name, or `unknown`; NULL when the name was there before. */
static struct json_member *choose(struct reader *reader, struct slice name,
	struct json_member *wanted, size_t count, struct json_member *unknown)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_equal(wanted[i].name, name)) {
			bool once = wanted[i].raw.len == 0 || fail(reader, member_twice);
			return once ? &wanted[i] : NULL;
		}
	}
	return note_unknown(reader, name) ? unknown : NULL;
}

static bool read_member(struct reader *reader, struct json_member *wanted, size_t count)
{
	struct slice quoted;
	size_t len;
	if (!read_name(reader, &quoted, &len)) {
		return false;
	}
	if (len > JSON_NAME_MAX) {
		return fail(reader, "A member's name is too long.");
	}
	struct slice name = slice_of(quoted.bytes + 1, quoted.len - 2);
	cJSON *unescaped = NULL;
	if (len < name.len) {
		if (!parse(quoted, &unescaped)) {
			return fail(reader, no_memory);
		}
		name = slice_of(unescaped->valuestring, len);
	}
	struct json_member unknown = {.parsed_max = 0};
	struct json_member *member = choose(reader, name, wanted, count, &unknown);
	cJSON_Delete(unescaped);
	return member != NULL && read_value(reader, member);
}

static bool read_object(struct reader *reader, struct json_member *wanted, size_t count)
{
	skip_space(reader);
	if (!take(reader, '{')) {
		return fail(reader, "It is no JSON object.");
	}
	skip_space(reader);
	if (peek(reader) != '}') {
		do {
			skip_space(reader);
			if (!read_member(reader, wanted, count)) {
				return false;
			}
			skip_space(reader);
		} while (take(reader, ','));
	}
	if (!take(reader, '}')) {
		return fail(reader, "The object goes on without a comma or has no end.");
	}
	skip_space(reader);
	return reader->at == reader->text.len ||
	       fail(reader, "Something stands behind the object.");
}

bool json_read(struct slice text, struct json_member *wanted, size_t count, const char **reason)
{
	struct reader reader;
	reader.text = text;
	reader.at = 0;
	reader.values = 0;
	reader.unknown_count = 0;
	reader.reason = NULL;
	bool good = read_object(&reader, wanted, count);
	*reason = reader.reason;
	return good;
}

void json_free(struct json_member *wanted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (wanted[i].value != NULL) {
			cJSON_Delete(wanted[i].value);
			wanted[i].value = NULL;
		}
	}
}

#define INTEGER_MAX 9007199254740991 /* 2^53 - 1, of 16 digits */
#define INTEGER_DIGITS 16

bool json_integer(const struct json_member *member, int64_t *into)
{
	if (member->raw.len == 0 || member->raw.len > INTEGER_DIGITS) {
		return false;
	}
	int64_t number = 0;
	for (size_t i = 0; i < member->raw.len; i++) {
		char c = member->raw.bytes[i];
		if (!is_digit(c)) {
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
