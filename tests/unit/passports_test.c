#include "passports.h"

#include "unit.h"

static const struct siphash_key key = {1, 2};

static int set_up(void **state)
{
	*state = passports_create(&key);
	return *state == NULL;
}

static int tear_down(void **state)
{
	passports_destroy(*state);
	return 0;
}

static uint64_t make(const struct passports *passports, const char *client_id, const char *id,
	const char *password)
{
	return passport_make(passports, slice_str(client_id), slice_str(id), slice_str(password));
}

static void passport_that_was_added_is_known(void **state)
{
	passports_add(*state, make(*state, "tab", "1", "secret"));
	assert_true(passports_has(*state, make(*state, "tab", "1", "secret")));
}

static void each_of_its_three_parts_matters(void **state)
{
	passports_add(*state, make(*state, "tab", "1", "secret"));
	assert_false(passports_has(*state, make(*state, "tac", "1", "secret")));
	assert_false(passports_has(*state, make(*state, "tab", "2", "secret")));
	assert_false(passports_has(*state, make(*state, "tab", "1", "Secret")));
	assert_false(passports_has(*state, make(*state, "tab1", "", "secret")));
	assert_false(passports_has(*state, make(*state, "tab", "1s", "ecret")));
}

static void missing_password_is_an_empty_one(void **state)
{
	assert_int_equal(make(*state, "tab", "1", NULL), make(*state, "tab", "1", ""));
}

static void oldest_makes_room_for_the_newest(void **state)
{
	for (uint64_t i = 1; i <= PASSPORTS_MAX + 1; i++) {
		passports_add(*state, i);
	}
	assert_false(passports_has(*state, 1));
	assert_true(passports_has(*state, 2));
	assert_true(passports_has(*state, PASSPORTS_MAX + 1));
}

static void who_comes_and_goes_again_is_young_again(void **state)
{
	for (uint64_t i = 1; i <= PASSPORTS_MAX; i++) {
		passports_add(*state, i);
	}
	passports_add(*state, 1);
	passports_add(*state, PASSPORTS_MAX + 1);
	assert_true(passports_has(*state, 1));
	assert_false(passports_has(*state, 2));
}

int main(void)
{
#define PASSPORTS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		PASSPORTS_TEST(passport_that_was_added_is_known),
		PASSPORTS_TEST(each_of_its_three_parts_matters),
		PASSPORTS_TEST(missing_password_is_an_empty_one),
		PASSPORTS_TEST(oldest_makes_room_for_the_newest),
		PASSPORTS_TEST(who_comes_and_goes_again_is_young_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
