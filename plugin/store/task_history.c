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
	const struct load *load = &job->to.asked->load;
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

static bool read_page(struct load_answer *to, int first, size_t count)
{
	struct page_job *job = (struct page_job *)to;
	struct row row = {.result = to->answer->result, .no = first};
	struct page *page = &job->page;
	page->messages = job->messages;
	page->count = count;
	page->a_read = row_int8(&row, 1);
	page->b_read = row_int8(&row, 2);
	page->more = row_bool(&row, 3);
	page->change = row_int8(&row, 4);
	page->closed = row_bool(&row, 5);
	page->undecided = row_bool(&row, 6);
	page->epoch = slice_str(to->answer->epoch);
	read_peer(job, &row);
	/* The rows come nearest first, and a page ascends. */
	bool ascending = to->asked->load.after >= 0;
	for (size_t i = 0; i < page->count && !row.wrong; i++) {
		struct message *message = &job->messages[ascending ? i : page->count - 1 - i];
		row.no = first + (int)i;
		message->seq = row_int8(&row, SEQ);
		message->user_id = room_user(to->asked->load.room, row_bool(&row, SEQ + 1));
		message_row(message, &row, SEQ + 2);
	}
	return !row.wrong;
}

static const struct load_shape shape = {
	.kind = JOB_PAGE,
	.size = sizeof(struct page_job),
	.row_size = sizeof(struct message),
	.column = SEQ,
	.read = read_page,
};

static bool results(struct answer *answer, struct task **tasks, size_t count, struct items *out)
{
	return loads_results(answer, tasks, count, out, &shape);
}

const struct task_kind task_history = {
	.statement = &statement,
	.reads = true,
	.params = fill,
	.results = results,
};
