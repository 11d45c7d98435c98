#include "loader.h"

#include <stdlib.h>
#include <string.h>

#include "descriptors.h"
#include "job.h"
#include "task_kinds.h"

/* Others wait meanwhile; what is locked is soon asked for again. */
#define LOCK_TIMEOUT_MS 50

/* Nobody waits longer for an answer, so a load that is older is not worth a statement. */
#define LOAD_AGE_MAX_MS 10000

/* Answers that the broker's thread has not taken: beyond this the next ones have to wait. */
#define UNDRAINED_BYTES_MAX ((size_t)8 * 1024 * 1024)
/* How soon to look again what something has to wait for. */
#define WAIT_PAUSE_MS 1

static const struct task_kind *const kinds[LOADER_KINDS] = {
	[LOADER_MARK] = &task_mark,
	[LOADER_CHANGE] = &task_change,
	[LOADER_MUTE] = &task_mute,
	[LOADER_BLOCK] = &task_block,
	[LOADER_UNREAD] = &task_unread,
	[LOADER_HISTORY] = &task_history,
	[LOADER_CHANGES] = &task_changes,
	[LOADER_CHATS] = &task_chats,
	[LOADER_SETTLE] = &task_settle,
};

static const struct statement *const besides[] = {
	&statement_agree,
	&statement_deliver,
	&statement_enter,
	&statement_poll,
	&statement_news,
	&statement_carry_out,
	&statement_seen,
};
_Static_assert(sizeof(besides) / sizeof(besides[0]) == LOADER_BESIDES, "one place for each");

bool loader_init(
	struct loader *loader, const char *conninfo, struct node *node, struct report *report)
{
	*loader = (struct loader){.report = report, .node = node};
	for (size_t i = 0; i < LOADER_KINDS; i++) {
		tasks_init(&loader->tasks[i], kinds[i]);
		loader->statements[i] = kinds[i]->statement;
	}
	memcpy(loader->statements + LOADER_KINDS, besides, sizeof(besides));
	if (!wakeup_init(&loader->wakeup)) {
		return false;
	}
	if (!queue_init(&loader->in, SIZE_MAX, &loader->wakeup)) {
		wakeup_finish(&loader->wakeup);
		return false;
	}
	if (!queue_init(&loader->seen, SIZE_MAX, &loader->wakeup)) {
		queue_finish(&loader->in);
		wakeup_finish(&loader->wakeup);
		return false;
	}
	struct items none = queue_close(&loader->in);
	jobs_free(&none);
	pgconn_init(&loader->conn, &(struct pgconn_options){
					   .conninfo = conninfo,
					   .statements = loader->statements,
					   .count = LOADER_KINDS + LOADER_BESIDES,
					   .lock_timeout_ms = LOCK_TIMEOUT_MS,
					   .listen = "listen " OUTSIDE_CHANNEL,
					   .node = node,
					   .writer = WRITER_LOADER,
					   .part = REPORT_LOADER,
					   .report = report,
					   .wakeup = &loader->wakeup,
				   });
	return true;
}

/* All that wait, from the queue too, which is closed. */
static struct items take_all(struct loader *loader)
{
	struct items all = {0};
	for (size_t i = 0; i < LOADER_KINDS; i++) {
		tasks_move(&loader->tasks[i], &all);
	}
	struct items left = queue_close(&loader->in);
	items_join(&all, &left);
	return all;
}

void loader_finish(struct loader *loader)
{
	struct items left = take_all(loader);
	jobs_free(&left);
	left = queue_close(&loader->seen);
	jobs_free(&left);
	seen_notes_finish(&loader->notes);
	queue_finish(&loader->seen);
	queue_finish(&loader->in);
	wakeup_finish(&loader->wakeup);
	pgconn_finish(&loader->conn);
	params_finish(&loader->params);
}

static enum loader_kind kind_of(const struct item *item)
{
	static const enum loader_kind loads[] = {
		[LOAD_HISTORY] = LOADER_HISTORY,
		[LOAD_UNREAD] = LOADER_UNREAD,
		[LOAD_CHANGES] = LOADER_CHANGES,
		[LOAD_CHATS] = LOADER_CHATS,
		[LOAD_MUTE] = LOADER_MUTE,
		[LOAD_BLOCK] = LOADER_BLOCK,
	};
	switch (item->kind) {
	case JOB_MARK:
		return LOADER_MARK;
	case JOB_CHANGE:
		return LOADER_CHANGE;
	default:
		return loads[((const struct load_job *)item)->load.what];
	}
}

