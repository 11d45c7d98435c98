#include "loads.h"
#include "message_row.h"
#include "task_kinds.h"

static const Oid types[] = {OID_TEXTS, OID_INT8S, OID_INT4S};

static const struct statement statement = {
	.name = "changes",
	.function = "chat.changes",
	.sql = "select no, last_change, more, seq, by_a, " MESSAGE_COLUMNS
	       " from chat.changes($1, $2, $3)",
	.takes_rows = true,
	.count = 3,
	.types = types,
};
#define SEQ 3

static bool fill(struct params *params, struct task *const *tasks, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, load_of(tasks[i])->room);
	}
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		params_int8_or_null(params, load_of(tasks[i])->since, true);
	}
	params_array(params, OID_INT4, count);
	for (size_t i = 0; i < count; i++) {
		params_int4(params, load_of(tasks[i])->limit);
	}
	return !params->failed;
}

static bool read_changes(struct load_answer *to, int first, size_t count)
{
	struct changes_job *job = (struct changes_job *)to;
	struct row row = {.result = to->answer->result, .no = first};
	struct changes *changes = &job->changes;
	changes->messages = job->messages;
	changes->count = count;
	changes->change = row_int8(&row, 1);
	changes->more = row_bool(&row, 2);
	changes->epoch = slice_str(to->answer->epoch);
	for (size_t i = 0; i < changes->count && !row.wrong; i++) {
		struct message *message = &job->messages[i];
		row.no = first + (int)i;
		message->seq = row_int8(&row, SEQ);
		message->user_id = room_user(to->asked->load.room, row_bool(&row, SEQ + 1));
		message_row(message, &row, SEQ + 2);
	}
	/* Where it was cut, it is complete up to its last one only. */
	if (changes->more && changes->count > 0) {
		changes->change = job->messages[changes->count - 1].change;
	}
	return !row.wrong;
}

static const struct load_shape shape = {
	.kind = JOB_CHANGES,
	.size = sizeof(struct changes_job),
	.row_size = sizeof(struct message),
	.column = SEQ,
	.read = read_changes,
};

static bool results(struct answer *answer, struct task **tasks, size_t count, struct items *out)
{
	return loads_results(answer, tasks, count, out, &shape);
}

const struct task_kind task_changes = {
	.statement = &statement,
	.reads = true,
	.params = fill,
	.results = results,
};
