/* A day in the life of the conductor, again and again, each time with one more allocation that
 * still succeeds: running out of memory refuses one thing at a time and breaks nothing. */
#include <stdio.h>

#include "chat.h"
#include "presence.h"
#include "unit.h"
#include "world.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long left = -1; /* allocations until one fails; -1: none does */
static bool all_that_follow;
static bool failed;

static bool fails(void)
{
	if (left < 0) {
		return false;
	}
	if (left > 0) {
		left--;
		return false;
	}
	left = all_that_follow ? 0 : -1;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

static void talk(struct world *world, int client, const char *topic)
{
	static const char *const said[] = {"{\"event\":\"typing\"}", "{\"event\":\"history\"}",
		"{\"event\":\"read\",\"seq\":3}", "{\"event\":\"message\",\"text\":\"hi\"}",
		"{\"event\":\"message\",\"text\":\"hi\",\"ref\":\"a\"}", "{",
		"{\"event\":\"edit\",\"seq\":1,\"text\":\"hi\",\"data\":{\"a\":[1]}}",
		"{\"event\":\"react\",\"seq\":1,\"reaction\":\"+\"}",
		"{\"event\":\"history\",\"since\":0}"};
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		(void)world_say(world, client, topic, said[i]);
	}
}

static void store_answers(struct world *world)
{
	for (size_t n = 0; n < world->save_count; n++) {
		world_saved(world, n, n % 5 == 4 ? SAVED_REJECTED : SAVED_NEW, (int64_t)n + 1);
	}
	for (size_t n = 0; n < world->load_count; n++) {
		world_answer(world, n);
	}
	for (size_t n = 0; n < world->mark_count; n++) {
		world_marked(world, n, true);
	}
	for (size_t n = 0; n < world->change_count; n++) {
		if (n % 4 == 3) {
			chat_change_lost(world->chat, &world->changes[n].change);
		} else {
			/* Half of them before their turn. */
			world_changed(world, n, CHANGED_NEW, (int64_t)(n ^ 1) + 1);
		}
	}
	world->change_count = 0;
	world->save_count = world->load_count = world->mark_count = 0;
}

static void connect_all(struct world *world)
{
	(void)world_login(world, 0, "1:Ann");
	(void)world_login(world, 1, "1:Annie");
	(void)world_login(world, 2, "2:Bob");
	(void)world_connect(world, 3, "sensor", "x", "y");
	(void)world_connect(world, 4, "c0", "1:Ann", world_sign("1:Ann"));
	(void)world_connect(world, 5, "tab", NULL, world_jwt("2", WALL / 1000 + 60));
}

static void live_a_day(struct world *world)
{
	connect_all(world);
	for (int client = 0; client < 6; client++) {
		(void)world_subscribe(world, client, "chat/1/2");
		(void)world_subscribe(world, client, client < 2 ? "user/1" : "user/2");
		talk(world, client, "chat/1/2");
	}
	store_answers(world);
	world_turn(world);
	world_forget(world);
	chat_reload(world->chat);
	connect_all(world);
	world_turn(world);
	world_leave(world, 4);
	chat_store_up(world->chat, false);
	for (int client = 0; client < 4; client++) {
		(void)world_subscribe(world, client, "chat/1/2");
		talk(world, client, "chat/1/2");
	}
	chat_store_up(world->chat, true);
	world_pass_time(world, 200000);
	world_turn(world);
	for (int client = 0; client < 6; client++) {
		world_leave(world, client);
	}
	store_answers(world);
	for (int i = 0; i < 8; i++) {
		world_turn(world);
		store_answers(world);
		world_forget(world);
	}
}

/* A whole crowd, so that every table grows on the way. */
static void crowd_comes_and_goes(struct world *world)
{
	for (int client = 0; client < CLIENTS_PER_USER_MAX; client++) {
		char name[16];
		char topic[32];
		snprintf(name, sizeof(name), "%d:x", client + 10);
		snprintf(topic, sizeof(topic), "chat/1/%d", client + 10);
		(void)world_login(world, client, name);
		(void)world_subscribe(world, client, topic);
		talk(world, client, topic);
	}
	for (int client = 0; client < CLIENTS_PER_USER_MAX; client++) {
		world_leave(world, client);
	}
	store_answers(world);
	for (int i = 0; i < 8; i++) {
		world_turn(world);
		store_answers(world);
		world_forget(world);
	}
}

static void assert_nothing_is_left(const struct world *world)
{
	struct chat_counts counts = chat_count(world->chat);
	assert_int_equal(counts.clients + counts.users + counts.rooms, 0);
	assert_int_equal(counts.marks + counts.requests + counts.pending, 0);
	assert_int_equal(counts.entries, 0);
}

/* Returns whether an allocation failed. */
static bool live_with(void (*live)(struct world *), long successes, bool all)
{
	struct world *world;
	failed = false;
	all_that_follow = all;
	left = successes;
	if (world_begin(&world, 0, false, true)) {
		live(world);
		left = -1;
		assert_nothing_is_left(world);
		world_end(world);
	}
	left = -1;
	return failed;
}

static void one_failed_allocation_leaves_nothing_behind(void **state)
{
	(void)state;
	for (long n = 0; live_with(live_a_day, n, false); n++) {
	}
}

static void memory_at_its_end_leaves_nothing_behind(void **state)
{
	(void)state;
	for (long n = 0; live_with(live_a_day, n, true); n++) {
	}
}

static void crowd_without_memory_leaves_nothing_behind(void **state)
{
	(void)state;
	for (long n = 0; live_with(crowd_comes_and_goes, n, false); n += 7) {
	}
}

/* Whoever takes over, or fails to, the id stays the user's. */
static void failed_take_over_does_not_free_the_client_id(void **state)
{
	(void)state;
	bool again = true;
	for (long n = 0; again; n++) {
		struct world *world;
		assert_true(world_begin(&world, 0, false, true));
		assert_int_equal(world_login(world, 0, "1:Ann"), CHAT_ALLOW);
		failed = all_that_follow = false;
		left = n;
		(void)world_connect(world, 1, "c0", "1:Ann", world_sign("1:Ann"));
		left = -1;
		again = failed;
		assert_int_equal(
			world_connect(world, 2, "c0", "2:Bob", world_sign("2:Bob")), CHAT_DENY);
		world_end(world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_failed_allocation_leaves_nothing_behind),
		cmocka_unit_test(memory_at_its_end_leaves_nothing_behind),
		cmocka_unit_test(crowd_without_memory_leaves_nothing_behind),
		cmocka_unit_test(failed_take_over_does_not_free_the_client_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
