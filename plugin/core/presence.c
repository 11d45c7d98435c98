#include "presence.h"

#include <stdlib.h>
#include <utlist.h>

#include "topic.h"

struct presence {
	struct siphash_key key;
	bool in_cluster;
	struct table by_handle; /* all clients */
	struct client *recent;  /* the last one that was looked for */
	struct table by_id;     /* the latest of each client id */
	struct table users;
	struct table rooms;
	client_serial last_serial;
};

static uint64_t hash_of(const struct presence *presence, struct slice bytes)
{
	return siphash(&presence->key, bytes);
}

/* Handles are the broker's addresses, which nobody chooses. */
static uint64_t hash_of_handle(const void *handle)
{
	uint64_t hash = (uint64_t)(uintptr_t)handle * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 32);
}

/* What ends with its bytes needs none of the padding that the compiler counts. */
#define SIZE_WITH(type, bytes, len) (offsetof(type, bytes) + (len))

struct presence *presence_create(const struct siphash_key *key, bool in_cluster)
{
	struct presence *presence = calloc(1, sizeof(*presence));
	if (presence != NULL) {
		presence->key = *key;
		presence->in_cluster = in_cluster;
	}
	return presence;
}

void presence_destroy(struct presence *presence)
{
	if (presence == NULL) {
		return;
	}
	size_t at = 0;
	struct table_link *link;
	while ((link = table_any(&presence->by_handle, &at)) != NULL) {
		struct client *client = TABLE_ELEMENT(link, struct client, by_handle);
		while (client->chats != NULL) {
			presence_leave(presence, client->chats);
		}
		presence_remove(presence, client);
	}
	table_finish(&presence->by_handle);
	table_finish(&presence->by_id);
	table_finish(&presence->users);
	table_finish(&presence->rooms);
	free(presence);
}

/* Names. */

static struct name *name_create(struct slice bytes)
{
	struct name *name = malloc(sizeof(*name) + bytes.len);
	if (name != NULL) {
		name->refs = 1;
		name->len = (uint32_t)bytes.len;
		memcpy(name->bytes, bytes.bytes, bytes.len);
	}
	return name;
}

static void name_release(struct name *name)
{
	if (name != NULL && --name->refs == 0) {
		free(name);
	}
}

/* Users. */

static bool user_has_id(const struct table_link *link, const void *id)
{
	const struct user *user = TABLE_ELEMENT(link, struct user, by_id);
	return slice_equal(presence_id(user), *(const struct slice *)id);
}

static struct user *user_find(const struct presence *presence, struct slice id, uint64_t hash)
{
	struct table_link *link = table_find(&presence->users, hash, user_has_id, &id);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct user, by_id);
}

struct user *presence_user(const struct presence *presence, struct slice id)
{
	return user_find(presence, id, hash_of(presence, id));
}

static struct user *user_find_or_add(struct presence *presence, struct slice id)
{
	uint64_t hash = hash_of(presence, id);
	struct user *user = user_find(presence, id, hash);
	if (user != NULL) {
		return user;
	}
	user = calloc(1, SIZE_WITH(struct user, id, id.len));
	if (user == NULL) {
		return NULL;
	}
	memcpy(user->id, id.bytes, id.len);
	user->id_len = (uint8_t)id.len;
	table_add(&presence->users, &user->by_id, hash);
	return user;
}

static void user_release(struct presence *presence, struct user *user)
{
	if (user != NULL && user->clients == NULL) {
		table_remove(&presence->users, &user->by_id);
		name_release(user->name);
		name_release(user->app_name);
		free(user);
	}
}

/* The name of the latest login becomes the user's; a login under the same name shares it. */
static bool user_rename(struct user *user, struct slice bytes)
{
	if (user->name != NULL && slice_equal(presence_name(user->name), bytes)) {
		return true;
	}
	struct name *name = name_create(bytes);
	if (name == NULL) {
		return false;
	}
	name_release(user->name);
	user->name = name;
	return true;
}

/* Client ids.  The table holds the latest client of each; ->older leads to those
 * that it replaced and that have not gone yet. */

static bool client_has_id(const struct table_link *link, const void *client_id)
{
	return strcmp(TABLE_ELEMENT(link, struct client, by_id)->client_id, client_id) == 0;
}

static struct client *holder_find(
	const struct presence *presence, const char *client_id, uint64_t hash)
{
	struct table_link *link = table_find(&presence->by_id, hash, client_has_id, client_id);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct client, by_id);
}

