#include "buffer.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

/* ---- the end of the memory, for the buffer and for cJSON */

static bool no_memory;

void *__real_realloc(void *bytes, size_t size);
void *__wrap_realloc(void *bytes, size_t size);
void *__wrap_realloc(void *bytes, size_t size)
{
	return no_memory ? NULL : __real_realloc(bytes, size);
}

static size_t allocations_left;

static void *last_malloc(size_t size)
{
	return allocations_left-- == 0 ? NULL : malloc(size);
}

/* ---- reading */

/* The member "v" of the text that was read last. */
static struct json_member v;

static bool read_v(struct slice text)
{
	json_free(&v, 1);
	v = (struct json_member){SLICE("v"), .parsed_max = 100000};
	const char *reason = NULL;
	bool good = json_read(text, &v, 1, &reason);
	assert_true(good == (reason == NULL));
	return good;
}

static int forget_v(void **state)
{
	(void)state;
	json_free(&v, 1);
	return 0;
}

static bool good(const char *text)
{
	size_t len = strlen(text);
	char *exact = malloc(len == 0 ? 1 : len);
	assert_non_null(exact);
	memcpy(exact, text, len);
	bool read = read_v(slice_of(exact, len));
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

/* Reads {"v":<text>}. */
static void read_value(const char *text)
{
	static char whole[512]; /* what comes out points into it */
	snprintf(whole, sizeof(whole), "{\"v\": %s }", text);
	if (!read_v(slice_str(whole))) {
		fail_msg("refused: %s", whole);
	}
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
	assert_false(read_v(slice_of(NULL, 0)));
	assert_false(read_v(slice_of("{}\0", 3)));
	assert_false(read_v(slice_of("\0{}", 3)));
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

static void every_value_comes_parsed_and_as_it_stands(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int type;
		size_t depth;
	} values[] = {
		{"null", cJSON_NULL, 0},
		{"true", cJSON_True, 0},
		{"false", cJSON_False, 0},
		{"-1.5e3", cJSON_Number, 0},
		{"[ 1, [] ]", cJSON_Array, 2},
		{"[[], 1, [[]], {}]", cJSON_Array, 3},
		{"{ \"a\" : {} }", cJSON_Object, 2},
	};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		read_value(values[i].text);
		assert_int_equal(v.value->type, values[i].type);
		assert_slice_equal(v.raw, slice_str(values[i].text));
		assert_int_equal(v.len, v.raw.len);
		assert_int_equal(v.depth, values[i].depth);
		assert_int_equal(json_first(&v), values[i].text[0]);
		assert_null(v.string.bytes);
	}
	read_value("\"a\\n\"");
	assert_slice_equal(v.string, SLICE("a\n"));
	assert_slice_equal(v.raw, SLICE("\"a\\n\""));
	assert_int_equal(v.len, 2);
	assert_int_equal(v.depth, 0);
}

static void a_string_without_escapes_stands_in_the_text(void **state)
{
	(void)state;
	static const struct slice text = SLICE("{\"v\":\"abc\"}");
	assert_true(read_v(text));
	assert_ptr_equal(v.string.bytes, text.bytes + 6);
	assert_int_equal(v.string.len, 3);
	assert_null(v.value);
	assert_true(read_v(SLICE("{\"v\":\"\"}")));
	assert_non_null(v.string.bytes);
	assert_int_equal(v.string.len, 0);
}

static void a_member_that_is_not_there_is_nothing(void **state)
{
	(void)state;
	assert_true(read_v(SLICE("{\"w\":1}")));
	assert_int_equal(json_first(&v), '\0');
	assert_null(v.value);
	int64_t number;
	assert_false(json_integer(&v, &number));
}

static bool read_with_max(const char *text, size_t parsed_max)
{
	json_free(&v, 1);
	v = (struct json_member){SLICE("v"), .parsed_max = parsed_max};
	const char *reason;
	return json_read(slice_str(text), &v, 1, &reason);
}

