#include "gate.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

static const struct siphash_key key = {1, 2};

#define TOPIC SLICE("chat/1/2")
#define HI SLICE("hi")
#define EVERYBODY 0

static int set_up(void **state)
{
	*state = gate_create(&key);
	return *state == NULL;
}

static int tear_down(void **state)
{
	gate_destroy(*state);
	return 0;
}

static void what_was_not_published_does_not_pass(void **state)
{
	struct gate *gate = *state;
	uint64_t taken = 0;
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	assert_false(gate_pass(gate, TOPIC, SLICE("ho"), 7, &taken));
	assert_false(gate_pass(gate, SLICE("chat/1/3"), HI, 7, &taken));
}

static void everybody_takes_an_entry_once(void **state)
{
	struct gate *gate = *state;
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	for (client_serial serial = 1; serial < 100; serial++) {
		uint64_t taken = 0;
		assert_true(gate_pass(gate, TOPIC, HI, serial, &taken));
		assert_false(gate_pass(gate, TOPIC, HI, serial, &taken));
	}
}

static void equal_bytes_published_twice_pass_twice(void **state)
{
	struct gate *gate = *state;
	uint64_t taken = 0;
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken));
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken));
	assert_false(gate_pass(gate, TOPIC, HI, 7, &taken));
}

static void entry_for_one_passes_to_that_one_alone(void **state)
{
	struct gate *gate = *state;
	uint64_t taken_7 = 0;
	uint64_t taken_8 = 0;
	assert_int_not_equal(gate_open(gate, TOPIC, HI, 7, 0), 0);
	assert_false(gate_pass(gate, TOPIC, HI, 8, &taken_8));
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken_7));
	assert_false(gate_pass(gate, TOPIC, HI, 7, &taken_7));
}

static void entry_used_up_by_one_leaves_the_next_equal_one(void **state)
{
	struct gate *gate = *state;
	uint64_t taken = 0;
	for (int i = 0; i < 3; i++) {
		assert_int_not_equal(gate_open(gate, TOPIC, HI, 7, 0), 0);
	}
	for (int i = 0; i < 3; i++) {
		assert_true(gate_pass(gate, TOPIC, HI, 7, &taken));
	}
	assert_false(gate_pass(gate, TOPIC, HI, 7, &taken));
}

/* Otherwise an answer that somebody smuggled forward would cost what was published before it. */
static void taking_an_answer_does_not_lose_what_came_before_it(void **state)
{
	struct gate *gate = *state;
	uint64_t taken = 0;
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	assert_int_not_equal(gate_open(gate, TOPIC, SLICE("answer"), 7, 0), 0);
	assert_true(gate_pass(gate, TOPIC, SLICE("answer"), 7, &taken));
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken));
}

static void answer_published_before_taking_later_news_still_passes(void **state)
{
	struct gate *gate = *state;
	uint64_t taken = 0;
	assert_int_not_equal(gate_open(gate, TOPIC, SLICE("answer"), 7, 0), 0);
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken));
	assert_true(gate_pass(gate, TOPIC, SLICE("answer"), 7, &taken));
}

/* A stored message, then the same bytes again to the one who repeated it. */
static void of_equal_bytes_the_older_entry_is_taken_first(void **state)
{
	struct gate *gate = *state;
	uint64_t taken = 0;
	uint64_t news = gate_open(gate, TOPIC, HI, EVERYBODY, 0);
	assert_int_not_equal(gate_open(gate, TOPIC, HI, 7, 0), 0);
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken));
	assert_int_equal(taken, news);
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken));
	assert_false(gate_pass(gate, TOPIC, HI, 7, &taken));
}

static void who_took_the_one_does_not_get_the_other(void **state)
{
	struct gate *gate = *state;
	struct slice lobby = SLICE("user/2");
	uint64_t in_chat = 0;
	uint64_t outside = 0;
	uint64_t news = gate_open(gate, TOPIC, HI, EVERYBODY, 0);
	assert_int_not_equal(gate_open(gate, lobby, SLICE("note"), EVERYBODY, news), 0);
	assert_true(gate_pass(gate, TOPIC, HI, 7, &in_chat));
	assert_false(gate_pass(gate, lobby, SLICE("note"), 7, &in_chat));
	assert_true(gate_pass(gate, lobby, SLICE("note"), 8, &outside));
}

static void who_came_after_it_does_not_get_it(void **state)
{
	struct gate *gate = *state;
	uint64_t taken_7 = 0;
	uint64_t taken_8 = 0;
	uint64_t first = gate_open(gate, TOPIC, HI, EVERYBODY, 0);
	gate_skip(gate, first, 8);
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken_7));
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken_7));
	assert_true(gate_pass(gate, TOPIC, HI, 8, &taken_8));
	assert_false(gate_pass(gate, TOPIC, HI, 8, &taken_8));
	gate_skip(gate, 0, 8);
	gate_skip(gate, 1000, 8);
}

