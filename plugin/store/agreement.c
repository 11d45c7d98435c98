#include "agreement.h"

#define TRY_EVERY_MS 5000
/* The server may hold on to a connection that is gone, and brokers are switched one by one. */
#define PATIENCE_MS 30000
#define SAY_EVERY_MS 300000

static const Oid types[] = {OID_BOOL};

/* Numbers of brokers, by which they lock besides, begin with 1. */
const struct statement statement_agree = {
	.name = "agree",
	.function = "pg_try_advisory_lock",
	.sql = "select case when $1 then pg_try_advisory_lock_shared(7481, 0)"
	       " else pg_try_advisory_lock(7481, 0) end",
	.count = 1,
	.types = types,
};

void agreement_begin(struct agreement *agreement, int64_t now)
{
	agreement->agreed = false;
	agreement->since = now;
	agreement->due = now;
}

int64_t agreement_next(const struct agreement *agreement)
{
	return agreement->agreed ? NEVER : agreement->due;
}

static void say(struct agreement *agreement, struct pgconn *conn, int64_t now)
{
	if (agreement->said_at != 0 && now - agreement->said_at < SAY_EVERY_MS) {
		return;
	}
	agreement->said_at = now;
	report_line(conn->options.report, STORE_WARNING,
		conn->options.node->in_cluster
			? "cluster: a broker without plugin_opt_cluster true is on this database: "
			  "its clients and ours do not hear each other"
			: "cluster: another broker is on this database: set plugin_opt_cluster true "
			  "on each, or their clients do not hear each other");
}

void agreement_try(
	struct agreement *agreement, struct pgconn *conn, struct params *params, int64_t now)
{
	PGresult *result;
	agreement->due = now + TRY_EVERY_MS;
	params_begin(params);
	params_next(params);
	params_raw_bool(params, conn->options.node->in_cluster);
	if (params->failed || pgconn_run(conn, &statement_agree, params, &result) != RAN_WELL) {
		return;
	}
	struct row row = {.result = result};
	agreement->agreed = PQntuples(result) == 1 && row_bool(&row, 0);
	PQclear(result);
	pgconn_well(conn);
	bool split = !agreement->agreed && now - agreement->since >= PATIENCE_MS;
	atomic_store(&conn->options.node->split, split);
	if (split) {
		say(agreement, conn, now);
	}
}
