/* What goes to the server and what comes back, without a server: results are made by hand. */
#include "save_statement.h"

#include <stdlib.h>

#include "task_kinds.h"
#include "unit.h"
#include "verdict.h"

/* ---- the end of the memory */

static int allocations_left = -1; /* negative: no end */

static bool at_the_end(void)
{
	if (allocations_left == 0) {
		return true;
	}
	allocations_left -= allocations_left > 0;
	return false;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return at_the_end() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return at_the_end() ? NULL : __real_calloc(count, size);
}

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size)
{
	return at_the_end() ? NULL : __real_realloc(old, size);
}

/* ---- reading what was written */

struct array {
	const unsigned char *at;
	int32_t count;
};

static int32_t next_int4(struct array *array)
{
	uint32_t bits = 0;
	for (int i = 0; i < 4; i++) {
		bits = bits << 8 | *array->at++;
	}
	return (int32_t)bits;
}

static struct array array_of(const struct params *params, int no, Oid type)
{
	struct array array = {.at = (const unsigned char *)params->values[no].bytes};
	assert_int_equal(next_int4(&array), 1);
	assert_int_equal(next_int4(&array), 1);
	assert_int_equal(next_int4(&array), type);
	array.count = next_int4(&array);
	assert_int_equal(next_int4(&array), 1);
	return array;
}

/* The next element; without bytes when it is null. */
static struct slice next(struct array *array)
{
	int32_t len = next_int4(array);
	if (len < 0) {
		return slice_of(NULL, 0);
	}
	struct slice element = slice_of((const char *)array->at, (size_t)len);
	array->at += len;
	return element;
}

static void expect_texts(const struct params *params, int no, const char *const *texts, int count)
{
	struct array array = array_of(params, no, OID_TEXT);
	assert_int_equal(array.count, count);
	for (int i = 0; i < count; i++) {
		assert_slice_equal(next(&array), slice_str(texts[i]));
	}
}

/* ---- results made by hand */

static PGresult *empty_result(int columns)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc descriptions[32];
	char name[] = "column";
	memset(descriptions, 0, sizeof(descriptions));
	for (int i = 0; i < columns; i++) {
		descriptions[i].name = name;
		descriptions[i].format = 1;
	}
	assert_non_null(result);
	assert_int_equal(PQsetResultAttrs(result, columns, descriptions), 1);
	return result;
}

static void put_int(PGresult *result, int row, int column, int64_t value, int len)
{
	char bytes[8];
	for (int i = len - 1; i >= 0; i--) {
		bytes[i] = (char)(value & 0xff);
		value >>= 8;
	}
	assert_int_equal(PQsetvalue(result, row, column, bytes, len), 1);
}

static void put_text(PGresult *result, int row, int column, const char *text)
{
	char *bytes = (char *)(uintptr_t)text;
	int len = text == NULL ? -1 : (int)strlen(text);
	assert_int_equal(PQsetvalue(result, row, column, bytes, len), 1);
}

#define HISTORY_COLUMNS 26

/* A row of chat.pages(); without a message when seq is 0. */
static void put_history_row(PGresult *result, int row, int no, int64_t seq)
{
	put_int(result, row, 0, no, 4);
	for (int column = 1; column < HISTORY_COLUMNS; column++) {
		put_text(result, row, column, NULL);
	}
	put_int(result, row, 1, 3, 8);
	put_int(result, row, 2, 4, 8);
	put_int(result, row, 3, 1, 1);
	put_int(result, row, 4, 9, 8);
	put_int(result, row, 5, 0, 1);
	put_int(result, row, 6, 0, 1);
	put_int(result, row, 7, 1, 1);
	put_int(result, row, 8, 0, 1);
	put_text(result, row, 10, "Ben");
	put_int(result, row, 11, 2000, 8);
	put_int(result, row, 13, 0, 1);
	put_int(result, row, 14, 1, 1);
	if (seq == 0) {
		return;
	}
	put_int(result, row, 15, seq, 8);
	put_int(result, row, 16, seq % 2, 1);
	put_text(result, row, 17, "text");
	put_int(result, row, 18, 1000, 8);
	put_text(result, row, 19, seq == 1 ? "ref" : NULL);
	if (seq == 2) {
		put_text(result, row, 20, "{}");
		put_int(result, row, 21, 1, 8);
		put_int(result, row, 24, 7, 8);
	}
}

