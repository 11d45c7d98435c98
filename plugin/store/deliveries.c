#include "deliveries.h"

#include <string.h>

/* Between two portions while others wait. */
#define EVERY_MS 50
/* After one that failed or found its room locked. */
#define PAUSE_MS 250

static const Oid types[] = {OID_TEXT};

const struct statement statement_deliver = {
	.name = "deliver",
	.function = "chat.deliver",
	.sql = "select room, forward from chat.deliver($1)",
	.count = 1,
	.types = types,
};

void deliveries_begin(struct deliveries *deliveries)
{
	*deliveries = (struct deliveries){.pending = true};
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

bool deliveries_result(const PGresult *result, struct slice *room, bool *forward)
{
	struct row row = {.result = result};
	if (PQntuples(result) != 1) {
		return false;
	}
	*room = row_text_or_empty(&row, 0);
	*forward = row_bool(&row, 1);
	return !row.wrong && room->len <= ROOM_MAX;
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

static void take_result(
	struct deliveries *deliveries, struct pgconn *conn, const PGresult *result, int64_t now)
{
	struct slice room;
	bool forward;
	if (!deliveries_result(result, &room, &forward)) {
		pgconn_wrong_schema(conn, &statement_deliver);
		return;
	}
	pgconn_well(conn);
	go_on_behind(deliveries, room);
	if (room.len > 0 && !forward) {
		deliveries->not_before = now + PAUSE_MS;
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
		deliveries->not_before = now + PAUSE_MS;
	}
}
