#include "clock.h"

#include <time.h>

int64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool thread_join(pthread_t thread, int64_t until)
{
	int64_t left = until - clock_ms();
	left = left > 0 ? left : 0;
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	int64_t ns = at.tv_nsec + left % 1000 * 1000000;
	at.tv_sec += (time_t)(left / 1000 + ns / 1000000000);
	at.tv_nsec = (long)(ns % 1000000000);
	return pthread_timedjoin_np(thread, NULL, &at) == 0;
}
