/* What users are told of each other: name, online, last seen. */
#include <stdio.h>
#include <string.h>

#include "chat.h"
#include "unit.h"
#include "world.h"

#define ONLINE(name) "{\"event\":\"peer\",\"user_id\":\"1\",\"name\":\"" name "\",\"online\":true}"
#define OFFLINE                                                                                    \
	"{\"event\":\"peer\",\"user_id\":\"1\",\"name\":\"Ann\",\"online\":false,"                 \
	"\"seen_at\":\"2026-11-22T08:00:00.123Z\"}"

/* Bob is in the chat; both have written there. */
static void bob_waits(struct world *world)
{
	world->a_wrote = world->b_wrote = true;
	world_join(world, BOB, CHAT);
	world_forget(world);
}

static void pass_five_seconds(struct world *world)
{
	world_pass_time(world, 4999);
	world_turn(world);
	assert_silence(world, BOB);
	world_pass_time(world, 1);
	world_turn(world);
}

static void coming_online_is_told_in_the_users_chats(void **state)
{
	struct world *world = *state;
	bob_waits(world);
	world_log_in(world, ANN);
	world_turn(world);
	assert_event(world, BOB, CHAT, ONLINE("Ann"));
	world_login(world, ANN_PHONE, "1:Ann");
	world_turn(world);
	assert_silence(world, BOB);
}

static void nothing_is_told_of_who_never_wrote_there(void **state)
{
	struct world *world = *state;
	world->b_wrote = true;
	world_log_in(world, BOB);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, BOB, CHAT, "\"peer\":{\"user_id\":\"1\"}");
	world_forget(world);
	world_log_in(world, ANN);
	world_turn(world);
	assert_silence(world, BOB);
}

static void first_message_makes_its_sender_known(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_log_in(world, ANN);
	world_turn(world);
	world_forget(world);
	for (size_t n = 0; n < 2; n++) {
		world_send_text(world, ANN, "hi");
		world_saved(world, n, SAVED_NEW, (int64_t)n + 1);
		world_turn(world);
	}
	assert_event(world, BOB, CHAT, MESSAGE_EVENT "1");
	assert_event(world, BOB, CHAT, ONLINE("Ann"));
	assert_event(world, BOB, CHAT, MESSAGE_EVENT "2");
	assert_silence(world, BOB);
}

static void first_post_of_the_application_makes_its_sender_known_by_name(void **state)
{
	struct world *world = *state;
	struct message post = {.room = SLICE("1/2"),
		.user_id = SLICE("2"),
		.opponent_id = SLICE("1"),
		.name = SLICE("Ben"),
		.text = SLICE("x"),
		.sent_at = WALL,
		.seq = 1};
	world_join(world, ANN, CHAT);
	world_forget(world);
	chat_saved(world->chat, SAVED_NEW, &post);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"message\"");
	assert_event(world, ANN, CHAT,
		"{\"event\":\"peer\",\"user_id\":\"2\",\"name\":\"Ben\",\"online\":false}");
}

static void going_offline_is_told_five_seconds_later(void **state)
{
	struct world *world = *state;
	bob_waits(world);
	world_log_in(world, ANN);
	world_turn(world);
	world_forget(world);
	world_leave(world, ANN);
	pass_five_seconds(world);
	assert_event(world, BOB, CHAT, OFFLINE);
	assert_silence(world, BOB);
}

static void who_is_back_in_time_was_never_away(void **state)
{
	struct world *world = *state;
	bob_waits(world);
	world_log_in(world, ANN);
	world_turn(world);
	world_forget(world);
	world_leave(world, ANN);
	world_pass_time(world, 4999);
	world_turn(world);
	world_log_in(world, ANN);
	world_pass_time(world, 9999);
	world_turn(world);
	assert_silence(world, BOB);
}

static void other_name_is_told_at_once(void **state)
{
	struct world *world = *state;
	bob_waits(world);
	world_log_in(world, ANN);
	world_turn(world);
	world_forget(world);
	world_log_in(world, ANN_PHONE);
	world_turn(world);
	assert_event(world, BOB, CHAT, ONLINE("Annie"));
	world_leave(world, ANN);
	world_leave(world, ANN_PHONE);
	world_login(world, ANN, "1:Anna");
	world_turn(world);
	assert_event(world, BOB, CHAT, ONLINE("Anna"));
	assert_silence(world, BOB);
}

static void name_of_the_application_shows_while_the_login_gave_none(void **state)
{
	struct world *world = *state;
	struct user_news news = {.user_id = SLICE("1"), .name = SLICE("Ms Smith")};
	bob_waits(world);
	assert_int_equal(
		world_connect(world, ANN, "c", NULL, world_jwt("1", WALL / 1000 + 60)), CHAT_ALLOW);
	world_turn(world);
	assert_event(world, BOB, CHAT, "{\"event\":\"peer\",\"user_id\":\"1\",\"online\":true}");
	chat_user_news(world->chat, &news);
	chat_user_news(world->chat, &news);
	world_turn(world);
	assert_event(world, BOB, CHAT, ONLINE("Ms Smith"));
	assert_silence(world, BOB);
	world_log_in(world, ANN_PHONE);
	world_turn(world);
	assert_event(world, BOB, CHAT, ONLINE("Annie"));
	chat_user_news(world->chat, &news);
	world_turn(world);
	assert_silence(world, BOB);
}

