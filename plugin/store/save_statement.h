/* The statements that store a batch of messages: jobs to parameters, rows to answers.  No
 * connection, no thread, no clock. */
#ifndef CHAT_SAVE_STATEMENT_H
#define CHAT_SAVE_STATEMENT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"
#include "statement.h"

/* A batch: large enough to make a commit cheap, small enough that its end is near. */
#define SAVES_MAX 1000
#define SAVES_BYTES_MAX (1024 * 1024)

extern const struct statement statement_save;
extern const struct statement statement_save_each; /* parameters and result of statement_save */

/* Fills `params` anew; false when out of memory.  `told`: to other brokers, too. */
MUST_CHECK bool save_params(
	struct params *params, struct save_job *const *jobs, size_t count, bool told);

/* What a result says about each job. */
struct save_answer {
	enum {
		SAVE_UNANSWERED,
		SAVE_STORED,
		SAVE_KNOWN, /* was stored already, under its own key */
		SAVE_REPEATED,
		SAVE_LOCKED,
		SAVE_FORBIDDEN, /* the chat is closed */
		SAVE_REFUSED,
	} outcome;
	int64_t seq;
	bool a_muted; /* the room's first user has muted the chat */
	bool b_muted;
	struct slice sqlstate; /* of a refusal; points into the result */
	/* Where it was stored before: as it is by now, but for what a message_row() has not. */
	struct message stored;
};

/* False: not the result that the schema promises. */
MUST_CHECK bool save_results(const PGresult *result, struct save_answer *answers, size_t count);

#endif
