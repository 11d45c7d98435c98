/* What users are told of the other one in their chats: the name, whether they are online anywhere,
 * and when they last were. */
#include <stdlib.h>
#include <utlist.h>

#include "chat_state.h"

/* A user whose last client has gone, and nobody was told: a reload of a page takes less. */
#define OFFLINE_AFTER_MS 5000

struct absence {
	struct absence *prev, *next; /* the oldest first */
	struct table_link by_id;
	int64_t since;   /* ms of the steady clock */
	int64_t seen_at; /* Unix ms */
	uint32_t id_len, name_len;
	char bytes[]; /* id, name as shown */
};

static struct slice id_of(const struct absence *absence)
{
	return slice_of(absence->bytes, absence->id_len);
}

static struct slice name_of(const struct absence *absence)
{
	return slice_of(absence->bytes + absence->id_len, absence->name_len);
}

static bool has_id(const struct table_link *link, const void *id)
{
	const struct absence *absence = TABLE_ELEMENT(link, struct absence, by_id);
	return slice_equal(id_of(absence), *(const struct slice *)id);
}

static struct absence *find(const struct chat *chat, struct slice id)
{
	struct table_link *link =
		chat->absences.count == 0
			? NULL
			: table_find(&chat->absences, siphash(&chat->pending.key, id), has_id, &id);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct absence, by_id);
}

static void forget(struct chat *chat, struct absence *absence)
{
	table_remove(&chat->absences, &absence->by_id);
	DL_DELETE(chat->oldest_absence, absence);
	free(absence);
}

/* The name that is shown of a user who is connected. */
static struct slice shown_name(const struct user *user)
{
	return user->named              ? presence_name(user->name)
	       : user->app_name == NULL ? slice_of("", 0)
	                                : presence_name(user->app_name);
}

static bool is_known(const struct room *room, struct slice id)
{
	return (room->known & presence_side(room, id)) != 0;
}

/* Of what was told of a user: online or not, and the name; never 0. */
static uint32_t shown_of(const struct chat *chat, const struct peer *peer)
{
	uint64_t hash = siphash(&chat->pending.key, peer->name);
	bool online = peer->online && chat->options.last_seen;
	return (uint32_t)(hash << 2) | (online ? 3 : 1);
}

static uint32_t *shown_in(struct room *room, struct slice id)
{
	return &room->shown[presence_side(room, id) == 1 ? 0 : 1];
}

static void note_shown(const struct chat *chat, struct room *room, const struct peer *peer)
{
	*shown_in(room, peer->user_id) = shown_of(chat, peer);
}

static void tell_room(struct chat *chat, struct room *room, const struct peer *peer)
{
	if (chat->ports.seen == NULL || room->state != ROOM_OPEN ||
		!is_known(room, peer->user_id)) {
		return;
	}
	char bytes[TOPIC_MAX + 1];
	struct peer told = *peer;
	told.name_only = !chat->options.last_seen;
	struct buffer *payload = chat_begin(chat);
	note_shown(chat, room, peer);
	protocol_peer(payload, &told);
	(void)chat_send(chat, topic_of_chat(presence_room_name(room), bytes), payload, 1, 0);
}

static struct peer online_peer(const struct user *user)
{
	return (struct peer){
		.user_id = presence_id(user),
		.known = true,
		.name = shown_name(user),
		.online = true,
	};
}

/* Users of whom there is something to tell in their chats.  To find these chats, all chats that
 * somebody is in are looked at, once for all such users.  That takes about 0.1 us for each chat,
 * and is done so seldom that it takes no more than a hundredth of the thread's time. */
#define CHATS_PER_MS 100

struct peer_news {
	struct table_link by_id;
	struct peer_news *next;
	int64_t seen_at; /* Unix ms; while they are connected it says nothing, nor does the name */
	bool online;     /* on another broker of the cluster */
	uint32_t id_len, name_len;
	char bytes[]; /* id, name as shown */
};

static struct slice id_of_news(const struct peer_news *news)
{
	return slice_of(news->bytes, news->id_len);
}

static bool is_news_of(const struct table_link *link, const void *id)
{
	const struct peer_news *news = TABLE_ELEMENT(link, struct peer_news, by_id);
	return slice_equal(id_of_news(news), *(const struct slice *)id);
}

static struct peer_news *find_news(const struct chat *chat, struct slice id)
{
	struct table_link *link = table_find(
		&chat->peer_news_by_id, siphash(&chat->pending.key, id), is_news_of, &id);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct peer_news, by_id);
}

