#include "limiter.h"

#include <stdio.h>

#include "unit.h"

static const struct siphash_key key = {1, 2};

#define ANN SLICE("ann")
#define BOB SLICE("bob")
#define RATE 20
#define NOW 1000000 /* ms */
#define MANY 5000

static int set_up(void **state)
{
	*state = limiter_create(RATE, &key);
	return *state == NULL;
}

static int tear_down(void **state)
{
	limiter_destroy(*state);
	return 0;
}

static int take_many(struct limiter *limiter, struct slice id, enum limit limit, int64_t now)
{
	int granted = 0;
	while (granted < MANY && limiter_take(limiter, id, limit, now) == 0) {
		granted++;
	}
	return granted;
}

static void burst_is_two_seconds_worth(void **state)
{
	assert_int_equal(take_many(*state, ANN, LIMIT_MESSAGES, NOW), 2 * RATE);
}

static void rate_holds_over_a_minute(void **state)
{
	struct limiter *limiter = *state;
	int granted = 0;
	for (int ms = 0; ms < 60000; ms += 10) {
		granted += limiter_take(limiter, ANN, LIMIT_MESSAGES, NOW + ms) == 0;
	}
	assert_in_range(granted, 60 * RATE, 60 * RATE + 2 * RATE);
}

static void wait_that_is_named_is_long_enough(void **state)
{
	struct limiter *limiter = *state;
	take_many(limiter, ANN, LIMIT_MESSAGES, NOW);
	int64_t wait = limiter_take(limiter, ANN, LIMIT_MESSAGES, NOW);
	assert_in_range(wait, 1, 1000 / RATE);
	assert_int_not_equal(limiter_take(limiter, ANN, LIMIT_MESSAGES, NOW + wait - 1), 0);
	assert_int_equal(limiter_take(limiter, ANN, LIMIT_MESSAGES, NOW + wait), 0);
}

static void one_user_does_not_use_up_anothers(void **state)
{
	take_many(*state, ANN, LIMIT_MESSAGES, NOW);
	assert_int_equal(limiter_take(*state, BOB, LIMIT_MESSAGES, NOW), 0);
}

static void one_kind_does_not_use_up_another(void **state)
{
	take_many(*state, ANN, LIMIT_MESSAGES, NOW);
	assert_int_equal(limiter_take(*state, ANN, LIMIT_REQUESTS, NOW), 0);
	assert_int_equal(limiter_take(*state, ANN, LIMIT_TYPING, NOW), 0);
	assert_int_equal(limiter_take(*state, ANN, LIMIT_LOGINS, NOW), 0);
}

static void logins_have_a_pace_of_their_own(void **state)
{
	struct limiter *limiter = *state;
	assert_int_equal(take_many(limiter, ANN, LIMIT_LOGINS, NOW), LOGINS_BURST);
	assert_int_equal(limiter_take(limiter, BOB, LIMIT_LOGINS, NOW), 0);
	assert_int_equal(take_many(limiter, ANN, LIMIT_LOGINS, NOW + 3000), 3 * LOGINS_PER_SECOND);
	assert_int_equal(take_many(limiter, ANN, LIMIT_LOGINS, NOW + 60000), LOGINS_BURST);
}

static void rate_of_nought_lifts_the_limit(void **state)
{
	(void)state;
	struct limiter *limiter = limiter_create(0, &key);
	assert_int_equal(take_many(limiter, ANN, LIMIT_MESSAGES, NOW), MANY);
	assert_int_equal(take_many(limiter, ANN, LIMIT_LOGINS, NOW), MANY);
	assert_int_equal(limiter_users(limiter), 0);
	limiter_destroy(limiter);
}

static void highest_rate_still_limits(void **state)
{
	(void)state;
	struct limiter *limiter = limiter_create(1000000, &key);
	int granted = 0;
	while (limiter_take(limiter, ANN, LIMIT_MESSAGES, NOW) == 0) {
		granted++;
	}
	assert_int_equal(granted, 2000000);
	limiter_destroy(limiter);
}

static void hold_ends_when_its_time_is_over(void **state)
{
	limiter_hold(*state, ANN, NOW, 1000, CHAT_EUNAVAILABLE);
	assert_int_equal(limiter_held(*state, ANN, NOW + 999), CHAT_EUNAVAILABLE);
	assert_int_equal(limiter_held(*state, ANN, NOW + 1000), CHAT_OK);
	assert_int_equal(limiter_held(*state, BOB, NOW), CHAT_OK);
}

static void hold_works_without_a_limit_too(void **state)
{
	(void)state;
	struct limiter *limiter = limiter_create(0, &key);
	limiter_hold(limiter, ANN, NOW, 1000, CHAT_EUNAVAILABLE);
	assert_int_equal(limiter_held(limiter, ANN, NOW), CHAT_EUNAVAILABLE);
	limiter_destroy(limiter);
}

static void sweeping_forgets_nobody_who_still_matters(void **state)
{
	struct limiter *limiter = *state;
	take_many(limiter, ANN, LIMIT_MESSAGES, NOW);
	limiter_hold(limiter, BOB, NOW, 5000, CHAT_ERATELIMITED);
	limiter_sweep(limiter, NOW + 1000);
	assert_int_equal(limiter_users(limiter), 2);
	limiter_sweep(limiter, NOW + 2000);
	assert_int_equal(limiter_users(limiter), 1);
	assert_int_equal(limiter_held(limiter, BOB, NOW + 2000), CHAT_ERATELIMITED);
	limiter_sweep(limiter, NOW + 5000);
	assert_int_equal(limiter_users(limiter), 0);
}

static void sweeps_get_round_to_all_of_thousands(void **state)
{
	struct limiter *limiter = *state;
	for (int i = 0; i < 5000; i++) {
		char id[16];
		int len = snprintf(id, sizeof(id), "%d", i);
		struct slice user = slice_of(id, (size_t)len);
		assert_int_equal(limiter_take(limiter, user, LIMIT_MESSAGES, NOW), 0);
	}
	assert_int_equal(limiter_users(limiter), 5000);
	for (int i = 0; i < 200; i++) {
		limiter_sweep(limiter, NOW + 3000);
	}
	assert_int_equal(limiter_users(limiter), 0);
}

int main(void)
{
#define LIMITER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		LIMITER_TEST(burst_is_two_seconds_worth),
		LIMITER_TEST(rate_holds_over_a_minute),
		LIMITER_TEST(wait_that_is_named_is_long_enough),
		LIMITER_TEST(one_user_does_not_use_up_anothers),
		LIMITER_TEST(one_kind_does_not_use_up_another),
		LIMITER_TEST(logins_have_a_pace_of_their_own),
		cmocka_unit_test(rate_of_nought_lifts_the_limit),
		cmocka_unit_test(highest_rate_still_limits),
		LIMITER_TEST(hold_ends_when_its_time_is_over),
		cmocka_unit_test(hold_works_without_a_limit_too),
		LIMITER_TEST(sweeping_forgets_nobody_who_still_matters),
		LIMITER_TEST(sweeps_get_round_to_all_of_thousands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
