#include "loads.h"
#include "message_row.h"
#include "task_kinds.h"

static const Oid types[] = {OID_TEXTS, OID_INT4S, OID_TEXTS};

static const struct statement statement = {
	.name = "chats",
	.function = "chat.chats",
	.sql = "select no, more, room, peer_id, name, count, a_read, b_read, muted, blocked, closed, next,"
	       " seq, by_a, " MESSAGE_COLUMNS " from chat.chats($1, $2, $3)",
	.takes_rows = true,
	.count = 3,
	.types = types,
};
#define MORE 1
#define ROOM 2
#define SEQ 12

static bool fill(struct params *params, struct task *const *tasks, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, load_of(tasks[i])->user_id);
	}
	params_array(params, OID_INT4, count);
	for (size_t i = 0; i < count; i++) {
		params_int4(params, load_of(tasks[i])->limit);
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text_or_null(params, load_of(tasks[i])->cursor);
	}
	return !params->failed;
}

static void read_last(struct listed_chat *chat, struct row *row)
{
	chat->has_last = !row_is_null(row, SEQ);
	if (!chat->has_last) {
		return;
	}
	bool by_a = row_bool(row, SEQ + 1);
	chat->last.room = chat->room;
	chat->last.seq = row_int8(row, SEQ);
	chat->last.user_id = room_user(chat->room, by_a);
	chat->last.opponent_id = room_user(chat->room, !by_a);
	message_row(&chat->last, row, SEQ + 2);
}

/* In a closed chat nobody is told how far the other one has read. */
static void read_markers(struct listed_chat *chat, struct row *row, struct slice user_id)
{
	bool closed = row_bool(row, ROOM + 8);
	bool is_a = room_user_is_a(chat->room, user_id);
	chat->a_read = closed && !is_a ? -1 : row_int8(row, ROOM + 4);
	chat->b_read = closed && is_a ? -1 : row_int8(row, ROOM + 5);
}

static void read_chat(struct listed_chat *chat, struct row *row, struct slice user_id)
{
	chat->room = row_text(row, ROOM);
	chat->peer_id = row_text(row, ROOM + 1);
	chat->name = row_text_or_empty(row, ROOM + 2);
	chat->count = row_int8(row, ROOM + 3);
	read_markers(chat, row, user_id);
	chat->muted = row_bool(row, ROOM + 6);
	chat->blocked = row_bool(row, ROOM + 7);
	chat->cursor = row_text(row, ROOM + 9);
	read_last(chat, row);
}

static bool read_chats(struct load_answer *to, int first, size_t count)
{
	struct chats_job *job = (struct chats_job *)to;
	struct row row = {.result = to->answer->result, .no = first};
	job->chats.chats = job->listed;
	job->chats.count = count;
	job->chats.bad_cursor = row_is_null(&row, MORE);
	job->chats.more = row_bool_or_false(&row, MORE);
	for (size_t i = 0; i < job->chats.count && !row.wrong; i++) {
		row.no = first + (int)i;
		read_chat(&job->listed[i], &row, to->asked->load.user_id);
	}
	return !row.wrong;
}

static const struct load_shape shape = {
	.kind = JOB_CHATS,
	.size = sizeof(struct chats_job),
	.row_size = sizeof(struct listed_chat),
	.column = ROOM,
	.read = read_chats,
};

static bool results(struct answer *answer, struct task **tasks, size_t count, struct items *out)
{
	return loads_results(answer, tasks, count, out, &shape);
}

const struct task_kind task_chats = {
	.statement = &statement,
	.reads = true,
	.params = fill,
	.results = results,
};