struct client *presence_holder(const struct presence *presence, const char *client_id)
{
	return holder_find(presence, client_id, hash_of(presence, slice_str(client_id)));
}

static void hold_id(struct presence *presence, struct client *client)
{
	uint64_t hash = hash_of(presence, slice_str(client->client_id));
	struct client *older = holder_find(presence, client->client_id, hash);
	if (older != NULL) {
		table_remove(&presence->by_id, &older->by_id);
		older->holds_id = false;
		older->replaced = true;
		client->older = older;
	}
	table_add(&presence->by_id, &client->by_id, hash);
	client->holds_id = true;
}

static void release_id(struct presence *presence, struct client *client)
{
	struct client *older = client->older;
	if (!client->holds_id) {
		struct client *newer = holder_find(presence, client->client_id, client->by_id.hash);
		while (newer->older != client) {
			newer = newer->older;
		}
		newer->older = older;
		return;
	}
	table_remove(&presence->by_id, &client->by_id);
	if (older != NULL) {
		table_add(&presence->by_id, &older->by_id, client->by_id.hash);
		older->holds_id = true;
	}
}

/* Clients. */

static bool client_has_handle(const struct table_link *link, const void *handle)
{
	return TABLE_ELEMENT(link, struct client, by_handle)->handle == handle;
}

struct client *presence_find(struct presence *presence, const void *handle)
{
	/* The broker asks about one client several times in a row: WRITE, then MESSAGE. */
	if (presence->recent != NULL && presence->recent->handle == handle) {
		return presence->recent;
	}
	struct table_link *link =
		table_find(&presence->by_handle, hash_of_handle(handle), client_has_handle, handle);
	presence->recent = link == NULL ? NULL : TABLE_ELEMENT(link, struct client, by_handle);
	return presence->recent;
}

struct client *presence_add(struct presence *presence, const void *handle, const char *client_id,
	struct slice id, struct slice name)
{
	size_t len = strlen(client_id) + 1;
	struct client *client = calloc(1, SIZE_WITH(struct client, client_id, len));
	if (client == NULL) {
		return NULL;
	}
	memcpy(client->client_id, client_id, len);
	client->handle = handle;
	if (id.len > 0) {
		struct user *user = user_find_or_add(presence, id);
		if (user == NULL || !user_rename(user, name)) {
			user_release(presence, user);
			free(client);
			return NULL;
		}
		client->user = user;
		client->name = user->name;
		client->name->refs++;
		user->client_count++;
		LL_PREPEND2(user->clients, client, user_next);
	}
	client->serial = ++presence->last_serial;
	table_add(&presence->by_handle, &client->by_handle, hash_of_handle(handle));
	hold_id(presence, client);
	return client;
}

void presence_remove(struct presence *presence, struct client *client)
{
	if (presence->recent == client) {
		presence->recent = NULL;
	}
	table_remove(&presence->by_handle, &client->by_handle);
	release_id(presence, client);
	if (client->user != NULL) {
		LL_DELETE2(client->user->clients, client, user_next);
		client->user->client_count--;
		user_release(presence, client->user);
	}
	name_release(client->name);
	free(client);
}

/* Rooms. */

static bool room_is_named(const struct table_link *link, const void *name)
{
	const struct room *room = TABLE_ELEMENT(link, struct room, by_name);
	return slice_equal(presence_room_name(room), *(const struct slice *)name);
}

static struct room *room_find(const struct presence *presence, struct slice name, uint64_t hash)
{
	struct table_link *link = table_find(&presence->rooms, hash, room_is_named, &name);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct room, by_name);
}

struct room *presence_room(const struct presence *presence, struct slice name)
{
	return room_find(presence, name, hash_of(presence, name));
}

static bool add_cluster(struct room *room)
{
	room->cluster = malloc(sizeof(*room->cluster));
	if (room->cluster != NULL) {
		*room->cluster =
			(struct room_in_cluster){.told_seq = -1, .fed_seq = -1, .read_change = -1};
	}
	return room->cluster != NULL;
}

static struct room *room_find_or_add(struct presence *presence, struct slice name)
{
	uint64_t hash = hash_of(presence, name);
	struct room *room = room_find(presence, name, hash);
	if (room != NULL) {
		return room;
	}
	room = calloc(1, SIZE_WITH(struct room, name, name.len));
	if (room == NULL || (presence->in_cluster && !add_cluster(room))) {
		free(room);
		return NULL;
	}
	memcpy(room->name, name.bytes, name.len);
	room->name_len = (uint16_t)name.len;
	room->last_seq = room->last_change = -1;
	table_add(&presence->rooms, &room->by_name, hash);
	return room;
}