static void take_news(struct loader *loader)
{
	struct items news = queue_take_all(&loader->in);
	struct item *item;
	while ((item = items_shift(&news)) != NULL) {
		items_append(&loader->tasks[kind_of(item)].waiting, item);
	}
}

static void take_notes(struct loader *loader)
{
	struct items seen = queue_take_all(&loader->seen);
	struct item *item;
	while ((item = items_shift(&seen)) != NULL) {
		seen_notes_add(&loader->notes, (struct seen_job *)item);
	}
}

/* Takes the store's own tasks out of `items`. */
static struct items take_own(struct items *items)
{
	struct items own = {0};
	struct items others = {0};
	struct item *item;
	while ((item = items_shift(items)) != NULL) {
		items_append(item->kind == JOB_SETTLE ? &own : &others, item);
	}
	*items = others;
	return own;
}

/* Each item is what became of one request. */
static void report_done(struct loader *loader, struct items *out)
{
	atomic_fetch_sub(&loader->asked, out->count);
	report_items(loader->report, out);
}

/* Who asks from now on is told at once; that goes out before the failures that come of it: from no
 * answer to all that wait. */
static void stop_answering(struct loader *loader)
{
	struct items failed = take_all(loader);
	struct items own = take_own(&failed);
	jobs_free(&own);
	if (loader->answering) {
		loader->answering = false;
		(void)!report_answering(loader->report, false, &loader->wakeup);
	}
	report_done(loader, &failed);
}

static void start_answering(struct loader *loader)
{
	loader->answering = true;
	for (size_t i = 0; i < LOADER_KINDS; i++) {
		tasks_begin(&loader->tasks[i]);
	}
	deliveries_begin(&loader->deliveries);
	outside_begin(&loader->outside, loader->conn.epoch, clock_ms());
	agreement_begin(&loader->agreement, clock_ms());
	queue_open(&loader->in);
	(void)!report_answering(loader->report, true, &loader->wakeup);
}

static bool has_room(const struct loader *loader)
{
	return atomic_load(&loader->undrained) < UNDRAINED_BYTES_MAX;
}

/* For the broker's thread to take answers, or for the feed's to enter the cluster. */
static bool has_to_wait(const struct loader *loader, const struct task_kind *kind)
{
	return (kind->reads && !has_room(loader)) ||
	       (kind->statement->tells && !node_may_tell(loader->node));
}

static bool may_run(const struct loader *loader, const struct tasks *tasks)
{
	return loader->conn.state == PGCONN_READY && tasks_due(tasks, clock_ms()) &&
	       !has_to_wait(loader, tasks->kind);
}

/* What comes of a batch: outcomes, and tasks of the store's own, which begin or end with it. */
static void take_results(struct loader *loader, enum loader_kind kind, struct items *out)
{
	struct items own = take_own(out);
	if (kind == LOADER_SETTLE) {
		jobs_free(&own);
	} else {
		items_join(&loader->tasks[LOADER_SETTLE].waiting, &own);
	}
	report_done(loader, out);
}

/* One batch of each kind.  False: there was nothing to do. */
static bool work(struct loader *loader)
{
	bool busy = false;
	for (size_t i = 0; i < LOADER_KINDS; i++) {
		struct tasks *tasks = &loader->tasks[i];
		struct items out = {0};
		if (may_run(loader, tasks)) {
			if (tasks_run(tasks, &loader->conn, &loader->params, &loader->undrained,
				    &out)) {
				deliveries_wake(&loader->deliveries);
			}
			take_results(loader, (enum loader_kind)i, &out);
			busy = true;
		}
	}
	return busy;
}

/* What was asked for so long ago that nobody waits any more: then the database is as good as away.
 */
