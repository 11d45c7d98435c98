/* A thread that stores messages: takes all that wait for it, one statement, commit, and says what
 * became of each, in order within a room.  A room that somebody has locked waits aside with what
 * comes behind it; of a batch that is refused for good, only the messages that are the cause are
 * lost. */
#ifndef CHAT_SAVER_H
#define CHAT_SAVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"
#include "journal.h"
#include "locked_rooms.h"
#include "pgconn.h"
#include "report.h"
#include "save_queues.h"
#include "save_statement.h"

/* How messages that the database refuses for good are told from the others. */
enum saver_search {
	SAVER_EACH,   /* a statement that stores one by one and goes on behind them */
	SAVER_HALVES, /* in halves: what is refused at the commit */
};

/* What all savers share. */
struct saving {
	struct save_queues queues;
	struct report *report;
	_Atomic size_t waiting; /* messages not stored yet */
	/* With a journal; both are set before the threads start. */
	struct journal *journal; /* NULL: none */
	size_t memory_limit;     /* messages in memory, outcomes that nobody has heard yet too */
	_Atomic size_t unheard;
	/* Since the start, for whoever watches. */
	struct histogram commits;
	struct histogram batches;
	_Atomic uint64_t stored;
};

struct saver {
	struct saving *saving;
	struct save_queue *queue; /* its own */
	bool reads_back;          /* what waits in the journal alone; one saver does that for all */

	/* The thread's own from here on. */
	struct pgconn conn;
	struct params params;
	/* New messages in the order of arrival.  May hold some of locked rooms; take_ready() moves
	 * those. */
	struct items ready;
	struct locked_rooms locked;
	size_t cap;               /* rows in the next batch */
	size_t suspects;          /* some of the next so many rows are refused for good */
	enum saver_search search; /* how they are found */
	int64_t not_before;       /* of the next batch */
	int64_t begun;            /* the last statement */
	int strikes;              /* batches in a row that were in the way of others */
	int lone_strikes;         /* of them, those of a single room */
	bool lone_turn;           /* the next batch may be a locked room's that goes alone */
	int64_t locked_said_at;   /* that a room waits */
	struct save_job *batch[SAVES_MAX];
	struct save_answer answers[SAVES_MAX];
	size_t count; /* of the batch */
	size_t bytes;
};

/* The saver with this number, from 0 to SAVERS - 1. */
void saver_init(struct saver *saver, const char *conninfo, struct node *node, struct saving *saving,
	int number);
/* After the thread has ended. */
void saver_finish(struct saver *saver);

/* The thread: ends when its wakeup's stop_at has passed, or before that when it is to stop and
 * nothing waits any more. */
void *saver_run(void *saver);

#endif
