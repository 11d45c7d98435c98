/* What the conductor's own files share: its state, and the functions by which they call each other.
 * Nobody else includes this. */
#ifndef CHAT_CHAT_STATE_H
#define CHAT_CHAT_STATE_H

#include "bars.h"
#include "buffer.h"
#include "chat.h"
#include "expiry.h"
#include "gate.h"
#include "limiter.h"
#include "marks.h"
#include "pending.h"
#include "permits.h"
#include "presence.h"
#include "protocol.h"
#include "requests.h"
#include "topic.h"

#define CHAT_CLOSED_REASON "this chat is closed"
#define CHAT_ASK_LATER_REASON "this cannot be answered now; ask again later"
#define CHAT_NO_SUCH_CHAT_REASON "'chat' must be one of yours in which something was said."
#define CHAT_CHANGE_LATER_REASON "the message cannot be changed now; change it again later"
#define RETRY_MS 1000 /* the least that a client is asked to wait */

/* A block that was told here, so that the news of it are not told again. */
struct own_block {
	uint64_t who; /* hash of both ids; 0: none */
	bool on;
	int64_t at; /* ms of the steady clock */
};
#define OWN_BLOCKS 64 /* more than there are within the second that the news take */
/* The news say how it is by now: of a block that was lifted at once there are none. */
#define OWN_BLOCK_MS 5000

struct chat {
	struct chat_options options;
	struct chat_ports ports;
	struct keyring *keyring;
	struct presence *presence;
	struct expiry expiry;
	struct gate *gate;
	struct limiter *limiter;
	struct absence *oldest_absence; /* see chat_peers.c */
	struct table absences;
	struct peer_news *peer_news;
	struct table peer_news_by_id;
	int64_t tell_peers_at; /* ms of the steady clock: not before */
	struct chat_time now;  /* of the last tick or login */
	struct bars bars;
	struct pending_table pending;
	struct requests requests;
	struct permits permits;
	struct marks *marks;
	struct table untold_reads;        /* see chat_marks.c */
	struct lost_change *lost_changes; /* see chat_changes.c */
	struct held_change *held_changes;
	size_t held_count;
	/* Clients that have subscribed to a chat without anybody having been told, oldest first:
	 * those in open chats, and those in chats of which that is not known. */
	struct arrival *arrivals;
	struct arrival *early_arrivals;
	struct table arrivals_by_room; /* both */
	struct own_block own_blocks[OWN_BLOCKS];
	size_t own_block_count; /* since the start: the ring's next place */
	/* Lines about refused logins: in which second (of the steady clock), how many were written
	 * in it and how many were left out. */
	int64_t refusals_second;
	unsigned refusals_logged, refusals_unlogged;
	uint64_t errors[CHAT_CODES]; /* sent since the start, by code */
	uint32_t closings;           /* chats that were closed since the start */
	size_t answers_this_turn;    /* histories and unread lists sent since the last tick */
	bool site_decides;           /* of chats without messages: see chat_permits.c */
	bool store_up;               /* the store answers loads and marks */
	struct ahead *ahead;         /* see chat_nodes.c */
	int64_t entered_at;          /* see chat_places.c */
	bool reloading;        /* until the next tick logins of connected clients are repeated */
	uint64_t key_start;    /* a message's key: random for each start of the plugin … */
	uint64_t key_counter;  /* … and the number of the message */
	struct buffer payload; /* see chat_begin */
	struct event event;    /* the publish being read: too large for the stack */
};

/* chat_send.c: to the log and to clients. */

