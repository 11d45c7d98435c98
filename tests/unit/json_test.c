#include "buffer.h"
#include "json.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

/* ---- the end of the memory */

static bool no_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

void *__real_realloc(void *bytes, size_t size);
void *__wrap_realloc(void *bytes, size_t size);
void *__wrap_realloc(void *bytes, size_t size)
{
	return no_memory ? NULL : __real_realloc(bytes, size);
}

/* ---- reading */

/* The member "v" of the text, in memory that ends where the text ends. */
static bool read_v(struct slice text, struct json_member *v)
{
	v->name = SLICE("v");
	const char *reason = NULL;
	bool good = json_read(text, v, 1, &reason);
	assert_true(good == (reason == NULL));
	return good;
}

static bool good(const char *text)
{
	size_t len = strlen(text);
	char *exact = malloc(len == 0 ? 1 : len);
	assert_non_null(exact);
	memcpy(exact, text, len);
	struct json_member v;
	bool read = read_v(slice_of(exact, len), &v);
	free(exact);
	return read;
}

#define assert_good(text)                                                                          \
	do {                                                                                       \
		if (!good(text)) {                                                                 \
			fail_msg("refused: %s", text);                                             \
		}                                                                                  \
	} while (0)
#define assert_bad(text)                                                                           \
	do {                                                                                       \
		if (good(text)) {                                                                  \
			fail_msg("accepted: %s", text);                                            \
		}                                                                                  \
	} while (0)

/* The value of {"v":<text>}. */
static struct json_value value_of(const char *text)
{
	static char whole[512]; /* what comes out points into it */
	struct json_member v;
	snprintf(whole, sizeof(whole), "{\"v\": %s }", text);
	if (!read_v(slice_str(whole), &v)) {
		fail_msg("refused: %s", whole);
	}
	assert_true(v.there);
	return v.value;
}

static void only_one_object_is_an_object(void **state)
{
	(void)state;
	assert_good("{}");
	assert_good(" \t\r\n{ \t\r\n} \t\r\n");
	static const char *const bad[] = {"", " ", "null", "1", "\"{}\"", "[]", "[{}]", "{", "}",
		"{}}", "{}{}", "{},", "{}x", "\xEF\xBB\xBF{}", "\v{}", "\f{}", "{}\v", "\xC2\xA0{}",
		"//\n{}", "/**/{}", "{} #", "'{}'"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_bad(bad[i]);
	}
	struct json_member v;
	assert_false(read_v(slice_of(NULL, 0), &v));
	assert_false(read_v(slice_of("{}\0", 3), &v));
	assert_false(read_v(slice_of("\0{}", 3), &v));
}

static void members_are_read_by_the_grammar(void **state)
{
	(void)state;
	assert_good("{\"v\":1}");
	assert_good("{ \"v\" : 1 , \"w\" : 2 }");
	assert_good("{\"\":1}");
	static const char *const bad[] = {"{\"v\"}", "{\"v\":}", "{\"v\":,}", "{\"v\":1,}",
		"{,\"v\":1}", "{,}", "{\"v\":1,,\"w\":2}", "{\"v\":1 \"w\":2}", "{\"v\" 1}",
		"{\"v\"::1}", "{v:1}", "{'v':1}", "{1:1}", "{null:1}", "{\"v\":1;}", "{\"v\":1",
		"{\"v\":1,", "{\"v\":", "{\"v\"", "{\"v", "{\"", "{\"v\":1]", "{\"v\"=1}"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_bad(bad[i]);
	}
}

