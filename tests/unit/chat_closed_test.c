/* Chats that are closed. */
#include <string.h>

#include "chat.h"
#include "unit.h"
#include "world.h"

#define FORBIDDEN "{\"event\":\"error\",\"code\":\"forbidden\",\"reason\":\"this chat is closed\""
#define ROOM SLICE("1/2")

/* Ann and Bob are in their chat, Bob's phone is in his lobby. */
static void meet(struct world *world)
{
	world_join(world, ANN, CHAT);
	world_join(world, BOB, CHAT);
	world_join(world, BOB_PHONE, "user/2");
	world_forget(world);
}

static void close_chat(struct world *world)
{
	chat_closed(world->chat, ROOM, true, world->now);
	world_turn(world);
	world_forget(world);
}

static void who_is_in_a_chat_that_is_closed_hears_so_once(void **state)
{
	struct world *world = *state;
	meet(world);
	chat_closed(world->chat, ROOM, true, world->now);
	chat_closed(world->chat, ROOM, true, world->now);
	world_turn(world);
	assert_event(world, ANN, CHAT, FORBIDDEN);
	assert_event(world, BOB, CHAT, FORBIDDEN);
	assert_silence(world, ANN);
	assert_silence(world, BOB);
	assert_silence(world, BOB_PHONE);
}

/* A page in which the other one's read mark is not told has -1 there. */
static void subscribe_to_a_closed_chat_brings_history_and_forbidden(void **state)
{
	struct world *world = *state;
	static const int clients[] = {ANN, BOB};
	world->closed = true;
	for (size_t i = 0; i < 2; i++) {
		world_log_in(world, clients[i]);
		assert_int_equal(world_subscribe(world, clients[i], CHAT), CHAT_ALLOW);
		world_turn(world);
		world_answer_all(world);
		world_turn(world);
		assert_event(world, clients[i], CHAT, "\"event\":\"history\"");
		assert_event(world, clients[i], CHAT, FORBIDDEN);
		assert_silence(world, clients[i]);
	}
	assert_silence(world, ANN);
}

static void who_comes_to_a_chat_that_was_closed_hears_of_nobody(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	close_chat(world);
	world->closed = true;
	world_log_in(world, BOB);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, BOB, CHAT, "\"event\":\"history\"");
	assert_event(world, BOB, CHAT, FORBIDDEN);
	assert_silence(world, BOB);
	assert_silence(world, ANN);
}

static void page_can_be_the_first_to_say_that_a_chat_was_closed(void **state)
{
	struct world *world = *state;
	meet(world);
	world->closed = true;
	world_send(world, ANN, HISTORY);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"event\":\"history\"");
	assert_event(world, ANN, CHAT, FORBIDDEN);
	assert_silence(world, ANN);
	assert_event(world, BOB, CHAT, FORBIDDEN);
}

static void page_that_was_read_before_a_chat_was_closed_does_not_open_it(void **state)
{
	struct world *world = *state;
	meet(world);
	world_send(world, ANN, HISTORY);
	close_chat(world);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"event\":\"history\"");
	assert_silence(world, ANN);
	world_send(world, BOB, TYPING);
	world_turn(world);
	assert_silence(world, ANN);
}

static void nobody_types_comes_or_goes_in_a_closed_chat(void **state)
{
	struct world *world = *state;
	meet(world);
	close_chat(world);
	world_send(world, BOB, TYPING);
	assert_int_equal(world_subscribe(world, BOB_PHONE, CHAT), CHAT_ALLOW);
	world_leave(world, BOB);
	world_leave(world, BOB_PHONE);
	world_turn(world);
	assert_silence(world, ANN);
}

static void read_in_a_closed_chat_is_told_to_the_readers_lobby_alone(void **state)
{
	struct world *world = *state;
	meet(world);
	close_chat(world);
	world_turn(world);
	world_forget(world);
	world_send(world, BOB, "{\"event\":\"read\",\"seq\":5}");
	world_marked(world, 0, true);
	world_turn(world);
	assert_event(world, BOB_PHONE, "user/2", "\"event\":\"read\"");
	assert_silence(world, ANN);
	assert_silence(world, BOB);
}

static void message_to_a_closed_chat_is_forbidden_to_all_who_sent_it(void **state)
{
	struct world *world = *state;
	meet(world);
	world_send_ref(world, ANN, "r");
	world_join(world, ANN_PHONE, CHAT);
	world_forget(world);
	world_send_ref(world, ANN_PHONE, "r");
	world_saved(world, 0, SAVED_FORBIDDEN, 0);
	world_turn(world);
	assert_event(world, ANN, CHAT, FORBIDDEN ",\"ref\":\"r\"");
	assert_event(world, ANN_PHONE, CHAT, FORBIDDEN ",\"ref\":\"r\"");
	assert_silence(world, ANN);
	assert_silence(world, BOB);
	assert_int_equal(chat_count(world->chat).pending, 0);
}

