#include "tasks.h"

#include <stdio.h>
#include <stdlib.h>

/* A locked room is looked at again after 1 ms, doubling, to at most this. */
#define PAUSE_MAX_MS 250
/* A task that came to a lock which cannot be skipped costs the lock's time-out each time. */
#define LONE_PAUSE_MAX_MS 2000

void tasks_init(struct tasks *tasks, const struct task_kind *kind)
{
	*tasks = (struct tasks){.kind = kind};
	tasks_begin(tasks);
}

void tasks_begin(struct tasks *tasks)
{
	tasks->cap = TASKS_MAX;
	tasks->strikes = 0;
	tasks->not_before = 0;
}

void tasks_move(struct tasks *tasks, struct items *into)
{
	items_join(into, &tasks->locked);
	items_join(into, &tasks->waiting);
}

void tasks_wake(struct tasks *tasks, int64_t now)
{
	struct items awake = {0};
	struct items still = {0};
	struct item *item;
	while ((item = items_shift(&tasks->locked)) != NULL) {
		items_append(((struct task *)item)->due <= now ? &awake : &still, item);
	}
	tasks->locked = still;
	/* In front of what came later. */
	items_join(&awake, &tasks->waiting);
	tasks->waiting = awake;
}

bool tasks_due(const struct tasks *tasks, int64_t now)
{
	return tasks->waiting.first != NULL && now >= tasks->not_before;
}

int64_t tasks_next(const struct tasks *tasks, int64_t now)
{
	int64_t due = NEVER;
	if (tasks->waiting.first != NULL) {
		due = tasks->not_before > now ? tasks->not_before : now;
	}
	for (const struct item *item = tasks->locked.first; item != NULL; item = item->next) {
		int64_t at = ((const struct task *)item)->due;
		due = at < due ? at : due;
	}
	return due;
}

static bool older(const struct items *items, int64_t since)
{
	const struct task *first = (const struct task *)items->first;
	return first != NULL && first->since < since;
}

bool tasks_older(const struct tasks *tasks, int64_t now, int64_t ms)
{
	return older(&tasks->waiting, now - ms) || older(&tasks->locked, now - ms);
}

/* The last task that waits aside for the same room, where the order counts. */
static const struct task *last_locked(const struct tasks *tasks, const struct task *task)
{
	const struct task *last = NULL;
	const struct item *item = tasks->kind->room == NULL ? NULL : tasks->locked.first;
	for (; item != NULL; item = item->next) {
		const struct task *other = (const struct task *)item;
		if (slice_equal(tasks->kind->room(other), tasks->kind->room(task))) {
			last = other;
		}
	}
	return last;
}

static size_t take(struct tasks *tasks, struct task **batch)
{
	size_t count = 0;
	while (count < tasks->cap && tasks->waiting.first != NULL) {
		struct task *task = (struct task *)items_shift(&tasks->waiting);
		const struct task *earlier = last_locked(tasks, task);
		if (earlier != NULL) {
			task->due = earlier->due;
			items_append(&tasks->locked, &task->item);
		} else {
			batch[count++] = task;
		}
	}
	return count;
}

static void give_back(struct tasks *tasks, struct task **batch, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		if (batch[i] != NULL) {
			items_prepend(&tasks->waiting, &batch[i]->item);
		}
	}
}

static int doubled(int pause, int max)
{
	int next = pause == 0 ? 1 : pause * 2;
	return next > max ? max : next;
}

static void set_aside(struct tasks *tasks, struct task *task, int pause_max)
{
	const struct task *earlier = last_locked(tasks, task);
	task->pause = doubled(task->pause, pause_max);
	task->due = earlier != NULL ? earlier->due : clock_ms() + task->pause;
	items_append(&tasks->locked, &task->item);
}

/* Came to a lock that cannot be skipped: again after a pause, in smaller pieces, until it is found
 * out which task it was; that one waits aside. */
static void into_lock(struct tasks *tasks, struct task **batch, size_t count)
{
	tasks->cap = (count + 1) / 2;
	tasks->strikes++;
	tasks->not_before = clock_ms() + (tasks->strikes < 8 ? 1 << tasks->strikes : PAUSE_MAX_MS);
	if (count == 1) {
		set_aside(tasks, batch[0], LONE_PAUSE_MAX_MS);
	} else {
		give_back(tasks, batch, count);
	}
}

static void refused(struct tasks *tasks, const struct pgconn *conn, struct task **batch,
	size_t count, struct items *out)
{
	char what[REPORT_LINE_MAX / 2] = "to read";
	char line[REPORT_LINE_MAX];
	if (count > 1) {
		give_back(tasks, batch, count);
		tasks->cap = count / 2;
		return;
	}
	if (tasks->kind->refuse != NULL) {
		tasks->kind->refuse(batch[0], what, sizeof(what));
	}
	snprintf(line, sizeof(line), "database: refused %s, SQLSTATE %s", what,
		pgconn_sqlstate(conn));
	report_often(conn->options.report, REPORT_REFUSED_TASK, STORE_WARNING, line, clock_ms());
	items_append(out, &batch[0]->item);
}

static void went_well(struct tasks *tasks, struct task **batch, size_t count)
{
	tasks->strikes = 0;
	tasks->cap = tasks->cap * 2 > TASKS_MAX ? TASKS_MAX : tasks->cap * 2;
	for (size_t i = 0; i < count; i++) {
		if (batch[i] != NULL) {
			set_aside(tasks, batch[i], PAUSE_MAX_MS);
		}
	}
}

static void take_results(struct tasks *tasks, struct pgconn *conn, struct answer *answer,
	struct task **batch, size_t count, struct items *out)
{
	if (tasks->kind->results(answer, batch, count, out)) {
		pgconn_well(conn);
		went_well(tasks, batch, count);
	} else {
		give_back(tasks, batch, count);
		pgconn_wrong_schema(conn, tasks->kind->statement);
	}
}

bool tasks_run(struct tasks *tasks, struct pgconn *conn, struct params *params,
	_Atomic size_t *undrained, struct items *out)
{
	struct task *batch[TASKS_MAX];
	PGresult *result;
	size_t count = take(tasks, batch);
	if (count == 0) {
		return false;
	}
	struct answer *answer = answer_make(undrained);
	if (answer == NULL || !tasks->kind->params(params, batch, count)) {
		/* Out of memory: smaller pieces, later. */
		answer_release(answer);
		into_lock(tasks, batch, count);
		return false;
	}
	switch (pgconn_run(conn, tasks->kind->statement, params, &result)) {
	case RAN_WELL:
		answer_set(answer, result);
		snprintf(answer->epoch, sizeof(answer->epoch), "%s", conn->epoch);
		take_results(tasks, conn, answer, batch, count, out);
		break;
	case RAN_INTO_LOCK:
		into_lock(tasks, batch, count);
		break;
	case RAN_REFUSED:
		refused(tasks, conn, batch, count, out);
		break;
	case RAN_NOT:
	case RAN_PERHAPS:
		give_back(tasks, batch, count);
		break;
	}
	bool undelivered = answer->undelivered;
	answer_release(answer);
	return undelivered;
}
