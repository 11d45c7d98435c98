#include "loader.h"

#include <stdlib.h>

#include "descriptors.h"
#include "job.h"

/* Others wait meanwhile; what is locked is soon asked for again. */
#define LOCK_TIMEOUT_MS 50

/* Nobody waits longer for an answer, so a load that is older is not worth a statement. */
#define LOAD_AGE_MAX_MS 10000

/* Answers that the broker's thread has not taken: beyond this the next ones have to wait. */
#define UNDRAINED_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* A mark's locked room is looked at again after 1 ms, doubling, to at most this. */
#define PAUSE_MAX_MS 250
/* One that came to a lock which cannot be skipped costs LOCK_TIMEOUT_MS each time. */
#define LONE_PAUSE_MAX_MS 2000

/* Deliveries follow when nothing else is to do, and in between at least so often. */
#define DELIVER_EVERY_MS 50
/* After a delivery that failed or found its room locked. */
#define DELIVER_PAUSE_MS 250

bool loader_init(struct loader *loader, const char *conninfo, struct report *report)
{
	static const struct statement *const statements[] = {
		&statement_history, &statement_unread, &statement_mark, &statement_deliver};
	*loader = (struct loader){
		.report = report,
		.load_cap = LOADS_MAX,
		.mark_cap = MARKS_MAX,
	};
	if (!wakeup_init(&loader->wakeup)) {
		return false;
	}
	if (!queue_init(&loader->in, SIZE_MAX, &loader->wakeup)) {
		wakeup_finish(&loader->wakeup);
		return false;
	}
	struct items none = queue_close(&loader->in);
	jobs_free(&none);
	pgconn_init(&loader->conn, &(struct pgconn_options){
					   .conninfo = conninfo,
					   .statements = statements,
					   .count = sizeof(statements) / sizeof(statements[0]),
					   .lock_timeout_ms = LOCK_TIMEOUT_MS,
					   .part = REPORT_LOADER,
					   .report = report,
					   .wakeup = &loader->wakeup,
				   });
	return true;
}

void loader_finish(struct loader *loader)
{
	struct items left = queue_close(&loader->in);
	jobs_free(&left);
	jobs_free(&loader->histories);
	jobs_free(&loader->unreads);
	jobs_free(&loader->marks);
	jobs_free(&loader->locked_marks);
	queue_finish(&loader->in);
	wakeup_finish(&loader->wakeup);
	pgconn_finish(&loader->conn);
	params_finish(&loader->params);
}

/* What came in, by kind. */
static void sort_out(struct loader *loader, struct items *news)
{
	struct item *item;
	while ((item = items_shift(news)) != NULL) {
		if (item->kind == JOB_MARK) {
			items_append(&loader->marks, item);
		} else if (((struct load_job *)item)->load.what == LOAD_HISTORY) {
			items_append(&loader->histories, item);
		} else {
			items_append(&loader->unreads, item);
		}
	}
}

/* Each item is what became of one request. */
static void report_done(struct loader *loader, struct items *out)
{
	atomic_fetch_sub(&loader->asked, out->count);
	report_items(loader->report, out);
}

static void report_one(struct loader *loader, struct item *item)
{
	struct items out = {0};
	items_append(&out, item);
	report_done(loader, &out);
}

/* From no answer to all that wait; the marks are `unknown` already. */
static void fail_all(struct loader *loader)
{
	struct items left = queue_close(&loader->in);
	items_join(&left, &loader->marks);
	items_join(&left, &loader->locked_marks);
	items_join(&left, &loader->histories);
	items_join(&left, &loader->unreads);
	report_done(loader, &left);
}

/* Who asks from now on is told at once; that goes out before the failures that come of it. */
static void stop_answering(struct loader *loader)
{
	if (loader->answering) {
		loader->answering = false;
		struct items left = queue_close(&loader->in);
		sort_out(loader, &left);
		(void)!report_answering(loader->report, false, &loader->wakeup);
	}
	fail_all(loader);
}

static void start_answering(struct loader *loader)
{
	loader->answering = true;
	loader->load_cap = LOADS_MAX;
	loader->mark_cap = MARKS_MAX;
	loader->strikes = 0;
	loader->not_before = 0;
	/* Perhaps something was left behind when the connection, or the plugin, ended last time. */
	loader->delivering = true;
	loader->deliver_after_len = 0;
	loader->deliver_due = 0;
	queue_open(&loader->in);
	(void)!report_answering(loader->report, true, &loader->wakeup);
}

