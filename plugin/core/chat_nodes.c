/* What the other brokers of a cluster say, and what this one has told before they do. */
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "chat_state.h"

/* Messages come with the news in their order.  One of this broker's own is told earlier, when the
 * store has answered, if it is the next one in a chat that somebody is in here; the news then pass
 * over it.  When nobody is in that chat any more by then, this is what says so. */
struct ahead {
	struct ahead *prev, *next; /* the oldest first */
	int64_t since;             /* ms of the steady clock */
	int64_t seq;               /* told up to here */
	uint32_t room_len;
	char room[];
};

/* Longer client ids than this are nobody's habit. */
#define CLIENT_ID_LOOKED_AT 255

/* The news come within milliseconds, or else are asked for. */
#define AHEAD_FOR_MS 30000

bool chat_say(struct chat *chat, const struct node_news *news)
{
	return chat_in_cluster(chat) && chat->ports.tell(chat->ports.arg, news);
}

static struct ahead *find_ahead(const struct chat *chat, struct slice room)
{
	struct ahead *ahead;
	DL_FOREACH (chat->ahead, ahead) {
		if (slice_equal(slice_of(ahead->room, ahead->room_len), room)) {
			break;
		}
	}
	return ahead;
}

static void forget(struct chat *chat, struct ahead *ahead)
{
	DL_DELETE(chat->ahead, ahead);
	free(ahead);
}

void chat_note_ahead(struct chat *chat, const struct room *room, struct chat_time now)
{
	struct slice name = presence_room_name(room);
	if (!chat_in_cluster(chat) || room->cluster->told_seq <= room->cluster->fed_seq) {
		return;
	}
	struct ahead *earlier = find_ahead(chat, name);
	if (earlier != NULL) {
		forget(chat, earlier);
	}
	struct ahead *ahead = malloc(sizeof(*ahead) + name.len);
	if (ahead != NULL) {
		ahead->since = now.steady;
		ahead->seq = room->cluster->told_seq;
		ahead->room_len = (uint32_t)name.len;
		memcpy(ahead->room, name.bytes, name.len);
		DL_APPEND(chat->ahead, ahead);
	}
}

void chat_forget_ahead(struct chat *chat, struct chat_time now)
{
	while (chat->ahead != NULL && now.steady - chat->ahead->since >= AHEAD_FOR_MS) {
		forget(chat, chat->ahead);
	}
}

void chat_free_ahead(struct chat *chat)
{
	while (chat->ahead != NULL) {
		forget(chat, chat->ahead);
	}
}

static bool was_told(
	const struct chat *chat, const struct room *room, const struct message *message)
{
	const struct ahead *ahead = find_ahead(chat, message->room);
	return (room != NULL && message->seq <= room->cluster->told_seq) ||
	       (ahead != NULL && message->seq <= ahead->seq);
}

bool chat_may_tell_own(const struct chat *chat, const struct message *message)
{
	if (!chat_in_cluster(chat)) {
		return true;
	}
	const struct room *room = presence_room(chat->presence, message->room);
	const struct room_in_cluster *known = room == NULL ? NULL : room->cluster;
	return known != NULL && !known->asked && !known->renewed && known->told_seq >= 0 &&
	       message->seq == known->told_seq + 1;
}

int8_t chat_who_is_in(const struct chat *chat, struct slice room_name)
{
	struct slice a, b;
	const struct room *room =
		chat_in_cluster(chat) ? presence_room(chat->presence, room_name) : NULL;
	if (room == NULL || !room->cluster->places_known || !topic_split_room(room_name, &a, &b)) {
		return chat_in_cluster(chat) ? -1 : 0;
	}
	bool has_a = presence_remote(room, true) != NULL ||
	             presence_is_in(room, presence_user_near(chat->presence, room, a));
	bool has_b = presence_remote(room, false) != NULL ||
	             presence_is_in(room, presence_user_near(chat->presence, room, b));
	return (int8_t)((has_a ? 1 : 0) + (has_b ? 2 : 0));
}

