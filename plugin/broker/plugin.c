/* The plugin as Mosquitto sees it: three exported functions, a table of events, and the ports
 * through which core reaches the broker and the store. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <openssl/x509.h>

#include "chat.h"
#include "config.h"
#include "accept_watch.h"
#include "conf_check.h"
#include "earlier_plugin.h"
#include "log.h"
#include "metrics_out.h"
#include "secrets.h"
#include "store.h"
#include "wake.h"

#define EXPORT __attribute__((visibility("default")))

/* Results dealt with before the loop looks at its sockets again.  Few, so that what is published is
 * still in the processor's caches when the broker routes and writes it, and so that it soon accepts
 * again: 2.1 lets 100 connects wait.  But 2.0 looks at every WebSocket in each turn, so where it
 * has many clients a turn has to be worth it. */
#define DRAIN_STEP ((size_t)64)
#define DRAIN_MAX ((size_t)1024)
#define CLIENTS_PER_RESULT 16
/* What is published in a turn is in memory at once, in each reader's queue too: after so many bytes
 * it is enough. */
#define DRAIN_BYTES ((size_t)1024 * 1024)

#define FIRST_TICK_MS 1000    /* later than that after the start there will be none */
#define CLOSE_TIMEOUT_MS 2000 /* for storing what waits at shutdown */

struct plugin {
	mosquitto_plugin_id_t *id;
	struct config config;
	struct wake wake;
	size_t published; /* bytes, since draining began */
	bool has_epoch;   /* the store has said which the database is in */
	bool kicked;      /* somebody, in this tick */
	struct store *store;
	struct chat *chat;
	struct metrics_out metrics_out;
	uint64_t logins[TOKEN_FORMS][LOGIN_OUTCOMES]; /* since the start */
	int64_t started_at;                           /* Unix seconds */
	bool reloading;                               /* until the next tick logins are repeated */
	struct accept_watch *accept_watch;            /* from the first tick on; NULL: needs none */
	int64_t started;                              /* steady ms */
	bool exposed;                                 /* clients without a token could read chats */
	bool is_2_1;                                  /* or later: it knows EVENT_CLIENT_OFFLINE */
	bool ticked;
	bool complained; /* about ticks that do not come */
};

/* The only static state there is: callbacks get it as userdata, a second load has to see it. */
static struct plugin *loaded;

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct chat_time now(void)
{
	return (struct chat_time){clock_ms(CLOCK_REALTIME), clock_ms(CLOCK_MONOTONIC)};
}

/* Ports: what core asks of the broker and the store. */

static bool port_publish(void *arg, struct slice topic, struct slice payload, int qos)
{
	struct plugin *plugin = arg;
	if (plugin->exposed) {
		/* There is no chat user here, and nobody else may hear it. */
		return true;
	}
	/* mosquitto_broker_publish_copy miscounts the broker's memory in 2.0. */
	char *copy = mosquitto_malloc(payload.len);
	if (copy == NULL) {
		return false;
	}
	memcpy(copy, payload.bytes, payload.len);
	if (mosquitto_broker_publish(NULL, topic.bytes, (int)payload.len, copy, qos, false, NULL) !=
		MOSQ_ERR_SUCCESS) {
		mosquitto_free(copy);
		return false;
	}
	plugin->published += payload.len;
	wake_published(&plugin->wake);
	return true;
}

static enum chat_error port_save(void *arg, const struct message *message)
{
	return store_save(((struct plugin *)arg)->store, message);
}

static enum chat_error port_load(void *arg, const struct load *load)
{
	return store_load(((struct plugin *)arg)->store, load);
}

static enum chat_error port_mark(void *arg, const struct mark *mark)
{
	return store_mark(((struct plugin *)arg)->store, mark);
}

static enum chat_error port_change(void *arg, const struct change *change)
{
	return store_change(((struct plugin *)arg)->store, change);
}

static void port_seen(void *arg, const struct user_seen *seen)
{
	store_seen(((struct plugin *)arg)->store, seen);
}

static enum chat_error port_ask_site(void *arg, struct slice room)
{
	return store_ask(((struct plugin *)arg)->store, room);
}

static bool port_tell(void *arg, const struct node_news *news)
{
	return store_tell(((struct plugin *)arg)->store, news);
}

static void port_needs_news(void *arg)
{
	store_needs_news(((struct plugin *)arg)->store);
}

