/* Changes of stored messages: to the store, what became of them, and in which order they are told.
 */
#include <stdlib.h>
#include <utlist.h>

#include "chat_state.h"

/* Copies, into `bytes`, and moves on. */
static void keep(struct slice *slice, char **bytes)
{
	if (slice->len > 0) {
		memcpy(*bytes, slice->bytes, slice->len);
	}
	slice->bytes = *bytes;
	*bytes += slice->len;
}

/* Changes whose outcome was lost with the store's connection.  They may have been made, and then
 * nobody was told, so they are asked for again before any other. */

struct lost_change {
	struct lost_change *prev, *next;
	struct change change;
	char bytes[];
};

static struct lost_change *copy_change(const struct change *change)
{
	size_t size = change->room.len + change->user_id.len + change->text.len + change->data.len +
	              change->reaction.len + change->ref.len;
	struct lost_change *lost = malloc(sizeof(*lost) + size);
	if (lost != NULL) {
		char *bytes = lost->bytes;
		lost->change = *change;
		keep(&lost->change.room, &bytes);
		keep(&lost->change.user_id, &bytes);
		keep(&lost->change.text, &bytes);
		keep(&lost->change.data, &bytes);
		keep(&lost->change.reaction, &bytes);
		keep(&lost->change.ref, &bytes);
	}
	return lost;
}

void chat_change_lost(struct chat *chat, const struct change *asked)
{
	char bytes[TOPIC_MAX + 1];
	struct lost_change *lost = copy_change(asked);
	if (lost == NULL) {
		chat_log(chat, CHAT_WARNING, NULL, "out of memory: a change may stay untold");
	} else {
		lost->change.in_doubt = true;
		DL_APPEND(chat->lost_changes, lost);
	}
	if (!asked->in_doubt) {
		chat_send_error(chat, topic_of_chat(asked->room, bytes), asked->from,
			CHAT_EUNAVAILABLE, CHAT_CHANGE_LATER_REASON, asked->ref, RETRY_MS);
	}
}

static bool send_lost(struct chat *chat)
{
	struct lost_change *lost = chat->lost_changes;
	if (lost == NULL || chat->ports.change(chat->ports.arg, &lost->change) != CHAT_OK) {
		return false;
	}
	DL_DELETE(chat->lost_changes, lost);
	free(lost);
	return true;
}

void chat_send_lost_changes(struct chat *chat)
{
	while (chat->store_up && send_lost(chat)) {
	}
}

enum chat_error chat_ask_change(struct chat *chat, const struct change *change)
{
	if (!chat->store_up || chat->lost_changes != NULL) {
		return CHAT_EUNAVAILABLE;
	}
	return chat->ports.change(chat->ports.arg, change);
}

/* Those who hear of a change: everyone in the chat, and in the lobby those who are not. */

static void notify(struct chat *chat, struct slice id, const struct changed *changed,
	const struct room *room, uint64_t in_chat)
{
	const struct user *user = presence_user_near(chat->presence, room, id);
	if (user == NULL || !presence_hears_in_lobby(user, room)) {
		return;
	}
	char bytes[TOPIC_MAX + 1];
	struct buffer *payload = chat_begin(chat);
	protocol_changed_lobby(payload, changed);
	(void)chat_send(chat, topic_of_lobby(id, bytes), payload, 1, in_chat);
}

static void send_to_all(struct chat *chat, struct room *room, const struct changed *changed)
{
	struct slice a, b;
	uint64_t in_chat = 0;
	if (room != NULL) {
		char bytes[TOPIC_MAX + 1];
		struct buffer *payload = chat_begin(chat);
		protocol_changed(payload, changed);
		in_chat =
			chat_send(chat, topic_of_chat(changed->message.room, bytes), payload, 1, 0);
		room->last_message = in_chat;
		room->last_change = changed->change;
	}
	if (topic_split_room(changed->message.room, &a, &b)) {
		notify(chat, a, changed, room, in_chat);
		notify(chat, b, changed, room, in_chat);
	}
}

/* Changes that came before their turn: before an earlier change, or before the message.  They wait
 * for that, but not long: it may have been lost. */

#define HELD_MAX 1000 /* in all chats */
#define HELD_FOR_MS 1000

struct held_change {
	struct held_change *prev, *next; /* in all chats, the oldest first */
	struct room *room;
	int64_t since; /* ms of the steady clock */
	struct changed changed;
	char bytes[];
};

static bool may_be_told(const struct room *room, const struct changed *changed)
{
	bool in_turn = room->last_change < 0 || changed->change <= room->last_change + 1;
	bool is_known = room->last_seq < 0 || changed->message.seq <= room->last_seq;
	return in_turn && is_known;
}

static struct held_change *copy_changed(const struct changed *changed)
{
	const struct message *m = &changed->message;
	size_t size = changed->by.len + changed->ref.len + m->room.len + m->user_id.len +
	              m->text.len + m->ref.len + m->data.len + m->reactions.len;
	struct held_change *held = calloc(1, sizeof(*held) + size);
	if (held != NULL) {
		char *bytes = held->bytes;
		held->changed = *changed;
		keep(&held->changed.by, &bytes);
		keep(&held->changed.ref, &bytes);
		keep(&held->changed.message.room, &bytes);
		keep(&held->changed.message.user_id, &bytes);
		keep(&held->changed.message.text, &bytes);
		keep(&held->changed.message.ref, &bytes);
		keep(&held->changed.message.data, &bytes);
		keep(&held->changed.message.reactions, &bytes);
		held->changed.message.opponent_id = slice_of("", 0);
		held->changed.message.name = slice_of("", 0);
	}
	return held;
}

