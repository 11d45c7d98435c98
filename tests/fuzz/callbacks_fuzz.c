/* The whole surface that the broker and the store have to the plugin: sequences of their events, in
 * any order that they can come in and some in which they should not, decoded from an input.  The
 * model in fake_broker.c judges everything that is delivered: nobody has what is not theirs, nobody
 * has anything twice, what is stored reaches everybody; and in the end the books are empty. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "fake_broker.h"

#define FIRST "the first secret of two, long enough"
#define SECOND "the second secret of two, long enough"
#define FORGED "a forged secret that nobody knows of"

static size_t base64(const void *bytes, size_t len, char *into)
{
	int written = EVP_EncodeBlock((unsigned char *)into, bytes, (int)len);
	while (written > 0 && into[written - 1] == '=') {
		written--;
	}
	for (int i = 0; i < written; i++) {
		into[i] = into[i] == '+' ? '-' : into[i] == '/' ? '_' : into[i];
	}
	into[written] = '\0';
	return (size_t)written;
}

static void sign(const char *secret, const char *text, char *into)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, strlen(text),
		mac, &len);
	base64(mac, len, into);
}

/* ---- logins */

static const char *const client_ids[] = {"c0", "c1", "c2", "c3", "c4", "c5"};

static void end_connection(struct mosquitto *client, unsigned how)
{
	if ((how & 1) != 0) {
		static const char *const wills[] = {"chat/1/2", "user/1", "open/1", "$hat/1/2"};
		send_will(client, wills[how >> 1 & 3], (how & 8) != 0);
	}
	bool offline = client->session && !client->leaving;
	client->ws = client->ws && broker.is_2_1; /* which does not forget it */
	raise_disconnect(client, offline && broker.is_2_1 ? 28 : MOSQ_EVT_DISCONNECT);
	if ((how & 32) != 0) {
		raise_disconnect(client, MOSQ_EVT_DISCONNECT);
	}
	client->connected = false;
	if (!offline) {
		forget_client(client);
	}
}

/* The broker gives the client id to a new connection. */
static void take_over(struct mosquitto *client, unsigned how)
{
	for (int i = 0; i < CLIENTS; i++) {
		struct mosquitto *old = &broker.clients[i];
		bool same = old != client && old->there && !old->leaving &&
		            strcmp(old->id, client->id) == 0;
		if (!same) {
			continue;
		}
		/* Two users have the same client id only one after the other. */
		MUST(!old->connected || old->user == client->user);
		if (!client->clean) {
			memcpy(client->filters, old->filters, sizeof(client->filters));
			client->filter_count = old->filter_count;
		}
		old->filter_count = 0;
		bool was_connected = old->connected;
		old->connected = false;
		old->session = false;
		old->leaving = true;
		if (!was_connected) {
			forget_client(old); /* a session that was offline ends without an event */
		} else if ((how & 1) != 0) {
			end_connection(old, how >> 1);
		}
	}
}

struct credentials {
	char username[32];
	char password[256];
	bool good;     /* a token that is to be accepted */
	bool ordinary; /* none, but the broker's other rules know it */
	bool expired;
};