static void port_concern(void *arg, struct slice user_id, bool here)
{
	store_concern(((struct plugin *)arg)->store, user_id, here);
}

static void port_kick(void *arg, const char *client_id)
{
	struct plugin *plugin = arg;
	mosquitto_kick_client_by_clientid(client_id, false);
	plugin->kicked = true;
}

static void port_log(void *arg, enum chat_level level, const char *line)
{
	(void)arg;
	static const int levels[] = {
		[CHAT_DEBUG] = MOSQ_LOG_DEBUG,
		[CHAT_NOTICE] = MOSQ_LOG_NOTICE,
		[CHAT_WARNING] = MOSQ_LOG_WARNING,
	};
	log_line(levels[level], "%s", line);
}

/* The store's sink: what it brings back goes to core. */

static void sink_saved(void *arg, enum saved_as as, const struct message *message)
{
	chat_saved(((struct plugin *)arg)->chat, as, message);
}

static void sink_page(void *arg, uint64_t ticket, const struct page *page)
{
	chat_page(((struct plugin *)arg)->chat, ticket, page, now());
}

static void sink_unread(void *arg, uint64_t ticket, const struct unread *unread)
{
	chat_unread(((struct plugin *)arg)->chat, ticket, unread);
}

static void sink_changes(void *arg, uint64_t ticket, const struct changes *changes)
{
	chat_changes(((struct plugin *)arg)->chat, ticket, changes);
}

static void sink_chats(void *arg, uint64_t ticket, const struct chats *chats)
{
	chat_chats(((struct plugin *)arg)->chat, ticket, chats);
}

static void sink_set(void *arg, uint64_t ticket, enum set_as as)
{
	chat_set(((struct plugin *)arg)->chat, ticket, as, now());
}

static void sink_changed(
	void *arg, enum changed_as as, const struct change *asked, const struct changed *changed)
{
	chat_changed(((struct plugin *)arg)->chat, as, asked, changed, now());
}

static void sink_change_lost(void *arg, const struct change *asked)
{
	chat_change_lost(((struct plugin *)arg)->chat, asked);
}

static void sink_load_failed(void *arg, uint64_t ticket)
{
	chat_load_failed(((struct plugin *)arg)->chat, ticket);
}

static void sink_marked(void *arg, const struct mark *mark, const struct marked *result)
{
	chat_marked(((struct plugin *)arg)->chat, mark, result);
}

static void sink_mark_failed(void *arg, const struct mark *mark, bool for_good)
{
	chat_mark_failed(((struct plugin *)arg)->chat, mark, for_good);
}

/* The first one is no change: nobody has been told of another. */
static void sink_epoch(void *arg, struct slice epoch)
{
	struct plugin *plugin = arg;
	(void)epoch;
	if (plugin->has_epoch) {
		chat_epoch_changed(plugin->chat, now());
	}
	plugin->has_epoch = true;
}

static void sink_closed(void *arg, struct slice room, bool closed)
{
	chat_closed(((struct plugin *)arg)->chat, room, closed, now());
}

static void sink_blocked(void *arg, struct slice user_id, struct slice peer_id, bool on)
{
	chat_blocked(((struct plugin *)arg)->chat, user_id, peer_id, on);
}

static void sink_site_decides(void *arg, bool yes)
{
	chat_site_decides(((struct plugin *)arg)->chat, yes);
}

static void sink_permit(void *arg, struct slice room, enum permit permit)
{
	chat_permit(((struct plugin *)arg)->chat, room, permit, now());
}

static void sink_user(void *arg, const struct user_news *news)
{
	chat_user_news(((struct plugin *)arg)->chat, news);
}

static void sink_entered(void *arg)
{
	chat_note_online(((struct plugin *)arg)->chat, now());
}

static void sink_news(void *arg, const struct node_news *news)
{
	chat_hear(((struct plugin *)arg)->chat, news, now());
}

static void sink_answering(void *arg, bool yes)
{
	chat_store_up(((struct plugin *)arg)->chat, yes);
}

static void sink_log(void *arg, enum store_level level, const char *line)
{
	(void)arg;
	static const int levels[] = {
		[STORE_NOTICE] = MOSQ_LOG_NOTICE,
		[STORE_WARNING] = MOSQ_LOG_WARNING,
		[STORE_ERROR] = MOSQ_LOG_ERR,
	};
	log_line(levels[level], "%s", line);
}

