/* The statements that the store knows: jobs in binary parameters, results back to jobs, and what an
 * SQLSTATE asks for.  No connection, no thread, no clock. */
#ifndef CHAT_STATEMENTS_H
#define CHAT_STATEMENTS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"
#include "pgbinary.h"

/* The chat.schema_version that the statements below are written for. */
#define SCHEMA_VERSION 1

/* A batch: large enough to make a commit cheap, small enough that its end is near. */
#define SAVES_MAX 1000
#define SAVES_BYTES_MAX (1024 * 1024)
#define LOADS_MAX 64
#define MARKS_MAX 64

struct statement {
	const char *name;
	const char *sql;
	int count; /* of parameters */
	const Oid *types;
};

extern const struct statement statement_save;
extern const struct statement statement_save_each; /* parameters and result of statement_save */
extern const struct statement statement_history;
extern const struct statement statement_unread;
extern const struct statement statement_mark;
extern const struct statement statement_deliver;

/* Each fills `params` anew; false when out of memory. */
MUST_CHECK bool save_params(struct params *params, struct save_job *const *jobs, size_t count);
MUST_CHECK bool history_params(struct params *params, struct load_job *const *jobs, size_t count);
MUST_CHECK bool unread_params(struct params *params, struct load_job *const *jobs, size_t count);
MUST_CHECK bool mark_params(struct params *params, struct mark_job *const *jobs, size_t count);
MUST_CHECK bool deliver_params(struct params *params, struct slice after);

/* What a result says about each job. */
struct save_answer {
	enum {
		SAVE_UNANSWERED,
		SAVE_STORED,
		SAVE_KNOWN, /* was stored already, under its own key */
		SAVE_REPEATED,
		SAVE_LOCKED,
		SAVE_REFUSED,
	} outcome;
	int64_t seq;
	struct slice text; /* of a repeat; or a refusal's SQLSTATE; points into the result */
	int64_t sent_at;
};

/* False: not the result that the schema promises. */
MUST_CHECK bool save_results(const PGresult *result, struct save_answer *answers, size_t count);

/* Turn a result and the jobs that asked into pages, in `out`, and load_failed where memory lacks.
 * Take the jobs and the result, also when they return false: then it is not the result that the
 * schema promises, and every job is in `out` as load_failed.  `undrained` counts the bytes on their
 * way. */
MUST_CHECK bool history_results(PGresult *result, struct load_job **jobs, size_t count,
	_Atomic size_t *undrained, struct items *out);
MUST_CHECK bool unread_results(PGresult *result, struct load_job **jobs, size_t count,
	_Atomic size_t *undrained, struct items *out);

/* Fills in `result` of each job, and its outcome: MARK_DONE, or MARK_UNKNOWN where the room was
 * locked. *follow: there is something to deliver. */
MUST_CHECK bool mark_results(
	const PGresult *result, struct mark_job *const *jobs, size_t count, bool *follow);

/* The room to go on behind, empty when nothing is left behind the last one; and whether something
 * came forward there. */
MUST_CHECK bool deliver_results(const PGresult *result, struct slice *room, bool *forward);

/* What an SQLSTATE asks for. */
enum verdict {
	VERDICT_AGAIN,  /* in the way of others: the same again, in smaller pieces */
	VERDICT_AWAY,   /* the database cannot now: a new connection, later */
	VERDICT_HOLD,   /* somebody has to repair something: loudly, then as above */
	VERDICT_REFUSE, /* refused for good, and so will be the row that is the cause */
};

/* NULL, as libpq has it for errors of its own, is VERDICT_AWAY. */
enum verdict sqlstate_verdict(const char *sqlstate);

#endif
