/* Who is in a chat: each client that subscribes is told, and the others are told of it. */
#include <stdlib.h>
#include <utlist.h>

#include "chat_state.h"

/* Whoever subscribes waits for messages first of all.  So when that many requests wait or were
 * answered in this turn, presence is told after them, but within a second. */
#define ANSWERS_FIRST 64
#define ANNOUNCE_WITHIN_MS 1000

/* A client that has subscribed to a chat, and the others were not told. */
struct arrival {
	struct arrival *prev, *next; /* in chat->arrivals or chat->early_arrivals, oldest first */
	struct table_link by_room;
	struct membership *m;
	bool first;      /* of its user's clients in this chat: the others are to be told, too */
	bool told_alone; /* the client was told of itself alone */
	bool early;      /* it is not known whether the chat is open */
	int64_t since;   /* ms of the steady clock */
};

static struct person person_of(const struct user *user)
{
	return (struct person){presence_id(user), presence_name(user->name)};
}

static struct slice remote_name(const struct remote *remote)
{
	return slice_of(remote->name, remote->name_len);
}

/* Whether the user is in the chat on another broker. */
static bool is_elsewhere(const struct room *room, const struct user *user)
{
	return presence_remote(room, presence_side(room, presence_id(user)) == 1) != NULL;
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
		const struct remote *remote = presence_remote(room, i == 0);
		if (presence_is_in(room, user)) {
			people[count++] = person_of(user);
		} else if (remote != NULL) {
			people[count++] = (struct person){ids[i], remote_name(remote)};
		}
	}
	return count;
}

static void send_diff(struct chat *chat, struct slice topic, struct room *room,
	const struct person *people, size_t count, bool join)
{
	struct buffer *payload = chat_begin(chat);
	protocol_presence_diff(payload, people, count, join);
	room->last_diff = chat_send(chat, topic, payload, 1, 0);
}

static bool is_in_room(const struct table_link *link, const void *room)
{
	return TABLE_ELEMENT(link, struct arrival, by_room)->m->room == room;
}

static bool is_early_in_room(const struct table_link *link, const void *room)
{
	const struct arrival *arrival = TABLE_ELEMENT(link, struct arrival, by_room);
	return arrival->m->room == room && arrival->early;
}

static bool is_of_membership(const struct table_link *link, const void *m)
{
	return TABLE_ELEMENT(link, struct arrival, by_room)->m == m;
}

/* An arrival in the room, or that of this membership (NULL: of any); NULL: there is none. */
static struct arrival *arrival_in(
	const struct chat *chat, const struct room *room, const struct membership *m)
{
	uint64_t hash = room->by_name.hash;
	struct table_link *link =
		m == NULL ? table_find(&chat->arrivals_by_room, hash, is_in_room, room)
			  : table_find(&chat->arrivals_by_room, hash, is_of_membership, m);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct arrival, by_room);
}