static const struct store_sink sink = {
	.saved = sink_saved,
	.page = sink_page,
	.unread = sink_unread,
	.changes = sink_changes,
	.chats = sink_chats,
	.set = sink_set,
	.changed = sink_changed,
	.change_lost = sink_change_lost,
	.load_failed = sink_load_failed,
	.marked = sink_marked,
	.mark_failed = sink_mark_failed,
	.epoch = sink_epoch,
	.closed = sink_closed,
	.blocked = sink_blocked,
	.user = sink_user,
	.site_decides = sink_site_decides,
	.permit = sink_permit,
	.entered = sink_entered,
	.news = sink_news,
	.answering = sink_answering,
	.log = sink_log,
};

/* Events. */

/* With per_listener_settings 2.0.11 never ticks, so nothing that was stored would ever be sent. */
static bool runs_without_ticks(struct plugin *plugin)
{
	if (plugin->ticked || clock_ms(CLOCK_MONOTONIC) - plugin->started < FIRST_TICK_MS) {
		return false;
	}
	if (!plugin->complained) {
		plugin->complained = true;
		log_line(MOSQ_LOG_ERR, "the broker does not tick: chat logins are refused. Set "
				       "per_listener_settings false");
	}
	return true;
}

/* Why no chat user may log in; NULL: they may. */
static const char *why_closed(struct plugin *plugin)
{
	bool stands = runs_without_ticks(plugin);
	return stands || plugin->exposed
	               ? "no chat user may log in: the broker's configuration has to be changed, as a "
	                 "line at its start says"
	               : NULL;
}

/* Asked by a reload.  Between RELOAD and the next tick 2.0 reads CONNECTs from WebSockets alone,
 * and 2.1 none.  (2.1 goes on calling a client that is away what it was connected by.) */
static bool is_away(const struct plugin *plugin, const struct mosquitto *client)
{
	return plugin->is_2_1 || mosquitto_client_protocol(client) != mp_websockets;
}

static void count_login(
	struct plugin *plugin, const struct chat_login *login, enum chat_answer answer)
{
	static const enum login_outcome outcomes[] = {
		[CHAT_ALLOW] = LOGIN_ACCEPTED,
		[CHAT_DENY] = LOGIN_REFUSED,
		[CHAT_DEFER] = LOGIN_DEFERRED,
	};
	if (!plugin->reloading) {
		plugin->logins[token_form(login->username, login->password)][outcomes[answer]]++;
	}
}

static int on_basic_auth(int event, void *event_data, void *userdata)
{
	(void)event;
	struct plugin *plugin = userdata;
	struct mosquitto_evt_basic_auth *auth = event_data;
	const char *client_id = mosquitto_client_id(auth->client);
	struct chat_login login = {
		.handle = auth->client,
		.client_id = client_id == NULL ? "" : client_id,
		.address = mosquitto_client_address(auth->client),
		.username = slice_str(auth->username),
		.password = slice_str(auth->password),
		.clean = mosquitto_client_clean_session(auth->client),
		.away = is_away(plugin, auth->client),
		.closed = why_closed(plugin),
	};
	char username[CHAT_USERNAME_MAX + 1];
	enum chat_answer answer = chat_connect(plugin->chat, &login, now(), username);
	count_login(plugin, &login, answer);
	switch (answer) {
	case CHAT_ALLOW:
		break;
	case CHAT_DEFER:
		return MOSQ_ERR_PLUGIN_DEFER;
	case CHAT_DENY:
		return MOSQ_ERR_AUTH;
	}
	if (username[0] != '\0' &&
		mosquitto_set_username(auth->client, username) != MOSQ_ERR_SUCCESS) {
		chat_disconnect(plugin->chat, auth->client);
		return MOSQ_ERR_AUTH;
	}
	return MOSQ_ERR_SUCCESS;
}

static bool has_certificate(const struct mosquitto *client)
{
	X509 *certificate = mosquitto_client_certificate(client);
	if (certificate == NULL) {
		return false;
	}
	X509_free(certificate);
	return true;
}

/* For 2.0, which raises no event for who comes in without being asked for a password: they are met
 * when they first do something.  Only a live connection has a certificate; others may have ended.
 */
