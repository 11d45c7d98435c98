/* What a broker of a cluster tells its clients of what it hears from the others. */
#include <string.h>

#include "chat.h"
#include "unit.h"
#include "world.h"

#define OTHER 7 /* another broker */
#define SAID(seq) MESSAGE_EVENT #seq ","
#define LEAVES_BOB "\"leaves\":{\"2\":{\"name\":\"Bob\"}}"
#define JOINS_BOB "\"joins\":{\"2\":{\"name\":\"Bob\"}}"

/* The last thing that was said to the others. */
static const struct node_news *last_said(const struct world *world)
{
	assert_true(world->said_count > 0);
	return &world->said[world->said_count - 1].news;
}

static void hear(struct world *world, const struct node_news *news)
{
	chat_hear(world->chat, news, world->now);
	world_route(world);
}

static struct node_news message_of(const char *user, int64_t seq)
{
	return (struct node_news){
		.what = NODE_MESSAGE,
		.node = OTHER,
		.on = true,
		.message = {.room = SLICE("1/2"),
			.user_id = slice_str(user),
			.opponent_id = user[0] == '1' ? SLICE("2") : SLICE("1"),
			.name = SLICE("Bob"),
			.text = SLICE("x"),
			.sent_at = WALL,
			.seq = seq,
			.in_chat = 0},
	};
}

static void hear_message(struct world *world, const char *user, int64_t seq)
{
	struct node_news news = message_of(user, seq);
	hear(world, &news);
}

static void hear_place(struct world *world, int32_t node, bool here)
{
	hear(world, &(struct node_news){.what = NODE_PLACED,
			    .node = node,
			    .room = SLICE("1/2"),
			    .user_id = SLICE("2"),
			    .name = SLICE("Bob"),
			    .on = here});
}

static void hear_all_places(struct world *world)
{
	hear(world, &(struct node_news){.what = NODE_PLACES_KNOWN, .room = SLICE("1/2")});
}

/* Ann is in the chat, and it is known who is there elsewhere: nobody. */
static void ann_waits(struct world *world)
{
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_answer_all(world);
	hear_all_places(world);
	world_turn(world);
	world_forget(world);
}

static void own_message_is_told_at_once_when_it_is_the_next(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	hear_message(world, "2", 4);
	assert_event(world, ANN, CHAT, SAID(4));
	world_send_text(world, ANN, "five");
	world_saved(world, 0, SAVED_NEW, 5);
	world_route(world);
	assert_event(world, ANN, CHAT, SAID(5));
	assert_int_equal(world->needed, 0);
	hear_message(world, "1", 5);
	assert_silence(world, ANN);
	hear_message(world, "2", 6);
	assert_event(world, ANN, CHAT, SAID(6));
}

static void own_message_waits_for_those_before_it(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	hear_message(world, "2", 4);
	world_send_text(world, ANN, "six");
	world_saved(world, 0, SAVED_NEW, 6);
	world_route(world);
	assert_event(world, ANN, CHAT, SAID(4));
	assert_silence(world, ANN);
	hear_message(world, "2", 5);
	hear_message(world, "1", 6);
	assert_event(world, ANN, CHAT, SAID(5));
	assert_event(world, ANN, CHAT, SAID(6));
}

static void first_own_message_comes_with_the_news(void **state)
{
	struct world *world = *state;
	world->last_seq = 3;
	ann_waits(world);
	world_send_text(world, ANN, "four");
	world_saved(world, 0, SAVED_NEW, 4);
	world_route(world);
	assert_silence(world, ANN);
	assert_int_equal(world->needed, 1);
	hear_message(world, "1", 4);
	assert_event(world, ANN, CHAT, SAID(4));
}

static void news_that_come_before_the_answer_are_told_once(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	hear_message(world, "2", 4);
	world_send_text(world, ANN, "five");
	hear_message(world, "1", 5);
	world_saved(world, 0, SAVED_NEW, 5);
	world_route(world);
	assert_event(world, ANN, CHAT, SAID(4));
	assert_event(world, ANN, CHAT, SAID(5));
	assert_silence(world, ANN);
}

