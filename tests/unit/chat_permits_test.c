/* Chats in which nothing was said yet, where the application decides who may begin one. */
#include "chat.h"
#include "unit.h"
#include "world.h"

#define ROOM SLICE("1/2")
#define FORBIDDEN "{\"event\":\"error\",\"code\":\"forbidden\",\"reason\":\"this chat is closed\""
#define UNAVAILABLE "\"code\":\"unavailable\""
#define PAGE "\"event\":\"history\""
#define STATE "\"event\":\"presence_state\""
#define DIFF "\"event\":\"presence_diff\""

static int set_up(void **state)
{
	if (world_set_up(state) != 0) {
		return -1;
	}
	struct world *world = *state;
	world->undecided = true;
	chat_site_decides(world->chat, true);
	return 0;
}

static void permit(struct world *world, enum permit permit)
{
	chat_permit(world->chat, ROOM, permit, world->now);
	world_answer_all(world);
	world_turn(world);
}

/* Subscribes, and the store answers. */
static void arrive(struct world *world, int client)
{
	world_log_in(world, client);
	assert_int_equal(world_subscribe(world, client, CHAT), CHAT_ALLOW);
	world_turn(world);
	world_answer_all(world);
	world_turn(world);
}

static void arrive_with(struct world *world, int client, enum permit said)
{
	arrive(world, client);
	permit(world, said);
	world_forget(world);
}

static void pass_time(struct world *world, int64_t ms)
{
	world_pass_time(world, ms);
	world_turn(world);
	world_answer_all(world);
	world_turn(world);
}

/* ---- */

static void subscriber_hears_of_nobody_until_the_application_has_answered(void **state)
{
	struct world *world = *state;
	arrive(world, ANN);
	arrive(world, BOB);
	assert_int_equal(world->ask_count, 1);
	assert_silence(world, ANN);
	assert_silence(world, BOB);
	permit(world, PERMIT_GIVEN);
	assert_event(world, ANN, CHAT, PAGE);
	assert_event(world, ANN, CHAT, STATE);
	assert_event(world, BOB, CHAT, PAGE);
	assert_event(world, BOB, CHAT, STATE);
}

static void refused_subscriber_gets_history_and_forbidden(void **state)
{
	struct world *world = *state;
	arrive(world, ANN);
	permit(world, PERMIT_REFUSED);
	assert_event(world, ANN, CHAT, PAGE);
	assert_event(world, ANN, CHAT, FORBIDDEN);
	assert_silence(world, ANN);
	arrive(world, BOB);
	assert_event(world, BOB, CHAT, PAGE);
	assert_event(world, BOB, CHAT, FORBIDDEN);
	assert_silence(world, BOB);
	assert_silence(world, ANN);
	assert_int_equal(world->ask_count, 1);
}

static void failed_question_is_unavailable_and_asked_again_for_a_subscriber(void **state)
{
	struct world *world = *state;
	arrive(world, ANN);
	permit(world, PERMIT_FAILED);
	assert_event(world, ANN, CHAT, UNAVAILABLE);
	assert_event(world, ANN, CHAT, STATE);
	pass_time(world, PERMIT_WAIT_MS);
	assert_int_equal(world->ask_count, 2);
	permit(world, PERMIT_FAILED);
	assert_silence(world, ANN);
	pass_time(world, PERMIT_WAIT_MS);
	permit(world, PERMIT_GIVEN);
	assert_event(world, ANN, CHAT, PAGE);
	assert_event(world, ANN, CHAT, STATE);
	assert_event(world, ANN, CHAT, DIFF);
	assert_silence(world, ANN);
}

static void question_that_takes_too_long_is_unavailable(void **state)
{
	struct world *world = *state;
	arrive(world, ANN);
	world_send_ref(world, ANN, "r1");
	pass_time(world, PERMIT_WAIT_MS - 1);
	assert_silence(world, ANN);
	pass_time(world, 1);
	assert_event(world, ANN, CHAT, UNAVAILABLE);
	assert_event(world, ANN, CHAT, STATE);
	assert_event(world, ANN, CHAT, "\"ref\":\"r1\",\"retry_ms\":1000");
	assert_int_equal(world->save_count, 0);
}

static void messages_wait_for_the_answer_and_are_stored_in_their_order(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	world_send_text(world, ANN, "one");
	world_send_text(world, ANN, "two");
	assert_int_equal(world->ask_count, 1);
	assert_int_equal(world->save_count, 0);
	permit(world, PERMIT_GIVEN);
	world_send_text(world, ANN, "three");
	assert_int_equal(world->ask_count, 1);
	assert_int_equal(world->save_count, 3);
	assert_true(slice_equal(world->saves[0].message.text, SLICE("one")));
	assert_true(slice_equal(world->saves[1].message.text, SLICE("two")));
	assert_true(slice_equal(world->saves[2].message.text, SLICE("three")));
}

