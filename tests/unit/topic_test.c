#include "topic.h"

#include <stdlib.h>

#include "unit.h"
#include "vectors.h"

static const char *kind_name(enum topic_kind kind)
{
	static const char *const names[] = {
		[TOPIC_OTHER] = "other",
		[TOPIC_LOBBY] = "lobby",
		[TOPIC_CHAT] = "chat",
		[TOPIC_BROKEN] = "broken",
		[TOPIC_WILD] = "wild",
		[TOPIC_HIDDEN] = "hidden",
	};
	return names[kind];
}

static void check(const cJSON *list, struct topic (*parse)(struct slice))
{
	const cJSON *vector;
	cJSON_ArrayForEach(vector, list)
	{
		struct slice text = vectors_bytes(vector, "topic");
		const char *why = vectors_string(vector, "why", "");
		const char *kind = vectors_string(vector, "kind", "");
		struct topic topic = parse(text);
		if (strcmp(kind_name(topic.kind), kind) != 0) {
			fail_msg("%s: %.*s is %s, not %s", why, SLICE_ARGS(text),
				kind_name(topic.kind), kind);
		}
		if (topic.kind == TOPIC_LOBBY || topic.kind == TOPIC_CHAT) {
			assert_slice_equal(topic.a, slice_str(vectors_string(vector, "a", NULL)));
			assert_slice_equal(topic.b, slice_str(vectors_string(vector, "b", NULL)));
		}
		vectors_free(text);
	}
}

static void published_topics_are_told_apart(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("topics.json");
	check(vectors_member(vectors, "topics"), topic_parse);
	cJSON_Delete(vectors);
}

static void filters_are_told_apart(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("topics.json");
	check(vectors_member(vectors, "filters"), topic_parse_filter);
	cJSON_Delete(vectors);
}

static void every_published_topic_without_wildcards_is_the_same_as_a_filter(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("topics.json");
	const cJSON *vector;
	cJSON_ArrayForEach(vector, vectors_member(vectors, "topics"))
	{
		struct slice text = vectors_bytes(vector, "topic");
		if (!slice_starts(text, SLICE("$share")) && text.len > 0 &&
			memchr(text.bytes, '+', text.len) == NULL &&
			memchr(text.bytes, '#', text.len) == NULL) {
			assert_int_equal(topic_parse(text).kind, topic_parse_filter(text).kind);
		}
		vectors_free(text);
	}
	cJSON_Delete(vectors);
}

static void ids_are_what_the_contract_says(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("topics.json");
	const cJSON *vector;
	cJSON_ArrayForEach(vector, vectors_member(vectors, "ids"))
	{
		struct slice id = vectors_bytes(vector, "id");
		if (topic_valid_id(id) != vectors_bool(vector, "valid", true)) {
			fail_msg("%s: %.*s", vectors_string(vector, "why", ""), SLICE_ARGS(id));
		}
		vectors_free(id);
	}
	cJSON_Delete(vectors);
}

static void of_all_bytes_68_make_an_id(void **state)
{
	(void)state;
	int count = 0;
	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		count += topic_valid_id(slice_of(&c, 1));
	}
	assert_int_equal(count, 26 + 26 + 10 + 6);
}

static void an_id_that_is_not_there_is_none(void **state)
{
	(void)state;
	assert_false(topic_valid_id(slice_of(NULL, 0)));
	assert_int_equal(topic_parse(slice_of(NULL, 0)).kind, TOPIC_OTHER);
	assert_int_equal(topic_parse_filter(slice_of(NULL, 0)).kind, TOPIC_OTHER);
}

static void ids_stand_shorter_first_then_in_byte_order(void **state)
{
	(void)state;
	static const char *const ascending[] = {
		"-", "1", "2", "A", "Z", "_", "a", "~", "01", "10", "11", "aa", "099", "100"};
	for (size_t i = 0; i < sizeof(ascending) / sizeof(ascending[0]); i++) {
		for (size_t j = 0; j < sizeof(ascending) / sizeof(ascending[0]); j++) {
			int order =
				topic_compare_ids(slice_str(ascending[i]), slice_str(ascending[j]));
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void a_room_splits_into_its_two_users(void **state)
{
	(void)state;
	struct slice a;
	struct slice b;
	assert_true(topic_split_room(SLICE("9/10"), &a, &b));
	assert_slice_equal(a, SLICE("9"));
	assert_slice_equal(b, SLICE("10"));
	static const char *const none[] = {"", "/", "1", "1/", "/1", "1/1", "2/1", "10/9", "1/2/3",
		"1//2", "1/2/", "chat/1/2", "1 /2", "+/2", "1/#"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_false(topic_split_room(slice_str(none[i]), &a, &b));
	}
	assert_false(topic_split_room(slice_of(NULL, 0), &a, &b));
}

static void the_longest_topic_fits_and_reads_back(void **state)
{
	(void)state;
	char room_bytes[ROOM_MAX];
	memset(room_bytes, 'a', sizeof(room_bytes));
	room_bytes[ID_MAX] = '/';
	room_bytes[ROOM_MAX - 1] = 'b';
	struct slice room = slice_of(room_bytes, sizeof(room_bytes));
	char *into = malloc(TOPIC_MAX + 1);
	assert_non_null(into);
	struct topic topic = topic_parse(topic_of_chat(room, into));
	assert_int_equal(topic.kind, TOPIC_CHAT);
	assert_slice_equal(topic.room, room);
	assert_int_equal(into[TOPIC_MAX], '\0');
	topic = topic_parse(topic_of_lobby(slice_of(room_bytes, ID_MAX), into));
	assert_int_equal(topic.kind, TOPIC_LOBBY);
	assert_int_equal(topic.a.len, ID_MAX);
	assert_string_equal(topic_of_lobby(SLICE("1"), into).bytes, "user/1");
	free(into);
}

static void room_of_two_users_is_the_same_whoever_comes_first(void **state)
{
	(void)state;
	char bytes[ROOM_MAX + 1];
	assert_slice_equal(topic_room_of(SLICE("2"), SLICE("10"), bytes), SLICE("2/10"));
	assert_slice_equal(topic_room_of(SLICE("10"), SLICE("2"), bytes), SLICE("2/10"));
	assert_string_equal(bytes, "2/10");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_of_two_users_is_the_same_whoever_comes_first),
		cmocka_unit_test(published_topics_are_told_apart),
		cmocka_unit_test(filters_are_told_apart),
		cmocka_unit_test(every_published_topic_without_wildcards_is_the_same_as_a_filter),
		cmocka_unit_test(ids_are_what_the_contract_says),
		cmocka_unit_test(of_all_bytes_68_make_an_id),
		cmocka_unit_test(an_id_that_is_not_there_is_none),
		cmocka_unit_test(ids_stand_shorter_first_then_in_byte_order),
		cmocka_unit_test(a_room_splits_into_its_two_users),
		cmocka_unit_test(the_longest_topic_fits_and_reads_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
