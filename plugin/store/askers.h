/* Asks the application's may_chat about chats in which nothing was said yet.
 *
 * That is a function of somebody else's and may take its time, so it runs on connections of its
 * own, a thread each: the first begins when there is something to ask, another one when those that
 * there are have something to do, up to ASKERS_MAX.  A connection that nobody has used for a minute
 * is closed. */
#ifndef CHAT_ASKERS_H
#define CHAT_ASKERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"
#include "pgconn.h"
#include "queue.h"
#include "report.h"
#include "wakeup.h"

/* So many functions that take a second delay nobody else. */
#define ASKERS_MAX 4
/* Questions that wait, for each. */
#define ASKER_WAITING_MAX 10000

struct asker {
	struct queue in; /* of struct ask_job */
	struct wakeup wakeup;
	struct report *report;
	pthread_t thread;
	_Atomic size_t waiting; /* questions that are not answered yet */

	/* The thread's own from here on. */
	struct pgconn conn;
	struct params params;
	struct items fresh; /* nothing was said there: the application is to be asked */
	int64_t used_at;    /* of clock_ms */
	int64_t said_at;    /* that the application's function fails; 0: never */
};

struct askers {
	const char *conninfo;
	struct report *report;
	struct asker *list[ASKERS_MAX];
	size_t count; /* that have begun */
};

/* The connection string is not copied.  All are for the broker's thread. */
void askers_init(struct askers *askers, const char *conninfo, struct report *report);

/* Copies the room.  The answer is a JOB_ASK that is reported: GIVEN (also where something was said
 * already), REFUSED or FAILED.  CHAT_EBUSY, CHAT_ENOMEM (also of threads or file descriptors): no
 * answer will come. */
MUST_CHECK enum chat_error askers_ask(struct askers *askers, struct slice room);

/* The threads have to end by then. */
void askers_stop(struct askers *askers, int64_t at);
/* Waits for them until then at most; false: one has not ended. */
MUST_CHECK bool askers_end(struct askers *askers, int64_t until);
/* After all have ended. */
void askers_finish(struct askers *askers);

#endif
