#include "askers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "descriptors.h"

/* Nobody waits longer for an answer. */
#define ASK_MS PERMIT_WAIT_MS
#define IDLE_MS 60000
#define BATCH_MAX 64
#define SAY_EVERY_MS 60000

/* The application's function is planned as it would be anywhere else. */
#define SETTINGS                                                                                   \
	"set statement_timeout = '1s';"                                                            \
	"reset plan_cache_mode; reset enable_seqscan; reset enable_bitmapscan;"                    \
	"reset enable_hashjoin; reset enable_mergejoin; reset jit"

static const Oid types[] = {OID_TEXTS};

static const struct statement begun = {
	.name = "begun",
	.function = "chat.begun",
	.sql = "select no from chat.begun($1)",
	.takes_rows = true,
	.count = 1,
	.types = types,
};

static const struct statement may = {
	.name = "may",
	.function = "chat.may_chat",
	.sql = "select no, may from chat.may($1)",
	.takes_rows = true,
	.count = 1,
	.types = types,
};

static const struct statement *const statements[] = {&begun, &may};

/* Each item is a question with its answer. */
static void answer(struct asker *asker, struct items *items, enum permit permit)
{
	if (items->first == NULL) {
		return;
	}
	for (struct item *item = items->first; item != NULL; item = item->next) {
		((struct ask_job *)item)->permit = permit;
	}
	atomic_fetch_sub(&asker->waiting, items->count);
	report_items(asker->report, items);
}

static void fill(struct asker *asker, const struct items *items)
{
	params_begin(&asker->params);
	params_array(&asker->params, OID_TEXT, items->count);
	for (const struct item *item = items->first; item != NULL; item = item->next) {
		params_text(&asker->params, ((const struct ask_job *)item)->room);
	}
}

static void say_refused(struct asker *asker, const struct statement *statement)
{
	char line[REPORT_LINE_MAX];
	int64_t now = clock_ms();
	if (asker->said_at != 0 && now - asker->said_at < SAY_EVERY_MS) {
		return;
	}
	asker->said_at = now;
	snprintf(line, sizeof(line),
		"database: %s fails, SQLSTATE %s: who begins a chat is told to try again",
		statement->function, pgconn_sqlstate(&asker->conn));
	report_line(asker->report, STORE_WARNING, line);
}

/* NULL: no answer. */
static PGresult *run(
	struct asker *asker, const struct statement *statement, const struct items *items)
{
	PGresult *result = NULL;
	fill(asker, items);
	if (asker->params.failed) {
		return NULL;
	}
	enum pgconn_ran ran = pgconn_run(&asker->conn, statement, &asker->params, &result);
	if (ran == RAN_WELL) {
		pgconn_well(&asker->conn);
	} else if (ran == RAN_REFUSED) {
		say_refused(asker, statement);
	}
	return result;
}

static void split(
	const PGresult *result, struct items *batch, struct items *given, struct items *fresh)
{
	bool is_begun[BATCH_MAX] = {false};
	for (int i = 0; i < PQntuples(result); i++) {
		struct row row = {.result = result, .no = i};
		size_t index;
		if (row_index(&row, batch->count, &index)) {
			is_begun[index] = true;
		}
	}
	struct item *item;
	for (size_t i = 0; (item = items_shift(batch)) != NULL; i++) {
		items_append(is_begun[i] ? given : fresh, item);
	}
}

/* Most questions are about chats that only this broker knows too little of, so those are sorted out
 * first, many at once. */
static void sort_out(struct asker *asker, struct items *asked)
{
	while (asked->first != NULL) {
		struct items batch = {0};
		struct items given = {0};
		while (asked->first != NULL && batch.count < BATCH_MAX) {
			items_append(&batch, items_shift(asked));
		}
		PGresult *result = run(asker, &begun, &batch);
		if (result == NULL) {
			answer(asker, &batch, PERMIT_FAILED);
		} else {
			split(result, &batch, &given, &asker->fresh);
			answer(asker, &given, PERMIT_GIVEN);
		}
		PQclear(result);
	}
}

static enum permit ask(struct asker *asker, const struct items *one)
{
	const struct ask_job *job = (const struct ask_job *)one->first;
	if (clock_ms() - job->since >= ASK_MS) {
		return PERMIT_FAILED;
	}
	PGresult *result = run(asker, &may, one);
	struct row row = {.result = result};
	enum permit permit = PERMIT_FAILED;
	if (result != NULL && PQntuples(result) == 1) {
		permit = row_bool(&row, 1) ? PERMIT_GIVEN : PERMIT_REFUSED;
	}
	PQclear(result);
	return row.wrong ? PERMIT_FAILED : permit;
}

/* The application is asked about one chat at a time: what it takes long for, or fails at, is then
 * nobody else's. */
static void ask_one(struct asker *asker)
{
	struct item *item = items_shift(&asker->fresh);
	if (item != NULL) {
		struct items one = {0};
		items_append(&one, item);
		answer(asker, &one, ask(asker, &one));
	}
}