void chat_say_typing(struct chat *chat, struct slice room_name, struct slice id, bool on)
{
	struct node_news news = {.what = NODE_TYPING, .room = room_name, .user_id = id, .on = on};
	if (!chat_in_cluster(chat)) {
		return;
	}
	const struct room *room = presence_room(chat->presence, room_name);
	/* Somebody who has come to the chat elsewhere may not have been heard of. */
	bool all_here = room != NULL && room->cluster->remotes == NULL &&
	                chat_who_is_in(chat, room_name) == 3;
	if (!all_here) {
		(void)!chat_say(chat, &news);
	}
}

void chat_say_login(struct chat *chat, const struct client *client)
{
	struct node_news news = {
		.what = NODE_LOGIN,
		.user_id = chat_client_id(client),
		.client_id = slice_str(client->client_id),
	};
	(void)!chat_say(chat, &news);
}

/* A client id that is taken into use elsewhere ends the connection that had it before: the
 * half-open one of a phone that has moved on, say.  Which one was before is said by the order of
 * the news, in which the logins here have their places too. */
static void hear_login(struct chat *chat, const struct node_news *news)
{
	char client_id[CLIENT_ID_LOOKED_AT + 1];
	if (news->client_id.len > CLIENT_ID_LOOKED_AT) {
		return;
	}
	snprintf(client_id, sizeof(client_id), "%.*s", SLICE_ARGS(news->client_id));
	struct client *client = presence_holder(chat->presence, client_id);
	if (client == NULL || !slice_equal(chat_client_id(client), news->user_id)) {
		return;
	}
	if (news->own) {
		client->is_told = true;
	} else if (client->is_told && !client->ended) {
		chat_end_client(chat, client, "its client id is in use on another broker");
	}
}

static void hear_message(struct chat *chat, const struct message *message, bool from_client)
{
	struct room *room = presence_room(chat->presence, message->room);
	bool comes_later = room != NULL && (room->cluster->asked || chat_awaits_page(room));
	bool told = was_told(chat, room, message);
	if (!told && comes_later) {
		/* In the chat.  The lobbies' lists may have been read before it was stored. */
		chat_tell_lobbies(chat, message, room);
	} else if (!told) {
		chat_tell_message(chat, message, from_client);
	}
	if (room != NULL && message->seq > room->cluster->fed_seq) {
		room->cluster->fed_seq = message->seq;
	}
}

void chat_hear(struct chat *chat, const struct node_news *news, struct chat_time now)
{
	if (news->missed) {
		chat_hear_missed(chat, news, now);
		return;
	}
	switch (news->what) {
	case NODE_MESSAGE:
		hear_message(chat, &news->message, news->on);
		break;
	case NODE_CHANGED:
		chat_hear_changed(chat, &news->changed, now);
		break;
	case NODE_READ:
		chat_tell_read(chat, &news->mark, &news->marked);
		break;
	case NODE_MUTED:
		if (!news->own) {
			chat_hear_muted(chat, news->user_id, news->room, news->on);
		}
		break;
	case NODE_SEEN:
		chat_hear_seen(chat, news, now);
		break;
	case NODE_PLACED:
		chat_hear_place(chat, news);
		break;
	case NODE_PLACES_KNOWN:
		chat_hear_places_known(chat, news->room);
		break;
	case NODE_TYPING:
		chat_tell_typing(
			chat, presence_room(chat->presence, news->room), news->user_id, news->on);
		break;
	case NODE_LOGIN:
		hear_login(chat, news);
		break;
	case NODE_GONE:
		chat_hear_gone(chat, news->node);
		break;
	case NODE_ENTERED:
		chat_place_all(chat, now);
		chat_note_online(chat, now);
		break;
	case NODE_BEHIND:
		chat_ask_missed(chat, now);
		break;
	case NODE_ASK:
	case NODE_ASKED:
		break;
	}
}