/* As it is when it is told. */
static struct peer peer_of_news(const struct chat *chat, const struct peer_news *news)
{
	struct slice id = id_of_news(news);
	const struct user *user = presence_user(chat->presence, id);
	if (user != NULL) {
		return online_peer(user);
	}
	const struct absence *absence = find(chat, id);
	return (struct peer){
		.user_id = id,
		.known = true,
		.online = absence != NULL || news->online,
		.name = absence != NULL ? name_of(absence)
	                                : slice_of(news->bytes + news->id_len, news->name_len),
		.seen_at = news->seen_at,
	};
}

static void tell_news_of(struct chat *chat, struct room *room, struct slice id)
{
	const struct peer_news *news = find_news(chat, id);
	if (news == NULL) {
		return;
	}
	struct peer peer = peer_of_news(chat, news);
	/* In a cluster the same may be heard twice: from a login here, and from the database. */
	if (!chat_in_cluster(chat) || *shown_in(room, id) != shown_of(chat, &peer)) {
		tell_room(chat, room, &peer);
	}
}

static void free_news(struct chat *chat)
{
	while (chat->peer_news != NULL) {
		struct peer_news *news = chat->peer_news;
		LL_DELETE(chat->peer_news, news);
		table_remove(&chat->peer_news_by_id, &news->by_id);
		free(news);
	}
}

void chat_tell_peers(struct chat *chat, struct chat_time now)
{
	if (chat->peer_news == NULL || now.steady < chat->tell_peers_at) {
		return;
	}
	struct room *room = NULL;
	while ((room = presence_next_room(chat->presence, room)) != NULL) {
		struct slice a, b;
		if (room->known != 0 && topic_split_room(presence_room_name(room), &a, &b)) {
			tell_news_of(chat, room, a);
			tell_news_of(chat, room, b);
		}
	}
	free_news(chat);
	chat->tell_peers_at =
		now.steady + (int64_t)(presence_count(chat->presence).rooms / CHATS_PER_MS);
}

/* Of a user who is not here: the name, when they were last seen, and whether they are online on
 * another broker. */
static void add_news(struct chat *chat, const struct peer *peer, struct chat_time now)
{
	struct slice id = peer->user_id;
	struct slice name = peer->name;
	struct peer_news *news = find_news(chat, id);
	if (news != NULL) {
		LL_DELETE(chat->peer_news, news);
		table_remove(&chat->peer_news_by_id, &news->by_id);
		free(news);
	}
	news = calloc(1, sizeof(*news) + id.len + name.len);
	if (news == NULL) {
		chat_log(chat, CHAT_WARNING, NULL,
			"out of memory: nobody was told whether %.*s is online", SLICE_ARGS(id));
		return;
	}
	news->seen_at = peer->seen_at;
	news->online = peer->online;
	news->id_len = (uint32_t)id.len;
	news->name_len = (uint32_t)name.len;
	memcpy(news->bytes, id.bytes, id.len);
	if (name.len > 0) {
		memcpy(news->bytes + id.len, name.bytes, name.len);
	}
	table_add(&chat->peer_news_by_id, &news->by_id, siphash(&chat->pending.key, id));
	LL_PREPEND(chat->peer_news, news);
	chat_tell_peers(chat, now);
}

static void tell_online(struct chat *chat, const struct user *user, struct chat_time now)
{
	struct peer peer = {.user_id = presence_id(user)};
	add_news(chat, &peer, now);
}

static void note_seen(struct chat *chat, const struct user_seen *seen)
{
	if (chat->ports.seen != NULL) {
		chat->ports.seen(chat->ports.arg, seen);
	}
}

void chat_logged_in(struct chat *chat, const struct user *user, bool renamed, struct chat_time now)
{
	struct absence *absence = find(chat, presence_id(user));
	bool came_online = user->client_count == 1 && absence == NULL;
	renamed = renamed || (absence != NULL && !slice_equal(name_of(absence), shown_name(user)));
	if (absence != NULL) {
		forget(chat, absence);
	}
	if (!came_online && !renamed) {
		return;
	}
	struct user_seen seen = {
		.user_id = presence_id(user),
		.has_name = true,
		.name = user->named ? presence_name(user->name) : slice_of("", 0),
		.online = true,
		.at = now.wall,
	};
	note_seen(chat, &seen);
	if (renamed || chat->options.last_seen) {
		tell_online(chat, user, now);
	}
}

/* Under no name: what the database has of that is still so. */
void chat_note_online(struct chat *chat, struct chat_time now)
{
	for (const struct user *user = presence_next_user(chat->presence, NULL); user != NULL;
		user = presence_next_user(chat->presence, user)) {
		struct user_seen seen = {
			.user_id = presence_id(user), .online = true, .at = now.wall};
		note_seen(chat, &seen);
	}
}