static void values_are_read_by_the_grammar(void **state)
{
	(void)state;
	static const char *const values[] = {"null", "true", "false", "0", "-0", "1", "-1", "10",
		"1.0", "0.5", "-0.5", "1e3", "1E3", "1e+3", "1e-3", "1.5e10", "0e0",
		"1e999999999999999", "123456789012345678901234567890", "\"\"", "\"x\"", "[]", "[ ]",
		"[1]", "[1,2]", "[[],[[]]]", "{}", "{ }", "{\"a\":{}}",
		"[{},{\"a\":[1,{\"b\":null}]}]", "{\"a\":[],\"b\":{\"c\":[]}}",
		"[ 1 , { \"a\" : [ ] } , \"x\" ]"};
	static const char *const no_values[] = {"nul", "nulll", "Null", "NULL", "True", "tru",
		"fals", "undefined", "NaN", "Infinity", "-Infinity", "01", "-01", "00", "1.", ".5",
		"-.5", "-", "+1", "1e", "1e+", "1e-", "1.e3", "1e1.5", "0x1", "1_000", "1 2", "'x'",
		"x", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1}", "{", "{]",
		"{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":1]", "{a:1}", "{1:1}", "[[]",
		"[]]", "{{}}", "[{}", "[{]}", "{\"a\":1,2}", "{\"a\":1,\"b\"}", "[\"]", "\"",
		"[nul]", "[01]", "{\"a\":tru}"};
	char text[256];
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text), "{\"v\":%s}", values[i]);
		assert_good(text);
		snprintf(text, sizeof(text), "{\"w\":[ %s , %s ]}", values[i], values[i]);
		assert_good(text);
	}
	for (size_t i = 0; i < sizeof(no_values) / sizeof(no_values[0]); i++) {
		snprintf(text, sizeof(text), "{\"v\":%s}", no_values[i]);
		assert_bad(text);
		snprintf(text, sizeof(text), "{\"w\":[%s]}", no_values[i]);
		assert_bad(text);
	}
}

static void every_type_is_told_with_its_bytes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum json_type type;
	} values[] = {
		{"null", JSON_NULL},
		{"true", JSON_TRUE},
		{"false", JSON_FALSE},
		{"-1.5e3", JSON_NUMBER},
		{"[ 1, [] ]", JSON_ARRAY},
		{"{ \"a\" : {} }", JSON_OBJECT},
	};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct json_value value = value_of(values[i].text);
		assert_int_equal(value.type, values[i].type);
		assert_slice_equal(value.raw, slice_str(values[i].text));
	}
	struct json_value value = value_of("\"a\\n\"");
	assert_int_equal(value.type, JSON_STRING);
	assert_slice_equal(value.raw, SLICE("a\\n"));
	assert_true(value.escaped);
	assert_int_equal(value.len, 2);
}

static void wanted_members_are_found_whatever_their_order_and_spelling(void **state)
{
	(void)state;
	struct json_member wanted[] = {
		{.name = SLICE("a")}, {.name = SLICE("sixteen-byte-nam")}, {.name = SLICE("z")}};
	const char *reason;
	assert_true(json_read(SLICE("{\"x\":0,\"\\u0073ixteen-byte-nam\":2,\"A\":3,\"\\u0061\":1,"
				    "\"seventeen-bytes-n\":4}"),
		wanted, 3, &reason));
	assert_true(wanted[0].there);
	assert_slice_equal(wanted[0].value.raw, SLICE("1"));
	assert_true(wanted[1].there);
	assert_slice_equal(wanted[1].value.raw, SLICE("2"));
	assert_false(wanted[2].there);
}

static void a_member_that_is_there_twice_is_refused(void **state)
{
	(void)state;
	assert_bad("{\"v\":1,\"v\":1}");
	assert_bad("{\"v\":1,\"\\u0076\":1}");
	assert_bad("{\"\\u0076\":1,\"v\":1}");
	assert_bad("{\"w\":1,\"w\":2}");
	assert_bad("{\"w\":1,\"v\":0,\"x\":3,\"w\":2}");
	assert_bad("{\"w\\u0077w\":1,\"ww\\u0077\":2}");
	assert_bad("{\"\":1,\"\":2}");
	assert_bad("{\"a name that is longer than any that is known\":1,"
		   "\"a name that is longer than any that is k\\u006eown\":2}");
	assert_bad("{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}");
}

static void only_top_level_names_have_to_differ(void **state)
{
	(void)state;
	assert_good("{\"w\":{\"a\":1,\"a\":2},\"x\":[{\"b\":1,\"b\":1}]}");
	assert_good("{\"v\":{\"v\":1}}");
	assert_good("{\"v\":1,\"V\":2}");
	assert_good("{\"e\\u0301\":1,\"\\u00e9\":2}");
}

