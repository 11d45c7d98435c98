/* Histories and unread lists. */
#include <string.h>

#include "chat.h"
#include "requests.h"
#include "unit.h"
#include "world.h"

static void history_follows_a_subscribe_to_that_client_alone(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_turn(world);
	world_forget(world);
	world_answer(world, 0);
	world_turn(world);
	assert_event(world, ANN, CHAT,
		"{\"event\":\"history\",\"messages\":[],\"more\":false,\"read\":{\"1\":3,\"2\":4},\"change\":0,\"epoch\":\"e\"}");
	assert_silence(world, BOB);
}

static void unread_follows_a_lobby_subscribe(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, "user/1"), CHAT_ALLOW);
	world_answer(world, 0);
	world_turn(world);
	assert_event(world, ANN, "user/1", "\"event\":\"unread\"");
	assert_silence(world, ANN);
}

static void history_carries_the_ref_it_was_asked_with(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_send(world, ANN, "{\"event\":\"history\",\"before\":0,\"limit\":3,\"ref\":\"q\"}");
	assert_int_equal(world->loads[0].load.before, 1);
	assert_int_equal(world->loads[0].load.limit, 3);
	world_answer(world, 0);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"ref\":\"q\"");
}

static void answer_never_reaches_who_got_the_handle_next(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_send(world, BOB, HISTORY);
	world_leave(world, BOB);
	assert_int_equal(world_connect(world, BOB, "c2", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_route(world);
	world_forget(world);
	world_answer(world, 0);
	world_turn(world);
	assert_silence(world, BOB);
}

static void answer_that_is_on_its_way_never_reaches_who_got_the_handle_next(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_send(world, BOB, HISTORY);
	world_answer(world, 0);
	world_leave(world, BOB);
	world_log_in(world, BOB);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_silence(world, BOB);
}

static void answer_to_who_has_gone_is_not_counted_for_the_next(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_send(world, BOB, HISTORY);
	world_leave(world, BOB);
	world_log_in(world, BOB);
	world_send(world, BOB, HISTORY);
	world_answer(world, 0);
	for (int i = 1; i < REQUESTS_PER_CLIENT_MAX; i++) {
		world_send(world, BOB, HISTORY);
	}
	assert_int_equal(world->load_count, REQUESTS_PER_CLIENT_MAX + 1);
	world_send(world, BOB, HISTORY);
	assert_int_equal(world->load_count, REQUESTS_PER_CLIENT_MAX + 1);
}

static void who_leaves_while_the_store_is_away_is_not_answered_later(void **state)
{
	struct world *world = *state;
	chat_store_up(world->chat, false);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN, "user/1"), CHAT_ALLOW);
	world_leave(world, ANN);
	world_check_books_are_empty(world);
}

static void history_is_unavailable_at_once_while_the_store_is_away(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	chat_store_up(world->chat, false);
	world_send(world, ANN, "{\"event\":\"history\",\"ref\":\"q\"}");
	world_route(world);
	const struct world_event *event = world_next(world, ANN);
	assert_non_null(strstr(event->payload, "\"code\":\"unavailable\""));
	assert_non_null(strstr(event->payload, "\"ref\":\"q\",\"retry_ms\":1000"));
	chat_store_up(world->chat, true);
	world_turn(world);
	assert_int_equal(world->load_count, 0);
}

static void history_is_unavailable_after_five_seconds_and_not_answered_later(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_send(world, ANN, HISTORY);
	world_pass_time(world, 4999);
	world_turn(world);
	assert_silence(world, ANN);
	world_pass_time(world, 1);
	world_turn(world);
	assert_event(world, ANN, CHAT, "unavailable");
	world_answer(world, 0);
	world_turn(world);
	assert_silence(world, ANN);
}

static void subscribe_while_the_store_is_away_is_told_and_answered_later(void **state)
{
	struct world *world = *state;
	chat_store_up(world->chat, false);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN, "user/1"), CHAT_ALLOW);
	world_turn(world);
	assert_event(world, ANN, CHAT, "unavailable");
	assert_event(world, ANN, CHAT, "presence_state");
	assert_event(world, ANN, "user/1", "unavailable");
	assert_int_equal(world->load_count, 0);
	world_pass_time(world, 60000);
	world_turn(world);
	assert_silence(world, ANN);
	chat_store_up(world->chat, true);
	assert_int_equal(world->load_count, 2);
	world_answer(world, 0);
	world_answer(world, 1);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"event\":\"history\"");
	assert_event(world, ANN, "user/1", "\"event\":\"unread\"");
	assert_event(world, ANN, CHAT, "presence_state");
	assert_event(world, ANN, CHAT, "presence_diff");
	assert_silence(world, ANN);
}

