#include "requests.h"

#include "unit.h"

static const char handle;

#define NOW 1000

static struct request *add(struct requests *requests, const char *room, int64_t now)
{
	struct load load = {.what = LOAD_HISTORY,
		.room = slice_str(room),
		.before = 9,
		.after = -1,
		.limit = 50};
	struct request *request =
		requests_add(requests, &load, SLICE("ref"), &handle, 7, false, now);
	assert_non_null(request);
	return request;
}

static int tear_down(void **state)
{
	requests_finish(*state);
	assert_int_equal(requests_count(*state), 0);
	return 0;
}

static int set_up(void **state)
{
	static struct requests requests;
	memset(&requests, 0, sizeof(requests));
	*state = &requests;
	return 0;
}

static void request_keeps_what_it_was_asked(void **state)
{
	struct request *request = add(*state, "1/2", NOW);
	struct load load = request_load(request);
	assert_slice_equal(load.room, SLICE("1/2"));
	assert_slice_equal(request_ref(request), SLICE("ref"));
	assert_int_equal(load.before, 9);
	assert_int_equal(load.after, -1);
	assert_int_equal(load.limit, 50);
}

static void first_come_first_served(void **state)
{
	struct request *first = add(*state, "1/2", NOW);
	struct request *second = add(*state, "1/3", NOW);
	assert_ptr_equal(requests_next(*state), first);
	requests_sent(*state, first);
	assert_ptr_equal(requests_next(*state), second);
}

static void what_came_back_unanswered_is_last(void **state)
{
	struct request *first = add(*state, "1/2", NOW);
	struct request *second = add(*state, "1/3", NOW);
	requests_sent(*state, first);
	requests_wait_again(*state, first);
	assert_ptr_equal(requests_next(*state), second);
}

static void only_so_many_are_in_flight(void **state)
{
	struct request *first = add(*state, "1/2", NOW);
	requests_sent(*state, first);
	for (int i = 1; i < REQUESTS_IN_FLIGHT_MAX; i++) {
		requests_sent(*state, add(*state, "1/2", NOW));
	}
	struct request *last = add(*state, "1/3", NOW);
	assert_null(requests_next(*state));
	requests_remove(*state, first);
	assert_ptr_equal(requests_next(*state), last);
}

static void sent_one_is_found_by_its_ticket(void **state)
{
	struct request *request = add(*state, "1/2", NOW);
	assert_null(requests_find(*state, request->ticket));
	requests_sent(*state, request);
	assert_ptr_equal(requests_find(*state, request->ticket), request);
}

static void request_is_late_at_its_deadline(void **state)
{
	struct request *request = add(*state, "1/2", NOW);
	assert_null(requests_overdue(*state, NOW + REQUEST_DEADLINE_MS - 1));
	assert_ptr_equal(requests_overdue(*state, NOW + REQUEST_DEADLINE_MS), request);
}

static void who_was_told_is_not_late_again(void **state)
{
	struct request *request = add(*state, "1/2", NOW);
	requests_end_deadline(*state, request);
	requests_end_deadline(*state, request);
	assert_null(requests_overdue(*state, NOW + REQUEST_DEADLINE_MS));
	assert_ptr_equal(requests_next(*state), request);
}

static void cancelled_one_that_waits_is_gone(void **state)
{
	requests_cancel(*state, add(*state, "1/2", NOW));
	assert_int_equal(requests_count(*state), 0);
}

static void cancelled_one_that_was_sent_stays_until_it_comes_back(void **state)
{
	struct request *request = add(*state, "1/2", NOW);
	requests_sent(*state, request);
	requests_cancel(*state, request);
	assert_null(requests_overdue(*state, NOW + REQUEST_DEADLINE_MS));
	assert_ptr_equal(requests_find(*state, request->ticket), request);
	assert_true(request->cancelled);
}

int main(void)
{
#define REQUESTS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		REQUESTS_TEST(request_keeps_what_it_was_asked),
		REQUESTS_TEST(first_come_first_served),
		REQUESTS_TEST(what_came_back_unanswered_is_last),
		REQUESTS_TEST(only_so_many_are_in_flight),
		REQUESTS_TEST(sent_one_is_found_by_its_ticket),
		REQUESTS_TEST(request_is_late_at_its_deadline),
		REQUESTS_TEST(who_was_told_is_not_late_again),
		REQUESTS_TEST(cancelled_one_that_waits_is_gone),
		REQUESTS_TEST(cancelled_one_that_was_sent_stays_until_it_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