/* {"0":0,"1":0,…} with `count` members, and perhaps one of them a second time. */
static struct slice many_members(int count, int twice)
{
	char *text = malloc((size_t)count * 16 + 64);
	assert_non_null(text);
	int len = sprintf(text, "{\"v\":7");
	for (int i = 0; i < count; i++) {
		len += sprintf(text + len, ",\"%x\":0", (unsigned)i);
	}
	if (twice >= 0) {
		len += sprintf(text + len, ",\"%x\":0", (unsigned)twice);
	}
	len += sprintf(text + len, "}");
	return slice_of(text, (size_t)len);
}

static void any_number_of_unknown_members_is_read(void **state)
{
	(void)state;
	static const int counts[] = {1, 63, 64, 65, 127, 128, 129, 1000, 13000};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct json_member v;
		struct slice text = many_members(counts[i], -1);
		assert_true(read_v(text, &v));
		assert_slice_equal(v.value.raw, SLICE("7"));
		free((char *)(uintptr_t)text.bytes);
		text = many_members(counts[i], counts[i] / 2);
		assert_false(read_v(text, &v));
		free((char *)(uintptr_t)text.bytes);
	}
}

static void no_memory_for_many_members_refuses_the_text(void **state)
{
	(void)state;
	struct json_member v;
	struct slice few = many_members(64, -1);
	struct slice many = many_members(65, -1);
	no_memory = true;
	bool read_few = read_v(few, &v);
	bool read_many = read_v(many, &v);
	no_memory = false;
	assert_true(read_few);
	assert_false(read_many);
	free((char *)(uintptr_t)few.bytes);
	free((char *)(uintptr_t)many.bytes);
}

/* {"v":<depth times open>0<depth times close>} */
static bool nested(size_t depth, const char *open, const char *close)
{
	size_t step = strlen(open);
	char *text = malloc(depth * (step + 1) + 16);
	assert_non_null(text);
	char *at = text + sprintf(text, "{\"v\":");
	for (size_t i = 0; i < depth; i++) {
		memcpy(at, open, step);
		at += step;
	}
	*at++ = '0';
	memset(at, close[0], depth);
	at += depth;
	*at++ = '}';
	struct json_member v;
	bool read = read_v(slice_of(text, (size_t)(at - text)), &v);
	free(text);
	return read;
}

static void nesting_is_followed_as_deep_as_a_payload_can_go(void **state)
{
	(void)state;
	static const size_t depths[] = {1, 7, 8, 9, 63, 64, 65, 1000, 10000, JSON_DEPTH_MAX};
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		assert_true(nested(depths[i], "[", "]"));
		assert_true(nested(depths[i], "{\"a\":", "}"));
		assert_false(nested(depths[i], "[", "}"));
		assert_false(nested(depths[i], "{\"a\":", "]"));
	}
	assert_false(nested(JSON_DEPTH_MAX + 1, "[", "]"));
	assert_false(nested(1000000, "[", "]"));
	assert_false(nested(1000000, "[", "x"));
}

static void mixed_nesting_closes_in_its_order(void **state)
{
	(void)state;
	assert_good("{\"v\":[{\"a\":[{\"b\":[[],{}]},[{}]]},{\"c\":{}}]}");
	assert_bad("{\"v\":[{\"a\":[{\"b\":[[},{]]}]}]}");
	assert_bad("{\"v\":[{\"a\":1]}}");
	assert_bad("{\"v\":{\"a\":[1}]}");
}

/* ---- strings */

