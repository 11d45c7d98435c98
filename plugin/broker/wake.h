/* Wakes the broker's loop, which sleeps in epoll for up to 100 ms and looks at what plugins have
 * published only when it goes round.  A signal to the broker's thread ends the sleep; others follow
 * as long as there is something to do, because a single one may come between the loop's last look
 * and its sleep.
 *
 * There are two ways.  By timer: one signal every half millisecond.  Held back, for 2.0 only, which
 * replaces its thread's signal mask while it sleeps: the signal is blocked at all other times, so
 * that it is delivered in the sleep and ends it, and few are needed.  (From a commit to the write
 * of the echo: 49 instead of 103 us.)  That 2.0 does so is documented nowhere: the option
 * `hold_wakeups` turns it off. */
#ifndef CHAT_WAKE_H
#define CHAT_WAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct wake {
	timer_t timer;
	bool held;      /* signals are held back until the loop sleeps */
	bool published; /* something was published since the last wake_end; broker's thread */

	/* By timer. */
	atomic_bool armed; /* the timer runs */
	atomic_bool rung;  /* somebody called wake_ring since the last wake_begin */
	int rounds;        /* turns of the loop still to be made; broker's thread */

	/* Held back. */
	pid_t thread;           /* the broker's */
	atomic_bool wanted;     /* a turn of the loop was asked for since the last wake_begin */
	bool websockets;        /* something was written for a WebSocket; broker's thread */
	volatile bool again;    /* the timer was set; broker's thread and its signal handler */
	volatile long again_ns; /* how far ahead it is set next; likewise */
};

/* On the broker's thread.  False: *reason says why. */
bool wake_init(struct wake *wake, const char **reason);
/* For 2.0, on the broker's thread before anybody rings: holds the signal back from now on. */
void wake_hold(struct wake *wake);
/* After this a signal that is still on its way is ignored. */
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
