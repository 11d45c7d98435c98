/* What pgconn.c and pgconn_connect.c share. */
#ifndef CHAT_PGCONN_INSIDE_H
#define CHAT_PGCONN_INSIDE_H

#include "pgconn.h"

/* A statement without an answer for so long: the server is frozen or unreachable.  Longer than
 * STATEMENT_TIMEOUT, so that a server that lives can say so itself.  It needs both: PostgreSQL
 * disarms statement_timeout before it commits, so a commit that waits for its disk, or for a
 * standby that has to confirm it, ends at DEADLINE_MS only. */
#define DEADLINE_MS 8000
#define STATEMENT_TIMEOUT "7s"

#define STRING(x) STRING_OF(x)
#define STRING_OF(x) #x

/* Tries every address in turn, until one is connected to and set up.  False: what became of the
 * attempts was said to pgconn_drop(). */
bool pgconn_try_hosts(struct pgconn *conn);

/* Waits for libpq's socket, whatever rings meanwhile. */
enum wakeup_event pgconn_wait_socket(struct pgconn *conn, short events, int64_t until);

/* The result of what was sent, with `sent`.  NULL: the connection is given up. */
PGresult *pgconn_finish_sent(struct pgconn *conn, bool sent);

/* Three ways to give the connection up.  While an attempt to connect goes on, the gravest reason is
 * kept until its end; otherwise it is reported at once. */

/* `line` never quotes what the server says about rows; NULL: nothing to say. */
void pgconn_drop(
	struct pgconn *conn, enum report_why why, enum store_level level, const char *line);
/* The connection itself failed: says what libpq says. */
void pgconn_drop_broken(struct pgconn *conn, const char *what);
/* The server refuses what it should not refuse: says its SQLSTATE and what that asks for. */
void pgconn_drop_refused(struct pgconn *conn, const PGresult *result);

#endif
