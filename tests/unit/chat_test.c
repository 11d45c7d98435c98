#include "chat.h"

#include <stdio.h>
#include <string.h>

#include "limiter.h"
#include "presence.h"
#include "requests.h"
#include "unit.h"
#include "world.h"

/* Clients by number; those of one user have names that say so. */
enum {
	ANN,
	ANN_PHONE,
	BOB,
	BOB_PHONE,
	EVE,
	SENSOR,
};

#define CHAT "chat/1/2"
#define RATE 20
#define MESSAGE_EVENT "{\"event\":\"message\",\"seq\":"

static int set_up(void **state)
{
	return world_begin((struct world **)state, RATE, false) ? 0 : -1;
}

static int set_up_without_limits(void **state)
{
	return world_begin((struct world **)state, 0, false) ? 0 : -1;
}

static int tear_down(void **state)
{
	world_end(*state);
	return 0;
}

static void come(struct world *world, int client)
{
	static const char *const names[] = {
		[ANN] = "1:Ann",
		[ANN_PHONE] = "1:Annie",
		[BOB] = "2:Bob",
		[BOB_PHONE] = "2:Bob",
		[EVE] = "3:Eve",
	};
	assert_int_equal(world_login(world, client, names[client]), CHAT_ALLOW);
}

/* Subscribes, and the answers are there and looked at. */
static void enter(struct world *world, int client, const char *topic)
{
	assert_int_equal(world_subscribe(world, client, topic), CHAT_ALLOW);
	world_turn(world);
	for (size_t n = 0; n < world->load_count; n++) {
		world_answer(world, n);
	}
	world->load_count = 0;
	world_turn(world);
	world_forget(world);
}

static void come_and_enter(struct world *world, int client, const char *topic)
{
	come(world, client);
	enter(world, client, topic);
}

static void say(struct world *world, int client, const char *json)
{
	assert_int_equal(world_say(world, client, CHAT, json), CHAT_ALLOW);
}

static void say_text(struct world *world, int client, const char *text)
{
	char json[200];
	snprintf(json, sizeof(json), "{\"event\":\"message\",\"text\":\"%s\"}", text);
	say(world, client, json);
}

static void say_ref(struct world *world, int client, const char *ref)
{
	char json[200];
	snprintf(json, sizeof(json), "{\"event\":\"message\",\"text\":\"hi\",\"ref\":\"%s\"}", ref);
	say(world, client, json);
}

#define TYPING "{\"event\":\"typing\"}"
#define HISTORY "{\"event\":\"history\"}"

static void assert_books_are_empty(struct world *world)
{
	for (int i = 0; i < 3; i++) {
		world_turn(world);
	}
	struct chat_counts counts = chat_count(world->chat);
	assert_int_equal(counts.clients, 0);
	assert_int_equal(counts.users, 0);
	assert_int_equal(counts.rooms, 0);
	assert_int_equal(counts.requests, 0);
	assert_int_equal(counts.entries, 0);
}

/* Logins. */

static void good_token_is_let_in(void **state)
{
	struct chat_login login = {
		.handle = state,
		.client_id = "tab",
		.username = SLICE("1:Ann"),
		.password = slice_str(world_sign("1:Ann")),
		.clean = true,
	};
	struct world *world = *state;
	char name[CHAT_USERNAME_MAX + 1];
	assert_int_equal(chat_connect(world->chat, &login, world->now, name), CHAT_ALLOW);
	assert_string_equal(name, "chat:1");
}

static void forged_token_is_refused(void **state)
{
	struct world *world = *state;
	assert_int_equal(world_connect(world, ANN, "tab", "2:Ann", world_sign("1:Ann")), CHAT_DENY);
	assert_int_equal(chat_count(world->chat).clients, 0);
}

static void ordinary_login_is_deferred(void **state)
{
	struct world *world = *state;
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	assert_int_equal(world_connect(world, EVE, "t", NULL, NULL), CHAT_DEFER);
}

static void session_that_is_not_clean_is_refused(void **state)
{
	struct world *world = *state;
	struct chat_login login = {
		.handle = state,
		.client_id = "tab",
		.username = SLICE("1:Ann"),
		.password = slice_str(world_sign("1:Ann")),
		.clean = false,
	};
	char name[CHAT_USERNAME_MAX + 1];
	assert_int_equal(chat_connect(world->chat, &login, world->now, name), CHAT_DENY);
	assert_int_equal(name[0], '\0');
}

static void client_id_of_another_user_is_refused(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	assert_int_equal(world_connect(world, EVE, "c0", "3:Eve", world_sign("3:Eve")), CHAT_DENY);
	assert_int_equal(world_connect(world, EVE, "c0", "x", "y"), CHAT_DENY);
}

static void client_id_of_an_ordinary_client_is_refused(void **state)
{
	struct world *world = *state;
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	assert_int_equal(world_connect(world, ANN, "s", "1:Ann", world_sign("1:Ann")), CHAT_DENY);
}

static void client_id_is_free_again_after_its_owner_left(void **state)
{
	struct world *world = *state;
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	world_leave(world, SENSOR);
	assert_int_equal(world_connect(world, ANN, "s", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
}

/* 2.0.11 raises DISCONNECT for the refused handle. */
static void refused_login_does_not_drop_the_live_session(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, CHAT);
	world_forget(world);
	assert_int_equal(world_connect(world, EVE, "c0", "3:Eve", world_sign("3:Eve")), CHAT_DENY);
	world_leave(world, EVE);
	world_turn(world);
	assert_silence(world, BOB);
	say(world, BOB, TYPING);
	world_route(world);
	assert_event(world, ANN, CHAT, "typing");
}

static void second_disconnect_does_nothing(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, CHAT);
	world_forget(world);
	world_leave(world, BOB);
	world_leave(world, BOB);
	world_turn(world);
	assert_event(world, ANN, CHAT, "presence_diff");
	assert_silence(world, ANN);
}

static void clients_of_one_user_are_bounded(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < CLIENTS_PER_USER_MAX; i++) {
		assert_int_equal(world_login(world, i, "1:Ann"), CHAT_ALLOW);
	}
	assert_int_equal(world_login(world, CLIENTS_PER_USER_MAX, "1:Ann"), CHAT_DENY);
	assert_int_equal(world_login(world, CLIENTS_PER_USER_MAX + 1, "2:Bob"), CHAT_ALLOW);
}

static void last_client_that_fits_may_come_back_before_its_end_was_seen(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < CLIENTS_PER_USER_MAX; i++) {
		assert_int_equal(world_login(world, i, "1:Ann"), CHAT_ALLOW);
	}
	assert_int_equal(
		world_connect(world, CLIENTS_PER_USER_MAX, "c0", "1:Ann", world_sign("1:Ann")),
		CHAT_ALLOW);
}

/* Comes and goes as often as the limit lets a user. */
static void log_in_to_the_limit(struct world *world)
{
	for (int i = 0; i < LOGINS_BURST; i++) {
		come(world, ANN_PHONE);
		world_leave(world, ANN_PHONE);
	}
}