static size_t take(struct items *from, struct item **batch, size_t max)
{
	size_t count = 0;
	while (count < max && from->first != NULL) {
		batch[count++] = items_shift(from);
	}
	return count;
}

static void give_back(struct items *to, struct item **batch, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		items_prepend(to, batch[i]);
	}
}

static void went_well(struct loader *loader, size_t *cap, size_t max)
{
	*cap = *cap * 2 > max ? max : *cap * 2;
	pgconn_well(&loader->conn);
}

/* Reading came to a lock: again, in smaller pieces and after a pause. */
static void loads_in_the_way(struct loader *loader, size_t count)
{
	loader->load_cap = (count + 1) / 2;
	loader->strikes++;
	int pause = loader->strikes > 8 ? PAUSE_MAX_MS : 1 << loader->strikes;
	loader->not_before = clock_ms() + (pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause);
}

static enum verdict verdict_of(const PGresult *result)
{
	return sqlstate_verdict(PQresultErrorField(result, PG_DIAG_SQLSTATE));
}

static void wrong_schema(struct loader *loader, const char *function)
{
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		"database: %s answers with something else than the schema promises: run "
		"sql/install.sql of this release",
		function);
	pgconn_drop(&loader->conn, REPORT_REFUSES, STORE_ERROR, line);
}

/* What waits no longer is no use to anybody. */
static bool too_old(const struct items *loads, int64_t now)
{
	const struct load_job *first = (const struct load_job *)loads->first;
	return first != NULL && now - first->since > LOAD_AGE_MAX_MS;
}

/* A load that is refused: alone, or found by halving. */
static void load_refused(struct loader *loader, struct items *loads, struct item **batch,
	size_t count, const PGresult *result)
{
	if (count > 1) {
		give_back(loads, batch, count);
		loader->load_cap = count / 2;
		return;
	}
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line), "database: refused to read, SQLSTATE %s",
		PQresultErrorField(result, PG_DIAG_SQLSTATE));
	report_line(loader->report, STORE_WARNING, line);
	report_one(loader, batch[0]);
}

static void answer_loads(struct loader *loader, struct items *loads, bool history)
{
	struct item *batch[LOADS_MAX];
	struct items out = {0};
	size_t count = take(loads, batch, loader->load_cap);
	struct load_job **jobs = (struct load_job **)batch;
	if (count == 0) {
		return;
	}
	bool ready = history ? history_params(&loader->params, jobs, count)
	                     : unread_params(&loader->params, jobs, count);
	if (!ready) {
		for (size_t i = 0; i < count; i++) {
			items_append(&out, batch[i]);
		}
		report_done(loader, &out);
		return;
	}
	PGresult *result = pgconn_run(
		&loader->conn, history ? &statement_history : &statement_unread, &loader->params);
	if (result == NULL) {
		give_back(loads, batch, count);
		return;
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		bool good = history ? history_results(result, jobs, count, &loader->undrained, &out)
		                    : unread_results(result, jobs, count, &loader->undrained, &out);
		loader->strikes = 0;
		went_well(loader, &loader->load_cap, LOADS_MAX);
		if (!good) {
			wrong_schema(loader, history ? "chat.history" : "chat.unread");
		}
		report_done(loader, &out);
		return;
	}
	switch (verdict_of(result)) {
	case VERDICT_AGAIN:
		give_back(loads, batch, count);
		loads_in_the_way(loader, count);
		break;
	case VERDICT_REFUSE:
		load_refused(loader, loads, batch, count, result);
		break;
	case VERDICT_AWAY:
	case VERDICT_HOLD:
		give_back(loads, batch, count);
		pgconn_refused(&loader->conn, result);
		break;
	}
	PQclear(result);
}

static void set_aside(struct loader *loader, struct mark_job *job, int pause_max)
{
	job->outcome = MARK_UNKNOWN;
	job->pause = job->pause == 0 ? 1 : job->pause * 2;
	job->pause = job->pause > pause_max ? pause_max : job->pause;
	job->due = clock_ms() + job->pause;
	items_append(&loader->locked_marks, &job->item);
}

