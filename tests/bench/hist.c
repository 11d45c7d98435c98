#include "hist.h"

#include <stddef.h>

/* 0 to 127 have a bucket each; from there on 64 for every power of two. */
static size_t bucket_of(uint64_t ns)
{
	if (ns < 128) {
		return (size_t)ns;
	}
	unsigned exponent = 63 - (unsigned)__builtin_clzll(ns);
	return (size_t)(exponent - 6) * 64 + (size_t)(ns >> (exponent - 6));
}

static uint64_t middle_of(size_t bucket)
{
	if (bucket < 128) {
		return bucket;
	}
	unsigned shift = (unsigned)(bucket / 64) - 1;
	return ((uint64_t)(bucket % 64 + 64) << shift) + (UINT64_C(1) << shift) / 2;
}

void hist_add(struct hist *hist, uint64_t ns)
{
	size_t bucket = bucket_of(ns);
	hist->buckets[bucket < HIST_BUCKETS ? bucket : HIST_BUCKETS - 1]++;
	hist->count++;
	if (ns > hist->max) {
		hist->max = ns;
	}
}

void hist_merge(struct hist *hist, const struct hist *more)
{
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		hist->buckets[i] += more->buckets[i];
	}
	hist->count += more->count;
	if (more->max > hist->max) {
		hist->max = more->max;
	}
}

uint64_t hist_percentile(const struct hist *hist, double share)
{
	uint64_t wanted = (uint64_t)((double)hist->count * share);
	uint64_t passed = 0;
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		passed += hist->buckets[i];
		if (passed > wanted) {
			uint64_t ns = middle_of(i);
			return ns < hist->max ? ns : hist->max;
		}
	}
	return hist->max;
}
