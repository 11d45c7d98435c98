/* The thread that answers loads and moves read markers, in batches, on a connection of its own.
 * While it has none its queue is closed and nothing waits here: who asks is told at once, and asks
 * again when the store is answering. */
#ifndef CHAT_LOADER_H
#define CHAT_LOADER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wakeup.h"
#include "pgconn.h"
#include "queue.h"
#include "report.h"

/* Requests that wait: ten thousand clients that come at once ask for two things each. */
#define ASKED_MAX 65536

struct loader {
	struct queue in; /* of load_job and mark_job; closed while not answering */
	struct wakeup wakeup;
	struct report *report;
	_Atomic size_t asked;     /* requests that are not answered yet */
	_Atomic size_t undrained; /* bytes of answers that the broker's thread has not taken yet */

	/* The thread's own from here on. */
	struct pgconn conn;
	struct params params;
	bool answering;
	struct items histories;
	struct items unreads;
	struct items marks;
	struct items locked_marks; /* which wait for a lock */
	size_t load_cap;           /* of the next batches */
	size_t mark_cap;
	int strikes;          /* loads in a row that came to a lock */
	int64_t not_before;   /* of the next loads */
	bool delivering;      /* some conversation may have something to deliver */
	int64_t deliver_due;  /* not before */
	int64_t delivered_at; /* the last portion */
	size_t deliver_after_len;
	char deliver_after[ROOM_MAX];
};

MUST_CHECK bool loader_init(struct loader *loader, const char *conninfo, struct report *report);
/* After the thread has ended, and what it has put out is freed. */
void loader_finish(struct loader *loader);

/* The thread: ends when the wakeup's stop_at has passed. */
void *loader_run(void *loader);

#endif
