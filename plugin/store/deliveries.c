#include "deliveries.h"

#include <stdio.h>
#include <string.h>

/* Between two portions while others wait. */
#define EVERY_MS 50
/* After one that failed or found its room locked; doubling, to at most a minute. */
#define PAUSE_MS 250
#define PAUSE_MAX_MS 60000

static const Oid types[] = {OID_TEXT};

const struct statement statement_deliver = {
	.name = "deliver",
	.function = "chat.deliver_next",
	.sql = "select room, forward, refused from chat.deliver_next($1)",
	.count = 1,
	.types = types,
};

void deliveries_begin(struct deliveries *deliveries)
{
	*deliveries = (struct deliveries){.pending = true};
}

void deliveries_wake(struct deliveries *deliveries)
{
	deliveries->pending = true;
	deliveries->not_before = 0;
}

bool deliveries_due(const struct deliveries *deliveries, bool busy, int64_t now)
{
	return deliveries->pending && now >= deliveries->not_before &&
	       (!busy || now - deliveries->last_at >= EVERY_MS);
}

int64_t deliveries_next(const struct deliveries *deliveries)
{
	return deliveries->pending ? deliveries->not_before : NEVER;
}

bool deliveries_result(const PGresult *result, struct delivery *delivery)
{
	struct row row = {.result = result};
	if (PQntuples(result) != 1) {
		return false;
	}
	delivery->room = row_text_or_empty(&row, 0);
	delivery->forward = row_bool(&row, 1);
	delivery->sqlstate = row_text_or_empty(&row, 2);
	return !row.wrong && delivery->room.len <= ROOM_MAX;
}

/* Remembers where to go on; at the end of the list, begins again as long as there was something. */
static void go_on_behind(struct deliveries *deliveries, struct slice room)
{
	if (room.len == 0) {
		deliveries->pending = deliveries->after_len > 0;
		deliveries->after_len = 0;
		return;
	}
	deliveries->after_len = room.len;
	memcpy(deliveries->after, room.bytes, room.len);
}

static void rest(struct deliveries *deliveries, int64_t now)
{
	int pause = deliveries->pause == 0 ? PAUSE_MS : deliveries->pause * 2;
	deliveries->pause = pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause;
	deliveries->not_before = now + deliveries->pause;
}

static void say_refused(struct pgconn *conn, struct slice room, struct slice sqlstate, int64_t now)
{
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		"database: refuses to note that messages in %s%.*s were delivered, SQLSTATE %.*s; "
		"trying again",
		room.len == 0 ? "some chat" : "chat/", SLICE_ARGS(room), SLICE_ARGS(sqlstate));
	report_often(conn->options.report, REPORT_REFUSED_DELIVERY, STORE_WARNING, line, now);
}

static void take_result(
	struct deliveries *deliveries, struct pgconn *conn, const PGresult *result, int64_t now)
{
	struct delivery delivery;
	if (!deliveries_result(result, &delivery)) {
		pgconn_wrong_schema(conn, &statement_deliver);
		return;
	}
	pgconn_well(conn);
	if (delivery.sqlstate.len > 0) {
		say_refused(conn, delivery.room, delivery.sqlstate, now);
	}
	go_on_behind(deliveries, delivery.room);
	if (delivery.forward) {
		deliveries->pause = 0;
	} else if (delivery.room.len > 0) {
		rest(deliveries, now);
	}
}

void deliveries_run(
	struct deliveries *deliveries, struct pgconn *conn, struct params *params, int64_t now)
{
	PGresult *result;
	deliveries->last_at = now;
	params_begin(params);
	params_next(params);
	params_raw_text(params, slice_of(deliveries->after, deliveries->after_len));
	enum pgconn_ran ran = params->failed
	                              ? RAN_INTO_LOCK
	                              : pgconn_run(conn, &statement_deliver, params, &result);
	if (ran == RAN_WELL) {
		take_result(deliveries, conn, result, now);
		PQclear(result);
	} else if (ran == RAN_INTO_LOCK || ran == RAN_REFUSED) {
		if (ran == RAN_REFUSED) {
			say_refused(conn, slice_of("", 0), slice_str(pgconn_sqlstate(conn)), now);
		}
		rest(deliveries, now);
	}
}