static void logins_of_one_user_are_bounded(void **state)
{
	struct world *world = *state;
	log_in_to_the_limit(world);
	assert_int_equal(world_login(world, ANN, "1:Ann"), CHAT_DENY);
	assert_int_equal(world_login(world, BOB, "2:Bob"), CHAT_ALLOW);
	world_pass_time(world, 1000 / LOGINS_PER_SECOND);
	assert_int_equal(world_login(world, ANN, "1:Ann"), CHAT_ALLOW);
	assert_int_equal(world_login(world, ANN_PHONE, "1:Ann"), CHAT_DENY);
}

static void limit_on_logins_ends_no_connection(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	world_pass_time(world, 1000);
	come_and_enter(world, ANN, CHAT);
	world_pass_time(world, 1000);
	log_in_to_the_limit(world);
	assert_int_equal(world_login(world, ANN_PHONE, "1:Ann"), CHAT_DENY);
	world_leave(world, ANN_PHONE);
	world_forget(world);
	say(world, ANN, TYPING);
	world_route(world);
	assert_event(world, BOB, CHAT, "typing");
}

static void forged_tokens_use_up_no_logins_of_whom_they_name(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < 2 * LOGINS_BURST; i++) {
		assert_int_equal(
			world_connect(world, EVE, "eve", "1:Ann", world_sign("3:Eve")), CHAT_DENY);
	}
	log_in_to_the_limit(world);
}

static void reloads_use_up_no_logins(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	world_pass_time(world, 1000);
	for (int i = 0; i < 2 * LOGINS_BURST; i++) {
		chat_reload(world->chat);
		come(world, ANN);
		world_turn(world);
	}
	log_in_to_the_limit(world);
}

static void logins_are_not_counted_where_limits_are_lifted(void **state)
{
	struct world *world = *state;
	log_in_to_the_limit(world);
	come(world, ANN);
}

/* Take-overs. */

static void take_over_tells_nobody(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	come_and_enter(world, ANN, CHAT);
	world_forget(world);
	/* BASIC_AUTH of the new one, DISCONNECT of the old one, SUBSCRIBE */
	assert_int_equal(
		world_connect(world, ANN_PHONE, "c0", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN_PHONE, CHAT), CHAT_ALLOW);
	world_leave(world, ANN);
	world_turn(world);
	assert_silence(world, BOB);
	assert_event(world, ANN_PHONE, CHAT, "\"users\":{\"1\":{\"name\":\"Ann\"},\"2\":");
}

