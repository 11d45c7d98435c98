/* Read marks. */
#include <stdio.h>

#include "chat.h"
#include "unit.h"
#include "world.h"

static void read_is_told_to_the_chat_and_to_the_readers_lobby(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, "user/2");
	world_forget(world);
	world_send(world, BOB, "{\"event\":\"read\",\"seq\":5}");
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
	world_join(world, ANN, CHAT);
	world_send(world, ANN, "{\"event\":\"read\",\"seq\":5}");
	world_marked(world, 0, false);
	world_turn(world);
	assert_silence(world, ANN);
	assert_int_equal(chat_count(world->chat).marks, 0);
}

static void reads_wait_for_the_store_the_highest_of_each_chat(void **state)
{
	struct world *world = *state;
	char json[64];
	world_join(world, ANN, CHAT);
	chat_store_up(world->chat, false);
	for (int seq = 1; seq <= 500; seq++) {
		snprintf(json, sizeof(json), "{\"event\":\"read\",\"seq\":%d}", seq);
		world_send(world, ANN, json);
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
	world_join(world, ANN, CHAT);
	world_send(world, ANN, "{\"event\":\"read\",\"seq\":5}");
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
	world_join(world, ANN, CHAT);
	world->save_says = CHAT_EBUSY;
	world_send_text(world, ANN, "hi");
	world->save_says = CHAT_OK;
	world_pass_time(world, 999);
	world_send_text(world, ANN, "hi");
	assert_int_equal(world->save_count, 0);
	world_pass_time(world, 1);
	world_send_text(world, ANN, "hi");
	assert_int_equal(world->save_count, 1);
}

static void mark_that_failed_is_tried_again_unless_for_good(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_send(world, ANN, "{\"event\":\"read\",\"seq\":5}");
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
	world_join(world, ANN, CHAT);
	world_send(world, ANN, "{\"event\":\"read\",\"seq\":5}");
	chat_mark_failed(world->chat, &world->marks[0].mark, false);
	world_turn(world);
	world_marked(world, 1, false);
	world_turn(world);
	assert_event(world, ANN, CHAT, "{\"event\":\"read\",\"user_id\":\"1\",\"seq\":5}");
	world_send(world, ANN, "{\"event\":\"read\",\"seq\":5}");
	world_marked(world, 2, false);
	world_turn(world);
	assert_silence(world, ANN);
}

/* A chat that is closed tells nobody, and that is what the page will say. */
static void read_is_not_told_before_it_is_known_whether_the_chat_is_open(void **state)
{
	struct world *world = *state;
	world->closed = true;
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_log_in(world, BOB);
	world_send(world, BOB, "{\"event\":\"read\",\"seq\":5}");
	world_marked(world, 0, true);
	world_turn(world);
	assert_silence(world, ANN);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"history\"");
	assert_event(world, ANN, CHAT, "\"forbidden\"");
	assert_silence(world, ANN);
}

static void read_is_told_once_that_is_known(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	world_log_in(world, BOB);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_send(world, BOB, "{\"event\":\"read\",\"seq\":5}");
	world_marked(world, 0, true);
	world_turn(world);
	assert_silence(world, ANN);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"history\"");
	assert_event(world, ANN, CHAT, "{\"event\":\"read\",\"user_id\":\"2\",\"seq\":5}");
	/* Nothing is left behind by who leaves before. */
	world_unsubscribe(world, ANN, CHAT);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_send(world, BOB, "{\"event\":\"read\",\"seq\":6}");
	world_marked(world, 1, true);
	world_unsubscribe(world, ANN, CHAT);
	world_turn(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_TEST(read_is_told_to_the_chat_and_to_the_readers_lobby),
		CHAT_TEST(read_that_moves_nothing_is_told_to_nobody),
		CHAT_TEST(reads_wait_for_the_store_the_highest_of_each_chat),
		CHAT_TEST(read_whose_first_outcome_was_lost_is_told_after_the_second),
		CHAT_TEST(refusals_do_not_draw_a_hold_out),
		CHAT_TEST(mark_that_failed_is_tried_again_unless_for_good),
		CHAT_TEST(mark_whose_answer_was_lost_is_heard_though_it_had_moved),
		CHAT_TEST(read_is_not_told_before_it_is_known_whether_the_chat_is_open),
		CHAT_TEST(read_is_told_once_that_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
