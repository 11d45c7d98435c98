/* Results that answer several loads: rows in the order of the loads, at least one for each. */
#ifndef CHAT_LOADS_H
#define CHAT_LOADS_H

#include <stdbool.h>
#include <stddef.h>

#include "job.h"
#include "pgbinary.h"

/* How many rows from `first` on belong to the same load. */
int loads_rows(const PGresult *result, int first);

/* What one kind of answer looks like. */
struct load_shape {
	enum job_kind kind;
	size_t size, row_size; /* of its job, and of what the job has for each row */
	int column;            /* null in the only row of a load that brings nothing */
	/* Reads the job's `count` rows, which begin with `first`.  False: not what the schema
	 * promises. */
	bool (*read)(struct load_answer *to, int first, size_t count);
};

/* As task_kind's `results`.  A load for whose answer there is no memory fails: it is in `out`
 * itself. */
MUST_CHECK bool loads_results(struct answer *answer, struct task **tasks, size_t count,
	struct items *out, const struct load_shape *shape);

/* The load that is this task. */
const struct load *load_of(const struct task *task);

#endif