static void take_over_with_disconnect_first_says_leave_and_join(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	come_and_enter(world, ANN, CHAT);
	world_forget(world);
	assert_int_equal(
		world_connect(world, ANN_PHONE, "c0", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
	world_leave(world, ANN);
	assert_int_equal(world_subscribe(world, ANN_PHONE, CHAT), CHAT_ALLOW);
	world_turn(world);
	assert_event(world, BOB, CHAT, "\"joins\":{},\"leaves\":{\"1\":{\"name\":\"Ann\"}}");
	assert_event(world, BOB, CHAT, "\"joins\":{\"1\":{\"name\":\"Ann\"}},\"leaves\":{}");
	assert_silence(world, BOB);
}

static void client_id_stays_the_users_after_a_take_over(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	assert_int_equal(
		world_connect(world, ANN_PHONE, "c0", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
	world_leave(world, ANN);
	assert_int_equal(world_connect(world, EVE, "c0", "3:Eve", world_sign("3:Eve")), CHAT_DENY);
}

static void handle_whose_end_was_missed_is_dropped_first(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	come_and_enter(world, ANN, CHAT);
	world_forget(world);
	/* Ann's end was never told, and her memory is Eve's now. */
	world->clients[ANN].topic_count = 0;
	assert_int_equal(
		world_connect(world, ANN, "eve", "3:Eve", world_sign("3:Eve")), CHAT_ALLOW);
	world_turn(world);
	assert_event(world, BOB, CHAT, "\"leaves\":{\"1\"");
	assert_int_equal(world_say(world, ANN, CHAT, TYPING), CHAT_DENY);
}

static void same_client_with_a_reused_handle_starts_anew(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	come_and_enter(world, ANN, CHAT);
	world_forget(world);
	world->clients[ANN].topic_count = 0;
	come(world, ANN);
	world_turn(world);
	assert_event(world, BOB, CHAT, "\"leaves\":{\"1\"");
	assert_int_equal(chat_count(world->chat).clients, 2);
}

/* Reloads. */

static void live_client_passes_a_reload_whatever_its_token(void **state)
{
	struct world *world = *state;
	const char *token = world_jwt("1", WALL / 1000 + 60);
	assert_int_equal(world_connect(world, ANN, "tab", NULL, token), CHAT_ALLOW);
	world_pass_time(world, 100000);
	chat_reload(world->chat);
	assert_int_equal(world_connect(world, ANN, "tab", "chat:1", token), CHAT_ALLOW);
	assert_int_equal(chat_count(world->chat).clients, 1);
}

static void live_client_stays_in_its_chats_through_a_reload(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	come_and_enter(world, ANN, CHAT);
	world_forget(world);
	chat_reload(world->chat);
	come(world, ANN);
	come(world, BOB);
	world_turn(world);
	assert_silence(world, BOB);
}

static void forged_login_is_refused_during_a_reload(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	chat_reload(world->chat);
	assert_int_equal(world_connect(world, EVE, "eve", "1:Ann", world_sign("3:Eve")), CHAT_DENY);
	assert_int_equal(
		world_connect(world, EVE, "eve", "chat:1", world_sign("1:Ann")), CHAT_DENY);
}

static void good_login_is_let_in_and_known_during_a_reload(void **state)
{
	struct world *world = *state;
	chat_reload(world->chat);
	come(world, ANN);
	world_turn(world);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
}

static void session_whose_client_is_away_passes_a_reload(void **state)
{
	struct world *world = *state;
	const char *token = world_jwt("1", WALL / 1000 + 60);
	assert_int_equal(world_connect(world, ANN, "tab", NULL, token), CHAT_ALLOW);
	world_leave(world, ANN);
	world_pass_time(world, 3600000);
	chat_reload(world->chat);
	world->away = true;
	assert_int_equal(world_connect(world, ANN, "tab", "chat:1", token), CHAT_ALLOW);
	assert_int_equal(chat_count(world->chat).clients, 0);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_DENY);
	assert_int_equal(world_say(world, ANN, CHAT, TYPING), CHAT_DENY);
}

static void expired_token_is_refused_during_a_reload(void **state)
{
	struct world *world = *state;
	const char *token = world_jwt("1", WALL / 1000 + 60);
	assert_int_equal(world_connect(world, ANN, "tab", NULL, token), CHAT_ALLOW);
	world_leave(world, ANN);
	world_pass_time(world, 3600000);
	chat_reload(world->chat);
	assert_int_equal(world_connect(world, ANN, "tab", "chat:1", token), CHAT_DENY);
	assert_int_equal(world_connect(world, ANN, "tab", NULL, token), CHAT_DENY);
}

static void name_of_a_user_is_worth_nothing_outside_a_reload(void **state)
{
	struct world *world = *state;
	const char *token = world_jwt("1", WALL / 1000 + 60);
	world->away = true;
	assert_int_equal(world_connect(world, ANN, "tab", "chat:1", token), CHAT_DENY);
	chat_reload(world->chat);
	world_turn(world);
	assert_int_equal(world_connect(world, ANN, "tab", "chat:1", token), CHAT_DENY);
}

static void ordinary_login_during_a_reload_holds_its_client_id(void **state)
{
	struct world *world = *state;
	chat_reload(world->chat);
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	world_turn(world);
	assert_int_equal(world_connect(world, ANN, "s", "1:Ann", world_sign("1:Ann")), CHAT_DENY);
}

/* It is not connected, and its session ends without an event. */
static void offline_ordinary_session_holds_no_client_id_after_a_reload(void **state)
{
	struct world *world = *state;
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	world_leave(world, SENSOR);
	chat_reload(world->chat);
	world->away = true;
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	world_turn(world);
	assert_int_equal(world_connect(world, ANN, "s", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
}

static void live_ordinary_client_keeps_its_client_id_through_a_reload(void **state)
{
	struct world *world = *state;
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	chat_reload(world->chat);
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	world_turn(world);
	assert_int_equal(world_connect(world, ANN, "s", "1:Ann", world_sign("1:Ann")), CHAT_DENY);
}

/* Expiry. */

static void expired_client_is_kicked_and_leaves_its_chats(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	assert_int_equal(world_connect(world, ANN, "tab", NULL, world_jwt("1", WALL / 1000 + 60)),
		CHAT_ALLOW);
	enter(world, ANN, CHAT);
	world_pass_time(world, 89000);
	world_turn(world);
	assert_int_equal(world->kicks, 0);
	world_pass_time(world, 31000);
	world_turn(world);
	assert_string_equal(world->kicked, "tab");
	assert_event(world, BOB, CHAT, "\"leaves\":{\"1\"");
	assert_int_equal(chat_count(world->chat).clients, 1);
}

static void newer_client_is_not_kicked_for_the_old_ones_token(void **state)
{
	struct world *world = *state;
	assert_int_equal(world_connect(world, ANN, "tab", NULL, world_jwt("1", WALL / 1000 + 60)),
		CHAT_ALLOW);
	assert_int_equal(
		world_connect(world, ANN_PHONE, "tab", NULL, world_jwt("1", WALL / 1000 + 9999)),
		CHAT_ALLOW);
	world_pass_time(world, 120000);
	world_turn(world);
	assert_int_equal(world->kicks, 0);
}

/* Its end can be late; that of the one that took its client id may have come before. */
static void expired_client_that_was_taken_over_is_forgotten_and_nobody_kicked(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	assert_int_equal(world_connect(world, ANN, "tab", NULL, world_jwt("1", WALL / 1000 + 60)),
		CHAT_ALLOW);
	enter(world, ANN, CHAT);
	assert_int_equal(
		world_connect(world, ANN_PHONE, "tab", NULL, world_jwt("1", WALL / 1000 + 9999)),
		CHAT_ALLOW);
	world_leave(world, ANN_PHONE);
	world_pass_time(world, 120000);
	world_turn(world);
	assert_int_equal(world->kicks, 0);
	assert_event(world, BOB, CHAT, "\"leaves\":{\"1\"");
	assert_int_equal(chat_count(world->chat).clients, 1);
	assert_int_equal(world_say(world, ANN, CHAT, TYPING), CHAT_DENY);
}

static void signed_name_never_expires(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	world_pass_time(world, INT64_C(86400000) * 3650);
	world_turn(world);
	assert_int_equal(world->kicks, 0);
}

/* Presence. */

static void subscriber_hears_who_is_there_itself_included(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, ANN, CHAT,
		"{\"event\":\"presence_state\",\"users\":{\"1\":{\"name\":\"Ann\"}}}");
	assert_event(world, ANN, CHAT, "\"joins\":{\"1\"");
	assert_silence(world, ANN);
}

static void presence_state_is_for_the_subscriber_alone(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, BOB, CHAT, "presence_diff");
	assert_silence(world, BOB);
}

/* Both come before the broker has routed what was said of the first. */
static void who_comes_second_in_one_turn_hears_of_the_first_in_the_state_alone(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	come(world, BOB);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, ANN, CHAT, "presence_state");
	assert_event(world, ANN, CHAT, "\"joins\":{\"1\"");
	assert_event(world, ANN, CHAT, "\"joins\":{\"2\"");
	assert_silence(world, ANN);
	assert_event(
		world, BOB, CHAT, "\"users\":{\"1\":{\"name\":\"Ann\"},\"2\":{\"name\":\"Bob\"}}");
	assert_event(world, BOB, CHAT, "\"joins\":{\"2\"");
	assert_silence(world, BOB);
}

static void second_client_of_a_user_joins_silently(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	come_and_enter(world, ANN, CHAT);
	come(world, ANN_PHONE);
	assert_int_equal(world_subscribe(world, ANN_PHONE, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_silence(world, BOB);
	assert_silence(world, ANN);
	assert_event(world, ANN_PHONE, CHAT, "presence_state");
}

static void only_the_last_client_of_a_user_leaves_aloud(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, ANN_PHONE, CHAT);
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
	come_and_enter(world, BOB, CHAT);
	come_and_enter(world, ANN, CHAT);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, ANN, CHAT, "presence_state");
	assert_silence(world, BOB);
}

/* So many answers that others who come go by the rule for many. */
static void owe_many_answers(struct world *world)
{
	static const int clients[] = {BOB_PHONE, EVE};
	for (size_t i = 0; i < 2; i++) {
		come(world, clients[i]);
		assert_int_equal(world_subscribe(world, clients[i], "chat/2/3"), CHAT_ALLOW);
		for (int asked = 0; asked < 32; asked++) {
			assert_int_equal(
				world_say(world, clients[i], "chat/2/3", HISTORY), CHAT_ALLOW);
		}
	}
	world_turn(world);
	world_forget(world);
}

static void answer_all(struct world *world)
{
	for (size_t n = 0; n < world->load_count; n++) {
		world_answer(world, n);
	}
	world->load_count = 0;
}

static void where_many_answers_are_owed_they_go_before_presence(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	owe_many_answers(world);
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_turn(world);
	assert_silence(world, ANN);
	answer_all(world);
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
	owe_many_answers(world);
	come(world, ANN);
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
	owe_many_answers(world);
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	chat_store_up(world->chat, false);
	world_turn(world);
	assert_event(world, ANN, CHAT, "presence_state");
	assert_event(world, ANN, CHAT, "presence_diff");
}

static void two_who_wait_are_told_of_in_one_event(void **state)
{
	struct world *world = *state;
	owe_many_answers(world);
	come(world, ANN);
	come(world, BOB);
	come(world, ANN_PHONE);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN_PHONE, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_pass_time(world, 1000);
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
	come_and_enter(world, BOB, CHAT);
	owe_many_answers(world);
	come(world, ANN);
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
	come_and_enter(world, BOB, CHAT);
	owe_many_answers(world);
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	say(world, ANN, "{\"event\":\"typing\"}");
	world_route(world);
	assert_event(world, BOB, CHAT, "\"joins\":{\"1\"");
	assert_event(world, BOB, CHAT, "\"event\":\"typing\"");
	assert_silence(world, BOB);
}

static void those_who_wait_to_be_told_of_leave_nothing_behind(void **state)
{
	struct world *world = *state;
	owe_many_answers(world);
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(chat_count(world->chat).rooms, 2);
	/* The end of the test is the end of the plugin; the sanitizer looks. */
}

static void chats_of_one_client_are_bounded(void **state)
{
	struct world *world = *state;
	char topic[32];
	come(world, ANN);
	world->load_says = CHAT_EBUSY;
	for (int i = 0; i < CHATS_PER_CLIENT_MAX; i++) {
		snprintf(topic, sizeof(topic), "chat/1/%d", i + 2);
		assert_int_equal(world_subscribe(world, ANN, topic), CHAT_ALLOW);
		world->queued = 0;
	}
	assert_int_equal(world_subscribe(world, ANN, "chat/1/9999"), CHAT_DENY);
	assert_int_equal(world_subscribe(world, ANN, "chat/1/2"), CHAT_ALLOW);
	world_leave(world, ANN);
	assert_books_are_empty(world);
}

/* Messages. */

static void message_goes_out_only_when_it_is_stored(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	say_text(world, ANN, "hi");
	world_turn(world);
	assert_silence(world, ANN);
	world_saved(world, 0, SAVED_NEW, 1);
	world_turn(world);
	assert_event(world, ANN, CHAT,
		"{\"event\":\"message\",\"seq\":1,\"user_id\":\"1\",\"text\":\"hi\",\"sent_at\":"
		"\"2026-11-22T08:00:00.123Z\"}");
	assert_silence(world, ANN);
}

static void message_reaches_each_client_once_in_chat_or_lobby(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, ANN_PHONE, "user/1");
	come_and_enter(world, BOB, CHAT);
	enter(world, BOB, "user/2");
	come_and_enter(world, BOB_PHONE, "user/2");
	come_and_enter(world, EVE, "user/3");
	world_forget(world);
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_turn(world);
	assert_event(world, ANN, CHAT, MESSAGE_EVENT);
	assert_silence(world, ANN);
	assert_event(world, ANN_PHONE, "user/1", "\"quiet\":true");
	assert_silence(world, ANN_PHONE);
	assert_event(world, BOB, CHAT, MESSAGE_EVENT);
	assert_silence(world, BOB);
	assert_event(world, BOB_PHONE, "user/2", "\"quiet\":true");
	assert_silence(world, BOB_PHONE);
	assert_silence(world, EVE);
}

static void notification_rings_when_the_user_is_nowhere_in_the_chat(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, "user/2");
	come(world, ANN);
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 7);
	world_turn(world);
	assert_event(world, BOB, "user/2",
		"{\"event\":\"notification\",\"chat\":\"chat/1/2\",\"name\":\"Ann\",\"message\":{"
		"\"seq\":7,\"user_id\":\"1\",\"text\":\"hi\",\"sent_at\":\"2026-11-22T08:00:00."
		"123Z\"}}");
	assert_silence(world, BOB);
}

