/* How a store thread sleeps: on a socket, a wakeup that others ring, and the time by which it has
 * to stop.  Every wait of the store's threads goes through wakeup_wait. */
#ifndef CHAT_WAKEUP_H
#define CHAT_WAKEUP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "slice.h"

#define NO_SOCKET (-1)

struct wakeup {
	int fd;
	_Atomic int64_t stop_at; /* NEVER until wakeup_stop */
};

enum wakeup_event {
	WAKEUP_TIMEOUT,
	WAKEUP_RANG,
	WAKEUP_SOCKET,
	WAKEUP_STOP, /* stop_at has passed */
};

/* False: out of file descriptors. */
MUST_CHECK bool wakeup_init(struct wakeup *wakeup);
void wakeup_finish(struct wakeup *wakeup);

/* Any thread. */
void wakeup_ring(struct wakeup *wakeup);
/* Any thread: waits end with WAKEUP_STOP from `at` on; rings, so that they notice. */
void wakeup_stop(struct wakeup *wakeup, int64_t at);

/* Has wakeup_stop been called, whenever it takes effect? */
bool wakeup_stopping(const struct wakeup *wakeup);

/* The wakeup's own thread.  `events` as for poll(); `socket` may be NO_SOCKET.  `until` is a time
 * of clock_ms, or NEVER. */
enum wakeup_event wakeup_wait(struct wakeup *wakeup, int socket, short events, int64_t until);

#endif
