/* Rings the broker's loop, which sleeps in epoll for up to 100 ms and looks at what plugins have
 * published only when it goes round: a signal at the broker's thread, and others after it as long
 * as there is something to do.  A single one would not do: it may come between the last look and
 * the sleep.
 *
 * 2.0 replaces its thread's signal mask while it sleeps.  A signal that is blocked otherwise is
 * held back until then, so that there are few and each counts.  In 2.1 a timer sends one every half
 * millisecond. */
#ifndef CHAT_WAKE_H
#define CHAT_WAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

struct wake {
	timer_t timer;
	bool held;      /* 2.0 */
	bool published; /* since the last wake_end; broker's thread */

	/* 2.1. */
	atomic_bool armed;
	atomic_bool rung; /* since the last wake_begin */
	int rounds;       /* turns of the loop still to be made; broker's thread */

	/* 2.0. */
	pthread_t thread;
	atomic_bool wanted;     /* a tick, since the last wake_begin */
	bool websockets;        /* have been flushed to; broker's thread */
	volatile bool again;    /* the timer was set; broker's thread and its handler, like */
	volatile long again_ns; /* how far ahead it is set next */
};

/* On the broker's thread.  False: *reason says why. */
bool wake_init(struct wake *wake, const char **reason);
/* For 2.0, on the broker's thread before anybody rings: holds the signal back. */
void wake_hold(struct wake *wake);
/* After this the signal is ignored, should one still be on its way. */
void wake_finish(struct wake *wake);

/* Any thread: there is something to drain. */
void wake_ring(struct wake *wake);

/* Broker's thread: something was published, which the broker flushes when its loop goes round. */
void wake_published(struct wake *wake);
/* Broker's thread: some of it goes to a WebSocket, to which 2.0 writes only after its next sleep.
 */
void wake_flushed_websocket(struct wake *wake);

/* Broker's thread, around the draining in each tick; `more`: the loop is not to sleep now. */
void wake_begin(struct wake *wake);
void wake_end(struct wake *wake, bool more);

#endif