/* Those whose room was locked wait for it, the others are done. */
static void settle_marks(struct loader *loader, struct mark_job **jobs, size_t count)
{
	struct items out = {0};
	for (size_t i = 0; i < count; i++) {
		if (jobs[i]->outcome == MARK_UNKNOWN) {
			set_aside(loader, jobs[i], PAUSE_MAX_MS);
		} else {
			items_append(&out, &jobs[i]->item);
		}
	}
	report_done(loader, &out);
}

/* Came to a lock that cannot be skipped: find the mark that did, which then waits aside. */
static void marks_in_the_way(struct loader *loader, struct item **batch, size_t count)
{
	loader->mark_cap = (count + 1) / 2;
	if (count == 1) {
		set_aside(loader, (struct mark_job *)batch[0], LONE_PAUSE_MAX_MS);
	} else {
		give_back(&loader->marks, batch, count);
	}
}

static void mark_refused(
	struct loader *loader, struct item **batch, size_t count, const PGresult *result)
{
	if (count > 1) {
		give_back(&loader->marks, batch, count);
		loader->mark_cap = count / 2;
		return;
	}
	struct mark_job *job = (struct mark_job *)batch[0];
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		"database: refused a read mark of %.*s in %.*s for good, SQLSTATE %s",
		SLICE_ARGS(job->mark.user_id), SLICE_ARGS(job->mark.room),
		PQresultErrorField(result, PG_DIAG_SQLSTATE));
	report_line(loader->report, STORE_WARNING, line);
	job->outcome = MARK_REFUSED;
	report_one(loader, batch[0]);
}

static void move_marks(struct loader *loader)
{
	struct item *batch[MARKS_MAX];
	size_t count = take(&loader->marks, batch, loader->mark_cap);
	struct mark_job **jobs = (struct mark_job **)batch;
	if (count == 0) {
		return;
	}
	if (!mark_params(&loader->params, jobs, count)) {
		marks_in_the_way(loader, batch, count);
		return;
	}
	PGresult *result = pgconn_run(&loader->conn, &statement_mark, &loader->params);
	if (result == NULL) {
		give_back(&loader->marks, batch, count);
		return;
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		if (mark_results(result, jobs, count, &loader->delivering)) {
			went_well(loader, &loader->mark_cap, MARKS_MAX);
			settle_marks(loader, jobs, count);
		} else {
			for (size_t i = 0; i < count; i++) {
				jobs[i]->outcome = MARK_UNKNOWN;
			}
			give_back(&loader->marks, batch, count);
			wrong_schema(loader, "chat.mark");
		}
		PQclear(result);
		return;
	}
	switch (verdict_of(result)) {
	case VERDICT_AGAIN:
		marks_in_the_way(loader, batch, count);
		break;
	case VERDICT_REFUSE:
		mark_refused(loader, batch, count, result);
		break;
	case VERDICT_AWAY:
	case VERDICT_HOLD:
		give_back(&loader->marks, batch, count);
		pgconn_refused(&loader->conn, result);
		break;
	}
	PQclear(result);
}

/* Remembers where to go on; at the end of the list, begins again as long as there was something. */
static void delivered(struct loader *loader, struct slice room)
{
	if (room.len == 0) {
		loader->delivering = loader->deliver_after_len > 0;
		loader->deliver_after_len = 0;
		return;
	}
	loader->deliver_after_len = room.len;
	memcpy(loader->deliver_after, room.bytes, room.len);
}

/* One portion, and a pause when it came to nothing. */
static void deliver(struct loader *loader)
{
	struct slice room = {loader->deliver_after, loader->deliver_after_len};
	loader->delivered_at = clock_ms();
	if (!deliver_params(&loader->params, room)) {
		return;
	}
	PGresult *result = pgconn_run(&loader->conn, &statement_deliver, &loader->params);
	if (result == NULL) {
		return;
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		bool forward;
		if (deliver_results(result, &room, &forward)) {
			pgconn_well(&loader->conn);
			delivered(loader, room);
			if (room.len > 0 && !forward) {
				loader->deliver_due = clock_ms() + DELIVER_PAUSE_MS;
			}
		} else {
			wrong_schema(loader, "chat.deliver");
		}
	} else {
		enum verdict verdict = verdict_of(result);
		if (verdict == VERDICT_AGAIN || verdict == VERDICT_REFUSE) {
			loader->deliver_due = clock_ms() + DELIVER_PAUSE_MS;
		} else {
			pgconn_refused(&loader->conn, result);
		}
	}
	PQclear(result);
}

