/* Results that answer several loads: rows in the order of the loads, at least one for each. */
#ifndef CHAT_LOADS_H
#define CHAT_LOADS_H

#include <stdbool.h>
#include <stddef.h>

#include "job.h"
#include "pgbinary.h"

/* How many rows from `first` on belong to the same load. */
int loads_rows(const PGresult *result, int first);

/* As task_kind's `results`.  `make` makes the answer to one load of the `rows` rows from `first`
 * on; it then owns the task.  NULL: out of memory (the load fails: it is in `out` itself), or
 * *wrong, not what the schema promises. */
MUST_CHECK bool loads_results(struct answer *answer, struct task **tasks, size_t count,
	struct items *out,
	struct item *(*make)(
		struct answer *answer, int first, int rows, struct task *task, bool *wrong));

#endif
