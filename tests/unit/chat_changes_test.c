/* Messages that change. */
#include <stdio.h>
#include <string.h>

#include "chat.h"
#include "unit.h"
#include "world.h"

#define EDIT "{\"event\":\"edit\",\"seq\":7,\"text\":\"new\",\"ref\":\"e\"}"
#define CHANGED(number) "\"event\":\"changed\",\"change\":" #number ","
#define LOBBY_CHANGED "\"event\":\"changed\",\"chat\":\"chat/1/2\",\"change\":"

/* Ann and Bob are in their chat, which has seven messages and two changes; Bob's phone is in his
 * lobby, Ann's phone in hers. */
static void meet(struct world *world)
{
	world->last_seq = 7;
	world->last_change = 2;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, CHAT);
	world_join(world, ANN_PHONE, "user/1");
	world_join(world, BOB_PHONE, "user/2");
	world_forget(world);
}

static void edit(struct world *world, int seq)
{
	char json[100];
	snprintf(json, sizeof(json), "{\"event\":\"edit\",\"seq\":%d,\"text\":\"new\"}", seq);
	world_send(world, ANN, json);
}

static void change_is_told_only_when_it_is_stored(void **state)
{
	struct world *world = *state;
	meet(world);
	world_send(world, ANN, EDIT);
	world_turn(world);
	assert_silence(world, ANN);
	assert_int_equal(world->change_count, 1);
	const struct change *asked = &world->changes[0].change;
	assert_int_equal(asked->kind, CHANGE_EDIT);
	assert_int_equal(asked->seq, 7);
	assert_int_equal(asked->asked_at, WALL);
	assert_slice_equal(asked->room, SLICE("1/2"));
	assert_slice_equal(asked->user_id, SLICE("1"));
	assert_slice_equal(asked->ref, SLICE("e"));
}

static void change_reaches_each_client_once_in_chat_or_lobby(void **state)
{
	struct world *world = *state;
	meet(world);
	world_join(world, EVE, "user/3");
	world_send(world, ANN, EDIT);
	world_changed(world, 0, CHANGED_NEW, 3);
	world_turn(world);
	assert_event(world, ANN, CHAT, CHANGED(3));
	assert_event(world, BOB, CHAT, CHANGED(3));
	assert_event(world, ANN_PHONE, "user/1", LOBBY_CHANGED "3");
	assert_event(world, BOB_PHONE, "user/2", LOBBY_CHANGED "3");
	for (int client = ANN; client <= EVE; client++) {
		assert_silence(world, client);
	}
}

static void change_in_a_chat_that_nobody_is_in_reaches_the_lobbies(void **state)
{
	struct world *world = *state;
	world_join(world, BOB_PHONE, "user/2");
	world_log_in(world, ANN);
	world_send(world, ANN, EDIT);
	world_changed(world, 0, CHANGED_NEW, 9);
	world_turn(world);
	assert_event(world, BOB_PHONE, "user/2", LOBBY_CHANGED "9");
	assert_silence(world, BOB_PHONE);
}

static void what_is_so_already_is_told_to_who_asked_alone(void **state)
{
	struct world *world = *state;
	meet(world);
	world_send(world, ANN, EDIT);
	world_changed(world, 0, CHANGED_ALREADY, 1);
	world_turn(world);
	assert_event(world, ANN, CHAT, CHANGED(1));
	assert_silence(world, ANN);
	assert_silence(world, BOB);
	assert_silence(world, BOB_PHONE);
}

static void refusal_is_told_to_who_asked_with_its_ref(void **state)
{
	static const struct {
		enum changed_as as;
		const char *code;
	} refusals[] = {
		{CHANGED_NOT_THERE, "bad_field"},
		{CHANGED_DELETED, "bad_field"},
		{CHANGED_EMPTY, "bad_field"},
		{CHANGED_TOO_MANY, "bad_field"},
		{CHANGED_FORBIDDEN, "forbidden"},
		{CHANGED_REJECTED, "rejected"},
	};
	struct world *world = *state;
	meet(world);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		world_send(world, ANN, EDIT);
		world_changed(world, i, refusals[i].as, 0);
		world_turn(world);
		const struct world_event *event = world_next(world, ANN);
		assert_non_null(event);
		assert_non_null(strstr(event->payload, refusals[i].code));
		assert_non_null(strstr(event->payload, "\"ref\":\"e\""));
		assert_silence(world, BOB);
	}
}