static void lobby_is_notified_once_also_when_nobody_is_in_the_chat_any_more(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	world_join(world, ANN_PHONE, "user/1");
	world_forget(world);
	hear_message(world, "2", 4);
	world_send_text(world, ANN, "five");
	world_saved(world, 0, SAVED_NEW, 5);
	world_unsubscribe(world, ANN, CHAT);
	world_route(world);
	hear_message(world, "1", 5);
	assert_event(world, ANN_PHONE, "user/1", "\"seq\":4");
	assert_event(world, ANN_PHONE, "user/1", "\"seq\":5");
	assert_silence(world, ANN_PHONE);
	hear_message(world, "2", 6);
	assert_event(world, ANN_PHONE, "user/1", "\"seq\":6");
}

/* Says something that is told at once, and leaves the chat before it comes with the news. */
static void say_and_leave(struct world *world, size_t save, int64_t seq)
{
	world_send_text(world, ANN, "x");
	world_saved(world, save, SAVED_NEW, seq);
	world_unsubscribe(world, ANN, CHAT);
	world_route(world);
	hear_message(world, "1", seq);
}

static void lobby_is_notified_once_however_often_the_chat_is_left(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	world_join(world, ANN_PHONE, "user/1");
	hear_message(world, "2", 4);
	say_and_leave(world, 0, 5);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_answer_all(world);
	hear_all_places(world);
	hear_message(world, "2", 6);
	world_forget(world);
	say_and_leave(world, 1, 7);
	assert_event(world, ANN_PHONE, "user/1", "\"seq\":7");
	assert_silence(world, ANN_PHONE);
}

static void notification_is_quiet_where_the_user_is_in_the_chat_elsewhere(void **state)
{
	struct world *world = *state;
	world_join(world, ANN_PHONE, "user/1");
	world_forget(world);
	struct node_news news = message_of("2", 4);
	hear(world, &news);
	const struct world_event *event = world_next(world, ANN_PHONE);
	assert_non_null(event);
	assert_null(strstr(event->payload, "quiet"));
	news = message_of("2", 5);
	news.message.in_chat = 1;
	hear(world, &news);
	assert_event(world, ANN_PHONE, "user/1", "\"quiet\":true");
}

static void message_says_who_is_in_the_chat(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	world_send_text(world, ANN, "one");
	assert_int_equal(world->saves[0].message.in_chat, -1);
	ann_waits(world);
	world_send_text(world, ANN, "two");
	assert_int_equal(world->saves[1].message.in_chat, 1);
	hear_place(world, OTHER, true);
	world_send_text(world, ANN, "three");
	assert_int_equal(world->saves[2].message.in_chat, 3);
}

static void presence_waits_for_the_others(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	assert_int_equal(last_said(world)->what, NODE_PLACED);
	assert_slice_equal(last_said(world)->room, SLICE("1/2"));
	assert_true(last_said(world)->on);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"history\"");
	assert_silence(world, ANN);
	hear_place(world, OTHER, true);
	assert_silence(world, ANN);
	hear_all_places(world);
	assert_event(
		world, ANN, CHAT, "\"users\":{\"1\":{\"name\":\"Ann\"},\"2\":{\"name\":\"Bob\"}}");
	assert_event(world, ANN, CHAT, "\"joins\":{\"1\":{\"name\":\"Ann\"}}");
}

static void presence_waits_for_a_second(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_answer_all(world);
	world_turn(world);
	world_forget(world);
	world_pass_time(world, 1000);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"users\":{\"1\":{\"name\":\"Ann\"}}");
	world_forget(world);
	hear_place(world, OTHER, true);
	assert_event(world, ANN, CHAT, JOINS_BOB);
}

static void user_joins_with_the_first_and_leaves_with_the_last_client_on_all_brokers(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	hear_place(world, OTHER, true);
	assert_event(world, ANN, CHAT, JOINS_BOB);
	hear_place(world, OTHER + 1, true);
	world_join(world, BOB, CHAT);
	hear_place(world, OTHER, false);
	assert_silence(world, ANN);
	world_unsubscribe(world, BOB, CHAT);
	world_route(world);
	assert_silence(world, ANN);
	assert_false(last_said(world)->on);
	hear_place(world, OTHER + 1, false);
	assert_event(world, ANN, CHAT, LEAVES_BOB);
	hear_place(world, OTHER + 1, false);
	assert_silence(world, ANN);
}

