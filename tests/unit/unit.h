/* cmocka with what it wants included before it. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slice.h"

#define assert_slice_equal(actual, expected) check_slice(actual, expected, __FILE__, __LINE__)

static inline void check_slice(
	struct slice actual, struct slice expected, const char *file, int line)
{
	if (!slice_equal(actual, expected)) {
		print_error("\"%.*s\" is not \"%.*s\"\n", SLICE_ARGS(actual), SLICE_ARGS(expected));
		_fail(file, line);
	}
}

#endif
