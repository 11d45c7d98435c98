#include "locked_rooms.h"

#include <stdlib.h>

#include "job.h"
#include "unit.h"

/* ---- the end of the memory */

static bool at_the_end;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return at_the_end ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return at_the_end ? NULL : __real_calloc(count, size);
}

/* ---- */

static struct locked_room *lock(struct locked_rooms *locked, const char *name, int jobs)
{
	struct locked_room *room = locked_rooms_add(locked, slice_str(name));
	assert_non_null(room);
	for (int i = 0; i < jobs; i++) {
		struct message message = {.room = slice_str(name), .text = SLICE("x")};
		struct save_job *job = job_save(&message);
		assert_non_null(job);
		items_append(locked_room_jobs(room), &job->item);
	}
	return room;
}

static void serve(struct locked_rooms *locked, struct locked_room *room)
{
	jobs_free(locked_room_jobs(room));
	locked_rooms_release(locked, room);
}

struct seen {
	int rooms;
	int probes;
	int enough;
};

static bool see(void *arg, struct items *jobs, bool probe)
{
	struct seen *seen = arg;
	assert_non_null(jobs->first);
	seen->rooms++;
	seen->probes += probe;
	return seen->rooms != seen->enough;
}

static struct seen due(const struct locked_rooms *locked, int64_t now)
{
	struct seen seen = {0};
	locked_rooms_due(locked, now, see, &seen);
	return seen;
}

static void a_room_is_found_until_it_is_served(void **state)
{
	(void)state;
	struct locked_rooms locked = {0};
	assert_null(locked_rooms_find(&locked, SLICE("1/2")));
	struct locked_room *room = lock(&locked, "1/2", 2);
	assert_ptr_equal(locked_rooms_add(&locked, SLICE("1/2")), room);
	assert_ptr_equal(locked_rooms_find(&locked, SLICE("1/2")), room);
	assert_null(locked_rooms_find(&locked, SLICE("1/20")));
	serve(&locked, room);
	assert_null(locked_rooms_find(&locked, SLICE("1/2")));
	locked_rooms_finish(&locked);
}

static void a_served_room_with_messages_left_is_due_at_once(void **state)
{
	(void)state;
	struct locked_rooms locked = {0};
	struct locked_room *room = lock(&locked, "1/2", 2);
	locked_room_pause(room, "55P03", 1000);
	job_free(items_shift(locked_room_jobs(room)));
	locked_rooms_release(&locked, room);
	assert_ptr_equal(locked_rooms_find(&locked, SLICE("1/2")), room);
	struct seen seen = due(&locked, 1000);
	assert_int_equal(seen.rooms, 1);
	assert_int_equal(seen.probes, 0);
	locked_rooms_finish(&locked);
}

static void pauses_grow_up_to_a_bound(void **state)
{
	(void)state;
	struct locked_rooms locked = {0};
	struct locked_room *room = lock(&locked, "1/2", 1);
	const int64_t pauses[] = {1, 2, 4, 8, 16, 32, 64, 128, 250, 250};
	assert_int_equal(locked_rooms_next_due(&locked), 0);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		locked_room_pause(room, NULL, 1000);
		assert_int_equal(locked_rooms_next_due(&locked), 1000 + pauses[i]);
		assert_int_equal(due(&locked, 999 + pauses[i]).rooms, 0);
		assert_int_equal(due(&locked, 1000 + pauses[i]).probes, 1);
	}
	for (int i = 0; i < 10; i++) {
		locked_room_pause(room, "55P03", 1000);
	}
	assert_int_equal(locked_rooms_next_due(&locked), 3000);
	locked_rooms_finish(&locked);
	assert_int_equal(locked_rooms_next_due(&locked), NEVER);
}

static void a_room_that_goes_alone_goes_alone(void **state)
{
	(void)state;
	struct locked_rooms locked = {0};
	lock(&locked, "1/2", 1);
	locked_room_pause(lock(&locked, "1/3", 1), "55P03", 1000);
	assert_int_equal(due(&locked, 2000).rooms, 1);
	assert_null(locked_rooms_due_alone(&locked, 1000));
	assert_ptr_equal(
		locked_rooms_due_alone(&locked, 1001), locked_rooms_find(&locked, SLICE("1/3")));
	locked_rooms_regroup(&locked);
	assert_null(locked_rooms_due_alone(&locked, 2000));
	assert_int_equal(due(&locked, 1000).rooms, 2);
	locked_rooms_finish(&locked);
}

static void taking_ends_when_there_is_enough(void **state)
{
	(void)state;
	struct locked_rooms locked = {0};
	struct seen seen = {.enough = 2};
	lock(&locked, "1/2", 1);
	lock(&locked, "1/3", 1);
	lock(&locked, "1/4", 1);
	locked_rooms_due(&locked, 0, see, &seen);
	assert_int_equal(seen.rooms, 2);
	locked_rooms_finish(&locked);
}

static void out_of_memory_adds_nothing(void **state)
{
	(void)state;
	struct locked_rooms locked = {0};
	at_the_end = true;
	assert_null(locked_rooms_add(&locked, SLICE("1/2")));
	at_the_end = false;
	assert_null(locked_rooms_find(&locked, SLICE("1/2")));
	lock(&locked, "1/2", 1);
	locked_rooms_finish(&locked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_room_is_found_until_it_is_served),
		cmocka_unit_test(a_served_room_with_messages_left_is_due_at_once),
		cmocka_unit_test(pauses_grow_up_to_a_bound),
		cmocka_unit_test(a_room_that_goes_alone_goes_alone),
		cmocka_unit_test(taking_ends_when_there_is_enough),
		cmocka_unit_test(out_of_memory_adds_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