static void only_the_first_and_the_last_client_of_a_user_are_told_to_the_others(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	world_log_in(world, ANN_PHONE);
	size_t before = world->said_count;
	world_enter(world, ANN_PHONE, CHAT);
	world_unsubscribe(world, ANN, CHAT);
	assert_int_equal(world->said_count, before);
	world_leave(world, ANN_PHONE);
	assert_int_equal(world->said_count, before + 1);
	assert_false(last_said(world)->on);
}

static void dead_brokers_people_leave(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	hear_place(world, OTHER, true);
	world_forget(world);
	hear(world, &(struct node_news){.what = NODE_GONE, .node = OTHER + 1});
	assert_silence(world, ANN);
	hear(world, &(struct node_news){.what = NODE_GONE, .node = OTHER});
	assert_event(world, ANN, CHAT, LEAVES_BOB);
}

static void after_a_crash_of_the_database_nobody_leaves_who_comes_again(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	hear_place(world, OTHER, true);
	world_forget(world);
	size_t before = world->said_count;
	hear(world, &(struct node_news){.what = NODE_ENTERED, .node = 9});
	assert_true(world->said_count > before);
	assert_int_equal(world->said[before].news.what, NODE_PLACED);
	hear_place(world, OTHER + 2, true);
	world_pass_time(world, 9999);
	world_turn(world);
	assert_silence(world, ANN);
	world_pass_time(world, 1);
	world_turn(world);
	assert_silence(world, ANN);
	hear_place(world, OTHER + 2, false);
	assert_event(world, ANN, CHAT, LEAVES_BOB);
}

static void who_does_not_come_again_has_left(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	hear_place(world, OTHER, true);
	hear(world, &(struct node_news){.what = NODE_ENTERED, .node = 9});
	world_forget(world);
	world_pass_time(world, 10000);
	world_turn(world);
	assert_event(world, ANN, CHAT, LEAVES_BOB);
}

static void typing_is_said_where_somebody_may_hear_it(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	world_send(world, ANN, TYPING);
	assert_int_equal(last_said(world)->what, NODE_TYPING);
	world_join(world, BOB, CHAT);
	size_t before = world->said_count;
	world_send(world, ANN, TYPING);
	assert_int_equal(world->said_count, before);
	hear_place(world, OTHER, true);
	world_send(world, ANN, TYPING);
	assert_int_equal(last_said(world)->what, NODE_TYPING);
	assert_slice_equal(last_said(world)->user_id, SLICE("1"));
	world_route(world);
	world_forget(world);
	hear(world, &(struct node_news){.what = NODE_TYPING,
			    .node = OTHER,
			    .room = SLICE("1/2"),
			    .user_id = SLICE("2"),
			    .on = true});
	assert_event(world, ANN, CHAT, "\"typing\",\"user_id\":\"2\"");
}

static void read_marks_and_changes_come_with_the_news(void **state)
{
	struct world *world = *state;
	world->last_seq = 3;
	ann_waits(world);
	world_send(world, ANN, "{\"event\":\"read\",\"seq\":3}");
	world_marked(world, 0, true);
	world_send(world, ANN, "{\"event\":\"delete\",\"seq\":3}");
	world_changed(world, 0, CHANGED_NEW, 1);
	world_route(world);
	assert_silence(world, ANN);
	hear(world, &(struct node_news){.what = NODE_READ,
			    .mark = {.room = SLICE("1/2"), .user_id = SLICE("1"), .seq = 3},
			    .marked = {.moved = true, .seq = 3}});
	assert_event(world, ANN, CHAT, "\"read\",\"user_id\":\"1\",\"seq\":3");
	struct node_news changed = {.what = NODE_CHANGED,
		.changed = {.change = 1,
			.by = SLICE("1"),
			.message = {.room = SLICE("1/2"),
				.user_id = SLICE("1"),
				.seq = 3,
				.change = 1,
				.deleted = true}}};
	hear(world, &changed);
	assert_event(world, ANN, CHAT, "\"changed\",\"change\":1,\"by\":\"1\"");
	hear(world, &changed);
	assert_silence(world, ANN);
}