static void message_of_somebody_who_has_gone_is_stored_all_the_same(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	world_send_text(world, ANN, "bye");
	world_leave(world, ANN);
	permit(world, PERMIT_GIVEN);
	assert_int_equal(world->save_count, 1);
	assert_true(slice_equal(world->saves[0].message.name, SLICE("Ann")));
}

static void repeat_that_waits_too_is_stored_once(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	world_send_ref(world, ANN, "r1");
	world_send_ref(world, ANN, "r1");
	permit(world, PERMIT_GIVEN);
	assert_int_equal(world->save_count, 1);
}

static void refused_messages_and_changes_are_forbidden(void **state)
{
	struct world *world = *state;
	arrive_with(world, ANN, PERMIT_REFUSED);
	world_send_ref(world, ANN, "r1");
	world_send(world, ANN, "{\"event\":\"delete\",\"seq\":1,\"ref\":\"r2\"}");
	world_turn(world);
	assert_event(world, ANN, CHAT,
		"\"code\":\"forbidden\",\"reason\":\"this chat is closed\",\"ref\":\"r1\"");
	assert_event(world, ANN, CHAT,
		"\"code\":\"forbidden\",\"reason\":\"this chat is closed\",\"ref\":\"r2\"");
	assert_int_equal(world->save_count, 0);
	assert_int_equal(world->change_count, 0);
}

static void unavailable_message_holds_up_what_its_sender_says_later(void **state)
{
	struct world *world = *state;
	arrive_with(world, ANN, PERMIT_GIVEN);
	pass_time(world, PERMIT_HOLDS_MS);
	world_send_ref(world, ANN, "r1");
	permit(world, PERMIT_FAILED);
	assert_event(world, ANN, CHAT, "\"ref\":\"r1\",\"retry_ms\":1000");
	world_send_ref(world, ANN, "r2");
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"ref\":\"r2\"");
	assert_int_equal(world->save_count, 0);
	pass_time(world, PERMIT_WAIT_MS);
	world_send_ref(world, ANN, "r1");
	permit(world, PERMIT_GIVEN);
	assert_int_equal(world->save_count, 1);
}

static void answer_is_asked_for_again_after_its_time(void **state)
{
	struct world *world = *state;
	arrive_with(world, ANN, PERMIT_GIVEN);
	arrive_with(world, BOB, PERMIT_GIVEN);
	pass_time(world, PERMIT_HOLDS_MS);
	world_forget(world);
	world_send_ref(world, ANN, "r1");
	assert_int_equal(world->ask_count, 2);
	permit(world, PERMIT_REFUSED);
	assert_event(world, ANN, CHAT, FORBIDDEN);
	assert_event(world, ANN, CHAT, "\"ref\":\"r1\"");
	assert_event(world, BOB, CHAT, FORBIDDEN);
	world_send(world, BOB, TYPING);
	world_turn(world);
	assert_silence(world, ANN);
}

static void chat_opens_when_the_application_has_changed_its_mind(void **state)
{
	struct world *world = *state;
	arrive_with(world, ANN, PERMIT_REFUSED);
	arrive_with(world, BOB, PERMIT_REFUSED);
	pass_time(world, PERMIT_HOLDS_MS);
	world_send_text(world, ANN, "may I?");
	permit(world, PERMIT_GIVEN);
	assert_event(world, BOB, CHAT, PAGE);
	assert_event(world, BOB, CHAT, STATE);
	assert_int_equal(world->save_count, 1);
}

static void nothing_is_asked_once_something_was_said(void **state)
{
	struct world *world = *state;
	arrive_with(world, ANN, PERMIT_GIVEN);
	world_send_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	pass_time(world, PERMIT_HOLDS_MS);
	world_send_text(world, ANN, "again");
	assert_int_equal(world->ask_count, 1);
	assert_int_equal(world->save_count, 2);
	world->last_seq = 1;
	arrive(world, BOB);
	assert_int_equal(world->ask_count, 1);
}

/* By the application, for which no chat is closed. */
static void message_of_the_application_opens_a_refused_chat(void **state)
{
	struct world *world = *state;
	arrive_with(world, ANN, PERMIT_REFUSED);
	pass_time(world, PERMIT_HOLDS_MS);
	struct message message = {.room = ROOM,
		.user_id = SLICE("2"),
		.opponent_id = SLICE("1"),
		.text = SLICE("hello"),
		.seq = 1};
	world->last_seq = 1;
	chat_saved(world->chat, SAVED_NEW, &message);
	world_turn(world);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, ANN, CHAT, MESSAGE_EVENT);
	assert_event(world, ANN, CHAT, STATE);
	assert_event(world, ANN, CHAT, PAGE);
	world_send_text(world, ANN, "hi");
	assert_int_equal(world->save_count, 1);
}