static struct save_job *saving(const char *room, const char *user, const char *ref, int64_t sent_at)
{
	struct message message = {
		.key = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
		.room = slice_str(room),
		.user_id = slice_str(user),
		.text = SLICE("hello"),
		.ref = slice_str(ref),
		.sent_at = sent_at,
	};
	struct save_job *job = job_save(&message);
	assert_non_null(job);
	return job;
}

static struct task *loading(const char *room, int64_t after)
{
	struct load load = {.what = LOAD_HISTORY, .room = slice_str(room), .after = after};
	struct load_job *job = job_load(&load, 0);
	assert_non_null(job);
	return &job->task;
}

/* What a kind makes of a result, which it takes. */
static bool results_of(const struct task_kind *kind, PGresult *result, struct task **tasks,
	size_t count, _Atomic size_t *undrained, struct items *out)
{
	struct answer *answer = answer_make(undrained);
	assert_non_null(answer);
	answer_set(answer, result);
	memcpy(answer->epoch, "e", 2);
	bool good = kind->results(answer, tasks, count, out);
	answer_release(answer);
	return good;
}

/* ---- */

static void rooms_are_sent_once_in_byte_order_and_numbered(void **state)
{
	(void)state;
	struct params params = {0};
	struct save_job *jobs[] = {saving("2/10", "2", NULL, 0), saving("1/2", "2", "r", 0),
		saving("2/10", "10", NULL, 0), saving("1/10", "1", NULL, 0)};
	const int32_t numbers[] = {3, 2, 3, 1};
	const bool by_a[] = {true, false, false, true};
	assert_true(save_params(&params, jobs, 4, false));
	assert_int_equal(params.count, statement_save.count - 1);
	expect_texts(&params, 0, (const char *const[]){"1/10", "1/2", "2/10"}, 3);
	assert_int_equal(params.values[1].len, 1);
	assert_int_equal(params.values[1].bytes[0], 0);
	struct array array = array_of(&params, 2, OID_INT4);
	for (int i = 0; i < 4; i++) {
		struct slice element = next(&array);
		struct array number = {.at = (const unsigned char *)element.bytes};
		assert_int_equal(element.len, 4);
		assert_int_equal(next_int4(&number), numbers[i]);
	}
	array = array_of(&params, 3, OID_BOOL);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(next(&array).bytes[0], by_a[i]);
	}
	params_finish(&params);
	for (int i = 0; i < 4; i++) {
		job_free(&jobs[i]->item);
	}
}

static void an_empty_ref_is_null_and_times_count_from_2000(void **state)
{
	(void)state;
	struct params params = {0};
	struct save_job *jobs[] = {
		saving("1/2", "1", NULL, 946684800001), saving("1/2", "1", "r", 0)};
	jobs[1]->in_doubt = true;
	assert_true(save_params(&params, jobs, 2, false));
	assert_int_equal(params.values[1].bytes[0], 1);
	struct array array = array_of(&params, 5, OID_TEXT);
	assert_null(next(&array).bytes);
	assert_slice_equal(next(&array), SLICE("r"));
	array = array_of(&params, 6, OID_TIME);
	assert_slice_equal(next(&array), slice_of("\0\0\0\0\0\0\003\350", 8));
	array = array_of(&params, 7, OID_UUID);
	assert_slice_equal(next(&array), slice_of("\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20", 16));
	params_finish(&params);
	job_free(&jobs[0]->item);
	job_free(&jobs[1]->item);
}

