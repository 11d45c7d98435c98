/* Who may subscribe, publish and receive what. */
#include "chat.h"
#include "unit.h"
#include "world.h"

/* Topics. */

static void foreign_chats_and_lobbies_are_closed(void **state)
{
	struct world *world = *state;
	world_log_in(world, EVE);
	assert_int_equal(world_subscribe(world, EVE, CHAT), CHAT_DENY);
	assert_int_equal(world_subscribe(world, EVE, "user/1"), CHAT_DENY);
	assert_int_equal(world_say(world, EVE, CHAT, TYPING), CHAT_DENY);
	assert_int_equal(world_say(world, EVE, "user/1", "{\"event\":\"chats\"}"), CHAT_DENY);
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
	world_log_in(world, ANN);
	assert_int_equal(world_subscribe(world, ANN, "sensors/1"), CHAT_DEFER);
	assert_int_equal(world_say(world, ANN, "sensors/1", "x"), CHAT_DEFER);
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	assert_int_equal(world_subscribe(world, SENSOR, "#"), CHAT_DEFER);
}

static void other_topics_can_be_allowed_to_ordinary_clients(void **state)
{
	(void)state;
	struct world *world;
	assert_true(world_begin(&world, WORLD_RATE, true, false));
	world_log_in(world, ANN);
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	assert_int_equal(world_subscribe(world, SENSOR, "#"), CHAT_ALLOW);
	assert_int_equal(world_subscribe(world, SENSOR, "$CONTROL/#"), CHAT_DEFER);
	assert_int_equal(world_subscribe(world, SENSOR, "$hat/#"), CHAT_DENY);
	assert_int_equal(world_subscribe(world, ANN, "sensors/1"), CHAT_DEFER);
	world_end(world);
}

/* The gate. */

static void foreign_publish_never_arrives(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_enter(world, ANN, "user/1");
	world_smuggle(world, CHAT, "{\"event\":\"typing\",\"user_id\":\"2\",\"on\":true}");
	world_smuggle(world, "user/1", "x");
	world_smuggle(world, CHAT, "");
	assert_silence(world, ANN);
}

static void bytes_that_were_delivered_are_not_delivered_again(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_send(world, ANN, TYPING);
	world_route(world);
	const struct world_event *event = world_next(world, ANN);
	world_smuggle(world, CHAT, event->payload);
	assert_silence(world, ANN);
}

/* At a take-over the broker sends the old one's Will, in its name, before it says DISCONNECT. */
static void will_of_a_client_that_is_taken_over_is_refused(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	assert_int_equal(
		world_connect(world, ANN_PHONE, "c0", "1:Ann", world_sign("1:Ann")), CHAT_ALLOW);
	const void *handle = &world->clients[ANN].handle;
	assert_int_equal(chat_may_publish(world->chat, handle, SLICE(CHAT), false), CHAT_DENY);
}

static void ordinary_client_with_a_wild_subscription_hears_nothing_of_ours(void **state)
{
	struct world *world = *state;
	assert_int_equal(world_connect(world, SENSOR, "s", "sensor", "pass"), CHAT_DEFER);
	world_join(world, ANN, CHAT);
	world_send(world, ANN, TYPING);
	assert_int_equal(chat_may_receive(world->chat, &world->clients[SENSOR].handle, SLICE(CHAT),
				 slice_of(world->queue[0].payload, world->queue[0].len)),
		CHAT_DENY);
}

static void client_that_has_gone_receives_nothing(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world_join(world, BOB, CHAT);
	/* An MQTT 5 session outlives its connection, with its subscriptions. */
	chat_disconnect(world->chat, &world->clients[BOB].handle);
	world_forget(world);
	world_send(world, ANN, TYPING);
	world_route(world);
	assert_silence(world, BOB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_TEST(foreign_publish_never_arrives),
		CHAT_TEST(bytes_that_were_delivered_are_not_delivered_again),
		CHAT_TEST(will_of_a_client_that_is_taken_over_is_refused),
		CHAT_TEST(ordinary_client_with_a_wild_subscription_hears_nothing_of_ours),
		CHAT_TEST(client_that_has_gone_receives_nothing),
		CHAT_TEST(foreign_chats_and_lobbies_are_closed),
		CHAT_TEST(message_of_an_unknown_connection_is_refused),
		CHAT_TEST(other_topics_are_deferred),
		cmocka_unit_test(other_topics_can_be_allowed_to_ordinary_clients),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
