#include "world.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#define SECRET "0123456789abcdef0123456789abcdef"

static struct world the_world;

/* Ports. */

static bool port_publish(void *arg, struct slice topic, struct slice payload, int qos)
{
	struct world *world = arg;
	if (world->publish_fails) {
		return false;
	}
	assert_true(world->queued < WORLD_QUEUE);
	struct world_event *event = &world->queue[world->queued++];
	assert_true(topic.len <= TOPIC_MAX && payload.len < WORLD_PAYLOAD);
	memcpy(event->topic, topic.bytes, topic.len);
	event->topic[topic.len] = '\0';
	memcpy(event->payload, payload.bytes, payload.len);
	event->payload[payload.len] = '\0';
	event->len = payload.len;
	event->qos = qos;
	return true;
}

static struct slice keep(char *bytes, size_t *at, struct slice from)
{
	struct slice kept = slice_of(bytes + *at, from.len);
	if (from.len > 0) {
		memcpy(bytes + *at, from.bytes, from.len);
	}
	*at += from.len;
	return kept;
}

static enum chat_error port_save(void *arg, const struct message *message)
{
	struct world *world = arg;
	if (world->save_says != CHAT_OK) {
		return world->save_says;
	}
	assert_true(world->save_count < WORLD_QUEUE);
	struct world_save *save = &world->saves[world->save_count++];
	size_t at = 0;
	save->message = *message;
	save->message.room = keep(save->bytes, &at, message->room);
	save->message.user_id = keep(save->bytes, &at, message->user_id);
	save->message.opponent_id = keep(save->bytes, &at, message->opponent_id);
	save->message.name = keep(save->bytes, &at, message->name);
	save->message.text = keep(save->bytes, &at, message->text);
	save->message.ref = keep(save->bytes, &at, message->ref);
	save->message.data = keep(save->bytes, &at, message->data);
	return CHAT_OK;
}

static enum chat_error port_load(void *arg, const struct load *load)
{
	struct world *world = arg;
	if (world->load_says != CHAT_OK) {
		return world->load_says;
	}
	assert_true(world->load_count < WORLD_QUEUE);
	struct world_load *kept = &world->loads[world->load_count++];
	size_t at = 0;
	kept->load = *load;
	kept->load.room = keep(kept->bytes, &at, load->room);
	kept->load.user_id = keep(kept->bytes, &at, load->user_id);
	kept->load.cursor = keep(kept->bytes, &at, load->cursor);
	return CHAT_OK;
}

static enum chat_error port_mark(void *arg, const struct mark *mark)
{
	struct world *world = arg;
	if (world->mark_says != CHAT_OK) {
		return world->mark_says;
	}
	assert_true(world->mark_count < WORLD_QUEUE);
	struct world_mark *kept = &world->marks[world->mark_count++];
	size_t at = 0;
	kept->mark = *mark;
	kept->mark.room = keep(kept->bytes, &at, mark->room);
	kept->mark.user_id = keep(kept->bytes, &at, mark->user_id);
	return CHAT_OK;
}

static enum chat_error port_change(void *arg, const struct change *change)
{
	struct world *world = arg;
	if (world->change_says != CHAT_OK) {
		return world->change_says;
	}
	assert_true(world->change_count < WORLD_QUEUE);
	struct world_change *kept = &world->changes[world->change_count++];
	size_t at = 0;
	kept->change = *change;
	kept->change.room = keep(kept->bytes, &at, change->room);
	kept->change.user_id = keep(kept->bytes, &at, change->user_id);
	kept->change.text = keep(kept->bytes, &at, change->text);
	kept->change.data = keep(kept->bytes, &at, change->data);
	kept->change.reaction = keep(kept->bytes, &at, change->reaction);
	kept->change.ref = keep(kept->bytes, &at, change->ref);
	return CHAT_OK;
}

static void port_seen(void *arg, const struct user_seen *seen)
{
	struct world *world = arg;
	assert_true(world->seen_count < WORLD_QUEUE);
	struct world_seen *kept = &world->seen[world->seen_count++];
	size_t at = 0;
	kept->seen = *seen;
	kept->seen.user_id = keep(kept->bytes, &at, seen->user_id);
	kept->seen.name = keep(kept->bytes, &at, seen->name);
}