static void what_a_load_does_not_ask_for_is_null(void **state)
{
	(void)state;
	struct params params = {0};
	struct task *tasks[] = {loading("1/2", -1), loading("1/3", 0)};
	((struct load_job *)tasks[0])->load.before = 7;
	assert_true(task_history.params(&params, tasks, 2));
	assert_int_equal(params.count, task_history.statement->count);
	struct array array = array_of(&params, 1, OID_INT8);
	assert_slice_equal(next(&array), slice_of("\0\0\0\0\0\0\0\7", 8));
	assert_null(next(&array).bytes);
	array = array_of(&params, 2, OID_INT8);
	assert_null(next(&array).bytes);
	assert_slice_equal(next(&array), slice_of("\0\0\0\0\0\0\0\0", 8));
	params_finish(&params);
	job_free(&tasks[0]->item);
	job_free(&tasks[1]->item);
}

static void a_plain_batch_says_nothing_of_data_and_replies(void **state)
{
	(void)state;
	struct params params = {0};
	struct save_job *job = saving("1/2", "1", NULL, 0);
	assert_true(save_params(&params, &job, 1, false));
	assert_true(params.values[8].null);
	assert_true(params.values[9].null);
	job_free(&job->item);

	struct message message = {.room = SLICE("1/2"),
		.user_id = SLICE("1"),
		.text = SLICE("x"),
		.data = SLICE("{}"),
		.reply_to = 7};
	struct save_job *jobs[] = {saving("1/2", "1", NULL, 0), job_save(&message)};
	assert_true(save_params(&params, jobs, 2, false));
	assert_false(params.values[8].null);
	struct array array = array_of(&params, 8, OID_TEXT);
	assert_null(next(&array).bytes);
	assert_slice_equal(next(&array), SLICE("{}"));
	array = array_of(&params, 9, OID_INT8);
	assert_null(next(&array).bytes);
	assert_slice_equal(next(&array), slice_of("\0\0\0\0\0\0\0\7", 8));
	params_finish(&params);
	job_free(&jobs[0]->item);
	job_free(&jobs[1]->item);
}

#define SAVE_COLUMNS 14

/* A row of chat.store() without a stored message. */
static void put_save_row(PGresult *result, int row, int no, const char *outcome)
{
	put_int(result, row, 0, no, 4);
	put_text(result, row, 1, outcome);
	for (int column = 2; column < SAVE_COLUMNS; column++) {
		put_text(result, row, column, NULL);
	}
}

static void answers_to_a_batch_come_in_any_order(void **state)
{
	(void)state;
	struct save_answer answers[4];
	PGresult *result = empty_result(SAVE_COLUMNS);
	const char *const outcomes[] = {"l", "r", "n", "f"};
	for (int i = 0; i < 4; i++) {
		put_save_row(result, i, 4 - i, outcomes[i]);
	}
	put_int(result, 1, 2, 11, 8);
	put_text(result, 1, 5, "stored");
	put_int(result, 1, 6, -1, 8);
	put_text(result, 1, 8, "{}");
	put_int(result, 1, 12, 3, 8);
	put_int(result, 1, 13, 1, 1);
	put_int(result, 2, 2, 12, 8);
	put_int(result, 2, 4, 1, 1);
	assert_true(save_results(result, answers, 4));
	assert_int_equal(answers[0].outcome, SAVE_FORBIDDEN);
	assert_int_equal(answers[1].outcome, SAVE_STORED);
	assert_int_equal(answers[1].seq, 12);
	assert_false(answers[1].a_muted);
	assert_true(answers[1].b_muted);
	assert_int_equal(answers[2].outcome, SAVE_REPEATED);
	assert_int_equal(answers[2].seq, 11);
	assert_slice_equal(answers[2].stored.text, SLICE("stored"));
	assert_int_equal(answers[2].stored.sent_at, 946684799999);
	assert_slice_equal(answers[2].stored.data, SLICE("{}"));
	assert_int_equal(answers[2].stored.reply_to, 0);
	assert_int_equal(answers[2].stored.change, 3);
	assert_true(answers[2].stored.deleted);
	assert_int_equal(answers[3].outcome, SAVE_LOCKED);
	PQclear(result);
}

