/* Who is told of who is in a chat. */
#include <stdio.h>

#include "chat.h"
#include "presence.h"
#include "unit.h"
#include "world.h"

static void subscriber_hears_who_is_there_itself_included(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_turn(world);
	assert_silence(world, ANN);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"event\":\"history\"");
	assert_event(world, ANN, CHAT,
		"{\"event\":\"presence_state\",\"users\":{\"1\":{\"name\":\"Ann\"}}}");
	assert_event(world, ANN, CHAT, "\"joins\":{\"1\"");
	assert_silence(world, ANN);
}

static void presence_state_is_for_the_subscriber_alone(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, BOB, CHAT, "presence_diff");
	assert_silence(world, BOB);
}

/* The second one comes before the broker has routed what was said of the first. */
static void who_comes_second_in_one_turn_hears_of_the_first_in_the_state_alone(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_log_in(world, BOB);
	world_log_in(world, BOB_PHONE);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, BOB_PHONE, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, ANN, CHAT, "\"joins\":{\"2\"");
	assert_silence(world, ANN);
	assert_event(world, BOB, CHAT, "presence_state");
	assert_event(world, BOB, CHAT, "\"joins\":{\"2\"");
	assert_silence(world, BOB);
	assert_event(world, BOB_PHONE, CHAT,
		"\"users\":{\"1\":{\"name\":\"Ann\"},\"2\":{\"name\":\"Bob\"}}");
	assert_silence(world, BOB_PHONE);
}

