#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "message.h"

enum option_type {
	OPTION_TEXT,   /* of at least `min` bytes, into a char * */
	OPTION_NUMBER, /* from `min` to `max`, into an int */
	OPTION_CHOICE, /* one of two words, into a bool */
};

struct option {
	const char *name;
	enum option_type type;
	size_t field; /* where it stands in struct config */
	const char *preset;
	int min;
	int max;
	const char *no;
	const char *yes;
};

#define FIELD(name) offsetof(struct config, name)

static const struct option options[] = {
	{"database", OPTION_TEXT, FIELD(database), .preset = ""},
	{"secret_file", OPTION_TEXT, FIELD(secret_file), .preset = ""},
	{"secret_env", OPTION_TEXT, FIELD(secret_env), .preset = "CHAT_SECRET", .min = 1},
	{"signed_names", OPTION_CHOICE, FIELD(signed_names), .preset = "true", .no = "false",
		.yes = "true"},
	{"jwt_audience", OPTION_TEXT, FIELD(jwt_audience), .preset = ""},
	{"other_topics", OPTION_CHOICE, FIELD(allow_other_topics), .preset = "defer", .no = "defer",
		.yes = "allow"},
	{"history_limit", OPTION_NUMBER, FIELD(history_limit), .preset = "50", .min = 1,
		.max = HISTORY_LIMIT_MAX},
	{"rate_limit", OPTION_NUMBER, FIELD(rate_limit), .preset = "20", .max = 1000000},
	{"queue_limit", OPTION_NUMBER, FIELD(queue_limit), .preset = "10000", .min = 1,
		.max = 10000000},
	{"journal", OPTION_TEXT, FIELD(journal), .preset = ""},
	{"journal_sync", OPTION_NUMBER, FIELD(journal_sync), .preset = "10", .max = 60000},
	{"journal_limit", OPTION_NUMBER, FIELD(journal_limit), .preset = "256", .min = 1,
		.max = 65536},
	{"cluster", OPTION_CHOICE, FIELD(cluster), .preset = "false", .no = "false", .yes = "true"},
	{"cluster_name", OPTION_TEXT, FIELD(cluster_name), .preset = ""},
	{"cluster_database", OPTION_TEXT, FIELD(cluster_database), .preset = ""},
	{"cluster_pace", OPTION_NUMBER, FIELD(cluster_pace), .preset = "2", .max = 50},
	{"user_blocking", OPTION_CHOICE, FIELD(user_blocking), .preset = "true", .no = "false",
		.yes = "true"},
	{"last_seen", OPTION_CHOICE, FIELD(last_seen), .preset = "true", .no = "false",
		.yes = "true"},
	{"metrics_file", OPTION_TEXT, FIELD(metrics_file), .preset = ""},
	{"watch_websockets", OPTION_CHOICE, FIELD(watch_websockets), .preset = "true",
		.no = "false", .yes = "true"},
	{"hold_wakeups", OPTION_CHOICE, FIELD(hold_wakeups), .preset = "true", .no = "false",
		.yes = "true"},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static const struct option *find(const char *name)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if (strcmp(options[i].name, name) == 0) {
			return &options[i];
		}
	}
	return NULL;
}

static bool set_text(const struct option *option, void *field, const char *value, char *reason)
{
	if (strlen(value) < (size_t)option->min) {
		snprintf(
			reason, CONFIG_REASON_MAX, "plugin_opt_%s must not be empty", option->name);
		return false;
	}
	char *copy = strdup(value);
	if (copy == NULL) {
		snprintf(reason, CONFIG_REASON_MAX, "there is no memory for plugin_opt_%s",
			option->name);
		return false;
	}
	char **text = field;
	free(*text);
	*text = copy;
	return true;
}

/* Decimal digits and nothing else. */
static bool read_number(const char *value, int max, int *into)
{
	int64_t number = 0;
	for (const char *c = value; *c != '\0'; c++) {
		if (*c < '0' || *c > '9') {
			return false;
		}
		number = number * 10 + (*c - '0');
		if (number > max) {
			return false;
		}
	}
	*into = (int)number;
	return *value != '\0';
}

static bool set_number(const struct option *option, void *field, const char *value, char *reason)
{
	int number;
	if (!read_number(value, option->max, &number) || number < option->min) {
		snprintf(reason, CONFIG_REASON_MAX,
			"plugin_opt_%s must be a whole number from %d to %d", option->name,
			option->min, option->max);
		return false;
	}
	*(int *)field = number;
	return true;
}

static bool set_choice(const struct option *option, void *field, const char *value, char *reason)
{
	bool yes = strcmp(value, option->yes) == 0;
	if (!yes && strcmp(value, option->no) != 0) {
		snprintf(reason, CONFIG_REASON_MAX, "plugin_opt_%s must be '%s' or '%s'",
			option->name, option->no, option->yes);
		return false;
	}
	*(bool *)field = yes;
	return true;
}

static bool set(struct config *config, const struct option *option, const char *value, char *reason)
{
	void *field = (char *)config + option->field;
	switch (option->type) {
	case OPTION_TEXT:
		return set_text(option, field, value, reason);
	case OPTION_NUMBER:
		return set_number(option, field, value, reason);
	case OPTION_CHOICE:
		break;
	}
	return set_choice(option, field, value, reason);
}

static bool set_defaults(struct config *config, char *reason)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if (!set(config, &options[i], options[i].preset, reason)) {
			return false;
		}
	}
	return true;
}

/* The key as far as it is fit for a log line. */
static void name_unknown(const char *key, char *reason)
{
	char name[33];
	size_t len = 0;
	for (; key[len] > ' ' && key[len] <= '~' && len < sizeof(name) - 1; len++) {
		name[len] = key[len];
	}
	name[len] = '\0';
	int written =
		snprintf(reason, CONFIG_REASON_MAX, "plugin_opt_%s is no option; there are", name);
	for (size_t i = 0; i < OPTIONS && written < CONFIG_REASON_MAX; i++) {
		written += snprintf(reason + written, (size_t)(CONFIG_REASON_MAX - written),
			"%s %s", i == 0 ? "" : ",", options[i].name);
	}
}

static bool set_row(
	struct config *config, const struct config_row *row, bool seen[OPTIONS], char *reason)
{
	const struct option *option = find(row->key);
	if (option == NULL) {
		name_unknown(row->key, reason);
		return false;
	}
	size_t at = (size_t)(option - options);
	if (seen[at]) {
		snprintf(reason, CONFIG_REASON_MAX, "plugin_opt_%s is there twice", option->name);
		return false;
	}
	seen[at] = true;
	return set(config, option, row->value == NULL ? "" : row->value, reason);
}

bool config_parse(struct config *config, const struct config_row *rows, size_t count,
	char reason[CONFIG_REASON_MAX])
{
	*config = (struct config){0};
	bool seen[OPTIONS] = {false};
	bool good = set_defaults(config, reason);
	for (size_t i = 0; good && i < count; i++) {
		good = set_row(config, &rows[i], seen, reason);
	}
	if (!good) {
		config_finish(config);
	}
	return good;
}

void config_finish(struct config *config)
{
	free(config->database);
	free(config->secret_file);
	free(config->secret_env);
	free(config->jwt_audience);
	free(config->journal);
	free(config->metrics_file);
	free(config->cluster_name);
	free(config->cluster_database);
	*config = (struct config){0};
}
