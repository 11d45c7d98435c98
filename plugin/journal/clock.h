/* Time as threads wait for it. */
#ifndef CHAT_CLOCK_H
#define CHAT_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

#define NEVER INT64_MAX

/* Milliseconds of a clock that only runs forward. */
int64_t clock_ms(void);

/* Waits for a thread to end.  False: it had not by then (a time of clock_ms). */
MUST_CHECK bool thread_join(pthread_t thread, int64_t until);

#endif