/* Writes a line that begins with who, as "42 (mqttjs_8c1f): "; client NULL: with nobody. */
void chat_log(struct chat *chat, enum chat_level level, const struct client *client,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The client's user id; empty for NULL and for a client without a chat token. */
struct slice chat_client_id(const struct client *client);

/* An empty buffer for the next payload.  It is the same one each time: a payload is written and
 * sent before the next one is begun. */
struct buffer *chat_begin(struct chat *chat);

/* Publishes a payload to everyone who is subscribed to the topic, but for those whose latest entry
 * is `unless` (0: nobody).  Returns its number with the gate, 0 when it could not be published. */
uint64_t chat_send(struct chat *chat, struct slice topic, const struct buffer *payload, int qos,
	uint64_t unless);

/* Publishes a payload to one client, who hears it if it is subscribed to the topic. */
void chat_send_to(
	struct chat *chat, struct slice topic, const struct buffer *payload, client_serial only);

/* The same with an `error`. */
void chat_send_error(struct chat *chat, struct slice topic, client_serial only,
	enum chat_error code, const char *reason, struct slice ref, int64_t retry_ms);

/* chat_login.c */

/* Ends a connection; within a tick only. */
void chat_end_client(struct chat *chat, struct client *client, const char *why);

/* Once per turn: says how many lines about refused logins were left out. */
void chat_log_refusals(struct chat *chat, struct chat_time now);

/* chat_publish.c */

/* Everybody in the chat (NULL: nobody is) hears that this user types. */
void chat_tell_typing(struct chat *chat, struct room *room, struct slice id, bool on);

/* chat_messages.c */

/* To everyone who is here: in the chat, or else in the lobby.  `from_client`: its sender is online.
 */
void chat_tell_message(struct chat *chat, const struct message *message, bool from_client);
/* Only to those who are not in the chat. */
void chat_tell_lobbies(struct chat *chat, const struct message *message, const struct room *room);
/* Only to those in the chat. */
void chat_tell_in_chat(struct chat *chat, struct room *room, const struct message *message);

/* chat_nodes.c: the other brokers of a cluster. */

static inline bool chat_in_cluster(const struct chat *chat)
{
	return chat->ports.tell != NULL;
}

/* For the others.  False: there are none, or out of memory. */
MUST_CHECK bool chat_say(struct chat *chat, const struct node_news *news);

/* A message of this broker's own was stored: whether it may be told at once.  If not, it comes with
 * the news, in its turn. */
bool chat_may_tell_own(const struct chat *chat, const struct message *message);

/* The room is about to go: what was told there ahead of the news is not told again. */
void chat_note_ahead(struct chat *chat, const struct room *room, struct chat_time now);

/* The others are to hear that this user types, where the other one may be in the chat. */
void chat_say_typing(struct chat *chat, struct slice room_name, struct slice id, bool on);
/* The others are to know that this client id is this user's here. */
void chat_say_login(struct chat *chat, const struct client *client);

/* Who is in this chat, as in struct message. */
int8_t chat_who_is_in(const struct chat *chat, struct slice room);

/* chat_missed.c: what this broker of a cluster did not hear. */

/* Something was missed: asks for it in each chat that somebody is in, and sends the lobbies what a
 * subscribe brings. */
void chat_ask_missed(struct chat *chat, struct chat_time now);
/* The first page after the epoch has changed: what came with the news before it is asked for. */
void chat_page_came(struct chat *chat, struct room *room);
/* Whether that page is still to come. */
bool chat_awaits_page(struct room *room);
/* What comes of that. */
void chat_hear_missed(struct chat *chat, const struct node_news *news, struct chat_time now);

/* chat_places.c: who is in which chat on the other brokers of a cluster. */

/* Whether it is known who is in the chat on other brokers. */
bool chat_knows_places(const struct room *room);

/* The others are to know that this user has come to the chat, or left it. */
void chat_say_place(struct chat *chat, struct slice room_name, const struct user *user, bool here);

void chat_hear_place(struct chat *chat, const struct node_news *news);
void chat_hear_places_known(struct chat *chat, struct slice room_name);
/* That broker is gone, with those who are in chats there. */
void chat_hear_gone(struct chat *chat, int32_t node);
/* This broker has another number: the others are told of everybody anew.  What it knows of the
 * others may be out of date, and is forgotten where it is not confirmed soon. */
void chat_place_all(struct chat *chat, struct chat_time now);
/* Once per turn. */
void chat_forget_old_places(struct chat *chat, struct chat_time now);

/* Once per turn. */
void chat_forget_ahead(struct chat *chat, struct chat_time now);
/* At the end, and when what was told counts no more. */
void chat_free_ahead(struct chat *chat);

/* chat_requests.c: what is read from the store. */

/* Everybody in a lobby is sent what a subscribe brings. */
void chat_request_all_unread(struct chat *chat, struct chat_time now);

/* Sends the waiting requests and marks to the store, as many as it takes. */
void chat_ask_store(struct chat *chat);

/* What follows a subscribe: the newest messages of the chat, or the unread list. */
void chat_request_history(struct chat *chat, struct membership *m, struct chat_time now);
void chat_request_unread(struct chat *chat, struct client *client, struct chat_time now);

/* Once per turn: tells those whose request has passed its deadline. */
void chat_check_deadlines(struct chat *chat, struct chat_time now);

/* The request that the store has under this ticket, if somebody still wants it; one that nobody
 * wants is freed. */
struct request *chat_wanted_request(struct chat *chat, uint64_t ticket);
/* The client that made the request, if it is still there. */
struct client *chat_asker(const struct chat *chat, const struct request *request);
/* The request is over: answered, or given up. */
void chat_finish_request(struct chat *chat, struct request *request);

/* Something was missing when it was answered: the store is asked again, if somebody still waits. */
void chat_request_again(struct chat *chat, uint64_t ticket);
/* Tells the client, if it was not told yet, that the answer will come later. */
void chat_request_takes_longer(struct chat *chat, uint64_t ticket);

/* chat_marks.c */

/* Tells the chat and the user's lobby that a marker has moved. */
void chat_tell_read(struct chat *chat, const struct mark *mark, const struct marked *result);

/* To the chat alone, if it is open; where that is not known yet, once it is. */
void chat_tell_read_in_chat(
	struct chat *chat, const struct room *room, struct slice id, int64_t seq);
/* It is known by now: tells of what waited for that, or forgets it. */
void chat_tell_untold_reads(struct chat *chat, const struct room *room);
/* The room is about to go. */
void chat_forget_untold_reads(struct chat *chat, const struct room *room);
/* At the end. */
void chat_free_untold_reads(struct chat *chat);

/* Sends the waiting marks to the store, as many as it takes. */
void chat_send_marks(struct chat *chat);

/* chat_changes.c */

/* Asks for a change; CHAT_EUNAVAILABLE, CHAT_EBUSY or CHAT_ENOMEM when the store cannot take it. */
MUST_CHECK enum chat_error chat_ask_change(struct chat *chat, const struct change *change);
/* Asks again for the changes of which it is not known what became of them. */
void chat_send_lost_changes(struct chat *chat);

/* Changes that came before their turn: tells those whose turn has come, or all of this chat. */
void chat_tell_held_changes(struct chat *chat, struct room *room);
void chat_tell_all_held_changes(struct chat *chat, struct room *room);
/* Once per turn: those that have waited long enough. */
void chat_tell_overdue_changes(struct chat *chat, struct chat_time now);

/* In a cluster: a change comes with the news. */
void chat_hear_changed(struct chat *chat, const struct changed *changed, struct chat_time now);

/* At the end. */
void chat_free_changes(struct chat *chat);

/* chat_settings.c */

/* On another broker of the cluster this user has muted the chat, or no longer. */
void chat_hear_muted(struct chat *chat, struct slice user_id, struct slice room, bool on);

/* chat_presence.c: who is in a chat. */

/* The client has subscribed to the chat.  It is told who is there, and everybody is told that its
 * user has joined, if it is the user's `first` client there: at once, or a little later when many
 * subscribe, or once it is known that the chat is open. */
void chat_joined(struct chat *chat, struct membership *m, bool first, struct chat_time now);

/* Nothing will say soon whether the chat is open: if the client is in it and waits for that, it is
 * told of itself alone. */
void chat_joined_alone(struct chat *chat, const struct room *room, const struct client *client);
/* The same for all of those who wait for that. */
void chat_all_joined_alone(struct chat *chat);

/* Ends the membership and tells the others, if the user has left with it. */
void chat_leave(struct chat *chat, struct membership *m);

/* Tells now of those who have subscribed to this chat, so that what is sent next comes after it. */
void chat_announce(struct chat *chat, struct room *room);

/* Somebody who is not in the chat here has come to it on another broker, as the first, or left it
 * as the last one of their clients. */
void chat_tell_remote(struct chat *chat, struct room *room, const struct person *person, bool join);

/* Once per turn: tells of those who need not wait any longer.  True: there will be more in the next
 * turn. */
bool chat_announce_due(struct chat *chat, struct chat_time now);

/* The chat is known to be open: who has subscribed before that is announced soon. */
void chat_release_arrivals(struct chat *chat, const struct room *room);
/* Nobody will be told of those who have subscribed to this chat. */
void chat_forget_arrivals(struct chat *chat, const struct room *room);
/* The same for all chats, at the end. */
void chat_free_arrivals(struct chat *chat);

/* chat_peers.c */

/* A client of this user has logged in, under another name than the one before it, or logged out as
 * the last one.  Who is back within some seconds was never away. */
void chat_logged_in(struct chat *chat, const struct user *user, bool renamed, struct chat_time now);
void chat_logged_out(struct chat *chat, const struct user *user, struct chat_time now);
/* Once per turn: takes those for offline who have been away for long enough. */
void chat_tell_offline(struct chat *chat, struct chat_time now);
/* Once per turn: tells in the chats of whom it has to be told that they are online or not, or that
 * they have another name. */
void chat_tell_peers(struct chat *chat, struct chat_time now);
/* A message by this user was told in the chat.  From the first one on the other is told of them. */
void chat_wrote(
	struct chat *chat, struct room *room, const struct message *message, bool from_client);
/* In a cluster: what the database says of a user who has come online anywhere, or went. */
void chat_hear_seen(struct chat *chat, const struct node_news *news, struct chat_time now);
/* The name that the application has given this user. */
void chat_set_app_name(struct chat *chat, struct slice id, struct slice name);
/* What is told in this room (NULL: nobody is in it) of a user of whom the database knows this.  Its
 * name is one of the two's. */
struct peer chat_peer_of(struct chat *chat, struct room *room, const struct peer *stored);
/* At the end. */
void chat_free_peers(struct chat *chat);

/* chat_closed.c */

/* All who are subscribed to the chat are sent what a subscribe brings. */
void chat_welcome_again(struct chat *chat, struct room *room, struct chat_time now);

/* It is known how the chat is.  Where that is news to those who are in it they are told; true: they
 * were told that it is closed. */
bool chat_set_state(
	struct chat *chat, struct room *room, enum room_state state, struct chat_time now);

/* The chat is closed no longer, unless the application's may_chat says so: then that is asked. */
void chat_open_again(struct chat *chat, struct room *room, struct chat_time now);

/* Neither user is told of the other one. */
static inline bool chat_is_shut(const struct room *room)
{
	return room->state == ROOM_CLOSED || room->state == ROOM_REFUSED;
}

/* chat_publish.c */

/* Hands a message to the store, unless it waits there already under its `ref`.  CHAT_EUNAVAILABLE.
 */
MUST_CHECK enum chat_error chat_save(struct chat *chat, struct message *message);

/* chat_permits.c: what the application's may_chat says of chats without messages. */

/* A message may go to this chat only if that says so. */
bool chat_needs_permit(const struct chat *chat, struct slice room);
/* It was asked lately, and said no. */
bool chat_is_refused(const struct chat *chat, struct slice room, struct chat_time now);
/* Hands the message to the store, or refuses it: at once, or when it is known what is said. */
void chat_save_if_permitted(struct chat *chat, struct message *message, struct chat_time now);
/* Whether the answer to this request, a page of a chat that is undecided, has to wait.  If not,
 * *permit is what is known of the chat. */
MUST_CHECK bool chat_awaits_permit(
	struct chat *chat, struct request *request, enum permit *permit, struct chat_time now);
/* Once per turn: ends what has waited too long, and what has held long enough. */
void chat_check_permits(struct chat *chat, struct chat_time now);
/* The message was stored, in this chat (NULL: nobody is in it): from now on nothing is asked. */
void chat_said_something(struct chat *chat, const struct message *message, const struct room *room);

#endif
