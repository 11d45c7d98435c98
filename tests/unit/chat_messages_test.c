/* Whom a message reaches, and what a repeat of it does. */
#include "chat.h"
#include "unit.h"
#include "world.h"

/* Messages. */

static void message_goes_out_only_when_it_is_stored(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_send_text(world, ANN, "hi");
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
	world_join(world, ANN, CHAT);
	world_join(world, ANN_PHONE, "user/1");
	world_join(world, BOB, CHAT);
	world_enter(world, BOB, "user/2");
	world_join(world, BOB_PHONE, "user/2");
	world_join(world, EVE, "user/3");
	world_forget(world);
	world_send_text(world, ANN, "hi");
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
	world_join(world, BOB, "user/2");
	world_log_in(world, ANN);
	world_send_text(world, ANN, "hi");
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
	world_join(world, BOB, "user/2");
	world_log_in(world, ANN);
	world_log_in(world, ANN_PHONE); /* the latest login, as Annie */
	world_send_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_turn(world);
	assert_event(world, BOB, "user/2", "\"name\":\"Ann\"");
}

static void leaving_between_publish_and_delivery_is_made_good_in_the_lobby(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, "user/2");
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_turn(world);
	size_t loads = world->load_count;
	world_send_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	assert_int_equal(world_unsubscribe(world, BOB, CHAT), CHAT_ALLOW);
	assert_int_equal(world->load_count, loads + 1);
	assert_int_equal(world->loads[loads].load.what, LOAD_UNREAD);
}

static void leaving_a_chat_that_missed_nothing_asks_for_nothing(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, "user/2");
	assert_int_equal(world_subscribe(world, BOB, CHAT), CHAT_ALLOW);
	world_turn(world);
	size_t loads = world->load_count;
	world_send_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_route(world);
	assert_int_equal(world_unsubscribe(world, BOB, CHAT), CHAT_ALLOW);
	assert_int_equal(world->load_count, loads);
}

static void joining_between_publish_and_delivery_does_not_double_a_message(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, "user/2");
	world_send_text(world, ANN, "hi");
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
	world_join(world, ANN, CHAT);
	world_join(world, ANN_PHONE, "user/1");
	world_send_text(world, ANN, "hi");
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
	world_join(world, ANN, "user/1");
	world_send_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_turn(world);
	assert_event(world, ANN, "user/1", "\"quiet\":true");
}

static void two_equal_publishes_arrive_twice(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, CHAT);
	world_forget(world);
	world_send(world, ANN, TYPING);
	world_send(world, ANN, TYPING);
	world_route(world);
	assert_event(world, BOB, CHAT, "typing");
	assert_event(world, BOB, CHAT, "typing");
	assert_silence(world, BOB);
}

static void typing_is_sent_with_qos_0_and_a_message_with_qos_1(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_send(world, ANN, TYPING);
	world_send_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_route(world);
	assert_int_equal(world_next(world, ANN)->qos, 0);
	assert_int_equal(world_next(world, ANN)->qos, 1);
}

static void peer_that_is_not_there_costs_no_publish(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	world_send_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_send(world, ANN, TYPING);
	assert_int_equal(world->queued, 0);
}

/* Repeats. */

static void repeat_of_a_waiting_message_is_not_saved_again(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_send_ref(world, ANN, "r");
	world_send_ref(world, ANN, "r");
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
	world_join(world, ANN, CHAT);
	world_join(world, ANN_PHONE, CHAT);
	world_forget(world);
	world_send_ref(world, ANN, "r");
	world_send_ref(world, ANN_PHONE, "r");
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
	world_join(world, ANN, CHAT);
	world_join(world, ANN_PHONE, CHAT);
	world_join(world, BOB, CHAT);
	world_enter(world, BOB, "user/2");
	world_forget(world);
	world_send_ref(world, ANN, "r");
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
	world_join(world, ANN, CHAT);
	world_send_ref(world, ANN, "r");
	world_saved(world, 0, SAVED_NEW, 1);
	world_send_ref(world, ANN, "r");
	assert_int_equal(world->save_count, 2);
	assert_memory_not_equal(world->saves[0].message.key, world->saves[1].message.key, KEY_SIZE);
}

static void rejected_message_is_told_to_its_sender_alone(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, CHAT);
	world_forget(world);
	world_send_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_REJECTED, 0);
	world_turn(world);
	assert_event(world, ANN, CHAT, "{\"event\":\"error\",\"code\":\"rejected\"");
	assert_silence(world, BOB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		CHAT_TEST(repeat_of_a_waiting_message_is_not_saved_again),
		CHAT_TEST(repeat_from_another_client_is_answered_by_the_outcome),
		CHAT_TEST(repeat_of_a_stored_message_is_answered_to_the_repeater_alone),
		CHAT_TEST(repeat_after_the_outcome_is_saved_again),
		CHAT_TEST(rejected_message_is_told_to_its_sender_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
