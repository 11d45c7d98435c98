/* Who may log in, what a take-over and a reload do, and how tokens end. */
#include "chat.h"
#include "limiter.h"
#include "presence.h"
#include "unit.h"
#include "world.h"

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

static void refused_login_is_logged_with_user_and_address(void **state)
{
	struct world *world = *state;
	assert_int_equal(world_connect(world, ANN, "tab", "2:Ann", world_sign("1:Ann")), CHAT_DENY);
	assert_string_equal(world->lines[0],
		"2 from 192.0.2.7 (tab): login refused: no secret has made this signature");
	assert_int_equal(
		world_connect(world, ANN, "tab", "", world_jwt("3", WALL / 1000 - 99)), CHAT_DENY);
	assert_string_equal(
		world->lines[1], "3 from 192.0.2.7 (tab): login refused: it has expired");
}

static void lines_about_refused_logins_are_bounded(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(
			world_connect(world, ANN, "tab", "2:Ann", world_sign("1:Ann")), CHAT_DENY);
	}
	assert_int_equal(world->line_count, 100);
	world_pass_time(world, 1000);
	world_turn(world);
	assert_int_equal(world->line_count, 101);
	assert_string_equal(
		world->lines[100 % WORLD_LINES], "900 more logins were refused within a second");
	assert_int_equal(world_connect(world, ANN, "tab", "2:Ann", world_sign("1:Ann")), CHAT_DENY);
	assert_int_equal(world->line_count, 102);
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
	world_join(world, ANN, CHAT);
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
	world_join(world, ANN, CHAT);
	world_join(world, BOB, CHAT);
	world_forget(world);
	assert_int_equal(world_connect(world, EVE, "c0", "3:Eve", world_sign("3:Eve")), CHAT_DENY);
	world_leave(world, EVE);
	world_turn(world);
	assert_silence(world, BOB);
	world_send(world, BOB, TYPING);
	world_route(world);
	assert_event(world, ANN, CHAT, "typing");
}

static void second_disconnect_does_nothing(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, CHAT);
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
		world_log_in(world, ANN_PHONE);
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
	world_join(world, BOB, CHAT);
	world_pass_time(world, 1000);
	world_join(world, ANN, CHAT);
	world_pass_time(world, 1000);
	log_in_to_the_limit(world);
	assert_int_equal(world_login(world, ANN_PHONE, "1:Ann"), CHAT_DENY);
	world_leave(world, ANN_PHONE);
	world_forget(world);
	world_send(world, ANN, TYPING);
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
	world_log_in(world, ANN);
	world_pass_time(world, 1000);
	for (int i = 0; i < 2 * LOGINS_BURST; i++) {
		chat_reload(world->chat);
		world_log_in(world, ANN);
		world_turn(world);
	}
	log_in_to_the_limit(world);
}

static void logins_are_not_counted_where_limits_are_lifted(void **state)
{
	struct world *world = *state;
	log_in_to_the_limit(world);
	world_log_in(world, ANN);
}

/* Take-overs. */

