#include "fake_broker.h"

#include <stdarg.h>
#include <sys/types.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "accept_watch.h"
#include "conf_check.h"
#include "earlier_plugin.h"
#include "metrics_out.h"
#include "secrets.h"
#include "topic.h"
#include "wake.h"

struct fake_broker broker;

const char *const user_ids[USERS] = {"1", "2", "3", "10", "b"};
const char *const chats[TOPICS_MAX] = {"chat/1/2", "chat/1/3", "chat/2/3", "chat/1/10", "chat/2/10",
	"chat/3/10", "chat/1/b", "chat/2/b", "chat/3/b", "chat/b/10"};

#define QUEUE_MAX 8192

static struct published {
	char *topic;
	char *payload;
	size_t len;
	int qos;
} queue[QUEUE_MAX];
static size_t queued;

#define LATELY 8
static struct published lately[LATELY];
static unsigned lately_next;

static MOSQ_FUNC_generic_callback callbacks[64];
static void *userdata;

/* ---- what the plugin calls */

int mosquitto_callback_register(mosquitto_plugin_id_t *id, int event,
	MOSQ_FUNC_generic_callback callback, const void *data, void *user)
{
	(void)id;
	(void)data;
	MUST(event < 64 && callbacks[event] == NULL);
	if ((event == 28 || event == 11) && !broker.is_2_1) {
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	callbacks[event] = callback;
	userdata = user;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_callback_unregister(
	mosquitto_plugin_id_t *id, int event, MOSQ_FUNC_generic_callback callback, const void *data)
{
	(void)id;
	(void)data;
	MUST(callbacks[event] == callback || event == 28 || event == 11);
	callbacks[event] = NULL;
	return MOSQ_ERR_SUCCESS;
}

const char *mosquitto_client_id(const struct mosquitto *client)
{
	return client->id;
}

bool mosquitto_client_clean_session(const struct mosquitto *client)
{
	return client->clean;
}

/* New CONNECTs of which the plugin hears between RELOAD and the tick come by these. */
int mosquitto_client_protocol(const struct mosquitto *client)
{
	return client->ws ? mp_websockets : mp_mqtt;
}

const char *mosquitto_client_address(const struct mosquitto *client)
{
	return client->ws ? NULL : "192.0.2.1";
}

/* None of them has one. */
void *mosquitto_client_certificate(const struct mosquitto *client)
{
	(void)client;
	return NULL;
}

int mosquitto_client_protocol_version(const struct mosquitto *client)
{
	return client->v5 ? 5 : 4;
}

int mosquitto_set_username(struct mosquitto *client, const char *username)
{
	free(client->username);
	client->username = strdup(username);
	return MOSQ_ERR_SUCCESS;
}

void *mosquitto_malloc(size_t size)
{
	return malloc(size);
}

void mosquitto_free(void *memory)
{
	free(memory);
}

const char *mosquitto_strerror(int error)
{
	(void)error;
	return "an error";
}

int mosquitto_broker_publish(const char *client_id, const char *topic, int len, void *payload,
	int qos, bool retain, mosquitto_property *properties)
{
	MUST(client_id == NULL && properties == NULL && !retain && len > 0);
	if (broker.publish_fails) {
		return MOSQ_ERR_NOMEM;
	}
	MUST(queued < QUEUE_MAX);
	TRACE("published on %s: %.*s\n", topic, len < 200 ? len : 200, (char *)payload);
	queue[queued++] = (struct published){strdup(topic), payload, (size_t)len, qos};
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_kick_client_by_clientid(const char *client_id, bool with_will)
{
	MUST(!with_will);
	for (int i = 0; i < CLIENTS; i++) {
		struct mosquitto *client = &broker.clients[i];
		if (!client->connected || strcmp(client->id, client_id) != 0) {
			continue;
		}
		/* Nobody is thrown out before the time. */
		MUST(client->expires_at != 0 && client->expires_at + 30000 <= broker.wall);
		/* What 2.0 does to clients with a session on the way. */
		for (size_t f = 0; client->session && f < client->filter_count; f++) {
			client->actions++;
			(void)raise_acl(client, client->filters[f], slice_of(NULL, 0),
				MOSQ_ACL_SUBSCRIBE, false);
		}
		raise_disconnect(client, MOSQ_EVT_DISCONNECT);
		forget_client(client);
		return MOSQ_ERR_SUCCESS;
	}
	MUST(!"a client that is there is kicked");
	return MOSQ_ERR_SUCCESS;
}

void mosquitto_log_printf(int level, const char *format, ...)
{
	(void)level;
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	MUST(strncmp(line, "chat: ", 6) == 0);
	for (const char *c = line; *c != '\0'; c++) {
		MUST((unsigned char)*c >= 0x20 && *c != 0x7F);
	}
	/* Neither tokens nor texts. */
	MUST(strstr(line, "TEXT") == NULL && strstr(line, "secret of") == NULL);
	for (int i = 0; i < CLIENTS; i++) {
		const char *password = broker.clients[i].password;
		MUST(password == NULL || strlen(password) < 16 || strstr(line, password) == NULL);
	}
}

int fake_clock_gettime(clockid_t clock, struct timespec *now);
int fake_clock_gettime(clockid_t clock, struct timespec *now)
{
	int64_t ms = clock == CLOCK_REALTIME ? broker.wall : broker.steady;
	*now = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	return 0;
}

ssize_t fake_getrandom(void *into, size_t len, unsigned flags);
ssize_t fake_getrandom(void *into, size_t len, unsigned flags)
{
	(void)flags;
	memset(into, 7, len);
	return (ssize_t)len;
}

bool wake_init(struct wake *wake, const char **reason)
{
	(void)wake;
	(void)reason;
	return true;
}

void wake_hold(struct wake *wake)
{
	(void)wake;
}

void wake_finish(struct wake *wake)
{
	(void)wake;
}

void wake_ring(struct wake *wake)
{
	(void)wake;
}

void wake_published(struct wake *wake)
{
	(void)wake;
}

void wake_flushed_websocket(struct wake *wake)
{
	(void)wake;
}

void wake_begin(struct wake *wake)
{
	(void)wake;
}

void wake_end(struct wake *wake, bool more)
{
	(void)wake;
	(void)more;
}

/* There are no numbers to be seen. */
bool metrics_out_open(struct metrics_out *out, const char *path)
{
	(void)out;
	(void)path;
	return true;
}

bool metrics_out_due(struct metrics_out *out, int64_t now)
{
	(void)out;
	(void)now;
	return false;
}

void metrics_out_put(struct metrics_out *out, const struct metrics *metrics)
{
	(void)out;
	(void)metrics;
}

void metrics_out_close(struct metrics_out *out)
{
	(void)out;
}

struct accept_watch *accept_watch_open(void (*ring)(void *arg), void *arg)
{
	(void)ring;
	(void)arg;
	return NULL;
}

void accept_watch_round(struct accept_watch *watch)
{
	(void)watch;
}

void accept_watch_close(struct accept_watch *watch)
{
	(void)watch;
}

void conf_check(const char *arguments, const char *plugin, const char *earlier,
	struct conf_findings *findings)
{
	(void)arguments;
	(void)plugin;
	(void)earlier;
	*findings = (struct conf_findings){0};
}

bool earlier_plugin_find(const void *own, char path[EARLIER_PLUGIN_PATH_MAX])
{
	(void)own;
	(void)path;
	return false;
}

#define FIRST "the first secret of two, long enough"
#define SECOND "the second secret of two, long enough"

struct keyring *secrets_load(const struct config *config, char reason[SECRETS_REASON_MAX])
{
	(void)config;
	char content[128];
	char why[KEYRING_REASON_MAX];
	snprintf(reason, SECRETS_REASON_MAX, "the file is broken");
	snprintf(content, sizeof(content), "%s\n%s\n", broker.first_live ? FIRST : "",
		broker.second_live ? SECOND : "");
	return broker.broken ? NULL : keyring_parse(slice_str(content), why);
}

/* ---- events */

int raise(int event, void *data)
{
	MUST(callbacks[event] != NULL);
	return callbacks[event](event, data, userdata);
}

int raise_auth(struct mosquitto *client)
{
	struct mosquitto_evt_basic_auth auth = {
		.client = client, .username = client->username, .password = client->password};
	int answer = raise(MOSQ_EVT_BASIC_AUTH, &auth);
	TRACE("%td: login of %s as %s: %d\n", client - broker.clients, client->id, client->username,
		answer);
	return answer;
}

void raise_disconnect(struct mosquitto *client, int event)
{
	struct mosquitto_evt_disconnect disconnect = {.client = client};
	TRACE("%td: gone\n", client - broker.clients);
	MUST(raise(event, &disconnect) == MOSQ_ERR_SUCCESS);
}

int raise_acl(
	struct mosquitto *client, const char *topic, struct slice payload, int access, bool retain)
{
	struct mosquitto_evt_acl_check acl = {
		.client = client,
		.topic = topic,
		.payload = payload.bytes,
		.payloadlen = (uint32_t)payload.len,
		.access = access,
		.retain = retain,
	};
	int answer = raise(MOSQ_EVT_ACL_CHECK, &acl);
	TRACE("%td: access %d to %s: %d\n", client - broker.clients, access, topic, answer);
	return answer;
}

/* ---- subscriptions */

bool takes_part(int user, const char *topic)
{
	struct topic parsed = topic_parse(slice_str(topic));
	struct slice id = user < 0 ? slice_of("", 0) : slice_str(user_ids[user]);
	bool ours = parsed.kind == TOPIC_CHAT || parsed.kind == TOPIC_LOBBY;
	return user >= 0 && ours && (slice_equal(id, parsed.a) || slice_equal(id, parsed.b));
}

bool holds(const struct mosquitto *client, const char *filter)
{
	for (size_t i = 0; i < client->filter_count; i++) {
		if (strcmp(client->filters[i], filter) == 0) {
			return true;
		}
	}
	return false;
}

void drop_filter(struct mosquitto *client, const char *filter)
{
	for (size_t i = 0; i < client->filter_count; i++) {
		if (strcmp(client->filters[i], filter) == 0) {
			client->filter_count--;
			memmove(client->filters[i], client->filters[client->filter_count],
				sizeof(client->filters[i]));
			return;
		}
	}
}

static bool is_subscribed(const struct mosquitto *client, const char *topic)
{
	return holds(client, topic) || (topic[0] != '$' && holds(client, "#"));
}

/* ---- what is delivered */

bool has_seen(const struct mosquitto *client, const char *room, long seq)
{
	for (size_t i = 0; i < client->seen_count; i++) {
		if (client->seen[i].seq == seq && strcmp(client->seen[i].room, room) == 0) {
			return true;
		}
	}
	return false;
}

static void see(struct mosquitto *client, const char *room, long seq)
{
	MUST(!has_seen(client, room, seq));
	if (client->seen_count < SEEN_MAX) {
		struct seen *seen = &client->seen[client->seen_count++];
		snprintf(seen->room, sizeof(seen->room), "%s", room);
		seen->seq = seq;
	}
}

static const char *text_of(const cJSON *object, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
	return cJSON_IsString(member) ? member->valuestring : "";
}

/* Refs are "<user>-<number>". */
static void must_be_its_ref(const struct mosquitto *client, const char *ref)
{
	const char *id = user_ids[client->user];
	MUST(strncmp(ref, id, strlen(id)) == 0 && ref[strlen(id)] == '-');
	MUST((client->refs & 1U << (ref[strlen(id) + 1] - '0')) != 0);
}

static size_t chat_number(const char *topic)
{
	size_t i = 0;
	while (i < TOPICS_MAX && strcmp(chats[i], topic) != 0) {
		i++;
	}
	return i;
}

static void judge_person(const char *id, const char *topic)
{
	int user = 0;
	while (user < USERS && strcmp(user_ids[user], id) != 0) {
		user++;
	}
	MUST(user < USERS && takes_part(user, topic));
}

static void judge_people(const cJSON *people, const char *topic)
{
	const cJSON *person;
	cJSON_ArrayForEach(person, people)
	{
		judge_person(person->string, topic);
	}
}

static void judge_event(struct mosquitto *client, const char *topic, const cJSON *object)
{
	const char *event = text_of(object, "event");
	const char *ref = text_of(object, "ref");
	const char *room = topic + 5;
	if (strcmp(event, "message") == 0) {
		long seq = (long)cJSON_GetObjectItem(object, "seq")->valuedouble;
		MUST(takes_part(client->user, topic));
		if (strcmp(text_of(object, "text"), "again") == 0) {
			must_be_its_ref(client, ref);
		} else {
			see(client, room, seq);
		}
	} else if (strcmp(event, "notification") == 0) {
		const char *chat = text_of(object, "chat");
		const cJSON *message = cJSON_GetObjectItem(object, "message");
		MUST(takes_part(client->user, chat));
		see(client, chat + 5, (long)cJSON_GetObjectItem(message, "seq")->valuedouble);
	} else if (strcmp(event, "history") == 0) {
		size_t chat = chat_number(topic);
		/* When the application changes its mind there is one that nobody asked for. */
		MUST(chat < TOPICS_MAX &&
			(client->histories[chat] > 0 || fake_store_has_decided()));
		client->histories[chat]--;
		const cJSON *messages = cJSON_GetObjectItem(object, "messages");
		MUST(cJSON_GetArraySize(messages) == 0 ||
			strcmp(text_of(cJSON_GetArrayItem(messages, 0), "text"), room) == 0);
	} else if (strcmp(event, "unread") == 0) {
		MUST(client->unreads > 0);
		client->unreads--;
		const cJSON *all = cJSON_GetObjectItem(object, "chats");
		MUST(strcmp(text_of(cJSON_GetArrayItem(all, 0), "user_id"), room) == 0);
	} else if (strcmp(event, "error") == 0) {
		client->errors++;
		MUST(client->errors <= 3 * client->actions);
		if (ref[0] != '\0') {
			must_be_its_ref(client, ref);
		}
	} else if (strcmp(event, "presence_state") == 0) {
		judge_people(cJSON_GetObjectItem(object, "users"), topic);
	} else if (strcmp(event, "presence_diff") == 0) {
		judge_people(cJSON_GetObjectItem(object, "joins"), topic);
		judge_people(cJSON_GetObjectItem(object, "leaves"), topic);
	} else if (strcmp(event, "peer") == 0) {
		judge_person(text_of(object, "user_id"), topic);
	} else {
		MUST(strcmp(event, "read") == 0 || strcmp(event, "typing") == 0);
	}
}

static void deliver(struct mosquitto *client, const char *topic, struct slice payload, bool ghost)
{
	if (strncmp(topic, "chat/", 5) != 0 && strncmp(topic, "user/", 5) != 0) {
		MUST(strncmp(topic, "$hat", 4) != 0);
		return;
	}
	MUST(!ghost);
	MUST(client->connected && holds(client, topic) && takes_part(client->user, topic));
	cJSON *object = cJSON_ParseWithLength(payload.bytes, payload.len);
	MUST(cJSON_IsObject(object));
	judge_event(client, topic, object);
	cJSON_Delete(object);
}

void route(const char *topic, struct slice payload, bool ghost)
{
	for (int i = 0; i < CLIENTS; i++) {
		struct mosquitto *client = &broker.clients[i];
		if (!client->there || !is_subscribed(client, topic)) {
			continue;
		}
		int answer = raise_acl(client, topic, payload, MOSQ_ACL_READ, false);
		MUST(answer == MOSQ_ERR_SUCCESS || answer == MOSQ_ERR_ACL_DENIED ||
			answer == MOSQ_ERR_PLUGIN_DEFER);
		/* Other rules would allow everything. */
		if (answer != MOSQ_ERR_ACL_DENIED) {
			deliver(client, topic, payload, ghost);
		}
	}
}

static void free_published(struct published *it)
{
	free(it->topic);
	free(it->payload);
	*it = (struct published){0};
}

void flush(void)
{
	for (size_t i = 0; i < queued; i++) {
		route(queue[i].topic, slice_of(queue[i].payload, queue[i].len), false);
		free_published(&lately[lately_next % LATELY]);
		lately[lately_next++ % LATELY] = queue[i];
	}
	queued = 0;
}

void replay(unsigned which)
{
	const struct published *it = &lately[which % LATELY];
	if (it->topic != NULL) {
		/* Routed before the real one of the same bytes it may take that one's place: then
		 * that one does not come, and each has it once. */
		route(it->topic, slice_of(it->payload, it->len), false);
	}
}

void send_will(struct mosquitto *client, const char *topic, bool retain)
{
	struct slice payload =
		SLICE("{\"event\":\"message\",\"seq\":1,\"text\":\"a ghost's TEXT\"}");
	int answer = raise_acl(client, topic, payload, MOSQ_ACL_WRITE, retain);
	MUST(answer != MOSQ_ERR_SUCCESS || takes_part(client->user, topic) ||
		strncmp(topic, "open", 4) == 0);
	if (answer != MOSQ_ERR_ACL_DENIED) {
		route(topic, payload, true);
	}
}

void forget_client(struct mosquitto *client)
{
	free(client->username);
	free(client->password);
	*client = (struct mosquitto){.user = -1};
}

/* ---- from the beginning to the end */

void fake_begin(const char *rate_limit, bool allow_other_topics, bool is_2_1)
{
	memset(&broker, 0, sizeof(broker));
	broker.is_2_1 = is_2_1;
	broker.wall = INT64_C(1795334400000);
	broker.steady = 5000000;
	broker.first_live = true;
	for (int i = 0; i < CLIENTS; i++) {
		broker.clients[i].user = -1;
	}
	struct mosquitto_opt options[] = {
		{"rate_limit", (char *)(uintptr_t)rate_limit},
		{"secret_file", "a file"},
		{"other_topics", allow_other_topics ? "allow" : "defer"},
	};
	void *ours;
	MUST(mosquitto_plugin_init(NULL, &ours, options, 3) == MOSQ_ERR_SUCCESS);
	MUST(raise(MOSQ_EVT_TICK, &(struct mosquitto_evt_tick){0}) == MOSQ_ERR_SUCCESS);
}

void fake_end(void)
{
	MUST(mosquitto_plugin_cleanup(userdata, NULL, 0) == MOSQ_ERR_SUCCESS);
	for (int i = 0; i < CLIENTS; i++) {
		forget_client(&broker.clients[i]);
	}
	for (size_t i = 0; i < queued; i++) {
		free_published(&queue[i]);
	}
	queued = 0;
	for (int i = 0; i < LATELY; i++) {
		free_published(&lately[i]);
	}
	for (int i = 0; i < 64; i++) {
		MUST(callbacks[i] == NULL);
	}
}
