#include <stdio.h>

#include "message_row.h"
#include "task_kinds.h"

static const Oid types[] = {OID_TEXTS, OID_BOOLS, OID_CHARS, OID_INT8S, OID_TEXTS, OID_TEXTS,
	OID_TEXTS, OID_BOOLS, OID_TIMES, OID_TEXTS, OID_INT4};

static const struct statement statement = {
	.name = "change",
	.function = "chat.change",
	.sql = "select no, outcome, reason, by_a, text, sent_at, ref, data, reply_to, edited_at,"
	       " message_reactions, change, is_deleted"
	       " from chat.change($1, $2, $3, $4, $5, $6, $7, $8, $9, $11, $10)",
	.takes_rows = true,
	.tells = true,
	.count = 11,
	.types = types,
};

static const struct change *change_of(const struct task *task)
{
	return &((const struct change_job *)task)->change;
}

static void put_whose(struct params *params, struct task *const *tasks, size_t count)
{
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, change_of(tasks[i])->room);
	}
	params_array(params, OID_BOOL, count);
	for (size_t i = 0; i < count; i++) {
		const struct change *change = change_of(tasks[i]);
		params_bool(params, room_user_is_a(change->room, change->user_id));
	}
}

static void put_which(struct params *params, struct task *const *tasks, size_t count)
{
	static const char kinds[] = {
		[CHANGE_EDIT] = 'e', [CHANGE_DELETE] = 'd', [CHANGE_REACT] = 'r'};
	params_array(params, OID_CHAR, count);
	for (size_t i = 0; i < count; i++) {
		params_char(params, kinds[change_of(tasks[i])->kind]);
	}
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		params_int8_or_null(params, change_of(tasks[i])->seq, true);
	}
}

/* Null leaves what is; data `null` takes it away. */
static void put_edits(struct params *params, struct task *const *tasks, size_t count)
{
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		const struct change *change = change_of(tasks[i]);
		if (change->has_text) {
			params_text(params, change->text);
		} else {
			params_text_or_null(params, slice_of("", 0));
		}
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		const struct change *change = change_of(tasks[i]);
		struct slice data = change->has_data ? change->data : slice_of("", 0);
		bool removes = change->has_data && data.len == 0;
		params_text_or_null(params, removes ? SLICE("null") : data);
	}
}

static void put_reactions(struct params *params, struct task *const *tasks, size_t count)
{
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text_or_null(params, change_of(tasks[i])->reaction);
	}
	params_array(params, OID_BOOL, count);
	for (size_t i = 0; i < count; i++) {
		params_bool(params, change_of(tasks[i])->on);
	}
}

static bool fill(struct params *params, struct task *const *tasks, size_t count)
{
	params_begin(params);
	put_whose(params, tasks, count);
	put_which(params, tasks, count);
	put_edits(params, tasks, count);
	put_reactions(params, tasks, count);
	params_array(params, OID_TIME, count);
	for (size_t i = 0; i < count; i++) {
		params_time(params, change_of(tasks[i])->asked_at);
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text_or_null(params, change_of(tasks[i])->ref);
	}
	return !params->failed;
}

static enum changed_as reason_of(struct row *row)
{
	static const struct {
		const char *word;
		enum changed_as as;
	} reasons[] = {
		{"seq", CHANGED_NOT_THERE},
		{"deleted", CHANGED_DELETED},
		{"text", CHANGED_EMPTY},
		{"reaction", CHANGED_TOO_MANY},
	};
	struct slice word = row_text(row, 2);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (slice_equal(word, slice_str(reasons[i].word))) {
			return reasons[i].as;
		}
	}
	row->wrong = true;
	return CHANGED_NOT_THERE;
}

static void read_changed(struct change_job *job, struct row *row)
{
	const struct change *change = &job->change;
	bool by_a = row_bool(row, 3);
	job->changed = (struct changed){.by = change->user_id, .ref = change->ref};
	struct message *message = &job->changed.message;
	message->room = change->room;
	message->seq = change->seq;
	message->user_id = room_user(change->room, by_a);
	message->opponent_id = room_user(change->room, !by_a);
	message_row(message, row, 4);
	job->changed.change = message->change;
}

/* `lost` stays where the room was locked. */
static bool read_row(struct change_job *job, struct row *row)
{
	char outcome = row_char(row, 1);
	job->lost = outcome == 'l';
	switch (outcome) {
	case 'c':
	case 's':
		job->as = outcome == 'c' ? CHANGED_NEW : CHANGED_ALREADY;
		read_changed(job, row);
		break;
	case 'b':
		job->as = reason_of(row);
		break;
	case 'f':
		job->as = CHANGED_FORBIDDEN;
		break;
	case 'l':
		break;
	default:
		return false;
	}
	return !row->wrong;
}

static bool results(struct answer *answer, struct task **tasks, size_t count, struct items *out)
{
	bool good = (size_t)PQntuples(answer->result) == count;
	for (int i = 0; good && i < (int)count; i++) {
		struct row row = {.result = answer->result, .no = i};
		size_t index;
		good = row_index(&row, count, &index) &&
		       read_row((struct change_job *)tasks[index], &row);
	}
	for (size_t i = 0; i < count; i++) {
		struct change_job *job = (struct change_job *)tasks[i];
		if (!good) {
			job->lost = true;
		} else if (!job->lost) {
			job->answer = answer;
			answer_hold(answer);
			items_append(out, &job->task.item);
			tasks[i] = NULL;
		}
	}
	return good;
}

static struct slice room(const struct task *task)
{
	return change_of(task)->room;
}

static void refuse(struct task *task, char *what, size_t size)
{
	struct change_job *job = (struct change_job *)task;
	job->lost = false;
	job->as = CHANGED_REJECTED;
	snprintf(what, size, "a change by %.*s in %.*s for good", SLICE_ARGS(job->change.user_id),
		SLICE_ARGS(job->change.room));
}

const struct task_kind task_change = {
	.statement = &statement,
	.params = fill,
	.results = results,
	.room = room,
	.refuse = refuse,
};
