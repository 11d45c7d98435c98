/* How a store thread sleeps: on a socket, a bell that others ring, and the time by which it has to
 * stop.  Every wait of the store's threads goes through bell_wait. */
#ifndef CHAT_BELL_H
#define CHAT_BELL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

#define NEVER INT64_MAX
#define NO_SOCKET (-1)

struct bell {
	int fd;
	_Atomic int64_t stop_at; /* NEVER until bell_stop */
};

enum bell_event {
	BELL_TIMEOUT,
	BELL_RANG,
	BELL_SOCKET,
	BELL_STOP, /* stop_at has passed */
};

/* Milliseconds of a clock that only runs forward. */
int64_t clock_ms(void);

/* False: out of file descriptors. */
MUST_CHECK bool bell_init(struct bell *bell);
void bell_finish(struct bell *bell);

/* Any thread. */
void bell_ring(struct bell *bell);
/* Any thread: waits end with BELL_STOP from `at` on; rings, so that they notice. */
void bell_stop(struct bell *bell, int64_t at);

/* Has bell_stop been called, whenever it takes effect? */
bool bell_stopping(const struct bell *bell);

/* The bell's own thread.  `events` as for poll(); `socket` may be NO_SOCKET.  `until` is a time of
 * clock_ms, or NEVER. */
enum bell_event bell_wait(struct bell *bell, int socket, short events, int64_t until);

/* Waits for a thread to end.  False: it had not by then. */
MUST_CHECK bool thread_join(pthread_t thread, int64_t until);

#endif