static enum chat_error port_ask_site(void *arg, struct slice room)
{
	struct world *world = arg;
	assert_true(slice_equal(room, SLICE("1/2")));
	world->ask_count += world->ask_says == CHAT_OK;
	return world->ask_says;
}

/* The broker disconnects the latest client with this id at once. */
static void port_kick(void *arg, const char *client_id)
{
	struct world *world = arg;
	world->kicks++;
	snprintf(world->kicked, sizeof(world->kicked), "%s", client_id);
	for (int i = WORLD_CLIENTS - 1; i >= 0; i--) {
		if (world->clients[i].open && strcmp(world->clients[i].client_id, client_id) == 0) {
			world_leave(world, i);
			return;
		}
	}
}

static void port_log(void *arg, enum chat_level level, const char *line)
{
	struct world *world = arg;
	(void)level;
	assert_true(strlen(line) < 512);
	assert_null(strstr(line, SECRET));
	snprintf(world->lines[world->line_count++ % WORLD_LINES], 512, "%s", line);
}

static bool port_tell(void *arg, const struct node_news *news)
{
	struct world *world = arg;
	assert_true(world->said_count < WORLD_QUEUE);
	struct world_said *said = &world->said[world->said_count++];
	size_t at = 0;
	said->news = *news;
	said->news.room = keep(said->bytes, &at, news->room);
	said->news.user_id = keep(said->bytes, &at, news->user_id);
	said->news.name = keep(said->bytes, &at, news->name);
	said->news.client_id = keep(said->bytes, &at, news->client_id);
	return true;
}

static void port_needs_news(void *arg)
{
	((struct world *)arg)->needed++;
}

static void port_concern(void *arg, struct slice user_id, bool here)
{
	struct world *world = arg;
	assert_true(user_id.len > 0);
	world->concern += here ? 1 : -1;
}

static bool begin(struct world **world, int rate_limit, bool allow_other_topics, bool user_blocking,
	bool knows_users, bool in_cluster)
{
	struct world *w = *world = &the_world;
	memset(w, 0, sizeof(*w));
	w->now = (struct chat_time){WALL, 1000000};
	struct chat_options options = {
		.tokens = {.signed_names = true},
		.allow_other_topics = allow_other_topics,
		.history_limit = 50,
		.rate_limit = rate_limit,
		.user_blocking = user_blocking,
		.last_seen = true,
	};
	struct chat_ports ports = {
		.arg = w,
		.publish = port_publish,
		.save = port_save,
		.load = port_load,
		.mark = port_mark,
		.change = port_change,
		.seen = knows_users ? port_seen : NULL,
		.ask_site = port_ask_site,
		.tell = in_cluster ? port_tell : NULL,
		.needs_news = in_cluster ? port_needs_news : NULL,
		.concern = in_cluster ? port_concern : NULL,
		.kick = port_kick,
		.log = port_log,
	};
	char reason[KEYRING_REASON_MAX];
	struct keyring *keyring = keyring_parse(SLICE(SECRET "\n"), reason);
	if (keyring == NULL) {
		return false;
	}
	unsigned char seed[CHAT_SEED_SIZE] = {1, 2, 3};
	w->chat = chat_create(&options, &ports, keyring, seed);
	if (w->chat == NULL) {
		keyring_free(keyring);
		return false;
	}
	chat_store_up(w->chat, true);
	return true;
}

bool world_begin(struct world **world, int rate_limit, bool allow_other_topics, bool knows_users)
{
	return begin(world, rate_limit, allow_other_topics, true, knows_users, false);
}

bool world_begin_without_blocking(struct world **world)
{
	return begin(world, WORLD_RATE, false, false, false, false);
}

bool world_begin_in_cluster(struct world **world, bool knows_users)
{
	return begin(world, WORLD_RATE, false, true, knows_users, true);
}

void world_end(struct world *world)
{
	chat_destroy(world->chat);
	world->chat = NULL;
}

int world_set_up(void **state)
{
	return world_begin((struct world **)state, WORLD_RATE, false, false) ? 0 : -1;
}