static void history_after_a_subscribe_says_what_is_so_now(void **state)
{
	struct world *world = *state;
	bob_waits(world);
	world_send(world, BOB, HISTORY);
	world_answer_all(world);
	world_turn(world);
	assert_null(strstr(world_next(world, BOB)->payload, "peer"));
	world_enter(world, BOB, CHAT);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, BOB, CHAT, "presence_state");
	assert_event(world, BOB, CHAT,
		"\"peer\":{\"user_id\":\"1\",\"name\":\"Stored\",\"online\":false,\"seen_at\":");
	world_log_in(world, ANN);
	world_turn(world);
	world_forget(world);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, BOB, CHAT, "presence_state");
	assert_event(
		world, BOB, CHAT, "\"peer\":{\"user_id\":\"1\",\"name\":\"Ann\",\"online\":true}");
}

static void nothing_is_told_in_a_closed_chat(void **state)
{
	struct world *world = *state;
	bob_waits(world);
	world->closed = true;
	chat_closed(world->chat, SLICE("1/2"), true, world->now);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, BOB, CHAT, "forbidden");
	assert_null(strstr(world_next(world, BOB)->payload, "peer"));
	world_turn(world);
	world_forget(world);
	world_log_in(world, ANN);
	world_leave(world, ANN);
	world_pass_time(world, 5000);
	world_turn(world);
	assert_silence(world, BOB);
}

static void store_hears_who_comes_and_goes_and_of_names(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(world->seen_count, 1);
	assert_slice_equal(world->seen[0].seen.user_id, SLICE("1"));
	assert_slice_equal(world->seen[0].seen.name, SLICE("Ann"));
	assert_true(world->seen[0].seen.has_name && world->seen[0].seen.online);
	world_login(world, BOB, "1:Ann");
	assert_int_equal(world->seen_count, 1);
	world_login(world, BOB_PHONE, "1:Annie");
	assert_int_equal(world->seen_count, 2);
	world_leave(world, ANN);
	world_leave(world, BOB);
	world_leave(world, BOB_PHONE);
	world_turn(world);
	world_pass_time(world, 5000);
	world_turn(world);
	assert_int_equal(world->seen_count, 3);
	assert_false(world->seen[2].seen.online || world->seen[2].seen.has_name);
	assert_int_equal(world->seen[2].seen.at, WALL);
}

static void every_chat_of_the_user_is_told_once(void **state)
{
	struct world *world = *state;
	world->a_wrote = world->b_wrote = true;
	/* User 2 is the second of one of them and the first of the other. */
	world_join(world, ANN, CHAT);
	world_join(world, EVE, "chat/2/3");
	world_forget(world);
	world_log_in(world, BOB);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"event\":\"peer\",\"user_id\":\"2\"");
	assert_silence(world, ANN);
	assert_event(world, EVE, "chat/2/3", "\"event\":\"peer\",\"user_id\":\"2\"");
	assert_silence(world, EVE);
}

static void with_many_chats_what_comes_close_together_is_told_together(void **state)
{
	struct world *world = *state;
	bob_waits(world);
	for (int i = 0; i < 300; i++) {
		char topic[32];
		snprintf(topic, sizeof(topic), "chat/2/%d", 1000 + i);
		world_enter(world, BOB, topic);
	}
	world_forget(world);
	world_log_in(world, ANN);
	world_turn(world);
	assert_event(world, BOB, CHAT, ONLINE("Ann"));
	world_login(world, ANN_PHONE, "1:Annie");
	world_login(world, EVE, "1:Anna");
	world_turn(world);
	assert_silence(world, BOB);
	world_pass_time(world, 3);
	world_turn(world);
	assert_event(world, BOB, CHAT, ONLINE("Anna"));
	assert_silence(world, BOB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PEERS_TEST(coming_online_is_told_in_the_users_chats),
		PEERS_TEST(nothing_is_told_of_who_never_wrote_there),
		PEERS_TEST(first_message_makes_its_sender_known),
		PEERS_TEST(first_post_of_the_application_makes_its_sender_known_by_name),
		PEERS_TEST(with_many_chats_what_comes_close_together_is_told_together),
		PEERS_TEST(going_offline_is_told_five_seconds_later),
		PEERS_TEST(who_is_back_in_time_was_never_away),
		PEERS_TEST(other_name_is_told_at_once),
		PEERS_TEST(name_of_the_application_shows_while_the_login_gave_none),
		PEERS_TEST(history_after_a_subscribe_says_what_is_so_now),
		PEERS_TEST(nothing_is_told_in_a_closed_chat),
		PEERS_TEST(store_hears_who_comes_and_goes_and_of_names),
		PEERS_TEST(every_chat_of_the_user_is_told_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
