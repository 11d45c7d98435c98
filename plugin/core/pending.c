#include "pending.h"

#include "presence.h"

#include <stdlib.h>
#include <utlist.h>

/* A client that comes back again and again while the store is away repeats its message each time;
 * no more connections than this can be there to hear of it. */
#define REPEATS_MAX CLIENTS_PER_USER_MAX

/* Ids hold no NUL, so with NULs between them the three parts cannot be confused. */
#define KEY_MAX (ROOM_MAX + 1 + ID_MAX + 1 + REF_MAX)

static struct slice key_of(const struct message *message, char into[KEY_MAX])
{
	struct slice parts[] = {message->room, message->user_id, message->ref};
	size_t len = 0;
	for (size_t i = 0; i < 3; i++) {
		memcpy(into + len, parts[i].bytes, parts[i].len);
		len += parts[i].len;
		if (i < 2) {
			into[len++] = '\0';
		}
	}
	return slice_of(into, len);
}

static bool has_key(const struct table_link *link, const void *key)
{
	const struct pending *pending = TABLE_ELEMENT(link, struct pending, by_key);
	return slice_equal(slice_of(pending->key, pending->key_len), *(const struct slice *)key);
}

struct pending *pending_find(struct pending_table *table, const struct message *message)
{
	char bytes[KEY_MAX];
	struct slice key = key_of(message, bytes);
	struct table_link *link =
		table_find(&table->waiting, siphash(&table->key, key), has_key, &key);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct pending, by_key);
}

enum chat_error pending_add(struct pending_table *table, const struct message *message)
{
	char bytes[KEY_MAX];
	struct slice key = key_of(message, bytes);
	if (table->waiting.count >= PENDING_MAX) {
		return CHAT_EBUSY;
	}
	struct pending *pending = calloc(1, sizeof(*pending) + key.len);
	if (pending == NULL) {
		return CHAT_ENOMEM;
	}
	memcpy(pending->key, key.bytes, key.len);
	pending->key_len = (uint32_t)key.len;
	pending->from = message->from;
	table_add(&table->waiting, &pending->by_key, siphash(&table->key, key));
	return CHAT_OK;
}

enum chat_error pending_repeat(struct pending *pending, client_serial from)
{
	if (pending->from == from) {
		return CHAT_OK;
	}
	size_t count = 0;
	struct repeat *oldest = NULL;
	for (struct repeat *r = pending->repeats; r != NULL; r = r->next) {
		if (r->from == from) {
			return CHAT_OK;
		}
		oldest = r;
		count++;
	}
	struct repeat *repeat = oldest;
	if (count < REPEATS_MAX) {
		repeat = malloc(sizeof(*repeat));
	} else {
		LL_DELETE(pending->repeats, oldest);
	}
	if (repeat == NULL) {
		return CHAT_ENOMEM;
	}
	repeat->from = from;
	LL_PREPEND(pending->repeats, repeat);
	return CHAT_OK;
}

void pending_remove(struct pending_table *table, struct pending *pending)
{
	table_remove(&table->waiting, &pending->by_key);
	struct repeat *repeat = pending->repeats;
	while (repeat != NULL) {
		struct repeat *next = repeat->next;
		free(repeat);
		repeat = next;
	}
	free(pending);
}

void pending_finish(struct pending_table *table)
{
	size_t at = 0;
	struct table_link *link;
	while ((link = table_any(&table->waiting, &at)) != NULL) {
		pending_remove(table, TABLE_ELEMENT(link, struct pending, by_key));
	}
	table_finish(&table->waiting);
}