static void entry_lives_for_two_ticks(void **state)
{
	struct gate *gate = *state;
	uint64_t taken = 0;
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	gate_tick(gate);
	gate_tick(gate);
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken));
	gate_tick(gate);
	uint64_t other = 0;
	assert_false(gate_pass(gate, TOPIC, HI, 8, &other));
	assert_int_equal(gate_entries(gate), 0);
}

static void books_are_empty_three_ticks_after_a_storm(void **state)
{
	struct gate *gate = *state;
	char payload[32];
	for (int i = 0; i < 20000; i++) {
		int len = snprintf(payload, sizeof(payload), "%d", i);
		client_serial only = (client_serial)(i % 3);
		assert_int_not_equal(
			gate_open(gate, TOPIC, slice_of(payload, (size_t)len), only, 0), 0);
	}
	for (int i = 0; i < 3; i++) {
		gate_tick(gate);
	}
	assert_int_equal(gate_entries(gate), 0);
}

static void growing_keeps_all_entries_and_their_order(void **state)
{
	struct gate *gate = *state;
	char payload[32];
	uint64_t taken[3] = {0};
	for (int i = 0; i < 5000; i++) {
		int len = snprintf(payload, sizeof(payload), "%d", i / 2);
		struct slice bytes = slice_of(payload, (size_t)len);
		assert_int_not_equal(gate_open(gate, TOPIC, bytes, EVERYBODY, 0), 0);
		if (i % 700 == 0) {
			gate_tick(gate);
			gate_tick(gate);
			assert_int_not_equal(gate_open(gate, TOPIC, bytes, EVERYBODY, 0), 0);
		}
	}
	for (int i = 2101; i < 2500; i++) {
		int len = snprintf(payload, sizeof(payload), "%d", i);
		struct slice bytes = slice_of(payload, (size_t)len);
		assert_true(gate_pass(gate, TOPIC, bytes, 1, &taken[1]));
		assert_true(gate_pass(gate, TOPIC, bytes, 1, &taken[1]));
	}
}

/* With everybody's answers in one chain this takes minutes. */
static void flood_of_equal_answers_costs_others_nothing(void **state)
{
	struct gate *gate = *state;
	enum {
		FLOOD = 100000
	};
	for (int i = 0; i < FLOOD; i++) {
		assert_int_not_equal(gate_open(gate, TOPIC, HI, 7, 0), 0);
	}
	uint64_t taken_7 = 0;
	uint64_t taken_8 = 0;
	for (int i = 0; i < FLOOD; i++) {
		assert_false(gate_pass(gate, TOPIC, HI, 8, &taken_8));
		assert_true(gate_pass(gate, TOPIC, HI, 7, &taken_7));
	}
}

/* What was published last is compared instead of hashed: only the very bytes will do. */
static void text_that_differs_in_one_byte_does_not_pass(void **state)
{
	struct gate *gate = *state;
	uint64_t taken = 0;
	char text[] = "{\"event\":\"typing\",\"user_id\":\"1\",\"on\":true}";
	struct slice payload = slice_str(text);
	assert_int_not_equal(gate_open(gate, TOPIC, payload, EVERYBODY, 0), 0);
	assert_true(gate_pass(gate, TOPIC, payload, 7, &taken));
	for (size_t i = 0; i < payload.len; i++) {
		uint64_t nothing_yet = 0;
		text[i] ^= 1;
		assert_false(gate_pass(gate, TOPIC, payload, 8, &nothing_yet));
		text[i] ^= 1;
	}
	uint64_t nothing_yet = 0;
	assert_false(gate_pass(gate, TOPIC, slice_of(text, payload.len - 1), 8, &nothing_yet));
	assert_false(gate_pass(gate, SLICE("chat/1/3"), payload, 8, &nothing_yet));
	assert_true(gate_pass(gate, TOPIC, payload, 8, &nothing_yet));
}

/* Where one text ends and the other begins counts. */
static void topic_and_payload_are_not_mixed_up(void **state)
{
	struct gate *gate = *state;
	uint64_t taken = 0;
	assert_int_not_equal(gate_open(gate, TOPIC, SLICE("3/hi"), EVERYBODY, 0), 0);
	assert_false(gate_pass(gate, SLICE("chat/1/23"), SLICE("/hi"), 7, &taken));
	assert_true(gate_pass(gate, TOPIC, SLICE("3/hi"), 7, &taken));
}

static void text_of_the_last_question_does_not_pass_on_another_topic(void **state)
{
	struct gate *gate = *state;
	uint64_t taken_7 = 0;
	uint64_t taken_8 = 0;
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken_7));
	assert_false(gate_pass(gate, SLICE("chat/1/3"), HI, 8, &taken_8));
	assert_true(gate_pass(gate, TOPIC, HI, 8, &taken_8));
}

