/* A broker and a store without a network, a thread or a clock, around the real plugin: what the
 * plugin calls, and a model of who is connected and subscribed to what, which judges everything
 * that is delivered. */
#ifndef FAKE_BROKER_H
#define FAKE_BROKER_H

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include "fuzz.h"
#include "store.h"

#define CLIENTS 8
#define USERS 5
#define FILTERS_MAX 24
#define SEEN_MAX 512
#define TOPICS_MAX 10

struct seen {
	char room[16];
	long seq;
};

/* A client as the broker has it, and what it is owed. */
struct mosquitto {
	bool there;     /* the broker knows it: connected, offline with a session, or about to go */
	bool connected; /* and it is the one with its client id */
	bool leaving;   /* another one has taken its client id; its end is still to be told */
	bool session;   /* its session outlives its connection */
	bool clean;
	bool v5;
	bool ws;  /* a WebSocket is open */
	int user; /* whose token it showed; -1: none */
	int64_t expires_at;
	char id[8];
	char *username;
	char *password;
	char filters[FILTERS_MAX][40];
	size_t filter_count;
	unsigned serial;
	unsigned refs;                  /* those it has published, a bit each */
	unsigned histories[TOPICS_MAX]; /* owed, by chat */
	unsigned unreads;
	unsigned actions; /* each may be answered by errors */
	unsigned errors;
	struct seen seen[SEEN_MAX];
	size_t seen_count;
};

struct fake_broker {
	struct mosquitto clients[CLIENTS];
	int64_t wall, steady; /* ms */
	bool publish_fails;
	bool first_live, second_live; /* the secrets */
	bool broken;                  /* the secret file */
	bool reloading;
	bool is_2_1;
	struct mosquitto *acting; /* whose event is being raised */
	unsigned serials;
};
extern struct fake_broker broker;

extern const char *const user_ids[USERS];
extern const char *const chats[TOPICS_MAX];

/* Starts the plugin in a broker with nobody in it. */
void fake_begin(const char *rate_limit, bool allow_other_topics, bool is_2_1);
/* Ends it. */
void fake_end(void);

int raise(int event, void *data);
bool takes_part(int user, const char *topic);
bool holds(const struct mosquitto *client, const char *filter);
void drop_filter(struct mosquitto *client, const char *filter);
bool has_seen(const struct mosquitto *client, const char *room, long seq);

int raise_auth(struct mosquitto *client);
void raise_disconnect(struct mosquitto *client, int event);
int raise_acl(
	struct mosquitto *client, const char *topic, struct slice payload, int access, bool retain);
/* To everyone who is subscribed and may read it.  `ghost`: nobody may, on topics of ours. */
void route(const char *topic, struct slice payload, bool ghost);
/* What the plugin published goes out. */
void flush(void);
/* The broker sends a Will, if it may. */
void send_will(struct mosquitto *client, const char *topic, bool retain);
/* A repetition of something that the plugin has published lately. */
void replay(unsigned which);
void forget_client(struct mosquitto *client);

/* The store. */
bool fake_store_settle(void);
bool fake_store_has_results(void);
void fake_store_save(unsigned which, unsigned outcome);
bool fake_store_last_new(char room[16], long *seq);
void fake_store_load(unsigned which, bool fails);
void fake_store_mark(unsigned which, unsigned outcome);
void fake_store_permit(unsigned which, unsigned permit);
void fake_store_decides(bool yes);
/* It has said, in this input, that the application decides who may begin a chat. */
bool fake_store_has_decided(void);
void fake_store_answer(bool yes);
bool fake_store_is_answering(void);
extern bool fake_store_is_full;

/* What is left in the plugin's books. */
size_t fake_plugin_books(void);

#endif
