#include "descriptors.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST 3 /* after the standard ones */

/* The thread sanitizer takes one number in two tables for one descriptor. */
#ifdef __SANITIZE_THREAD__
static const bool allowed = false;
#else
static const bool allowed = true;
#endif

/* musl has no close_range(). */
static void close_all(unsigned first, unsigned last)
{
	(void)syscall(SYS_close_range, first, last, 0);
}

void descriptors_part(int keep)
{
	if (!allowed || unshare(CLONE_FILES) != 0) {
		return;
	}
	/* A log file that the broker closes must not stay open in here. */
	if (keep > FIRST) {
		close_all(FIRST, (unsigned)keep - 1);
	}
	close_all((unsigned)keep + 1, UINT_MAX);
}
