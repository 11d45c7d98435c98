#include "limiter.h"

#include <stdlib.h>
#include <utlist.h>

#include "table.h"

/* A bucket is one number: the time (in µs) at which it will be full again.  Taking a token moves it
 * by one interval; it may stand at most a burst ahead of now. */

#define KINDS 4
#define SECOND INT64_C(1000000)
#define BURST 2          /* seconds' worth of the rate */
#define SWEEP_AT_ONCE 32 /* users looked at in one call: a bounded piece of work */

struct usage {
	struct table_link by_id;
	struct usage *prev, *next;
	int64_t full_at[KINDS]; /* µs */
	int64_t held_until;     /* ms */
	enum chat_error held_why;
	uint32_t id_len;
	char id[];
};

struct pace {
	int64_t interval, burst; /* µs */
};

struct limiter {
	struct siphash_key key;
	bool unlimited;
	struct pace paces[KINDS];
	struct table users;
	struct usage *round; /* all users, the next one to be swept first */
	int64_t held_until;  /* ms; after that nobody is held */
};

struct limiter *limiter_create(int rate, const struct siphash_key *key)
{
	struct limiter *limiter = calloc(1, sizeof(*limiter));
	if (limiter != NULL) {
		limiter->key = *key;
		limiter->unlimited = rate == 0;
		struct pace pace = {rate == 0 ? 0 : SECOND / rate, BURST * SECOND};
		limiter->paces[LIMIT_MESSAGES] = pace;
		limiter->paces[LIMIT_REQUESTS] = pace;
		limiter->paces[LIMIT_TYPING] = pace;
		limiter->paces[LIMIT_LOGINS] = (struct pace){
			SECOND / LOGINS_PER_SECOND, SECOND / LOGINS_PER_SECOND * LOGINS_BURST};
	}
	return limiter;
}

static void forget(struct limiter *limiter, struct usage *usage)
{
	DL_DELETE(limiter->round, usage);
	table_remove(&limiter->users, &usage->by_id);
	free(usage);
}

void limiter_destroy(struct limiter *limiter)
{
	if (limiter == NULL) {
		return;
	}
	while (limiter->round != NULL) {
		forget(limiter, limiter->round);
	}
	table_finish(&limiter->users);
	free(limiter);
}

static bool has_id(const struct table_link *link, const void *id)
{
	const struct usage *usage = TABLE_ELEMENT(link, struct usage, by_id);
	return slice_equal(slice_of(usage->id, usage->id_len), *(const struct slice *)id);
}

static struct usage *find_hashed(const struct limiter *limiter, struct slice id, uint64_t hash)
{
	struct table_link *link = table_find(&limiter->users, hash, has_id, &id);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct usage, by_id);
}

static struct usage *find(const struct limiter *limiter, struct slice id)
{
	return find_hashed(limiter, id, siphash(&limiter->key, id));
}

static struct usage *find_or_add(struct limiter *limiter, struct slice id)
{
	uint64_t hash = siphash(&limiter->key, id);
	struct usage *usage = find_hashed(limiter, id, hash);
	if (usage != NULL) {
		return usage;
	}
	usage = calloc(1, sizeof(*usage) + id.len);
	if (usage == NULL) {
		return NULL;
	}
	memcpy(usage->id, id.bytes, id.len);
	usage->id_len = (uint32_t)id.len;
	table_add(&limiter->users, &usage->by_id, hash);
	DL_APPEND(limiter->round, usage);
	return usage;
}

int64_t limiter_take(struct limiter *limiter, struct slice id, enum limit limit, int64_t now)
{
	if (limiter->unlimited) {
		return 0;
	}
	struct usage *usage = find_or_add(limiter, id);
	if (usage == NULL) {
		return 1000;
	}
	const struct pace *pace = &limiter->paces[limit];
	int64_t now_us = now * 1000;
	int64_t full_at = usage->full_at[limit] > now_us ? usage->full_at[limit] : now_us;
	int64_t ahead = full_at + pace->interval - now_us;
	if (ahead > pace->burst) {
		return (ahead - pace->burst + 999) / 1000;
	}
	usage->full_at[limit] = full_at + pace->interval;
	return 0;
}

void limiter_hold(
	struct limiter *limiter, struct slice id, int64_t now, int64_t ms, enum chat_error why)
{
	struct usage *usage = find_or_add(limiter, id);
	if (usage != NULL) {
		usage->held_until = now + ms;
		if (usage->held_until > limiter->held_until) {
			limiter->held_until = usage->held_until;
		}
		usage->held_why = why;
	}
}

enum chat_error limiter_held(struct limiter *limiter, struct slice id, int64_t now)
{
	/* Nobody is, as a rule. */
	struct usage *usage = limiter->held_until <= now ? NULL : find(limiter, id);
	return usage == NULL || usage->held_until <= now ? CHAT_OK : usage->held_why;
}

static bool idle(const struct usage *usage, int64_t now)
{
	for (int i = 0; i < KINDS; i++) {
		if (usage->full_at[i] > now * 1000) {
			return false;
		}
	}
	return usage->held_until <= now;
}

void limiter_sweep(struct limiter *limiter, int64_t now)
{
	for (int i = 0; i < SWEEP_AT_ONCE && limiter->round != NULL; i++) {
		struct usage *usage = limiter->round;
		if (idle(usage, now)) {
			forget(limiter, usage);
		} else {
			DL_DELETE(limiter->round, usage);
			DL_APPEND(limiter->round, usage);
		}
	}
}

size_t limiter_users(const struct limiter *limiter)
{
	return limiter->users.count;
}