static void escapes_become_what_they_stand_for(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *string;
	} strings[] = {
		{"\"\"", ""},
		{"\"plain\"", "plain"},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
		{"\"\\u0001\\u001f\\u007f\"", "\x01\x1F\x7F"},
		{"\"\\u0041\\u00e9\\u00E9\\u20ac\"", "A\xC3\xA9\xC3\xA9\xE2\x82\xAC"},
		{"\"\\u07ff\\u0800\\uffff\"", "\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF"},
		{"\"\\ud800\\udc00\\uDBFF\\uDFFF\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"},
		{"\"\\ud7ff\\ue000\"", "\xED\x9F\xBF\xEE\x80\x80"},
		{"\"a\\nb\\nc\"", "a\nb\nc"},
		{"\"\\\\u0041\"", "\\u0041"},
		{"\"\\\\\\\\\"", "\\\\"},
		{"\"0123456\\n89012345\\t\"", "0123456\n89012345\t"},
		{"\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
			"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
		{"\"\x7F\"", "\x7F"},
	};
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct json_value value = value_of(strings[i].text);
		assert_int_equal(value.type, JSON_STRING);
		assert_int_equal(value.len, strlen(strings[i].string));
		char *into = malloc(value.len + 1);
		assert_non_null(into);
		assert_slice_equal(json_unescape(&value, into), slice_str(strings[i].string));
		free(into);
	}
}

static void a_string_without_escapes_is_not_copied(void **state)
{
	(void)state;
	struct json_value value = value_of("\"plain\"");
	assert_ptr_equal(json_unescape(&value, NULL).bytes, value.raw.bytes);
}

static void bad_escapes_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"\\", "\\x41", "\\a", "\\v", "\\0", "\\'", "\\\n", "\\N",
		"\\U0041", "\\u", "\\u1", "\\u12", "\\u123", "\\u123g", "\\u 123", "\\u+123",
		"\\u-123", "\\u{41}", "\\u0000", "a\\u0000b", "\\ud800", "\\udbff", "\\udc00",
		"\\udfff", "\\ud800x", "\\ud800\\n", "\\ud800\\u0041", "\\ud800\\ud800",
		"\\udc00\\ud800", "\\ud800\\udbff", "\\ud800\\ue000", "\\ud83d\\u", "\\ud83d\\ude0",
		"\\ud83d\\", "\\ud83d\\\\ude00", "\\ud83d \\ude00"};
	char text[256];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "{\"v\":\"%s\"}", bad[i]);
		assert_bad(text);
		snprintf(text, sizeof(text), "{\"w\":[{\"a\":\"0123456789%s\"}]}", bad[i]);
		assert_bad(text);
		snprintf(text, sizeof(text), "{\"%s\":1}", bad[i]);
		assert_bad(text);
		snprintf(text, sizeof(text), "{\"v\":\"%s", bad[i]);
		assert_bad(text);
	}
}

/* The value, and a name, with the byte at each place of a word and beyond. */
static bool string_with(const char *bytes, size_t len, size_t before, size_t behind)
{
	char text[128] = "{\"v\":\"";
	size_t at = strlen(text);
	memset(text + at, 'x', before);
	at += before;
	memcpy(text + at, bytes, len);
	at += len;
	memset(text + at, 'y', behind);
	at += behind;
	memcpy(text + at, "\"}", 2);
	struct json_member v;
	return read_v(slice_of(text, at + 2), &v) && v.value.len == before + len + behind;
}

static void raw_control_characters_are_refused_anywhere(void **state)
{
	(void)state;
	for (int c = 0; c < 0x80; c++) {
		char byte = (char)c;
		if (c == '"' || c == '\\') {
			continue;
		}
		for (size_t before = 0; before < 20; before++) {
			assert_int_equal(string_with(&byte, 1, before, 20 - before), c >= 0x20);
		}
	}
}