static void meet(struct plugin *plugin, const struct mosquitto *client)
{
	if (!plugin->is_2_1 && has_certificate(client)) {
		chat_connected_unasked(plugin->chat, client, mosquitto_client_id(client));
	}
}

/* 2.1, after everything else. */
static int on_connect(int event, void *event_data, void *userdata)
{
	(void)event;
	struct evt_connect {
		void *future;
		struct mosquitto *client;
	} *connected = event_data;
	const char *client_id = mosquitto_client_id(connected->client);
	chat_connected_unasked(((struct plugin *)userdata)->chat, connected->client,
		client_id == NULL ? "" : client_id);
	return MOSQ_ERR_SUCCESS;
}

static int on_disconnect(int event, void *event_data, void *userdata)
{
	(void)event;
	struct mosquitto_evt_disconnect *disconnect = event_data;
	chat_disconnect(((struct plugin *)userdata)->chat, disconnect->client);
	return MOSQ_ERR_SUCCESS;
}

static enum chat_answer check_access(struct chat *chat, const struct mosquitto_evt_acl_check *acl)
{
	struct slice topic = slice_str(acl->topic);
	switch (acl->access) {
	case MOSQ_ACL_READ:
		return chat_may_receive(
			chat, acl->client, topic, slice_of(acl->payload, acl->payloadlen));
	case MOSQ_ACL_WRITE:
		return chat_may_publish(chat, acl->client, topic, acl->retain);
	case MOSQ_ACL_SUBSCRIBE:
		return chat_subscribe(chat, acl->client, topic, now());
	case MOSQ_ACL_UNSUBSCRIBE:
		return chat_unsubscribe(chat, acl->client, topic, now());
	default:
		return CHAT_DEFER;
	}
}

static int on_acl_check(int event, void *event_data, void *userdata)
{
	(void)event;
	struct plugin *plugin = userdata;
	const struct mosquitto_evt_acl_check *acl = event_data;
	/* A Will is written when its client has gone. */
	if (acl->access != MOSQ_ACL_WRITE) {
		meet(plugin, acl->client);
	}
	switch (check_access(plugin->chat, acl)) {
	case CHAT_ALLOW:
		if (acl->access == MOSQ_ACL_READ &&
			mosquitto_client_protocol(acl->client) == mp_websockets) {
			wake_flushed_websocket(&plugin->wake);
		}
		return MOSQ_ERR_SUCCESS;
	case CHAT_DENY:
		return MOSQ_ERR_ACL_DENIED;
	case CHAT_DEFER:
		break;
	}
	return MOSQ_ERR_PLUGIN_DEFER;
}

static int on_message(int event, void *event_data, void *userdata)
{
	(void)event;
	struct plugin *plugin = userdata;
	struct mosquitto_evt_message *message = event_data;
	meet(plugin, message->client);
	switch (chat_publish(plugin->chat, message->client, slice_str(message->topic),
		slice_of(message->payload, message->payloadlen), now())) {
	case CHAT_ALLOW:
		/* "chat/1/2" becomes "$hat/1/2", which nobody can subscribe to, and "user/1"
		 * "$hat/1".  It is changed in place: another pointer would leak in 2.0.11. */
		memcpy(message->topic, "$hat", 4);
		message->retain = false;
		return MOSQ_ERR_SUCCESS;
	case CHAT_DENY:
		return MOSQ_ERR_ACL_DENIED;
	case CHAT_DEFER:
		break;
	}
	return MOSQ_ERR_SUCCESS;
}

static size_t results_a_turn(const struct plugin *plugin)
{
	if (plugin->is_2_1) {
		return DRAIN_STEP;
	}
	size_t share = chat_count(plugin->chat).clients / CLIENTS_PER_RESULT;
	return share > DRAIN_MAX ? DRAIN_MAX : share;
}

/* True: there may be more. */
static bool drain(struct plugin *plugin)
{
	size_t taken = 0;
	plugin->published = 0;
	do {
		size_t step = store_drain(plugin->store, DRAIN_STEP, &sink, plugin);
		if (step < DRAIN_STEP) {
			return false;
		}
		taken += step;
	} while (taken < results_a_turn(plugin) && plugin->published < DRAIN_BYTES);
	return true;
}

