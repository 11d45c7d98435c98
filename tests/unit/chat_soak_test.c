/* Thousands of random things that clients, broker and store may do, checked against a simple model:
 * who is subscribed to what, and what that client has to hear. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"
#include "unit.h"
#include "world.h"

#define STEPS 30000
#define CLIENTS 24
#define USERS 4

struct soak {
	struct world *world;
	bool store_up;
	int user_of[CLIENTS]; /* -1: not there; 0: an ordinary client */
	/* Subscribed since, and the answer has not come. */
	bool waits[CLIENTS][WORLD_SUBSCRIPTIONS];
	int64_t seq;
	size_t messages_seen, notifications_seen;
};

static const char *const topics[] = {
	"chat/1/2", "chat/1/3", "chat/2/3", "chat/1/4", "user/1", "user/2", "user/3", "user/4"};
#define TOPICS 8

static bool holds(const struct soak *soak, int client, const char *topic)
{
	const struct world_client *c = &soak->world->clients[client];
	for (size_t i = 0; i < c->topic_count; i++) {
		if (strcmp(c->topics[i], topic) == 0) {
			return true;
		}
	}
	return false;
}

static bool takes_part(int user, const char *topic)
{
	return user > 0 && strchr(topic, '0' + user) != NULL;
}

/* Looks at all that has come, and notes the answers. */
static void look(struct soak *soak)
{
	world_route(soak->world);
	for (int client = 0; client < CLIENTS; client++) {
		const struct world_event *event;
		while ((event = world_next(soak->world, client)) != NULL) {
			assert_true(takes_part(soak->user_of[client], event->topic));
			assert_true(holds(soak, client, event->topic));
			bool answer = strstr(event->payload, "\"event\":\"history\"") != NULL ||
			              strstr(event->payload, "\"event\":\"unread\"") != NULL;
			for (int i = 0; answer && i < TOPICS; i++) {
				if (strcmp(topics[i], event->topic) == 0) {
					soak->waits[client][i] = false;
				}
			}
		}
	}
	world_forget(soak->world);
}

static void expect_message(struct soak *soak, const struct message *message)
{
	char chat[TOPIC_MAX + 1];
	topic_of_chat(message->room, chat);
	char seq[32];
	snprintf(seq, sizeof(seq), "\"seq\":%lld,", (long long)message->seq);
	for (int client = 0; client < CLIENTS; client++) {
		int user = soak->user_of[client];
		char lobby[16];
		snprintf(lobby, sizeof(lobby), "user/%d", user);
		bool in_chat = user > 0 && holds(soak, client, chat);
		bool in_lobby = takes_part(user, chat) && holds(soak, client, lobby);
		const struct world_event *event = world_next(soak->world, client);
		if (in_chat) {
			assert_non_null(event);
			assert_string_equal(event->topic, chat);
			assert_non_null(strstr(event->payload, seq));
			soak->messages_seen++;
		} else if (in_lobby) {
			assert_non_null(event);
			assert_string_equal(event->topic, lobby);
			assert_non_null(strstr(event->payload, seq));
			soak->notifications_seen++;
		} else {
			assert_null(event);
		}
		assert_null(world_next(soak->world, client));
	}
}

static void store_saves(struct soak *soak)
{
	for (size_t n = 0; n < soak->world->save_count; n++) {
		look(soak);
		struct message message = soak->world->saves[n].message;
		message.seq = ++soak->seq;
		if (rand() % 10 == 0) {
			chat_saved(soak->world->chat,
				rand() % 2 == 0 ? SAVED_REPEAT : SAVED_REJECTED, &message);
			continue;
		}
		chat_saved(soak->world->chat, SAVED_NEW, &message);
		world_route(soak->world);
		expect_message(soak, &message);
	}
	soak->world->save_count = 0;
}

static void store_loads(struct soak *soak)
{
	for (size_t n = 0; n < soak->world->load_count; n++) {
		if (!soak->store_up) {
			chat_load_failed(soak->world->chat, soak->world->loads[n].load.ticket);
		} else {
			world_answer(soak->world, n);
		}
	}
	soak->world->load_count = 0;
	look(soak);
}

static void store_marks(struct soak *soak)
{
	for (size_t n = 0; n < soak->world->mark_count; n++) {
		if (!soak->store_up) {
			chat_mark_failed(
				soak->world->chat, &soak->world->marks[n].mark, rand() % 8 == 0);
		} else {
			world_marked(soak->world, n, rand() % 2 == 0);
		}
	}
	soak->world->mark_count = 0;
}

/* What the store was handed before it went away comes back unanswered. */
static void store_flips(struct soak *soak)
{
	soak->store_up = !soak->store_up;
	soak->world->load_says = soak->world->mark_says =
		soak->store_up ? CHAT_OK : CHAT_EUNAVAILABLE;
	if (!soak->store_up && rand() % 2 == 0) {
		store_loads(soak);
		store_marks(soak);
	}
	size_t asked_before = soak->world->load_count;
	chat_store_up(soak->world->chat, soak->store_up);
	for (size_t n = 0; !soak->store_up && n < asked_before; n++) {
		chat_load_failed(soak->world->chat, soak->world->loads[n].load.ticket);
	}
	if (!soak->store_up) {
		soak->world->load_count = 0;
		store_marks(soak);
	}
}

