/* Token buckets, per user and kind of request, whatever number of clients the user has and however
 * often they come and go.  Only users who have used something lately take memory. */
#ifndef CHAT_LIMITER_H
#define CHAT_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "siphash.h"
#include "slice.h"

enum limit {
	LIMIT_MESSAGES,
	LIMIT_REQUESTS, /* history, subscribe, read */
	LIMIT_TYPING,
	LIMIT_LOGINS, /* accepted ones */
};

/* Not the operator's `rate`: a user who comes and goes without end takes a hundredth of the
 * broker's thread, two over WebSockets, and one whose hundred clients all come back ten times in a
 * row is let in. */
#define LOGINS_PER_SECOND 100
#define LOGINS_BURST 1000

struct limiter;

/* `rate` a second, bursts of twice that, logins as above; 0: no limit at all.  Times in here are ms
 * of a steady clock. */
MUST_CHECK struct limiter *limiter_create(int rate, const struct siphash_key *key);
void limiter_destroy(struct limiter *limiter);

/* Takes one token.  0: it was there.  Else the ms after which there will be one. */
MUST_CHECK int64_t limiter_take(
	struct limiter *limiter, struct slice id, enum limit limit, int64_t now);

/* Refuses all messages of the user for `ms` from now, for the reason `why`. */
void limiter_hold(
	struct limiter *limiter, struct slice id, int64_t now, int64_t ms, enum chat_error why);

/* Why the user's messages are refused now; CHAT_OK: they are not. */
enum chat_error limiter_held(struct limiter *limiter, struct slice id, int64_t now);

/* Forgets users whose buckets are full again, some at each call. */
void limiter_sweep(struct limiter *limiter, int64_t now);

/* Users in memory. */
size_t limiter_users(const struct limiter *limiter);

#endif
