#include "metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "mosquitto_chat_"
#define TOPICS "$SYS/broker/chat/"

/* Names that begin with this have topics on a level of their own. */
#define CLUSTER "cluster_"

/* Goes through all numbers once, for one of the two ways of writing them. */
struct walk {
	struct buffer *text; /* Prometheus' format; NULL: topics */
	void (*each)(void *arg, const char *topic, const char *value);
	void *arg;
	const char *name; /* of the family of numbers that is being written */
};

static void append(struct buffer *text, const char *words)
{
	buffer_append(text, slice_str(words));
}

/* Begins a family of numbers. */
static void family(struct walk *walk, const char *name, const char *type, const char *help)
{
	walk->name = name;
	if (walk->text != NULL) {
		append(walk->text, "# HELP " PREFIX);
		append(walk->text, name);
		append(walk->text, " ");
		append(walk->text, help);
		append(walk->text, "\n# TYPE " PREFIX);
		append(walk->text, name);
		append(walk->text, " ");
		append(walk->text, type);
		append(walk->text, "\n");
	}
}

/* One number of the family.  `labels` as Prometheus has them, `levels` as topics have them. */
static void sample(struct walk *walk, const char *suffix, const char *labels, const char *levels,
	const char *value)
{
	if (walk->text != NULL) {
		append(walk->text, PREFIX);
		append(walk->text, walk->name);
		append(walk->text, suffix);
		append(walk->text, labels);
		append(walk->text, " ");
		append(walk->text, value);
		append(walk->text, "\n");
	} else {
		char topic[METRICS_TOPIC_MAX];
		bool of_cluster = strncmp(walk->name, CLUSTER, strlen(CLUSTER)) == 0;
		snprintf(topic, sizeof(topic), TOPICS "%s%s%s%s", of_cluster ? "cluster/" : "",
			walk->name + (of_cluster ? strlen(CLUSTER) : 0), suffix, levels);
		walk->each(walk->arg, topic, value);
	}
}

#define VALUE_MAX 32

static const char *number(uint64_t value, char into[VALUE_MAX])
{
	snprintf(into, VALUE_MAX, "%" PRIu64, value);
	return into;
}

static void one(
	struct walk *walk, const char *name, const char *type, const char *help, uint64_t value)
{
	char text[VALUE_MAX];
	family(walk, name, type, help);
	sample(walk, "", "", "", number(value, text));
}

static void build(struct walk *walk, const struct metrics *metrics)
{
	char labels[128];
	char levels[METRICS_TOPIC_MAX / 2];
	snprintf(labels, sizeof(labels), "{version=\"%.32s\",schema=\"%d\"}", metrics->version,
		metrics->schema);
	snprintf(levels, sizeof(levels), "/%.32s/%d", metrics->version, metrics->schema);
	family(walk, "build_info", "gauge", "The plugin's version and that of its schema.");
	sample(walk, "", labels, levels, "1");
}

static void logins(struct walk *walk, const struct metrics *metrics)
{
	static const char *const forms[] = {
		[TOKEN_FORM_NONE] = "none",
		[TOKEN_FORM_SIGNED_NAME] = "signed_name",
		[TOKEN_FORM_JWT] = "jwt",
	};
	static const char *const outcomes[] = {
		[LOGIN_ACCEPTED] = "accepted",
		[LOGIN_REFUSED] = "refused",
		[LOGIN_DEFERRED] = "deferred",
	};
	family(walk, "logins_total", "counter", "Logins by their form and what became of them.");
	for (size_t form = 0; form < TOKEN_FORMS; form++) {
		for (size_t outcome = 0; outcome < LOGIN_OUTCOMES; outcome++) {
			char labels[64];
			char levels[64];
			char value[VALUE_MAX];
			snprintf(labels, sizeof(labels), "{form=\"%s\",outcome=\"%s\"}",
				forms[form], outcomes[outcome]);
			snprintf(levels, sizeof(levels), "/%s/%s", forms[form], outcomes[outcome]);
			sample(walk, "", labels, levels,
				number(metrics->logins[form][outcome], value));
		}
	}
}

