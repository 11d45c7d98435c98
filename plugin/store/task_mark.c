#include <stdio.h>

#include "task_kinds.h"

static const Oid types[] = {OID_TEXTS, OID_TEXTS, OID_INT8S, OID_INT4};

static const struct statement statement = {
	.name = "mark",
	.function = "chat.mark",
	.sql = "select no, locked, moved, seq, count, total, follow from chat.mark($1, $2, $3, $4)",
	.takes_rows = true,
	.tells = true,
	.count = 4,
	.types = types,
};

static const struct mark *mark_of(const struct task *task)
{
	return &((const struct mark_job *)task)->mark;
}

static bool fill(struct params *params, struct task *const *tasks, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, mark_of(tasks[i])->room);
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, mark_of(tasks[i])->user_id);
	}
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		params_int8_or_null(params, mark_of(tasks[i])->seq, true);
	}
	return !params->failed;
}

static bool read_row(struct mark_job *job, struct row *row, bool *undelivered)
{
	job->outcome = row_bool(row, 1) ? MARK_UNKNOWN : MARK_DONE;
	job->result = (struct marked){
		.moved = row_bool(row, 2),
		.seq = row_int8(row, 3),
		.count = row_int8(row, 4),
		.total = row_int8(row, 5),
	};
	*undelivered = row_bool(row, 6) || *undelivered;
	return !row->wrong;
}

static bool results(struct answer *answer, struct task **tasks, size_t count, struct items *out)
{
	bool good = (size_t)PQntuples(answer->result) == count;
	for (int i = 0; good && i < (int)count; i++) {
		struct row row = {.result = answer->result, .no = i};
		size_t index;
		good = row_index(&row, count, &index) &&
		       read_row((struct mark_job *)tasks[index], &row, &answer->undelivered);
	}
	for (size_t i = 0; i < count; i++) {
		struct mark_job *job = (struct mark_job *)tasks[i];
		if (!good) {
			job->outcome = MARK_UNKNOWN;
		} else if (job->outcome == MARK_DONE) {
			items_append(out, &job->task.item);
			tasks[i] = NULL;
		}
	}
	return good;
}

static void refuse(struct task *task, char *what, size_t size)
{
	((struct mark_job *)task)->outcome = MARK_REFUSED;
	snprintf(what, size, "a read mark of %.*s in %.*s for good",
		SLICE_ARGS(mark_of(task)->user_id), SLICE_ARGS(mark_of(task)->room));
}

const struct task_kind task_mark = {
	.statement = &statement,
	.params = fill,
	.results = results,
	.refuse = refuse,
};
