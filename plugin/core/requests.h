/* What clients wait for that the store reads or sets for them.  A request lives from the moment it
 * is made until it is answered or given up, or until nobody wants it any more.
 *
 * A request that a client made itself is given up at its deadline.  One that follows a subscribe is
 * kept until the store can answer it, and one that sets something once it was sent; at the deadline
 * the client is told once that it takes longer.
 *
 * Requests wait in a list; those that the store has been sent are found by their tickets. */
#ifndef CHAT_REQUESTS_H
#define CHAT_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "message.h"
#include "table.h"

#define REQUEST_DEADLINE_MS 5000
/* Sent to the store at once: enough for its batches, and for what one turn of the broker's loop
 * deals with. */
#define REQUESTS_IN_FLIGHT_MAX 2048
#define REQUESTS_PER_CLIENT_MAX 100 /* made by the client itself and not answered yet */

struct request {
	struct table_link by_ticket;   /* while the store has it */
	struct request *prev, *next;   /* among those that wait to be sent */
	struct request *deadline_prev; /* among those with a deadline */
	struct request *deadline_next;
	uint64_t ticket;
	const void *handle; /* whom to answer: the client with this handle, if it has this serial */
	client_serial serial;
	enum load_what what;
	bool for_subscribe; /* it follows a subscribe; else the client made it itself */
	bool sent;          /* the store has it, or has given its answer and it is set aside */
	bool aside;
	bool cancelled;    /* nobody wants it any more, but the store has it */
	bool in_doubt;     /* it was sent before, and the answer was lost */
	bool has_deadline; /* false once its client was told that it takes longer */
	uint32_t closings; /* chats that had been closed when it was sent: see chat_page */
	uint8_t failures;  /* answers in a row that said the database refuses to read this */
	int64_t deadline;  /* ms of the steady clock */
	int64_t before, after, since; /* as in struct load */
	int limit;
	bool on;
	uint32_t room_len, user_id_len, ref_len, cursor_len;
	char bytes[]; /* room, user id, ref, cursor */
};

/* All zero is empty. */
struct requests {
	struct request *waiting;     /* to be sent, the next one first */
	struct request *by_deadline; /* those with a deadline, the earliest first */
	struct table sent;           /* those that the store has, by ticket */
	struct table aside;          /* those that were set aside, by ticket */
	uint64_t last_ticket;
	size_t count;
};

struct slice request_room(const struct request *request);
struct slice request_user_id(const struct request *request);
struct slice request_ref(const struct request *request);

/* Makes a request, which waits from now on.  What is to be read is copied from `load`, whose ticket
 * does not matter.  NULL when out of memory. */
MUST_CHECK struct request *requests_add(struct requests *requests, const struct load *load,
	struct slice ref, const void *handle, client_serial serial, bool for_subscribe,
	int64_t now);

/* The next one to be sent; NULL when none waits, or the store has enough. */
struct request *requests_next(struct requests *requests);

/* What the store is to be asked.  The slices are the request's. */
struct load request_load(const struct request *request);

/* The waiting request was sent to the store. */
void requests_sent(struct requests *requests, struct request *request);

/* The request that the store has under this ticket, or that was set aside; NULL: there is none any
 * more. */
struct request *requests_find(struct requests *requests, uint64_t ticket);

/* Something else has to be known before the store's answer can be told: from now on it is not
 * counted among those that the store has. */
void requests_set_aside(struct requests *requests, struct request *request);

/* The store gave it back without an answer, or it was set aside: it waits again, behind the others.
 */
void requests_wait_again(struct requests *requests, struct request *request);

/* Its client was told that it takes longer.  Fine when it has no deadline any more. */
void requests_end_deadline(struct requests *requests, struct request *request);

/* A request whose deadline has passed; NULL: there is none. */
struct request *requests_overdue(struct requests *requests, int64_t now);

/* Takes it out of all lists and frees it. */
void requests_remove(struct requests *requests, struct request *request);

/* Nobody wants it any more: frees it, now or when the store gives it back. */
void requests_cancel(struct requests *requests, struct request *request);

/* Requests that wait, that the store has or that were set aside. */
size_t requests_count(const struct requests *requests);

/* Frees all of them. */
void requests_finish(struct requests *requests);

#endif
