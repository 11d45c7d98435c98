/* Who may subscribe, publish and receive what; and what a subscribe brings. */
#include "access.h"
#include "chat_state.h"

/* Topics that are none of ours.  $CONTROL is how other plugins are administered: `other_topics
 * allow` must not open that. */
static enum chat_answer other_topic(
	const struct chat *chat, const struct client *client, struct slice topic)
{
	bool ordinary = chat_client_id(client).len == 0;
	bool control = slice_starts(topic, SLICE("$CONTROL"));
	return ordinary && chat->options.allow_other_topics && !control ? CHAT_ALLOW : CHAT_DEFER;
}

static enum chat_answer translate(enum access_answer answer, const struct chat *chat,
	const struct client *client, struct slice topic)
{
	switch (answer) {
	case ACCESS_YES:
		return CHAT_ALLOW;
	case ACCESS_NO:
		return CHAT_DENY;
	case ACCESS_NOT_OURS:
		break;
	}
	return other_topic(chat, client, topic);
}

/* A SUBSCRIBE beyond the limit is granted, but not answered with what it would cost to look up. */
static bool subscribes_too_often(
	struct chat *chat, const struct client *client, struct slice topic, struct chat_time now)
{
	int64_t wait =
		limiter_take(chat->limiter, chat_client_id(client), LIMIT_REQUESTS, now.steady);
	if (wait > 0) {
		chat_send_error(chat, topic, client->serial, CHAT_ERATELIMITED,
			"too many requests; subscribe again later", slice_of("", 0),
			wait > RETRY_MS ? wait : RETRY_MS);
	}
	return wait > 0;
}

static enum chat_answer enter_lobby(
	struct chat *chat, struct client *client, const struct topic *topic, struct chat_time now)
{
	char bytes[TOPIC_MAX + 1];
	client->in_lobby = true;
	if (!subscribes_too_often(chat, client, topic_of_lobby(topic->a, bytes), now)) {
		chat_request_unread(chat, client, now);
	}
	return CHAT_ALLOW;
}

/* NULL: it is in too many, or out of memory. */
static struct membership *join(struct chat *chat, struct client *client, struct slice room)
{
	if (client->chat_count >= CHATS_PER_CLIENT_MAX) {
		/* Once: a packet can ask ten thousand times. */
		if (!client->logged_full) {
			chat_log(chat, CHAT_NOTICE, client,
				"subscribe refused: in %d chats already", CHATS_PER_CLIENT_MAX);
			client->logged_full = true;
		}
		return NULL;
	}
	struct membership *m = presence_join(chat->presence, client, room);
	if (m == NULL) {
		chat_log(chat, CHAT_WARNING, client, "subscribe refused: out of memory");
	} else {
		/* A presence_diff that was not routed yet is in its presence_state already. */
		gate_skip(chat->gate, m->room->last_diff, client->serial);
	}
	return m;
}

static enum chat_answer enter_chat(
	struct chat *chat, struct client *client, const struct topic *topic, struct chat_time now)
{
	char bytes[TOPIC_MAX + 1];
	const struct room *room = presence_room(chat->presence, topic->room);
	bool first = !presence_is_in(room, client->user);
	struct membership *m = presence_membership(client, room);
	if (m == NULL) {
		m = join(chat, client, topic->room);
	}
	if (m == NULL) {
		return CHAT_DENY;
	}
	if (!subscribes_too_often(chat, client, topic_of_chat(topic->room, bytes), now)) {
		chat_request_history(chat, m, now);
	}
	chat_joined(chat, m, first, now);
	return CHAT_ALLOW;
}

enum chat_answer chat_subscribe(
	struct chat *chat, const void *handle, struct slice filter, struct chat_time now)
{
	struct client *client = presence_find(chat->presence, handle);
	struct topic topic = topic_parse_filter(filter);
	enum access_answer answer = access_subscribe(chat_client_id(client), &topic);
	if (answer != ACCESS_YES) {
		return translate(answer, chat, client, filter);
	}
	return topic.kind == TOPIC_LOBBY ? enter_lobby(chat, client, &topic, now)
	                                 : enter_chat(chat, client, &topic, now);
}

/* 2.1 reads packets between our publish and its routing.  A client that unsubscribes just then gets
 * the message neither in the chat nor, having been in it, as a notification: it is sent the unread
 * list. */
static bool leaves_before_a_message(const struct chat *chat, const struct membership *m)
{
	uint64_t number = m->room->last_message;
	return number > m->client->last_entry && gate_is_open(chat->gate, number);
}

static void unsubscribe_chat(
	struct chat *chat, struct client *client, struct slice room, struct chat_time now)
{
	struct membership *m = presence_membership(client, presence_room(chat->presence, room));
	if (m == NULL) {
		return;
	}
	bool missed = leaves_before_a_message(chat, m);
	chat_leave(chat, m);
	if (missed && client->in_lobby) {
		chat_request_unread(chat, client, now);
	}
}

enum chat_answer chat_unsubscribe(
	struct chat *chat, const void *handle, struct slice filter, struct chat_time now)
{
	struct client *client = presence_find(chat->presence, handle);
	struct topic topic = topic_parse_filter(filter);
	enum access_answer answer = access_subscribe(chat_client_id(client), &topic);
	if (answer == ACCESS_NOT_OURS) {
		return other_topic(chat, client, filter);
	}
	if (answer == ACCESS_YES && topic.kind == TOPIC_LOBBY) {
		client->in_lobby = false;
		if (client->unread_request != NULL) {
			requests_cancel(&chat->requests, client->unread_request);
			client->unread_request = NULL;
		}
	} else if (answer == ACCESS_YES) {
		unsubscribe_chat(chat, client, topic.room, now);
	}
	/* ACCESS_NO: there is no such subscription. */
	return CHAT_ALLOW;
}

enum chat_answer chat_may_publish(
	struct chat *chat, const void *handle, struct slice topic, bool retain)
{
	struct client *client = presence_find(chat->presence, handle);
	struct topic parsed = topic_parse(topic);
	enum access_answer answer = access_publish(chat_client_id(client), &parsed, retain);
	/* What comes from a client whose id a newer one is taking over is its Will.  It would not
	 * pass the gate, but its bytes could be those of an event that is on its way. */
	if (answer == ACCESS_YES && !client->holds_id) {
		return CHAT_DENY;
	}
	return translate(answer, chat, client, topic);
}

enum chat_answer chat_may_receive(
	struct chat *chat, const void *handle, struct slice topic, struct slice payload)
{
	struct client *client = presence_find(chat->presence, handle);
	struct topic parsed = topic_parse(topic);
	enum access_answer answer = access_receive(chat_client_id(client), &parsed);
	if (answer == ACCESS_YES &&
		!gate_pass(chat->gate, topic, payload, client->serial, &client->last_entry)) {
		return CHAT_DENY;
	}
	return translate(answer, chat, client, topic);
}
