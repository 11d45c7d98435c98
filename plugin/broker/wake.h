/* Rings the broker's loop, which sleeps in epoll for up to 100 ms and looks at what plugins have
 * published only when it goes round: a timer signal at the broker's thread, at once and then every
 * half millisecond as long as there is something to do.  A single signal would not do: it may come
 * between the last look and the sleep. */
#ifndef CHAT_WAKE_H
#define CHAT_WAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

struct wake {
	timer_t timer;
	atomic_bool armed;
	atomic_bool rung; /* since the last wake_begin */
	bool published;   /* since the last wake_end; broker's thread */
	int rounds;       /* turns of the loop still to be made; broker's thread */
};

/* On the broker's thread.  False: *reason says why. */
bool wake_init(struct wake *wake, const char **reason);
/* After this the signal is ignored, should one still be on its way. */
void wake_finish(struct wake *wake);

/* Any thread: there is something to drain. */
void wake_ring(struct wake *wake);

/* Broker's thread: something was published, which the broker flushes when its loop goes round. */
void wake_published(struct wake *wake);

/* Broker's thread, around the draining in each tick; `more`: it did not drain all. */
void wake_begin(struct wake *wake);
void wake_end(struct wake *wake, bool more);

#endif
