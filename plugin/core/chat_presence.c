/* Who is told of who is in a chat: whoever comes to it, and the others. */
#include <stdlib.h>
#include <utlist.h>

#include "chat_state.h"

/* Who subscribes waits for messages.  So when that many answers are owed, or were given in this
 * turn, they go first; who has come to the chats is told after them, but within a second. */
#define ANSWERS_FIRST 64
#define ANNOUNCE_WITHIN_MS 1000

/* A client has subscribed to a chat, and nobody has been told. */
struct arrival {
	struct arrival *prev, *next; /* in all chats, as they came */
	struct table_link by_room;
	struct membership *m;
	bool first; /* of its user's clients */
	int64_t came;
};

static struct person person_of(const struct user *user)
{
	return (struct person){presence_id(user), presence_name(user->name)};
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
			people[count++] = person_of(user);
		}
	}
	return count;
}

static void send_diff(struct chat *chat, struct slice topic, struct room *room,
	const struct person *people, size_t count, bool join)
{
	buffer_clear(&chat->text);
	protocol_presence_diff(&chat->text, people, count, join);
	room->last_diff = chat_send(chat, topic, &chat->text, 1, 0);
}

static bool is_in_room(const struct table_link *link, const void *room)
{
	return TABLE_ELEMENT(link, struct arrival, by_room)->m->room == room;
}

static bool is_by_membership(const struct table_link *link, const void *m)
{
	return TABLE_ELEMENT(link, struct arrival, by_room)->m == m;
}

/* One who has come to the room, or that of the membership alone; NULL: there is none. */
static struct arrival *arrival_in(
	const struct chat *chat, const struct room *room, const struct membership *m)
{
	uint64_t hash = room->by_name.hash;
	struct table_link *link = m == NULL
	                                  ? table_find(&chat->arriving, hash, is_in_room, room)
	                                  : table_find(&chat->arriving, hash, is_by_membership, m);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct arrival, by_room);
}

static void forget(struct chat *chat, struct arrival *arrival)
{
	table_remove(&chat->arriving, &arrival->by_room);
	DL_DELETE(chat->arrivals, arrival);
	free(arrival);
}

void chat_announce(struct chat *chat, struct room *room)
{
	char bytes[TOPIC_MAX + 1];
	struct slice topic = topic_of_chat(presence_room_name(room), bytes);
	struct person people[2];
	struct person joined[2];
	size_t count = 0;
	struct arrival *arrival = arrival_in(chat, room, NULL);
	if (arrival == NULL) {
		return;
	}
	buffer_clear(&chat->text);
	protocol_presence_state(&chat->text, people, people_in(chat, room, people));
	for (; arrival != NULL; arrival = arrival_in(chat, room, NULL)) {
		const struct client *client = arrival->m->client;
		chat_send_to(chat, topic, &chat->text, client->serial);
		/* Nobody leaves untold, so each of the two comes once. */
		if (arrival->first && count < 2) {
			joined[count++] = person_of(client->user);
		}
		forget(chat, arrival);
	}
	if (count > 0) {
		send_diff(chat, topic, room, joined, count, true);
	}
}

static bool may_wait(const struct chat *chat, const struct arrival *arrival, struct chat_time now)
{
	size_t answers = chat->answered + requests_count(&chat->requests);
	return chat->answering && answers >= ANSWERS_FIRST &&
	       now.steady - arrival->came < ANNOUNCE_WITHIN_MS;
}

void chat_come(struct chat *chat, struct membership *m, bool first, struct chat_time now)
{
	if (arrival_in(chat, m->room, m) != NULL) {
		/* It will be told, after this subscribe as after the one before. */
		return;
	}
	struct arrival *arrival = malloc(sizeof(*arrival));
	if (arrival == NULL) {
		chat_log(chat, CHAT_WARNING, m->client, "out of memory: presence was not sent");
		return;
	}
	*arrival = (struct arrival){.m = m, .first = first, .came = now.steady};
	table_add(&chat->arriving, &arrival->by_room, m->room->by_name.hash);
	DL_APPEND(chat->arrivals, arrival);
	if (!may_wait(chat, arrival, now)) {
		chat_announce(chat, m->room);
	}
}

void chat_leave(struct chat *chat, struct membership *m)
{
	char bytes[TOPIC_MAX + 1];
	struct room *room = m->room;
	struct slice topic = topic_of_chat(presence_room_name(room), bytes);
	const struct user *user = m->client->user;
	bool others_stay = room->members->room_next != NULL;
	chat_announce(chat, room);
	if (m->owed != NULL) {
		requests_cancel(&chat->requests, m->owed);
	}
	presence_leave(chat->presence, m);
	if (others_stay && !presence_is_in(room, user)) {
		struct person person = person_of(user);
		send_diff(chat, topic, room, &person, 1, false);
	}
}

bool chat_announce_due(struct chat *chat, struct chat_time now)
{
	while (chat->arrivals != NULL && !may_wait(chat, chat->arrivals, now)) {
		chat_announce(chat, chat->arrivals->m->room);
	}
	chat->answered = 0;
	return chat->arrivals != NULL && !may_wait(chat, chat->arrivals, now);
}

void chat_forget_arrivals(struct chat *chat)
{
	while (chat->arrivals != NULL) {
		forget(chat, chat->arrivals);
	}
	table_finish(&chat->arriving);
}
