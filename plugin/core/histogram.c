#include "histogram.h"

#include <stddef.h>

const struct histogram_range histogram_seconds[HISTOGRAM_RANGES] = {
	{"0.001", 1000},
	{"0.0025", 2500},
	{"0.005", 5000},
	{"0.01", 10000},
	{"0.025", 25000},
	{"0.05", 50000},
	{"0.1", 100000},
	{"0.25", 250000},
	{"0.5", 500000},
	{"1", 1000000},
	{"2.5", 2500000},
	{"5", 5000000},
	{"10", 10000000},
	{"+Inf", UINT64_MAX},
};

const struct histogram_range histogram_messages[HISTOGRAM_RANGES] = {
	{"1", 1},
	{"2", 2},
	{"4", 4},
	{"8", 8},
	{"16", 16},
	{"32", 32},
	{"64", 64},
	{"128", 128},
	{"256", 256},
	{"512", 512},
	{"1024", 1024},
	{"2048", 2048},
	{"4096", 4096},
	{"+Inf", UINT64_MAX},
};

void histogram_add(struct histogram *histogram,
	const struct histogram_range ranges[HISTOGRAM_RANGES], uint64_t value)
{
	size_t i = 0;
	while (value > ranges[i].to) {
		i++;
	}
	atomic_fetch_add_explicit(&histogram->counts[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
}
