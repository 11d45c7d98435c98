#include "loads.h"
#include "message_row.h"
#include "task_kinds.h"

static const Oid types[] = {OID_TEXTS};

static const struct statement statement = {
	.name = "lobbies",
	.function = "chat.lobbies",
	.sql = "select no, total, more, in_vain, room, peer_id, name, count, seq, " MESSAGE_COLUMNS
	       " from chat.lobbies($1)",
	.takes_rows = true,
	.count = 1,
	.types = types,
};
#define IN_VAIN 3
#define ROOM 4

static bool fill(struct params *params, struct task *const *tasks, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, load_of(tasks[i])->user_id);
	}
	return !params->failed;
}

static void read_chat(struct unread_chat *chat, struct row *row, struct slice user_id)
{
	chat->room = row_text(row, ROOM);
	chat->peer_id = row_text(row, ROOM + 1);
	chat->name = row_text_or_empty(row, ROOM + 2);
	chat->count = row_int8(row, ROOM + 3);
	chat->last.room = chat->room;
	chat->last.user_id = chat->peer_id;
	chat->last.opponent_id = user_id;
	chat->last.seq = row_int8(row, ROOM + 4);
	message_row(&chat->last, row, ROOM + 5);
}

static bool read_unread(struct load_answer *to, int first, size_t count)
{
	struct unread_job *job = (struct unread_job *)to;
	struct row row = {.result = to->answer->result, .no = first};
	job->unread.chats = job->chats;
	job->unread.count = count;
	job->unread.total = row_int8(&row, 1);
	job->unread.more = row_bool(&row, 2);
	for (size_t i = 0; i < job->unread.count && !row.wrong; i++) {
		row.no = first + (int)i;
		read_chat(&job->chats[i], &row, to->asked->load.user_id);
	}
	return !row.wrong;
}

static const struct load_shape shape = {
	.kind = JOB_UNREAD,
	.size = sizeof(struct unread_job),
	.row_size = sizeof(struct unread_chat),
	.column = ROOM,
	.read = read_unread,
};

/* Chats in which nothing waits any longer cost time whenever their user comes. */
static void settle_those_found_in_vain(
	const struct answer *answer, struct task *const *tasks, size_t count, struct items *out)
{
	for (int i = 0; i < PQntuples(answer->result); i += loads_rows(answer->result, i)) {
		struct row row = {.result = answer->result, .no = i};
		size_t index;
		if (row_int8_or(&row, IN_VAIN, 0) > 0 && row_index(&row, count, &index)) {
			struct settle_job *job = job_settle(load_of(tasks[index])->user_id);
			if (job != NULL) {
				items_append(out, &job->task.item);
			}
		}
	}
}

static bool results(struct answer *answer, struct task **tasks, size_t count, struct items *out)
{
	settle_those_found_in_vain(answer, tasks, count, out);
	return loads_results(answer, tasks, count, out, &shape);
}

const struct task_kind task_unread = {
	.statement = &statement,
	.reads = true,
	.params = fill,
	.results = results,
};
