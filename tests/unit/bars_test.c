#include "bars.h"

#include "unit.h"

#define SECOND 1800000000 /* some Unix time */

static int set_up(void **state)
{
	static struct bars bars;
	bars = (struct bars){.key = {1, 2}};
	*state = &bars;
	return 0;
}

static int tear_down(void **state)
{
	bars_finish(*state);
	return 0;
}

static void nobody_is_refused_at_first(void **state)
{
	assert_null(bars_refusal(*state, SLICE("1"), BARS_UNDATED));
}

static void barred_user_is_refused_with_any_token(void **state)
{
	assert_int_equal(bars_set(*state, SLICE("1"), true, 0), CHAT_OK);
	assert_non_null(bars_refusal(*state, SLICE("1"), SECOND));
	assert_null(bars_refusal(*state, SLICE("2"), SECOND));
}

static void token_from_before_a_revocation_is_refused_one_of_the_same_second_is_not(void **state)
{
	assert_int_equal(bars_set(*state, SLICE("1"), false, SECOND), CHAT_OK);
	assert_non_null(bars_refusal(*state, SLICE("1"), SECOND - 1));
	assert_non_null(bars_refusal(*state, SLICE("1"), BARS_UNDATED));
	assert_null(bars_refusal(*state, SLICE("1"), SECOND));
}

static void last_word_counts_and_what_is_lifted_takes_no_memory(void **state)
{
	struct bars *bars = *state;
	assert_int_equal(bars_set(bars, SLICE("1"), true, SECOND), CHAT_OK);
	assert_int_equal(bars_set(bars, SLICE("1"), false, SECOND), CHAT_OK);
	assert_null(bars_refusal(bars, SLICE("1"), SECOND));
	assert_int_equal(bars_set(bars, SLICE("1"), false, 0), CHAT_OK);
	assert_null(bars_refusal(bars, SLICE("1"), BARS_UNDATED));
	assert_int_equal(bars->by_id.count, 0);
}

int main(void)
{
#define BARS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		BARS_TEST(nobody_is_refused_at_first),
		BARS_TEST(barred_user_is_refused_with_any_token),
		BARS_TEST(token_from_before_a_revocation_is_refused_one_of_the_same_second_is_not),
		BARS_TEST(last_word_counts_and_what_is_lifted_takes_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
