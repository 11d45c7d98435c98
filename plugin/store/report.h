/* What the store's threads have to say to the broker's: outcomes, and log lines.  Knows which parts
 * of the store are without the database, so that the log hears of it once and not once a part. */
#ifndef CHAT_REPORT_H
#define CHAT_REPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "level.h"
#include "queue.h"

enum report_part {
	REPORT_SAVER = 1,
	REPORT_LOADER = 2,
};

/* Why a part is without the database: each is worth a line of its own. */
enum report_why {
	REPORT_UNREACHABLE = 1,
	REPORT_REFUSES = 2,
};

#define REPORT_LINE_MAX 512

struct report {
	struct queue out;
	void (*wake)(void *wake_arg);
	void *wake_arg;
	_Atomic size_t *waiting; /* messages not stored yet */
	size_t waited;           /* that many when the saver had the database back */
	_Atomic bool silent;     /* the broker's thread has stopped listening */
	pthread_mutex_t lock;
	unsigned away;   /* which parts; both at first */
	bool met;        /* the database has been there */
	unsigned whys;   /* which have been said since it was there */
	int64_t said_at; /* when the last of them was */
	char said[REPORT_LINE_MAX];
};

MUST_CHECK bool report_init(
	struct report *report, void (*wake)(void *), void *wake_arg, _Atomic size_t *waiting);
void report_finish(struct report *report);

/* All of these from any thread. */

/* Takes the items. */
void report_items(struct report *report, struct items *items);

/* Waits for memory rather than lose it; false when `wakeup` says stop meanwhile. */
bool report_answering(struct report *report, bool yes, struct wakeup *wakeup);

/* Cannot fail visibly: without memory the line is lost. */
void report_line(struct report *report, enum store_level level, const char *line);

/* A part is without the database, because of what `line` says.  Logged when it is news. */
void report_away(struct report *report, enum report_part part, enum report_why why,
	enum store_level level, const char *line);
/* It has it again. */
void report_back(struct report *report, enum report_part part);

#endif