int world_set_up_without_limits(void **state)
{
	return world_begin((struct world **)state, 0, false, false) ? 0 : -1;
}

int world_set_up_with_users(void **state)
{
	return world_begin((struct world **)state, WORLD_RATE, false, true) ? 0 : -1;
}

int world_set_up_in_cluster(void **state)
{
	return world_begin_in_cluster((struct world **)state, false) ? 0 : -1;
}

int world_set_up_in_cluster_with_users(void **state)
{
	return world_begin_in_cluster((struct world **)state, true) ? 0 : -1;
}

int world_tear_down(void **state)
{
	world_end(*state);
	return 0;
}

/* Tokens. */

static size_t sign(const char *text, char into[45])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	HMAC(EVP_sha256(), SECRET, sizeof(SECRET) - 1, (const unsigned char *)text, strlen(text),
		mac, &len);
	return (size_t)EVP_EncodeBlock((unsigned char *)into, mac, (int)len);
}

const char *world_sign(const char *name)
{
	static char password[45];
	sign(name, password);
	return password;
}

static void make_url_safe(char *text)
{
	for (; *text != '\0'; text++) {
		*text = *text == '+' ? '-' : *text == '/' ? '_' : *text == '=' ? '\0' : *text;
		if (*text == '\0') {
			return;
		}
	}
}

static const char *make_jwt(const char *claims)
{
	static char token[512];
	char body[256];
	char mac[45];
	EVP_EncodeBlock((unsigned char *)body, (const unsigned char *)claims, (int)strlen(claims));
	make_url_safe(body);
	snprintf(token, sizeof(token), "eyJhbGciOiJIUzI1NiJ9.%s", body);
	sign(token, mac);
	make_url_safe(mac);
	strcat(token, ".");
	strcat(token, mac);
	return token;
}

const char *world_jwt(const char *id, int64_t exp)
{
	char claims[128];
	snprintf(claims, sizeof(claims), "{\"sub\":\"%s\",\"exp\":%lld}", id, (long long)exp);
	return make_jwt(claims);
}

const char *world_dated_jwt(const char *id, int64_t exp, int64_t iat)
{
	char claims[128];
	snprintf(claims, sizeof(claims), "{\"sub\":\"%s\",\"exp\":%lld,\"iat\":%lld}", id,
		(long long)exp, (long long)iat);
	return make_jwt(claims);
}

/* What clients do. */

enum chat_answer world_connect(struct world *world, int client, const char *client_id,
	const char *username, const char *password)
{
	struct world_client *c = &world->clients[client];
	struct chat_login login = {
		.handle = &c->handle,
		.client_id = client_id,
		.address = "192.0.2.7",
		.username = slice_str(username),
		.password = slice_str(password),
		.clean = true,
		.away = world->away,
	};
	char broker_name[CHAT_USERNAME_MAX + 1];
	enum chat_answer answer = chat_connect(world->chat, &login, world->now, broker_name);
	if (answer != CHAT_DENY) {
		c->open = true;
		snprintf(c->client_id, sizeof(c->client_id), "%s", client_id);
	}
	return answer;
}

enum chat_answer world_login(struct world *world, int client, const char *name)
{
	char client_id[16];
	snprintf(client_id, sizeof(client_id), "c%d", client);
	return world_connect(world, client, client_id, name, world_sign(name));
}

static size_t find_topic(const struct world_client *c, const char *topic)
{
	size_t i = 0;
	while (i < c->topic_count && strcmp(c->topics[i], topic) != 0) {
		i++;
	}
	return i;
}

enum chat_answer world_subscribe(struct world *world, int client, const char *topic)
{
	struct world_client *c = &world->clients[client];
	enum chat_answer answer =
		chat_subscribe(world->chat, &c->handle, slice_str(topic), world->now);
	size_t at = find_topic(c, topic);
	if (answer == CHAT_ALLOW && at == c->topic_count && at < WORLD_SUBSCRIPTIONS) {
		snprintf(c->topics[c->topic_count++], TOPIC_MAX + 1, "%s", topic);
	}
	return answer;
}