static void make_credentials(struct input *input, int user, struct credentials *made)
{
	unsigned form = take_byte(input) % 12;
	static const char *const secrets[] = {FIRST, SECOND, FORGED};
	int which = form == 2 || form == 5 ? 1 : form == 3 || form == 6 ? 2 : 0;
	const char *secret = secrets[which];
	const char *id = user_ids[user];
	*made = (struct credentials){0};
	made->good = which == 0 ? broker.first_live : which == 1 && broker.second_live;
	if (form < 4) {
		snprintf(made->username, sizeof(made->username), "%s:N\"%s", id, id);
		sign(secret, made->username, made->password);
	} else if (form < 9) {
		static const int left[] = {-100, -31, -29, 3, 40, 3600, 36000, 0};
		int64_t exp = broker.wall / 1000 + left[take_byte(input) % 8];
		char claims[96];
		int len = snprintf(claims, sizeof(claims),
			"{\"sub\":\"%s\",\"name\":\"J\",\"exp\":%lld}", id, (long long)exp);
		size_t at = (size_t)sprintf(made->password, "eyJhbGciOiJIUzI1NiJ9.");
		at += base64(claims, (size_t)len, made->password + at);
		char mac[48];
		sign(secret, made->password, mac);
		snprintf(made->password + at, sizeof(made->password) - at, ".%s", mac);
		made->expired = broker.wall >= exp * 1000 + 30000;
		if (form == 8) {
			/* As the broker asks in a reload: never a way in for somebody new. */
			snprintf(made->username, sizeof(made->username), "chat:%s", id);
			made->good = false;
		}
		made->good = made->good && !made->expired;
	} else {
		made->ordinary = form == 9;
		snprintf(made->username, sizeof(made->username), form == 9 ? "sensor" : "chat:%s",
			id);
		snprintf(made->password, sizeof(made->password), "pw");
	}
}

static void do_connect(struct input *input, struct mosquitto *client)
{
	unsigned how = take_byte(input);
	if (client->there) {
		/* Its handle comes back: its end was told, or missed (but not just in a reload,
		 * when the broker asks about the handles that it has). */
		if ((how & 1) != 0 || broker.reloading) {
			client->session = false;
			end_connection(client, 0);
		}
		forget_client(client);
	}
	if (broker.reloading && broker.is_2_1) {
		return; /* it reads no CONNECT now */
	}
	unsigned who = take_byte(input);
	struct credentials credentials;
	int user = (int)(who % USERS);
	make_credentials(input, user, &credentials);
	client->v5 = (how & 2) != 0;
	client->ws = (who & 128) != 0 || broker.reloading;
	client->clean = (how & 12) != 0;
	client->session = (how & 16) != 0 && (client->v5 || !client->clean);
	client->serial = ++broker.serials;
	client->username = strdup(credentials.username);
	client->password = strdup(credentials.password);
	snprintf(client->id, sizeof(client->id), "%s", client_ids[(how >> 5) % 6]);
	client->user = -1;
	client->there = true;
	int answer = raise_auth(client);
	if (answer == MOSQ_ERR_SUCCESS) {
		MUST(credentials.good && client->clean);
		char expected[16];
		snprintf(expected, sizeof(expected), "chat:%s", user_ids[user]);
		MUST(strcmp(client->username, expected) == 0);
		client->user = user;
		const char *dot = strchr(credentials.password, '.');
		if (dot != NULL) {
			char claims[200] = {0};
			snprintf(claims, sizeof(claims), "%s", dot + 1);
			*strchr(claims, '.') = '\0';
			for (char *c = claims; *c != '\0'; c++) {
				*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
			}
			while (strlen(claims) % 4 != 0) {
				strcat(claims, "=");
			}
			unsigned char text[200] = {0};
			EVP_DecodeBlock(text, (unsigned char *)claims, (int)strlen(claims));
			client->expires_at = atoll(strstr((char *)text, "\"exp\":") + 6) * 1000;
		}
	}
	bool accepted = answer == MOSQ_ERR_SUCCESS ||
	                (answer == MOSQ_ERR_PLUGIN_DEFER && credentials.ordinary);
	if (!accepted) {
		client->filter_count = 0;
		raise_disconnect(client, MOSQ_EVT_DISCONNECT);
		forget_client(client);
		return;
	}
	/* Mosquitto has the new one in its books and asks for the old one to go. */
	take_over(client, take_byte(input));
	client->connected = true;
}

/* ---- what clients do */

static const char *const filters[] = {"chat/1/2", "chat/1/3", "chat/2/3", "chat/1/10", "chat/2/10",
	"chat/3/10", "chat/1/b", "chat/2/b", "chat/3/b", "chat/b/10", "user/1", "user/2", "user/3",
	"user/10", "user/b", "#", "+/+/+", "chat/#", "user/+", "$share/g/chat/1/2", "$share/g/#",
	"$hat/#", "chat/2/1", "chat/1/1", "chat/1", "open/1", "$hat/1/2", "user/1/", "chat/01/2",
	"chat//2"};
