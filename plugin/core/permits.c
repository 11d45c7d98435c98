#include "permits.h"

#include <stdlib.h>
#include <utlist.h>

struct permit_entry {
	struct table_link by_room;
	struct permit_entry *prev, *next; /* in the list of its state */
	enum permit state;
	int64_t since; /* that it is in it, ms of the steady clock */
	struct permit_waiter *waiters;
	uint32_t room_len;
	char room[];
};

static struct slice room_of(const struct permit_entry *entry)
{
	return slice_of(entry->room, entry->room_len);
}

static bool has_room(const struct table_link *link, const void *room)
{
	const struct permit_entry *entry = TABLE_ELEMENT(link, struct permit_entry, by_room);
	return slice_equal(room_of(entry), *(const struct slice *)room);
}

static struct permit_entry *find(const struct permits *permits, struct slice room)
{
	/* As a rule there are none. */
	if (permits->by_room.count == 0) {
		return NULL;
	}
	struct table_link *link =
		table_find(&permits->by_room, siphash(&permits->key, room), has_room, &room);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct permit_entry, by_room);
}

static bool is_over(const struct permit_entry *entry, int64_t ms, int64_t now)
{
	return entry != NULL && now - entry->since >= ms;
}

enum permit permits_state(const struct permits *permits, struct slice room, int64_t now)
{
	const struct permit_entry *entry = find(permits, room);
	if (entry == NULL) {
		return PERMIT_UNKNOWN;
	}
	bool was_answered = entry->state == PERMIT_GIVEN || entry->state == PERMIT_REFUSED;
	return was_answered && is_over(entry, PERMIT_HOLDS_MS, now) ? PERMIT_UNKNOWN : entry->state;
}

static void move(
	struct permits *permits, struct permit_entry *entry, enum permit state, int64_t now)
{
	DL_DELETE(permits->lists[entry->state], entry);
	entry->state = state;
	entry->since = now;
	DL_APPEND(permits->lists[state], entry);
}

enum chat_error permits_ask(struct permits *permits, struct slice room, int64_t now)
{
	struct permit_entry *entry = find(permits, room);
	if (entry != NULL) {
		move(permits, entry, PERMIT_ASKED, now);
		return CHAT_OK;
	}
	if (permits->by_room.count >= PERMITS_MAX) {
		return CHAT_EBUSY;
	}
	entry = calloc(1, sizeof(*entry) + room.len);
	if (entry == NULL) {
		return CHAT_ENOMEM;
	}
	entry->state = PERMIT_ASKED;
	entry->since = now;
	entry->room_len = (uint32_t)room.len;
	memcpy(entry->room, room.bytes, room.len);
	table_add(&permits->by_room, &entry->by_room, siphash(&permits->key, room));
	DL_APPEND(permits->lists[PERMIT_ASKED], entry);
	return CHAT_OK;
}

static struct slice keep(char **at, struct slice s)
{
	struct slice kept = slice_of(*at, s.len);
	if (s.len > 0) {
		memcpy(*at, s.bytes, s.len);
	}
	*at += s.len;
	return kept;
}

static struct permit_waiter *copy_message(const struct message *m)
{
	size_t size = m->room.len + m->user_id.len + m->opponent_id.len + m->name.len +
	              m->text.len + m->ref.len + m->data.len;
	struct permit_waiter *waiter = calloc(1, sizeof(*waiter) + size);
	if (waiter != NULL) {
		char *at = waiter->bytes;
		waiter->message = *m;
		waiter->message.room = keep(&at, m->room);
		waiter->message.user_id = keep(&at, m->user_id);
		waiter->message.opponent_id = keep(&at, m->opponent_id);
		waiter->message.name = keep(&at, m->name);
		waiter->message.text = keep(&at, m->text);
		waiter->message.ref = keep(&at, m->ref);
		waiter->message.data = keep(&at, m->data);
	}
	return waiter;
}

enum chat_error permits_hold_message(struct permits *permits, const struct message *message)
{
	struct permit_entry *entry = find(permits, message->room);
	if (entry == NULL || permits->messages >= PERMIT_MESSAGES_MAX) {
		return CHAT_EBUSY;
	}
	struct permit_waiter *waiter = copy_message(message);
	if (waiter == NULL) {
		return CHAT_ENOMEM;
	}
	permits->messages++;
	LL_APPEND(entry->waiters, waiter);
	return CHAT_OK;
}

enum chat_error permits_hold_request(struct permits *permits, struct slice room, uint64_t ticket)
{
	struct permit_entry *entry = find(permits, room);
	if (entry == NULL) {
		return CHAT_EBUSY;
	}
	struct permit_waiter *waiter = calloc(1, sizeof(*waiter));
	if (waiter == NULL) {
		return CHAT_ENOMEM;
	}
	waiter->ticket = ticket;
	LL_APPEND(entry->waiters, waiter);
	return CHAT_OK;
}

/* The waiters are the caller's from now on. */
static struct permit_waiter *release(struct permits *permits, struct permit_entry *entry)
{
	struct permit_waiter *waiters = entry->waiters;
	entry->waiters = NULL;
	for (const struct permit_waiter *w = waiters; w != NULL; w = w->next) {
		permits->messages -= w->ticket == 0;
	}
	return waiters;
}

struct permit_waiter *permits_answer(
	struct permits *permits, struct slice room, enum permit permit, int64_t now)
{
	struct permit_entry *entry = find(permits, room);
	if (entry == NULL) {
		return NULL;
	}
	move(permits, entry, permit, now);
	return release(permits, entry);
}

bool permits_late(const struct permits *permits, int64_t now, struct slice *room)
{
	const struct permit_entry *entry = permits->lists[PERMIT_ASKED];
	if (!is_over(entry, PERMIT_WAIT_MS, now)) {
		return false;
	}
	*room = room_of(entry);
	return true;
}

static struct permit_waiter *forget(struct permits *permits, struct permit_entry *entry)
{
	struct permit_waiter *waiters = release(permits, entry);
	table_remove(&permits->by_room, &entry->by_room);
	DL_DELETE(permits->lists[entry->state], entry);
	free(entry);
	return waiters;
}

struct permit_waiter *permits_expire(struct permits *permits, int64_t now)
{
	struct permit_waiter *waiters = NULL;
	while (is_over(permits->lists[PERMIT_GIVEN], PERMIT_HOLDS_MS, now)) {
		(void)forget(permits, permits->lists[PERMIT_GIVEN]);
	}
	while (is_over(permits->lists[PERMIT_REFUSED], PERMIT_HOLDS_MS, now)) {
		(void)forget(permits, permits->lists[PERMIT_REFUSED]);
	}
	while (is_over(permits->lists[PERMIT_FAILED], PERMIT_WAIT_MS, now)) {
		struct permit_waiter *more = forget(permits, permits->lists[PERMIT_FAILED]);
		LL_CONCAT(waiters, more);
	}
	return waiters;
}

void permits_finish(struct permits *permits)
{
	for (size_t i = 0; i < PERMIT_STATES; i++) {
		while (permits->lists[i] != NULL) {
			struct permit_waiter *waiters = forget(permits, permits->lists[i]);
			while (waiters != NULL) {
				struct permit_waiter *next = waiters->next;
				free(waiters);
				waiters = next;
			}
		}
	}
	table_finish(&permits->by_room);
}
