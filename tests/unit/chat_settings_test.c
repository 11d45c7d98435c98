/* Lists of all chats, mutes and blocks: what is asked in the lobby. */
#include <string.h>

#include "chat.h"
#include "requests.h"
#include "unit.h"
#include "world.h"

#define LOBBY "user/1"
#define CHATS "{\"event\":\"chats\",\"limit\":7,\"after\":\"c\",\"ref\":\"q\"}"
#define MUTE "{\"event\":\"mute\",\"chat\":\"chat/1/2\",\"ref\":\"m\"}"
#define BLOCK "{\"event\":\"block\",\"user_id\":\"2\",\"ref\":\"b\"}"
#define MUTED "{\"event\":\"muted\",\"chat\":\"chat/1/2\",\"on\":true"
#define BLOCKED "{\"event\":\"blocked\",\"user_id\":\"2\",\"on\":true"

/* Ann is in her lobby by two clients, Bob in his and in their chat. */
static void meet(struct world *world)
{
	world_join(world, ANN, LOBBY);
	world_join(world, ANN_PHONE, LOBBY);
	world_join(world, BOB, "user/2");
	world_enter(world, BOB, CHAT);
	world_forget(world);
}

static const struct load *ask(struct world *world, const char *json)
{
	size_t before = world->load_count;
	assert_int_equal(world_say(world, ANN, LOBBY, json), CHAT_ALLOW);
	assert_int_equal(world->load_count, before + 1);
	return &world->loads[before].load;
}

static void set(struct world *world, const struct load *load, enum set_as as)
{
	chat_set(world->chat, load->ticket, as, world->now);
	world_turn(world);
}

static void chats_are_answered_to_who_asked(void **state)
{
	struct world *world = *state;
	meet(world);
	const struct load *load = ask(world, CHATS);
	assert_int_equal(load->what, LOAD_CHATS);
	assert_slice_equal(load->user_id, SLICE("1"));
	assert_slice_equal(load->cursor, SLICE("c"));
	assert_int_equal(load->limit, 7);
	world_answer(world, 0);
	world_turn(world);
	assert_event(world, ANN, LOBBY, "{\"event\":\"chats\",\"chats\":[]");
	assert_silence(world, ANN);
	assert_silence(world, ANN_PHONE);
}

static void list_after_what_is_no_cursor_is_a_bad_field(void **state)
{
	struct world *world = *state;
	struct chats chats = {.bad_cursor = true};
	meet(world);
	chat_chats(world->chat, ask(world, CHATS)->ticket, &chats);
	world_turn(world);
	assert_event(world, ANN, LOBBY, "\"code\":\"bad_field\",\"reason\":\"'after' must be");
	assert_int_equal(chat_count(world->chat).requests, 0);
}

static void mute_is_told_to_all_clients_of_the_user(void **state)
{
	struct world *world = *state;
	meet(world);
	const struct load *load = ask(world, MUTE);
	assert_int_equal(load->what, LOAD_MUTE);
	assert_slice_equal(load->room, SLICE("1/2"));
	assert_true(load->on);
	set(world, load, SET_NEW);
	assert_event(world, ANN, LOBBY, MUTED ",\"ref\":\"m\"");
	assert_event(world, ANN_PHONE, LOBBY, MUTED);
	assert_silence(world, BOB);
}

static void what_is_set_already_is_told_to_who_asked_alone(void **state)
{
	struct world *world = *state;
	meet(world);
	set(world, ask(world, MUTE), SET_ALREADY);
	assert_event(world, ANN, LOBBY, MUTED);
	set(world, ask(world, BLOCK), SET_ALREADY);
	assert_event(world, ANN, LOBBY, BLOCKED);
	assert_silence(world, ANN_PHONE);
}

static void mute_of_a_chat_that_is_not_there_is_a_bad_field(void **state)
{
	struct world *world = *state;
	meet(world);
	set(world, ask(world, MUTE), SET_NOT_THERE);
	assert_event(world, ANN, LOBBY, "\"code\":\"bad_field\"");
	assert_int_equal(world_say(world, ANN, LOBBY,
				 "{\"event\":\"mute\",\"chat\":\"chat/2/3\",\"ref\":\"x\"}"),
		CHAT_ALLOW);
	world_turn(world);
	assert_event(world, ANN, LOBBY, "\"code\":\"bad_field\"");
	assert_int_equal(world->load_count, 1);
}