static void each_message_of_a_batch_is_answered_once(void **state)
{
	(void)state;
	struct save_answer answers[2];
	const int numbers[][2] = {{1, 1}, {2, 2}, {0, 1}, {1, 3}};
	PGresult *result = empty_result(SAVE_COLUMNS);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		for (int row = 0; row < 2; row++) {
			put_save_row(result, row, numbers[i][row], "l");
		}
		assert_false(save_results(result, answers, 2));
	}
	assert_false(save_results(result, answers, 1));
	put_int(result, 1, 0, 2, 4);
	assert_true(save_results(result, answers, 2));
	PQclear(result);
}

static void a_refused_message_comes_with_its_sqlstate(void **state)
{
	(void)state;
	struct save_answer answer;
	PGresult *result = empty_result(SAVE_COLUMNS);
	put_save_row(result, 0, 1, "x");
	put_text(result, 0, 5, "23514");
	assert_true(save_results(result, &answer, 1));
	assert_int_equal(answer.outcome, SAVE_REFUSED);
	assert_slice_equal(answer.sqlstate, SLICE("23514"));
	PQclear(result);
}

static void a_result_of_another_shape_is_refused(void **state)
{
	(void)state;
	struct save_answer answer;
	PGresult *result = empty_result(SAVE_COLUMNS);
	put_save_row(result, 0, 1, "l");
	put_int(result, 0, 0, 1, 8); /* not an int4 */
	assert_false(save_results(result, &answer, 1));
	PQclear(result);

	result = empty_result(SAVE_COLUMNS);
	put_save_row(result, 0, 1, "?"); /* no outcome that we know */
	put_int(result, 0, 2, 1, 8);
	assert_false(save_results(result, &answer, 1));
	PQclear(result);

	result = empty_result(SAVE_COLUMNS);
	put_save_row(result, 0, 1, "r"); /* a repeat of nothing */
	put_int(result, 0, 2, 1, 8);
	assert_false(save_results(result, &answer, 1));
	PQclear(result);
}

/* Takes a result for two requests: three messages up, nothing. */
static PGresult *two_pages(void)
{
	PGresult *result = empty_result(HISTORY_COLUMNS);
	put_history_row(result, 0, 1, 3);
	put_history_row(result, 1, 1, 2);
	put_history_row(result, 2, 1, 1);
	put_history_row(result, 3, 2, 0);
	return result;
}

static void pages_ascend_and_hold_the_result_until_the_last_is_freed(void **state)
{
	(void)state;
	_Atomic size_t undrained = 0;
	struct items out = {0};
	struct task *tasks[] = {loading("1/2", -1), loading("1/3", 0)};
	assert_true(results_of(&task_history, two_pages(), tasks, 2, &undrained, &out));
	assert_int_equal(out.count, 2);
	assert_true(atomic_load(&undrained) > 0);
	struct page_job *page = (struct page_job *)items_shift(&out);
	assert_int_equal(page->to.item.kind, JOB_PAGE);
	assert_int_equal(page->page.count, 3);
	assert_true(page->page.more);
	assert_int_equal(page->page.a_read, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(page->messages[i].seq, i + 1);
		assert_slice_equal(page->messages[i].user_id, i % 2 == 0 ? SLICE("1") : SLICE("2"));
		assert_slice_equal(page->messages[i].text, SLICE("text"));
		assert_slice_equal(page->messages[i].ref, i == 0 ? SLICE("ref") : SLICE(""));
		assert_int_equal(page->messages[i].sent_at, 946684800001);
	}
	assert_slice_equal(page->messages[1].data, SLICE("{}"));
	assert_int_equal(page->messages[1].reply_to, 1);
	assert_int_equal(page->messages[1].change, 7);
	assert_int_equal(page->messages[0].change, 0);
	assert_int_equal(page->page.change, 9);
	assert_slice_equal(page->page.epoch, SLICE("e"));
	assert_null(page->page.peer);
	struct page_job *empty = (struct page_job *)items_shift(&out);
	assert_int_equal(empty->page.count, 0);
	job_free(&page->to.item);
	assert_true(atomic_load(&undrained) > 0);
	job_free(&empty->to.item);
	assert_int_equal(atomic_load(&undrained), 0);
}

