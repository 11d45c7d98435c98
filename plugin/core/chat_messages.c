/* What became of the messages that the store was given. */
#include "chat_state.h"

/* Whether the user is in the chat on another broker, as far as this one knows, or the one that has
 * stored the message. */
static bool is_in_elsewhere(const struct room *room, const struct message *message, struct slice id)
{
	struct slice a, b;
	bool is_a = topic_split_room(message->room, &a, &b) && slice_equal(id, a);
	return (message->in_chat > 0 && (message->in_chat & (is_a ? 1 : 2)) != 0) ||
	       (room != NULL && presence_remote(room, is_a) != NULL);
}

/* Tells those of the user's clients that are in the lobby and not in the chat.  `in_chat` is the
 * number of the `message` that was sent to the chat: whoever receives that one does not get the
 * notification too. */
static void notify(struct chat *chat, struct slice id, const struct message *message,
	const struct room *room, uint64_t in_chat)
{
	const struct user *user = presence_user_near(chat->presence, room, id);
	if (user == NULL || !presence_hears_in_lobby(user, room)) {
		return;
	}
	char bytes[TOPIC_MAX + 1];
	bool quiet = slice_equal(id, message->user_id) || message->muted ||
	             presence_is_in(room, user) || is_in_elsewhere(room, message, id);
	struct buffer *payload = chat_begin(chat);
	protocol_notification(payload, message, quiet);
	(void)chat_send(chat, topic_of_lobby(id, bytes), payload, 1, in_chat);
}

static void notify_both(
	struct chat *chat, const struct message *message, const struct room *room, uint64_t in_chat)
{
	notify(chat, message->user_id, message, room, in_chat);
	notify(chat, message->opponent_id, message, room, in_chat);
}

void chat_tell_lobbies(struct chat *chat, const struct message *message, const struct room *room)
{
	notify_both(chat, message, room, 0);
}

void chat_tell_in_chat(struct chat *chat, struct room *room, const struct message *message)
{
	char bytes[TOPIC_MAX + 1];
	struct slice topic = topic_of_chat(message->room, bytes);
	struct buffer *payload = chat_begin(chat);
	protocol_message(payload, message);
	room->last_message = chat_send(chat, topic, payload, 1, 0);
	room->last_seq = message->seq;
	if (room->cluster != NULL) {
		room->cluster->told_seq = message->seq;
	}
}

void chat_tell_message(struct chat *chat, const struct message *message, bool from_client)
{
	struct room *room = presence_room(chat->presence, message->room);
	if (room != NULL) {
		chat_tell_in_chat(chat, room, message);
	}
	notify_both(chat, message, room, room == NULL ? 0 : room->last_message);
	if (room != NULL) {
		/* Only now: who has received something else since the message would not be known
		 * as one who was told. */
		chat_wrote(chat, room, message, from_client);
		chat_tell_held_changes(chat, room);
	}
	chat_said_something(chat, message, room);
}

/* Tells one of the connections that sent the message. */
static void send_outcome(
	struct chat *chat, enum saved_as as, const struct message *message, client_serial to)
{
	char bytes[TOPIC_MAX + 1];
	if (as == SAVED_NEW) {
		return;
	}
	struct slice topic = topic_of_chat(message->room, bytes);
	if (as == SAVED_REPEAT) {
		struct buffer *payload = chat_begin(chat);
		protocol_message(payload, message);
		chat_send_to(chat, topic, payload, to);
	} else if (as == SAVED_REJECTED) {
		chat_send_error(chat, topic, to, CHAT_EREJECTED,
			"the database refused this message; do not send it again", message->ref, 0);
	} else if (as == SAVED_FORBIDDEN) {
		chat_send_error(
			chat, topic, to, CHAT_EFORBIDDEN, CHAT_CLOSED_REASON, message->ref, 0);
	}
}

void chat_saved(struct chat *chat, enum saved_as as, const struct message *message)
{
	if (as == SAVED_NEW && chat_may_tell_own(chat, message)) {
		chat_tell_message(chat, message, message->from != 0);
	} else if (as == SAVED_NEW) {
		chat->ports.needs_news(chat->ports.arg);
	}
	send_outcome(chat, as, message, message->from);
	struct pending *pending =
		message->ref.len > 0 ? pending_find(&chat->pending, message) : NULL;
	if (pending == NULL) {
		return;
	}
	for (const struct repeat *r = pending->repeats; r != NULL; r = r->next) {
		send_outcome(chat, as, message, r->from);
	}
	pending_remove(&chat->pending, pending);
}