static void block_is_told_to_the_blocker_and_closes_the_chat(void **state)
{
	struct world *world = *state;
	meet(world);
	const struct load *load = ask(world, BLOCK);
	assert_int_equal(load->what, LOAD_BLOCK);
	assert_slice_equal(load->room, SLICE("1/2"));
	assert_slice_equal(load->user_id, SLICE("1"));
	set(world, load, SET_NEW);
	assert_event(world, ANN, LOBBY, BLOCKED ",\"ref\":\"b\"");
	assert_event(world, ANN_PHONE, LOBBY, BLOCKED);
	assert_event(world, BOB, CHAT, "\"code\":\"forbidden\"");
	assert_silence(world, BOB);
}

static void too_many_blocks_are_forbidden(void **state)
{
	struct world *world = *state;
	meet(world);
	set(world, ask(world, BLOCK), SET_TOO_MANY);
	assert_event(world, ANN, LOBBY, "\"code\":\"forbidden\"");
	assert_silence(world, BOB);
}

static void nobody_blocks_themselves(void **state)
{
	struct world *world = *state;
	meet(world);
	assert_int_equal(world_say(world, ANN, LOBBY, "{\"event\":\"block\",\"user_id\":\"1\"}"),
		CHAT_ALLOW);
	world_turn(world);
	assert_event(world, ANN, LOBBY, "\"code\":\"bad_field\"");
	assert_int_equal(world->load_count, 0);
}

static void block_is_forbidden_where_it_is_the_applications(void **state)
{
	(void)state;
	struct world *world;
	assert_true(world_begin_without_blocking(&world));
	meet(world);
	assert_int_equal(world_say(world, ANN, LOBBY, BLOCK), CHAT_ALLOW);
	world_turn(world);
	assert_event(world, ANN, LOBBY, "\"code\":\"forbidden\"");
	assert_int_equal(world->load_count, 0);
	world_end(world);
}

static void block_by_the_application_is_told_to_the_blocker(void **state)
{
	struct world *world = *state;
	meet(world);
	chat_blocked(world->chat, SLICE("1"), SLICE("2"), true);
	world_turn(world);
	assert_event(world, ANN, LOBBY, BLOCKED "}");
	assert_event(world, ANN_PHONE, LOBBY, BLOCKED "}");
	assert_silence(world, BOB);
}

/* What a user has set here comes again with the news. */
static void own_block_is_not_told_again_by_the_news(void **state)
{
	struct world *world = *state;
	meet(world);
	set(world, ask(world, BLOCK), SET_NEW);
	world_forget(world);
	chat_blocked(world->chat, SLICE("1"), SLICE("2"), true);
	world_turn(world);
	assert_silence(world, ANN);
	chat_blocked(world->chat, SLICE("1"), SLICE("2"), false);
	world_turn(world);
	assert_event(world, ANN, LOBBY, "\"on\":false");
}

/* The news say how it is by now, so of a block that was lifted at once there are none. */
static void own_block_of_which_no_news_came_hides_none_of_the_applications(void **state)
{
	struct world *world = *state;
	meet(world);
	set(world, ask(world, BLOCK), SET_NEW);
	world_pass_time(world, 10000);
	world_turn(world);
	world_forget(world);
	chat_blocked(world->chat, SLICE("1"), SLICE("2"), true);
	world_turn(world);
	assert_event(world, ANN, LOBBY, BLOCKED "}");
}

static void setting_whose_answer_was_lost_is_set_again_and_told_to_all(void **state)
{
	struct world *world = *state;
	meet(world);
	const struct load *load = ask(world, MUTE);
	chat_load_failed(world->chat, load->ticket);
	chat_store_up(world->chat, false);
	world_turn(world);
	assert_event(world, ANN, LOBBY, "unavailable");
	world_leave(world, ANN);
	chat_store_up(world->chat, true);
	assert_int_equal(world->load_count, 2);
	set(world, &world->loads[1].load, SET_ALREADY);
	assert_event(world, ANN_PHONE, LOBBY, MUTED);
	assert_int_equal(chat_count(world->chat).requests, 0);
}