static void notification_has_the_name_of_the_sending_connection(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, "user/2");
	come(world, ANN);
	come(world, ANN_PHONE); /* the latest login, as Annie */
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_turn(world);
	assert_event(world, BOB, "user/2", "\"name\":\"Ann\"");
}

static void leaving_between_publish_and_delivery_is_made_good_in_the_lobby(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, "user/2");
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_turn(world);
	size_t loads = world->load_count;
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	assert_int_equal(world_unsubscribe(world, BOB, CHAT), CHAT_ALLOW);
	assert_int_equal(world->load_count, loads + 1);
	assert_int_equal(world->loads[loads].load.what, LOAD_UNREAD);
}

static void leaving_a_chat_that_missed_nothing_asks_for_nothing(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, "user/2");
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_turn(world);
	size_t loads = world->load_count;
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_route(world);
	assert_int_equal(world_unsubscribe(world, BOB, CHAT), CHAT_ALLOW);
	assert_int_equal(world->load_count, loads);
}

static void joining_between_publish_and_delivery_does_not_double_a_message(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, "user/2");
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, BOB, CHAT, MESSAGE_EVENT);
	assert_event(world, BOB, CHAT, "presence_state");
	assert_event(world, BOB, CHAT, "presence_diff");
	assert_silence(world, BOB);
}

static void senders_other_client_that_joins_meanwhile_gets_it_once(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, ANN_PHONE, "user/1");
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	assert_int_equal(world_subscribe(world, ANN_PHONE, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, ANN_PHONE, CHAT, MESSAGE_EVENT);
	assert_event(world, ANN_PHONE, CHAT, "presence_state");
	assert_silence(world, ANN_PHONE);
}

static void ones_own_message_rings_no_bell(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, "user/1");
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_turn(world);
	assert_event(world, ANN, "user/1", "\"quiet\":true");
}

static void two_equal_publishes_arrive_twice(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, CHAT);
	world_forget(world);
	say(world, ANN, TYPING);
	say(world, ANN, TYPING);
	world_route(world);
	assert_event(world, BOB, CHAT, "typing");
	assert_event(world, BOB, CHAT, "typing");
	assert_silence(world, BOB);
}

static void typing_is_sent_with_qos_0_and_a_message_with_qos_1(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	say(world, ANN, TYPING);
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_route(world);
	assert_int_equal(world_next(world, ANN)->qos, 0);
	assert_int_equal(world_next(world, ANN)->qos, 1);
}

static void peer_that_is_not_there_costs_no_publish(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	say(world, ANN, TYPING);
	assert_int_equal(world->queued, 0);
}

/* The gate. */

static void foreign_publish_never_arrives(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	enter(world, ANN, "user/1");
	world_smuggle(world, CHAT, "{\"event\":\"typing\",\"user_id\":\"2\",\"on\":true}");
	world_smuggle(world, "user/1", "x");
	world_smuggle(world, CHAT, "");
	assert_silence(world, ANN);
}

static void bytes_that_were_delivered_are_not_delivered_again(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	say(world, ANN, TYPING);
	world_route(world);
	const struct world_event *event = world_next(world, ANN);
	world_smuggle(world, CHAT, event->payload);
	assert_silence(world, ANN);
}