static void put_metrics(struct plugin *plugin)
{
	struct chat_counts counts = chat_count(plugin->chat);
	struct store_stats stats = store_stats(plugin->store);
	struct metrics metrics = {
		.version = CHAT_VERSION,
		.schema = stats.schema,
		.started_at = plugin->started_at,
		.closed = plugin->exposed,
		.database_up = store_answering(plugin->store),
		.clients = counts.clients,
		.users = counts.users,
		.chats = counts.rooms,
		.stored = stats.stored,
		.waiting = stats.waiting,
		.waiting_limit = (uint64_t)plugin->config.queue_limit,
		.loads_waiting = stats.loads_waiting,
		.journal_bytes = stats.journal_bytes,
		.journal_limit = plugin->config.journal[0] == '\0'
	                                 ? 0
	                                 : (uint64_t)plugin->config.journal_limit << 20,
		.node = (uint64_t)stats.node,
		.nodes = (uint64_t)stats.nodes,
		.lag_ms = (uint64_t)stats.lag_ms,
		.resyncs = (uint64_t)stats.resyncs,
		.split = stats.split,
		.commits = stats.commits,
		.batches = stats.batches,
	};
	memcpy(metrics.logins, plugin->logins, sizeof(metrics.logins));
	memcpy(metrics.errors, counts.errors, sizeof(metrics.errors));
	metrics_out_put(&plugin->metrics_out, &metrics);
}

static void ring(void *arg)
{
	wake_ring(arg);
}

static int on_tick(int event, void *event_data, void *userdata)
{
	(void)event;
	(void)event_data;
	struct plugin *plugin = userdata;
	if (!plugin->ticked) {
		plugin->ticked = true;
		if (plugin->config.watch_websockets) {
			plugin->accept_watch = accept_watch_open(ring, &plugin->wake);
		}
	}
	accept_watch_round(plugin->accept_watch);
	wake_begin(&plugin->wake);
	plugin->kicked = false;
	plugin->reloading = false;
	bool more = drain(plugin);
	struct chat_time time = now();
	more |= chat_tick(plugin->chat, time);
	if (metrics_out_due(&plugin->metrics_out, time.steady)) {
		put_metrics(plugin);
	}
	/* A WebSocket that is kicked is closed in the next turn, and 2.0.22 breaks when a reload
	 * comes before that: so the loop is not to sleep in between. */
	wake_end(&plugin->wake, more || plugin->kicked);
	return MOSQ_ERR_SUCCESS;
}

static void log_secrets(const char *what, const struct keyring *keyring)
{
	size_t count = keyring_count(keyring);
	log_line(MOSQ_LOG_NOTICE, "%s: %zu %s live", what, count, count == 1 ? "is" : "are");
}

/* Options cannot be read again here, files can.  Anything but success would end a 2.1 broker. */
static int on_reload(int event, void *event_data, void *userdata)
{
	(void)event;
	(void)event_data;
	struct plugin *plugin = userdata;
	if (plugin->ticked) {
		/* A tick ends it. */
		plugin->reloading = true;
		chat_reload(plugin->chat);
	}
	if (plugin->config.secret_file[0] == '\0') {
		return MOSQ_ERR_SUCCESS;
	}
	char reason[SECRETS_REASON_MAX];
	struct keyring *keyring = secrets_load(&plugin->config, reason);
	if (keyring == NULL) {
		log_line(MOSQ_LOG_ERR, "%s; the secrets stay as they were", reason);
	} else {
		log_secrets("secrets read again", keyring);
		chat_set_keyring(plugin->chat, keyring);
	}
	return MOSQ_ERR_SUCCESS;
}

/* 2.1 has more events than Debian's header: one for every client that comes in, and one instead of
 * DISCONNECT when a session outlives its connection. */
#define EVENT_CONNECT 11
#define EVENT_CLIENT_OFFLINE 28

static const struct {
	int event;
	MOSQ_FUNC_generic_callback callback;
	bool optional;
} events[] = {
	{MOSQ_EVT_BASIC_AUTH, on_basic_auth, false},
	{MOSQ_EVT_ACL_CHECK, on_acl_check, false},
	{MOSQ_EVT_MESSAGE, on_message, false},
	{MOSQ_EVT_TICK, on_tick, false},
	{MOSQ_EVT_DISCONNECT, on_disconnect, false},
	{MOSQ_EVT_RELOAD, on_reload, false},
	{EVENT_CONNECT, on_connect, true},
	{EVENT_CLIENT_OFFLINE, on_disconnect, true},
};

