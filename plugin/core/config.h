/* The plugin's options: rows of key and value -> struct config.  Reads no file and no
 * environment. */
#ifndef CHAT_CONFIG_H
#define CHAT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

/* `plugin_opt_<key> <value>` in mosquitto.conf; the broker takes the prefix off. */
struct config_row {
	const char *key;
	const char *value; /* NULL counts as empty */
};

struct config {
	char *database;    /* libpq connection string; "": libpq's environment */
	char *secret_file; /* "": none */
	char *secret_env;  /* name of the environment variable */
	char *jwt_audience;
	bool signed_names;
	bool allow_other_topics; /* `other_topics allow` */
	int history_limit;       /* messages */
	int rate_limit;          /* a second, per user; 0: none */
	char *journal;           /* folder; "": none */
	int journal_sync;        /* ms between two syncs; 0: each message */
	int journal_limit;       /* MiB */
	int queue_limit;         /* messages */
	bool cluster;            /* this broker is one of several on the same database */
	char *cluster_name;      /* "": host name and process */
	char *cluster_database;  /* another way to the same database; "": none */
	int cluster_pace;        /* ms between two cuts */
	bool user_blocking;      /* users may block by themselves */
	bool last_seen;          /* users are told whether the other one is online */
	char *metrics_file;      /* "": none */
	bool watch_websockets;   /* on Mosquitto 2.0: see accept_watch.h */
	bool hold_wakeups;       /* on Mosquitto 2.0: see wake.h */
};

/* Fills in the defaults, then the rows.  On failure `reason` is a sentence that names the option
 * and what it may be (never a value that may hold a password), and the config holds nothing to
 * free. */
#define CONFIG_REASON_MAX 512
MUST_CHECK bool config_parse(struct config *config, const struct config_row *rows, size_t count,
	char reason[CONFIG_REASON_MAX]);
void config_finish(struct config *config);

#endif