enum chat_answer world_unsubscribe(struct world *world, int client, const char *topic)
{
	struct world_client *c = &world->clients[client];
	enum chat_answer answer =
		chat_unsubscribe(world->chat, &c->handle, slice_str(topic), world->now);
	size_t at = find_topic(c, topic);
	if (at < c->topic_count) {
		memmove(c->topics[at], c->topics[c->topic_count - 1], TOPIC_MAX + 1);
		c->topic_count--;
	}
	return answer;
}

enum chat_answer world_say(struct world *world, int client, const char *topic, const char *json)
{
	const void *handle = &world->clients[client].handle;
	enum chat_answer answer = chat_may_publish(world->chat, handle, slice_str(topic), false);
	if (answer != CHAT_ALLOW) {
		return answer;
	}
	return chat_publish(world->chat, handle, slice_str(topic), slice_str(json), world->now);
}

void world_leave(struct world *world, int client)
{
	struct world_client *c = &world->clients[client];
	c->open = false;
	c->topic_count = 0;
	chat_disconnect(world->chat, &c->handle);
}

void world_log_in(struct world *world, int client)
{
	static const char *const names[] = {
		[ANN] = "1:Ann",
		[ANN_PHONE] = "1:Annie",
		[BOB] = "2:Bob",
		[BOB_PHONE] = "2:Bob",
		[EVE] = "3:Eve",
	};
	assert_int_equal(world_login(world, client, names[client]), CHAT_ALLOW);
}

void world_enter(struct world *world, int client, const char *topic)
{
	assert_int_equal(world_subscribe(world, client, topic), CHAT_ALLOW);
	world_turn(world);
	world_answer_all(world);
	world_turn(world);
	world_forget(world);
}

void world_join(struct world *world, int client, const char *topic)
{
	world_log_in(world, client);
	world_enter(world, client, topic);
}

void world_send(struct world *world, int client, const char *json)
{
	assert_int_equal(world_say(world, client, CHAT, json), CHAT_ALLOW);
}

void world_send_text(struct world *world, int client, const char *text)
{
	char json[200];
	snprintf(json, sizeof(json), "{\"event\":\"message\",\"text\":\"%s\"}", text);
	world_send(world, client, json);
}

void world_send_ref(struct world *world, int client, const char *ref)
{
	char json[200];
	snprintf(json, sizeof(json), "{\"event\":\"message\",\"text\":\"hi\",\"ref\":\"%s\"}", ref);
	world_send(world, client, json);
}

/* The broker. */

static void route(struct world *world, const struct world_event *event)
{
	for (int i = 0; i < WORLD_CLIENTS; i++) {
		struct world_client *c = &world->clients[i];
		if (find_topic(c, event->topic) == c->topic_count) {
			continue;
		}
		if (chat_may_receive(world->chat, &c->handle, slice_str(event->topic),
			    slice_of(event->payload, event->len)) == CHAT_ALLOW) {
			assert_true(c->end < WORLD_INBOX);
			c->inbox[c->end++] = *event;
		}
	}
}

void world_smuggle(struct world *world, const char *topic, const char *payload)
{
	struct world_event event = {.len = strlen(payload), .qos = 1};
	snprintf(event.topic, sizeof(event.topic), "%s", topic);
	snprintf(event.payload, sizeof(event.payload), "%s", payload);
	route(world, &event);
}

void world_route(struct world *world)
{
	for (size_t i = 0; i < world->queued; i++) {
		route(world, &world->queue[i]);
	}
	world->queued = 0;
}

void world_turn(struct world *world)
{
	chat_tick(world->chat, world->now);
	world_route(world);
}

void world_pass_time(struct world *world, int64_t ms)
{
	world->now.wall += ms;
	world->now.steady += ms;
}

/* The store. */

void world_saved(struct world *world, size_t n, enum saved_as as, int64_t seq)
{
	assert_true(n < world->save_count);
	struct message message = world->saves[n].message;
	message.seq = seq;
	chat_saved(world->chat, as, &message);
}

