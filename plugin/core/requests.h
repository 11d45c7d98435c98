/* Histories and unread lists that somebody waits for.  One request is one object, from the moment
 * it is asked until it is answered, given up, or nobody is there any more to be answered.
 *
 * What a client asked for is given up after a deadline.  What a subscribe owes is kept until it can
 * be answered; at the deadline the client is told once that it takes longer. */
#ifndef CHAT_REQUESTS_H
#define CHAT_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "message.h"
#include "table.h"

#define REQUEST_DEADLINE_MS 5000
/* Handed to the store at once: enough for its batches, and for what a turn of the broker's loop
 * takes. */
#define REQUESTS_IN_FLIGHT_MAX 2048
#define REQUESTS_PER_CLIENT_MAX 100 /* asked for and not answered yet */

struct request {
	struct table_link by_ticket;               /* while the store has it */
	struct request *prev, *next;               /* among those that wait for the store */
	struct request *timely_prev, *timely_next; /* among those that may still be late */
	uint64_t ticket;
	const void *handle; /* whom to answer: the client with this handle, if it has this serial */
	client_serial serial;
	enum load_what what;
	bool owed;
	bool cancelled; /* nobody wants it any more, but the store has it */
	bool flying;
	bool timely; /* its deadline still counts */
	uint8_t failures;
	int64_t deadline;
	int64_t before, after; /* as in struct load */
	int limit;
	uint32_t room_len, user_id_len, ref_len;
	char bytes[]; /* room, user id, ref */
};

struct requests {
	struct request *waiting;
	struct request *timely; /* in the order of deadlines */
	struct table flying;
	uint64_t last_ticket;
	size_t in_flight;
	size_t count;
};

struct slice request_room(const struct request *request);
struct slice request_user_id(const struct request *request);
struct slice request_ref(const struct request *request);

/* Everything but handle, serial and owed comes from `load` (its ticket is given here).  It waits
 * from now on.  NULL when out of memory. */
MUST_CHECK struct request *requests_add(struct requests *requests, const struct load *load,
	struct slice ref, const void *handle, client_serial serial, bool owed, int64_t now);

/* The next one that waits, NULL when there is none or enough are in flight. */
struct request *requests_next(struct requests *requests);

struct load request_load(const struct request *request);

/* The store takes it. */
void requests_flies(struct requests *requests, struct request *request);

/* The store did not take it after all: it waits again, before all others. */
void requests_unfly(struct requests *requests, struct request *request);

/* The one that flies under this ticket; NULL when it was given up. */
struct request *requests_find(struct requests *requests, uint64_t ticket);

/* It came back without an answer and waits again. */
void requests_again(struct requests *requests, struct request *request);

/* Its deadline does not count any more: its client has been told. */
void requests_told(struct requests *requests, struct request *request);

/* The first one whose deadline has passed, NULL when there is none. */
struct request *requests_late(struct requests *requests, int64_t now);

/* Takes it out of all books and frees it. */
void requests_remove(struct requests *requests, struct request *request);

/* Nobody wants it any more: frees it, now or when the store gives it back. */
void requests_cancel(struct requests *requests, struct request *request);

/* Requests that wait or are in flight. */
size_t requests_count(const struct requests *requests);

void requests_finish(struct requests *requests);

#endif
