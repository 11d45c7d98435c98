/* What the conductor's own files share, and nobody else includes: its state, and the few ways in
 * which it speaks to clients. */
#ifndef CHAT_CHAT_STATE_H
#define CHAT_CHAT_STATE_H

#include "buffer.h"
#include "chat.h"
#include "expiry.h"
#include "gate.h"
#include "json.h"
#include "limiter.h"
#include "marks.h"
#include "pending.h"
#include "presence.h"
#include "protocol.h"
#include "requests.h"
#include "topic.h"

#define RETRY_MS 1000 /* the least that a client is asked to wait: a second */

struct chat {
	struct chat_options options;
	struct chat_ports ports;
	struct keyring *keyring;
	struct presence *presence;
	struct expiry expiry;
	struct gate *gate;
	struct limiter *limiter;
	struct pending_table pending;
	struct requests requests;
	size_t answered;          /* of the requests, in this turn */
	struct arrival *arrivals; /* who has come to a chat and nobody has been told */
	struct table arriving;    /* the same by room */
	struct marks *marks;
	bool answering; /* the store is */
	bool reloading;
	uint64_t key_start;   /* random per start */
	uint64_t key_counter; /* a message's key is both */
	struct buffer text;   /* the payload being written */
	struct buffer notice; /* and one made of it */
	struct event event;   /* the publish being read: too large for the stack of a callback */
};

/* A line that begins with who: "42 (mqttjs_8c1f): …". */
void chat_log(struct chat *chat, enum chat_level level, const struct client *client,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Empty for NULL and for a client without a chat token. */
struct slice chat_client_id(const struct client *client);

/* Publishes a payload: to everyone who is subscribed and did not take the entry `unless`, or to one
 * client alone. Returns the gate's number, 0 when it could not be published. */
uint64_t chat_send(struct chat *chat, struct slice topic, const struct buffer *payload, int qos,
	uint64_t unless);
void chat_send_to(
	struct chat *chat, struct slice topic, const struct buffer *payload, client_serial only);

/* `error` to one client, who hears it if it is subscribed to the topic. */
void chat_send_error(struct chat *chat, struct slice topic, client_serial only,
	enum chat_error code, const char *reason, struct slice ref, int64_t retry_ms);

/* Asks the store for what waits, as far as it takes it. */
void chat_pump(struct chat *chat);

/* What a subscribe owes: the newest messages, or the unread list.  The client is told when it will
 * take longer. */
void chat_owe_history(struct chat *chat, struct membership *m, struct chat_time now);
void chat_owe_unread(struct chat *chat, struct client *client, struct chat_time now);

/* Deadlines of what clients wait for. */
void chat_tell_late(struct chat *chat, struct chat_time now);

/* The client has subscribed to the chat: it is told who is there, and all are told that its user
 * has come, if it is the user's first.  Soon, not at once, when many have come. */
void chat_come(struct chat *chat, struct membership *m, bool first, struct chat_time now);
/* Ends the membership and tells the others, if the user has left with it. */
void chat_leave(struct chat *chat, struct membership *m);
/* Tells of those who have come to this chat, before anything else that is told there. */
void chat_announce(struct chat *chat, struct room *room);
/* Once per turn: tells of those who have come anywhere and need not wait.  True: others are to be
 * told in the next turn. */
bool chat_announce_due(struct chat *chat, struct chat_time now);
/* At the end: they stay untold. */
void chat_forget_arrivals(struct chat *chat);

#endif