static void changes_are_told_in_the_order_of_their_numbers(void **state)
{
	struct world *world = *state;
	meet(world);
	for (int seq = 1; seq <= 3; seq++) {
		edit(world, seq);
	}
	world_changed(world, 2, CHANGED_NEW, 5);
	world_changed(world, 1, CHANGED_NEW, 4);
	world_turn(world);
	assert_silence(world, BOB);
	world_changed(world, 0, CHANGED_NEW, 3);
	world_turn(world);
	assert_event(world, BOB, CHAT, CHANGED(3));
	assert_event(world, BOB, CHAT, CHANGED(4));
	assert_event(world, BOB, CHAT, CHANGED(5));
	assert_silence(world, BOB);
	assert_event(world, BOB_PHONE, "user/2", LOBBY_CHANGED "3");
	assert_event(world, BOB_PHONE, "user/2", LOBBY_CHANGED "4");
	assert_event(world, BOB_PHONE, "user/2", LOBBY_CHANGED "5");
}

static void change_is_not_told_before_its_message(void **state)
{
	struct world *world = *state;
	meet(world);
	world_send_text(world, ANN, "x");
	edit(world, 8);
	world_changed(world, 0, CHANGED_NEW, 3);
	world_turn(world);
	assert_silence(world, BOB);
	world_saved(world, 0, SAVED_NEW, 8);
	world_turn(world);
	assert_event(world, BOB, CHAT, MESSAGE_EVENT "8");
	assert_event(world, BOB, CHAT, CHANGED(3));
	assert_silence(world, BOB);
}

/* The change before it may have been lost: clients see the jump, and ask. */
static void change_waits_for_one_before_it_no_longer_than_a_second(void **state)
{
	struct world *world = *state;
	meet(world);
	edit(world, 1);
	world_changed(world, 0, CHANGED_NEW, 4);
	world_pass_time(world, 999);
	world_turn(world);
	assert_silence(world, BOB);
	world_pass_time(world, 1);
	world_turn(world);
	assert_event(world, BOB, CHAT, CHANGED(4));
	assert_silence(world, BOB);
	edit(world, 2);
	world_changed(world, 1, CHANGED_NEW, 5);
	world_turn(world);
	assert_event(world, BOB, CHAT, CHANGED(5));
}

static void change_that_waits_is_told_in_the_lobbies_when_the_last_one_leaves(void **state)
{
	struct world *world = *state;
	meet(world);
	edit(world, 1);
	world_changed(world, 0, CHANGED_NEW, 4);
	world_leave(world, ANN);
	world_leave(world, BOB);
	world_turn(world);
	assert_event(world, BOB_PHONE, "user/2", LOBBY_CHANGED "4");
	assert_silence(world, BOB_PHONE);
}

static void change_that_was_lost_is_asked_for_again_and_then_told_to_all(void **state)
{
	struct world *world = *state;
	meet(world);
	world_send(world, ANN, EDIT);
	chat_change_lost(world->chat, &world->changes[0].change);
	chat_store_up(world->chat, false);
	world_turn(world);
	assert_event(world, ANN, CHAT, "unavailable");
	assert_int_equal(world->change_count, 1);
	chat_store_up(world->chat, true);
	assert_int_equal(world->change_count, 2);
	assert_true(world->changes[1].change.in_doubt);
	assert_slice_equal(world->changes[1].change.text, SLICE("new"));
	world_changed(world, 1, CHANGED_ALREADY, 3);
	world_turn(world);
	assert_event(world, ANN, CHAT, CHANGED(3));
	assert_event(world, BOB, CHAT, CHANGED(3));
	assert_event(world, BOB_PHONE, "user/2", LOBBY_CHANGED "3");
	assert_silence(world, ANN);
}

static void lost_change_that_had_been_so_before_is_told_to_who_asked_alone(void **state)
{
	struct world *world = *state;
	meet(world);
	world_send(world, ANN, EDIT);
	chat_change_lost(world->chat, &world->changes[0].change);
	world_turn(world);
	world_forget(world);
	world_changed(world, 1, CHANGED_ALREADY, 2);
	world_turn(world);
	assert_event(world, ANN, CHAT, CHANGED(2));
	assert_silence(world, BOB);
}

static void no_change_overtakes_one_that_was_lost(void **state)
{
	struct world *world = *state;
	meet(world);
	world_send(world, ANN, EDIT);
	world->change_says = CHAT_EBUSY;
	chat_change_lost(world->chat, &world->changes[0].change);
	world_turn(world);
	world_forget(world);
	world->change_says = CHAT_OK;
	edit(world, 2);
	world_route(world);
	assert_event(world, ANN, CHAT, "unavailable");
	assert_int_equal(world->change_count, 1);
	world_turn(world);
	edit(world, 2);
	assert_int_equal(world->change_count, 3);
	assert_int_equal(world->changes[1].change.seq, 7);
}

