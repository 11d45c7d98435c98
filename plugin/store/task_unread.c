#include <stdlib.h>

#include "loads.h"
#include "task_kinds.h"

static const Oid types[] = {OID_TEXTS};

static const struct statement statement = {
	.name = "unread",
	.function = "chat.unread",
	.sql = "select no, total, more, room, peer_id, count, seq, text, sent_at, ref"
	       " from chat.unread($1)",
	.takes_rows = true,
	.count = 1,
	.types = types,
};

static bool fill(struct params *params, struct task *const *tasks, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, ((const struct load_job *)tasks[i])->load.user_id);
	}
	return !params->failed;
}

static void read_chat(struct unread_chat *chat, struct row *row, struct slice user_id)
{
	chat->room = row_text(row, 3);
	chat->peer_id = row_text(row, 4);
	chat->count = row_int8(row, 5);
	chat->last.room = chat->room;
	chat->last.user_id = chat->peer_id;
	chat->last.opponent_id = user_id;
	chat->last.seq = row_int8(row, 6);
	chat->last.text = row_text(row, 7);
	chat->last.sent_at = row_time(row, 8);
	chat->last.ref = row_text_or_empty(row, 9);
}

static bool read_unread(struct unread_job *job, const PGresult *result, int first)
{
	struct row row = {.result = result, .no = first};
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
	size_t count = row_is_null(&row, 3) ? 0 : (size_t)rows;
	struct unread_job *job = calloc(1, sizeof(*job) + count * sizeof(job->chats[0]));
	if (job == NULL) {
		return NULL;
	}
	job->item.kind = JOB_UNREAD;
	job->asked = (struct load_job *)task;
	job->unread = (struct unread){.chats = job->chats, .count = count};
	*wrong = !read_unread(job, answer->result, first);
	if (*wrong) {
		free(job);
		return NULL;
	}
	job->answer = answer;
	answer_hold(answer);
	return &job->item;
}

static bool results(struct answer *answer, struct task **tasks, size_t count, struct items *out)
{
	return loads_results(answer, tasks, count, out, make_unread);
}

const struct task_kind task_unread = {
	.statement = &statement,
	.reads = true,
	.params = fill,
	.results = results,
};
