/* One connection to Postgres, for one thread: connects when asked to, knows when to try again, runs
 * one prepared statement at a time.  Every wait can be told to stop, and has an end of its own: a
 * server that freezes costs DEADLINE_MS, not for ever. */
#ifndef CHAT_PGCONN_H
#define CHAT_PGCONN_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wakeup.h"
#include "report.h"
#include "statements.h"

struct pgconn_options {
	const char *conninfo; /* not copied */
	const struct statement *const *statements;
	size_t count;
	int lock_timeout_ms;
	enum report_part part;
	struct report *report;
	struct wakeup *wakeup;
};

enum pgconn_state {
	PGCONN_AWAY, /* no connection; the next attempt is due at retry_at */
	PGCONN_READY,
};

struct pgconn {
	struct pgconn_options options;
	enum pgconn_state state;
	PGconn *pg;
	int backoff_ms;
	int64_t retry_at;
	/* The last statement failed with the connection: that there is a new one is not enough to
	 * say that the database is back. */
	bool unproven;
};

/* NULL: fine.  Otherwise what is wrong with the connection string, quoting nothing of it. */
const char *pgconn_check(const char *conninfo);

void pgconn_init(struct pgconn *conn, const struct pgconn_options *options);
void pgconn_finish(struct pgconn *conn);

/* Makes one attempt to connect: settings, schema version, statements.  Reports what comes of it. */
MUST_CHECK bool pgconn_connect(struct pgconn *conn);

/* Runs a statement.  NULL: the connection is lost (the state is then PGCONN_AWAY) or the thread has
 * to stop, and whether the statement was executed is not known.  Otherwise a result to PQclear,
 * which may be the server's refusal. */
MUST_CHECK PGresult *pgconn_run(
	struct pgconn *conn, const struct statement *statement, const struct params *params);

/* A statement has succeeded: the database is back, and the next backoff begins small again. */
void pgconn_well(struct pgconn *conn);

/* Gives the connection up and reports why: the database cannot serve now.  `line` never quotes what
 * the server says about rows. */
void pgconn_drop(
	struct pgconn *conn, enum report_why why, enum store_level level, const char *line);

/* The same for a statement's result that asks for it; the line names its SQLSTATE. */
void pgconn_refused(struct pgconn *conn, const PGresult *result);

/* Sleeps until it is rung, `until`, or, when ready, the connection breaks (which it reports).
 */
enum wakeup_event pgconn_sleep(struct pgconn *conn, int64_t until);

#endif
