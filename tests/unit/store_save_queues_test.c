#include "save_queues.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

struct bench {
	struct save_queues queues;
	struct save_job *jobs[100];
	size_t count;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	assert_non_null(b);
	assert_true(save_queues_init(&b->queues));
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	save_queues_finish(&b->queues);
	free(b);
	return 0;
}

static void set_idle(struct bench *b, bool first, bool second)
{
	atomic_store(&b->queues.each[0].idle, first);
	atomic_store(&b->queues.each[1].idle, second);
}

/* Returns the number of the saver that gets it. */
static size_t put(struct bench *b, const char *room)
{
	struct message message = {.room = slice_str(room)};
	size_t before = atomic_load(&b->queues.each[1].at_hand);
	struct save_job *job = job_save(&message);
	assert_non_null(job);
	save_queues_put(&b->queues, job);
	b->jobs[b->count++] = job;
	return atomic_load(&b->queues.each[1].at_hand) - before;
}

static void the_first_saver_that_is_idle_gets_a_message(void **state)
{
	set_idle(*state, true, true);
	assert_int_equal(put(*state, "1/2"), 0);
	set_idle(*state, false, true);
	assert_int_equal(put(*state, "1/3"), 1);
}

static void messages_gather_at_the_first_when_nobody_is_idle(void **state)
{
	set_idle(*state, false, false);
	assert_int_equal(put(*state, "1/2"), 0);
	assert_int_equal(put(*state, "1/3"), 0);
}

static void a_room_stays_with_its_saver_until_all_is_heard_of_it(void **state)
{
	struct bench *b = *state;
	set_idle(b, false, true);
	assert_int_equal(put(b, "1/2"), 1);
	set_idle(b, true, false);
	assert_int_equal(put(b, "1/2"), 1);
	save_queues_heard(&b->queues, b->jobs[0]);
	assert_int_equal(put(b, "1/2"), 1);
	save_queues_heard(&b->queues, b->jobs[1]);
	save_queues_heard(&b->queues, b->jobs[2]);
	assert_int_equal(put(b, "1/2"), 0);
}

/* The saver's answer to a repeat is another job, with the message as it is stored. */
static void what_is_heard_of_a_message_in_another_version_counts_for_its_room(void **state)
{
	struct bench *b = *state;
	set_idle(b, false, true);
	assert_int_equal(put(b, "1/2"), 1);
	struct message stored = {.room = SLICE("1/2"), .text = SLICE("as it is by now")};
	struct save_job *version = job_save_as(b->jobs[0], &stored);
	assert_non_null(version);
	save_queues_heard(&b->queues, version);
	job_free(&version->item);
	set_idle(b, true, false);
	assert_int_equal(put(b, "1/2"), 0);
}

static void a_large_batch_is_not_split(void **state)
{
	struct bench *b = *state;
	char room[32];
	set_idle(b, false, false);
	for (int i = 0; i < 20; i++) {
		snprintf(room, sizeof(room), "1/%d", 100 + i);
		assert_int_equal(put(b, room), 0);
	}
	set_idle(b, false, true);
	assert_int_equal(put(b, "1/2"), 0);
}

static void as_long_as_batches_are_large_all_gather_at_the_first(void **state)
{
	struct bench *b = *state;
	set_idle(b, false, true);
	save_queue_batch(&b->queues.each[0], 50);
	save_queue_batch(&b->queues.each[0], 1);
	assert_int_equal(put(b, "1/2"), 0);
	for (int i = 0; i < 50; i++) {
		save_queue_batch(&b->queues.each[0], 1);
	}
	assert_int_equal(put(b, "1/3"), 1);
}

static void a_queue_keeps_the_order(void **state)
{
	struct bench *b = *state;
	set_idle(b, false, false);
	(void)put(b, "1/2");
	(void)put(b, "1/2");
	struct items items = queue_take_all(&b->queues.each[0].in);
	assert_ptr_equal(items_shift(&items), &b->jobs[0]->item);
	assert_ptr_equal(items_shift(&items), &b->jobs[1]->item);
	assert_null(items_shift(&items));
	job_free(&b->jobs[0]->item);
	job_free(&b->jobs[1]->item);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_saver_that_is_idle_gets_a_message),
		TEST(messages_gather_at_the_first_when_nobody_is_idle),
		TEST(a_room_stays_with_its_saver_until_all_is_heard_of_it),
		TEST(what_is_heard_of_a_message_in_another_version_counts_for_its_room),
		TEST(a_large_batch_is_not_split),
		TEST(as_long_as_batches_are_large_all_gather_at_the_first),
		TEST(a_queue_keeps_the_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
