#include <stdlib.h>

#include "loads.h"
#include "message_row.h"
#include "task_kinds.h"

static const Oid types[] = {OID_TEXTS, OID_INT8S, OID_INT8S, OID_INT4S};

static const struct statement statement = {
	.name = "pages",
	.function = "chat.pages",
	.sql = "select no, a_read, b_read, more, last_change, closed, undecided, a_wrote, b_wrote, a_name,"
	       " b_name, a_seen_at, b_seen_at, a_online, b_online, seq, by_a, " MESSAGE_COLUMNS
	       " from chat.pages($1, $2, $3, $4)",
	.takes_rows = true,
	.count = 4,
	.types = types,
};

/* Of the room's first user; the second one's is the next column. */
#define WROTE 7
#define NAME 9
#define SEEN_AT 11
#define ONLINE 13
/* Of the message. */
#define SEQ 15

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

/* The one of the two who does not ask. */
static void read_peer(struct page_job *job, struct row *row)
{
	const struct load *load = &job->asked->load;
	if (load->user_id.len == 0) {
		return;
	}
	int b = room_user_is_a(load->room, load->user_id);
	job->peer = (struct peer){
		.user_id = room_user(load->room, !b),
		.known = row_bool(row, WROTE + b),
		.name = row_text_or_empty(row, NAME + b),
		.online = row_bool(row, ONLINE + b),
		.seen_at = row_time_or(row, SEEN_AT + b, 0),
	};
	job->page.peer = &job->peer;
}

static bool read_page(struct page_job *job, int first)
{
	struct row row = {.result = job->answer->result, .no = first};
	struct page *page = &job->page;
	page->a_read = row_int8(&row, 1);
	page->b_read = row_int8(&row, 2);
	page->more = row_bool(&row, 3);
	page->change = row_int8(&row, 4);
	page->closed = row_bool(&row, 5);
	page->undecided = row_bool(&row, 6);
	page->epoch = slice_str(job->answer->epoch);
	read_peer(job, &row);
	/* The rows come nearest first, and a page ascends. */
	bool ascending = job->asked->load.after >= 0;
	for (size_t i = 0; i < page->count && !row.wrong; i++) {
		struct message *message = &job->messages[ascending ? i : page->count - 1 - i];
		row.no = first + (int)i;
		message->seq = row_int8(&row, SEQ);
		message->user_id = room_user(job->asked->load.room, row_bool(&row, SEQ + 1));
		message_row(message, &row, SEQ + 2);
	}
	return !row.wrong;
}

static struct item *make_page(
	struct answer *answer, int first, int rows, struct task *task, bool *wrong)
{
	struct row row = {.result = answer->result, .no = first};
	size_t count = row_is_null(&row, SEQ) ? 0 : (size_t)rows;
	struct page_job *job = calloc(1, sizeof(*job) + count * sizeof(job->messages[0]));
	if (job == NULL) {
		return NULL;
	}
	job->item.kind = JOB_PAGE;
	job->asked = (struct load_job *)task;
	job->answer = answer;
	job->page = (struct page){.messages = job->messages, .count = count};
	*wrong = !read_page(job, first);
	if (*wrong) {
		free(job);
		return NULL;
	}
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