static void what_is_longer_than_wanted_is_measured_but_not_parsed(void **state)
{
	(void)state;
	assert_true(read_with_max("{\"v\":\"\\u0061bc\"}", 3));
	assert_slice_equal(v.string, SLICE("abc"));
	assert_true(read_with_max("{\"v\":\"\\u0061bc\"}", 2));
	assert_null(v.value);
	assert_null(v.string.bytes);
	assert_true(read_with_max("{\"v\":\"abc\"}", 2));
	assert_null(v.string.bytes);
	assert_true(read_with_max("{\"v\":\"\\u0061bc\"}", 2));
	assert_int_equal(v.len, 3);
	assert_true(read_with_max("{\"v\":[1,2]}", 4));
	assert_null(v.value);
	assert_slice_equal(v.raw, SLICE("[1,2]"));
	assert_true(read_with_max("{\"v\":\"\"}", 0));
	assert_null(v.value);
	assert_int_equal(json_first(&v), '"');
	assert_false(read_with_max("{\"v\":\"\xFF\"}", 0));
}

static void what_is_nested_too_deeply_for_recursion_is_not_parsed(void **state)
{
	(void)state;
	read_value("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
	assert_int_equal(v.depth, JSON_PARSED_DEPTH_MAX);
	assert_non_null(v.value);
	read_value("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]");
	assert_int_equal(v.depth, JSON_PARSED_DEPTH_MAX + 1);
	assert_null(v.value);
}

static void wanted_members_are_found_whatever_their_order_and_spelling(void **state)
{
	(void)state;
	struct json_member wanted[] = {
		{.name = SLICE("a")}, {.name = SLICE("name")}, {.name = SLICE("z")}};
	const char *reason;
	assert_true(json_read(SLICE("{\"x\":0,\"n\\u0061me\":2,\"A\":3,\"\\u0061\":1,"
				    "\"names\":4}"),
		wanted, 3, &reason));
	assert_slice_equal(wanted[0].raw, SLICE("1"));
	assert_slice_equal(wanted[1].raw, SLICE("2"));
	assert_int_equal(wanted[2].raw.len, 0);
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

static bool reads_members(int count, int twice)
{
	struct slice text = many_members(count, twice);
	bool read = read_v(text);
	assert_true(!read || slice_equal(v.raw, SLICE("7")));
	free((char *)(uintptr_t)text.bytes);
	return read;
}

static void unknown_members_are_read_up_to_a_bound(void **state)
{
	(void)state;
	static const int counts[] = {1, 2, 63, 64, 65, 255, JSON_MEMBERS_MAX};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		assert_true(reads_members(counts[i], -1));
		assert_false(reads_members(counts[i], 0));
		assert_false(reads_members(counts[i], counts[i] / 2));
		assert_false(reads_members(counts[i], counts[i] - 1));
	}
	assert_false(reads_members(JSON_MEMBERS_MAX + 1, -1));
	assert_false(reads_members(13000, -1));
}

/* {"<len times x>":1} */
static bool reads_name(size_t len)
{
	char text[2 * JSON_NAME_MAX] = "{\"";
	memset(text + 2, 'x', len);
	memcpy(text + 2 + len, "\":1}", sizeof("\":1}"));
	return good(text);
}

static void a_name_is_read_up_to_a_bound(void **state)
{
	(void)state;
	assert_true(reads_name(JSON_NAME_MAX));
	assert_false(reads_name(JSON_NAME_MAX + 1));
}

/* {"v":[1,1,…]} with `count` values in all. */
static bool reads_values(size_t count)
{
	char *text = malloc(2 * count + 16);
	assert_non_null(text);
	char *at = text + sprintf(text, "{\"v\":[1");
	for (size_t i = 2; i < count; i++) {
		at += sprintf(at, ",1");
	}
	at += sprintf(at, "]}");
	bool read = read_v(slice_of(text, (size_t)(at - text)));
	free(text);
	return read;
}

static void values_are_read_up_to_a_bound(void **state)
{
	(void)state;
	assert_true(reads_values(JSON_VALUES_MAX));
	assert_false(reads_values(JSON_VALUES_MAX + 1));
}

static void without_memory_nothing_is_read(void **state)
{
	(void)state;
	cJSON_Hooks hooks = {last_malloc, free};
	cJSON_InitHooks(&hooks);
	size_t failed = 0;
	for (allocations_left = 0; !read_v(SLICE("{\"\\u0076\":[\"x\",{\"a\":1}]}"));
		allocations_left = failed) {
		failed++;
		assert_null(v.value);
	}
	cJSON_InitHooks(NULL);
	assert_in_range(failed, 5, 20);
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
	bool read = read_v(slice_of(text, (size_t)(at - text)));
	free(text);
	return read;
}

static void nesting_is_followed_up_to_the_bound_of_values(void **state)
{
	(void)state;
	static const size_t depths[] = {1, 7, 8, 9, 63, 64, 65, 1000, 10000, JSON_VALUES_MAX - 1};
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		assert_true(nested(depths[i], "[", "]"));
		assert_true(nested(depths[i], "{\"a\":", "}"));
		assert_false(nested(depths[i], "[", "}"));
		assert_false(nested(depths[i], "{\"a\":", "]"));
	}
	assert_false(nested(JSON_VALUES_MAX, "[", "]"));
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
		read_value(strings[i].text);
		assert_int_equal(v.len, strlen(strings[i].string));
		assert_slice_equal(v.string, slice_str(strings[i].string));
	}
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
	return read_v(slice_of(text, at + 2)) && v.len == before + len + behind;
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
		assert_false(read_v(slice_of(exact, len)));
		free(exact);
	}
	assert_true(read_v(text));
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
		read_value(numbers[i].text);
		assert_true(json_integer(&v, &number));
		assert_int_equal(number, numbers[i].number);
	}
	number = -7;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		read_value(none[i]);
		assert_false(json_integer(&v, &number));
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
		"0.0000000000000000000000000000012345678901234567890123456789e30",
		"1.7976931348623157e308", "1e308", "1e-300", "0e999999999",
		"0.0000e-99999999999999999"};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		read_value(numbers[i]);
		assert_true(cJSON_IsNumber(v.value));
		double number = v.value->valuedouble;
		double expected = strtod(numbers[i], NULL);
		if (number < expected || number > expected) {
			fail_msg("%s: %.17g, not %.17g", numbers[i], number, expected);
		}
	}
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
			memset(text, c, len);
			text[len / 2] = 'x';
			buffer_clear(&buffer);
			buffer_append(&buffer, SLICE("{\"v\":"));
			size_t before = buffer.len;
			buffer_json_string(&buffer, slice_of(text, len));
			struct buffer size = {.measures = true};
			buffer_json_string(&size, slice_of(text, len));
			assert_int_equal(buffer.len - before, size.len);
			assert_null(size.bytes);
			buffer_append(&buffer, SLICE("}"));
			assert_true(read_v(buffer_slice(&buffer)));
			assert_slice_equal(v.string, slice_of(text, len));
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
		cmocka_unit_test(every_value_comes_parsed_and_as_it_stands),
		cmocka_unit_test(a_string_without_escapes_stands_in_the_text),
		cmocka_unit_test(a_member_that_is_not_there_is_nothing),
		cmocka_unit_test(what_is_longer_than_wanted_is_measured_but_not_parsed),
		cmocka_unit_test(what_is_nested_too_deeply_for_recursion_is_not_parsed),
		cmocka_unit_test(wanted_members_are_found_whatever_their_order_and_spelling),
		cmocka_unit_test(a_member_that_is_there_twice_is_refused),
		cmocka_unit_test(only_top_level_names_have_to_differ),
		cmocka_unit_test(unknown_members_are_read_up_to_a_bound),
		cmocka_unit_test(a_name_is_read_up_to_a_bound),
		cmocka_unit_test(values_are_read_up_to_a_bound),
		cmocka_unit_test(without_memory_nothing_is_read),
		cmocka_unit_test(nesting_is_followed_up_to_the_bound_of_values),
		cmocka_unit_test(mixed_nesting_closes_in_its_order),
		cmocka_unit_test(escapes_become_what_they_stand_for),
		cmocka_unit_test(bad_escapes_are_refused),
		cmocka_unit_test(raw_control_characters_are_refused_anywhere),
		cmocka_unit_test(exactly_the_well_formed_utf8_is_accepted),
		cmocka_unit_test(a_text_cut_anywhere_is_refused_and_not_read_beyond),
		cmocka_unit_test(integers_are_plain_and_below_2_53),
		cmocka_unit_test(doubles_are_what_strtod_says),
		cmocka_unit_test(strings_are_escaped_as_little_as_possible),
		cmocka_unit_test(every_byte_that_is_written_reads_back_as_it_was),
		cmocka_unit_test(integers_are_written_in_full),
		cmocka_unit_test(a_buffer_grows_as_needed),
		cmocka_unit_test(a_buffer_without_memory_stays_empty_until_it_is_cleared),
	};
	return cmocka_run_group_tests(tests, NULL, forget_v);
}
