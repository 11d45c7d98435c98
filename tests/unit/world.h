/* A world for the conductor: ports that write down what they are asked, and a little model of the
 * broker that holds subscriptions and asks for every subscriber of each publish whether it may have
 * it.  A client is a number; its handle comes back when the number does. */
#ifndef WORLD_H
#define WORLD_H

#include "chat.h"
#include "topic.h"

#define WORLD_CLIENTS 128
#define WORLD_SUBSCRIPTIONS 8
#define WORLD_QUEUE 4096
#define WORLD_INBOX 64
#define WORLD_LINES 8
#define WORLD_PAYLOAD 1500

#define WORLD_RATE 20 /* messages a second */

#define WALL INT64_C(1795334400123) /* 2026-11-22T08:00:00.123Z */

/* Clients by number, with the names that world_log_in gives them. */
enum {
	ANN,       /* 1:Ann */
	ANN_PHONE, /* 1:Annie */
	BOB,       /* 2:Bob */
	BOB_PHONE, /* 2:Bob */
	EVE,       /* 3:Eve */
	SENSOR,    /* an ordinary client */
};

#define CHAT "chat/1/2" /* Ann's and Bob's */
#define TYPING "{\"event\":\"typing\"}"
#define HISTORY "{\"event\":\"history\"}"
#define MESSAGE_EVENT "{\"event\":\"message\",\"seq\":"

struct world_event {
	char topic[TOPIC_MAX + 1];
	char payload[WORLD_PAYLOAD];
	size_t len;
	int qos;
};

struct world_client {
	char handle; /* its address is the handle */
	bool open;   /* as the broker sees it */
	char client_id[32];
	char topics[WORLD_SUBSCRIPTIONS][TOPIC_MAX + 1];
	size_t topic_count;
	struct world_event inbox[WORLD_INBOX];
	size_t first, end;
};

struct world_save {
	struct message message;
	char bytes[2 * WORLD_PAYLOAD];
};

struct world_change {
	struct change change;
	char bytes[2 * WORLD_PAYLOAD];
};

struct world_load {
	struct load load;
	char bytes[ROOM_MAX + ID_MAX + CURSOR_MAX];
};

struct world_seen {
	struct user_seen seen;
	char bytes[ID_MAX + NAME_MAX_BYTES];
};

struct world_said {
	struct node_news news;
	char bytes[ROOM_MAX + ID_MAX + NAME_MAX_BYTES + 64];
};

struct world_mark {
	struct mark mark;
	char bytes[ROOM_MAX + ID_MAX];
};

struct world {
	struct chat *chat;
	struct chat_time now;
	enum chat_error save_says, load_says, mark_says, change_says, ask_says;
	bool publish_fails;
	bool closed;      /* what pages and marks say of the chat */
	bool undecided;   /* what pages say of a chat that is not closed and has no message */
	int64_t last_seq; /* what pages say of the chat; 0: it has no message */
	int64_t last_change;
	bool a_wrote, b_wrote;
	bool away; /* the next logins are sessions that a reload asks about */
	struct world_client clients[WORLD_CLIENTS];
	struct world_event queue[WORLD_QUEUE]; /* published and not routed yet */
	size_t queued;
	struct world_save saves[WORLD_QUEUE];
	size_t save_count;
	struct world_change changes[WORLD_QUEUE];
	size_t change_count;
	struct world_load loads[WORLD_QUEUE];
	size_t load_count;
	struct world_seen seen[WORLD_QUEUE];
	size_t seen_count;
	size_t ask_count;                    /* may_chat was asked, always about 1/2 */
	struct world_said said[WORLD_QUEUE]; /* to other brokers */
	size_t said_count;
	int needed;  /* messages that are told when they come with the news */
	int concern; /* users that the others' news are to be about */
	struct world_mark marks[WORLD_QUEUE];
	size_t mark_count;
	char lines[WORLD_LINES][512]; /* the last ones that were logged */
	size_t line_count;
	size_t kicks;
	char kicked[32];
};

/* A fresh world whose store answers (and `knows_users`: so that `peer` is told); false when out of
 * memory.  One at a time. */
