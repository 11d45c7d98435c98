/* Publishes that are refused. */
#include <string.h>

#include "chat.h"
#include "requests.h"
#include "unit.h"
#include "world.h"

static void error_of_one_publish_does_not_carry_the_ref_of_another(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, CHAT);
	world_forget(world);
	world_send_ref(world, ANN, "secret-ref");
	world_send(world, BOB, "{");
	world_route(world);
	assert_null(strstr(world_next(world, BOB)->payload, "secret-ref"));
	assert_silence(world, ANN);
}

static void message_beyond_the_rate_holds_up_all_later_ones(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, ANN_PHONE, CHAT);
	world_forget(world);
	for (int i = 0; i < 2 * WORLD_RATE; i++) {
		world_send_text(world, ANN, "hi");
	}
	assert_int_equal(world->save_count, 2 * WORLD_RATE);
	world_send_text(world, ANN, "too much");
	world_pass_time(world, 999); /* there are tokens again */
	world_send_text(world, ANN_PHONE, "from another client");
	world_route(world);
	assert_int_equal(world->save_count, 2 * WORLD_RATE);
	assert_event(world, ANN, CHAT, "\"code\":\"rate_limited\"");
	const struct world_event *event = world_next(world, ANN_PHONE);
	assert_non_null(strstr(event->payload, "\"code\":\"rate_limited\""));
	assert_non_null(strstr(event->payload, "\"retry_ms\":1000"));
	world_pass_time(world, 1000);
	world_send_text(world, ANN, "again");
	assert_int_equal(world->save_count, 2 * WORLD_RATE + 1);
}

static void full_queue_is_unavailable_and_holds_up_later_ones(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world->save_says = CHAT_EBUSY;
	world_send_ref(world, ANN, "r");
	world->save_says = CHAT_OK;
	world_send_ref(world, ANN, "s");
	world_route(world);
	assert_event(world, ANN, CHAT, "\"code\":\"unavailable\"");
	const struct world_event *event = world_next(world, ANN);
	assert_non_null(strstr(event->payload, "\"code\":\"unavailable\""));
	assert_non_null(strstr(event->payload, "\"ref\":\"s\",\"retry_ms\":1000"));
	assert_int_equal(world->save_count, 0);
	assert_int_equal(chat_count(world->chat).pending, 0);
	world_pass_time(world, 1000);
	world_send_ref(world, ANN, "r");
	assert_int_equal(world->save_count, 1);
}

static void hold_of_one_user_does_not_touch_another(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, CHAT);
	world->save_says = CHAT_EBUSY;
	world_send_text(world, ANN, "hi");
	world->save_says = CHAT_OK;
	world_send_text(world, BOB, "hi");
	assert_int_equal(world->save_count, 1);
}

static void subscribe_beyond_the_limit_is_granted_but_not_answered(void **state)
{
	struct world *world = *state;
	world_log_in(world, ANN);
	for (int i = 0; i < 2 * WORLD_RATE; i++) {
		assert_int_equal(world_subscribe(world, ANN, "user/1"), CHAT_ALLOW);
	}
	world_route(world);
	world_forget(world);
	assert_int_equal(world_subscribe(world, ANN, CHAT), CHAT_ALLOW);
	world_route(world);
	const struct world_event *event = world_next(world, ANN);
	assert_non_null(strstr(event->payload, "\"code\":\"rate_limited\""));
	assert_non_null(strstr(event->payload, "\"retry_ms\":1000"));
	assert_event(world, ANN, CHAT, "presence_state");
	assert_silence(world, ANN);
}

static void history_and_read_share_the_request_limit(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_pass_time(world, 2000);
	for (int i = 0; i < WORLD_RATE; i++) {
		world_send(world, ANN, "{\"event\":\"read\",\"seq\":1}");
		world_send(world, ANN, HISTORY);
	}
	world_route(world);
	assert_silence(world, ANN);
	world_send(world, ANN, "{\"event\":\"read\",\"seq\":2}");
	world_send(world, ANN, HISTORY);
	world_route(world);
	assert_event(world, ANN, CHAT, "rate_limited");
	assert_event(world, ANN, CHAT, "rate_limited");
}

static void typing_beyond_its_limit_is_dropped(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	for (int i = 0; i < 2 * WORLD_RATE + 5; i++) {
		world_send(world, ANN, TYPING);
	}
	assert_int_equal(world->queued, 2 * WORLD_RATE);
}

static void requests_of_one_client_are_bounded(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	for (int i = 0; i < REQUESTS_PER_CLIENT_MAX; i++) {
		world_send(world, ANN, HISTORY);
	}
	assert_int_equal(world->queued, 0);
	world_send(world, ANN, HISTORY);
	world_route(world);
	assert_event(world, ANN, CHAT, "unavailable");
	world_answer(world, 0);
	world_route(world);
	assert_event(world, ANN, CHAT, "\"event\":\"history\"");
	world_send(world, ANN, HISTORY);
	world_route(world);
	assert_silence(world, ANN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_TEST(error_of_one_publish_does_not_carry_the_ref_of_another),
		CHAT_TEST(message_beyond_the_rate_holds_up_all_later_ones),
		CHAT_TEST(full_queue_is_unavailable_and_holds_up_later_ones),
		CHAT_TEST(hold_of_one_user_does_not_touch_another),
		CHAT_TEST(subscribe_beyond_the_limit_is_granted_but_not_answered),
		CHAT_TEST(history_and_read_share_the_request_limit),
		CHAT_TEST(typing_beyond_its_limit_is_dropped),
		UNLIMITED_TEST(requests_of_one_client_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
