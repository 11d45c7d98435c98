/* What the store's threads have to say to the broker's: outcomes, and log lines.  Knows which parts
 * of the store are without the database, so that the log hears of it once and not once a part. */
#ifndef CHAT_REPORT_H
#define CHAT_REPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "level.h"
#include "job.h"
#include "queue.h"

/* The parts of the store that have a connection, a bit for each; none is one that nobody waits for
 * long: what is wrong with its connection is said now and then, and the database is not away
 * because of it. */
#define REPORT_BESIDE 0u
#define REPORT_LOADER 1u
#define REPORT_FEED 2u
#define REPORT_SAVER(number) (4u << (number))

/* Why a part is without the database: each is worth a line of its own. */
enum report_why {
	REPORT_UNREACHABLE = 1,
	REPORT_REFUSES = 2,
};

/* What may be said often, each with a limit of its own. */
enum report_kind {
	REPORT_SLOW,              /* a statement took long */
	REPORT_REFUSED_MESSAGE,   /* for good */
	REPORT_REFUSED_TASK,      /* a read marker, a change, an answer */
	REPORT_REFUSED_NOTE,      /* of who was seen */
	REPORT_REFUSED_REQUEST,   /* of the application's */
	REPORT_REFUSED_DELIVERY,  /* to mark what was read */
	REPORT_REFUSED_STATEMENT, /* as a whole, which is tried again */
	REPORT_LOCKED,            /* messages wait for a lock */
	REPORT_BESIDE_AWAY,       /* a connection that asks is away, the others are not */
	REPORT_KINDS,
};

#define REPORT_LINE_MAX 512

struct report {
	struct queue out;
	void (*wake)(void *wake_arg);
	void *wake_arg;
	_Atomic size_t *waiting; /* messages not stored yet */
	size_t waited;           /* that many when a saver had the database back, at most */
	_Atomic bool silent;     /* the broker's thread has stopped listening */
	pthread_mutex_t lock;
	unsigned away;      /* which parts; all at first */
	int64_t away_since; /* when the first of them went; 0: at the start */
	bool was_connected; /* all parts, at some time */
	unsigned reasons;   /* which have been logged since then */
	int64_t said_at;    /* when the last of them was */
	char said[REPORT_LINE_MAX];
	char epoch[EPOCH_MAX + 1]; /* empty: not known yet */
	bool passfile_said;        /* the file is as it was when the log heard of it */
	struct {
		size_t unsaid;   /* since the last line */
		int64_t said_at; /* 0: never */
	} often[REPORT_KINDS];
};

/* `savers`: how many there are. */
MUST_CHECK bool report_init(struct report *report, unsigned savers, void (*wake)(void *),
	void *wake_arg, _Atomic size_t *waiting);
void report_finish(struct report *report);

/* All of these from any thread. */

/* Takes the items. */
void report_items(struct report *report, struct items *items);

/* Waits for memory rather than lose it; false when `wakeup` says stop meanwhile. */
bool report_answering(struct report *report, bool yes, struct wakeup *wakeup);

/* Cannot fail visibly: without memory the line is lost. */
void report_line(struct report *report, enum store_level level, const char *line);

/* The same for what may happen many times a second: once in ten seconds or a minute, with how often
 * it happened since. */
void report_often(struct report *report, enum report_kind kind, enum store_level level,
	const char *line, int64_t now);

/* A part is without the database, because of what `line` says.  To be said at each attempt; logged
 * when it is news, and every five minutes. */
void report_away(struct report *report, unsigned part, enum report_why why, enum store_level level,
	const char *line, int64_t now);
/* It has it again. */
void report_back(struct report *report, unsigned part);

/* The epoch of the database that a connection has just been made to.  Passed on when it is another
 * one than before.  False when `wakeup` says stop while it waits for memory. */
bool report_epoch(struct report *report, const char *epoch, struct wakeup *wakeup);

/* A password file that libpq does not use, because others can read it; NULL: none.  Logged once. */
void report_open_passfile(struct report *report, const char *path);

/* A statement took so long that it is worth a line. */
void report_slow(struct report *report, const char *function, int64_t took_ms, int64_t now);

#endif