bool world_begin(struct world **world, int rate_limit, bool allow_other_topics, bool knows_users);
/* The same where users may not block others by themselves. */
bool world_begin_without_blocking(struct world **world);
/* The same on a broker of a cluster. */
bool world_begin_in_cluster(struct world **world, bool knows_users);
void world_end(struct world *world);

/* Each test in a world of its own, with limits and without, and with a store that knows users. */
int world_set_up(void **state);
int world_set_up_without_limits(void **state);
int world_set_up_with_users(void **state);
int world_set_up_in_cluster(void **state);
int world_set_up_in_cluster_with_users(void **state);
int world_tear_down(void **state);
#define CHAT_TEST(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)
#define PEERS_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, world_set_up_with_users, world_tear_down)
#define CLUSTER_TEST(test)                                                                         \
	cmocka_unit_test_setup_teardown(test, world_set_up_in_cluster, world_tear_down)
#define CLUSTER_PEERS_TEST(test)                                                                   \
	cmocka_unit_test_setup_teardown(test, world_set_up_in_cluster_with_users, world_tear_down)
#define UNLIMITED_TEST(test)                                                                       \
	cmocka_unit_test_setup_teardown(test, world_set_up_without_limits, world_tear_down)

/* Base64 of the signature of "<id>:<name>", as a password. */
const char *world_sign(const char *name);
/* A JWT for `id` that ends at `exp` (Unix seconds). */
const char *world_jwt(const char *id, int64_t exp);
/* The same with an `iat`. */
const char *world_dated_jwt(const char *id, int64_t exp, int64_t iat);

/* CONNECT.  The client is open afterwards, unless it was denied. */
enum chat_answer world_connect(struct world *world, int client, const char *client_id,
	const char *username, const char *password);
/* With a signed name "<id>:<name>"; the client id is the client's number. */
enum chat_answer world_login(struct world *world, int client, const char *name);

enum chat_answer world_subscribe(struct world *world, int client, const char *topic);
enum chat_answer world_unsubscribe(struct world *world, int client, const char *topic);
/* WRITE, then MESSAGE. */
enum chat_answer world_say(struct world *world, int client, const char *topic, const char *json);
void world_leave(struct world *world, int client);

/* What most tests do; each of these must be allowed.  world_enter subscribes, and what follows was
 * answered and looked at; world_join logs in before that.  world_send publishes to CHAT. */
void world_log_in(struct world *world, int client);
void world_enter(struct world *world, int client, const char *topic);
void world_join(struct world *world, int client, const char *topic);
void world_send(struct world *world, int client, const char *json);
void world_send_text(struct world *world, int client, const char *text);
void world_send_ref(struct world *world, int client, const char *ref);

/* Something that did not come from the plugin goes to all subscribers of the topic. */
void world_smuggle(struct world *world, const char *topic, const char *payload);

/* The broker delivers what was published. */
void world_route(struct world *world);
/* TICK, and then that. */
void world_turn(struct world *world);
void world_pass_time(struct world *world, int64_t ms);

/* The store's answer to the n-th save, load, change or mark. */
void world_saved(struct world *world, size_t n, enum saved_as as, int64_t seq);
void world_answer(struct world *world, size_t n);
void world_answer_all(struct world *world);
/* A change of that message, with this number. */
void world_changed(struct world *world, size_t n, enum changed_as as, int64_t number);
void world_marked(struct world *world, size_t n, bool moved);

/* Everybody has gone, and three turns later nothing of them is left. */
void world_check_books_are_empty(struct world *world);

/* The client's oldest event that was not looked at yet, NULL when there is none. */
const struct world_event *world_next(struct world *world, int client);
/* It is on this topic and holds all these bytes. */
#define assert_event(world, client, topic, part)                                                   \
	world_check_event(world, client, topic, part, __FILE__, __LINE__)
#define assert_silence(world, client) world_check_silence(world, client, __FILE__, __LINE__)
void world_check_event(struct world *world, int client, const char *topic, const char *part,
	const char *file, int line);
void world_check_silence(struct world *world, int client, const char *file, int line);
/* Nobody has anything to look at any more. */
void world_forget(struct world *world);

#endif
