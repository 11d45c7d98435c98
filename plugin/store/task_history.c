#include <stdlib.h>

#include "loads.h"
#include "message_row.h"
#include "task_kinds.h"

static const Oid types[] = {OID_TEXTS, OID_INT8S, OID_INT8S, OID_INT4S};

static const struct statement statement = {
	.name = "history",
	.function = "chat.history",
	.sql = "select no, a_read, b_read, more, seq, by_a, text, sent_at, ref"
	       " from chat.history($1, $2, $3, $4)",
	.takes_rows = true,
	.count = 4,
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
		params_text(params, load_of(tasks[i])->room);
	}
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		int64_t before = load_of(tasks[i])->before;
		params_int8_or_null(params, before, before > 0);
	}
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		int64_t after = load_of(tasks[i])->after;
		params_int8_or_null(params, after, after >= 0);
	}
	params_array(params, OID_INT4, count);
	for (size_t i = 0; i < count; i++) {
		params_int4(params, load_of(tasks[i])->limit);
	}
	return !params->failed;
}

static bool read_message(struct message *message, struct row *row, struct slice room)
{
	message->seq = row_int8(row, 4);
	message->user_id = room_user(room, row_bool(row, 5));
	message->text = row_text(row, 6);
	message->sent_at = row_time(row, 7);
	message->ref = row_text_or_empty(row, 8);
	return !row->wrong;
}

static bool read_page(struct page_job *job, const PGresult *result, int first)
{
	struct row row = {.result = result, .no = first};
	struct page *page = &job->page;
	page->a_read = row_int8(&row, 1);
	page->b_read = row_int8(&row, 2);
	page->more = row_bool(&row, 3);
	/* The rows come nearest first, and a page ascends. */
	bool ascending = job->asked->load.after >= 0;
	for (size_t i = 0; i < page->count && !row.wrong; i++) {
		row.no = first + (int)i;
		size_t at = ascending ? i : page->count - 1 - i;
		(void)read_message(&job->messages[at], &row, job->asked->load.room);
	}
	return !row.wrong;
}

static struct item *make_page(
	struct answer *answer, int first, int rows, struct task *task, bool *wrong)
{
	struct row row = {.result = answer->result, .no = first};
	size_t count = row_is_null(&row, 4) ? 0 : (size_t)rows;
	struct page_job *job = calloc(1, sizeof(*job) + count * sizeof(job->messages[0]));
	if (job == NULL) {
		return NULL;
	}
	job->item.kind = JOB_PAGE;
	job->asked = (struct load_job *)task;
	job->page = (struct page){.messages = job->messages, .count = count};
	*wrong = !read_page(job, answer->result, first);
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
	return loads_results(answer, tasks, count, out, make_page);
}

const struct task_kind task_history = {
	.statement = &statement,
	.reads = true,
	.params = fill,
	.results = results,
};