static bool is_ready(struct asker *asker)
{
	return asker->conn.state == PGCONN_READY ||
	       (clock_ms() >= asker->conn.retry_at && pgconn_connect(&asker->conn));
}

static void fail_all(struct asker *asker, struct items *asked)
{
	items_join(&asker->fresh, asked);
	answer(asker, &asker->fresh, PERMIT_FAILED);
}

/* True: the thread has to end. */
static bool sleep_until_asked(struct asker *asker)
{
	int64_t idle_at = asker->used_at + IDLE_MS;
	if (asker->conn.state == PGCONN_READY && clock_ms() >= idle_at) {
		pgconn_finish(&asker->conn);
	}
	int64_t until = asker->conn.state == PGCONN_READY ? idle_at : NEVER;
	return queue_await(&asker->in) && pgconn_sleep(&asker->conn, until) == WAKEUP_STOP;
}

static bool turn(struct asker *asker)
{
	struct items asked = queue_take_all(&asker->in);
	if (asked.first == NULL && asker->fresh.first == NULL) {
		return sleep_until_asked(asker);
	}
	asker->used_at = clock_ms();
	if (!is_ready(asker)) {
		fail_all(asker, &asked);
	} else {
		sort_out(asker, &asked);
		ask_one(asker);
	}
	return pgconn_sleep(&asker->conn, 0) == WAKEUP_STOP;
}

static void *run_thread(void *arg)
{
	struct asker *asker = arg;
	descriptors_part(asker->wakeup.fd, -1);
	while (!turn(asker)) {
	}
	pgconn_finish(&asker->conn);
	return NULL;
}

static void destroy(struct asker *asker)
{
	struct items left = queue_close(&asker->in);
	jobs_free(&left);
	jobs_free(&asker->fresh);
	queue_finish(&asker->in);
	wakeup_finish(&asker->wakeup);
	pgconn_finish(&asker->conn);
	params_finish(&asker->params);
	free(asker);
}

static bool start(struct asker *asker)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(&asker->thread, NULL, run_thread, asker) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

/* NULL: out of memory, threads or file descriptors. */
static struct asker *create(const struct askers *askers)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	if (asker == NULL) {
		return NULL;
	}
	asker->report = askers->report;
	if (!wakeup_init(&asker->wakeup)) {
		free(asker);
		return NULL;
	}
	if (!queue_init(&asker->in, ASKER_WAITING_MAX, &asker->wakeup)) {
		wakeup_finish(&asker->wakeup);
		free(asker);
		return NULL;
	}
	pgconn_init(&asker->conn, &(struct pgconn_options){
					  .conninfo = askers->conninfo,
					  .statements = statements,
					  .count = sizeof(statements) / sizeof(statements[0]),
					  .lock_timeout_ms = ASK_MS,
					  .settings = SETTINGS,
					  .part = REPORT_BESIDE,
					  .report = askers->report,
					  .wakeup = &asker->wakeup,
				  });
	if (!start(asker)) {
		destroy(asker);
		return NULL;
	}
	return asker;
}

void askers_init(struct askers *askers, const char *conninfo, struct report *report)
{
	*askers = (struct askers){.conninfo = conninfo, .report = report};
}

/* One that has nothing to do; else a new one; else the one with the least. */
static struct asker *choose(struct askers *askers)
{
	struct asker *best = NULL;
	for (size_t i = 0; i < askers->count; i++) {
		struct asker *it = askers->list[i];
		if (best == NULL || atomic_load(&it->waiting) < atomic_load(&best->waiting)) {
			best = it;
		}
	}
	if (askers->count == ASKERS_MAX || (best != NULL && atomic_load(&best->waiting) == 0)) {
		return best;
	}
	struct asker *another = create(askers);
	if (another != NULL) {
		askers->list[askers->count++] = another;
		return another;
	}
	return best;
}

enum chat_error askers_ask(struct askers *askers, struct slice room)
{
	struct asker *asker = choose(askers);
	struct ask_job *job = asker == NULL ? NULL : job_ask(room, clock_ms());
	if (job == NULL) {
		return CHAT_ENOMEM;
	}
	atomic_fetch_add(&asker->waiting, 1);
	enum chat_error error = queue_put(&asker->in, &job->item);
	if (error != CHAT_OK) {
		atomic_fetch_sub(&asker->waiting, 1);
		job_free(&job->item);
	}
	return error;
}

void askers_stop(struct askers *askers, int64_t at)
{
	for (size_t i = 0; i < askers->count; i++) {
		wakeup_stop(&askers->list[i]->wakeup, at);
	}
}

bool askers_end(struct askers *askers, int64_t until)
{
	bool ended = true;
	for (size_t i = 0; i < askers->count; i++) {
		ended = thread_join(askers->list[i]->thread, until) && ended;
	}
	return ended;
}

void askers_finish(struct askers *askers)
{
	for (size_t i = 0; i < askers->count; i++) {
		destroy(askers->list[i]);
	}
	askers->count = 0;
}