static void what_the_application_posts_reaches_a_closed_chat(void **state)
{
	struct world *world = *state;
	meet(world);
	close_chat(world);
	struct message message = {.room = ROOM,
		.user_id = SLICE("1"),
		.opponent_id = SLICE("2"),
		.text = SLICE("order"),
		.seq = 9};
	chat_saved(world->chat, SAVED_NEW, &message);
	world_turn(world);
	assert_event(world, ANN, CHAT, MESSAGE_EVENT "9");
	assert_event(world, BOB, CHAT, MESSAGE_EVENT "9");
	assert_event(world, BOB_PHONE, "user/2", "\"quiet\":true");
}

static void chat_that_is_open_again_brings_what_a_subscribe_brings(void **state)
{
	struct world *world = *state;
	meet(world);
	close_chat(world);
	world->load_count = 0;
	chat_closed(world->chat, ROOM, false, world->now);
	world_answer_all(world);
	world_turn(world);
	static const int clients[] = {ANN, BOB};
	for (size_t i = 0; i < 2; i++) {
		assert_event(world, clients[i], CHAT, "\"event\":\"presence_state\"");
		assert_event(world, clients[i], CHAT, "\"event\":\"history\"");
		assert_silence(world, clients[i]);
	}
	world_send(world, BOB, TYPING);
	world_turn(world);
	assert_event(world, ANN, CHAT, "typing");
}

/* Before the store has said that the chat is open, nobody is told of anybody. */
static void who_comes_while_the_store_is_away_hears_of_themselves_alone(void **state)
{
	struct world *world = *state;
	chat_store_up(world->chat, false);
	world_log_in(world, ANN);
	world_log_in(world, BOB);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_send(world, ANN, TYPING);
	world_turn(world);
	assert_event(world, BOB, CHAT, "unavailable");
	assert_event(world, BOB, CHAT, "\"users\":{\"2\":{\"name\":\"Bob\"}}}");
	assert_silence(world, BOB);
	world_forget(world);
	chat_store_up(world->chat, true);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, BOB, CHAT, "\"event\":\"history\"");
	assert_event(
		world, BOB, CHAT, "\"users\":{\"1\":{\"name\":\"Ann\"},\"2\":{\"name\":\"Bob\"}}");
	assert_event(world, BOB, CHAT, "\"joins\":{");
	assert_silence(world, BOB);
}

static void load_that_is_given_up_leaves_everybody_alone(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	for (size_t i = 0; i < 20 && i < world->load_count; i++) {
		chat_load_failed(world->chat, world->loads[i].load.ticket);
		world_turn(world);
	}
	assert_event(world, ANN, CHAT, "unavailable");
	assert_event(world, ANN, CHAT, "presence_state");
	assert_silence(world, ANN);
}

static void closed_chat_leaves_nothing_behind(void **state)
{
	struct world *world = *state;
	meet(world);
	close_chat(world);
	world_leave(world, ANN);
	world_leave(world, BOB);
	world_leave(world, BOB_PHONE);
	world_check_books_are_empty(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_TEST(who_is_in_a_chat_that_is_closed_hears_so_once),
		CHAT_TEST(subscribe_to_a_closed_chat_brings_history_and_forbidden),
		CHAT_TEST(who_comes_to_a_chat_that_was_closed_hears_of_nobody),
		CHAT_TEST(page_can_be_the_first_to_say_that_a_chat_was_closed),
		CHAT_TEST(page_that_was_read_before_a_chat_was_closed_does_not_open_it),
		CHAT_TEST(nobody_types_comes_or_goes_in_a_closed_chat),
		CHAT_TEST(read_in_a_closed_chat_is_told_to_the_readers_lobby_alone),
		CHAT_TEST(message_to_a_closed_chat_is_forbidden_to_all_who_sent_it),
		CHAT_TEST(what_the_application_posts_reaches_a_closed_chat),
		CHAT_TEST(chat_that_is_open_again_brings_what_a_subscribe_brings),
		CHAT_TEST(who_comes_while_the_store_is_away_hears_of_themselves_alone),
		CHAT_TEST(load_that_is_given_up_leaves_everybody_alone),
		CHAT_TEST(closed_chat_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
