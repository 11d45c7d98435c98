/* The clock that the threads of journal and store wait by, and waiting for a thread's end. */
#ifndef CHAT_CLOCK_H
#define CHAT_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

#define NEVER INT64_MAX /* a time that does not come */

/* Milliseconds of a clock that only runs forward. */
int64_t clock_ms(void);

/* Waits for a thread to end, until a time of clock_ms.  False: it had not ended by then. */
MUST_CHECK bool thread_join(pthread_t thread, int64_t until);

#endif
