/* Reads what the brokers of a cluster have told: how far in which stream, and a cut's rows to news
 * for the broker's thread.  No connection, no thread, no clock. */
#ifndef CHAT_FEED_CUT_H
#define CHAT_FEED_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interest.h"
#include "job.h"
#include "statement.h"

/* Streams of eight brokers, and of as many that are dead, or have come again, and are still read.
 */
#define STREAMS_MAX 512

/* A cut of more rows than this is not complete. */
#define CUT_ROWS_MAX 5000

extern const struct statement statement_heads;
extern const struct statement statement_cut;

/* How far each stream was read. */
struct cursors {
	size_t count;
	struct cursor {
		int32_t stream;
		int64_t n;
	} list[STREAMS_MAX];
};

/* Begins at what statement_heads says.  False: not the rows that the schema promises. */
MUST_CHECK bool cursors_begin(struct cursors *cursors, const PGresult *result);

/* Forgets those that statement_heads does not name any more: they are read to their end. */
void cursors_prune(struct cursors *cursors, const PGresult *result);

/* Parameters of statement_cut.  `wake`: the others are to read too.  False when out of memory. */
MUST_CHECK bool cut_params(struct params *params, const struct cursors *cursors, bool wake);

enum cut_is {
	CUT_GOOD,
	CUT_BEHIND, /* not all of it could be read, or there was no memory; the news do not count */
	CUT_WRONG,  /* not the rows that the schema promises; likewise */
};

struct cut {
	struct cursors *cursors; /* moved on, when it is good */
	const struct interest *interest;
	int32_t node;   /* this broker's number */
	int32_t lag_ms; /* out: the oldest row of the others */
	/* What was read, in the order in which it is to be told: messages, of a room in the order
	 * of their seqs, then what changed, was read, and the rest. */
	struct items news;
};

/* `answer` holds the rows; each of the news holds it. */
MUST_CHECK enum cut_is cut_read(struct cut *cut, struct answer *answer);

#endif