static void a_request_without_a_row_is_left_with_those_behind_it(void **state)
{
	(void)state;
	_Atomic size_t undrained = 0;
	struct items out = {0};
	struct task *tasks[] = {loading("1/2", -1), loading("1/3", 0), loading("1/4", 0)};
	PGresult *result = empty_result(HISTORY_COLUMNS);
	put_history_row(result, 0, 1, 3);
	put_history_row(result, 1, 3, 3);
	assert_false(results_of(&task_history, result, tasks, 3, &undrained, &out));
	assert_int_equal(out.count, 1);
	assert_int_equal(out.first->kind, JOB_PAGE);
	assert_null(tasks[0]);
	assert_int_equal(tasks[1]->item.kind, JOB_LOAD);
	assert_int_equal(tasks[2]->item.kind, JOB_LOAD);
	jobs_free(&out);
	job_free(&tasks[1]->item);
	job_free(&tasks[2]->item);
	assert_int_equal(atomic_load(&undrained), 0);
}

static void a_page_says_what_is_known_of_the_one_who_does_not_ask(void **state)
{
	(void)state;
	_Atomic size_t undrained = 0;
	struct items out = {0};
	struct load load = {
		.what = LOAD_HISTORY, .room = SLICE("1/2"), .user_id = SLICE("1"), .after = -1};
	struct load other = load;
	other.user_id = SLICE("2");
	struct task *tasks[] = {&job_load(&load, 0)->task, &job_load(&other, 0)->task};
	PGresult *result = empty_result(HISTORY_COLUMNS);
	put_history_row(result, 0, 1, 0);
	put_history_row(result, 1, 2, 0);
	assert_true(results_of(&task_history, result, tasks, 2, &undrained, &out));
	const struct peer *peer = ((struct page_job *)out.first)->page.peer;
	assert_slice_equal(peer->user_id, SLICE("2"));
	assert_false(peer->known);
	assert_slice_equal(peer->name, SLICE("Ben"));
	assert_true(peer->online);
	assert_int_equal(peer->seen_at, 0);
	peer = ((struct page_job *)out.last)->page.peer;
	assert_slice_equal(peer->user_id, SLICE("1"));
	assert_true(peer->known);
	assert_slice_equal(peer->name, SLICE(""));
	assert_false(peer->online);
	assert_int_equal(peer->seen_at, 946684800002);
	jobs_free(&out);
}

/* ---- changes */

static struct task *changing(const struct change *change)
{
	struct change_job *job = job_change(change, 0);
	assert_non_null(job);
	return &job->task;
}

