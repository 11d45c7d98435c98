/* The conductor: it is told what happened at the broker and in the store, and decides what is to be
 * done, which it does through a struct of functions (ports).  It knows no broker, no database, no
 * thread and no clock: one thread calls it and brings the time. */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "message.h"
#include "permits.h"
#include "node_news.h"
#include "slice.h"
#include "token.h"

struct chat;

struct chat_time {
	int64_t wall;   /* Unix ms: tokens, sent_at */
	int64_t steady; /* ms of a clock that never jumps: limits, deadlines */
};

enum chat_level {
	CHAT_DEBUG,
	CHAT_NOTICE,
	CHAT_WARNING,
};

/* What the conductor needs done.  Only kick may call back, to chat_disconnect. */
struct chat_ports {
	void *arg;
	/* To everyone who is subscribed to the topic.  Copies.  False when out of memory. */
	bool (*publish)(void *arg, struct slice topic, struct slice payload, int qos);
	/* See store_save, store_load and store_mark. */
	enum chat_error (*save)(void *arg, const struct message *message);
	enum chat_error (*load)(void *arg, const struct load *load);
	enum chat_error (*mark)(void *arg, const struct mark *mark);
	/* See store_change. */
	enum chat_error (*change)(void *arg, const struct change *change);
	/* Copies, and keeps the latest of each user until it is written.  NULL: the store does not
	 * know users. */
	void (*seen)(void *arg, const struct user_seen *seen);
	/* See store_ask.  NULL: the application decides nothing of chats without messages. */
	enum chat_error (*ask_site)(void *arg, struct slice room);
	/* For the other brokers of the cluster.  Copies; false when out of memory.  NULL: there is
	 * no cluster. */
	bool (*tell)(void *arg, const struct node_news *news);
	/* In a cluster: a message that was saved is told when it comes with the news. */
	void (*needs_news)(void *arg);
	/* In a cluster: this user's first client has come, or the last one has gone.  The others'
	 * news are only passed on where they are about somebody who is here. */
	void (*concern)(void *arg, struct slice user_id, bool here);
	/* Disconnects whoever has this client id. */
	void (*kick)(void *arg, const char *client_id);
	/* One line; whatever came from outside may be in it and is not to be trusted. */
	void (*log)(void *arg, enum chat_level level, const char *line);
};

struct chat_options {
	struct token_rules tokens; /* its slices stay the caller's and live as long as chat */
	bool allow_other_topics;
	int history_limit;
	int rate_limit;
	bool user_blocking; /* users may block by themselves */
	bool last_seen; /* users are told whether the other one is online, and when they were last
	                 */
};

#define CHAT_SEED_SIZE 32 /* random bytes */

/* Takes the keyring on success.  NULL when out of memory. */
MUST_CHECK struct chat *chat_create(const struct chat_options *options,
	const struct chat_ports *ports, struct keyring *keyring,
	const unsigned char seed[CHAT_SEED_SIZE]);
void chat_destroy(struct chat *chat);

enum chat_answer {
	CHAT_ALLOW,
	CHAT_DENY,
	CHAT_DEFER, /* the broker's other rules decide */
};

/* Logins. */

struct chat_login {
	const void *handle;
	const char *client_id;
	const char *address;   /* where the connection comes from; NULL: unknown */
	struct slice username; /* .bytes NULL: none */
	struct slice password;
	bool clean;         /* clean_session 1, clean start 1 */
	bool away;          /* a session without a connection, which a reload asks about */
	const char *closed; /* why no chat user may come in; NULL: they may */
};

/* The name under which the broker is to know an accepted chat user: "chat:<id>". */
#define CHAT_USERNAME_MAX (5 + ID_MAX)

/* After CHAT_ALLOW `username` is the name to give the client; empty: it keeps the one it has. */
MUST_CHECK enum chat_answer chat_connect(struct chat *chat, const struct chat_login *login,
	struct chat_time now, char username[CHAT_USERNAME_MAX + 1]);

/* A connection that the broker let in without asking anybody, by its certificate, say: it is an
 * ordinary client, and its client id is in use.  Known handles change nothing. */
void chat_connected_unasked(struct chat *chat, const void *handle, const char *client_id);

/* The connection is gone.  Unknown handles and second calls are fine. */
void chat_disconnect(struct chat *chat, const void *handle);