/* Marks whose room may be free again.  Returns when the next one is due. */
static int64_t wake_locked_marks(struct loader *loader, int64_t now)
{
	struct items still = {0};
	struct item *item;
	int64_t due = NEVER;
	while ((item = items_shift(&loader->locked_marks)) != NULL) {
		struct mark_job *job = (struct mark_job *)item;
		if (job->due <= now) {
			items_append(&loader->marks, item);
			continue;
		}
		due = job->due < due ? job->due : due;
		items_append(&still, item);
	}
	loader->locked_marks = still;
	return due;
}

static bool has_loads(const struct loader *loader)
{
	return loader->histories.first != NULL || loader->unreads.first != NULL;
}

static bool may_read(const struct loader *loader)
{
	return loader->conn.state == PGCONN_READY && clock_ms() >= loader->not_before &&
	       atomic_load(&loader->undrained) < UNDRAINED_BYTES_MAX;
}

/* One batch of each kind; marks first, so that a history that is asked for after a mark shows it.
 * False: there was nothing to do. */
static bool work(struct loader *loader)
{
	bool busy = loader->marks.first != NULL;
	move_marks(loader);
	if (loader->unreads.first != NULL && may_read(loader)) {
		answer_loads(loader, &loader->unreads, false);
		busy = true;
	}
	if (loader->histories.first != NULL && may_read(loader)) {
		answer_loads(loader, &loader->histories, true);
		busy = true;
	}
	return busy;
}

/* Nothing else is to do, or it is high time. */
static bool may_deliver(const struct loader *loader, bool busy)
{
	int64_t now = clock_ms();
	return loader->conn.state == PGCONN_READY && loader->delivering &&
	       now >= loader->deliver_due &&
	       (!busy || now - loader->delivered_at >= DELIVER_EVERY_MS);
}

static bool too_late(struct loader *loader)
{
	int64_t now = clock_ms();
	if (!too_old(&loader->histories, now) && !too_old(&loader->unreads, now)) {
		return false;
	}
	loader->conn.unproven = true;
	pgconn_drop(&loader->conn, REPORT_REFUSES, STORE_WARNING,
		"database: reading waits for a lock or takes too long");
	return true;
}

/* When there is something to do again, unless something comes in before. */
static int64_t next_due(const struct loader *loader, int64_t marks_due)
{
	int64_t due = marks_due;
	if (has_loads(loader)) {
		/* Either not_before has not come, or answers have to be drained first. */
		int64_t soon = clock_ms() + 1;
		int64_t loads_due = loader->not_before > soon ? loader->not_before : soon;
		due = loads_due < due ? loads_due : due;
	}
	if (loader->delivering && loader->deliver_due < due) {
		due = loader->deliver_due;
	}
	return due;
}

static bool connected_turn(struct loader *loader)
{
	struct items news = queue_take_all(&loader->in);
	sort_out(loader, &news);
	int64_t marks_due = wake_locked_marks(loader, clock_ms());
	if (too_late(loader)) {
		return false;
	}
	bool busy = work(loader);
	if (may_deliver(loader, busy)) {
		deliver(loader);
		busy = true;
	}
	if (busy || loader->conn.state != PGCONN_READY) {
		return pgconn_sleep(&loader->conn, 0) == WAKEUP_STOP;
	}
	/* Nothing to do now; a put rings. */
	return queue_await(&loader->in) &&
	       pgconn_sleep(&loader->conn, next_due(loader, marks_due)) == WAKEUP_STOP;
}

static bool turn(struct loader *loader)
{
	if (loader->conn.state == PGCONN_READY) {
		return connected_turn(loader);
	}
	stop_answering(loader);
	if (clock_ms() < loader->conn.retry_at) {
		return pgconn_sleep(&loader->conn, loader->conn.retry_at) == WAKEUP_STOP;
	}
	if (pgconn_connect(&loader->conn)) {
		start_answering(loader);
	}
	return pgconn_sleep(&loader->conn, 0) == WAKEUP_STOP;
}

void *loader_run(void *arg)
{
	struct loader *loader = arg;
	descriptors_part(loader->wakeup.fd);
	while (!turn(loader)) {
	}
	pgconn_finish(&loader->conn);
	return NULL;
}
