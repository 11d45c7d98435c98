#include "pgconn.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pgconn_inside.h"
#include "verdict.h"

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000

/* With several hosts the one that can serve is to be found soon. */
#define BACKOFF_MAX_SEVERAL_MS 2000

/* Statements that take longer get a line in the log. */
#define SLOW_MS 1000

/* A statement that tells waits for the broker to be in its cluster, which takes milliseconds. */
#define NODE_WAIT_MS 1000
#define NODE_LOOK_MS 5

void pgconn_init(struct pgconn *conn, const struct pgconn_options *options)
{
	*conn = (struct pgconn){.options = *options, .state = PGCONN_AWAY};
}

void pgconn_finish(struct pgconn *conn)
{
	PQfinish(conn->pg);
	conn->pg = NULL;
	conn->state = PGCONN_AWAY;
}

void pgconn_well(struct pgconn *conn)
{
	conn->backoff_ms = 0;
	if (conn->unproven) {
		conn->unproven = false;
		report_back(conn->options.report, conn->options.part);
	}
}

static void back_off(struct pgconn *conn)
{
	int max = conn->several ? BACKOFF_MAX_SEVERAL_MS : BACKOFF_MAX_MS;
	conn->backoff_ms = conn->backoff_ms == 0 ? BACKOFF_MIN_MS : conn->backoff_ms * 2;
	if (conn->backoff_ms > max) {
		conn->backoff_ms = max;
	}
	conn->retry_at = clock_ms() + conn->backoff_ms;
}

static void report_failure(struct pgconn *conn)
{
	if (conn->failure.why != 0) {
		report_away(conn->options.report, conn->options.part, conn->failure.why,
			conn->failure.level, conn->failure.line, clock_ms());
	}
	conn->failure.why = 0;
}

void pgconn_drop(struct pgconn *conn, enum report_why why, enum store_level level, const char *line)
{
	pgconn_finish(conn);
	if (line != NULL && why >= conn->failure.why) {
		conn->failure.why = why;
		conn->failure.level = level;
		snprintf(conn->failure.line, sizeof(conn->failure.line), "%s", line);
	}
	/* An attempt to connect goes on with the next address. */
	if (!conn->connecting) {
		back_off(conn);
		report_failure(conn);
	}
}

bool pgconn_connect(struct pgconn *conn)
{
	conn->failure.why = 0;
	conn->connecting = true;
	bool connected = pgconn_try_hosts(conn);
	conn->connecting = false;
	if (!connected) {
		back_off(conn);
		report_failure(conn);
		return false;
	}
	conn->failure.why = 0;
	conn->state = PGCONN_READY;
	/* Who has nothing to ask would never prove it otherwise, and wait longer after each loss. */
	if (!conn->unproven) {
		pgconn_well(conn);
		report_back(conn->options.report, conn->options.part);
	}
	return true;
}