/* At a take-over the broker sends the old one's Will, in its name, before it says DISCONNECT. */
static void will_of_a_client_that_is_taken_over_is_refused(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	assert_int_equal(
		world_connect(world, ANN_PHONE, "c0", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
	const void *handle = &world->clients[ANN].handle;
	assert_int_equal(chat_may_publish(world->chat, handle, SLICE(CHAT), false), CHAT_DENY);
}

static void ordinary_client_with_a_wild_subscription_hears_nothing_of_ours(void **state)
{
	struct world *world = *state;
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	come_and_enter(world, ANN, CHAT);
	say(world, ANN, TYPING);
	assert_int_equal(chat_may_receive(world->chat, &world->clients[SENSOR].handle, SLICE(CHAT),
				 slice_of(world->queue[0].payload, world->queue[0].len)),
		CHAT_DENY);
}

static void client_that_has_gone_receives_nothing(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, CHAT);
	/* An MQTT 5 session outlives its connection, with its subscriptions. */
	chat_disconnect(world->chat, &world->clients[BOB].handle);
	world_forget(world);
	say(world, ANN, TYPING);
	world_route(world);
	assert_silence(world, BOB);
}

/* Repeats. */

static void repeat_of_a_waiting_message_is_not_saved_again(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	say_ref(world, ANN, "r");
	say_ref(world, ANN, "r");
	assert_int_equal(world->save_count, 1);
	world_saved(world, 0, SAVED_NEW, 1);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"ref\":\"r\"");
	assert_silence(world, ANN);
	assert_int_equal(chat_count(world->chat).pending, 0);
}

static void repeat_from_another_client_is_answered_by_the_outcome(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, ANN_PHONE, CHAT);
	world_forget(world);
	say_ref(world, ANN, "r");
	say_ref(world, ANN_PHONE, "r");
	world_saved(world, 0, SAVED_REJECTED, 0);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"code\":\"rejected\"");
	assert_event(world, ANN_PHONE, CHAT, "\"ref\":\"r\"");
	assert_silence(world, ANN);
	assert_silence(world, ANN_PHONE);
}

static void repeat_of_a_stored_message_is_answered_to_the_repeater_alone(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, ANN_PHONE, CHAT);
	come_and_enter(world, BOB, CHAT);
	enter(world, BOB, "user/2");
	world_forget(world);
	say_ref(world, ANN, "r");
	world_saved(world, 0, SAVED_REPEAT, 5);
	world_turn(world);
	assert_event(world, ANN, CHAT, MESSAGE_EVENT "5");
	assert_silence(world, ANN);
	assert_silence(world, ANN_PHONE);
	assert_silence(world, BOB);
}

static void repeat_after_the_outcome_is_saved_again(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	say_ref(world, ANN, "r");
	world_saved(world, 0, SAVED_NEW, 1);
	say_ref(world, ANN, "r");
	assert_int_equal(world->save_count, 2);
	assert_memory_not_equal(world->saves[0].message.key, world->saves[1].message.key, KEY_SIZE);
}

static void rejected_message_is_told_to_its_sender_alone(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, CHAT);
	world_forget(world);
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_REJECTED, 0);
	world_turn(world);
	assert_event(world, ANN, CHAT, "{\"event\":\"error\",\"code\":\"rejected\"");
	assert_silence(world, BOB);
}

/* Errors and limits. */

static void error_of_one_publish_does_not_carry_the_ref_of_another(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, CHAT);
	world_forget(world);
	say_ref(world, ANN, "secret-ref");
	say(world, BOB, "{");
	world_route(world);
	assert_null(strstr(world_next(world, BOB)->payload, "secret-ref"));
	assert_silence(world, ANN);
}

static void message_beyond_the_rate_holds_up_all_later_ones(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, ANN_PHONE, CHAT);
	world_forget(world);
	for (int i = 0; i < 2 * RATE; i++) {
		say_text(world, ANN, "hi");
	}
	assert_int_equal(world->save_count, 2 * RATE);
	say_text(world, ANN, "too much");
	world_pass_time(world, 999); /* there are tokens again */
	say_text(world, ANN_PHONE, "from another client");
	world_route(world);
	assert_int_equal(world->save_count, 2 * RATE);
	assert_event(world, ANN, CHAT, "\"code\":\"rate_limited\"");
	const struct world_event *event = world_next(world, ANN_PHONE);
	assert_non_null(strstr(event->payload, "\"code\":\"rate_limited\""));
	assert_non_null(strstr(event->payload, "\"retry_ms\":1000"));
	world_pass_time(world, 1000);
	say_text(world, ANN, "again");
	assert_int_equal(world->save_count, 2 * RATE + 1);
}

static void full_queue_is_unavailable_and_holds_up_later_ones(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	world->save_says = CHAT_EBUSY;
	say_ref(world, ANN, "r");
	world->save_says = CHAT_OK;
	say_ref(world, ANN, "s");
	world_route(world);
	assert_event(world, ANN, CHAT, "\"code\":\"unavailable\"");
	const struct world_event *event = world_next(world, ANN);
	assert_non_null(strstr(event->payload, "\"code\":\"unavailable\""));
	assert_non_null(strstr(event->payload, "\"ref\":\"s\",\"retry_ms\":1000"));
	assert_int_equal(world->save_count, 0);
	assert_int_equal(chat_count(world->chat).pending, 0);
	world_pass_time(world, 1000);
	say_ref(world, ANN, "r");
	assert_int_equal(world->save_count, 1);
}

static void hold_of_one_user_does_not_touch_another(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, CHAT);
	world->save_says = CHAT_EBUSY;
	say_text(world, ANN, "hi");
	world->save_says = CHAT_OK;
	say_text(world, BOB, "hi");
	assert_int_equal(world->save_count, 1);
}

static void subscribe_beyond_the_limit_is_granted_but_not_answered(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	for (int i = 0; i < 2 * RATE; i++) {
		assert_int_equal(world_subscribe(world, ANN, "user/1"), CHAT_ALLOW);
	}
	world_route(world);
	world_forget(world);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, ANN, CHAT, "presence_state");
	assert_event(world, ANN, CHAT, "presence_diff");
	const struct world_event *event = world_next(world, ANN);
	assert_non_null(strstr(event->payload, "\"code\":\"rate_limited\""));
	assert_non_null(strstr(event->payload, "\"retry_ms\":1000"));
}

static void history_and_read_share_the_request_limit(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	world_pass_time(world, 2000);
	for (int i = 0; i < RATE; i++) {
		say(world, ANN, "{\"event\":\"read\",\"seq\":1}");
		say(world, ANN, HISTORY);
	}
	world_route(world);
	assert_silence(world, ANN);
	say(world, ANN, "{\"event\":\"read\",\"seq\":2}");
	say(world, ANN, HISTORY);
	world_route(world);
	assert_event(world, ANN, CHAT, "rate_limited");
	assert_event(world, ANN, CHAT, "rate_limited");
}