static void what_was_missed_is_asked_for_and_told_in_order(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	hear_message(world, "2", 4);
	world_forget(world);
	hear(world, &(struct node_news){.what = NODE_BEHIND});
	assert_int_equal(last_said(world)->what, NODE_ASK);
	assert_int_equal(last_said(world)->message.seq, 4);
	/* It is in the answer, too. */
	hear_message(world, "2", 7);
	assert_silence(world, ANN);
	for (int64_t seq = 5; seq <= 6; seq++) {
		struct node_news news = message_of("2", seq);
		news.missed = true;
		news.room = SLICE("1/2");
		hear(world, &news);
	}
	struct node_news end = {
		.what = NODE_ASKED, .missed = true, .room = SLICE("1/2"), .on = true};
	hear(world, &end);
	assert_int_equal(last_said(world)->message.seq, 6);
	struct node_news rest = message_of("2", 7);
	rest.missed = true;
	rest.room = SLICE("1/2");
	hear(world, &rest);
	end.on = false;
	hear(world, &end);
	hear_message(world, "2", 7);
	hear_message(world, "2", 8);
	assert_event(world, ANN, CHAT, SAID(5));
	assert_event(world, ANN, CHAT, SAID(6));
	assert_event(world, ANN, CHAT, SAID(7));
	assert_event(world, ANN, CHAT, SAID(8));
	assert_silence(world, ANN);
}

/* The list that the lobby is sent may have been read before. */
static void lobby_hears_of_what_comes_while_the_chat_waits_for_what_was_missed(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	world_join(world, ANN_PHONE, "user/1");
	hear_message(world, "2", 4);
	hear(world, &(struct node_news){.what = NODE_BEHIND});
	world_forget(world);
	hear_message(world, "2", 5);
	assert_event(world, ANN_PHONE, "user/1", "\"seq\":5");
	assert_silence(world, ANN);
	struct node_news missed = message_of("2", 5);
	missed.missed = true;
	missed.room = SLICE("1/2");
	hear(world, &missed);
	assert_event(world, ANN, CHAT, SAID(5));
	assert_silence(world, ANN_PHONE);
}

static void hear_read(struct world *world)
{
	hear(world, &(struct node_news){
			    .what = NODE_READ,
			    .node = OTHER,
			    .mark = {.room = SLICE("1/2"), .user_id = SLICE("2"), .seq = 3},
			    .marked = {.moved = true, .seq = 3},
		    });
}

static void read_mark_waits_until_it_is_known_whether_the_chat_is_open(void **state)
{
	struct world *world = *state;
	world->last_seq = 3;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	hear_read(world);
	assert_silence(world, ANN);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"history\"");
	assert_event(world, ANN, CHAT, "\"read\",\"user_id\":\"2\",\"seq\":3");
}

static void in_another_epoch_what_comes_before_the_page_is_asked_for(void **state)
{
	struct world *world = *state;
	ann_waits(world);
	hear_message(world, "2", 4);
	world_forget(world);
	size_t before = world->load_count;
	chat_epoch_changed(world->chat, world->now);
	assert_int_equal(world->load_count, before + 1);
	world_route(world);
	world_forget(world);
	hear_message(world, "2", 5);
	assert_silence(world, ANN);
	world->last_seq = 4;
	world_answer(world, before);
	world_route(world);
	assert_event(world, ANN, CHAT, "\"history\"");
	assert_int_equal(last_said(world)->what, NODE_ASK);
	assert_int_equal(last_said(world)->message.seq, 4);
}

static void lobby_is_sent_what_is_unread_when_something_was_missed(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, "user/1");
	size_t before = world->load_count;
	hear(world, &(struct node_news){.what = NODE_BEHIND});
	assert_int_equal(world->load_count, before + 1);
	assert_int_equal(world->loads[before].load.what, LOAD_UNREAD);
}

