/* As much of cmocka as the tests here use: Debian's own is built for glibc.  A failure ends the
 * program. */
#ifndef CMOCKA_H
#define CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*cmocka_hook)(void **state);

struct CMUnitTest {
	const char *name;
	void (*test)(void **state);
	cmocka_hook setup;
	cmocka_hook teardown;
};

#define cmocka_unit_test(test)                                                                     \
	{                                                                                          \
#test, test, NULL, NULL                                                            \
	}
#define cmocka_unit_test_setup_teardown(test, setup, teardown)                                     \
	{                                                                                          \
#test, test, setup, teardown                                                       \
	}

#define fail_msg(...)                                                                              \
	(fprintf(stderr, "%s:%d: ", __FILE__, __LINE__), fprintf(stderr, __VA_ARGS__),             \
		fputc('\n', stderr), exit(1))
#define fail() fail_msg("failed")
#define cmocka_set_test_filter(pattern) ((void)(pattern))
#define print_error(...) fprintf(stderr, __VA_ARGS__)
#define _fail(file, line) (fprintf(stderr, "%s:%d\n", file, line), exit(1))

#define check_(good, text) ((good) ? (void)0 : fail_msg("%s", text))
#define assert_true(a) check_(a, #a)
#define assert_false(a) check_(!(a), "not " #a)
#define assert_null(a) check_((a) == NULL, #a " is NULL")
#define assert_non_null(a) check_((a) != NULL, #a " is not NULL")
#define assert_int_equal(a, b) check_((long long)(a) == (long long)(b), #a " = " #b)
#define assert_int_not_equal(a, b) check_((long long)(a) != (long long)(b), #a " != " #b)
#define assert_ptr_equal(a, b) check_((a) == (b), #a " = " #b)
#define assert_ptr_not_equal(a, b) check_((a) != (b), #a " != " #b)
#define assert_string_equal(a, b) check_(strcmp(a, b) == 0, #a " = " #b)
#define assert_memory_equal(a, b, size) check_(memcmp(a, b, size) == 0, #a " = " #b)
#define assert_in_range(a, from, to)                                                               \
	check_((long long)(a) >= (long long)(from) && (long long)(a) <= (long long)(to), #a)

static inline int run_tests(
	const struct CMUnitTest *tests, size_t count, cmocka_hook setup, cmocka_hook teardown)
{
	void *group = NULL;
	assert_true(setup == NULL || setup(&group) == 0);
	for (size_t i = 0; i < count; i++) {
		void *state = group;
		printf("%s\n", tests[i].name);
		fflush(stdout);
		assert_true(tests[i].setup == NULL || tests[i].setup(&state) == 0);
		tests[i].test(&state);
		assert_true(tests[i].teardown == NULL || tests[i].teardown(&state) == 0);
	}
	assert_true(teardown == NULL || teardown(&group) == 0);
	return 0;
}

#define cmocka_run_group_tests(tests, setup, teardown)                                             \
	run_tests(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#endif