/* The first line of what libpq says about the connection, without what a terminal would act on. */
static void first_line(const char *text, char *line, size_t size)
{
	size_t len = 0;
	while (text[len] != '\0' && text[len] != '\n' && len + 1 < size) {
		unsigned char c = (unsigned char)text[len];
		line[len++] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	line[len] = '\0';
}

/* The connection itself failed; nothing in its message is about rows. */
void pgconn_drop_broken(struct pgconn *conn, const char *what)
{
	char reason[REPORT_LINE_MAX / 2];
	char line[REPORT_LINE_MAX];
	first_line(conn->pg == NULL ? "out of memory" : PQerrorMessage(conn->pg), reason,
		sizeof(reason));
	snprintf(line, sizeof(line), "database: %s: %s", what,
		reason[0] == '\0' ? "no reason given" : reason);
	pgconn_drop(conn, REPORT_UNREACHABLE, STORE_WARNING, line);
}

#define READ_ONLY "25006"
#define POOLER                                                                                     \
	"a pooler hands our statements to different connections (PgBouncer's pool_mode = "         \
	"transaction?); it has to be pool_mode = session, or a direct connection"

static bool is(const char *sqlstate, const char *one)
{
	return sqlstate != NULL && strcmp(sqlstate, one) == 0;
}

/* What an operator would not guess from the number; NULL: nothing. */
static const char *words_for(const char *sqlstate)
{
	static const char *const known[][2] = {
		{READ_ONLY, "is read-only (a standby, or default_transaction_read_only is on)"},
		{"26000", POOLER},
		{"42P05", POOLER},
		{"53100", "its disk is full"},
		{"53300", "has no connection left for us"},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (is(sqlstate, known[i][0])) {
			return known[i][1];
		}
	}
	return NULL;
}

void pgconn_drop_refused(struct pgconn *conn, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	enum verdict verdict = sqlstate_verdict(sqlstate);
	const char *words = words_for(sqlstate);
	char line[REPORT_LINE_MAX];
	if (words != NULL) {
		snprintf(line, sizeof(line), "database: %s, SQLSTATE %s; trying again", words,
			sqlstate);
	} else if (verdict == VERDICT_HOLD) {
		snprintf(line, sizeof(line),
			"database: refuses with SQLSTATE %s; is it the right database and role, and was "
			"sql/install.sql run in it? Trying again",
			sqlstate);
	} else {
		snprintf(line, sizeof(line), "database: cannot serve, SQLSTATE %s; trying again",
			sqlstate == NULL ? "unknown" : sqlstate);
	}
	conn->look_elsewhere = conn->look_elsewhere || is(sqlstate, READ_ONLY);
	pgconn_drop(
		conn, REPORT_REFUSES, verdict == VERDICT_HOLD ? STORE_ERROR : STORE_WARNING, line);
}

void pgconn_give_up(struct pgconn *conn, const char *line)
{
	conn->unproven = true;
	pgconn_drop(conn, REPORT_REFUSES, STORE_WARNING, line);
}

void pgconn_wrong_schema(struct pgconn *conn, const struct statement *statement)
{
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		"database: %s answers with something else than the schema promises: run "
		"sql/install.sql of this release",
		statement->function);
	pgconn_drop(conn, REPORT_REFUSES, STORE_ERROR, line);
}

void pgconn_hurry(struct pgconn *conn)
{
	conn->backoff_ms = 0;
	if (!conn->hurried) {
		conn->hurried = true;
		conn->retry_at = clock_ms();
	}
}

const char *pgconn_sqlstate(const struct pgconn *conn)
{
	return conn->sqlstate;
}

enum wakeup_event pgconn_wait_socket(struct pgconn *conn, short events, int64_t until)
{
	enum wakeup_event event;
	do {
		event = wakeup_wait(conn->options.wakeup, PQsocket(conn->pg), events, until);
	} while (event == WAKEUP_RANG);
	return event;
}

/* Sends all that libpq still holds.  False: broken, or time is up. */
static enum wakeup_event flush(struct pgconn *conn, int64_t deadline)
{
	int left;
	while ((left = PQflush(conn->pg)) == 1) {
		enum wakeup_event event = pgconn_wait_socket(conn, POLLIN | POLLOUT, deadline);
		if (event != WAKEUP_SOCKET) {
			return event;
		}
		/* The server may be unable to read before we have read what it sent. */
		if (PQconsumeInput(conn->pg) == 0) {
			break;
		}
	}
	return WAKEUP_SOCKET;
}

/* The last result of what was sent, or the error that followed it: a commit may fail after the rows
 * have come.  NULL: *event says whether time is up, or the connection is broken (WAKEUP_SOCKET). */
static PGresult *collect(struct pgconn *conn, int64_t deadline, enum wakeup_event *event)
{
	PGresult *kept = NULL;
	*event = flush(conn, deadline);
	while (*event == WAKEUP_SOCKET) {
		if (PQisBusy(conn->pg) != 0) {
			*event = pgconn_wait_socket(conn, POLLIN, deadline);
			if (*event == WAKEUP_SOCKET && PQconsumeInput(conn->pg) == 0) {
				break;
			}
			continue;
		}
		PGresult *result = PQgetResult(conn->pg);
		if (result == NULL) {
			if (PQstatus(conn->pg) == CONNECTION_OK) {
				return kept;
			}
			break;
		}
		if (PQresultStatus(kept) == PGRES_FATAL_ERROR && kept != NULL) {
			PQclear(result);
		} else {
			PQclear(kept);
			kept = result;
		}
	}
	PQclear(kept);
	return NULL;
}