static void change_while_the_store_is_away_is_unavailable_and_holds_up_no_message(void **state)
{
	struct world *world = *state;
	meet(world);
	chat_store_up(world->chat, false);
	world_send(world, ANN, EDIT);
	world_send_text(world, ANN, "hi");
	world_turn(world);
	const struct world_event *event = world_next(world, ANN);
	assert_non_null(event);
	assert_non_null(strstr(event->payload, "\"code\":\"unavailable\""));
	assert_non_null(strstr(event->payload, "\"ref\":\"e\",\"retry_ms\":1000"));
	assert_int_equal(world->save_count, 1);
	assert_int_equal(world->change_count, 0);
}

static void changes_and_messages_share_one_limit(void **state)
{
	struct world *world = *state;
	meet(world);
	world_pass_time(world, 2000);
	for (int i = 0; i < WORLD_RATE; i++) {
		world_send_text(world, ANN, "hi");
		edit(world, 1);
	}
	edit(world, 1);
	world_pass_time(world, 999);
	world_send_text(world, ANN, "held");
	world_route(world);
	assert_event(world, ANN, CHAT, "rate_limited");
	assert_event(world, ANN, CHAT, "rate_limited");
	assert_int_equal(world->change_count, WORLD_RATE);
	assert_int_equal(world->save_count, WORLD_RATE);
}

static void changes_since_a_number_are_answered_to_who_asked(void **state)
{
	struct world *world = *state;
	meet(world);
	world_send(world, ANN, "{\"event\":\"history\",\"since\":1,\"limit\":9,\"ref\":\"q\"}");
	const struct load *load = &world->loads[world->load_count - 1].load;
	assert_int_equal(load->what, LOAD_CHANGES);
	assert_int_equal(load->since, 1);
	assert_int_equal(load->limit, 9);
	world_answer(world, world->load_count - 1);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"event\":\"changes\"");
	assert_silence(world, ANN);
	assert_silence(world, BOB);
}

static void application_changes_what_it_likes_also_in_a_closed_chat(void **state)
{
	struct world *world = *state;
	meet(world);
	chat_closed(world->chat, SLICE("1/2"), true, world->now);
	world_turn(world);
	world_forget(world);
	struct changed changed = {
		.change = 3,
		.message = {.room = SLICE("1/2"), .user_id = SLICE("1"), .seq = 7, .change = 3},
	};
	chat_changed(world->chat, CHANGED_NEW, NULL, &changed, world->now);
	chat_changed(world->chat, CHANGED_NEW, NULL, &changed, world->now);
	world_turn(world);
	assert_event(world, BOB, CHAT, CHANGED(3));
	assert_silence(world, BOB);
}

static void data_and_reply_to_go_to_the_store_with_the_message(void **state)
{
	struct world *world = *state;
	meet(world);
	world_send(world, ANN, "{\"event\":\"message\",\"data\":{\"a\": [1.50]},\"reply_to\":3}");
	const struct message *message = &world->saves[0].message;
	assert_slice_equal(message->data, SLICE("{\"a\": [1.50]}"));
	assert_slice_equal(message->text, SLICE(""));
	assert_int_equal(message->reply_to, 3);
}

static void changes_leave_nothing_behind(void **state)
{
	struct world *world = *state;
	meet(world);
	edit(world, 1);
	edit(world, 2);
	world_changed(world, 0, CHANGED_NEW, 5);
	chat_store_up(world->chat, false);
	chat_change_lost(world->chat, &world->changes[1].change);
	/* The end of the test is the end of the plugin; the sanitizer looks. */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_TEST(change_is_told_only_when_it_is_stored),
		CHAT_TEST(change_reaches_each_client_once_in_chat_or_lobby),
		CHAT_TEST(change_in_a_chat_that_nobody_is_in_reaches_the_lobbies),
		CHAT_TEST(what_is_so_already_is_told_to_who_asked_alone),
		CHAT_TEST(refusal_is_told_to_who_asked_with_its_ref),
		CHAT_TEST(changes_are_told_in_the_order_of_their_numbers),
		CHAT_TEST(change_is_not_told_before_its_message),
		CHAT_TEST(change_waits_for_one_before_it_no_longer_than_a_second),
		CHAT_TEST(change_that_waits_is_told_in_the_lobbies_when_the_last_one_leaves),
		CHAT_TEST(change_that_was_lost_is_asked_for_again_and_then_told_to_all),
		CHAT_TEST(lost_change_that_had_been_so_before_is_told_to_who_asked_alone),
		CHAT_TEST(no_change_overtakes_one_that_was_lost),
		CHAT_TEST(change_while_the_store_is_away_is_unavailable_and_holds_up_no_message),
		CHAT_TEST(changes_and_messages_share_one_limit),
		CHAT_TEST(changes_since_a_number_are_answered_to_who_asked),
		CHAT_TEST(application_changes_what_it_likes_also_in_a_closed_chat),
		CHAT_TEST(data_and_reply_to_go_to_the_store_with_the_message),
		CHAT_TEST(changes_leave_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
