#include "report.h"

#include <stdio.h>
#include <stdlib.h>

#include "job.h"

/* A database that stays away for another reason than the one that was logged is worth a second
 * line, but what it goes through while it starts is not. */
#define SAY_AGAIN_MS 30000

bool report_init(
	struct report *report, void (*wake)(void *), void *wake_arg, _Atomic size_t *waiting)
{
	*report = (struct report){
		.wake = wake,
		.wake_arg = wake_arg,
		.waiting = waiting,
		.away = REPORT_SAVER | REPORT_LOADER,
	};
	if (pthread_mutex_init(&report->lock, NULL) != 0) {
		return false;
	}
	if (!queue_init(&report->out, SIZE_MAX, NULL)) {
		pthread_mutex_destroy(&report->lock);
		return false;
	}
	return true;
}

void report_finish(struct report *report)
{
	struct items left = queue_take_all(&report->out);
	jobs_free(&left);
	queue_finish(&report->out);
	pthread_mutex_destroy(&report->lock);
}

void report_items(struct report *report, struct items *items)
{
	if (atomic_load(&report->silent)) {
		jobs_free(items);
	} else if (queue_put_all(&report->out, items)) {
		report->wake(report->wake_arg);
	}
}

static void report_one(struct report *report, struct item *item)
{
	struct items one = {0};
	items_append(&one, item);
	report_items(report, &one);
}

bool report_answering(struct report *report, bool yes, struct wakeup *wakeup)
{
	struct answering_job *job;
	while ((job = malloc(sizeof(*job))) == NULL) {
		if (wakeup_wait(wakeup, NO_SOCKET, 0, clock_ms() + 10) == WAKEUP_STOP) {
			return false;
		}
	}
	job->item = (struct item){.kind = JOB_ANSWERING};
	job->yes = yes;
	report_one(report, &job->item);
	return true;
}

void report_line(struct report *report, enum store_level level, const char *line)
{
	size_t size = strlen(line) + 1;
	struct line_job *job = malloc(sizeof(*job) + size);
	if (job == NULL) {
		return;
	}
	job->item = (struct item){.kind = JOB_LINE};
	job->level = level;
	memcpy(job->line, line, size);
	report_one(report, &job->item);
}

void report_away(struct report *report, enum report_part part, enum report_why why,
	enum store_level level, const char *line)
{
	int64_t now = clock_ms();
	pthread_mutex_lock(&report->lock);
	report->waited = report->away == 0 ? 0 : report->waited;
	report->away |= part;
	bool late = report->whys != 0 && now - report->said_at >= SAY_AGAIN_MS;
	bool news = (report->whys & why) == 0 || (late && strcmp(report->said, line) != 0);
	if (news) {
		report->whys |= why;
		report->said_at = now;
		snprintf(report->said, sizeof(report->said), "%s", line);
	}
	pthread_mutex_unlock(&report->lock);
	if (news) {
		report_line(report, level, line);
	}
}

void report_back(struct report *report, enum report_part part)
{
	pthread_mutex_lock(&report->lock);
	bool was_away = report->away != 0;
	report->away &= ~(unsigned)part;
	if (part == REPORT_SAVER) {
		report->waited = atomic_load(report->waiting);
	}
	size_t waited = report->waited;
	bool all_back = was_away && report->away == 0;
	bool first = !report->met;
	bool missed = report->whys != 0;
	if (all_back) {
		report->met = true;
		report->whys = 0;
	}
	pthread_mutex_unlock(&report->lock);
	if (!all_back || (!missed && !first)) {
		return;
	}
	char line[REPORT_LINE_MAX];
	if (missed) {
		snprintf(line, sizeof(line), "database: back, %zu messages waited", waited);
	} else {
		snprintf(line, sizeof(line), "database: connected");
	}
	report_line(report, STORE_NOTICE, line);
}