static void typing_beyond_its_limit_is_dropped(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	for (int i = 0; i < 2 * RATE + 5; i++) {
		say(world, ANN, TYPING);
	}
	assert_int_equal(world->queued, 2 * RATE);
}

static void requests_of_one_client_are_bounded(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	for (int i = 0; i < REQUESTS_PER_CLIENT_MAX; i++) {
		say(world, ANN, HISTORY);
	}
	assert_int_equal(world->queued, 0);
	say(world, ANN, HISTORY);
	world_route(world);
	assert_event(world, ANN, CHAT, "unavailable");
	world_answer(world, 0);
	world_route(world);
	assert_event(world, ANN, CHAT, "\"event\":\"history\"");
	say(world, ANN, HISTORY);
	world_route(world);
	assert_silence(world, ANN);
}

/* Histories and unread lists. */

static void history_follows_a_subscribe_to_that_client_alone(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_turn(world);
	world_forget(world);
	world_answer(world, 0);
	world_turn(world);
	assert_event(world, ANN, CHAT,
		"{\"event\":\"history\",\"messages\":[],\"more\":false,\"read\":{\"1\":0,\"2\":0}}");
	assert_silence(world, BOB);
}

static void unread_follows_a_lobby_subscribe(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, "user/1"), CHAT_ALLOW);
	world_answer(world, 0);
	world_turn(world);
	assert_event(world, ANN, "user/1", "\"event\":\"unread\"");
	assert_silence(world, ANN);
}

static void history_carries_the_ref_it_was_asked_with(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	say(world, ANN, "{\"event\":\"history\",\"before\":0,\"limit\":3,\"ref\":\"q\"}");
	assert_int_equal(world->loads[0].load.before, 1);
	assert_int_equal(world->loads[0].load.limit, 3);
	world_answer(world, 0);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"ref\":\"q\"");
}

static void answer_never_reaches_who_got_the_handle_next(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	say(world, BOB, HISTORY);
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
	come_and_enter(world, BOB, CHAT);
	say(world, BOB, HISTORY);
	world_answer(world, 0);
	world_leave(world, BOB);
	come(world, BOB);
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_route(world);
	assert_event(world, BOB, CHAT, "presence_state");
	assert_event(world, BOB, CHAT, "presence_diff");
	assert_silence(world, BOB);
}

static void answer_to_who_has_gone_is_not_counted_for_the_next(void **state)
{
	struct world *world = *state;
	come_and_enter(world, BOB, CHAT);
	say(world, BOB, HISTORY);
	world_leave(world, BOB);
	come(world, BOB);
	say(world, BOB, HISTORY);
	world_answer(world, 0);
	for (int i = 1; i < REQUESTS_PER_CLIENT_MAX; i++) {
		say(world, BOB, HISTORY);
	}
	assert_int_equal(world->load_count, REQUESTS_PER_CLIENT_MAX + 1);
	say(world, BOB, HISTORY);
	assert_int_equal(world->load_count, REQUESTS_PER_CLIENT_MAX + 1);
}

static void who_leaves_while_the_store_is_away_is_owed_nothing(void **state)
{
	struct world *world = *state;
	chat_store_up(world->chat, false);
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN, "user/1"), CHAT_ALLOW);
	world_leave(world, ANN);
	assert_books_are_empty(world);
}

static void history_is_unavailable_at_once_while_the_store_is_away(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	chat_store_up(world->chat, false);
	say(world, ANN, "{\"event\":\"history\",\"ref\":\"q\"}");
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
	come_and_enter(world, ANN, CHAT);
	say(world, ANN, HISTORY);
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
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN, "user/1"), CHAT_ALLOW);
	world_turn(world);
	assert_event(world, ANN, CHAT, "presence_state");
	assert_event(world, ANN, CHAT, "presence_diff");
	assert_event(world, ANN, CHAT, "unavailable");
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
	assert_silence(world, ANN);
}

static void owed_history_comes_only_to_who_is_still_subscribed(void **state)
{
	struct world *world = *state;
	chat_store_up(world->chat, false);
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN, "user/1"), CHAT_ALLOW);
	assert_int_equal(world_unsubscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_unsubscribe(world, ANN, "user/1"), CHAT_ALLOW);
	chat_store_up(world->chat, true);
	assert_int_equal(world->load_count, 0);
	assert_int_equal(chat_count(world->chat).requests, 0);
}

static void owed_history_that_was_in_flight_when_the_store_went_comes_later(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_turn(world);
	world_forget(world);
	chat_load_failed(world->chat, world->loads[0].load.ticket);
	chat_store_up(world->chat, false);
	world_turn(world);
	assert_event(world, ANN, CHAT, "unavailable");
	assert_silence(world, ANN);
	chat_store_up(world->chat, true);
	world_answer(world, 1);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"event\":\"history\"");
}

static void owed_history_outlives_a_store_that_goes_many_times(void **state)
{
	struct world *world = *state;
	come(world, ANN);
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
	come(world, ANN);
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
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(world->load_count, 2);
	assert_int_equal(world_unsubscribe(world, ANN, CHAT), CHAT_ALLOW);
	chat_load_failed(world->chat, world->loads[0].load.ticket);
	chat_load_failed(world->chat, world->loads[1].load.ticket);
	assert_int_equal(chat_count(world->chat).requests, 0);
}

/* Read marks. */

static void read_is_told_to_the_chat_and_to_the_readers_lobby(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	come_and_enter(world, BOB, "user/2");
	world_forget(world);
	say(world, BOB, "{\"event\":\"read\",\"seq\":5}");
	world_turn(world);
	assert_silence(world, ANN);
	world_marked(world, 0, true);
	world_turn(world);
	assert_event(world, ANN, CHAT, "{\"event\":\"read\",\"user_id\":\"2\",\"seq\":5}");
	assert_silence(world, ANN);
	assert_event(world, BOB, "user/2",
		"{\"event\":\"read\",\"chat\":\"chat/1/2\",\"seq\":5,\"count\":0,\"total\":0}");
	assert_silence(world, BOB);
}

static void read_that_moves_nothing_is_told_to_nobody(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	say(world, ANN, "{\"event\":\"read\",\"seq\":5}");
	world_marked(world, 0, false);
	world_turn(world);
	assert_silence(world, ANN);
	assert_int_equal(chat_count(world->chat).marks, 0);
}

static void reads_wait_for_the_store_the_highest_of_each_chat(void **state)
{
	struct world *world = *state;
	char json[64];
	come_and_enter(world, ANN, CHAT);
	chat_store_up(world->chat, false);
	for (int seq = 1; seq <= 500; seq++) {
		snprintf(json, sizeof(json), "{\"event\":\"read\",\"seq\":%d}", seq);
		say(world, ANN, json);
	}
	world_turn(world);
	assert_silence(world, ANN);
	assert_int_equal(world->mark_count, 0);
	chat_store_up(world->chat, true);
	assert_int_equal(world->mark_count, 1);
	assert_int_equal(world->marks[0].mark.seq, 500);
}

