/* The books of connections: who is connected, in which chats, and in the lobby.
 *
 * A connection is known by its handle, the broker's pointer, and never by its client id: client ids
 * change hands, and the broker's events about them come late or twice. */
#ifndef CHAT_PRESENCE_H
#define CHAT_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"
#include "remotes.h"
#include "siphash.h"
#include "slice.h"
#include "table.h"

#define CHATS_PER_CLIENT_MAX 1000 /* subscriptions to chats of one connection */
#define CLIENTS_PER_USER_MAX 100  /* connections of one user at once: devices and tabs */

struct request; /* requests.h */

/* A user's name.  A user and those of its clients that logged in under it share one. */
struct name {
	uint32_t refs;
	uint32_t len;
	char bytes[];
};

/* A chat user of whom at least one client is connected. */
struct user {
	struct table_link by_id;
	struct client *clients; /* linked by user_next */
	struct name *name;      /* of the latest login */
	struct name *app_name;  /* the application's, as far as it was heard of; NULL: none */
	bool named;             /* the latest login gave a name; else its id stands for it */
	uint8_t id_len;
	uint16_t client_count;
	char id[];
};

/* One client's subscription to one chat. */
struct membership {
	struct client *client;
	struct room *room;
	struct membership *client_next; /* the client's next chat */
	struct membership *room_next;   /* the chat's next client */
	/* Reads the history that follows the last subscribe; NULL: it was answered. */
	struct request *history_request;
};

/* A chat that is closed tells neither user of the other one.  Until the store has said whether it
 * is, it is treated so. */
enum room_state {
	ROOM_UNKNOWN,
	ROOM_OPEN,
	ROOM_CLOSED,  /* by a user who blocks the other one, or by the application */
	ROOM_REFUSED, /* nothing was said yet, and the application's may_chat says no */
};

/* What else is known of a chat where brokers share a database. */
struct room_in_cluster {
	struct remote *remotes; /* who is in it on other brokers */
	int64_t told_seq;       /* the last message that was told here; -1: none yet */
	int64_t fed_seq;        /* and the last one that came with the others' news */
	int64_t read_change;    /* the change up to which its first page was complete; -1: none */
	bool asked;             /* for what was missed: what comes meanwhile is in the answer */
	bool renewed;      /* in another epoch: what comes before the first page is asked for */
	bool places_known; /* of `remotes` */
};

/* A chat that at least one client is subscribed to. */
struct room {
	struct table_link by_name;
	struct membership *members; /* linked by room_next */
	uint64_t last_message; /* the gate's number of the last `message` or `changed` told here */
	uint64_t last_diff;    /* and of the last `presence_diff` */
	int64_t last_seq;      /* of the messages that were told here; -1: not known */
	int64_t last_change;   /* the number of the last change that was told here; -1: not known */
	struct room_in_cluster *cluster; /* NULL: there is no cluster */
	uint32_t shown[2]; /* what was told last of each user's `peer`: see chat_peers.c */
	uint8_t state;     /* enum room_state */
	uint8_t known;     /* which of its users have written here: 1 the first, 2 the second */
	uint16_t name_len;
	char name[]; /* "1/2" */
};

/* One connection, from its login to its end.  Ten thousand of these may do nothing but wait, so
 * lists are linked one way only where they are short. */
struct client {
	struct table_link by_handle;
	struct table_link by_id; /* only the latest with its client id is in this table */
	const void *handle;      /* only ever compared */
	client_serial serial;
	uint64_t last_entry;  /* the highest gate entry for everybody that it has received */
	struct user *user;    /* NULL: an ordinary client, without a chat token */
	struct name *name;    /* as this connection gave it */
	struct client *older; /* the one with the same client id that connected before */
	struct client *user_next;
	struct membership *chats; /* linked by client_next */
	/* Reads the unread list that follows a subscribe to the lobby; NULL: it was answered. */
	struct request *unread_request;
	struct client *expiry_prev, *expiry_next;
	int64_t expires_at; /* Unix ms, 0: never */
	uint32_t issued_at; /* the token, in Unix seconds; 0: it does not say */
	uint16_t chat_count;
	uint16_t requests;    /* made by itself and not answered yet */
	bool in_lobby : 1;    /* it is subscribed to its user's lobby */
	bool logged_full : 1; /* the log has heard that it asks for more chats than it may have */
	bool holds_id : 1;    /* no later connection has taken its client id over */
	bool replaced : 1;    /* one has, and may have gone since */
	bool ended : 1;       /* the broker was told to disconnect it */
	bool is_told : 1;     /* the other brokers of the cluster have heard of its client id */
	char client_id[];
};

struct presence;

MUST_CHECK struct presence *presence_create(const struct siphash_key *key, bool in_cluster);
/* Frees all that is left in it, too. */
void presence_destroy(struct presence *presence);

/* A new connection of a chat user, or of an ordinary client (id empty).  NULL when out of memory.
 * The handle must not be in the books. */
MUST_CHECK struct client *presence_add(struct presence *presence, const void *handle,
	const char *client_id, struct slice id, struct slice name);

/* Frees the client, who is in no chat any more, and its user if that was the last client. */
void presence_remove(struct presence *presence, struct client *client);

/* Each of these is NULL when there is none in the books. */
struct client *presence_find(struct presence *presence, const void *handle);
struct user *presence_user(const struct presence *presence, struct slice id);
struct room *presence_room(const struct presence *presence, struct slice name);
struct membership *presence_membership(const struct client *client, const struct room *room);

/* The same as presence_user, but found without a search when the user is in the room (which may be
 * NULL). */
struct user *presence_user_near(
	const struct presence *presence, const struct room *room, struct slice id);

/* The latest client with this client id; ->older leads to earlier ones that have not gone yet. */
struct client *presence_holder(const struct presence *presence, const char *client_id);

/* Puts the client, who is not in it, into the room.  NULL when out of memory. */
MUST_CHECK struct membership *presence_join(
	struct presence *presence, struct client *client, struct slice room_name);

/* Frees the membership, and the room if it was the last one in it. */
void presence_leave(struct presence *presence, struct membership *membership);

/* The room and the user after this one, the first one after NULL; NULL: there is none.  The books
 * must not change meanwhile. */
struct room *presence_next_room(const struct presence *presence, const struct room *room);
struct user *presence_next_user(const struct presence *presence, const struct user *user);

/* Which of the room's users that is: 1 the first, 2 the second, 0 neither. */
uint8_t presence_side(const struct room *room, struct slice id);

/* The room's first user, or the second one, as they are in it on another broker; NULL: they are
 * not. */
const struct remote *presence_remote(const struct room *room, bool is_a);

/* Whether it is another one than before; an empty one is none.  Without memory it stays as it was.
 */
bool presence_set_app_name(struct user *user, struct slice name);

/* Whether any of the user's clients is in the room. */
bool presence_is_in(const struct room *room, const struct user *user);

/* Whether any of the user's clients is in the lobby and not in the room (NULL: nobody is in it). */
bool presence_hears_in_lobby(const struct user *user, const struct room *room);

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