static void setting_that_takes_long_is_told_and_comes_later(void **state)
{
	struct world *world = *state;
	meet(world);
	const struct load *load = ask(world, MUTE);
	world_pass_time(world, REQUEST_DEADLINE_MS);
	world_turn(world);
	assert_event(world, ANN, LOBBY, "unavailable");
	set(world, load, SET_NEW);
	assert_event(world, ANN, LOBBY, MUTED);
	assert_event(world, ANN_PHONE, LOBBY, MUTED);
}

static void setting_that_the_database_refuses_is_given_up(void **state)
{
	struct world *world = *state;
	meet(world);
	(void)ask(world, MUTE);
	for (size_t i = 0; i < 20 && i < world->load_count; i++) {
		chat_load_failed(world->chat, world->loads[i].load.ticket);
		world_turn(world);
	}
	assert_event(world, ANN, LOBBY, "unavailable");
	assert_silence(world, ANN);
	assert_in_range(world->load_count, 1, 5);
	assert_int_equal(chat_count(world->chat).requests, 0);
}

static void lobby_requests_are_unavailable_while_the_store_is_away(void **state)
{
	static const char *const asked[] = {CHATS, MUTE, BLOCK};
	struct world *world = *state;
	meet(world);
	chat_store_up(world->chat, false);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(world_say(world, ANN, LOBBY, asked[i]), CHAT_ALLOW);
		world_route(world);
		const struct world_event *event = world_next(world, ANN);
		assert_non_null(event);
		assert_non_null(strstr(event->payload, "\"code\":\"unavailable\""));
		assert_non_null(strstr(event->payload, "\"retry_ms\":1000"));
	}
	chat_store_up(world->chat, true);
	assert_int_equal(world->load_count, 0);
}

static void lobby_requests_share_the_request_limit(void **state)
{
	struct world *world = *state;
	meet(world);
	world_pass_time(world, 2000);
	for (int i = 0; i < WORLD_RATE; i++) {
		(void)ask(world, CHATS);
		(void)ask(world, MUTE);
	}
	assert_int_equal(world_say(world, ANN, LOBBY, BLOCK), CHAT_ALLOW);
	world_route(world);
	assert_event(world, ANN, LOBBY, "rate_limited");
}

static void chat_events_are_none_in_the_lobby_and_the_other_way_round(void **state)
{
	struct world *world = *state;
	meet(world);
	assert_int_equal(world_say(world, ANN, LOBBY, TYPING), CHAT_ALLOW);
	world_route(world);
	assert_event(world, ANN, LOBBY, "bad_event");
	world_send(world, BOB, CHATS);
	world_route(world);
	assert_event(world, BOB, CHAT, "bad_event");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_TEST(chats_are_answered_to_who_asked),
		CHAT_TEST(list_after_what_is_no_cursor_is_a_bad_field),
		CHAT_TEST(mute_is_told_to_all_clients_of_the_user),
		CHAT_TEST(what_is_set_already_is_told_to_who_asked_alone),
		CHAT_TEST(mute_of_a_chat_that_is_not_there_is_a_bad_field),
		CHAT_TEST(block_is_told_to_the_blocker_and_closes_the_chat),
		CHAT_TEST(too_many_blocks_are_forbidden),
		CHAT_TEST(nobody_blocks_themselves),
		cmocka_unit_test(block_is_forbidden_where_it_is_the_applications),
		CHAT_TEST(block_by_the_application_is_told_to_the_blocker),
		CHAT_TEST(own_block_is_not_told_again_by_the_news),
		CHAT_TEST(own_block_of_which_no_news_came_hides_none_of_the_applications),
		CHAT_TEST(setting_whose_answer_was_lost_is_set_again_and_told_to_all),
		CHAT_TEST(setting_that_takes_long_is_told_and_comes_later),
		CHAT_TEST(setting_that_the_database_refuses_is_given_up),
		CHAT_TEST(lobby_requests_are_unavailable_while_the_store_is_away),
		CHAT_TEST(lobby_requests_share_the_request_limit),
		CHAT_TEST(chat_events_are_none_in_the_lobby_and_the_other_way_round),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