#define FILTERS (sizeof(filters) / sizeof(filters[0]))
#define LOBBIES 10 /* where they begin */
#define FOREIGN 15

static void do_subscribe(struct input *input, struct mosquitto *client)
{
	if (!client->connected) {
		return;
	}
	size_t which = take_byte(input) % FILTERS;
	const char *filter = filters[which];
	bool mine = which < FOREIGN && takes_part(client->user, filter);
	client->actions++;
	if (mine && which < LOBBIES) {
		client->histories[which]++;
	} else if (mine) {
		client->unreads++;
	}
	int answer = raise_acl(client, filter, slice_of(NULL, 0), MOSQ_ACL_SUBSCRIBE, false);
	if (which < FOREIGN) {
		MUST(answer == (mine ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED));
	} else if (client->user >= 0 && strcmp(filter, "open/1") != 0) {
		MUST(answer == MOSQ_ERR_ACL_DENIED);
	}
	if (answer != MOSQ_ERR_ACL_DENIED && !holds(client, filter) &&
		client->filter_count < FILTERS_MAX) {
		snprintf(client->filters[client->filter_count++], sizeof(client->filters[0]), "%s",
			filter);
	}
}

static void do_unsubscribe(struct input *input, struct mosquitto *client)
{
	if (!client->connected) {
		return;
	}
	const char *filter = filters[take_byte(input) % FILTERS];
	client->actions++; /* may make the lobby told anew */
	client->unreads++;
	int answer = raise_acl(client, filter, slice_of(NULL, 0), MOSQ_ACL_UNSUBSCRIBE, false);
	if (answer != MOSQ_ERR_ACL_DENIED) {
		drop_filter(client, filter);
	}
}

static struct slice make_payload(
	struct input *input, struct mosquitto *client, char *into, size_t size)
{
	unsigned what = take_byte(input) % 10;
	unsigned number = take_byte(input);
	const char *id = client->user < 0 ? "9" : user_ids[client->user];
	if (what < 8) {
		client->refs |= 1U << number % 4;
	}
	switch (what) {
	case 0:
		snprintf(into, size, "{\"event\":\"message\",\"text\":\"TEXT\"}");
		break;
	case 1:
	case 2:
		snprintf(into, size, "{\"event\":\"message\",\"text\":\"TEXT\",\"ref\":\"%s-%u\"}",
			id, number % 4);
		break;
	case 3:
		snprintf(into, size, "{\"event\":\"read\",\"seq\":%u}", number);
		break;
	case 4:
		snprintf(into, size, "{\"event\":\"typing\",\"on\":%s}",
			number % 2 == 0 ? "true" : "false");
		break;
	case 5:
		snprintf(into, size, "{\"event\":\"history\",\"ref\":\"%s-%u\",\"before\":%u}", id,
			number % 4, number);
		break;
	case 6:
		snprintf(into, size, "{\"event\":\"history\",\"after\":%u,\"limit\":%u}", number,
			number);
		break;
	case 7:
		snprintf(into, size, "{\"event\":\"x\",\"ref\":\"%s-%u\",\"TEXT\":1}", id,
			number % 4);
		break;
	case 8:
		return slice_of(NULL, 0);
	default:
		return take_bytes(input, number % 64);
	}
	return slice_str(into);
}

