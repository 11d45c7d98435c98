/* What the loader does in batches for those who ask: one kind of task, what waits of it, and how a
 * batch goes through the database.  For one thread. */
#ifndef CHAT_TASKS_H
#define CHAT_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"
#include "pgconn.h"

#define TASKS_MAX 64

/* A kind is a statement that takes several tasks, an element of each array for each, and answers
 * with rows whose column `no` says whose they are. */
struct task_kind {
	const struct statement *statement;
	/* Only reads: worth nothing when it comes late, and needs memory for its answer. */
	bool reads;
	/* Fills `params` anew; false when out of memory. */
	bool (*params)(struct params *params, struct task *const *tasks, size_t count);
	/* Appends to `out` what became of each task, and takes it from the array (NULL); what is
	 * left there was locked.  False: not the rows that the schema promises; then what is left
	 * is untouched. */
	bool (*results)(
		struct answer *answer, struct task **tasks, size_t count, struct items *out);
	/* The tasks of one room are done in their order.  NULL: any order is right. */
	struct slice (*room)(const struct task *task);
	/* The database refuses this one for good: says so in the task, and writes for the log what
	 * it was.  NULL: it is reported as it is. */
	void (*refuse)(struct task *task, char *what, size_t size);
};

struct tasks {
	const struct task_kind *kind;
	struct items waiting; /* in order */
	struct items locked;  /* in order; each has its time */
	size_t cap;           /* of the next batch */
	int strikes;          /* batches in a row that came to a lock */
	int64_t not_before;   /* of the next batch */
};

void tasks_init(struct tasks *tasks, const struct task_kind *kind);

/* There is a new connection: nothing that was learned of the old one holds. */
void tasks_begin(struct tasks *tasks);

/* All that wait, moved behind what is in `into`. */
void tasks_move(struct tasks *tasks, struct items *into);

/* Lets those go on whose room may be free again. */
void tasks_wake(struct tasks *tasks, int64_t now);

/* Something can be done now. */
bool tasks_due(const struct tasks *tasks, int64_t now);

/* When there is something to do again; NEVER when nothing waits. */
int64_t tasks_next(const struct tasks *tasks, int64_t now);

/* A task waits for longer than `ms`. */
bool tasks_older(const struct tasks *tasks, int64_t now, int64_t ms);

/* Runs one batch.  What became of it is appended to `out`; true when chat.deliver_next() has
 * something to do because of it.  `undrained` counts the bytes of answers on their way. */
bool tasks_run(struct tasks *tasks, struct pgconn *conn, struct params *params,
	_Atomic size_t *undrained, struct items *out);

#endif