/* What was sent with `sent`; on the way out of trouble the connection is given up. */
PGresult *pgconn_finish_sent(struct pgconn *conn, bool sent)
{
	enum wakeup_event event = WAKEUP_SOCKET;
	PGresult *result = sent ? collect(conn, clock_ms() + DEADLINE_MS, &event) : NULL;
	if (result == NULL) {
		if (event == WAKEUP_STOP) {
			pgconn_drop(conn, REPORT_UNREACHABLE, STORE_NOTICE, NULL);
		} else if (event == WAKEUP_TIMEOUT) {
			conn->look_elsewhere = true;
			pgconn_drop(conn, REPORT_UNREACHABLE, STORE_WARNING,
				"database: connection given up: no answer for " STRING(
					DEADLINE_MS) " ms");
		} else {
			pgconn_drop_broken(conn, "connection lost");
		}
	}
	return result;
}

/* `stream`: of what it tells; 0: to nobody. */
static PGresult *run_prepared(struct pgconn *conn, const struct statement *statement,
	const struct params *params, int32_t stream)
{
	const char *values[PARAMS_MAX + 1];
	int lengths[PARAMS_MAX + 1];
	int formats[PARAMS_MAX + 1];
	char stream_bytes[4];
	int count = params->count;
	for (int i = 0; i < params->count; i++) {
		const struct param *param = &params->values[i];
		/* An empty value is no null. */
		values[i] = param->null ? NULL : param->bytes == NULL ? "" : param->bytes;
		lengths[i] = (int)param->len;
		formats[i] = 1;
	}
	if (statement->tells) {
		for (int i = 0; i < 4; i++) {
			stream_bytes[i] = (char)((uint32_t)stream >> (24 - 8 * i));
		}
		values[count] = stream == 0 ? NULL : stream_bytes;
		lengths[count] = sizeof(stream_bytes);
		formats[count++] = 1;
	}
	return pgconn_finish_sent(conn, PQsendQueryPrepared(conn->pg, statement->name, count,
						values, lengths, formats, 1) == 1);
}

/* The server goes on, and its disk and memory have room: then it may be a row. */
static bool may_be_a_row(const struct statement *statement, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	return statement->takes_rows && is(severity, "ERROR") && sqlstate != NULL &&
	       strncmp(sqlstate, "53", 2) != 0 && strncmp(sqlstate, "58", 2) != 0;
}

/* The same statement without rows succeeds: schema and rights are as they should be.  When the
 * connection does not survive the question it is given up. */
static bool works_without_rows(struct pgconn *conn, const struct statement *statement)
{
	struct params none = {0};
	PGresult *result = NULL;
	if (params_empty(&none, statement->types, statement->count - statement->tells)) {
		result = run_prepared(conn, statement, &none, 0);
	}
	bool works = PQresultStatus(result) == PGRES_TUPLES_OK;
	PQclear(result);
	params_finish(&none);
	return works;
}

/* A trigger of the application can raise whatever it likes, also what would say of the database
 * that it is away, as when the trigger asks another server: that row waits, and the others do not.
 */
static enum verdict verdict_on(
	struct pgconn *conn, const struct statement *statement, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	enum verdict verdict = sqlstate_verdict(sqlstate);
	bool whole = verdict == VERDICT_HOLD || verdict == VERDICT_AWAY;
	if (!whole || !may_be_a_row(statement, result) || !works_without_rows(conn, statement)) {
		return verdict;
	}
	return verdict == VERDICT_HOLD || is(sqlstate, "0A000") ? VERDICT_REFUSE : VERDICT_AGAIN;
}

