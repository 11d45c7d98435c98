#include "pgconn.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000

/* A statement without an answer for so long: the server is frozen or unreachable.  Longer than
 * STATEMENT_TIMEOUT, so that a server that lives can say so itself. */
#define DEADLINE_MS 10000
#define STATEMENT_TIMEOUT "8s"

/* For an attempt at one host, where the connection string does not say. */
#define CONNECT_TIMEOUT_S 5
#define CONNECT_TIMEOUT "5"

#define STRING(x) STRING_OF(x)
#define STRING_OF(x) #x

/* What a connection string may override.  An environment variable has to win too, but libpq asks it
 * only for what is not given. */
static const struct {
	const char *keyword;
	const char *value;
	const char *environment;
} defaults[] = {
	{"fallback_application_name", "mosquitto-chat", NULL},
	{"connect_timeout", CONNECT_TIMEOUT, "PGCONNECT_TIMEOUT"},
	{"keepalives_idle", "30", NULL},
	{"keepalives_interval", "5", NULL},
	{"keepalives_count", "3", NULL},
	{"tcp_user_timeout", STRING(DEADLINE_MS), NULL},
};
#define DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

const char *pgconn_check(const char *conninfo)
{
	const char *wrong = NULL;
	char *error = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &error);
	if (options == NULL) {
		/* The error text quotes parts of the string, and so perhaps of a password. */
		PQfreemem(error);
		return "is not a libpq connection string or URI";
	}
	for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
		/* libpq would put the host, with the rest of the password, into its messages. */
		if (strncmp(option->keyword, "host", 4) == 0 && option->val != NULL &&
			option->val[0] != '/' && option->val[0] != '@' &&
			strchr(option->val, '@') != NULL) {
			wrong = "has an @ in its host: write one in a password as %40";
		}
	}
	PQconninfoFree(options);
	return wrong;
}

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

/* Gives the connection up and reports why.  `line` never quotes what the server says about rows;
 * NULL: nothing to say. */
static void drop(struct pgconn *conn, enum report_why why, enum store_level level, const char *line)
{
	pgconn_finish(conn);
	conn->backoff_ms = conn->backoff_ms == 0 ? BACKOFF_MIN_MS : conn->backoff_ms * 2;
	if (conn->backoff_ms > BACKOFF_MAX_MS) {
		conn->backoff_ms = BACKOFF_MAX_MS;
	}
	conn->retry_at = clock_ms() + conn->backoff_ms;
	if (line != NULL) {
		report_away(conn->options.report, conn->options.part, why, level, line);
	}
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
static void drop_broken(struct pgconn *conn, const char *what)
{
	char reason[REPORT_LINE_MAX / 2];
	char line[REPORT_LINE_MAX];
	first_line(conn->pg == NULL ? "out of memory" : PQerrorMessage(conn->pg), reason,
		sizeof(reason));
	snprintf(line, sizeof(line), "database: %s: %s", what,
		reason[0] == '\0' ? "no reason given" : reason);
	drop(conn, REPORT_UNREACHABLE, STORE_WARNING, line);
}

static void drop_refused(struct pgconn *conn, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	enum verdict verdict = sqlstate_verdict(sqlstate);
	char line[REPORT_LINE_MAX];
	if (verdict == VERDICT_HOLD) {
		snprintf(line, sizeof(line),
			"database: refuses with SQLSTATE %s; is it the right database and role, and was "
			"sql/install.sql run in it? Trying again",
			sqlstate);
	} else {
		snprintf(line, sizeof(line), "database: cannot serve, SQLSTATE %s; trying again",
			sqlstate == NULL ? "unknown" : sqlstate);
	}
	drop(conn, REPORT_REFUSES, verdict == VERDICT_HOLD ? STORE_ERROR : STORE_WARNING, line);
}

void pgconn_give_up(struct pgconn *conn, const char *line)
{
	conn->unproven = true;
	drop(conn, REPORT_REFUSES, STORE_WARNING, line);
}

void pgconn_wrong_schema(struct pgconn *conn, const struct statement *statement)
{
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		"database: %s answers with something else than the schema promises: run "
		"sql/install.sql of this release",
		statement->function);
	drop(conn, REPORT_REFUSES, STORE_ERROR, line);
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

static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

static bool start(struct pgconn *conn)
{
	const char *keywords[DEFAULTS + 3];
	const char *values[DEFAULTS + 3];
	size_t n = 0;

	/* In the order of growing weight: the string overrides what stands before it. */
	for (size_t i = 0; i < DEFAULTS; i++) {
		if (defaults[i].environment == NULL || getenv(defaults[i].environment) == NULL) {
			keywords[n] = defaults[i].keyword;
			values[n++] = defaults[i].value;
		}
	}
	if (conn->options.conninfo[0] != '\0') {
		keywords[n] = "dbname";
		values[n++] = conn->options.conninfo;
	}
	keywords[n] = "client_encoding";
	values[n++] = "UTF8";
	keywords[n] = NULL;
	values[n] = NULL;
	conn->pg = PQconnectStartParams(keywords, values, 1);
	if (conn->pg == NULL || PQstatus(conn->pg) == CONNECTION_BAD) {
		return false;
	}
	PQsetNoticeReceiver(conn->pg, ignore_notice, NULL);
	return true;
}

/* libpq leaves the time-out to those who connect in steps.  All hosts get their share. */
static int64_t connect_deadline(const PGconn *pg)
{
	int seconds = CONNECT_TIMEOUT_S;
	int hosts = 1;
	PQconninfoOption *options = PQconninfo((PGconn *)pg);
	for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
		if (o->val == NULL) {
			continue;
		}
		if (strcmp(o->keyword, "connect_timeout") == 0 && atoi(o->val) > 0) {
			seconds = atoi(o->val);
		} else if (strcmp(o->keyword, "host") == 0) {
			for (const char *c = o->val; *c != '\0'; c++) {
				hosts += *c == ',';
			}
		}
	}
	PQconninfoFree(options);
	return clock_ms() + (int64_t)seconds * 1000 * hosts;
}

