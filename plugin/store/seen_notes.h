/* Who was seen and is not written down yet: the latest note of each user.  For one thread. */
#ifndef CHAT_SEEN_NOTES_H
#define CHAT_SEEN_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"
#include "pgconn.h"
#include "table.h"

#define SEEN_NOTES_MAX 1000 /* in one statement */

struct seen_note;

/* All zero is empty. */
struct seen_notes {
	struct seen_note *notes; /* as they came */
	struct table by_user;
	int64_t due; /* not before */
	size_t cap;  /* of the next statement; 0: as many as may be */
};

void seen_notes_finish(struct seen_notes *notes);

/* Takes the job; an older note of the user is forgotten, but for a name that this one has not. */
void seen_notes_add(struct seen_notes *notes, struct seen_job *job);

/* When some can be written; NEVER when there are none. */
int64_t seen_notes_next(const struct seen_notes *notes);

extern const struct statement statement_seen;

/* Writes the oldest ones down, for the broker with this number.  Those of users whom somebody has
 * locked stay; when all do, or the statement fails, after a pause.  One that the database refuses
 * for good is found by halving, and lost. */
void seen_notes_write(struct seen_notes *notes, struct pgconn *conn, struct params *params,
	int32_t node, int64_t now);

#endif