static void room_release(struct presence *presence, struct room *room)
{
	if (room->members == NULL) {
		table_remove(&presence->rooms, &room->by_name);
		if (room->cluster != NULL) {
			remotes_free(&room->cluster->remotes);
			free(room->cluster);
		}
		free(room);
	}
}

/* The room's side is the short one: two users' clients. */
struct membership *presence_membership(const struct client *client, const struct room *room)
{
	struct membership *m = NULL;
	if (room != NULL) {
		for (m = room->members; m != NULL && m->client != client; m = m->room_next) {
		}
	}
	return m;
}

struct membership *presence_join(
	struct presence *presence, struct client *client, struct slice room_name)
{
	struct room *room = room_find_or_add(presence, room_name);
	if (room == NULL) {
		return NULL;
	}
	struct membership *m = calloc(1, sizeof(*m));
	if (m == NULL) {
		room_release(presence, room);
		return NULL;
	}
	m->client = client;
	m->room = room;
	LL_PREPEND2(client->chats, m, client_next);
	LL_PREPEND2(room->members, m, room_next);
	client->chat_count++;
	return m;
}

void presence_leave(struct presence *presence, struct membership *m)
{
	LL_DELETE2(m->client->chats, m, client_next);
	LL_DELETE2(m->room->members, m, room_next);
	m->client->chat_count--;
	room_release(presence, m->room);
	free(m);
}

struct user *presence_user_near(
	const struct presence *presence, const struct room *room, struct slice id)
{
	const struct membership *m = room == NULL ? NULL : room->members;
	for (; m != NULL; m = m->room_next) {
		if (slice_equal(presence_id(m->client->user), id)) {
			return m->client->user;
		}
	}
	return presence_user(presence, id);
}

bool presence_is_in(const struct room *room, const struct user *user)
{
	const struct membership *m = NULL;
	if (room != NULL && user != NULL) {
		for (m = room->members; m != NULL && m->client->user != user; m = m->room_next) {
		}
	}
	return m != NULL;
}

bool presence_hears_in_lobby(const struct user *user, const struct room *room)
{
	for (const struct client *c = user->clients; c != NULL; c = c->user_next) {
		if (c->in_lobby && presence_membership(c, room) == NULL) {
			return true;
		}
	}
	return false;
}

struct room *presence_next_room(const struct presence *presence, const struct room *room)
{
	struct table_link *link =
		table_next(&presence->rooms, room == NULL ? NULL : &room->by_name);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct room, by_name);
}

struct user *presence_next_user(const struct presence *presence, const struct user *user)
{
	struct table_link *link = table_next(&presence->users, user == NULL ? NULL : &user->by_id);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct user, by_id);
}

/* Cheaper than taking the name apart, which is a good one: an id, a slash, another id. */
uint8_t presence_side(const struct room *room, struct slice id)
{
	struct slice name = presence_room_name(room);
	if (name.len <= id.len) {
		return 0;
	}
	size_t left = name.len - id.len;
	if (name.bytes[id.len] == '/' && slice_starts(name, id)) {
		return 1;
	}
	return name.bytes[left - 1] == '/' && slice_equal(slice_from(name, left), id) ? 2 : 0;
}

const struct remote *presence_remote(const struct room *room, bool is_a)
{
	return room->cluster == NULL ? NULL : remotes_find(room->cluster->remotes, is_a);
}

bool presence_set_app_name(struct user *user, struct slice name)
{
	struct slice before =
		user->app_name == NULL ? slice_of("", 0) : presence_name(user->app_name);
	if (slice_equal(before, name)) {
		return false;
	}
	struct name *copy = name.len == 0 ? NULL : name_create(name);
	if (name.len > 0 && copy == NULL) {
		return false;
	}
	name_release(user->app_name);
	user->app_name = copy;
	return true;
}

struct slice presence_id(const struct user *user)
{
	return slice_of(user->id, user->id_len);
}

struct slice presence_name(const struct name *name)
{
	return slice_of(name->bytes, name->len);
}

struct slice presence_room_name(const struct room *room)
{
	return slice_of(room->name, room->name_len);
}

struct presence_counts presence_count(const struct presence *presence)
{
	return (struct presence_counts){
		.clients = presence->by_handle.count,
		.users = presence->users.count,
		.rooms = presence->rooms.count,
	};
}
