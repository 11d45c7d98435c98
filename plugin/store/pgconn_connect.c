#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conninfo.h"
#include "pgconn_inside.h"

/* For an attempt at one address, where nobody has said; the second where there are several. */
#define CONNECT_TIMEOUT_S 5
#define CONNECT_TIMEOUT_SEVERAL_S 3

/* No file: libpq looks into it without a word. */
#define NO_PASSFILE "/dev/null/none"

/* What a connection string may override. */
static const char *const defaults[][2] = {
	{"fallback_application_name", "mosquitto-chat"},
	{"keepalives_idle", "30"},
	{"keepalives_interval", "5"},
	{"keepalives_count", "3"},
	{"tcp_user_timeout", STRING(DEADLINE_MS)},
};
#define DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))
#define OPTIONS_MAX (DEFAULTS + 8)

struct options {
	const char *keywords[OPTIONS_MAX];
	const char *values[OPTIONS_MAX];
	size_t count;
};

/* NULL: not given.  What is added later overrides what stands before it. */
static void add(struct options *options, const char *keyword, const char *value)
{
	if (value != NULL && value[0] != '\0') {
		options->keywords[options->count] = keyword;
		options->values[options->count++] = value;
	}
}

static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

static bool start(struct pgconn *conn, const struct hosts *hosts, const struct host *host)
{
	struct options options = {0};
	for (size_t i = 0; i < DEFAULTS; i++) {
		add(&options, defaults[i][0], defaults[i][1]);
	}
	add(&options, "dbname", conn->options.conninfo);
	add(&options, "host", host->name);
	add(&options, "hostaddr", host->address);
	add(&options, "port", host->port);
	add(&options, "client_encoding", "UTF8");
	/* libpq would say on stderr that it does not use the file, at every attempt. */
	add(&options, "passfile", hosts->open_passfile != NULL ? NO_PASSFILE : NULL);
	conn->pg = PQconnectStartParams(options.keywords, options.values, 1);
	if (conn->pg == NULL || PQstatus(conn->pg) == CONNECTION_BAD) {
		pgconn_drop_broken(conn, "cannot connect");
		return false;
	}
	PQsetNoticeReceiver(conn->pg, ignore_notice, NULL);
	return true;
}

static int64_t timeout_of(const struct hosts *hosts)
{
	int seconds = hosts->count > 1 ? CONNECT_TIMEOUT_SEVERAL_S : CONNECT_TIMEOUT_S;
	return (int64_t)(hosts->timeout_s > 0 ? hosts->timeout_s : seconds) * 1000;
}

static void drop_silent(struct pgconn *conn, const struct host *host)
{
	char line[REPORT_LINE_MAX];
	const char *name = host->name != NULL ? host->name : host->address;
	if (name == NULL) {
		snprintf(line, sizeof(line), "database: cannot connect: no answer");
	} else {
		snprintf(line, sizeof(line), "database: cannot connect: no answer from %s (%s)",
			name, host->address != NULL ? host->address : "its socket");
	}
	pgconn_drop(conn, REPORT_UNREACHABLE, STORE_WARNING, line);
}

/* libpq leaves the time-out to those who connect in steps. */
static bool handshake(struct pgconn *conn, const struct host *host, int64_t deadline)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;
	while (next != PGRES_POLLING_OK) {
		if (next == PGRES_POLLING_FAILED) {
			pgconn_drop_broken(conn, "cannot connect");
			return false;
		}
		short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		enum wakeup_event event = pgconn_wait_socket(conn, events, deadline);
		if (event != WAKEUP_SOCKET) {
			if (event == WAKEUP_STOP) {
				pgconn_drop(conn, REPORT_UNREACHABLE, STORE_WARNING, NULL);
			} else {
				drop_silent(conn, host);
			}
			return false;
		}
		next = PQconnectPoll(conn->pg);
	}
	if (PQsetnonblocking(conn->pg, 1) != 0) {
		pgconn_drop_broken(conn, "cannot connect");
		return false;
	}
	return true;
}

static PGresult *run_simple(struct pgconn *conn, const char *sql)
{
	return pgconn_finish_sent(conn, PQsendQuery(conn->pg, sql) == 1);
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
		pgconn_drop_refused(conn, result);
	}
	return good;
}

/* The functions count on a snapshot for each statement: read committed.  Each of their queries has
 * one index that is right for it: a plan made while the tables are small must not be another one,
 * and is made once.  (Of the time-outs, idle_session_timeout is PostgreSQL 14's.) */
#define SETTINGS                                                                                   \
	"set client_min_messages = error;"                                                         \
	"set default_transaction_isolation = 'read committed';"                                    \
	"set plan_cache_mode = force_generic_plan;"                                                \
	"set enable_seqscan = off;"                                                                \
	"set enable_bitmapscan = off;"                                                             \
	"set enable_hashjoin = off;"                                                               \
	"set enable_mergejoin = off;"                                                              \
	"set jit = off;"                                                                           \
	"set statement_timeout = '" STATEMENT_TIMEOUT "';"                                         \
	"set idle_in_transaction_session_timeout = '10s';"                                         \
	"select set_config(name, '0', false) from pg_settings"                                     \
	" where name = 'idle_session_timeout';"

