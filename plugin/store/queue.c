#include "queue.h"

void items_append(struct items *items, struct item *item)
{
	item->next = NULL;
	if (items->last == NULL) {
		items->first = item;
	} else {
		items->last->next = item;
	}
	items->last = item;
	items->count++;
}

void items_prepend(struct items *items, struct item *item)
{
	item->next = items->first;
	items->first = item;
	if (items->last == NULL) {
		items->last = item;
	}
	items->count++;
}

void items_join(struct items *items, struct items *more)
{
	if (more->first == NULL) {
		return;
	}
	if (items->last == NULL) {
		items->first = more->first;
	} else {
		items->last->next = more->first;
	}
	items->last = more->last;
	items->count += more->count;
	*more = (struct items){0};
}

struct item *items_shift(struct items *items)
{
	struct item *item = items->first;
	if (item == NULL) {
		return NULL;
	}
	items->first = item->next;
	if (items->first == NULL) {
		items->last = NULL;
	}
	items->count--;
	item->next = NULL;
	return item;
}

bool queue_init(struct queue *queue, size_t limit, struct wakeup *wakeup)
{
	*queue = (struct queue){.limit = limit, .open = true, .wakeup = wakeup};
	return pthread_mutex_init(&queue->lock, NULL) == 0;
}

void queue_finish(struct queue *queue)
{
	pthread_mutex_destroy(&queue->lock);
}

enum chat_error queue_put(struct queue *queue, struct item *item)
{
	bool ring = false;
	enum chat_error error = CHAT_OK;

	pthread_mutex_lock(&queue->lock);
	if (!queue->open) {
		error = CHAT_EUNAVAILABLE;
	} else if (queue->items.count >= queue->limit) {
		error = CHAT_EBUSY;
	} else {
		items_append(&queue->items, item);
		ring = queue->awaited;
		queue->awaited = false;
	}
	pthread_mutex_unlock(&queue->lock);
	if (ring && queue->wakeup != NULL) {
		wakeup_ring(queue->wakeup);
	}
	return error;
}

bool queue_put_all(struct queue *queue, struct items *items)
{
	if (items->first == NULL) {
		return false;
	}
	pthread_mutex_lock(&queue->lock);
	bool was_empty = queue->items.first == NULL;
	items_join(&queue->items, items);
	bool ring = queue->awaited;
	queue->awaited = false;
	pthread_mutex_unlock(&queue->lock);
	if (ring && queue->wakeup != NULL) {
		wakeup_ring(queue->wakeup);
	}
	return was_empty;
}

struct items queue_take_all(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	struct items items = queue->items;
	queue->items = (struct items){0};
	pthread_mutex_unlock(&queue->lock);
	return items;
}

bool queue_await(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->awaited = queue->items.first == NULL;
	bool nothing = queue->awaited;
	pthread_mutex_unlock(&queue->lock);
	return nothing;
}

void queue_open(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->open = true;
	pthread_mutex_unlock(&queue->lock);
}

struct items queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->open = false;
	struct items items = queue->items;
	queue->items = (struct items){0};
	pthread_mutex_unlock(&queue->lock);
	return items;
}
