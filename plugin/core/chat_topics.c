/* Who may subscribe, publish and receive what; coming to a chat and leaving it. */
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

/* Who of the room's two users is in it now. */
static size_t people_in(const struct chat *chat, const struct room *room, struct person people[2])
{
	struct slice ids[2];
	size_t count = 0;
	if (!topic_split_room(presence_room_name(room), &ids[0], &ids[1])) {
		return 0;
	}
	for (size_t i = 0; i < 2; i++) {
		const struct user *user = presence_user(chat->presence, ids[i]);
		if (presence_is_in(room, user)) {
			people[count++] = (struct person){ids[i], presence_name(user->name)};
		}
	}
	return count;
}

static void send_presence_diff(struct chat *chat, struct slice topic, struct room *room,
	const struct user *user, bool joins)
{
	struct person person = {presence_id(user), presence_name(user->name)};
	buffer_clear(&chat->text);
	protocol_presence_diff(&chat->text, &person, joins);
	room->last_diff = chat_send(chat, topic, &chat->text, 1, 0);
}

void chat_leave(struct chat *chat, struct membership *m)
{
	char bytes[TOPIC_MAX + 1];
	struct slice topic = topic_of_chat(presence_room_name(m->room), bytes);
	const struct user *user = m->client->user;
	struct room *room = m->room;
	bool others_stay = m->room->members->room_next != NULL;
	if (m->owed != NULL) {
		requests_cancel(&chat->requests, m->owed);
	}
	presence_leave(chat->presence, m);
	if (others_stay && !presence_is_in(room, user)) {
		send_presence_diff(chat, topic, room, user, false);
	}
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
	client->lobby = true;
	if (!subscribes_too_often(chat, client, topic_of_lobby(topic->a, bytes), now)) {
		chat_owe_unread(chat, client, now);
	}
	return CHAT_ALLOW;
}

static enum chat_answer enter_chat(
	struct chat *chat, struct client *client, const struct topic *topic, struct chat_time now)
{
	char bytes[TOPIC_MAX + 1];
	struct slice name = topic_of_chat(topic->room, bytes);
	struct room *room = presence_room(chat->presence, topic->room);
	bool user_was_in = presence_is_in(room, client->user);
	struct membership *m = presence_membership(client, room);
	if (m == NULL && client->chat_count >= CHATS_PER_CLIENT_MAX) {
		/* Once: a packet can ask ten thousand times. */
		if (!client->told_full) {
			chat_log(chat, CHAT_NOTICE, client,
				"subscribe refused: in %d chats already", CHATS_PER_CLIENT_MAX);
			client->told_full = true;
		}
		return CHAT_DENY;
	}
	if (m == NULL) {
		m = presence_join(chat->presence, client, topic->room);
		if (m == NULL) {
			chat_log(chat, CHAT_WARNING, client, "subscribe refused: out of memory");
			return CHAT_DENY;
		}
		/* Who came or left just before is in the presence_state already. */
		gate_skip(chat->gate, m->room->last_diff, client->serial);
	}
	struct person people[2];
	size_t count = people_in(chat, m->room, people);
	buffer_clear(&chat->text);
	protocol_presence_state(&chat->text, people, count);
	chat_send_to(chat, name, &chat->text, client->serial);
	if (!user_was_in) {
		send_presence_diff(chat, name, m->room, client->user, true);
	}
	if (!subscribes_too_often(chat, client, name, now)) {
		chat_owe_history(chat, m, now);
	}
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

/* 2.1 reads packets between our publish and its routing: who leaves the chat just then gets the
 * message neither there nor, having been in the chat, as a notification.  Its lobby is told anew.
 */
static bool leaves_a_message_behind(const struct chat *chat, const struct membership *m)
{
	uint64_t number = m->room->last_message;
	return number > m->client->taken && gate_is_open(chat->gate, number);
}

static void unsubscribe_chat(
	struct chat *chat, struct client *client, struct slice room, struct chat_time now)
{
	struct membership *m = presence_membership(client, presence_room(chat->presence, room));
	if (m == NULL) {
		return;
	}
	bool missed = leaves_a_message_behind(chat, m);
	chat_leave(chat, m);
	if (missed && client->lobby) {
		chat_owe_unread(chat, client, now);
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
		client->lobby = false;
		if (client->lobby_owed != NULL) {
			requests_cancel(&chat->requests, client->lobby_owed);
			client->lobby_owed = NULL;
		}
	} else if (answer == ACCESS_YES) {
		unsubscribe_chat(chat, client, topic.room, now);
	}
	/* What could not be subscribed is not there to be kept. */
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
		!gate_pass(chat->gate, topic, payload, client->serial, &client->taken)) {
		return CHAT_DENY;
	}
	return translate(answer, chat, client, topic);
}
