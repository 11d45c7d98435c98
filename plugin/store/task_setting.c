#include <stdio.h>

#include "task_kinds.h"

static const Oid types[] = {OID_TEXTS, OID_TEXTS, OID_BOOLS, OID_INT4};

static const struct statement statement_mute = {
	.name = "mute",
	.function = "chat.mute",
	.sql = "select no, outcome from chat.mute($1, $2, $3, $4)",
	.takes_rows = true,
	.tells = true,
	.count = 4,
	.types = types,
};
static const struct statement statement_block = {
	.name = "block",
	.function = "chat.block_peer",
	.sql = "select no, outcome from chat.block_peer($1, $2, $3)",
	.takes_rows = true,
	.count = 3,
	.types = types,
};

static const struct load *load_of(const struct task *task)
{
	return &((const struct load_job *)task)->load;
}

static bool fill(struct params *params, struct task *const *tasks, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, load_of(tasks[i])->user_id);
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, load_of(tasks[i])->room);
	}
	params_array(params, OID_BOOL, count);
	for (size_t i = 0; i < count; i++) {
		params_bool(params, load_of(tasks[i])->on);
	}
	return !params->failed;
}

/* A task that is done is a JOB_SET; where the room was locked it stays a JOB_LOAD. */
static bool read_row(struct load_job *job, struct row *row)
{
	static const struct {
		char outcome;
		enum set_as as;
	} outcomes[] = {
		{'m', SET_NEW},
		{'k', SET_NEW},
		{'s', SET_ALREADY},
		{'b', SET_NOT_THERE},
		{'f', SET_TOO_MANY},
	};
	char outcome = row_char(row, 1);
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (outcomes[i].outcome == outcome) {
			job->task.item.kind = JOB_SET;
			job->as = outcomes[i].as;
			return !row->wrong;
		}
	}
	return outcome == 'l' && !row->wrong;
}

static bool results(struct answer *answer, struct task **tasks, size_t count, struct items *out)
{
	bool good = (size_t)PQntuples(answer->result) == count;
	for (int i = 0; good && i < (int)count; i++) {
		struct row row = {.result = answer->result, .no = i};
		size_t index;
		good = row_index(&row, count, &index) &&
		       read_row((struct load_job *)tasks[index], &row);
	}
	for (size_t i = 0; i < count; i++) {
		if (!good) {
			tasks[i]->item.kind = JOB_LOAD;
		} else if (tasks[i]->item.kind == JOB_SET) {
			items_append(out, &tasks[i]->item);
			tasks[i] = NULL;
		}
	}
	return good;
}

static struct slice room(const struct task *task)
{
	return load_of(task)->room;
}

static void refuse(struct task *task, char *what, size_t size)
{
	snprintf(what, size, "a setting of %.*s for %.*s for good",
		SLICE_ARGS(load_of(task)->user_id), SLICE_ARGS(load_of(task)->room));
}

const struct task_kind task_mute = {
	.statement = &statement_mute,
	.params = fill,
	.results = results,
	.room = room,
	.refuse = refuse,
};
const struct task_kind task_block = {
	.statement = &statement_block,
	.params = fill,
	.results = results,
	.room = room,
	.refuse = refuse,
};