static void errors(struct walk *walk, const struct metrics *metrics)
{
	family(walk, "errors_total", "counter", "Events `error` sent to clients, by their code.");
	for (size_t code = CHAT_OK + 1; code < CHAT_CODES; code++) {
		const char *name = chat_error_code((enum chat_error)code);
		char labels[64];
		char levels[64];
		char value[VALUE_MAX];
		snprintf(labels, sizeof(labels), "{code=\"%s\"}", name);
		snprintf(levels, sizeof(levels), "/%s", name);
		sample(walk, "", labels, levels, number(metrics->errors[code], value));
	}
}

static void histogram(struct walk *walk, const struct histogram *histogram,
	const struct histogram_range ranges[HISTOGRAM_RANGES], bool in_us)
{
	uint64_t count = 0;
	char value[VALUE_MAX];
	for (size_t i = 0; i < HISTOGRAM_RANGES; i++) {
		char labels[64];
		count += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
		snprintf(labels, sizeof(labels), "{le=\"%s\"}", ranges[i].text);
		if (walk->text != NULL) {
			sample(walk, "_bucket", labels, "", number(count, value));
		}
	}
	uint64_t sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
	if (in_us) {
		snprintf(value, sizeof(value), "%" PRIu64 ".%06" PRIu64, sum / 1000000,
			sum % 1000000);
	} else {
		number(sum, value);
	}
	sample(walk, "_sum", "", "", value);
	sample(walk, "_count", "", "", number(count, value));
}

static void visit(struct walk *walk, const struct metrics *metrics)
{
	build(walk, metrics);
	one(walk, "start_time_seconds", "gauge", "When the plugin was loaded, in Unix time.",
		(uint64_t)metrics->started_at);
	one(walk, "closed", "gauge",
		"1: no chat user may log in, because of the broker's configuration.",
		metrics->closed);
	one(walk, "database_up", "gauge", "1: the database answers.", metrics->database_up);
	one(walk, "clients", "gauge", "Connections, those without a chat token too.",
		metrics->clients);
	one(walk, "users", "gauge", "Chat users who are connected.", metrics->users);
	one(walk, "open_chats", "gauge", "Chats that somebody is in.", metrics->chats);
	logins(walk, metrics);
	one(walk, "messages_stored_total", "counter", "Messages that were stored.",
		metrics->stored);
	one(walk, "messages_waiting", "gauge", "Messages that are not stored yet.",
		metrics->waiting);
	one(walk, "messages_waiting_limit", "gauge", "plugin_opt_queue_limit.",
		metrics->waiting_limit);
	errors(walk, metrics);
	family(walk, "commit_duration_seconds", "histogram",
		"How long the database took to store a batch of messages.");
	histogram(walk, metrics->commits, histogram_seconds, true);
	family(walk, "batch_messages", "histogram", "Messages that were stored together.");
	histogram(walk, metrics->batches, histogram_messages, false);
	one(walk, "loads_waiting", "gauge",
		"Histories, unread lists and read marks that wait for the database.",
		metrics->loads_waiting);
	one(walk, "cluster_node", "gauge",
		"This broker's number in its cluster; 0: it is in none now.", metrics->node);
	one(walk, "cluster_nodes", "gauge", "Brokers in the cluster.", metrics->nodes);
	one(walk, "cluster_lag_ms", "gauge",
		"How old the others' news were when this broker read them, at most, in the last "
		"second.",
		metrics->lag_ms);
	one(walk, "cluster_resyncs", "gauge",
		"How often this broker had to ask the database for what it had missed.",
		metrics->resyncs);
	one(walk, "cluster_split", "gauge",
		"1: brokers with and without plugin_opt_cluster are on one database.",
		metrics->split);
	one(walk, "journal_bytes", "gauge", "Size of the journal's files.", metrics->journal_bytes);
	one(walk, "journal_limit_bytes", "gauge", "plugin_opt_journal_limit; 0: no journal.",
		metrics->journal_limit);
}

void metrics_write(const struct metrics *metrics, struct buffer *into)
{
	struct walk walk = {.text = into};
	visit(&walk, metrics);
}

void metrics_topics(const struct metrics *metrics,
	void (*each)(void *arg, const char *topic, const char *value), void *arg)
{
	struct walk walk = {.each = each, .arg = arg};
	visit(&walk, metrics);
}