static void chat_that_is_opened_by_the_application_is_asked_about(void **state)
{
	struct world *world = *state;
	world->closed = true;
	arrive(world, ANN);
	assert_int_equal(world->ask_count, 0);
	world_send_text(world, ANN, "the store refuses this one");
	assert_int_equal(world->save_count, 1);
	world_forget(world);
	world->closed = false;
	chat_closed(world->chat, ROOM, false, world->now);
	world_turn(world);
	world_answer_all(world);
	world_turn(world);
	assert_silence(world, ANN);
	permit(world, PERMIT_REFUSED);
	assert_event(world, ANN, CHAT, PAGE);
	assert_event(world, ANN, CHAT, FORBIDDEN);
	chat_closed(world->chat, ROOM, false, world->now);
	world_turn(world);
	assert_silence(world, ANN);
}

static void history_can_be_read_without_an_answer(void **state)
{
	struct world *world = *state;
	arrive_with(world, ANN, PERMIT_REFUSED);
	pass_time(world, PERMIT_HOLDS_MS);
	world_send(world, ANN, HISTORY);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"read\":{\"1\":3}");
	assert_silence(world, ANN);
	assert_int_equal(world->ask_count, 1);
}

static void question_that_cannot_be_asked_is_unavailable(void **state)
{
	struct world *world = *state;
	world->ask_says = CHAT_EBUSY;
	arrive(world, ANN);
	assert_event(world, ANN, CHAT, UNAVAILABLE);
	world_send_ref(world, ANN, "r1");
	world_turn(world);
	assert_event(world, ANN, CHAT, STATE);
	assert_event(world, ANN, CHAT, "\"ref\":\"r1\",\"retry_ms\":1000");
	chat_store_up(world->chat, false);
	world->ask_says = CHAT_OK;
	pass_time(world, PERMIT_WAIT_MS);
	world_send_ref(world, ANN, "r1");
	world_turn(world);
	assert_event(world, ANN, CHAT, "\"ref\":\"r1\",\"retry_ms\":1000");
	assert_int_equal(world->ask_count, 0);
}

static void nobody_is_refused_any_more_when_the_function_is_gone(void **state)
{
	struct world *world = *state;
	arrive_with(world, ANN, PERMIT_REFUSED);
	world->undecided = false;
	chat_site_decides(world->chat, false);
	world_answer_all(world);
	world_turn(world);
	assert_event(world, ANN, CHAT, STATE);
	assert_event(world, ANN, CHAT, PAGE);
	world_send_text(world, ANN, "hi");
	assert_int_equal(world->save_count, 1);
	assert_int_equal(world->ask_count, 1);
}

static void page_is_the_first_to_say_that_the_application_decides(void **state)
{
	struct world *world = *state;
	chat_site_decides(world->chat, false);
	arrive(world, ANN);
	world_send_text(world, ANN, "hi");
	assert_int_equal(world->ask_count, 1);
	assert_int_equal(world->save_count, 0);
}

static void who_leaves_while_a_question_is_asked_leaves_nothing_behind(void **state)
{
	struct world *world = *state;
	arrive(world, ANN);
	arrive(world, BOB);
	assert_int_equal(world_unsubscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_leave(world, ANN);
	world_leave(world, BOB);
	permit(world, PERMIT_FAILED);
	pass_time(world, PERMIT_HOLDS_MS);
	world_check_books_are_empty(world);
	assert_int_equal(chat_count(world->chat).permits, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(subscriber_hears_of_nobody_until_the_application_has_answered),
		TEST(refused_subscriber_gets_history_and_forbidden),
		TEST(failed_question_is_unavailable_and_asked_again_for_a_subscriber),
		TEST(question_that_takes_too_long_is_unavailable),
		TEST(messages_wait_for_the_answer_and_are_stored_in_their_order),
		TEST(message_of_somebody_who_has_gone_is_stored_all_the_same),
		TEST(repeat_that_waits_too_is_stored_once),
		TEST(refused_messages_and_changes_are_forbidden),
		TEST(unavailable_message_holds_up_what_its_sender_says_later),
		TEST(answer_is_asked_for_again_after_its_time),
		TEST(chat_opens_when_the_application_has_changed_its_mind),
		TEST(nothing_is_asked_once_something_was_said),
		TEST(message_of_the_application_opens_a_refused_chat),
		TEST(chat_that_is_opened_by_the_application_is_asked_about),
		TEST(history_can_be_read_without_an_answer),
		TEST(question_that_cannot_be_asked_is_unavailable),
		TEST(nobody_is_refused_any_more_when_the_function_is_gone),
		TEST(page_is_the_first_to_say_that_the_application_decides),
		TEST(who_leaves_while_a_question_is_asked_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