/* From now to the next tick chat_connect is asked about sessions that the broker has already. */
void chat_reload(struct chat *chat);

/* Takes the keyring.  Clients that are connected stay so. */
void chat_set_keyring(struct chat *chat, struct keyring *keyring);

/* Topics. */

MUST_CHECK enum chat_answer chat_subscribe(
	struct chat *chat, const void *handle, struct slice filter, struct chat_time now);
MUST_CHECK enum chat_answer chat_unsubscribe(
	struct chat *chat, const void *handle, struct slice filter, struct chat_time now);
MUST_CHECK enum chat_answer chat_may_publish(
	struct chat *chat, const void *handle, struct slice topic, bool retain);
MUST_CHECK enum chat_answer chat_may_receive(
	struct chat *chat, const void *handle, struct slice topic, struct slice payload);

/* A client's publish.  CHAT_ALLOW: it was dealt with, and must not reach anyone as it is;
 * CHAT_DENY: the client may not publish there; CHAT_DEFER: the topic is not ours. */
MUST_CHECK enum chat_answer chat_publish(struct chat *chat, const void *handle, struct slice topic,
	struct slice payload, struct chat_time now);

/* Once per turn of the broker's loop, after the store was drained.  True: there is something to do
 * in the next turn. */
bool chat_tick(struct chat *chat, struct chat_time now);

/* What the store brings back: see struct store_sink. */
void chat_saved(struct chat *chat, enum saved_as as, const struct message *message);
void chat_page(struct chat *chat, uint64_t ticket, const struct page *page, struct chat_time now);
void chat_unread(struct chat *chat, uint64_t ticket, const struct unread *unread);
void chat_changes(struct chat *chat, uint64_t ticket, const struct changes *changes);
void chat_chats(struct chat *chat, uint64_t ticket, const struct chats *chats);
void chat_set(struct chat *chat, uint64_t ticket, enum set_as as, struct chat_time now);
void chat_load_failed(struct chat *chat, uint64_t ticket);
void chat_marked(struct chat *chat, const struct mark *mark, const struct marked *result);
void chat_mark_failed(struct chat *chat, const struct mark *mark, bool for_good);
/* What became of a change.  `asked` is NULL when it was the application's; `changed` is there after
 * CHANGED_NEW and CHANGED_ALREADY. */
void chat_changed(struct chat *chat, enum changed_as as, const struct change *asked,
	const struct changed *changed, struct chat_time now);
/* What became of it was lost with the connection.  It is asked for again when the store is up. */
void chat_change_lost(struct chat *chat, const struct change *asked);
void chat_store_up(struct chat *chat, bool up);

/* A chat was closed, or is open again, by its users or the application.  Hearing of it more than
 * once does no harm. */
void chat_closed(struct chat *chat, struct slice room, bool closed, struct chat_time now);

/* The application has a may_chat of its own, or no longer: it is asked about chats in which nothing
 * was said yet. */
void chat_site_decides(struct chat *chat, bool decides);

/* What it has said of one: GIVEN (also when something was said by then), REFUSED or FAILED. */
void chat_permit(struct chat *chat, struct slice room, enum permit permit, struct chat_time now);

/* What the application has decided about a user: who may not be here any more is disconnected, so
 * this is called within a tick.  Hearing of it more than once does no harm. */
void chat_user_news(struct chat *chat, const struct user_news *news);

/* The database may have gone back in time: whoever is subscribed is sent what a subscribe brings.
 */
void chat_epoch_changed(struct chat *chat, struct chat_time now);

/* This user blocks the other one, or no longer: heard of from the application or another broker. */
void chat_blocked(struct chat *chat, struct slice user_id, struct slice peer_id, bool on);

/* The database does not know who is connected here: everybody is noted anew. */
void chat_note_online(struct chat *chat, struct chat_time now);

/* News from the brokers of the cluster, this one included, in the order of the commits.  Called
 * within a tick: a client may have to go. */
void chat_hear(struct chat *chat, const struct node_news *news, struct chat_time now);

/* What is in the books. */
struct chat_counts {
	size_t clients, users, rooms, marks, requests, permits, pending, entries;
	uint64_t errors[CHAT_CODES]; /* sent since the start, by code */
};
struct chat_counts chat_count(const struct chat *chat);

#endif