void chat_logged_out(struct chat *chat, const struct user *user, struct chat_time now)
{
	struct slice id = presence_id(user);
	struct slice name = shown_name(user);
	struct absence *absence = malloc(sizeof(*absence) + id.len + name.len);
	if (absence == NULL) {
		chat_log(chat, CHAT_WARNING, NULL,
			"out of memory: nobody was told that %.*s is offline", SLICE_ARGS(id));
		return;
	}
	absence->since = now.steady;
	absence->seen_at = now.wall;
	absence->id_len = (uint32_t)id.len;
	absence->name_len = (uint32_t)name.len;
	memcpy(absence->bytes, id.bytes, id.len);
	if (name.len > 0) {
		memcpy(absence->bytes + id.len, name.bytes, name.len);
	}
	table_add(&chat->absences, &absence->by_id, siphash(&chat->pending.key, id));
	DL_APPEND(chat->oldest_absence, absence);
}

void chat_tell_offline(struct chat *chat, struct chat_time now)
{
	struct absence *absence;
	while ((absence = chat->oldest_absence) != NULL &&
		now.steady - absence->since >= OFFLINE_AFTER_MS) {
		struct user_seen seen = {.user_id = id_of(absence), .at = absence->seen_at};
		note_seen(chat, &seen);
		DL_DELETE(chat->oldest_absence, absence);
		table_remove(&chat->absences, &absence->by_id);
		/* In a cluster they may be connected to another broker: the database knows, and
		 * says so in the news. */
		if (chat->options.last_seen && !chat_in_cluster(chat)) {
			struct peer peer = {.user_id = id_of(absence),
				.name = name_of(absence),
				.seen_at = absence->seen_at};
			add_news(chat, &peer, now);
		}
		free(absence);
	}
}

void chat_wrote(
	struct chat *chat, struct room *room, const struct message *message, bool from_client)
{
	struct slice id = message->user_id;
	if (room->state == ROOM_UNKNOWN || is_known(room, id)) {
		return;
	}
	room->known |= presence_side(room, id);
	const struct user *user = presence_user_near(chat->presence, room, id);
	const struct absence *absence = user == NULL ? find(chat, id) : NULL;
	struct peer peer = {.user_id = id, .known = true};
	if (user != NULL) {
		peer = online_peer(user);
	} else if (absence != NULL) {
		peer.name = name_of(absence);
		peer.online = true;
	} else if (chat_in_cluster(chat) && from_client) {
		/* On another broker.  Who has no name goes by the id. */
		bool named = !slice_equal(message->name, id);
		peer.name = named ? message->name : slice_of("", 0);
		peer.online = true;
	} else if (!from_client) {
		/* Of what the application posts that is the name as it is shown. */
		peer.name = message->name;
	}
	tell_room(chat, room, &peer);
}

void chat_hear_seen(struct chat *chat, const struct node_news *news, struct chat_time now)
{
	struct peer peer = {
		.user_id = news->user_id,
		.name = news->name,
		.online = news->on,
		.seen_at = news->at,
	};
	/* Who is here was told of here, or is back by now. */
	if (presence_user(chat->presence, news->user_id) == NULL) {
		add_news(chat, &peer, now);
	}
}

void chat_set_app_name(struct chat *chat, struct slice id, struct slice name)
{
	struct user *user = presence_user(chat->presence, id);
	if (user != NULL && presence_set_app_name(user, name) && !user->named) {
		tell_online(chat, user, chat->now);
	}
}

/* What the database knows, and what is known here. */
struct peer chat_peer_of(struct chat *chat, struct room *room, const struct peer *stored)
{
	struct peer peer = *stored;
	peer.name_only = !chat->options.last_seen;
	const struct user *user = presence_user(chat->presence, stored->user_id);
	const struct absence *absence = user == NULL ? find(chat, stored->user_id) : NULL;
	if (user != NULL) {
		peer.online = true;
		peer.name = user->named ? presence_name(user->name) : stored->name;
	} else if (absence != NULL) {
		peer.online = true;
	}
	if (room != NULL) {
		note_shown(chat, room, &peer);
	}
	return peer;
}

void chat_free_peers(struct chat *chat)
{
	free_news(chat);
	table_finish(&chat->peer_news_by_id);
	while (chat->oldest_absence != NULL) {
		forget(chat, chat->oldest_absence);
	}
	table_finish(&chat->absences);
}