static void second_client_of_a_user_joins_silently(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_join(world, ANN, CHAT);
	world_log_in(world, ANN_PHONE);
	assert_int_equal(world_subscribe(world, ANN_PHONE, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_silence(world, BOB);
	assert_silence(world, ANN);
	assert_event(world, ANN_PHONE, CHAT, "presence_state");
}

static void only_the_last_client_of_a_user_leaves_aloud(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_join(world, ANN, CHAT);
	world_join(world, ANN_PHONE, CHAT);
	world_leave(world, ANN);
	world_route(world);
	assert_silence(world, BOB);
	assert_int_equal(world_unsubscribe(world, ANN_PHONE, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, BOB, CHAT,
		"{\"event\":\"presence_diff\",\"joins\":{},\"leaves\":{\"1\":{\"name\":\"Annie\"}}}");
	assert_silence(world, BOB);
}

static void subscribing_again_sends_the_state_again_and_no_diff(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_join(world, ANN, CHAT);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, ANN, CHAT, "presence_state");
	assert_silence(world, BOB);
}

/* So many answers that others who come go by the rule for many. */
static void ask_for_many_histories(struct world *world)
{
	static const int clients[] = {BOB_PHONE, EVE};
	for (size_t i = 0; i < 2; i++) {
		world_log_in(world, clients[i]);
		assert_int_equal(world_subscribe(world, clients[i], "chat/2/3"), CHAT_ALLOW);
		for (int asked = 0; asked < 32; asked++) {
			assert_int_equal(
				world_say(world, clients[i], "chat/2/3", HISTORY), CHAT_ALLOW);
		}
	}
	world_turn(world);
	world_forget(world);
}

static void where_many_requests_wait_they_go_before_presence(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	ask_for_many_histories(world);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_turn(world);
	assert_silence(world, ANN);
	world_answer_all(world);
	assert_true(chat_tick(world->chat, world->now));
	world_route(world);
	assert_event(world, ANN, CHAT, "\"event\":\"history\"");
	assert_silence(world, ANN);
	assert_silence(world, BOB);
	assert_false(chat_tick(world->chat, world->now));
	world_route(world);
	assert_event(
		world, ANN, CHAT, "\"users\":{\"1\":{\"name\":\"Ann\"},\"2\":{\"name\":\"Bob\"}}");
	assert_event(world, ANN, CHAT, "\"joins\":{\"1\":{\"name\":\"Ann\"}}");
	assert_silence(world, ANN);
	assert_event(world, BOB, CHAT, "\"joins\":{\"1\":{\"name\":\"Ann\"}}");
	assert_silence(world, BOB);
}

static void presence_waits_for_no_answer_longer_than_a_second(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	ask_for_many_histories(world);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_pass_time(world, 999);
	world_turn(world);
	assert_silence(world, ANN);
	world_pass_time(world, 1);
	world_turn(world);
	assert_event(world, ANN, CHAT, "presence_state");
	assert_event(world, ANN, CHAT, "presence_diff");
}

static void presence_waits_for_no_store_that_is_away(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	ask_for_many_histories(world);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	chat_store_up(world->chat, false);
	world_turn(world);
	assert_event(world, ANN, CHAT, "presence_state");
	assert_event(world, ANN, CHAT, "presence_diff");
}

static void two_who_wait_are_told_of_in_one_event(void **state)
{
	struct world *world = *state;
	ask_for_many_histories(world);
	world_log_in(world, ANN);
	world_log_in(world, BOB);
	world_log_in(world, ANN_PHONE);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN_PHONE, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_pass_time(world, 1000);
	world_answer_all(world);
	world_route(world);
	world_forget(world);
	world_turn(world);
	static const int clients[] = {ANN, ANN_PHONE, BOB};
	for (size_t i = 0; i < 3; i++) {
		assert_event(world, clients[i], CHAT,
			"\"users\":{\"1\":{\"name\":\"Annie\"},\"2\":{\"name\":\"Bob\"}}");
		assert_event(world, clients[i], CHAT, "\"2\":{\"name\":\"Bob\"}");
		assert_silence(world, clients[i]);
	}
}

static void who_leaves_untold_is_told_of_first(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	ask_for_many_histories(world);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_leave(world, ANN);
	world_route(world);
	assert_event(world, BOB, CHAT, "\"joins\":{\"1\"");
	assert_event(world, BOB, CHAT, "\"leaves\":{\"1\"");
	assert_silence(world, BOB);
}

static void who_types_is_there_first(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	ask_for_many_histories(world);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_send(world, ANN, "{\"event\":\"typing\"}");
	world_route(world);
	assert_event(world, BOB, CHAT, "\"joins\":{\"1\"");
	assert_event(world, BOB, CHAT, "\"event\":\"typing\"");
	assert_silence(world, BOB);
}

static void those_who_wait_to_be_told_of_leave_nothing_behind(void **state)
{
	struct world *world = *state;
	ask_for_many_histories(world);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(chat_count(world->chat).rooms, 2);
	/* The end of the test is the end of the plugin; the sanitizer looks. */
}

static void chats_of_one_client_are_bounded(void **state)
{
	struct world *world = *state;
	char topic[32];
	world_log_in(world, ANN);
	world->load_says = CHAT_EBUSY;
	for (int i = 0; i < CHATS_PER_CLIENT_MAX; i++) {
		snprintf(topic, sizeof(topic), "chat/1/%d", i + 2);
		assert_int_equal(world_subscribe(world, ANN, topic), CHAT_ALLOW);
		world->queued = 0;
	}
	assert_int_equal(world_subscribe(world, ANN, "chat/1/9999"), CHAT_DENY);
	assert_int_equal(world_subscribe(world, ANN, "chat/1/2"), CHAT_ALLOW);
	world_leave(world, ANN);
	world_check_books_are_empty(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_TEST(subscriber_hears_who_is_there_itself_included),
		CHAT_TEST(presence_state_is_for_the_subscriber_alone),
		CHAT_TEST(who_comes_second_in_one_turn_hears_of_the_first_in_the_state_alone),
		CHAT_TEST(second_client_of_a_user_joins_silently),
		CHAT_TEST(only_the_last_client_of_a_user_leaves_aloud),
		CHAT_TEST(subscribing_again_sends_the_state_again_and_no_diff),
		UNLIMITED_TEST(where_many_requests_wait_they_go_before_presence),
		UNLIMITED_TEST(presence_waits_for_no_answer_longer_than_a_second),
		UNLIMITED_TEST(presence_waits_for_no_store_that_is_away),
		UNLIMITED_TEST(two_who_wait_are_told_of_in_one_event),
		UNLIMITED_TEST(who_leaves_untold_is_told_of_first),
		UNLIMITED_TEST(who_types_is_there_first),
		UNLIMITED_TEST(those_who_wait_to_be_told_of_leave_nothing_behind),
		UNLIMITED_TEST(chats_of_one_client_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