void world_answer(struct world *world, size_t n)
{
	assert_true(n < world->load_count);
	const struct load *load = &world->loads[n].load;
	if (load->what == LOAD_HISTORY) {
		struct message message = {
			.seq = world->last_seq, .user_id = SLICE("1"), .text = SLICE("x")};
		struct slice a, b;
		(void)topic_split_room(load->room, &a, &b);
		bool asks_a = slice_equal(load->user_id, a);
		struct peer peer = {.user_id = asks_a ? b : a,
			.known = asks_a ? world->b_wrote : world->a_wrote,
			.name = SLICE("Stored"),
			.seen_at = WALL};
		struct page page = {
			.messages = &message,
			.count = world->last_seq > 0 ? 1 : 0,
			.a_read = 3,
			.b_read = 4,
			.change = world->last_change,
			.epoch = SLICE("e"),
			.closed = world->closed,
			.undecided = world->undecided && !world->closed && world->last_seq == 0,
			.peer = load->user_id.len > 0 ? &peer : NULL,
		};
		chat_page(world->chat, load->ticket, &page, world->now);
	} else if (load->what == LOAD_CHANGES) {
		struct changes changes = {.change = world->last_change, .epoch = SLICE("e")};
		chat_changes(world->chat, load->ticket, &changes);
	} else if (load->what == LOAD_CHATS) {
		struct chats chats = {0};
		chat_chats(world->chat, load->ticket, &chats);
	} else if (load->what == LOAD_MUTE || load->what == LOAD_BLOCK) {
		chat_set(world->chat, load->ticket, SET_NEW, world->now);
	} else {
		struct unread unread = {0};
		chat_unread(world->chat, load->ticket, &unread);
	}
}

void world_answer_all(struct world *world)
{
	for (size_t n = 0; n < world->load_count; n++) {
		world_answer(world, n);
	}
	world->load_count = 0;
}

void world_changed(struct world *world, size_t n, enum changed_as as, int64_t number)
{
	assert_true(n < world->change_count);
	const struct change *asked = &world->changes[n].change;
	struct changed changed = {
		.change = number,
		.by = asked->user_id,
		.ref = asked->ref,
		.message = {.room = asked->room,
			.user_id = SLICE("1"),
			.text = SLICE("new"),
			.seq = asked->seq,
			.change = number},
	};
	chat_changed(world->chat, as, asked, &changed, world->now);
}

void world_marked(struct world *world, size_t n, bool moved)
{
	assert_true(n < world->mark_count);
	const struct mark *mark = &world->marks[n].mark;
	struct marked marked = {.moved = moved, .seq = mark->seq};
	chat_marked(world->chat, mark, &marked);
}

/* What clients see. */

void world_check_books_are_empty(struct world *world)
{
	for (int i = 0; i < 3; i++) {
		world_turn(world);
	}
	struct chat_counts counts = chat_count(world->chat);
	assert_int_equal(counts.clients, 0);
	assert_int_equal(counts.users, 0);
	assert_int_equal(counts.rooms, 0);
	assert_int_equal(counts.requests, 0);
	assert_int_equal(counts.entries, 0);
}

const struct world_event *world_next(struct world *world, int client)
{
	struct world_client *c = &world->clients[client];
	return c->first < c->end ? &c->inbox[c->first++] : NULL;
}

void world_check_event(struct world *world, int client, const char *topic, const char *part,
	const char *file, int line)
{
	const struct world_event *event = world_next(world, client);
	if (event == NULL) {
		print_error("client %d got nothing, not %s\n", client, part);
		_fail(file, line);
		return;
	}
	if (strcmp(event->topic, topic) != 0 || strstr(event->payload, part) == NULL) {
		print_error("client %d got on %s: %s, not on %s: %s\n", client, event->topic,
			event->payload, topic, part);
		_fail(file, line);
	}
}

void world_check_silence(struct world *world, int client, const char *file, int line)
{
	const struct world_event *event = world_next(world, client);
	if (event != NULL) {
		print_error("client %d got on %s: %s\n", client, event->topic, event->payload);
		_fail(file, line);
	}
}

void world_forget(struct world *world)
{
	for (int i = 0; i < WORLD_CLIENTS; i++) {
		world->clients[i].first = world->clients[i].end = 0;
	}
}
