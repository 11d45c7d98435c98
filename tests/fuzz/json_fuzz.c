/* Texts of JSON: what the reader accepts, and what it makes of it, is what its predecessor did, but
 * for the bounds that it has besides. */
#include "fuzz.h"
#include "json.h"
#include "reference_json.h"

#define WANTED 4

static const struct slice names[WANTED] = {{"v", 1}, {"event", 5}, {"text", 4}, {"", 0}};

/* A bound of the new reader alone. */
static bool is_too_much(const char *reason)
{
	return strncmp(reason, "It h", 4) == 0 || strstr(reason, "too long") != NULL;
}

static size_t depth_of(struct slice raw)
{
	size_t depth = 0;
	size_t deepest = 0;
	bool in_string = false;
	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.bytes[i];
		i += in_string && c == '\\';
		in_string = in_string != (c == '"');
		depth += !in_string && (c == '[' || c == '{');
		deepest = depth > deepest ? depth : deepest;
		depth -= !in_string && (c == ']' || c == '}');
	}
	return deepest;
}

static void compare_string(
	const struct json_member *member, const struct reference_json_value *value)
{
	char *bytes = malloc(value->len + 1);
	struct slice string = reference_json_unescape(value, bytes);
	MUST(member->len == value->len && is_text(string));
	MUST(member->string.bytes != NULL && slice_equal(member->string, string));
	free(bytes);
}

static void compare_number(
	const struct json_member *member, const struct reference_json_value *value)
{
	int64_t number = -1;
	int64_t expected = -1;
	MUST(json_integer(member, &number) == reference_json_integer(value, &expected));
	MUST(number == expected);
	double seconds;
	MUST(reference_json_double(value, &seconds));
	/* To 15 digits; the smallest that there are have fewer. */
	double off = member->value == NULL ? 0 : member->value->valuedouble - seconds;
	double most = (seconds < 0 ? -seconds : seconds) * 1e-15 + 1e-300;
	bool beyond = seconds > 1e308 || seconds < -1e308;
	MUST(beyond || (off <= most && off >= -most));
}

static void compare_value(
	const struct json_member *member, const struct reference_json_value *value)
{
	static const int types[] = {
		[REFERENCE_JSON_NULL] = cJSON_NULL,
		[REFERENCE_JSON_FALSE] = cJSON_False,
		[REFERENCE_JSON_TRUE] = cJSON_True,
		[REFERENCE_JSON_NUMBER] = cJSON_Number,
		[REFERENCE_JSON_STRING] = cJSON_String,
		[REFERENCE_JSON_ARRAY] = cJSON_Array,
		[REFERENCE_JSON_OBJECT] = cJSON_Object,
	};
	size_t quotes = value->type == REFERENCE_JSON_STRING ? 2 : 0;
	MUST(member->raw.len == value->raw.len + quotes);
	MUST(member->raw.bytes + quotes / 2 == value->raw.bytes);
	MUST(member->depth == (quotes > 0 ? 0 : depth_of(value->raw)));
	MUST(member->value == NULL || member->value->type == types[value->type]);
	if (value->type == REFERENCE_JSON_STRING) {
		compare_string(member, value);
	} else if (value->type == REFERENCE_JSON_NUMBER) {
		compare_number(member, value);
	} else {
		/* A number inside that is too long for cJSON loses the value, not the text. */
		MUST(member->value != NULL || member->depth > JSON_PARSED_DEPTH_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = exact_copy(slice_of((const char *)data, size));
	struct json_member members[WANTED];
	struct reference_json_member expected[WANTED];
	for (size_t i = 0; i < WANTED; i++) {
		members[i] = (struct json_member){.name = names[i], .parsed_max = size};
		expected[i].name = names[i];
	}
	const char *reason;
	const char *expected_reason;
	bool good = json_read(text, members, WANTED, &reason);
	bool was_good = reference_json_read(text, expected, WANTED, &expected_reason);
	MUST(good == (reason == NULL));
	MUST(good == was_good || (was_good && is_too_much(reason)));
	for (size_t i = 0; good && i < WANTED; i++) {
		MUST((json_first(&members[i]) != '\0') == expected[i].there);
		if (expected[i].there) {
			compare_value(&members[i], &expected[i].value);
		}
	}
	json_free(members, WANTED);
	drop_copy(text);
	return 0;
}
