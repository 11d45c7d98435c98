/* What the application's may_chat says of chats in which nothing was said yet, and what waits until
 * it has said so.  Only such chats take memory here, and only for as long as an answer holds. */
#ifndef CHAT_PERMITS_H
#define CHAT_PERMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "message.h"
#include "siphash.h"
#include "table.h"

#define PERMIT_HOLDS_MS 10000 /* an answer */
#define PERMIT_WAIT_MS 1000   /* for an answer; and after none came, until it is asked again */
/* Chats at once: beyond this an answer is as good as late. */
#define PERMITS_MAX 100000
/* Messages that wait for answers, in all chats. */
#define PERMIT_MESSAGES_MAX 1000

enum permit {
	PERMIT_UNKNOWN, /* it is to be asked */
	PERMIT_ASKED,   /* the answer is on its way */
	PERMIT_GIVEN,
	PERMIT_REFUSED,
	PERMIT_FAILED, /* asking ended in an error, or took too long */
};
#define PERMIT_STATES (PERMIT_FAILED + 1)

/* A message, or (with a ticket) a request that follows a subscribe. */
struct permit_waiter {
	struct permit_waiter *next;
	uint64_t ticket; /* 0: `message` */
	struct message message;
	char bytes[];
};

struct permit_entry;

/* Start from {.key = …}. */
struct permits {
	struct siphash_key key;
	struct table by_room;
	struct permit_entry *lists[PERMIT_STATES]; /* by state, the oldest first */
	size_t messages;                           /* that wait */
};

/* All times are ms of the steady clock. */
enum permit permits_state(const struct permits *permits, struct slice room, int64_t now);

/* It is being asked of this chat from now on.  CHAT_EBUSY when there are too many, CHAT_ENOMEM. */
MUST_CHECK enum chat_error permits_ask(struct permits *permits, struct slice room, int64_t now);

/* The message (copied), or the request with this ticket, waits for what is said of the chat, which
 * is being asked about or failed to be.  CHAT_EBUSY, CHAT_ENOMEM. */
MUST_CHECK enum chat_error permits_hold_message(
	struct permits *permits, const struct message *message);
MUST_CHECK enum chat_error permits_hold_request(
	struct permits *permits, struct slice room, uint64_t ticket);

/* What was said of the chat: GIVEN, REFUSED or FAILED.  Returns what waited for it, in order, which
 * is the caller's to free, one by one.  Of a chat that was not being asked about nothing is noted.
 */
struct permit_waiter *permits_answer(
	struct permits *permits, struct slice room, enum permit permit, int64_t now);

/* A chat of which nothing was said in time; false: there is none.  The slice is its own. */
bool permits_late(const struct permits *permits, int64_t now, struct slice *room);

/* Forgets answers that hold no longer.  Returns the requests that waited for those that failed:
 * what they wait for can be asked again. */
struct permit_waiter *permits_expire(struct permits *permits, int64_t now);

void permits_finish(struct permits *permits);

#endif
