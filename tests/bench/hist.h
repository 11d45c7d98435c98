/* Durations in buckets: a percentile is off by less than 1 in 64. Not thread-safe; each thread has
 * its own, and the report adds them up. */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

#define HIST_BUCKETS (58 * 64)

struct hist {
	uint64_t count;
	uint64_t max;
	uint64_t buckets[HIST_BUCKETS];
};

void hist_add(struct hist *hist, uint64_t ns);
void hist_merge(struct hist *hist, const struct hist *more);

/* What `share` (0 to 1) of the durations do not pass; 0 when there are none. */
uint64_t hist_percentile(const struct hist *hist, double share);

#endif