#define EVENTS (sizeof(events) / sizeof(events[0]))

static void unregister(struct plugin *plugin)
{
	for (size_t i = 0; i < EVENTS; i++) {
		mosquitto_callback_unregister(
			plugin->id, events[i].event, events[i].callback, NULL);
	}
}

static bool register_events(struct plugin *plugin)
{
	for (size_t i = 0; i < EVENTS; i++) {
		int rc = mosquitto_callback_register(
			plugin->id, events[i].event, events[i].callback, NULL, plugin);
		if (events[i].optional) {
			plugin->is_2_1 = rc == MOSQ_ERR_SUCCESS;
		} else if (rc != MOSQ_ERR_SUCCESS) {
			log_line(MOSQ_LOG_ERR, "event %d cannot be registered (error %d)",
				events[i].event, rc);
			unregister(plugin);
			return false;
		}
	}
	return true;
}

/* Start and end. */

static bool open_store(struct plugin *plugin)
{
	struct store_options options = {
		.conninfo = plugin->config.database,
		.queue_limit = (size_t)plugin->config.queue_limit,
		.wake = ring,
		.wake_arg = &plugin->wake,
		.journal = plugin->config.journal,
		.journal_sync_ms = plugin->config.journal_sync,
		.journal_limit_mib = plugin->config.journal_limit,
		.cluster_name = plugin->config.cluster ? plugin->config.cluster_name : NULL,
		.cluster_conninfo = plugin->config.cluster_database,
		.cluster_pace_ms = plugin->config.cluster_pace,
	};
	char reason[STORE_REASON_MAX];
	plugin->store = store_open(&options, reason);
	if (plugin->store == NULL) {
		log_line(MOSQ_LOG_ERR, "the store cannot be opened: %s", reason);
	}
	return plugin->store != NULL;
}

static bool create_chat(struct plugin *plugin)
{
	char reason[SECRETS_REASON_MAX];
	struct keyring *keyring = secrets_load(&plugin->config, reason);
	if (keyring == NULL) {
		log_line(MOSQ_LOG_ERR, "%s", reason);
		return false;
	}
	log_secrets("secrets read", keyring);
	const struct config *config = &plugin->config;
	struct chat_options options = {
		.tokens = {config->signed_names, slice_str(config->jwt_audience)},
		.allow_other_topics = config->allow_other_topics,
		.history_limit = config->history_limit,
		.rate_limit = config->rate_limit,
		.user_blocking = config->user_blocking,
		.last_seen = config->last_seen,
	};
	struct chat_ports ports = {
		.arg = plugin,
		.publish = port_publish,
		.save = port_save,
		.load = port_load,
		.mark = port_mark,
		.change = port_change,
		.seen = port_seen,
		.ask_site = port_ask_site,
		.tell = config->cluster ? port_tell : NULL,
		.needs_news = config->cluster ? port_needs_news : NULL,
		.concern = config->cluster ? port_concern : NULL,
		.kick = port_kick,
		.log = port_log,
	};
	unsigned char seed[CHAT_SEED_SIZE];
	if (getrandom(seed, sizeof(seed), 0) == sizeof(seed)) {
		plugin->chat = chat_create(&options, &ports, keyring, seed);
	}
	if (plugin->chat == NULL) {
		keyring_free(keyring);
		log_line(MOSQ_LOG_ERR, "out of memory or of random numbers");
	}
	return plugin->chat != NULL;
}

static bool read_config(struct plugin *plugin, const struct mosquitto_opt *options, int count)
{
	struct config_row *rows = calloc((size_t)count + 1, sizeof(*rows));
	if (rows == NULL) {
		log_line(MOSQ_LOG_ERR, "out of memory");
		return false;
	}
	for (int i = 0; i < count; i++) {
		rows[i] = (struct config_row){options[i].key, options[i].value};
	}
	char reason[CONFIG_REASON_MAX];
	bool good = config_parse(&plugin->config, rows, (size_t)count, reason);
	free(rows);
	if (!good) {
		log_line(MOSQ_LOG_ERR, "%s", reason);
	}
	return good;
}

