#include "descriptors.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <unistd.h>

#define FIRST 3 /* after the standard ones */

/* The thread sanitizer takes one number in two tables for one descriptor. */
#ifdef __SANITIZE_THREAD__
static const bool allowed = false;
#else
static const bool allowed = true;
#endif

void descriptors_part(int keep)
{
	if (!allowed || unshare(CLONE_FILES) != 0) {
		return;
	}
	/* A log file that the broker closes must not stay open in here. */
	if (keep > FIRST) {
		(void)close_range(FIRST, (unsigned)keep - 1, 0);
	}
	(void)close_range((unsigned)keep + 1, UINT_MAX, 0);
}