/* What an error of the server says about the statement. */
static enum pgconn_ran refusal(struct pgconn *conn, const struct statement *statement,
	const PGresult *result, int32_t stream)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	enum verdict verdict = verdict_on(conn, statement, result);
	if (verdict == VERDICT_OUT) {
		node_is_out(conn->options.node, stream);
		return RAN_NOT;
	}
	if (verdict == VERDICT_AGAIN || verdict == VERDICT_REFUSE) {
		snprintf(conn->sqlstate, sizeof(conn->sqlstate), "%s", sqlstate);
		return verdict == VERDICT_AGAIN ? RAN_INTO_LOCK : RAN_REFUSED;
	}
	conn->unproven = true;
	pgconn_drop_refused(conn, result);
	return RAN_NOT;
}

/* The connection's stream, 0 where there is no cluster.  False: this broker is not in its cluster,
 * or the thread has to stop. */
static bool await_stream(const struct pgconn *conn, int32_t *stream)
{
	const struct node *node = conn->options.node;
	int64_t until = clock_ms() + NODE_WAIT_MS;
	*stream = 0;
	while (node->in_cluster && *stream == 0) {
		int64_t now = clock_ms();
		int32_t number = atomic_load(&node->number);
		if (number != 0) {
			*stream = number * STREAMS_PER_NODE + conn->options.writer;
		} else if (now >= until || wakeup_wait(conn->options.wakeup, NO_SOCKET, 0,
						   now + NODE_LOOK_MS) == WAKEUP_STOP) {
			return false;
		}
	}
	return true;
}

enum pgconn_ran pgconn_run(struct pgconn *conn, const struct statement *statement,
	const struct params *params, PGresult **result)
{
	*result = NULL;
	int32_t stream = 0;
	if (statement->tells && !await_stream(conn, &stream)) {
		return RAN_NOT;
	}
	int64_t begun = clock_ms();
	*result = run_prepared(conn, statement, params, stream);
	int64_t now = clock_ms();
	if (now - begun >= SLOW_MS) {
		report_slow(conn->options.report, statement->function, now - begun, now);
	}
	if (*result == NULL) {
		conn->unproven = true;
		return RAN_PERHAPS;
	}
	if (PQresultStatus(*result) == PGRES_TUPLES_OK) {
		if (statement->tells) {
			node_told(conn->options.node, conn->options.writer);
		}
		return RAN_WELL;
	}
	enum pgconn_ran ran = refusal(conn, statement, *result, stream);
	PQclear(*result);
	*result = NULL;
	return ran;
}

static bool notified(struct pgconn *conn, int unless)
{
	bool any = false;
	PGnotify *notify;
	while (conn->pg != NULL && (notify = PQnotifies(conn->pg)) != NULL) {
		any = any || notify->be_pid != unless;
		PQfreemem(notify);
	}
	return any;
}

bool pgconn_notified(struct pgconn *conn)
{
	return notified(conn, 0);
}

bool pgconn_notified_by_others(struct pgconn *conn)
{
	return notified(conn, conn->pg == NULL ? 0 : PQbackendPID(conn->pg));
}

enum wakeup_event pgconn_sleep(struct pgconn *conn, int64_t until)
{
	if (conn->state != PGCONN_READY) {
		return wakeup_wait(conn->options.wakeup, NO_SOCKET, 0, until);
	}
	enum wakeup_event event =
		wakeup_wait(conn->options.wakeup, PQsocket(conn->pg), POLLIN, until);
	if (event == WAKEUP_SOCKET) {
		/* Nobody asked: a notice, or the end. */
		if (PQconsumeInput(conn->pg) == 0 || PQstatus(conn->pg) == CONNECTION_BAD) {
			pgconn_drop_broken(conn, "connection lost");
		} else {
			while (PQisBusy(conn->pg) == 0) {
				PGresult *result = PQgetResult(conn->pg);
				if (result == NULL) {
					break;
				}
				PQclear(result);
			}
		}
	}
	return event;
}