static void forget(struct chat *chat, struct arrival *arrival)
{
	table_remove(&chat->arrivals_by_room, &arrival->by_room);
	if (arrival->early) {
		DL_DELETE(chat->early_arrivals, arrival);
	} else {
		DL_DELETE(chat->arrivals, arrival);
	}
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
	if (arrival == NULL || room->state != ROOM_OPEN || !chat_knows_places(room)) {
		return;
	}
	struct buffer *payload = chat_begin(chat);
	protocol_presence_state(payload, people, people_in(chat, room, people));
	for (; arrival != NULL; arrival = arrival_in(chat, room, NULL)) {
		const struct client *client = arrival->m->client;
		chat_send_to(chat, topic, payload, client->serial);
		/* chat_leave announces first, so each of the two users is here once. */
		if (arrival->first && count < 2 && !is_elsewhere(room, client->user)) {
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
	size_t answers = chat->answers_this_turn + requests_count(&chat->requests);
	bool has_to = answers >= ANSWERS_FIRST || !chat_knows_places(arrival->m->room);
	return chat->store_up && has_to && now.steady - arrival->since < ANNOUNCE_WITHIN_MS;
}

/* Without those on other brokers, if these are not known by now. */
static void announce_now(struct chat *chat, struct room *room)
{
	if (room->cluster != NULL) {
		room->cluster->places_known = true;
	}
	chat_announce(chat, room);
}

/* A new one, or the one of an earlier subscribe that nobody was told of; NULL: out of memory. */
static struct arrival *arrive(
	struct chat *chat, struct membership *m, bool first, struct chat_time now)
{
	struct arrival *arrival = arrival_in(chat, m->room, m);
	if (arrival != NULL) {
		return arrival;
	}
	arrival = malloc(sizeof(*arrival));
	if (arrival == NULL) {
		chat_log(chat, CHAT_WARNING, m->client, "out of memory: presence was not sent");
		return NULL;
	}
	*arrival = (struct arrival){.m = m, .first = first, .since = now.steady};
	arrival->early = m->room->state == ROOM_UNKNOWN;
	table_add(&chat->arrivals_by_room, &arrival->by_room, m->room->by_name.hash);
	if (arrival->early) {
		DL_APPEND(chat->early_arrivals, arrival);
	} else {
		DL_APPEND(chat->arrivals, arrival);
	}
	return arrival;
}

static void tell_alone(struct chat *chat, struct arrival *arrival)
{
	if (arrival->told_alone) {
		return;
	}
	arrival->told_alone = true;
	char bytes[TOPIC_MAX + 1];
	const struct client *client = arrival->m->client;
	struct person person = person_of(client->user);
	struct buffer *payload = chat_begin(chat);
	protocol_presence_state(payload, &person, 1);
	chat_send_to(chat, topic_of_chat(presence_room_name(arrival->m->room), bytes), payload,
		client->serial);
}

void chat_joined_alone(struct chat *chat, const struct room *room, const struct client *client)
{
	const struct membership *m = presence_membership(client, room);
	struct arrival *arrival = m == NULL ? NULL : arrival_in(chat, room, m);
	if (arrival != NULL && arrival->early) {
		tell_alone(chat, arrival);
	}
}

void chat_all_joined_alone(struct chat *chat)
{
	struct arrival *arrival;
	DL_FOREACH (chat->early_arrivals, arrival) {
		tell_alone(chat, arrival);
	}
}

void chat_joined(struct chat *chat, struct membership *m, bool first, struct chat_time now)
{
	if (first) {
		chat_say_place(chat, presence_room_name(m->room), m->client->user, true);
	}
	if (chat_is_shut(m->room)) {
		return;
	}
	struct arrival *arrival = arrive(chat, m, first, now);
	if (arrival == NULL) {
		return;
	}
	if (!arrival->early && !may_wait(chat, arrival, now)) {
		announce_now(chat, m->room);
	} else if (arrival->early && (!chat->store_up || m->history_request == NULL)) {
		tell_alone(chat, arrival);
	}
}

/* No other client of its user is in the chat. */
static bool is_last_of_user(const struct membership *m)
{
	const struct membership *other = m->room->members;
	while (other != NULL && (other == m || other->client->user != m->client->user)) {
		other = other->room_next;
	}
	return other == NULL;
}

void chat_leave(struct chat *chat, struct membership *m)
{
	char bytes[TOPIC_MAX + 1];
	struct room *room = m->room;
	struct slice topic = topic_of_chat(presence_room_name(room), bytes);
	const struct user *user = m->client->user;
	bool others_hear = room->state == ROOM_OPEN && room->members->room_next != NULL;
	chat_announce(chat, room);
	struct arrival *untold = arrival_in(chat, room, m);
	bool told = untold == NULL || !untold->first;
	if (untold != NULL) {
		forget(chat, untold);
	}
	if (room->members->room_next == NULL) {
		chat_tell_all_held_changes(chat, room);
		chat_note_ahead(chat, room, chat->now);
		chat_forget_untold_reads(chat, room);
	}
	if (m->history_request != NULL) {
		requests_cancel(&chat->requests, m->history_request);
	}
	bool elsewhere = is_elsewhere(room, user);
	bool last = is_last_of_user(m);
	presence_leave(chat->presence, m);
	if (last) {
		chat_say_place(chat, slice_from(topic, strlen("chat/")), user, false);
	}
	if (others_hear && last && told && !elsewhere) {
		struct person person = person_of(user);
		send_diff(chat, topic, room, &person, 1, false);
	}
}

void chat_tell_remote(struct chat *chat, struct room *room, const struct person *person, bool join)
{
	char bytes[TOPIC_MAX + 1];
	const struct user *user = presence_user_near(chat->presence, room, person->id);
	if (room->state == ROOM_OPEN && room->cluster->places_known &&
		!presence_is_in(room, user)) {
		chat_announce(chat, room);
		send_diff(chat, topic_of_chat(presence_room_name(room), bytes), room, person, 1,
			join);
	}
}

void chat_release_arrivals(struct chat *chat, const struct room *room)
{
	struct table_link *link;
	while ((link = table_find(&chat->arrivals_by_room, room->by_name.hash, is_early_in_room,
			room)) != NULL) {
		struct arrival *arrival = TABLE_ELEMENT(link, struct arrival, by_room);
		arrival->early = false;
		DL_DELETE(chat->early_arrivals, arrival);
		DL_APPEND(chat->arrivals, arrival);
	}
}

void chat_forget_arrivals(struct chat *chat, const struct room *room)
{
	struct arrival *arrival;
	while ((arrival = arrival_in(chat, room, NULL)) != NULL) {
		forget(chat, arrival);
	}
}

bool chat_announce_due(struct chat *chat, struct chat_time now)
{
	while (chat->arrivals != NULL && !may_wait(chat, chat->arrivals, now)) {
		announce_now(chat, chat->arrivals->m->room);
	}
	chat->answers_this_turn = 0;
	return chat->arrivals != NULL && !may_wait(chat, chat->arrivals, now);
}

void chat_free_arrivals(struct chat *chat)
{
	while (chat->arrivals != NULL) {
		forget(chat, chat->arrivals);
	}
	while (chat->early_arrivals != NULL) {
		forget(chat, chat->early_arrivals);
	}
	table_finish(&chat->arrivals_by_room);
}