static void an_edit_says_what_stays_and_what_goes(void **state)
{
	(void)state;
	struct params params = {0};
	const struct change changes[] = {
		{.kind = CHANGE_EDIT,
			.room = SLICE("1/2"),
			.user_id = SLICE("1"),
			.seq = 7,
			.has_text = true,
			.text = SLICE("new")},
		{.kind = CHANGE_EDIT,
			.room = SLICE("1/2"),
			.user_id = SLICE("2"),
			.has_data = true},
		{.kind = CHANGE_EDIT,
			.room = SLICE("1/2"),
			.user_id = SLICE("2"),
			.has_text = true,
			.has_data = true,
			.data = SLICE("{}")},
		{.kind = CHANGE_REACT,
			.room = SLICE("1/2"),
			.user_id = SLICE("2"),
			.reaction = SLICE("+"),
			.on = true},
	};
	struct task *tasks[4];
	for (int i = 0; i < 4; i++) {
		tasks[i] = changing(&changes[i]);
	}
	assert_true(task_change.params(&params, tasks, 4));
	assert_int_equal(params.count, task_change.statement->count - 1);
	struct array array = array_of(&params, 1, OID_BOOL);
	assert_int_equal(next(&array).bytes[0], 1);
	assert_int_equal(next(&array).bytes[0], 0);
	array = array_of(&params, 2, OID_CHAR);
	assert_slice_equal(next(&array), SLICE("e"));
	array = array_of(&params, 4, OID_TEXT);
	assert_slice_equal(next(&array), SLICE("new"));
	assert_null(next(&array).bytes);
	struct slice emptied = next(&array);
	assert_non_null(emptied.bytes);
	assert_int_equal(emptied.len, 0);
	array = array_of(&params, 5, OID_TEXT);
	assert_null(next(&array).bytes);
	assert_slice_equal(next(&array), SLICE("null"));
	assert_slice_equal(next(&array), SLICE("{}"));
	array = array_of(&params, 6, OID_TEXT);
	assert_null(next(&array).bytes);
	params_finish(&params);
	for (int i = 0; i < 4; i++) {
		job_free(&tasks[i]->item);
	}
}

#define CHANGE_COLUMNS 13

static void what_became_of_changes_is_read_with_the_message(void **state)
{
	(void)state;
	_Atomic size_t undrained = 0;
	struct items out = {0};
	struct change change = {
		.room = SLICE("1/2"), .user_id = SLICE("1"), .ref = SLICE("r"), .seq = 4};
	struct task *tasks[] = {changing(&change), changing(&change), changing(&change)};
	PGresult *result = empty_result(CHANGE_COLUMNS);
	const char *const outcomes[] = {"c", "b", "l"};
	for (int row = 0; row < 3; row++) {
		put_int(result, row, 0, row + 1, 4);
		put_text(result, row, 1, outcomes[row]);
		for (int column = 2; column < CHANGE_COLUMNS; column++) {
			put_text(result, row, column, NULL);
		}
	}
	put_int(result, 0, 3, 0, 1);
	put_text(result, 0, 4, "edited");
	put_int(result, 0, 5, 0, 8);
	put_int(result, 0, 11, 6, 8);
	put_text(result, 1, 2, "deleted");
	assert_true(results_of(&task_change, result, tasks, 3, &undrained, &out));
	assert_int_equal(out.count, 2);
	assert_non_null(tasks[2]);
	const struct change_job *done = (const struct change_job *)out.first;
	assert_int_equal(done->as, CHANGED_NEW);
	assert_int_equal(done->changed.change, 6);
	assert_slice_equal(done->changed.by, SLICE("1"));
	assert_slice_equal(done->changed.ref, SLICE("r"));
	assert_int_equal(done->changed.message.seq, 4);
	assert_slice_equal(done->changed.message.user_id, SLICE("2"));
	assert_slice_equal(done->changed.message.text, SLICE("edited"));
	assert_int_equal(((const struct change_job *)out.last)->as, CHANGED_DELETED);
	jobs_free(&out);
	job_free(&tasks[2]->item);
	assert_int_equal(atomic_load(&undrained), 0);
}

static struct task *marking(const char *room, int64_t seq)
{
	struct mark mark = {.room = slice_str(room), .user_id = SLICE("1"), .seq = seq};
	struct mark_job *job = job_mark(&mark, 0);
	assert_non_null(job);
	return &job->task;
}

static void put_mark_row(PGresult *result, int row, int no, bool locked, int64_t seq)
{
	put_int(result, row, 0, no, 4);
	put_int(result, row, 1, locked, 1);
	put_int(result, row, 2, 1, 1);
	put_int(result, row, 3, seq, 8);
	put_int(result, row, 4, 5, 8);
	put_int(result, row, 5, 6, 8);
	put_int(result, row, 6, no == 1, 1);
}

