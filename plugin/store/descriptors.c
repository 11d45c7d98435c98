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

/* Those between two that stay.  musl has no close_range(). */
static void close_between(unsigned kept, unsigned next_kept)
{
	if (next_kept > kept + 1) {
		(void)syscall(SYS_close_range, kept + 1, next_kept - 1, 0);
	}
}

void descriptors_part(int keep, int also)
{
	if (!allowed || unshare(CLONE_FILES) != 0) {
		return;
	}
	unsigned low = (unsigned)(also >= 0 && also < keep ? also : keep);
	unsigned high = (unsigned)(also > keep ? also : keep);
	/* A log file that the broker closes must not stay open in here. */
	close_between(FIRST - 1, low);
	close_between(low, high);
	(void)syscall(SYS_close_range, high + 1, UINT_MAX, 0);
}