static enum wakeup_event wait_socket(struct pgconn *conn, short events, int64_t until)
{
	enum wakeup_event event;
	do {
		event = wakeup_wait(conn->options.wakeup, PQsocket(conn->pg), events, until);
	} while (event == WAKEUP_RANG);
	return event;
}

static bool handshake(struct pgconn *conn)
{
	int64_t deadline = connect_deadline(conn->pg);
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;
	while (next != PGRES_POLLING_OK) {
		if (next == PGRES_POLLING_FAILED) {
			drop_broken(conn, "cannot connect");
			return false;
		}
		short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		enum wakeup_event event = wait_socket(conn, events, deadline);
		if (event != WAKEUP_SOCKET) {
			drop(conn, REPORT_UNREACHABLE, STORE_WARNING,
				event == WAKEUP_STOP ? NULL
						     : "database: cannot connect: no answer");
			return false;
		}
		next = PQconnectPoll(conn->pg);
	}
	if (PQsetnonblocking(conn->pg, 1) != 0) {
		drop_broken(conn, "cannot connect");
		return false;
	}
	return true;
}

/* Sends all that libpq still holds.  False: broken, or time is up. */
static enum wakeup_event flush(struct pgconn *conn, int64_t deadline)
{
	int left;
	while ((left = PQflush(conn->pg)) == 1) {
		enum wakeup_event event = wait_socket(conn, POLLIN | POLLOUT, deadline);
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
			*event = wait_socket(conn, POLLIN, deadline);
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
static PGresult *finish_sent(struct pgconn *conn, bool sent)
{
	enum wakeup_event event = WAKEUP_SOCKET;
	PGresult *result = sent ? collect(conn, clock_ms() + DEADLINE_MS, &event) : NULL;
	if (result == NULL) {
		if (event == WAKEUP_STOP) {
			drop(conn, REPORT_UNREACHABLE, STORE_NOTICE, NULL);
		} else if (event == WAKEUP_TIMEOUT) {
			drop(conn, REPORT_UNREACHABLE, STORE_WARNING,
				"database: connection given up: no answer for " STRING(
					DEADLINE_MS) " ms");
		} else {
			drop_broken(conn, "connection lost");
		}
	}
	return result;
}

static PGresult *run_simple(struct pgconn *conn, const char *sql)
{
	return finish_sent(conn, PQsendQuery(conn->pg, sql) == 1);
}

/* True when the result is good; otherwise the connection is given up. */
static bool well_done(struct pgconn *conn, PGresult *result)
{
	if (result == NULL) {
		return false;
	}
	ExecStatusType status = PQresultStatus(result);
	bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
	if (!good) {
		drop_refused(conn, result);
	}
	return good;
}

static bool apply_settings(struct pgconn *conn)
{
	char sql[512];
	/* The functions count on a snapshot for each statement: read committed. */
	snprintf(sql, sizeof(sql),
		"set client_min_messages = error;"
		"set default_transaction_isolation = 'read committed';"
		"set statement_timeout = '" STATEMENT_TIMEOUT "';"
		"set lock_timeout = '%dms';"
		"set idle_in_transaction_session_timeout = '10s'",
		conn->options.lock_timeout_ms);
	PGresult *result = run_simple(conn, sql);
	bool good = well_done(conn, result);
	PQclear(result);
	return good;
}

/* Is the schema the one that the statements are written for? */
static bool check_version(struct pgconn *conn)
{
	PGresult *result = run_simple(conn, "select chat.version()");
	if (!well_done(conn, result)) {
		PQclear(result);
		return false;
	}
	int version = PQntuples(result) == 1 ? atoi(PQgetvalue(result, 0, 0)) : 0;
	PQclear(result);
	if (version == SCHEMA_VERSION) {
		return true;
	}
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		version < SCHEMA_VERSION
			? "database: schema chat is version %d, this plugin needs %d: run psql -v "
			  "ON_ERROR_STOP=1 -f sql/install.sql of this release"
			: "database: schema chat is version %d, this plugin knows only %d: install the "
			  "plugin of the release that the schema is from",
		version, SCHEMA_VERSION);
	drop(conn, REPORT_REFUSES, STORE_ERROR, line);
	return false;
}

static bool prepare(struct pgconn *conn)
{
	for (size_t i = 0; i < conn->options.count; i++) {
		const struct statement *s = conn->options.statements[i];
		PGresult *result = finish_sent(
			conn, PQsendPrepare(conn->pg, s->name, s->sql, s->count, s->types) == 1);
		bool good = well_done(conn, result);
		PQclear(result);
		if (!good) {
			return false;
		}
	}
	return true;
}

bool pgconn_connect(struct pgconn *conn)
{
	if (!start(conn)) {
		drop_broken(conn, "cannot connect");
		return false;
	}
	if (!handshake(conn) || !apply_settings(conn) || !check_version(conn) || !prepare(conn)) {
		return false;
	}
	conn->state = PGCONN_READY;
	if (!conn->unproven) {
		report_back(conn->options.report, conn->options.part);
	}
	return true;
}

static PGresult *run_prepared(
	struct pgconn *conn, const struct statement *statement, const struct params *params)
{
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX];
	int formats[PARAMS_MAX];
	for (int i = 0; i < params->count; i++) {
		/* An empty value is no null. */
		values[i] = params->values[i].bytes == NULL ? "" : params->values[i].bytes;
		lengths[i] = (int)params->values[i].len;
		formats[i] = 1;
	}
	return finish_sent(conn, PQsendQueryPrepared(conn->pg, statement->name, params->count,
					 values, lengths, formats, 1) == 1);
}

/* What an error of the server says about the statement. */
static enum pgconn_ran refusal(struct pgconn *conn, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	switch (sqlstate_verdict(sqlstate)) {
	case VERDICT_AGAIN:
		return RAN_INTO_LOCK;
	case VERDICT_REFUSE:
		snprintf(conn->sqlstate, sizeof(conn->sqlstate), "%s", sqlstate);
		return RAN_REFUSED;
	case VERDICT_AWAY:
	case VERDICT_HOLD:
		break;
	}
	conn->unproven = true;
	drop_refused(conn, result);
	return RAN_NOT;
}

enum pgconn_ran pgconn_run(struct pgconn *conn, const struct statement *statement,
	const struct params *params, PGresult **result)
{
	*result = run_prepared(conn, statement, params);
	if (*result == NULL) {
		conn->unproven = true;
		return RAN_PERHAPS;
	}
	if (PQresultStatus(*result) == PGRES_TUPLES_OK) {
		return RAN_WELL;
	}
	enum pgconn_ran ran = refusal(conn, *result);
	PQclear(*result);
	*result = NULL;
	return ran;
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
			drop_broken(conn, "connection lost");
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
