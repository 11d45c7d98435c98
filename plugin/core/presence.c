#include "presence.h"

#include <stdlib.h>

struct presence {
	struct siphash_key key;
	struct client *by_handle;
	struct client *recent; /* the last one that was looked for */
	struct client *by_id;  /* the latest of each client id */
	struct user *users;
	struct room *rooms;
	client_serial last_serial;
};

static unsigned hash_of(const struct presence *presence, struct slice bytes)
{
	return (unsigned)siphash(&presence->key, bytes);
}

struct presence *presence_create(const struct siphash_key *key)
{
	struct presence *presence = calloc(1, sizeof(*presence));
	if (presence != NULL) {
		presence->key = *key;
	}
	return presence;
}

void presence_destroy(struct presence *presence)
{
	if (presence == NULL) {
		return;
	}
	while (presence->by_handle != NULL) {
		struct client *client = presence->by_handle;
		while (client->chats != NULL) {
			presence_leave(presence, client->chats);
		}
		presence_remove(presence, client);
	}
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

struct user *presence_user(const struct presence *presence, struct slice id)
{
	struct user *user;
	HASH_FIND_BYHASHVALUE(hh, presence->users, id.bytes, id.len, hash_of(presence, id), user);
	return user;
}

static struct user *user_find_or_add(struct presence *presence, struct slice id)
{
	struct user *user = presence_user(presence, id);
	if (user != NULL) {
		return user;
	}
	user = calloc(1, sizeof(*user) + id.len);
	if (user == NULL) {
		return NULL;
	}
	memcpy(user->id, id.bytes, id.len);
	user->id_len = (uint32_t)id.len;
	unsigned hash = hash_of(presence, id);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, presence->users, user->id, id.len, hash, user);
	if (user->hh.tbl == NULL) {
		free(user);
		return NULL;
	}
	return user;
}

static void user_release(struct presence *presence, struct user *user)
{
	if (user != NULL && user->clients == NULL) {
		HASH_DEL(presence->users, user);
		name_release(user->name);
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

/* Client ids.  The hash holds the latest client of each; ->older chains those that are about to go.
 */

struct client *presence_holder(const struct presence *presence, const char *client_id)
{
	struct client *client;
	size_t len = strlen(client_id);
	unsigned hash = hash_of(presence, slice_of(client_id, len));
	HASH_FIND_BYHASHVALUE(by_id, presence->by_id, client_id, len, hash, client);
	return client;
}

static bool add_holder(struct presence *presence, struct client *client)
{
	size_t len = strlen(client->client_id);
	unsigned hash = hash_of(presence, slice_of(client->client_id, len));
	HASH_ADD_KEYPTR_BYHASHVALUE(by_id, presence->by_id, client->client_id, len, hash, client);
	return client->by_id.tbl != NULL;
}

/* The new holder goes in before the old one comes out: out of memory, all is as it was. */
static bool hold_id(struct presence *presence, struct client *client)
{
	struct client *older = presence_holder(presence, client->client_id);
	if (!add_holder(presence, client)) {
		return false;
	}
	if (older != NULL) {
		HASH_DELETE(by_id, presence->by_id, older);
		older->newer = client;
		older->replaced = true;
		client->older = older;
	}
	return true;
}

static void release_id(struct presence *presence, struct client *client)
{
	struct client *older = client->older;
	if (older != NULL) {
		older->newer = client->newer;
	}
	if (client->newer != NULL) {
		client->newer->older = older;
	} else if (client->by_id.tbl != NULL) {
		if (older != NULL) {
			(void)add_holder(presence, older);
		}
		HASH_DELETE(by_id, presence->by_id, client);
	}
}

/* Clients. */

struct client *presence_find(struct presence *presence, const void *handle)
{
	/* The broker asks about one client several times in a row: WRITE, then MESSAGE. */
	if (presence->recent != NULL && presence->recent->handle == handle) {
		return presence->recent;
	}
	struct client *client;
	HASH_FIND(by_handle, presence->by_handle, &handle, sizeof(handle), client);
	presence->recent = client;
	return client;
}

struct client *presence_add(struct presence *presence, const void *handle, const char *client_id,
	struct slice id, struct slice name)
{
	size_t len = strlen(client_id) + 1;
	struct client *client = calloc(1, sizeof(*client) + len);
	if (client == NULL) {
		return NULL;
	}
	memcpy(client->client_id, client_id, len);
	client->handle = handle;
	client->serial = ++presence->last_serial;
	HASH_ADD(by_handle, presence->by_handle, handle, sizeof(client->handle), client);
	if (client->by_handle.tbl == NULL) {
		free(client);
		return NULL;
	}
	bool complete = hold_id(presence, client);
	if (complete && id.len > 0) {
		struct user *user = user_find_or_add(presence, id);
		if (user == NULL || !user_rename(user, name)) {
			user_release(presence, user);
			complete = false;
		} else {
			client->user = user;
			client->name = user->name;
			client->name->refs++;
			user->client_count++;
			DL_APPEND2(user->clients, client, user_prev, user_next);
		}
	}
	if (!complete) {
		presence_remove(presence, client);
		return NULL;
	}
	return client;
}

void presence_remove(struct presence *presence, struct client *client)
{
	if (presence->recent == client) {
		presence->recent = NULL;
	}
	HASH_DELETE(by_handle, presence->by_handle, client);
	release_id(presence, client);
	if (client->user != NULL) {
		DL_DELETE2(client->user->clients, client, user_prev, user_next);
		client->user->client_count--;
		user_release(presence, client->user);
	}
	name_release(client->name);
	free(client);
}

/* Rooms. */

struct room *presence_room(const struct presence *presence, struct slice name)
{
	struct room *room;
	HASH_FIND_BYHASHVALUE(
		hh, presence->rooms, name.bytes, name.len, hash_of(presence, name), room);
	return room;
}

static struct room *room_find_or_add(struct presence *presence, struct slice name)
{
	struct room *room = presence_room(presence, name);
	if (room != NULL) {
		return room;
	}
	room = calloc(1, sizeof(*room) + name.len);
	if (room == NULL) {
		return NULL;
	}
	memcpy(room->name, name.bytes, name.len);
	room->name_len = (uint32_t)name.len;
	unsigned hash = hash_of(presence, name);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, presence->rooms, room->name, name.len, hash, room);
	if (room->hh.tbl == NULL) {
		free(room);
		return NULL;
	}
	return room;
}

static void room_release(struct presence *presence, struct room *room)
{
	if (room->members == NULL) {
		HASH_DEL(presence->rooms, room);
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
	DL_APPEND2(client->chats, m, client_prev, client_next);
	DL_APPEND2(room->members, m, room_prev, room_next);
	client->chat_count++;
	return m;
}

void presence_leave(struct presence *presence, struct membership *m)
{
	DL_DELETE2(m->client->chats, m, client_prev, client_next);
	DL_DELETE2(m->room->members, m, room_prev, room_next);
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

bool presence_waits_outside(const struct user *user, const struct room *room)
{
	for (const struct client *c = user->clients; c != NULL; c = c->user_next) {
		if (c->lobby && presence_membership(c, room) == NULL) {
			return true;
		}
	}
	return false;
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
		.clients = HASH_CNT(by_handle, presence->by_handle),
		.users = HASH_COUNT(presence->users),
		.rooms = HASH_COUNT(presence->rooms),
	};
}