static void a_mark_whose_room_is_locked_is_left(void **state)
{
	(void)state;
	_Atomic size_t undrained = 0;
	struct items out = {0};
	struct task *tasks[] = {marking("1/2", 3), marking("1/3", 4)};
	PGresult *result = empty_result(7);
	put_mark_row(result, 0, 2, true, 0);
	put_mark_row(result, 1, 1, false, 3);
	assert_true(results_of(&task_mark, result, tasks, 2, &undrained, &out));
	assert_int_equal(out.count, 1);
	assert_null(tasks[0]);
	assert_non_null(tasks[1]);
	struct mark_job *done = (struct mark_job *)out.first;
	assert_int_equal(done->outcome, MARK_DONE);
	assert_int_equal(done->result.seq, 3);
	assert_int_equal(done->result.total, 6);
	jobs_free(&out);
	job_free(&tasks[1]->item);
}

static void rows_that_make_no_sense_leave_every_mark_unknown(void **state)
{
	(void)state;
	_Atomic size_t undrained = 0;
	struct items out = {0};
	struct task *tasks[] = {marking("1/2", 3), marking("1/3", 4)};
	PGresult *result = empty_result(7);
	put_mark_row(result, 0, 1, false, 3);
	put_mark_row(result, 1, 3, false, 3);
	assert_false(results_of(&task_mark, result, tasks, 2, &undrained, &out));
	assert_null(out.first);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(((struct mark_job *)tasks[i])->outcome, MARK_UNKNOWN);
		job_free(&tasks[i]->item);
	}
}

static void a_list_of_unread_chats_knows_its_user(void **state)
{
	(void)state;
	_Atomic size_t undrained = 0;
	struct items out = {0};
	struct load load = {.what = LOAD_UNREAD, .user_id = SLICE("1")};
	struct load_job *job = job_load(&load, 0);
	struct task *task = &job->task;
	PGresult *result = empty_result(18);
	for (int column = 0; column < 18; column++) {
		put_text(result, 0, column, NULL);
	}
	put_int(result, 0, 0, 1, 4);
	put_int(result, 0, 1, 12, 8);
	put_int(result, 0, 2, 1, 1);
	put_int(result, 0, 3, 1, 8);
	put_text(result, 0, 4, "1/2");
	put_text(result, 0, 5, "2");
	put_text(result, 0, 6, "Ben");
	put_int(result, 0, 7, 11, 8);
	put_int(result, 0, 8, 40, 8);
	put_text(result, 0, 9, "hi");
	put_int(result, 0, 10, 0, 8);
	assert_true(results_of(&task_unread, result, &task, 1, &undrained, &out));
	/* One of this user's chats was looked at in vain. */
	struct settle_job *settle = (struct settle_job *)items_shift(&out);
	assert_int_equal(settle->task.item.kind, JOB_SETTLE);
	assert_slice_equal(settle->user_id, SLICE("1"));
	job_free(&settle->task.item);
	struct unread_job *unread = (struct unread_job *)items_shift(&out);
	assert_int_equal(unread->to.item.kind, JOB_UNREAD);
	assert_int_equal(unread->unread.count, 1);
	assert_int_equal(unread->unread.total, 12);
	assert_true(unread->unread.more);
	assert_slice_equal(unread->chats[0].room, SLICE("1/2"));
	assert_slice_equal(unread->chats[0].name, SLICE("Ben"));
	assert_int_equal(unread->chats[0].count, 11);
	assert_slice_equal(unread->chats[0].last.user_id, SLICE("2"));
	assert_slice_equal(unread->chats[0].last.opponent_id, SLICE("1"));
	assert_int_equal(unread->chats[0].last.seq, 40);
	job_free(&unread->to.item);
}

static void out_of_memory_fails_a_request_and_leaks_nothing(void **state)
{
	(void)state;
	bool enough = false;
	for (int allocations = 0; !enough; allocations++) {
		_Atomic size_t undrained = 0;
		struct items out = {0};
		struct task *tasks[] = {loading("1/2", -1), loading("1/3", 0)};
		struct answer *answer = answer_make(&undrained);
		answer_set(answer, two_pages());
		allocations_left = allocations;
		assert_true(task_history.results(answer, tasks, 2, &out));
		allocations_left = -1;
		assert_int_equal(out.count, 2);
		enough = out.first->kind == JOB_PAGE && out.last->kind == JOB_PAGE;
		answer_release(answer);
		jobs_free(&out);
		assert_int_equal(atomic_load(&undrained), 0);
	}
}

