/* Who is connected, in which chats and in the lobby.  A connection is known by its handle, never by
 * its client id: client ids change hands, and the broker's events about them come late or twice. */
#ifndef CHAT_PRESENCE_H
#define CHAT_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"
#include "siphash.h"
#include "slice.h"
#include "table.h"

#define CHATS_PER_CLIENT_MAX                                                                       \
	1000 /* subscriptions to chats; an inbox that opens more than that pages */
#define CLIENTS_PER_USER_MAX 100 /* connections at once: devices and tabs */

/* A name that a user and several of its clients share. */
struct name {
	uint32_t refs;
	uint32_t len;
	char bytes[];
};

struct user {
	struct table_link by_id;
	struct client *clients;
	struct name *name; /* of the latest login */
	uint32_t client_count;
	uint32_t id_len;
	char id[];
};

/* One client's place in one chat. */
struct membership {
	struct client *client;
	struct room *room;
	struct membership *client_next;
	struct membership *room_next;
	void *owed; /* the history that a subscribe asked for and that has not come yet */
};

struct room {
	struct table_link by_name;
	struct membership *members;
	uint64_t last_message; /* the gate's number of the last one published here */
	uint64_t last_diff;    /* and of the last presence_diff */
	uint32_t name_len;
	char name[]; /* "1/2" */
};

/* One connection, from BASIC_AUTH to its end.  There is one for each that does nothing but wait, so
 * its lists are singly linked: they are short where something is taken out of the middle. */
struct client {
	struct table_link by_handle;
	struct table_link by_id; /* the latest with its client id */
	const void *handle;      /* only ever compared */
	client_serial serial;
	uint64_t taken;       /* the gate's */
	struct user *user;    /* NULL: an ordinary client, whose login is not ours to judge */
	struct name *name;    /* as this connection gave it */
	struct client *older; /* same client id, connected before */
	struct client *user_next;
	struct membership *chats;
	void *lobby_owed; /* the unread list that a subscribe asked for and that has not come yet */
	struct client *expiry_prev, *expiry_next;
	int64_t expires_at; /* Unix ms, 0: never */
	uint16_t chat_count;
	uint16_t requests; /* history requests that wait for their answer */
	bool lobby;        /* subscribed to it */
	bool told_full;    /* the log has heard that it asks for more chats than it may have */
	bool holds_id;     /* false: the broker is giving its client id to one that came after it */
	bool replaced;     /* a newer one has come with its client id, which may have gone since */
	char client_id[];
};

struct presence;

MUST_CHECK struct presence *presence_create(const struct siphash_key *key);
/* Frees all that is left in it, too. */
void presence_destroy(struct presence *presence);

/* A new connection of a chat user, or of an ordinary client (id empty).  NULL when out of memory.
 * The handle must not be in the books. */
MUST_CHECK struct client *presence_add(struct presence *presence, const void *handle,
	const char *client_id, struct slice id, struct slice name);

/* Takes a client that is in no chat any more out of the books and frees it. */
void presence_remove(struct presence *presence, struct client *client);

struct client *presence_find(struct presence *presence, const void *handle);
struct user *presence_user(const struct presence *presence, struct slice id);
struct room *presence_room(const struct presence *presence, struct slice name);

/* The same as presence_user, without a search when the user is in the room (NULL: nobody is in it).
 */
struct user *presence_user_near(
	const struct presence *presence, const struct room *room, struct slice id);

/* The client that came last with this client id; ->older leads to those before it that have not
 * gone yet. */
struct client *presence_holder(const struct presence *presence, const char *client_id);

/* NULL: not in it. */
struct membership *presence_membership(const struct client *client, const struct room *room);

/* Puts the client, who is not in it, into the room.  NULL when out of memory. */
MUST_CHECK struct membership *presence_join(
	struct presence *presence, struct client *client, struct slice room_name);

/* Ends the membership; a room without members goes away, and a user without clients stays until its
 * last client is removed. */
void presence_leave(struct presence *presence, struct membership *membership);

/* Whether any of the user's clients is in the room. */
bool presence_is_in(const struct room *room, const struct user *user);

/* Whether one of the user's clients is in its lobby but not in the room (NULL: nobody is in it). */
bool presence_waits_outside(const struct user *user, const struct room *room);

struct slice presence_id(const struct user *user);
struct slice presence_name(const struct name *name);
struct slice presence_room_name(const struct room *room);

/* What is in the books: for the log, and for tests that nothing stays behind. */
struct presence_counts {
	size_t clients; /* ordinary ones too */
	size_t users;
	size_t rooms;
};
struct presence_counts presence_count(const struct presence *presence);

#endif
