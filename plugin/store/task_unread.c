#include <stdlib.h>

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

static struct slice user_of(const struct task *task)
{
	return ((const struct load_job *)task)->load.user_id;
}

static bool fill(struct params *params, struct task *const *tasks, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, user_of(tasks[i]));
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

static bool read_unread(struct unread_job *job, int first)
{
	struct row row = {.result = job->answer->result, .no = first};
	job->unread.total = row_int8(&row, 1);
	job->unread.more = row_bool(&row, 2);
	for (size_t i = 0; i < job->unread.count && !row.wrong; i++) {
		row.no = first + (int)i;
		read_chat(&job->chats[i], &row, job->asked->load.user_id);
	}
	return !row.wrong;
}

static struct item *make_unread(
	struct answer *answer, int first, int rows, struct task *task, bool *wrong)
{
	struct row row = {.result = answer->result, .no = first};
	size_t count = row_is_null(&row, ROOM) ? 0 : (size_t)rows;
	struct unread_job *job = calloc(1, sizeof(*job) + count * sizeof(job->chats[0]));
	if (job == NULL) {
		return NULL;
	}
	job->item.kind = JOB_UNREAD;
	job->asked = (struct load_job *)task;
	job->answer = answer;
	job->unread = (struct unread){.chats = job->chats, .count = count};
	*wrong = !read_unread(job, first);
	if (*wrong) {
		free(job);
		return NULL;
	}
	answer_hold(answer);
	return &job->item;
}

/* Chats in which nothing waits any longer cost time whenever their user comes. */
static void settle_those_found_in_vain(
	const struct answer *answer, struct task *const *tasks, size_t count, struct items *out)
{
	for (int i = 0; i < PQntuples(answer->result); i += loads_rows(answer->result, i)) {
		struct row row = {.result = answer->result, .no = i};
		size_t index;
		if (row_int8_or(&row, IN_VAIN, 0) > 0 && row_index(&row, count, &index)) {
			struct settle_job *job = job_settle(user_of(tasks[index]));
			if (job != NULL) {
				items_append(out, &job->task.item);
			}
		}
	}
}

static bool results(struct answer *answer, struct task **tasks, size_t count, struct items *out)
{
	settle_those_found_in_vain(answer, tasks, count, out);
	return loads_results(answer, tasks, count, out, make_unread);
}

const struct task_kind task_unread = {
	.statement = &statement,
	.reads = true,
	.params = fill,
	.results = results,
};