/* The one with the lowest number in this chat; NULL: there is none.  There are few in all, if any.
 */
static struct held_change *first_held(const struct chat *chat, const struct room *room)
{
	struct held_change *first = NULL;
	for (struct held_change *held = chat->held_changes; held != NULL; held = held->next) {
		if (held->room == room &&
			(first == NULL || held->changed.change < first->changed.change)) {
			first = held;
		}
	}
	return first;
}

/* False: it cannot be held. */
static bool hold(
	struct chat *chat, struct room *room, const struct changed *changed, struct chat_time now)
{
	struct held_change *held = chat->held_count < HELD_MAX ? copy_changed(changed) : NULL;
	if (held == NULL) {
		return false;
	}
	held->room = room;
	held->since = now.steady;
	chat->held_count++;
	DL_APPEND(chat->held_changes, held);
	return true;
}

static void forget(struct chat *chat, struct held_change *held)
{
	chat->held_count--;
	DL_DELETE(chat->held_changes, held);
	free(held);
}

static void tell_held(struct chat *chat, struct held_change *held)
{
	if (held->changed.change > held->room->last_change) {
		send_to_all(chat, held->room, &held->changed);
	}
	forget(chat, held);
}

void chat_tell_held_changes(struct chat *chat, struct room *room)
{
	struct held_change *held;
	while ((held = first_held(chat, room)) != NULL && may_be_told(room, &held->changed)) {
		tell_held(chat, held);
	}
}

void chat_tell_all_held_changes(struct chat *chat, struct room *room)
{
	struct held_change *held;
	while ((held = first_held(chat, room)) != NULL) {
		tell_held(chat, held);
	}
}

void chat_tell_overdue_changes(struct chat *chat, struct chat_time now)
{
	struct held_change *held;
	while ((held = chat->held_changes) != NULL && now.steady - held->since >= HELD_FOR_MS) {
		chat_tell_all_held_changes(chat, held->room);
	}
}

/* Outcomes. */

static void relay(struct chat *chat, const struct changed *changed, struct chat_time now)
{
	struct room *room = presence_room(chat->presence, changed->message.room);
	if (room == NULL) {
		send_to_all(chat, NULL, changed);
	} else if (may_be_told(room, changed) || !hold(chat, room, changed, now)) {
		send_to_all(chat, room, changed);
		chat_tell_held_changes(chat, room);
	}
}

/* Everybody who is here was told of it before. */
static bool was_told(const struct chat *chat, const struct changed *changed)
{
	const struct room *room = presence_room(chat->presence, changed->message.room);
	return room != NULL && room->last_change >= 0 && changed->change <= room->last_change;
}

static void refuse(
	struct chat *chat, const struct change *asked, enum chat_error code, const char *reason)
{
	char bytes[TOPIC_MAX + 1];
	chat_send_error(
		chat, topic_of_chat(asked->room, bytes), asked->from, code, reason, asked->ref, 0);
}

static void answer(struct chat *chat, const struct change *asked, const struct changed *changed)
{
	char bytes[TOPIC_MAX + 1];
	struct buffer *payload = chat_begin(chat);
	protocol_changed(payload, changed);
	chat_send_to(chat, topic_of_chat(asked->room, bytes), payload, asked->from);
}

static void tell_made(struct chat *chat, const struct change *asked, const struct changed *changed,
	struct chat_time now)
{
	if (!was_told(chat, changed)) {
		relay(chat, changed, now);
	} else if (asked != NULL) {
		answer(chat, asked, changed);
	}
}

void chat_changed(struct chat *chat, enum changed_as as, const struct change *asked,
	const struct changed *changed, struct chat_time now)
{
	switch (as) {
	case CHANGED_NEW:
		/* In a cluster it comes with the news, in its turn. */
		if (!chat_in_cluster(chat)) {
			tell_made(chat, asked, changed, now);
		}
		break;
	case CHANGED_ALREADY:
		/* When the first outcome was lost it may be this change that made it so. */
		if (asked->in_doubt && changed->change > 0 && !chat_in_cluster(chat)) {
			tell_made(chat, asked, changed, now);
		} else {
			answer(chat, asked, changed);
		}
		break;
	case CHANGED_NOT_THERE:
		refuse(chat, asked, CHAT_EBADFIELD, "'seq' is that of no message in this chat.");
		break;
	case CHANGED_DELETED:
		refuse(chat, asked, CHAT_EBADFIELD, "'seq' is that of a deleted message.");
		break;
	case CHANGED_EMPTY:
		refuse(chat, asked, CHAT_EBADFIELD,
			"'text' and 'data' would leave nothing of the message.");
		break;
	case CHANGED_TOO_MANY:
		refuse(chat, asked, CHAT_EBADFIELD,
			"'reaction' would be this user's seventh on the message.");
		break;
	case CHANGED_FORBIDDEN:
		refuse(chat, asked, CHAT_EFORBIDDEN,
			"this chat is closed, or the message is not yours");
		break;
	case CHANGED_REJECTED:
		refuse(chat, asked, CHAT_EREJECTED,
			"the database refused this change; do not send it again");
		break;
	}
}

void chat_hear_changed(struct chat *chat, const struct changed *changed, struct chat_time now)
{
	tell_made(chat, NULL, changed, now);
}

void chat_free_changes(struct chat *chat)
{
	while (chat->held_changes != NULL) {
		forget(chat, chat->held_changes);
	}
	while (chat->lost_changes != NULL) {
		struct lost_change *lost = chat->lost_changes;
		DL_DELETE(chat->lost_changes, lost);
		free(lost);
	}
}