static void client_id_leaves_the_connection_that_had_it_before(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	assert_int_equal(last_said(world)->what, NODE_LOGIN);
	struct node_news login = *last_said(world);
	login.node = OTHER;
	/* Nobody has heard of ours: then it is the later one. */
	hear(world, &login);
	assert_int_equal(world->kicks, 0);
	login.own = true;
	hear(world, &login);
	assert_int_equal(world->kicks, 0);
	login.own = false;
	struct node_news strangers = login;
	strangers.user_id = SLICE("2");
	hear(world, &strangers);
	assert_int_equal(world->kicks, 0);
	hear(world, &login);
	assert_int_equal(world->kicks, 1);
}

static void peer_is_online_anywhere(void **state)
{
	struct world *world = *state;
	world->a_wrote = world->b_wrote = true;
	ann_waits(world);
	struct node_news seen = {.what = NODE_SEEN,
		.node = OTHER,
		.user_id = SLICE("2"),
		.name = SLICE("Bob"),
		.on = true,
		.at = WALL};
	hear(world, &seen);
	world_turn(world);
	assert_event(
		world, ANN, CHAT, "\"peer\",\"user_id\":\"2\",\"name\":\"Bob\",\"online\":true");
	world_log_in(world, BOB);
	world_turn(world);
	world_leave(world, BOB);
	world_pass_time(world, 5000);
	world_turn(world);
	assert_silence(world, ANN);
	seen.on = false;
	hear(world, &seen);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"online\":false,\"seen_at\"");
	hear(world, &seen);
	world_turn(world);
	assert_silence(world, ANN);
}

static void others_news_are_about_who_is_here(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	world_login(world, ANN_PHONE, "1:Ann");
	world_log_in(world, BOB);
	assert_int_equal(world->concern, 2);
	world_leave(world, ANN);
	assert_int_equal(world->concern, 2);
	world_leave(world, ANN_PHONE);
	assert_int_equal(world->concern, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLUSTER_TEST(own_message_is_told_at_once_when_it_is_the_next),
		CLUSTER_TEST(own_message_waits_for_those_before_it),
		CLUSTER_TEST(first_own_message_comes_with_the_news),
		CLUSTER_TEST(news_that_come_before_the_answer_are_told_once),
		CLUSTER_TEST(lobby_is_notified_once_also_when_nobody_is_in_the_chat_any_more),
		CLUSTER_TEST(lobby_is_notified_once_however_often_the_chat_is_left),
		CLUSTER_TEST(notification_is_quiet_where_the_user_is_in_the_chat_elsewhere),
		CLUSTER_TEST(message_says_who_is_in_the_chat),
		CLUSTER_TEST(presence_waits_for_the_others),
		CLUSTER_TEST(presence_waits_for_a_second),
		CLUSTER_TEST(
			user_joins_with_the_first_and_leaves_with_the_last_client_on_all_brokers),
		CLUSTER_TEST(only_the_first_and_the_last_client_of_a_user_are_told_to_the_others),
		CLUSTER_TEST(dead_brokers_people_leave),
		CLUSTER_TEST(after_a_crash_of_the_database_nobody_leaves_who_comes_again),
		CLUSTER_TEST(who_does_not_come_again_has_left),
		CLUSTER_TEST(typing_is_said_where_somebody_may_hear_it),
		CLUSTER_TEST(read_marks_and_changes_come_with_the_news),
		CLUSTER_TEST(what_was_missed_is_asked_for_and_told_in_order),
		CLUSTER_TEST(lobby_hears_of_what_comes_while_the_chat_waits_for_what_was_missed),
		CLUSTER_TEST(read_mark_waits_until_it_is_known_whether_the_chat_is_open),
		CLUSTER_TEST(in_another_epoch_what_comes_before_the_page_is_asked_for),
		CLUSTER_TEST(lobby_is_sent_what_is_unread_when_something_was_missed),
		CLUSTER_TEST(client_id_leaves_the_connection_that_had_it_before),
		CLUSTER_PEERS_TEST(peer_is_online_anywhere),
		CLUSTER_TEST(others_news_are_about_who_is_here),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
