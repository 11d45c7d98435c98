/* What an operator watches: numbers, as Prometheus reads them and as topics under $SYS. */
#ifndef CHAT_METRICS_H
#define CHAT_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "histogram.h"
#include "token.h"

enum login_outcome {
	LOGIN_ACCEPTED,
	LOGIN_REFUSED,
	LOGIN_DEFERRED, /* left to the broker's other authentication */
	LOGIN_OUTCOMES,
};

/* Counters are since the start. */
struct metrics {
	const char *version;
	int schema;
	int64_t started_at; /* Unix seconds */
	bool closed;        /* no chat user may log in, because of the broker's configuration */
	bool database_up;   /* loads and marks can be answered */
	uint64_t clients;   /* connections, ordinary ones too */
	uint64_t users;
	uint64_t chats; /* in which somebody is */
	uint64_t logins[TOKEN_FORMS][LOGIN_OUTCOMES];
	uint64_t stored; /* messages */
	uint64_t waiting;
	uint64_t waiting_limit;
	uint64_t loads_waiting;
	uint64_t errors[CHAT_CODES]; /* events `error` that were sent */
	uint64_t node;               /* this broker's number in its cluster; 0: it is in none */
	uint64_t nodes;
	uint64_t lag_ms;
	uint64_t resyncs;
	bool split; /* brokers on the database disagree whether they are a cluster */
	uint64_t journal_bytes;
	uint64_t journal_limit;          /* bytes; 0: no journal */
	const struct histogram *commits; /* histogram_seconds */
	const struct histogram *batches; /* histogram_messages */
};

/* Appends them in Prometheus' text format. */
void metrics_write(const struct metrics *metrics, struct buffer *into);

/* Calls `each` with one topic below $SYS for each number, but for the ranges of histograms. */
#define METRICS_TOPIC_MAX 128
void metrics_topics(const struct metrics *metrics,
	void (*each)(void *arg, const char *topic, const char *value), void *arg);

#endif
