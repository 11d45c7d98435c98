#include "permits.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#define ROOM SLICE("1/2")
#define OTHER SLICE("1/3")
#define NOW INT64_C(1000000)

static int set_up(void **state)
{
	static struct permits permits;
	permits = (struct permits){.key = {1, 2}};
	*state = &permits;
	return 0;
}

static int tear_down(void **state)
{
	permits_finish(*state);
	return 0;
}

static struct message message_to(struct slice room, const char *text)
{
	return (struct message){.room = room, .user_id = SLICE("1"), .text = slice_str(text)};
}

static void ask(struct permits *permits, struct slice room, int64_t now)
{
	assert_int_equal(permits_ask(permits, room, now), CHAT_OK);
}

/* Frees the first and returns the rest. */
static struct permit_waiter *drop(struct permit_waiter *waiter)
{
	struct permit_waiter *next = waiter->next;
	free(waiter);
	return next;
}

static void nothing_is_known_of_a_chat_at_first(void **state)
{
	struct permits *permits = *state;
	struct slice room;
	assert_int_equal(permits_state(permits, ROOM, NOW), PERMIT_UNKNOWN);
	assert_false(permits_late(permits, NOW, &room));
	assert_null(permits_answer(permits, ROOM, PERMIT_GIVEN, NOW));
	assert_int_equal(permits_state(permits, ROOM, NOW), PERMIT_UNKNOWN);
}

static void answer_holds_for_its_chat_and_its_time(void **state)
{
	struct permits *permits = *state;
	ask(permits, ROOM, NOW);
	assert_int_equal(permits_state(permits, ROOM, NOW), PERMIT_ASKED);
	assert_null(permits_answer(permits, ROOM, PERMIT_REFUSED, NOW));
	assert_int_equal(permits_state(permits, OTHER, NOW), PERMIT_UNKNOWN);
	assert_null(permits_expire(permits, NOW + PERMIT_HOLDS_MS - 1));
	assert_int_equal(permits_state(permits, ROOM, NOW + PERMIT_HOLDS_MS - 1), PERMIT_REFUSED);
	assert_int_equal(permits_state(permits, ROOM, NOW + PERMIT_HOLDS_MS), PERMIT_UNKNOWN);
	assert_null(permits_expire(permits, NOW + PERMIT_HOLDS_MS));
	assert_int_equal(permits_state(permits, ROOM, NOW), PERMIT_UNKNOWN);
}

static void what_waits_comes_back_with_the_answer_in_order(void **state)
{
	struct permits *permits = *state;
	char text[] = "first";
	struct message first = message_to(ROOM, text);
	struct message other = message_to(OTHER, "elsewhere");
	ask(permits, ROOM, NOW);
	ask(permits, OTHER, NOW);
	assert_int_equal(permits_hold_message(permits, &first), CHAT_OK);
	assert_int_equal(permits_hold_request(permits, ROOM, 7), CHAT_OK);
	assert_int_equal(permits_hold_message(permits, &other), CHAT_OK);
	text[0] = 'x';
	struct permit_waiter *waiter = permits_answer(permits, ROOM, PERMIT_GIVEN, NOW);
	assert_int_equal(waiter->ticket, 0);
	assert_true(slice_equal(waiter->message.text, SLICE("first")));
	waiter = drop(waiter);
	assert_int_equal(waiter->ticket, 7);
	assert_null(drop(waiter));
	assert_int_equal(permits->messages, 1);
}

static void answer_that_does_not_come_is_late_after_its_time(void **state)
{
	struct permits *permits = *state;
	struct slice room;
	ask(permits, ROOM, NOW);
	ask(permits, OTHER, NOW + 10);
	assert_false(permits_late(permits, NOW + PERMIT_WAIT_MS - 1, &room));
	assert_true(permits_late(permits, NOW + PERMIT_WAIT_MS, &room));
	assert_true(slice_equal(room, ROOM));
	assert_null(permits_answer(permits, room, PERMIT_FAILED, NOW + PERMIT_WAIT_MS));
	assert_false(permits_late(permits, NOW + PERMIT_WAIT_MS, &room));
}

static void requests_wait_until_what_failed_can_be_asked_again(void **state)
{
	struct permits *permits = *state;
	ask(permits, ROOM, NOW);
	assert_null(permits_answer(permits, ROOM, PERMIT_FAILED, NOW));
	assert_int_equal(permits_hold_request(permits, ROOM, 7), CHAT_OK);
	assert_null(permits_expire(permits, NOW + PERMIT_WAIT_MS - 1));
	assert_int_equal(permits_state(permits, ROOM, NOW), PERMIT_FAILED);
	struct permit_waiter *waiter = permits_expire(permits, NOW + PERMIT_WAIT_MS);
	assert_int_equal(waiter->ticket, 7);
	assert_null(drop(waiter));
	assert_int_equal(permits_state(permits, ROOM, NOW), PERMIT_UNKNOWN);
}

static void messages_and_chats_are_bounded(void **state)
{
	struct permits *permits = *state;
	char name[16];
	struct message message = message_to(ROOM, "hi");
	assert_int_equal(permits_hold_message(permits, &message), CHAT_EBUSY);
	ask(permits, ROOM, NOW);
	for (int i = 0; i < PERMIT_MESSAGES_MAX; i++) {
		assert_int_equal(permits_hold_message(permits, &message), CHAT_OK);
	}
	assert_int_equal(permits_hold_message(permits, &message), CHAT_EBUSY);
	for (int i = 1; i < PERMITS_MAX; i++) {
		snprintf(name, sizeof(name), "1/%d", i + 2);
		ask(permits, slice_str(name), NOW);
	}
	assert_int_equal(permits_ask(permits, SLICE("8/9"), NOW), CHAT_EBUSY);
	ask(permits, ROOM, NOW);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_known_of_a_chat_at_first),
		TEST(answer_holds_for_its_chat_and_its_time),
		TEST(what_waits_comes_back_with_the_answer_in_order),
		TEST(answer_that_does_not_come_is_late_after_its_time),
		TEST(requests_wait_until_what_failed_can_be_asked_again),
		TEST(messages_and_chats_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