static void out_of_memory_fails_a_statement_and_the_next_one_works(void **state)
{
	(void)state;
	struct params params = {0};
	struct save_job *job = saving("1/2", "1", NULL, 0);
	for (int allocations = 0; allocations < 8; allocations++) {
		allocations_left = allocations;
		assert_false(save_params(&params, &job, 1, false));
		allocations_left = -1;
		params_finish(&params);
	}
	assert_true(save_params(&params, &job, 1, false));
	params_finish(&params);
	job_free(&job->item);
}

static void every_sqlstate_asks_for_something(void **state)
{
	(void)state;
	const struct {
		const char *sqlstate;
		enum verdict verdict;
	} cases[] = {
		{NULL, VERDICT_AWAY},
		{"08006", VERDICT_AWAY},
		{"57P01", VERDICT_AWAY},
		{"57P03", VERDICT_AWAY},
		{"53100", VERDICT_AWAY},
		{"53300", VERDICT_AWAY},
		{"25006", VERDICT_AWAY},
		{"26000", VERDICT_AWAY},
		{"58030", VERDICT_AWAY},
		{"57014", VERDICT_AGAIN},
		{"55P03", VERDICT_AGAIN},
		{"40001", VERDICT_AGAIN},
		{"40P01", VERDICT_AGAIN},
		{"42501", VERDICT_HOLD},
		{"42P01", VERDICT_HOLD},
		{"28P01", VERDICT_HOLD},
		{"3D000", VERDICT_HOLD},
		{"3F000", VERDICT_HOLD},
		{"22021", VERDICT_REFUSE},
		{"23505", VERDICT_REFUSE},
		{"23514", VERDICT_REFUSE},
		{"P0001", VERDICT_REFUSE},
		{"44000", VERDICT_REFUSE},
		{"54000", VERDICT_REFUSE},
		{"40002", VERDICT_REFUSE},
		{"55000", VERDICT_REFUSE},
		{"XX000", VERDICT_REFUSE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(sqlstate_verdict(cases[i].sqlstate), cases[i].verdict);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rooms_are_sent_once_in_byte_order_and_numbered),
		cmocka_unit_test(an_empty_ref_is_null_and_times_count_from_2000),
		cmocka_unit_test(what_a_load_does_not_ask_for_is_null),
		cmocka_unit_test(a_plain_batch_says_nothing_of_data_and_replies),
		cmocka_unit_test(answers_to_a_batch_come_in_any_order),
		cmocka_unit_test(each_message_of_a_batch_is_answered_once),
		cmocka_unit_test(a_refused_message_comes_with_its_sqlstate),
		cmocka_unit_test(a_result_of_another_shape_is_refused),
		cmocka_unit_test(pages_ascend_and_hold_the_result_until_the_last_is_freed),
		cmocka_unit_test(a_request_without_a_row_is_left_with_those_behind_it),
		cmocka_unit_test(a_page_says_what_is_known_of_the_one_who_does_not_ask),
		cmocka_unit_test(an_edit_says_what_stays_and_what_goes),
		cmocka_unit_test(what_became_of_changes_is_read_with_the_message),
		cmocka_unit_test(a_mark_whose_room_is_locked_is_left),
		cmocka_unit_test(rows_that_make_no_sense_leave_every_mark_unknown),
		cmocka_unit_test(a_list_of_unread_chats_knows_its_user),
		cmocka_unit_test(out_of_memory_fails_a_request_and_leaks_nothing),
		cmocka_unit_test(out_of_memory_fails_a_statement_and_the_next_one_works),
		cmocka_unit_test(every_sqlstate_asks_for_something),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