static void goes(struct soak *soak, int client)
{
	look(soak);
	world_leave(soak->world, client);
	soak->user_of[client] = -1;
	memset(soak->waits[client], 0, sizeof(soak->waits[client]));
}

/* With an id of its own or with somebody's, after an end that was seen or missed. */
static void comes(struct soak *soak, int client)
{
	static const char *const names[] = {"x", "1:Ann", "2:Bob", "3:Eve", "4:Dan"};
	int id = rand() % 15;
	int user = rand() % 6 == 0 ? rand() % (USERS + 1) : id % (USERS + 1);
	char client_id[16];
	snprintf(client_id, sizeof(client_id), "c%d", id);
	look(soak);
	memset(soak->waits[client], 0, sizeof(soak->waits[client]));
	soak->world->clients[client].topic_count = 0;
	enum chat_answer answer = world_connect(soak->world, client, client_id, names[user],
		user == 0 ? "y" : world_sign(names[user]));
	soak->user_of[client] = answer == CHAT_DENY ? -1 : user;
	for (int other = 0; answer != CHAT_DENY && other < CLIENTS; other++) {
		if (other != client && soak->user_of[other] >= 0 &&
			strcmp(soak->world->clients[other].client_id, client_id) == 0) {
			assert_int_equal(soak->user_of[other], user);
			if (rand() % 3 != 0) {
				goes(soak, other);
			}
		}
	}
}

static void client_does_something(struct soak *soak, int client)
{
	static const char *const said[] = {"{\"event\":\"typing\"}", "{\"event\":\"history\"}",
		"{\"event\":\"read\",\"seq\":3}", "{\"event\":\"message\",\"text\":\"hi\"}",
		"{\"event\":\"message\",\"text\":\"hi\",\"ref\":\"a\"}",
		"{\"event\":\"message\",\"text\":\"hi\",\"ref\":\"b\"}", "{", ""};
	int at = rand() % TOPICS;
	for (int i = 0; i < 4 && !takes_part(soak->user_of[client], topics[at]); i++) {
		at = rand() % TOPICS;
	}
	const char *topic = topics[at];
	bool mine = takes_part(soak->user_of[client], topic);
	switch (rand() % 4) {
	case 0:
		look(soak);
		assert_int_equal(
			world_subscribe(soak->world, client, topic), mine ? CHAT_ALLOW : CHAT_DENY);
		soak->waits[client][at] = mine;
		break;
	case 1:
		look(soak);
		assert_int_equal(world_unsubscribe(soak->world, client, topic), CHAT_ALLOW);
		soak->waits[client][at] = false;
		break;
	default:
		world_say(soak->world, client, topic, said[rand() % 8]);
		world_smuggle(soak->world, topic, "{\"event\":\"typing\"}");
	}
}

static void step(struct soak *soak)
{
	int client = rand() % CLIENTS;
	int what = rand() % 100;
	if (what < 8) {
		comes(soak, client);
	} else if (what < 12) {
		goes(soak, client);
	} else if (what < 75) {
		client_does_something(soak, client);
	} else if (what < 80) {
		store_saves(soak);
	} else if (what < 85 && soak->store_up) {
		store_loads(soak);
	} else if (what < 88 && soak->store_up) {
		store_marks(soak);
	} else if (what < 89) {
		store_flips(soak);
	} else {
		world_pass_time(soak->world, rand() % 400);
		chat_tick(soak->world->chat, soak->world->now);
		look(soak);
	}
}

/* The store comes back and answers all. */
static void settle(struct soak *soak)
{
	if (!soak->store_up) {
		store_flips(soak);
	}
	for (int i = 0; i < 10; i++) {
		store_saves(soak);
		store_loads(soak);
		store_marks(soak);
		world_turn(soak->world);
		look(soak);
	}
}

static void every_subscriber_hears_what_it_has_to_and_nothing_is_left(void **state)
{
	(void)state;
	size_t messages_seen = 0;
	size_t notifications_seen = 0;
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct soak soak = {.store_up = true};
		assert_true(world_begin(&soak.world, 0, false, false));
		memset(soak.user_of, -1, sizeof(soak.user_of));
		srand(seed);
		for (int i = 0; i < STEPS; i++) {
			step(&soak);
		}
		settle(&soak);
		for (int client = 0; client < CLIENTS; client++) {
			for (int i = 0; i < TOPICS; i++) {
				assert_false(soak.waits[client][i]);
			}
		}
		messages_seen += soak.messages_seen;
		notifications_seen += soak.notifications_seen;
		for (int client = 0; client < CLIENTS; client++) {
			goes(&soak, client);
		}
		settle(&soak);
		struct chat_counts counts = chat_count(soak.world->chat);
		assert_int_equal(counts.clients + counts.users + counts.rooms, 0);
		assert_int_equal(counts.marks + counts.requests + counts.pending, 0);
		assert_int_equal(counts.entries, 0);
		world_end(soak.world);
	}
	/* Or the model has nothing to say. */
	assert_true(messages_seen > 4000);
	assert_true(notifications_seen > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_subscriber_hears_what_it_has_to_and_nothing_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