static void take_over_tells_nobody(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_join(world, ANN, CHAT);
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
	world_join(world, BOB, CHAT);
	world_join(world, ANN, CHAT);
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
	world_log_in(world, ANN);
	assert_int_equal(
		world_connect(world, ANN_PHONE, "c0", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
	world_leave(world, ANN);
	assert_int_equal(world_connect(world, EVE, "c0", "3:Eve", world_sign("3:Eve")), CHAT_DENY);
}

static void handle_whose_end_was_missed_is_dropped_first(void **state)
{
	struct world *world = *state;
	world_join(world, BOB, CHAT);
	world_join(world, ANN, CHAT);
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
	world_join(world, BOB, CHAT);
	world_join(world, ANN, CHAT);
	world_forget(world);
	world->clients[ANN].topic_count = 0;
	world_log_in(world, ANN);
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
	world_join(world, BOB, CHAT);
	world_join(world, ANN, CHAT);
	world_forget(world);
	chat_reload(world->chat);
	world_log_in(world, ANN);
	world_log_in(world, BOB);
	world_turn(world);
	assert_silence(world, BOB);
}

static void forged_login_is_refused_during_a_reload(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	chat_reload(world->chat);
	assert_int_equal(world_connect(world, EVE, "eve", "1:Ann", world_sign("3:Eve")), CHAT_DENY);
	assert_int_equal(
		world_connect(world, EVE, "eve", "chat:1", world_sign("1:Ann")), CHAT_DENY);
}

static void good_login_is_let_in_and_known_during_a_reload(void **state)
{
	struct world *world = *state;
	chat_reload(world->chat);
	world_log_in(world, ANN);
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
	world_join(world, BOB, CHAT);
	assert_int_equal(world_connect(world, ANN, "tab", NULL, world_jwt("1", WALL / 1000 + 60)),
		CHAT_ALLOW);
	world_enter(world, ANN, CHAT);
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
	world_join(world, BOB, CHAT);
	assert_int_equal(world_connect(world, ANN, "tab", NULL, world_jwt("1", WALL / 1000 + 60)),
		CHAT_ALLOW);
	world_enter(world, ANN, CHAT);
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
	world_log_in(world, ANN);
	world_pass_time(world, INT64_C(86400000) * 3650);
	world_turn(world);
	assert_int_equal(world->kicks, 0);
}

/* Where the broker's configuration opens chats to others, and connections without a login. */

static void closed_chat_refuses_its_users_and_defers_the_others(void **state)
{
	struct world *world = *state;
	struct chat_login login = {
		.handle = state,
		.client_id = "tab",
		.username = SLICE("1:Ann"),
		.password = slice_str(world_sign("1:Ann")),
		.clean = true,
		.closed = "for a reason",
	};
	char name[CHAT_USERNAME_MAX + 1];
	assert_int_equal(chat_connect(world->chat, &login, world->now, name), CHAT_DENY);
	login.username = SLICE("sensor");
	login.password = SLICE("pass");
	assert_int_equal(chat_connect(world->chat, &login, world->now, name), CHAT_DEFER);
}

static void client_id_of_a_connection_without_a_login_is_in_use_until_it_ends(void **state)
{
	struct world *world = *state;
	int machine = 0;
	chat_connected_unasked(world->chat, &machine, "tab");
	chat_connected_unasked(world->chat, &machine, "tab");
	assert_int_equal(world_connect(world, ANN, "tab", "1:Ann", world_sign("1:Ann")), CHAT_DENY);
	chat_disconnect(world->chat, &machine);
	assert_int_equal(
		world_connect(world, ANN, "tab", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
	assert_int_equal(chat_count(world->chat).clients, 1);
}

static void connection_that_logged_in_is_not_made_ordinary(void **state)
{
	struct world *world = *state;
	assert_int_equal(
		world_connect(world, ANN, "tab", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
	chat_connected_unasked(world->chat, &world->clients[ANN].handle, "tab");
	assert_int_equal(chat_subscribe(world->chat, &world->clients[ANN].handle, SLICE("user/1"),
				 world->now),
		CHAT_ALLOW);
}

/* What the application decides. */

static void barred_user_is_thrown_out_and_kept_out(void **state)
{
	struct world *world = *state;
	struct user_news news = {.user_id = SLICE("1"), .barred = true};
	world_join(world, ANN, CHAT);
	world_join(world, ANN_PHONE, "user/1");
	world_join(world, BOB, CHAT);
	world_forget(world);
	chat_user_news(world->chat, &news);
	chat_user_news(world->chat, &news);
	world_turn(world);
	assert_int_equal(world->kicks, 2);
	assert_event(world, BOB, CHAT, "\"leaves\":{\"1\"");
	assert_int_equal(world_login(world, ANN, "1:Ann"), CHAT_DENY);
	news.barred = false;
	chat_user_news(world->chat, &news);
	assert_int_equal(world_login(world, ANN, "1:Ann"), CHAT_ALLOW);
}

static void revoked_tokens_are_those_from_before_in_whole_seconds(void **state)
{
	struct world *world = *state;
	const int64_t second = WALL / 1000;
	struct user_news news = {.user_id = SLICE("1"), .revoked_before = second * 1000 + 900};
	const char *old = world_dated_jwt("1", second + 60, second - 1);
	assert_int_equal(world_connect(world, ANN, "old", NULL, old), CHAT_ALLOW);
	assert_int_equal(world_login(world, BOB, "1:undated"), CHAT_ALLOW);
	const char *good = world_dated_jwt("1", second + 60, second);
	assert_int_equal(world_connect(world, ANN_PHONE, "good", NULL, good), CHAT_ALLOW);
	chat_user_news(world->chat, &news);
	assert_int_equal(world->kicks, 2);
	assert_true(world->clients[ANN_PHONE].open);
	old = world_dated_jwt("1", second + 60, second - 1);
	assert_int_equal(world_connect(world, ANN, "old", NULL, old), CHAT_DENY);
	assert_int_equal(world_login(world, BOB, "1:undated"), CHAT_DENY);
	good = world_dated_jwt("1", second + 60, second);
	assert_int_equal(world_connect(world, EVE, "new", NULL, good), CHAT_ALLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_TEST(good_token_is_let_in),
		CHAT_TEST(forged_token_is_refused),
		CHAT_TEST(refused_login_is_logged_with_user_and_address),
		CHAT_TEST(lines_about_refused_logins_are_bounded),
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
		CHAT_TEST(barred_user_is_thrown_out_and_kept_out),
		CHAT_TEST(revoked_tokens_are_those_from_before_in_whole_seconds),
		CHAT_TEST(closed_chat_refuses_its_users_and_defers_the_others),
		CHAT_TEST(client_id_of_a_connection_without_a_login_is_in_use_until_it_ends),
		CHAT_TEST(connection_that_logged_in_is_not_made_ordinary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