/* By the table of well-formed sequences, written down independently of the code. */
static bool well_formed(const unsigned char *b, size_t len)
{
	uint32_t code;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
	static const unsigned char masks[] = {0, 0, 0x1F, 0x0F, 0x07};
	if (len == 1) {
		return b[0] < 0x80;
	}
	if ((b[0] & ~masks[len]) != marks[len]) {
		return false;
	}
	code = b[0] & masks[len];
	for (size_t i = 1; i < len; i++) {
		if (b[i] >> 6 != 2) {
			return false;
		}
		code = code << 6 | (b[i] & 0x3F);
	}
	return code >= least[len] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

static void exactly_the_well_formed_utf8_is_accepted(void **state)
{
	(void)state;
	static const unsigned char edges[] = {0x20, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0,
		0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
	const size_t count = sizeof(edges);
	for (int first = 0x80; first < 0x100; first++) {
		unsigned char b[4] = {(unsigned char)first};
		assert_false(string_with((char *)b, 1, 3, 9));
		for (int second = 0x80; second < 0x100; second++) {
			b[1] = (unsigned char)second;
			assert_int_equal(string_with((char *)b, 2, 7, 0), well_formed(b, 2));
			for (size_t i = 0; i < count; i++) {
				b[2] = edges[i];
				if (!well_formed(b, 2) && b[2] >= 0x80) {
					assert_int_equal(
						string_with((char *)b, 3, 0, 8), well_formed(b, 3));
				}
				for (size_t j = 0; b[2] >= 0x80 && j < count; j++) {
					b[3] = edges[j];
					if (!well_formed(b, 3) && b[3] >= 0x80 &&
						!(well_formed(b, 2) && well_formed(b + 2, 2))) {
						assert_int_equal(string_with((char *)b, 4, 5, 2),
							well_formed(b, 4));
					}
				}
			}
		}
	}
}

static void a_text_cut_anywhere_is_refused_and_not_read_beyond(void **state)
{
	(void)state;
	struct slice text = SLICE("{\"v\":[1.5e-3,{\"a\":\"\\ud83d\\ude00\xF0\x9F\x98\x80\"},true],"
				  "\"w\":null,\"x\":false}");
	for (size_t len = 0; len < text.len; len++) {
		char *exact = malloc(len == 0 ? 1 : len);
		assert_non_null(exact);
		memcpy(exact, text.bytes, len);
		struct json_member v;
		assert_false(read_v(slice_of(exact, len), &v));
		free(exact);
	}
	struct json_member v;
	assert_true(read_v(text, &v));
}

static void arrays_of_strings_are_stepped_through(void **state)
{
	(void)state;
	struct json_value array = value_of("[ \"a\" , \"\\u0062\",\"\" ]");
	struct json_value element;
	char bytes[8];
	size_t at = 0;
	bool bad;
	assert_true(json_next_string(&array, &at, &element, &bad));
	assert_slice_equal(json_unescape(&element, bytes), SLICE("a"));
	assert_true(json_next_string(&array, &at, &element, &bad));
	assert_slice_equal(json_unescape(&element, bytes), SLICE("b"));
	assert_true(json_next_string(&array, &at, &element, &bad));
	assert_slice_equal(json_unescape(&element, bytes), SLICE(""));
	assert_false(json_next_string(&array, &at, &element, &bad));
	assert_false(bad);
	assert_false(json_next_string(&array, &at, &element, &bad));
	assert_false(bad);
}

static void an_element_that_is_no_string_is_bad(void **state)
{
	(void)state;
	static const char *const arrays[] = {
		"[1]", "[null]", "[[\"a\"]]", "[{}]", "[\"a\",1]", "[\"a\", \"b\", []]"};
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		struct json_value array = value_of(arrays[i]);
		struct json_value element;
		size_t at = 0;
		bool bad;
		while (json_next_string(&array, &at, &element, &bad)) {
		}
		assert_true(bad);
	}
	struct json_value array = value_of("[ ]");
	struct json_value element;
	size_t at = 0;
	bool bad;
	assert_false(json_next_string(&array, &at, &element, &bad));
	assert_false(bad);
}

/* ---- numbers */

static void integers_are_plain_and_below_2_53(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t number;
	} numbers[] = {{"0", 0}, {"1", 1}, {"200", 200}, {"9007199254740991", 9007199254740991}};
	static const char *const none[] = {"-0", "-1", "1.0", "1e3", "1E0", "0.5",
		"9007199254740992", "9999999999999999", "10000000000000000", "18446744073709551617",
		"true", "null", "\"1\"", "[1]", "{}"};
	int64_t number = -7;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct json_value value = value_of(numbers[i].text);
		assert_true(json_integer(&value, &number));
		assert_int_equal(number, numbers[i].number);
	}
	number = -7;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct json_value value = value_of(none[i]);
		assert_false(json_integer(&value, &number));
		assert_int_equal(number, -7);
	}
}

