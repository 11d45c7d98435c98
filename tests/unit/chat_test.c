/* The conductor as a whole: nothing stays behind. */
#include "chat.h"
#include "unit.h"
#include "world.h"

static void nothing_is_left_when_everybody_has_gone(void **state)
{
	struct world *world = *state;
	for (int client = ANN; client <= BOB_PHONE; client++) {
		world_log_in(world, client);
		world_subscribe(world, client, CHAT);
		world_subscribe(world, client, client < BOB ? "user/1" : "user/2");
		world_send(world, client, HISTORY);
		world_send_ref(world, client, "r");
		world_send(world, client, "{\"event\":\"read\",\"seq\":1}");
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
	world_check_books_are_empty(world);
	assert_int_equal(chat_count(world->chat).marks, 0);
	assert_int_equal(chat_count(world->chat).pending, 0);
}

static void event_that_cannot_be_published_is_not_waited_for(void **state)
{
	struct world *world = *state;
	world_join(world, ANN, CHAT);
	world->publish_fails = true;
	world_send(world, ANN, HISTORY);
	world_answer(world, 0);
	world_send_text(world, ANN, "hi");
	world_saved(world, 0, SAVED_NEW, 1);
	world_leave(world, ANN);
	world_check_books_are_empty(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_TEST(nothing_is_left_when_everybody_has_gone),
		CHAT_TEST(event_that_cannot_be_published_is_not_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