static void read_whose_first_outcome_was_lost_is_told_after_the_second(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	say(world, ANN, "{\"event\":\"read\",\"seq\":5}");
	chat_mark_failed(world->chat, &world->marks[0].mark, false);
	world_turn(world);
	assert_silence(world, ANN);
	world_marked(world, 1, false);
	world_turn(world);
	assert_event(world, ANN, CHAT, "{\"event\":\"read\",\"user_id\":\"1\",\"seq\":5}");
	assert_silence(world, ANN);
}

static void refusals_do_not_draw_a_hold_out(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	world->save_says = CHAT_EBUSY;
	say_text(world, ANN, "hi");
	world->save_says = CHAT_OK;
	world_pass_time(world, 999);
	say_text(world, ANN, "hi");
	assert_int_equal(world->save_count, 0);
	world_pass_time(world, 1);
	say_text(world, ANN, "hi");
	assert_int_equal(world->save_count, 1);
}

static void mark_that_failed_is_tried_again_unless_for_good(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	say(world, ANN, "{\"event\":\"read\",\"seq\":5}");
	chat_mark_failed(world->chat, &world->marks[0].mark, false);
	world_turn(world);
	assert_int_equal(world->mark_count, 2);
	chat_mark_failed(world->chat, &world->marks[1].mark, true);
	world_turn(world);
	assert_int_equal(world->mark_count, 2);
	assert_int_equal(chat_count(world->chat).marks, 0);
}

static void mark_whose_answer_was_lost_is_heard_though_it_had_moved(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	say(world, ANN, "{\"event\":\"read\",\"seq\":5}");
	chat_mark_failed(world->chat, &world->marks[0].mark, false);
	world_turn(world);
	world_marked(world, 1, false);
	world_turn(world);
	assert_event(world, ANN, CHAT, "{\"event\":\"read\",\"user_id\":\"1\",\"seq\":5}");
	say(world, ANN, "{\"event\":\"read\",\"seq\":5}");
	world_marked(world, 2, false);
	world_turn(world);
	assert_silence(world, ANN);
}

/* Topics. */

static void foreign_chats_and_lobbies_are_closed(void **state)
{
	struct world *world = *state;
	come(world, EVE);
	assert_int_equal(world_subscribe(world, EVE, CHAT), CHAT_DENY);
	assert_int_equal(world_subscribe(world, EVE, "user/1"), CHAT_DENY);
	assert_int_equal(world_say(world, EVE, CHAT, TYPING), CHAT_DENY);
	assert_int_equal(world_say(world, EVE, "user/3", TYPING), CHAT_DENY);
	assert_int_equal(world->queued, 0);
}

static void message_of_an_unknown_connection_is_refused(void **state)
{
	struct world *world = *state;
	assert_int_equal(
		chat_publish(world->chat, "bridge", SLICE(CHAT), SLICE(TYPING), world->now),
		CHAT_DENY);
}

static void other_topics_are_deferred(void **state)
{
	struct world *world = *state;
	come(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, "sensors/1"), CHAT_DEFER);
	assert_int_equal(world_say(world, ANN, "sensors/1", "x"), CHAT_DEFER);
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	assert_int_equal(world_subscribe(world, SENSOR, "#"), CHAT_DEFER);
}

static void other_topics_can_be_allowed_to_ordinary_clients(void **state)
{
	(void)state;
	struct world *world;
	assert_true(world_begin(&world, RATE, true));
	come(world, ANN);
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	assert_int_equal(world_subscribe(world, SENSOR, "#"), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, SENSOR, "$CONTROL/#"), CHAT_DEFER);
	assert_int_equal(world_subscribe(world, SENSOR, "$hat/#"), CHAT_DENY);
	assert_int_equal(world_subscribe(world, ANN, "sensors/1"), CHAT_DEFER);
	world_end(world);
}

/* The books. */

static void nothing_is_left_when_everybody_has_gone(void **state)
{
	struct world *world = *state;
	for (int client = ANN; client <= BOB_PHONE; client++) {
		come(world, client);
		world_subscribe(world, client, CHAT);
		world_subscribe(world, client, client < BOB ? "user/1" : "user/2");
		say(world, client, HISTORY);
		say_ref(world, client, "r");
		say(world, client, "{\"event\":\"read\",\"seq\":1}");
	}
	for (int client = ANN; client <= BOB_PHONE; client++) {
		world_leave(world, client);
	}
	for (size_t i = 0; i < world->load_count; i++) {
		world_answer(world, i);
	}
	for (size_t i = 0; i < world->save_count; i++) {
		world_saved(world, i, SAVED_NEW, (int64_t)i + 1);
	}
	for (size_t i = 0; i < world->mark_count; i++) {
		world_marked(world, i, true);
	}
	assert_books_are_empty(world);
	assert_int_equal(chat_count(world->chat).marks, 0);
	assert_int_equal(chat_count(world->chat).pending, 0);
}

static void event_that_cannot_be_published_is_not_waited_for(void **state)
{
	struct world *world = *state;
	come_and_enter(world, ANN, CHAT);
	world->publish_fails = true;
	say(world, ANN, HISTORY);
	world_answer(world, 0);
	say_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_leave(world, ANN);
	assert_books_are_empty(world);
}