static void do_publish(struct input *input, struct mosquitto *client)
{
	char text[256];
	if (!client->connected) {
		return;
	}
	size_t which = take_byte(input);
	bool retain = which >= 240;
	which %= FILTERS;
	if (strpbrk(filters[which], "+#") != NULL) {
		which = 0;
	}
	const char *topic = filters[which];
	struct slice payload = make_payload(input, client, text, sizeof(text));
	int answer = raise_acl(client, topic, payload, MOSQ_ACL_WRITE, retain);
	bool mine = which < FOREIGN && takes_part(client->user, topic) && !retain;
	bool open = strcmp(topic, "open/1") == 0 || strncmp(topic, "$share", 6) == 0;
	MUST(open || (answer == MOSQ_ERR_SUCCESS) == mine);
	MUST(open || answer != MOSQ_ERR_PLUGIN_DEFER);
	if (answer == MOSQ_ERR_ACL_DENIED) {
		return;
	}
	client->actions++;
	if (which < LOBBIES) {
		client->histories[which]++;
	}
	struct mosquitto_evt_message message = {
		.client = client,
		.topic = strdup(topic),
		.payload = payload.len == 0 ? NULL : (void *)(uintptr_t)payload.bytes,
		.payloadlen = (uint32_t)payload.len,
		.qos = 1,
		.retain = retain,
	};
	char *before = message.topic;
	broker.acting = client;
	int rc = raise(MOSQ_EVT_MESSAGE, &message);
	broker.acting = NULL;
	MUST(rc == MOSQ_ERR_SUCCESS && message.topic == before);
	MUST(open || (message.topic[0] == '$' && !message.retain));
	route(message.topic, payload, true);
	free(message.topic);
}

/* Without ACL_CHECK, as a bridge does. */
static void do_bridge(struct input *input, struct mosquitto *client)
{
	char topic[] = "chat/1/2";
	struct slice payload = SLICE("{\"event\":\"message\",\"text\":\"a bridge's TEXT\"}");
	struct mosquitto_evt_message message = {.client = client,
		.topic = topic,
		.payload = (void *)(uintptr_t)payload.bytes,
		.payloadlen = (uint32_t)payload.len,
		.retain = take_byte(input) > 127};
	if (client->user < 0) {
		MUST(raise(MOSQ_EVT_MESSAGE, &message) == MOSQ_ERR_ACL_DENIED);
	}
}

/* ---- what the broker and the store do */

static void tick(void)
{
	flush();
	MUST(raise(MOSQ_EVT_TICK, &(struct mosquitto_evt_tick){0}) == MOSQ_ERR_SUCCESS);
	broker.reloading = false;
}

static void do_reload(struct input *input)
{
	unsigned how = take_byte(input);
	broker.broken = (how & 12) == 12;
	if (!broker.broken) {
		broker.first_live = (how & 3) != 0;
		broker.second_live = (how & 3) != 1;
	}
	MUST(raise(MOSQ_EVT_RELOAD, &(struct mosquitto_evt_reload){0}) == MOSQ_ERR_SUCCESS);
	broker.broken = false;
	broker.reloading = true; /* to the next tick, and 2.0 reads new CONNECTs meanwhile */
	for (int i = 0; i < CLIENTS; i++) {
		struct mosquitto *client = &broker.clients[i];
		if (!client->there || client->leaving) {
			continue;
		}
		int answer = raise_auth(client);
		/* Nobody who was let in is thrown out; refused while offline, 2.0 would use what it
		 * has freed. */
		MUST(answer == (client->user >= 0 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_PLUGIN_DEFER));
	}
}

/* A message is committed: everybody has it, once, in the chat or in the lobby. */
static void store_and_tell(struct input *input)
{
	char room[16];
	char chat[32];
	char lobby[32];
	long seq;
	/* A tick takes so many results; the message is to be among them. */
	while (fake_store_has_results()) {
		tick();
	}
	fake_store_save(take_byte(input), SAVED_NEW);
	if (!fake_store_last_new(room, &seq)) {
		return;
	}
	flush();
	bool in_chat[CLIENTS];
	bool in_lobby[CLIENTS];
	snprintf(chat, sizeof(chat), "chat/%s", room);
	tick();
	/* Whoever was thrown out in that tick has gone before the message. */
	for (int i = 0; i < CLIENTS; i++) {
		const struct mosquitto *client = &broker.clients[i];
		bool mine = client->connected && takes_part(client->user, chat);
		snprintf(lobby, sizeof(lobby), "user/%s", mine ? user_ids[client->user] : "");
		in_chat[i] = mine && holds(client, chat);
		in_lobby[i] = mine && holds(client, lobby);
	}
	flush();
	for (int i = 0; i < CLIENTS; i++) {
		bool heard = has_seen(&broker.clients[i], room, seq);
		MUST(broker.publish_fails || broker.clients[i].seen_count == SEEN_MAX ||
			heard == (in_chat[i] || in_lobby[i]));
	}
}

