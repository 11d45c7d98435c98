#include "remotes.h"

#include "unit.h"

static void one_is_found_on_whichever_broker(void **state)
{
	(void)state;
	struct remote *list = NULL;
	assert_null(remotes_find(list, true));
	assert_true(remotes_add(&list, 7, true, SLICE("Ann")));
	assert_true(remotes_add(&list, 8, true, SLICE("Ann")));
	assert_false(remotes_add(&list, 7, true, SLICE("Annie")));
	assert_null(remotes_find(list, false));
	assert_true(remotes_remove(&list, 7, true));
	assert_false(remotes_remove(&list, 7, true));
	const struct remote *left = remotes_find(list, true);
	assert_int_equal(left->node, 8);
	assert_slice_equal(slice_of(left->name, left->name_len), SLICE("Ann"));
	remotes_free(&list);
	assert_null(list);
}

static void what_is_heard_again_is_not_old(void **state)
{
	(void)state;
	struct remote *list = NULL;
	assert_true(remotes_add(&list, 7, true, SLICE("")));
	assert_true(remotes_add(&list, 8, false, SLICE("Bob")));
	assert_null(remotes_outdated(list, 0));
	remotes_age(list);
	assert_false(remotes_add(&list, 7, true, SLICE("")));
	assert_int_equal(remotes_outdated(list, 0)->node, 8);
	assert_int_equal(remotes_outdated(list, 7)->node, 7);
	assert_null(remotes_outdated(list, 9));
	remotes_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_found_on_whichever_broker),
		cmocka_unit_test(what_is_heard_again_is_not_old),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
