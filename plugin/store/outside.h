/* What comes from outside of this broker: the application's requests, and what it and users of
 * other brokers have decided.
 *
 * The tables are the truth.  They are looked at once a second (chat.poll), and at once when a
 * NOTIFY says that there is something.  For one thread. */
#ifndef CHAT_OUTSIDE_H
#define CHAT_OUTSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "job.h"
#include "pgconn.h"

extern const struct statement statement_enter;
extern const struct statement statement_poll;
extern const struct statement statement_news;
extern const struct statement statement_carry_out;

/* The channel that says that there is something. */
#define OUTSIDE_CHANNEL "chat"

/* Recent news, by which one that is read again is recognised.  News are read again as long as a
 * transaction is running that is older; to hear of one twice does no harm. */
#define OUTSIDE_HEARD_MAX 64

struct outside {
	int32_t node;      /* this broker's number, without a cluster; 0: it has none yet */
	bool has_since;    /* news have been read */
	int64_t since;     /* where the next news begin */
	bool requests;     /* somebody has asked for something */
	bool news;         /* something was decided */
	bool site_decides; /* the application has a may_chat of its own */
	int64_t due;       /* the next look, of clock_ms */
	/* The statement that the database refuses each time, until when it is not tried again, and
	 * how long that was. */
	const struct statement *refused; /* NULL: none */
	int64_t refused_until;
	int refused_pause;
	/* The connection was lost with the answer to chat.carry_out(): something may have been
	 * stored of which nobody was told. */
	bool untold;
	char epoch[EPOCH_MAX + 1]; /* that `since` is of */
	uint64_t heard[OUTSIDE_HEARD_MAX];
	unsigned heard_count; /* ever */
};

/* There is a new connection, to a database in this epoch.  The broker's number stays. */
void outside_begin(struct outside *outside, const char *epoch, int64_t now);

/* A NOTIFY came. */
void outside_notified(struct outside *outside, int64_t now);

bool outside_due(const struct outside *outside, int64_t now);

/* When there is something to do again. */
int64_t outside_next(const struct outside *outside);

/* Runs one statement, and appends to `out` what came of it. */
void outside_run(struct outside *outside, struct pgconn *conn, struct params *params,
	_Atomic size_t *undrained, struct items *out, int64_t now);

#endif