/* True: a client without a token could read chats, so there must be none. */
static bool is_exposed(void)
{
	Dl_info own = {0};
	if (dladdr(&loaded, &own) == 0 || own.dli_fname == NULL) {
		own.dli_fname = "mosquitto_chat.so";
	}
	char earlier[EARLIER_PLUGIN_PATH_MAX];
	bool is_second = earlier_plugin_find(&loaded, earlier);
	struct conf_findings findings;
	conf_check("/proc/self/cmdline", own.dli_fname, is_second ? earlier : NULL, &findings);
	if (findings.closed[0] != '\0') {
		log_line(MOSQ_LOG_ERR, "%s", findings.closed);
	}
	if (findings.warning[0] != '\0') {
		log_line(MOSQ_LOG_WARNING, "%s", findings.warning);
	}
	return findings.closed[0] != '\0';
}

/* Each step needs those above it; what fails undoes them in reverse order. */
static bool start(struct plugin *plugin, const struct mosquitto_opt *options, int count)
{
	const char *reason = "";
	if (!read_config(plugin, options, count)) {
		return false;
	}
	if (!create_chat(plugin)) {
		goto no_chat;
	}
	if (!wake_init(&plugin->wake, &reason)) {
		log_line(MOSQ_LOG_ERR, "%s", reason);
		goto no_wake;
	}
	if (!register_events(plugin)) {
		goto no_events;
	}
	if (!plugin->is_2_1 && plugin->config.hold_wakeups) {
		wake_hold(&plugin->wake);
	}
	if (!metrics_out_open(&plugin->metrics_out, plugin->config.metrics_file)) {
		log_line(MOSQ_LOG_ERR, "plugin_opt_metrics_file: out of memory or threads");
		goto no_metrics;
	}
	if (!open_store(plugin)) {
		goto no_store;
	}
	return true;

no_store:
	metrics_out_close(&plugin->metrics_out);
no_metrics:
	unregister(plugin);
no_events:
	wake_finish(&plugin->wake);
no_wake:
	chat_destroy(plugin->chat);
no_chat:
	config_finish(&plugin->config);
	return false;
}

EXPORT int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
	for (int i = 0; i < supported_version_count; i++) {
		if (supported_versions[i] == 5) {
			return 5;
		}
	}
	return -1;
}

EXPORT int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata,
	struct mosquitto_opt *options, int option_count)
{
	if (loaded != NULL) {
		log_line(MOSQ_LOG_ERR, "loaded a second time: one `plugin` line only, and "
				       "per_listener_settings false");
		return MOSQ_ERR_ALREADY_EXISTS;
	}
	struct plugin *plugin = calloc(1, sizeof(*plugin));
	if (plugin == NULL) {
		return MOSQ_ERR_NOMEM;
	}
	plugin->id = identifier;
	plugin->started = clock_ms(CLOCK_MONOTONIC);
	plugin->started_at = clock_ms(CLOCK_REALTIME) / 1000;
	plugin->exposed = is_exposed();
	if (!start(plugin, options, option_count)) {
		free(plugin);
		return MOSQ_ERR_INVAL;
	}
	loaded = plugin;
	*userdata = plugin;
	log_line(MOSQ_LOG_NOTICE, "version " CHAT_VERSION " loaded");
	return MOSQ_ERR_SUCCESS;
}

EXPORT int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int option_count)
{
	(void)options;
	(void)option_count;
	struct plugin *plugin = userdata;
	if (plugin == NULL || plugin != loaded) {
		return MOSQ_ERR_SUCCESS;
	}
	unregister(plugin);
	accept_watch_close(plugin->accept_watch);
	metrics_out_close(&plugin->metrics_out);
	size_t lost = store_close(plugin->store, CLOSE_TIMEOUT_MS);
	if (lost > 0 && plugin->config.journal[0] != '\0') {
		log_line(MOSQ_LOG_NOTICE, "shut down, %zu messages wait in the journal", lost);
	} else if (lost > 0) {
		log_line(
			MOSQ_LOG_ERR, "shut down with %zu messages that could not be stored", lost);
	} else {
		log_line(MOSQ_LOG_NOTICE, "shut down, all messages are stored");
	}
	struct chat_counts counts = chat_count(plugin->chat);
	log_line(MOSQ_LOG_INFO, "in the books: %zu clients, %zu users, %zu rooms", counts.clients,
		counts.users, counts.rooms);
	wake_finish(&plugin->wake);
	chat_destroy(plugin->chat);
	config_finish(&plugin->config);
	free(plugin);
	loaded = NULL;
	return MOSQ_ERR_SUCCESS;
}
