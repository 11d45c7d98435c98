/* What a broker of a cluster has missed in some chats, from the database: questions to parameters,
 * rows to news.  No connection, no thread, no clock. */
#ifndef CHAT_FEED_MISSED_H
#define CHAT_FEED_MISSED_H

#include <stdbool.h>
#include <stddef.h>

#include "job.h"
#include "statement.h"

#define MISSED_MAX 32 /* chats in one statement */

/* Messages, then changes; each with its parameters and answers. */
extern const struct statement statement_missed;
extern const struct statement statement_missed_changes;

/* Fill `params` anew, from jobs that ask (NODE_ASK); false when out of memory. */
MUST_CHECK bool missed_params(struct params *params, struct news_job *const *jobs, size_t count);
MUST_CHECK bool missed_changes_params(
	struct params *params, struct news_job *const *jobs, size_t count);

/* Append news, each of which holds the answer.  False: not the rows that the schema promises, or no
 * memory; what was appended does not count then. */
MUST_CHECK bool missed_read(struct answer *answer, struct items *news, struct items *ends);
MUST_CHECK bool missed_changes_read(struct answer *answer, struct items *news);

#endif