static bool too_late(struct loader *loader)
{
	for (size_t i = 0; i < LOADER_KINDS; i++) {
		const struct tasks *tasks = &loader->tasks[i];
		if (tasks->kind->reads && tasks_older(tasks, clock_ms(), LOAD_AGE_MAX_MS)) {
			pgconn_give_up(&loader->conn,
				"database: reading waits for a lock or takes too long");
			return true;
		}
	}
	return false;
}

/* This broker's number; 0: it has none yet. */
static int32_t node_number(const struct loader *loader)
{
	return loader->node->in_cluster ? atomic_load(&loader->node->number) : loader->outside.node;
}

static bool may_look_outside(const struct loader *loader)
{
	return has_room(loader) && node_may_tell(loader->node);
}

/* When there is something to do again, unless something comes in before. */
static int64_t next_due(const struct loader *loader)
{
	int64_t now = clock_ms();
	int64_t due = deliveries_next(&loader->deliveries);
	int64_t agreement = agreement_next(&loader->agreement);
	due = agreement < due ? agreement : due;
	int64_t notes = node_number(loader) == 0 ? NEVER : seen_notes_next(&loader->notes);
	due = notes < due ? notes : due;
	int64_t look =
		may_look_outside(loader) ? outside_next(&loader->outside) : now + WAIT_PAUSE_MS;
	due = look < due ? look : due;
	for (size_t i = 0; i < LOADER_KINDS; i++) {
		const struct tasks *tasks = &loader->tasks[i];
		int64_t next = tasks_next(tasks, now);
		if (next <= now && has_to_wait(loader, tasks->kind)) {
			next = now + WAIT_PAUSE_MS;
		}
		due = next < due ? next : due;
	}
	return due;
}

/* Looks outside when it is time.  False: it is not. */
static bool look_outside(struct loader *loader)
{
	int64_t now = clock_ms();
	struct items out = {0};
	if (pgconn_notified(&loader->conn)) {
		outside_notified(&loader->outside, now);
	}
	if (loader->conn.state != PGCONN_READY || !outside_due(&loader->outside, now) ||
		!may_look_outside(loader)) {
		return false;
	}
	outside_run(
		&loader->outside, &loader->conn, &loader->params, &loader->undrained, &out, now);
	report_items(loader->report, &out);
	return true;
}

static bool seek_agreement(struct loader *loader)
{
	int64_t now = clock_ms();
	if (loader->conn.state != PGCONN_READY || now < agreement_next(&loader->agreement)) {
		return false;
	}
	agreement_try(&loader->agreement, &loader->conn, &loader->params, now);
	return true;
}

/* Behind everything else, but for deliveries.  False: there is nothing to write now. */
static bool write_notes(struct loader *loader)
{
	int64_t now = clock_ms();
	if (loader->conn.state != PGCONN_READY || node_number(loader) == 0 ||
		now < seen_notes_next(&loader->notes)) {
		return false;
	}
	seen_notes_write(&loader->notes, &loader->conn, &loader->params, node_number(loader), now);
	return true;
}

static bool connected_turn(struct loader *loader)
{
	take_news(loader);
	for (size_t i = 0; i < LOADER_KINDS; i++) {
		tasks_wake(&loader->tasks[i], clock_ms());
	}
	if (too_late(loader)) {
		return false;
	}
	bool busy = work(loader);
	busy |= look_outside(loader);
	busy |= seek_agreement(loader);
	if (loader->conn.state == PGCONN_READY &&
		deliveries_due(&loader->deliveries, busy, clock_ms())) {
		deliveries_run(&loader->deliveries, &loader->conn, &loader->params, clock_ms());
		busy = true;
	}
	busy |= write_notes(loader);
	if (busy || loader->conn.state != PGCONN_READY) {
		return pgconn_sleep(&loader->conn, 0) == WAKEUP_STOP;
	}
	/* Nothing to do now; a put rings. */
	return queue_await(&loader->in) && queue_await(&loader->seen) &&
	       pgconn_sleep(&loader->conn, next_due(loader)) == WAKEUP_STOP;
}

static bool turn(struct loader *loader)
{
	take_notes(loader);
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
	descriptors_part(loader->wakeup.fd, node_descriptor(loader->node));
	while (!turn(loader)) {
	}
	pgconn_finish(&loader->conn);
	return NULL;
}
