/* Lets chat.messages.is_delivered follow the read markers, a portion at a time (chat.deliver_next),
 * when nobody waits for anything else.  For one thread. */
#ifndef CHAT_DELIVERIES_H
#define CHAT_DELIVERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "pgconn.h"

extern const struct statement statement_deliver;

struct deliveries {
	bool pending;       /* some conversation may have something to deliver */
	int64_t not_before; /* of the next portion */
	int pause;          /* after a portion that came to nothing */
	int64_t last_at;    /* the last portion */
	size_t after_len;
	char after[ROOM_MAX]; /* the room to go on behind; empty: the first */
};

/* There is a new connection; perhaps the last one left something behind. */
void deliveries_begin(struct deliveries *deliveries);

/* A mark has left something to deliver. */
void deliveries_wake(struct deliveries *deliveries);

/* `busy`: others wait, so only when it is high time. */
bool deliveries_due(const struct deliveries *deliveries, bool busy, int64_t now);

/* When there is a portion to do; NEVER when there is none. */
int64_t deliveries_next(const struct deliveries *deliveries);

/* Does one portion.  When it came to nothing the next one waits, longer each time; when its room
 * was refused the log hears of it. */
void deliveries_run(
	struct deliveries *deliveries, struct pgconn *conn, struct params *params, int64_t now);

struct delivery {
	struct slice room;     /* to go on behind; empty: nothing is left behind the last one */
	bool forward;          /* something was done there */
	struct slice sqlstate; /* with which the room was refused; empty: it was not */
};

/* False: not what the schema promises. */
MUST_CHECK bool deliveries_result(const PGresult *result, struct delivery *delivery);

#endif