static void pass_time(struct input *input)
{
	unsigned ms = take_byte(input);
	int64_t by = (int64_t)ms * ms * (ms > 200 ? 20 : 1);
	broker.steady += by;
	broker.wall += by;
	if (ms == 255) {
		broker.wall -= 7200000; /* somebody sets the clock */
	}
}

static void step(struct input *input)
{
	unsigned what = take_byte(input);
	struct mosquitto *client = &broker.clients[what >> 5];
	TRACE("-- step %u %u\n", what & 31, what >> 5);
	switch (what & 31) {
	case 0:
	case 1:
	case 2:
	case 3:
		do_connect(input, client);
		break;
	case 4:
	case 5:
		if (client->there && (client->connected || client->leaving)) {
			end_connection(client, take_byte(input));
		}
		break;
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
		do_subscribe(input, client);
		break;
	case 11:
		do_unsubscribe(input, client);
		break;
	case 12:
	case 13:
	case 14:
	case 15:
	case 16:
		do_publish(input, client);
		break;
	case 17:
		do_bridge(input, client);
		break;
	case 18:
		if (client->connected) {
			send_will(client, filters[take_byte(input) % LOBBIES], false);
		}
		break;
	case 19:
		replay(what >> 5);
		break;
	case 20:
	case 21:
		tick();
		break;
	case 22:
		do_reload(input);
		break;
	case 23:
		fake_store_save(what >> 5, take_byte(input) % 3);
		break;
	case 24:
	case 25:
		store_and_tell(input);
		break;
	case 26:
		fake_store_load(what >> 5, take_byte(input) % 4 == 0);
		break;
	case 27:
		fake_store_mark(what >> 5, take_byte(input) % 4);
		break;
	case 28:
		if (what >> 5 == 6) {
			fake_store_permit(take_byte(input), PERMIT_GIVEN + take_byte(input) % 3);
		} else if (what >> 5 == 7) {
			fake_store_decides(take_byte(input) % 4 != 0);
		} else {
			fake_store_answer(what >> 5 != 0);
		}
		break;
	case 29:
		pass_time(input);
		break;
	case 30:
		fake_store_is_full = what >> 5 == 0;
		broker.publish_fails = what >> 5 == 1;
		break;
	default:
		flush();
	}
}

/* Everybody goes, the store answers all, and nothing is left. */
static void settle(void)
{
	broker.publish_fails = false;
	for (int i = 0; i < CLIENTS; i++) {
		struct mosquitto *client = &broker.clients[i];
		if (client->there) {
			client->session = false;
			end_connection(client, 0);
		}
	}
	fake_store_answer(true);
	for (int i = 0; i < 100 && (fake_store_settle() || fake_plugin_books() > 0); i++) {
		tick();
		broker.steady += PERMIT_WAIT_MS;
	}
	/* What the application has said is forgotten. */
	broker.steady += 2 * (int64_t)PERMIT_HOLDS_MS;
	for (int i = 0; i < 3; i++) {
		tick();
	}
	MUST(fake_plugin_books() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	unsigned options = take_byte(&input);
	fake_begin((options & 1) != 0 ? "0" : "2", (options & 2) != 0, (options & 8) != 0);
	if ((options & 4) == 0) {
		fake_store_answer(true);
	}
	while (input.len > 0) {
		step(&input);
	}
	settle();
	fake_end();
	return 0;
}