static void doubles_are_what_strtod_says(void **state)
{
	(void)state;
	static const char *const numbers[] = {"0", "-0", "1", "-1", "1.5", "-1.5", "0.001", "1e3",
		"1E-3", "1500.5", "1795334400", "1795334400.123", "1795334400123e-3",
		"9007199254740993", "18446744073709551615", "18446744073709551616",
		"123456789012345678901234567890",
		"0.00000000000000000000000000000000000000012345678901234567890123456789e40",
		"1.7976931348623157e308", "1e308", "1e-300", "0e999999999",
		"0.0000e-99999999999999999"};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct json_value value = value_of(numbers[i]);
		double number = -7;
		assert_true(json_double(&value, &number));
		double expected = strtod(numbers[i], NULL);
		double off = number > expected ? number - expected : expected - number;
		double size = expected < 0 ? -expected : expected;
		if (off > size * 4 * DBL_EPSILON) {
			fail_msg("%s: %.17g, not %.17g", numbers[i], number, expected);
		}
	}
}

static void doubles_beyond_their_range_stay_finite(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		double number;
	} numbers[] = {
		{"1e309", DBL_MAX},
		{"-1e309", -DBL_MAX},
		{"1e99999999999999999999999", DBL_MAX},
		{"1e-99999999999999999999999", 0},
		{"-1e-400", 0},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct json_value value = value_of(numbers[i].text);
		double number;
		assert_true(json_double(&value, &number));
		assert_true(number <= numbers[i].number && number >= numbers[i].number);
	}
	struct json_value value = value_of("\"1\"");
	double number;
	assert_false(json_double(&value, &number));
}

static void a_number_of_many_digits_keeps_its_size(void **state)
{
	(void)state;
	static char text[100100];
	memset(text, '0', sizeof(text));
	text[0] = '1';
	memcpy(text + 100001, "e-100000", sizeof("e-100000"));
	struct json_value value = {.type = JSON_NUMBER, .raw = slice_str(text)};
	double number;
	assert_true(json_double(&value, &number));
	assert_true(number > 0.999999 && number < 1.000001);
}

/* ---- writing */

static void strings_are_escaped_as_little_as_possible(void **state)
{
	(void)state;
	struct buffer buffer = {0};
	buffer_json_string(&buffer, SLICE("a\"b\\c/\b\f\n\r\t\x01\x1F\x7F\xC3\xA9\xE2\x80\xA8"));
	assert_slice_equal(buffer_slice(&buffer),
		SLICE("\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\xC3\xA9\xE2\x80\xA8\""));
	buffer_clear(&buffer);
	buffer_json_string(&buffer, slice_of(NULL, 0));
	assert_slice_equal(buffer_slice(&buffer), SLICE("\"\""));
	buffer_free(&buffer);
}

static void every_byte_that_is_written_reads_back_as_it_was(void **state)
{
	(void)state;
	struct buffer buffer = {0};
	for (int c = 1; c < 0x80; c++) {
		for (size_t len = 1; len <= 17; len++) {
			char text[17];
			char back[17];
			memset(text, c, len);
			text[len / 2] = 'x';
			buffer_clear(&buffer);
			buffer_append(&buffer, SLICE("{\"v\":"));
			size_t before = buffer.len;
			buffer_json_string(&buffer, slice_of(text, len));
			assert_int_equal(
				buffer.len - before, buffer_json_string_size(slice_of(text, len)));
			buffer_append(&buffer, SLICE("}"));
			struct json_member v;
			assert_true(read_v(buffer_slice(&buffer), &v));
			assert_slice_equal(json_unescape(&v.value, back), slice_of(text, len));
		}
	}
	buffer_free(&buffer);
}

