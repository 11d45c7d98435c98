/* The thread that ties this broker to the others of its cluster, on a connection of its own: enters
 * it, says each second that it lives, reads what the others have told in consistent cuts, and
 * passes on what the broker's thread has to say.
 *
 * What is told is in tables; a NOTIFY only saves the others from waiting.  All that was committed
 * is read once, in the order of the commits, however long the connection was away, as long as the
 * others have not taken this broker for dead; then the broker's thread is told to ask for what it
 * may have missed. */
#ifndef CHAT_FEED_H
#define CHAT_FEED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "feed_cut.h"
#include "interest.h"
#include "node.h"
#include "pgconn.h"
#include "queue.h"
#include "report.h"
#include "wakeup.h"

#define FEED_ID_MAX 36

struct feed_options {
	const char *conninfo; /* not copied */
	const char *name;     /* for chat.nodes; not copied */
	int pace_ms;          /* at least so long from cut to cut */
};

struct feed {
	struct feed_options options;
	struct queue in; /* of news_job; always open */
	struct wakeup wakeup;
	struct report *report;
	struct node *node;
	struct interest interest;
	_Atomic uint64_t ticks; /* of the broker's loop: its sign of life */
	_Atomic bool
		too_much; /* did not go into the queue: it enters anew, and all is said again */
	_Atomic size_t undrained; /* bytes of rows that the broker's thread has not taken yet */
	/* For whoever watches. */
	_Atomic int32_t lag_ms;
	_Atomic int32_t resyncs;

	/* The thread's own from here on. */
	struct pgconn conn;
	struct params params;
	struct cursors cursors;
	bool entered;                  /* on this connection */
	int32_t number;                /* the last one; 0: none yet */
	char feed_id[FEED_ID_MAX + 1]; /* that the cursors are of */
	struct items said;             /* news_jobs that are to be told to the others */
	int64_t say_at;                /* not before */
	uint64_t told;                 /* of node->told: the others were woken since */
	bool heard;                    /* the others have told something */
	int64_t cut_at, beat_at;       /* the last ones */
	int64_t cut_took;              /* ms */
	uint64_t ticks_then;           /* at the last beat */
	int32_t lag_since;             /* the longest since the last beat, in ms */
};

/* NULL: out of resources. */
struct feed *feed_create(
	const struct feed_options *options, struct node *node, struct report *report);
/* After the thread has ended, and what it has put out is freed.  NULL is fine. */
void feed_destroy(struct feed *feed);

/* What may wait to be said, while the database is away, say. */
#define FEED_QUEUE_MAX 100000

/* The broker's thread: to the other brokers, or a question to the database.  Copies.  False when
 * out of memory, or when too much waits. */
MUST_CHECK bool feed_tell(struct feed *feed, const struct node_news *news);

/* The thread: ends when it is to stop and has said so to the others, or the wakeup's stop_at has
 * passed. */
void *feed_run(void *feed);

#endif