static bool apply_settings(struct pgconn *conn)
{
	char sql[2048];
	snprintf(sql, sizeof(sql), SETTINGS "set lock_timeout = '%dms';%s",
		conn->options.lock_timeout_ms,
		conn->options.settings == NULL ? "" : conn->options.settings);
	PGresult *result = run_simple(conn, sql);
	bool good = well_done(conn, result);
	PQclear(result);
	return good;
}

static void drop_other_version(struct pgconn *conn, int version)
{
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		version < SCHEMA_VERSION
			? "database: schema chat is version %d, this plugin needs %d: run psql -v "
			  "ON_ERROR_STOP=1 -f sql/install.sql of this release"
			: "database: schema chat is version %d, this plugin knows only %d: install the "
			  "plugin of the release that the schema is from",
		version, SCHEMA_VERSION);
	pgconn_drop(conn, REPORT_REFUSES, STORE_ERROR, line);
}

/* The first edition's schema has a chat.version() without parameters only. */
static bool is_first_edition(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	return sqlstate != NULL && strcmp(sqlstate, "42883") == 0;
}

/* Does the schema serve a plugin that has these statements? */
static bool check_version(struct pgconn *conn)
{
	PGresult *result = run_simple(conn, "select chat.version(" STRING(SCHEMA_VERSION) ")");
	int version = 1;
	if (!is_first_edition(result)) {
		if (!well_done(conn, result)) {
			PQclear(result);
			return false;
		}
		version = PQntuples(result) == 1 ? atoi(PQgetvalue(result, 0, 0)) : 0;
	}
	PQclear(result);
	if (version != SCHEMA_VERSION) {
		drop_other_version(conn, version);
	}
	return version == SCHEMA_VERSION;
}

static bool read_epoch(struct pgconn *conn)
{
	PGresult *result = run_simple(conn, "select chat.epoch()");
	bool good = well_done(conn, result);
	if (good) {
		snprintf(conn->epoch, sizeof(conn->epoch), "%s",
			PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "");
		good = report_epoch(conn->options.report, conn->epoch, conn->options.wakeup);
	}
	PQclear(result);
	return good;
}

static bool prepare(struct pgconn *conn)
{
	for (size_t i = 0; i < conn->options.count; i++) {
		const struct statement *s = conn->options.statements[i];
		PGresult *result = pgconn_finish_sent(
			conn, PQsendPrepare(conn->pg, s->name, s->sql, s->count, s->types) == 1);
		bool good = well_done(conn, result);
		PQclear(result);
		if (!good) {
			return false;
		}
	}
	return true;
}

/* A pooler may not allow it; then a NOTIFY is not heard, and nothing is missed but the time. */
static bool listen_to_notify(struct pgconn *conn)
{
	if (conn->options.listen == NULL) {
		return true;
	}
	PGresult *result = run_simple(conn, conn->options.listen);
	PQclear(result);
	return result != NULL;
}

static bool set_up(struct pgconn *conn)
{
	return apply_settings(conn) && check_version(conn) && read_epoch(conn) && prepare(conn) &&
	       listen_to_notify(conn);
}

static void describe(const struct host *host, char *text, size_t size)
{
	snprintf(text, size, "%s %s %s", host->name == NULL ? "" : host->name,
		host->address == NULL ? "" : host->address, host->port == NULL ? "" : host->port);
}

/* Where to begin: with the address that served last, or behind it when it fell silent. */
static size_t first_of(const struct pgconn *conn, const struct hosts *hosts)
{
	char text[sizeof(conn->served)];
	for (size_t i = 0; i < hosts->count; i++) {
		describe(&hosts->list[i], text, sizeof(text));
		if (strcmp(text, conn->served) == 0) {
			return conn->look_elsewhere ? (i + 1) % hosts->count : i;
		}
	}
	return 0;
}

static bool try_host(struct pgconn *conn, const struct hosts *hosts, const struct host *host)
{
	int64_t deadline = clock_ms() + timeout_of(hosts);
	if (!start(conn, hosts, host) || !handshake(conn, host, deadline) || !set_up(conn)) {
		return false;
	}
	describe(host, conn->served, sizeof(conn->served));
	conn->look_elsewhere = false;
	return true;
}

bool pgconn_try_hosts(struct pgconn *conn)
{
	struct hosts hosts;
	if (!conninfo_hosts(conn->options.conninfo, &hosts)) {
		pgconn_drop_broken(conn, "cannot connect");
		return false;
	}
	report_open_passfile(conn->options.report, hosts.open_passfile);
	conn->several = hosts.count > 1;
	size_t first = first_of(conn, &hosts);
	bool connected = false;
	for (size_t i = 0; i < hosts.count && !connected; i++) {
		if (i > 0 && pgconn_sleep(conn, 0) == WAKEUP_STOP) {
			break;
		}
		connected = try_host(conn, &hosts, &hosts.list[(first + i) % hosts.count]);
	}
	hosts_free(&hosts);
	return connected;
}