static void integers_are_written_in_full(void **state)
{
	(void)state;
	static const struct {
		int64_t number;
		const char *text;
	} numbers[] = {{0, "0"}, {9, "9"}, {10, "10"}, {9007199254740991, "9007199254740991"},
		{INT64_MAX, "9223372036854775807"}, {-1, "-1"},
		{INT64_MIN, "-9223372036854775808"}};
	struct buffer buffer = {0};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		buffer_clear(&buffer);
		buffer_integer(&buffer, numbers[i].number);
		assert_slice_equal(buffer_slice(&buffer), slice_str(numbers[i].text));
	}
	buffer_free(&buffer);
}

static void a_buffer_grows_as_needed(void **state)
{
	(void)state;
	struct buffer buffer = {0};
	for (int i = 0; i < 10000; i++) {
		buffer_append(&buffer, SLICE("0123456789"));
	}
	assert_false(buffer.failed);
	assert_int_equal(buffer.len, 100000);
	assert_memory_equal(buffer.bytes + 99990, "0123456789", 10);
	size_t size = buffer.size;
	buffer_clear(&buffer);
	assert_int_equal(buffer.len, 0);
	assert_int_equal(buffer.size, size);
	buffer_free(&buffer);
	buffer_free(&buffer);
}

static void a_buffer_without_memory_stays_empty_until_it_is_cleared(void **state)
{
	(void)state;
	struct buffer buffer = {0};
	buffer_append(&buffer, SLICE("x"));
	char more[1000];
	memset(more, 'y', sizeof(more));
	no_memory = true;
	buffer_append(&buffer, slice_of(more, sizeof(more)));
	no_memory = false;
	assert_true(buffer.failed);
	assert_int_equal(buffer_slice(&buffer).len, 0);
	buffer_json_string(&buffer, SLICE("z"));
	assert_int_equal(buffer_slice(&buffer).len, 0);
	buffer_clear(&buffer);
	buffer_append(&buffer, SLICE("z"));
	assert_false(buffer.failed);
	assert_slice_equal(buffer_slice(&buffer), SLICE("z"));
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_one_object_is_an_object),
		cmocka_unit_test(members_are_read_by_the_grammar),
		cmocka_unit_test(values_are_read_by_the_grammar),
		cmocka_unit_test(every_type_is_told_with_its_bytes),
		cmocka_unit_test(wanted_members_are_found_whatever_their_order_and_spelling),
		cmocka_unit_test(a_member_that_is_there_twice_is_refused),
		cmocka_unit_test(only_top_level_names_have_to_differ),
		cmocka_unit_test(any_number_of_unknown_members_is_read),
		cmocka_unit_test(no_memory_for_many_members_refuses_the_text),
		cmocka_unit_test(nesting_is_followed_as_deep_as_a_payload_can_go),
		cmocka_unit_test(mixed_nesting_closes_in_its_order),
		cmocka_unit_test(escapes_become_what_they_stand_for),
		cmocka_unit_test(a_string_without_escapes_is_not_copied),
		cmocka_unit_test(bad_escapes_are_refused),
		cmocka_unit_test(raw_control_characters_are_refused_anywhere),
		cmocka_unit_test(exactly_the_well_formed_utf8_is_accepted),
		cmocka_unit_test(a_text_cut_anywhere_is_refused_and_not_read_beyond),
		cmocka_unit_test(arrays_of_strings_are_stepped_through),
		cmocka_unit_test(an_element_that_is_no_string_is_bad),
		cmocka_unit_test(integers_are_plain_and_below_2_53),
		cmocka_unit_test(doubles_are_what_strtod_says),
		cmocka_unit_test(doubles_beyond_their_range_stay_finite),
		cmocka_unit_test(a_number_of_many_digits_keeps_its_size),
		cmocka_unit_test(strings_are_escaped_as_little_as_possible),
		cmocka_unit_test(every_byte_that_is_written_reads_back_as_it_was),
		cmocka_unit_test(integers_are_written_in_full),
		cmocka_unit_test(a_buffer_grows_as_needed),
		cmocka_unit_test(a_buffer_without_memory_stays_empty_until_it_is_cleared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