int main(void)
{
#define CHAT_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define UNLIMITED_TEST(test) cmocka_unit_test_setup_teardown(test, set_up_without_limits, tear_down)
	const struct CMUnitTest tests[] = {
		CHAT_TEST(good_token_is_let_in),
		CHAT_TEST(forged_token_is_refused),
		CHAT_TEST(ordinary_login_is_deferred),
		CHAT_TEST(session_that_is_not_clean_is_refused),
		CHAT_TEST(client_id_of_another_user_is_refused),
		CHAT_TEST(client_id_of_an_ordinary_client_is_refused),
		CHAT_TEST(client_id_is_free_again_after_its_owner_left),
		CHAT_TEST(refused_login_does_not_drop_the_live_session),
		CHAT_TEST(second_disconnect_does_nothing),
		CHAT_TEST(clients_of_one_user_are_bounded),
		CHAT_TEST(last_client_that_fits_may_come_back_before_its_end_was_seen),
		CHAT_TEST(logins_of_one_user_are_bounded),
		CHAT_TEST(limit_on_logins_ends_no_connection),
		CHAT_TEST(forged_tokens_use_up_no_logins_of_whom_they_name),
		CHAT_TEST(reloads_use_up_no_logins),
		UNLIMITED_TEST(logins_are_not_counted_where_limits_are_lifted),
		CHAT_TEST(take_over_tells_nobody),
		CHAT_TEST(take_over_with_disconnect_first_says_leave_and_join),
		CHAT_TEST(client_id_stays_the_users_after_a_take_over),
		CHAT_TEST(handle_whose_end_was_missed_is_dropped_first),
		CHAT_TEST(same_client_with_a_reused_handle_starts_anew),
		CHAT_TEST(live_client_passes_a_reload_whatever_its_token),
		CHAT_TEST(live_client_stays_in_its_chats_through_a_reload),
		CHAT_TEST(forged_login_is_refused_during_a_reload),
		CHAT_TEST(good_login_is_let_in_and_known_during_a_reload),
		CHAT_TEST(session_whose_client_is_away_passes_a_reload),
		CHAT_TEST(expired_token_is_refused_during_a_reload),
		CHAT_TEST(name_of_a_user_is_worth_nothing_outside_a_reload),
		CHAT_TEST(ordinary_login_during_a_reload_holds_its_client_id),
		CHAT_TEST(offline_ordinary_session_holds_no_client_id_after_a_reload),
		CHAT_TEST(live_ordinary_client_keeps_its_client_id_through_a_reload),
		CHAT_TEST(expired_client_is_kicked_and_leaves_its_chats),
		CHAT_TEST(newer_client_is_not_kicked_for_the_old_ones_token),
		CHAT_TEST(expired_client_that_was_taken_over_is_forgotten_and_nobody_kicked),
		CHAT_TEST(signed_name_never_expires),
		CHAT_TEST(subscriber_hears_who_is_there_itself_included),
		CHAT_TEST(presence_state_is_for_the_subscriber_alone),
		CHAT_TEST(who_comes_second_in_one_turn_hears_of_the_first_in_the_state_alone),
		CHAT_TEST(second_client_of_a_user_joins_silently),
		CHAT_TEST(only_the_last_client_of_a_user_leaves_aloud),
		CHAT_TEST(subscribing_again_sends_the_state_again_and_no_diff),
		UNLIMITED_TEST(where_many_answers_are_owed_they_go_before_presence),
		UNLIMITED_TEST(presence_waits_for_no_answer_longer_than_a_second),
		UNLIMITED_TEST(presence_waits_for_no_store_that_is_away),
		UNLIMITED_TEST(two_who_wait_are_told_of_in_one_event),
		UNLIMITED_TEST(who_leaves_untold_is_told_of_first),
		UNLIMITED_TEST(who_types_is_there_first),
		UNLIMITED_TEST(those_who_wait_to_be_told_of_leave_nothing_behind),
		UNLIMITED_TEST(chats_of_one_client_are_bounded),
		CHAT_TEST(message_goes_out_only_when_it_is_stored),
		CHAT_TEST(message_reaches_each_client_once_in_chat_or_lobby),
		CHAT_TEST(notification_rings_when_the_user_is_nowhere_in_the_chat),
		CHAT_TEST(notification_has_the_name_of_the_sending_connection),
		CHAT_TEST(leaving_between_publish_and_delivery_is_made_good_in_the_lobby),
		CHAT_TEST(leaving_a_chat_that_missed_nothing_asks_for_nothing),
		CHAT_TEST(joining_between_publish_and_delivery_does_not_double_a_message),
		CHAT_TEST(senders_other_client_that_joins_meanwhile_gets_it_once),
		CHAT_TEST(ones_own_message_rings_no_bell),
		CHAT_TEST(two_equal_publishes_arrive_twice),
		CHAT_TEST(typing_is_sent_with_qos_0_and_a_message_with_qos_1),
		CHAT_TEST(peer_that_is_not_there_costs_no_publish),
		CHAT_TEST(foreign_publish_never_arrives),
		CHAT_TEST(bytes_that_were_delivered_are_not_delivered_again),
		CHAT_TEST(will_of_a_client_that_is_taken_over_is_refused),
		CHAT_TEST(ordinary_client_with_a_wild_subscription_hears_nothing_of_ours),
		CHAT_TEST(client_that_has_gone_receives_nothing),
		CHAT_TEST(repeat_of_a_waiting_message_is_not_saved_again),
		CHAT_TEST(repeat_from_another_client_is_answered_by_the_outcome),
		CHAT_TEST(repeat_of_a_stored_message_is_answered_to_the_repeater_alone),
		CHAT_TEST(repeat_after_the_outcome_is_saved_again),
		CHAT_TEST(rejected_message_is_told_to_its_sender_alone),
		CHAT_TEST(error_of_one_publish_does_not_carry_the_ref_of_another),
		CHAT_TEST(message_beyond_the_rate_holds_up_all_later_ones),
		CHAT_TEST(full_queue_is_unavailable_and_holds_up_later_ones),
		CHAT_TEST(hold_of_one_user_does_not_touch_another),
		CHAT_TEST(subscribe_beyond_the_limit_is_granted_but_not_answered),
		CHAT_TEST(history_and_read_share_the_request_limit),
		CHAT_TEST(typing_beyond_its_limit_is_dropped),
		UNLIMITED_TEST(requests_of_one_client_are_bounded),
		CHAT_TEST(history_follows_a_subscribe_to_that_client_alone),
		CHAT_TEST(unread_follows_a_lobby_subscribe),
		CHAT_TEST(history_carries_the_ref_it_was_asked_with),
		CHAT_TEST(answer_never_reaches_who_got_the_handle_next),
		CHAT_TEST(answer_that_is_on_its_way_never_reaches_who_got_the_handle_next),
		UNLIMITED_TEST(answer_to_who_has_gone_is_not_counted_for_the_next),
		CHAT_TEST(who_leaves_while_the_store_is_away_is_owed_nothing),
		CHAT_TEST(history_is_unavailable_at_once_while_the_store_is_away),
		CHAT_TEST(history_is_unavailable_after_five_seconds_and_not_answered_later),
		CHAT_TEST(subscribe_while_the_store_is_away_is_told_and_answered_later),
		CHAT_TEST(owed_history_comes_only_to_who_is_still_subscribed),
		CHAT_TEST(owed_history_that_was_in_flight_when_the_store_went_comes_later),
		CHAT_TEST(owed_history_outlives_a_store_that_goes_many_times),
		CHAT_TEST(load_that_the_database_keeps_refusing_is_given_up),
		CHAT_TEST(superseded_load_that_failed_does_not_wait_after_leaving),
		CHAT_TEST(read_is_told_to_the_chat_and_to_the_readers_lobby),
		CHAT_TEST(read_that_moves_nothing_is_told_to_nobody),
		CHAT_TEST(reads_wait_for_the_store_the_highest_of_each_chat),
		CHAT_TEST(read_whose_first_outcome_was_lost_is_told_after_the_second),
		CHAT_TEST(refusals_do_not_draw_a_hold_out),
		CHAT_TEST(mark_that_failed_is_tried_again_unless_for_good),
		CHAT_TEST(mark_whose_answer_was_lost_is_heard_though_it_had_moved),
		CHAT_TEST(foreign_chats_and_lobbies_are_closed),
		CHAT_TEST(message_of_an_unknown_connection_is_refused),
		CHAT_TEST(other_topics_are_deferred),
		cmocka_unit_test(other_topics_can_be_allowed_to_ordinary_clients),
		CHAT_TEST(nothing_is_left_when_everybody_has_gone),
		CHAT_TEST(event_that_cannot_be_published_is_not_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
