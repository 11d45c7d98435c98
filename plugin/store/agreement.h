/* Whether all brokers on the database have the same plugin_opt_cluster.  If not, those with it and
 * those without do not hear each other, and nobody would notice: so a broker without a cluster
 * takes a lock for itself, as long as its connection lives, and those of a cluster share it.  For
 * one thread. */
#ifndef CHAT_AGREEMENT_H
#define CHAT_AGREEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "pgconn.h"

extern const struct statement statement_agree;

struct agreement {
	bool agreed;     /* the lock is held */
	int64_t since;   /* when it was not for the first time, of clock_ms */
	int64_t due;     /* the next try */
	int64_t said_at; /* 0: never */
};

/* There is a new connection. */
void agreement_begin(struct agreement *agreement, int64_t now);

/* When to try again; NEVER while it is held. */
int64_t agreement_next(const struct agreement *agreement);

/* Tries; says in the log, and in the node, when brokers have disagreed for a while. */
void agreement_try(
	struct agreement *agreement, struct pgconn *conn, struct params *params, int64_t now);

#endif
