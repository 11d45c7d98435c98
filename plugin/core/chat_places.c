/* Who is in which chat on the other brokers of a cluster. */
#include "chat_state.h"

/* A crash of the database makes all brokers enter anew, and each in its own time. */
#define OLD_FOR_MS 10000

bool chat_knows_places(const struct room *room)
{
	return room->cluster == NULL || room->cluster->places_known;
}

void chat_say_place(struct chat *chat, struct slice room_name, const struct user *user, bool here)
{
	struct node_news news = {
		.what = NODE_PLACED,
		.room = room_name,
		.user_id = presence_id(user),
		.name = presence_name(user->name),
		.on = here,
	};
	(void)!chat_say(chat, &news);
}

void chat_hear_place(struct chat *chat, const struct node_news *news)
{
	struct room *room = presence_room(chat->presence, news->room);
	if (room == NULL) {
		return;
	}
	bool by_a = presence_side(room, news->user_id) == 1;
	bool was_there = presence_remote(room, by_a) != NULL;
	if (news->on) {
		(void)!remotes_add(&room->cluster->remotes, news->node, by_a, news->name);
	} else {
		(void)!remotes_remove(&room->cluster->remotes, news->node, by_a);
	}
	bool is_there = presence_remote(room, by_a) != NULL;
	if (was_there != is_there) {
		struct person person = {news->user_id, news->name};
		chat_tell_remote(chat, room, &person, is_there);
	}
}

void chat_hear_places_known(struct chat *chat, struct slice room_name)
{
	struct room *room = presence_room(chat->presence, room_name);
	if (room != NULL && !room->cluster->places_known) {
		room->cluster->places_known = true;
		chat_announce(chat, room);
	}
}

/* Of a broker; 0: what is out of date. */
static void drop_places(struct chat *chat, struct room *room, int32_t node)
{
	struct slice a, b;
	const struct remote *remote;
	if (room->cluster->remotes == NULL || !topic_split_room(presence_room_name(room), &a, &b)) {
		return;
	}
	while ((remote = remotes_outdated(room->cluster->remotes, node)) != NULL) {
		char bytes[NAME_MAX_BYTES];
		bool by_a = remote->by_a;
		struct person person = {by_a ? a : b, slice_of(bytes, remote->name_len)};
		memcpy(bytes, remote->name, remote->name_len);
		(void)!remotes_remove(&room->cluster->remotes, remote->node, by_a);
		if (presence_remote(room, by_a) == NULL) {
			chat_tell_remote(chat, room, &person, false);
		}
	}
}

static void drop_all_places(struct chat *chat, int32_t node)
{
	for (struct room *room = presence_next_room(chat->presence, NULL); room != NULL;
		room = presence_next_room(chat->presence, room)) {
		drop_places(chat, room, node);
	}
}

void chat_hear_gone(struct chat *chat, int32_t node)
{
	drop_all_places(chat, node);
}

void chat_place_all(struct chat *chat, struct chat_time now)
{
	for (struct room *room = presence_next_room(chat->presence, NULL); room != NULL;
		room = presence_next_room(chat->presence, room)) {
		const struct user *told = NULL;
		remotes_age(room->cluster->remotes);
		/* Of two users' clients, who may alternate; to say it twice does no harm. */
		for (const struct membership *m = room->members; m != NULL; m = m->room_next) {
			if (m->client->user != told) {
				told = m->client->user;
				chat_say_place(chat, presence_room_name(room), told, true);
			}
		}
	}
	chat->entered_at = now.steady;
}

void chat_forget_old_places(struct chat *chat, struct chat_time now)
{
	if (chat->entered_at != 0 && now.steady - chat->entered_at >= OLD_FOR_MS) {
		chat->entered_at = 0;
		drop_all_places(chat, 0);
	}
}
