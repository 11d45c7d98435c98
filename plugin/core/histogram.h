/* How often values fell into which range.  One thread adds, any may read. */
#ifndef CHAT_HISTOGRAM_H
#define CHAT_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#define HISTOGRAM_RANGES 14

struct histogram_range {
	const char *text; /* the upper bound as it is shown: seconds, say */
	uint64_t to;      /* the same as values are: microseconds, say; the last takes the rest */
};

struct histogram {
	_Atomic uint64_t counts[HISTOGRAM_RANGES];
	_Atomic uint64_t sum;
};

extern const struct histogram_range histogram_seconds[HISTOGRAM_RANGES];  /* values in us */
extern const struct histogram_range histogram_messages[HISTOGRAM_RANGES]; /* numbers of them */

void histogram_add(struct histogram *histogram,
	const struct histogram_range ranges[HISTOGRAM_RANGES], uint64_t value);

#endif
