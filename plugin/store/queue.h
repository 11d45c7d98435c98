/* Lists of things that cross threads, and a queue of them with a lock.  Whoever takes detaches the
 * whole list and works on it unlocked; whoever puts wakes the taker only when it sleeps. */
#ifndef CHAT_QUEUE_H
#define CHAT_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "wakeup.h"
#include "error.h"
#include "slice.h"

/* The first member of everything that is queued. */
struct item {
	struct item *next;
	int kind;
};

/* A list, first in first out.  All zero is empty. */
struct items {
	struct item *first;
	struct item *last;
	size_t count;
};

void items_append(struct items *items, struct item *item);
void items_prepend(struct items *items, struct item *item);
/* Moves all of `more` behind what is there. */
void items_join(struct items *items, struct items *more);
/* NULL when there is none. */
struct item *items_shift(struct items *items);

struct queue {
	pthread_mutex_t lock;
	struct items items;
	size_t limit;          /* of queue_put */
	bool open;             /* for queue_put */
	bool awaited;          /* the taker sleeps */
	struct wakeup *wakeup; /* the taker's; may be NULL */
};

/* Begins open.  False: out of resources. */
MUST_CHECK bool queue_init(struct queue *queue, size_t limit, struct wakeup *wakeup);

/* What is still in there is the caller's to take out first. */
void queue_finish(struct queue *queue);

/* Any thread.  CHAT_EBUSY when `limit` items are there, CHAT_EUNAVAILABLE when it is closed; the
 * item is then still the caller's. */
MUST_CHECK enum chat_error queue_put(struct queue *queue, struct item *item);

/* Any thread; knows no limit, and open or closed are the same.  True when it was empty. */
bool queue_put_all(struct queue *queue, struct items *items);

/* The taker's side.  queue_await: true when there is nothing, and then the next put rings. */
struct items queue_take_all(struct queue *queue);
bool queue_await(struct queue *queue);
void queue_open(struct queue *queue);
/* From now on every put fails; returns what is there. */
struct items queue_close(struct queue *queue);

#endif