static void history_of_a_subscribe_comes_only_to_who_is_still_subscribed(void **state)
{
	struct world *world = *state;
	chat_store_up(world->chat, false);
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN, "user/1"), CHAT_ALLOW);
	assert_int_equal(world_unsubscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_unsubscribe(world, ANN, "user/1"), CHAT_ALLOW);
	chat_store_up(world->chat, true);
	assert_int_equal(world->load_count, 0);
	assert_int_equal(chat_count(world->chat).requests, 0);
}

static void history_of_a_subscribe_that_was_in_flight_when_the_store_went_comes_later(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_turn(world);
	world_forget(world);
	chat_load_failed(world->chat, world->loads[0].load.ticket);
	chat_store_up(world->chat, false);
	world_turn(world);
	assert_event(world, ANN, CHAT, "unavailable");
	assert_event(world, ANN, CHAT, "presence_state");
	assert_silence(world, ANN);
	chat_store_up(world->chat, true);
	world_answer(world, 1);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"event\":\"history\"");
}

static void history_of_a_subscribe_outlives_a_store_that_goes_many_times(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(world->load_count, i + 1);
		chat_load_failed(world->chat, world->loads[i].load.ticket);
		chat_store_up(world->chat, false);
		chat_store_up(world->chat, true);
	}
	world_turn(world);
	world_forget(world);
	world_answer(world, 10);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"event\":\"history\"");
}

static void load_that_the_database_keeps_refusing_is_given_up(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	for (size_t i = 0; i < 20 && i < world->load_count; i++) {
		chat_load_failed(world->chat, world->loads[i].load.ticket);
		world_turn(world);
	}
	assert_in_range(world->load_count, 1, 5);
	assert_int_equal(chat_count(world->chat).requests, 0);
}

static void superseded_load_that_failed_does_not_wait_after_leaving(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world->load_count, 2);
	assert_int_equal(world_unsubscribe(world, ANN, CHAT), CHAT_ALLOW);
	chat_load_failed(world->chat, world->loads[0].load.ticket);
	chat_load_failed(world->chat, world->loads[1].load.ticket);
	assert_int_equal(chat_count(world->chat).requests, 0);
}

static void other_epoch_brings_all_who_are_subscribed_what_a_subscribe_brings(void **state)
{
	struct world *world = *state;
	world->last_seq = 7;
	world_join(world, ANN, CHAT);
	world_enter(world, ANN, "user/1");
	world_join(world, BOB, CHAT);
	world_forget(world);
	chat_epoch_changed(world->chat, world->now);
	assert_int_equal(world->load_count, 3);
	world_answer_all(world);
	world_turn(world);
	static const int clients[] = {ANN, BOB};
	for (size_t i = 0; i < 2; i++) {
		assert_event(world, clients[i], CHAT, "presence_state");
		assert_event(world, clients[i], CHAT, "\"event\":\"history\"");
	}
	assert_event(world, ANN, "user/1", "\"event\":\"unread\"");
	assert_silence(world, ANN);
	assert_silence(world, BOB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_TEST(history_follows_a_subscribe_to_that_client_alone),
		CHAT_TEST(unread_follows_a_lobby_subscribe),
		CHAT_TEST(history_carries_the_ref_it_was_asked_with),
		CHAT_TEST(answer_never_reaches_who_got_the_handle_next),
		CHAT_TEST(answer_that_is_on_its_way_never_reaches_who_got_the_handle_next),
		UNLIMITED_TEST(answer_to_who_has_gone_is_not_counted_for_the_next),
		CHAT_TEST(who_leaves_while_the_store_is_away_is_not_answered_later),
		CHAT_TEST(history_is_unavailable_at_once_while_the_store_is_away),
		CHAT_TEST(history_is_unavailable_after_five_seconds_and_not_answered_later),
		CHAT_TEST(subscribe_while_the_store_is_away_is_told_and_answered_later),
		CHAT_TEST(history_of_a_subscribe_comes_only_to_who_is_still_subscribed),
		CHAT_TEST(
			history_of_a_subscribe_that_was_in_flight_when_the_store_went_comes_later),
		CHAT_TEST(history_of_a_subscribe_outlives_a_store_that_goes_many_times),
		CHAT_TEST(load_that_the_database_keeps_refusing_is_given_up),
		CHAT_TEST(other_epoch_brings_all_who_are_subscribed_what_a_subscribe_brings),
		CHAT_TEST(superseded_load_that_failed_does_not_wait_after_leaving),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
