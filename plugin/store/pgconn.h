/* One connection to Postgres, for one thread: connects when asked to, knows when to try again, runs
 * one prepared statement at a time.  Every wait can be told to stop, and has an end of its own: a
 * server that freezes costs DEADLINE_MS, not for ever. */
#ifndef CHAT_PGCONN_H
#define CHAT_PGCONN_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node.h"
#include "wakeup.h"
#include "report.h"
#include "statement.h"

struct pgconn_options {
	const char *conninfo; /* not copied */
	const struct statement *const *statements;
	size_t count;
	int lock_timeout_ms;
	const char *settings; /* further ones, in SQL; NULL: none */
	const char *listen;   /* "listen <channel>"; NULL: not to be told of anything */
	struct node *node;    /* NULL where no statement tells */
	int writer;           /* which of the node's streams is this connection's */
	unsigned part;        /* of the report */
	struct report *report;
	struct wakeup *wakeup;
};

enum pgconn_state {
	PGCONN_AWAY, /* no connection; the next attempt is due at retry_at */
	PGCONN_READY,
};

/* Others read `state` and `retry_at`, and write nothing. */
struct pgconn {
	struct pgconn_options options;
	enum pgconn_state state;
	PGconn *pg;
	int backoff_ms;
	int64_t retry_at;
	/* The last statement failed with the connection: that there is a new one is not enough to
	 * say that the database is back. */
	bool unproven;
	bool hurried;
	char epoch[EPOCH_MAX + 1];   /* of the database that it is connected to */
	char sqlstate[6];            /* of the last refusal, or lock */
	char served[512];            /* the address that the last connection was made to */
	bool look_elsewhere;         /* the next attempt begins behind it */
	bool several;                /* addresses, at the last attempt */
	bool connecting;             /* an attempt goes on */
	struct pgconn_failure {      /* of the current attempt, the gravest */
		enum report_why why; /* 0: none */
		enum store_level level;
		char line[REPORT_LINE_MAX];
	} failure;
};

void pgconn_init(struct pgconn *conn, const struct pgconn_options *options);
void pgconn_finish(struct pgconn *conn);

/* Makes one attempt to connect, at each address in turn, beginning with the one that served last:
 * settings, schema version, epoch, statements.  Reports what comes of it. */
MUST_CHECK bool pgconn_connect(struct pgconn *conn);

/* What became of a statement. */
enum pgconn_ran {
	RAN_WELL,
	/* Nothing was done. */
	/* It was in the way of others, or a trigger cannot do its work now: the same again later,
	 * in smaller pieces. */
	RAN_INTO_LOCK,
	RAN_REFUSED, /* for good, and so will be the row that is the cause */
	/* The database cannot now: the connection is given up.  Or this broker is not in its
	 * cluster; that was waited for. */
	RAN_NOT,
	/* It may have been done: the connection is lost, or the thread has to stop. */
	RAN_PERHAPS,
};

/* Runs a statement.  RAN_WELL: *result has the rows; it is the caller's to read and PQclear, who
 * then says pgconn_well() or pgconn_wrong_schema(). */
MUST_CHECK enum pgconn_ran pgconn_run(struct pgconn *conn, const struct statement *statement,
	const struct params *params, PGresult **result);

/* Of the last statement that RAN_REFUSED or RAN_INTO_LOCK. */
const char *pgconn_sqlstate(const struct pgconn *conn);

/* A statement has succeeded: the database is back, and the next backoff begins small again. */
void pgconn_well(struct pgconn *conn);

/* The rows are not what the schema promises: gives the connection up and says what to run. */
void pgconn_wrong_schema(struct pgconn *conn, const struct statement *statement);

/* The database does not serve as it should, says `line`: gives the connection up.  A new one is not
 * enough to say that it is back; a statement has to succeed. */
void pgconn_give_up(struct pgconn *conn, const char *line);

/* The thread is to end soon: the next attempt to connect follows at once, further ones soon after
 * each other. */
void pgconn_hurry(struct pgconn *conn);

/* Whether a NOTIFY came since this was asked last. */
bool pgconn_notified(struct pgconn *conn);
/* The same, but for those that this connection has sent. */
bool pgconn_notified_by_others(struct pgconn *conn);

/* Sleeps until it is rung, `until`, or, when ready, the connection breaks (which it reports). */
enum wakeup_event pgconn_sleep(struct pgconn *conn, int64_t until);

#endif
