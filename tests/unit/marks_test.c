#include "marks.h"

#include <stdio.h>

#include "unit.h"

static const struct siphash_key key = {1, 2};

static int set_up(void **state)
{
	*state = marks_create(&key);
	return *state == NULL;
}

static int tear_down(void **state)
{
	marks_destroy(*state);
	return 0;
}

static enum chat_error set(struct marks *marks, const char *room, const char *id, int64_t seq)
{
	struct mark mark = {slice_str(room), slice_str(id), seq};
	return marks_set(marks, &mark);
}

static void highest_mark_of_a_chat_waits(void **state)
{
	struct mark mark;
	assert_int_equal(set(*state, "1/2", "1", 3), CHAT_OK);
	assert_int_equal(set(*state, "1/2", "1", 9), CHAT_OK);
	assert_int_equal(set(*state, "1/2", "1", 5), CHAT_OK);
	assert_true(marks_next(*state, &mark));
	assert_int_equal(mark.seq, 9);
	assert_slice_equal(mark.room, SLICE("1/2"));
	assert_slice_equal(mark.user_id, SLICE("1"));
	assert_false(marks_next(*state, &mark));
}

static void users_and_chats_have_marks_of_their_own(void **state)
{
	assert_int_equal(set(*state, "1/2", "1", 3), CHAT_OK);
	assert_int_equal(set(*state, "1/2", "2", 3), CHAT_OK);
	assert_int_equal(set(*state, "1/3", "1", 3), CHAT_OK);
	assert_int_equal(marks_count(*state), 3);
}

static void one_at_a_time_is_in_flight(void **state)
{
	struct mark mark;
	assert_int_equal(set(*state, "1/2", "1", 3), CHAT_OK);
	assert_true(marks_next(*state, &mark));
	assert_int_equal(set(*state, "1/2", "1", 9), CHAT_OK);
	struct mark other;
	assert_false(marks_next(*state, &other));
}

static void higher_one_that_came_meanwhile_follows(void **state)
{
	struct mark mark;
	assert_int_equal(set(*state, "1/2", "1", 3), CHAT_OK);
	assert_true(marks_next(*state, &mark));
	assert_int_equal(set(*state, "1/2", "1", 9), CHAT_OK);
	marks_done(*state, &mark);
	assert_true(marks_next(*state, &mark));
	assert_int_equal(mark.seq, 9);
	marks_done(*state, &mark);
	assert_int_equal(marks_count(*state), 0);
}

static void lower_one_that_came_meanwhile_is_done_with_it(void **state)
{
	struct mark mark;
	assert_int_equal(set(*state, "1/2", "1", 9), CHAT_OK);
	assert_true(marks_next(*state, &mark));
	assert_int_equal(set(*state, "1/2", "1", 3), CHAT_OK);
	marks_done(*state, &mark);
	assert_int_equal(marks_count(*state), 0);
}

static void mark_that_failed_comes_again_with_the_highest_seq(void **state)
{
	struct mark mark;
	assert_int_equal(set(*state, "1/2", "1", 3), CHAT_OK);
	assert_true(marks_next(*state, &mark));
	assert_int_equal(set(*state, "1/2", "1", 9), CHAT_OK);
	marks_not_sent(*state, &mark);
	assert_true(marks_next(*state, &mark));
	assert_int_equal(mark.seq, 9);
}

static void lost_mark_is_in_doubt_until_it_is_done(void **state)
{
	struct mark mark;
	assert_int_equal(set(*state, "1/2", "1", 3), CHAT_OK);
	assert_true(marks_next(*state, &mark));
	assert_false(marks_in_doubt(*state, &mark));
	marks_lost(*state, &mark);
	assert_int_equal(set(*state, "1/2", "1", 9), CHAT_OK);
	assert_true(marks_next(*state, &mark));
	assert_true(marks_in_doubt(*state, &mark));
	assert_int_equal(set(*state, "1/2", "1", 10), CHAT_OK);
	marks_done(*state, &mark);
	assert_false(marks_in_doubt(*state, &mark));
}

static void outcome_of_a_mark_that_does_not_fly_is_ignored(void **state)
{
	struct mark mark = {SLICE("1/2"), SLICE("1"), 3};
	marks_done(*state, &mark);
	assert_int_equal(set(*state, "1/2", "1", 3), CHAT_OK);
	marks_done(*state, &mark);
	marks_not_sent(*state, &mark);
	assert_int_equal(marks_count(*state), 1);
}

static void marks_of_one_user_are_bounded(void **state)
{
	char room[32];
	for (int i = 0; i < MARKS_PER_USER_MAX; i++) {
		snprintf(room, sizeof(room), "1/%d", i + 2);
		assert_int_equal(set(*state, room, "1", 1), CHAT_OK);
	}
	assert_int_equal(set(*state, "1/x", "1", 1), CHAT_EBUSY);
	assert_int_equal(set(*state, "1/2", "1", 2), CHAT_OK);
	assert_int_equal(set(*state, "1/2", "2", 1), CHAT_OK);
}

static void bound_counts_what_still_waits(void **state)
{
	char room[32];
	for (int i = 0; i < MARKS_PER_USER_MAX; i++) {
		snprintf(room, sizeof(room), "1/%d", i + 2);
		assert_int_equal(set(*state, room, "1", 1), CHAT_OK);
	}
	struct mark mark;
	assert_true(marks_next(*state, &mark));
	marks_done(*state, &mark);
	assert_int_equal(set(*state, "1/x", "1", 1), CHAT_OK);
}

static void only_so_many_are_in_flight(void **state)
{
	char room[32];
	struct mark mark;
	struct mark first = {0};
	for (int i = 0; i < MARKS_IN_FLIGHT_MAX + 1; i++) {
		snprintf(room, sizeof(room), "1/%d", i + 2);
		assert_int_equal(set(*state, room, "1", 1), CHAT_OK);
	}
	for (int i = 0; i < MARKS_IN_FLIGHT_MAX; i++) {
		assert_true(marks_next(*state, &mark));
		first = i == 0 ? mark : first;
	}
	assert_false(marks_next(*state, &mark));
	marks_done(*state, &first);
	assert_true(marks_next(*state, &mark));
}

int main(void)
{
#define MARKS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		MARKS_TEST(highest_mark_of_a_chat_waits),
		MARKS_TEST(users_and_chats_have_marks_of_their_own),
		MARKS_TEST(one_at_a_time_is_in_flight),
		MARKS_TEST(higher_one_that_came_meanwhile_follows),
		MARKS_TEST(lower_one_that_came_meanwhile_is_done_with_it),
		MARKS_TEST(mark_that_failed_comes_again_with_the_highest_seq),
		MARKS_TEST(lost_mark_is_in_doubt_until_it_is_done),
		MARKS_TEST(outcome_of_a_mark_that_does_not_fly_is_ignored),
		MARKS_TEST(marks_of_one_user_are_bounded),
		MARKS_TEST(bound_counts_what_still_waits),
		MARKS_TEST(only_so_many_are_in_flight),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