static void long_text_passes_to_each_reader(void **state)
{
	struct gate *gate = *state;
	char text[20000];
	memset(text, 'x', sizeof(text));
	struct slice payload = slice_of(text, sizeof(text));
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	assert_int_not_equal(gate_open(gate, TOPIC, payload, EVERYBODY, 0), 0);
	for (client_serial serial = 1; serial < 4; serial++) {
		uint64_t taken = 0;
		assert_true(gate_pass(gate, TOPIC, HI, serial, &taken));
		assert_true(gate_pass(gate, TOPIC, payload, serial, &taken));
		assert_false(gate_pass(gate, TOPIC, payload, serial, &taken));
	}
}

static void text_without_bytes_does_not_pass(void **state)
{
	struct gate *gate = *state;
	uint64_t taken = 0;
	assert_int_not_equal(gate_open(gate, TOPIC, HI, EVERYBODY, 0), 0);
	assert_false(gate_pass(gate, TOPIC, slice_of(NULL, 0), 7, &taken));
	assert_true(gate_pass(gate, TOPIC, HI, 7, &taken));
}

/* Against a list that is searched from its front. */
static void thousands_of_random_steps_agree_with_a_plain_list(void **state)
{
	struct gate *gate = *state;
	enum {
		ENTRIES = 4000,
		CLIENTS = 5,
		PAYLOADS = 6
	};
	static struct {
		int payload;
		client_serial only;
		uint64_t number;
		bool used;
	} list[ENTRIES];
	uint64_t taken[CLIENTS + 1] = {0};
	uint64_t model_taken[CLIENTS + 1] = {0};
	size_t count = 0;
	size_t oldest[4] = {0}; /* this tick's first, the last one's, … */
	/* Some differ in their last byte alone. */
	static char medium[2][900];
	static char large[3000];
	medium[1][899] = 'x';
	const struct slice payloads[PAYLOADS] = {{"a", 1}, {"b", 1}, {"", 0},
		{medium[0], sizeof(medium[0])}, {medium[1], sizeof(medium[1])},
		{large, sizeof(large)}};
	srand(11);
	for (int step = 0; step < 60000 && count < ENTRIES; step++) {
		int what = rand() % 100;
		int payload = rand() % PAYLOADS;
		client_serial who = (client_serial)(1 + rand() % CLIENTS);
		if (what < 20) {
			client_serial only = rand() % 2 == 0 ? 0 : who;
			uint64_t number = gate_open(gate, TOPIC, payloads[payload], only, 0);
			assert_int_not_equal(number, 0);
			list[count].payload = payload;
			list[count].only = only;
			list[count].number = number;
			list[count++].used = false;
		} else if (what < 22) {
			gate_tick(gate);
			oldest[2] = oldest[1];
			oldest[1] = oldest[0];
			oldest[0] = count;
		} else {
			bool expected = false;
			for (size_t i = oldest[2]; i < count && !expected; i++) {
				if (list[i].payload != payload || list[i].used) {
					continue;
				}
				if (list[i].only == who) {
					list[i].used = expected = true;
				} else if (list[i].only == 0 && list[i].number > model_taken[who]) {
					model_taken[who] = list[i].number;
					expected = true;
				}
			}
			assert_int_equal(
				gate_pass(gate, TOPIC, payloads[payload], who, &taken[who]),
				expected);
			assert_int_equal(taken[who], model_taken[who]);
		}
	}
	assert_int_equal(gate_entries(gate), count - oldest[2]);
}

int main(void)
{
#define GATE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		GATE_TEST(what_was_not_published_does_not_pass),
		GATE_TEST(everybody_takes_an_entry_once),
		GATE_TEST(equal_bytes_published_twice_pass_twice),
		GATE_TEST(entry_for_one_passes_to_that_one_alone),
		GATE_TEST(entry_used_up_by_one_leaves_the_next_equal_one),
		GATE_TEST(taking_an_answer_does_not_lose_what_came_before_it),
		GATE_TEST(answer_published_before_taking_later_news_still_passes),
		GATE_TEST(of_equal_bytes_the_older_entry_is_taken_first),
		GATE_TEST(who_took_the_one_does_not_get_the_other),
		GATE_TEST(who_came_after_it_does_not_get_it),
		GATE_TEST(entry_lives_for_two_ticks),
		GATE_TEST(books_are_empty_three_ticks_after_a_storm),
		GATE_TEST(growing_keeps_all_entries_and_their_order),
		GATE_TEST(flood_of_equal_answers_costs_others_nothing),
		GATE_TEST(text_that_differs_in_one_byte_does_not_pass),
		GATE_TEST(topic_and_payload_are_not_mixed_up),
		GATE_TEST(text_of_the_last_question_does_not_pass_on_another_topic),
		GATE_TEST(long_text_passes_to_each_reader),
		GATE_TEST(text_without_bytes_does_not_pass),
		GATE_TEST(thousands_of_random_steps_agree_with_a_plain_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
