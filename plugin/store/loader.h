/* The thread that answers loads, moves read markers and changes messages, in batches, on a
 * connection of its own; behind that it hears of the application (outside.h) and writes down who
 * was seen. While it has no connection its queue is closed and nothing waits here: who asks is told
 * at once, and asks again when the store is answering. */
#ifndef CHAT_LOADER_H
#define CHAT_LOADER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "agreement.h"
#include "deliveries.h"
#include "outside.h"
#include "pgconn.h"
#include "queue.h"
#include "report.h"
#include "seen_notes.h"
#include "tasks.h"
#include "wakeup.h"

/* Requests that wait: ten thousand clients that come at once ask for two things each. */
#define ASKED_MAX 65536

/* The kinds of task, in the order in which a turn runs a batch of each: what writes comes first, so
 * that a history that is asked for after a mark or a change shows it. */
enum loader_kind {
	LOADER_MARK,
	LOADER_CHANGE,
	LOADER_MUTE,
	LOADER_BLOCK,
	LOADER_UNREAD,
	LOADER_HISTORY,
	LOADER_CHANGES,
	LOADER_CHATS,
	LOADER_SETTLE,
	LOADER_KINDS,
};

/* Statements besides those of the kinds. */
#define LOADER_BESIDES 7

struct loader {
	struct queue seen; /* of seen_job; always open */
	struct queue in;   /* of struct task; closed while not answering */
	struct wakeup wakeup;
	struct report *report;
	struct node *node;
	_Atomic size_t asked;     /* requests that are not answered yet */
	_Atomic size_t undrained; /* bytes of answers that the broker's thread has not taken yet */

	/* The thread's own from here on. */
	struct pgconn conn;
	const struct statement *statements[LOADER_KINDS + LOADER_BESIDES]; /* of conn */
	struct params params;
	bool answering;
	struct tasks tasks[LOADER_KINDS];
	struct deliveries deliveries;
	struct outside outside;
	struct agreement agreement;
	struct seen_notes notes;
};

MUST_CHECK bool loader_init(
	struct loader *loader, const char *conninfo, struct node *node, struct report *report);
/* After the thread has ended, and what it has put out is freed. */
void loader_finish(struct loader *loader);

/* The thread: ends when the wakeup's stop_at has passed. */
void *loader_run(void *loader);

#endif
