#include "parking.h"

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

static struct parked *park(struct parking *parking, const char *room, int jobs)
{
	struct parked *parked = parking_add(parking, slice_str(room));
	assert_non_null(parked);
	for (int i = 0; i < jobs; i++) {
		struct message message = {.room = slice_str(room), .text = SLICE("x")};
		struct save_job *job = job_save(&message);
		assert_non_null(job);
		items_append(parked_jobs(parked), &job->item);
	}
	return parked;
}

static void serve(struct parking *parking, struct parked *parked)
{
	jobs_free(parked_jobs(parked));
	parking_release(parking, parked);
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

static struct seen due(const struct parking *parking, int64_t now)
{
	struct seen seen = {0};
	parking_due(parking, now, see, &seen);
	return seen;
}

static void a_room_is_found_until_it_is_served(void **state)
{
	(void)state;
	struct parking parking = {0};
	assert_null(parking_find(&parking, SLICE("1/2")));
	struct parked *room = park(&parking, "1/2", 2);
	assert_ptr_equal(parking_add(&parking, SLICE("1/2")), room);
	assert_ptr_equal(parking_find(&parking, SLICE("1/2")), room);
	assert_null(parking_find(&parking, SLICE("1/20")));
	serve(&parking, room);
	assert_null(parking_find(&parking, SLICE("1/2")));
	parking_finish(&parking);
}

static void a_served_room_with_messages_left_is_due_at_once(void **state)
{
	(void)state;
	struct parking parking = {0};
	struct parked *room = park(&parking, "1/2", 2);
	parked_pause(room, true, 1000);
	job_free(items_shift(parked_jobs(room)));
	parking_release(&parking, room);
	assert_ptr_equal(parking_find(&parking, SLICE("1/2")), room);
	struct seen seen = due(&parking, 1000);
	assert_int_equal(seen.rooms, 1);
	assert_int_equal(seen.probes, 0);
	parking_finish(&parking);
}

static void pauses_grow_up_to_a_bound(void **state)
{
	(void)state;
	struct parking parking = {0};
	struct parked *room = park(&parking, "1/2", 1);
	const int64_t pauses[] = {1, 2, 4, 8, 16, 32, 64, 128, 250, 250};
	assert_int_equal(parking_next(&parking), 0);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		parked_pause(room, false, 1000);
		assert_int_equal(parking_next(&parking), 1000 + pauses[i]);
		assert_int_equal(due(&parking, 999 + pauses[i]).rooms, 0);
		assert_int_equal(due(&parking, 1000 + pauses[i]).probes, 1);
	}
	for (int i = 0; i < 10; i++) {
		parked_pause(room, true, 1000);
	}
	assert_int_equal(parking_next(&parking), 3000);
	parking_finish(&parking);
	assert_int_equal(parking_next(&parking), NEVER);
}

static void a_room_that_goes_alone_goes_alone(void **state)
{
	(void)state;
	struct parking parking = {0};
	park(&parking, "1/2", 1);
	parked_pause(park(&parking, "1/3", 1), true, 1000);
	assert_int_equal(due(&parking, 2000).rooms, 1);
	assert_null(parking_due_alone(&parking, 1000));
	assert_ptr_equal(parking_due_alone(&parking, 1001), parking_find(&parking, SLICE("1/3")));
	parking_join(&parking);
	assert_null(parking_due_alone(&parking, 2000));
	assert_int_equal(due(&parking, 1000).rooms, 2);
	parking_finish(&parking);
}

static void taking_ends_when_there_is_enough(void **state)
{
	(void)state;
	struct parking parking = {0};
	struct seen seen = {.enough = 2};
	park(&parking, "1/2", 1);
	park(&parking, "1/3", 1);
	park(&parking, "1/4", 1);
	parking_due(&parking, 0, see, &seen);
	assert_int_equal(seen.rooms, 2);
	parking_finish(&parking);
}

static void out_of_memory_parks_nothing(void **state)
{
	(void)state;
	struct parking parking = {0};
	at_the_end = true;
	assert_null(parking_add(&parking, SLICE("1/2")));
	at_the_end = false;
	assert_null(parking_find(&parking, SLICE("1/2")));
	park(&parking, "1/2", 1);
	parking_finish(&parking);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_room_is_found_until_it_is_served),
		cmocka_unit_test(a_served_room_with_messages_left_is_due_at_once),
		cmocka_unit_test(pauses_grow_up_to_a_bound),
		cmocka_unit_test(a_room_that_goes_alone_goes_alone),
		cmocka_unit_test(taking_ends_when_there_is_enough),
		cmocka_unit_test(out_of_memory_parks_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
