#include "loads.h"

#include <stdlib.h>

int loads_rows(const PGresult *result, int first)
{
	int rows = PQntuples(result);
	struct row row = {.result = result, .no = first};
	int32_t no = row_int4(&row, 0);
	int n = 1;
	while (first + n < rows) {
		struct row next = {.result = result, .no = first + n};
		if (row_int4(&next, 0) != no) {
			break;
		}
		n++;
	}
	return n;
}

const struct load *load_of(const struct task *task)
{
	return &((const struct load_job *)task)->load;
}

/* The answer to one load, which owns the task; NULL: out of memory, or *wrong. */
static struct item *make(const struct load_shape *shape, struct answer *answer, int first, int rows,
	struct task *task, bool *wrong)
{
	struct row row = {.result = answer->result, .no = first};
	size_t count = row_is_null(&row, shape->column) ? 0 : (size_t)rows;
	struct load_answer *to = calloc(1, shape->size + count * shape->row_size);
	if (to == NULL) {
		return NULL;
	}
	to->item.kind = shape->kind;
	to->asked = (struct load_job *)task;
	to->answer = answer;
	*wrong = !shape->read(to, first, count);
	if (*wrong) {
		free(to);
		return NULL;
	}
	answer_hold(answer);
	return &to->item;
}

bool loads_results(struct answer *answer, struct task **tasks, size_t count, struct items *out,
	const struct load_shape *shape)
{
	int first = 0;
	size_t done = 0;
	bool wrong = false;
	for (; first < PQntuples(answer->result) && done < count; done++) {
		struct row row = {.result = answer->result, .no = first};
		size_t index;
		if (!row_index(&row, count, &index) || index != done) {
			return false;
		}
		int rows = loads_rows(answer->result, first);
		struct item *item = make(shape, answer, first, rows, tasks[done], &wrong);
		if (wrong) {
			return false;
		}
		items_append(out, item != NULL ? item : &tasks[done]->item);
		tasks[done] = NULL;
		first += rows;
	}
	return done == count && first == PQntuples(answer->result);
}
