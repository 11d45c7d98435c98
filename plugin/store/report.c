#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A database that stays away for another reason than the one that was logged is worth a second
 * line, but what it goes through while it starts is not. */
#define SAY_AGAIN_MS 30000
/* The same reason again. */
#define STILL_AWAY_MS 300000

#define OFTEN_MS 60000
/* What is refused is refused to somebody: who it was may matter. */
#define REFUSED_MS 10000

bool report_init(struct report *report, unsigned savers, void (*wake)(void *), void *wake_arg,
	_Atomic size_t *waiting)
{
	*report = (struct report){
		.wake = wake,
		.wake_arg = wake_arg,
		.waiting = waiting,
		.away = REPORT_LOADER | (REPORT_SAVER(savers) - REPORT_SAVER(0)),
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

/* Waits for memory rather than do without.  NULL: it has to stop meanwhile. */
static void *must_malloc(size_t size, struct wakeup *wakeup)
{
	void *memory;
	while ((memory = malloc(size)) == NULL) {
		if (wakeup_wait(wakeup, NO_SOCKET, 0, clock_ms() + 10) == WAKEUP_STOP) {
			break;
		}
	}
	return memory;
}

bool report_answering(struct report *report, bool yes, struct wakeup *wakeup)
{
	struct answering_job *job = must_malloc(sizeof(*job), wakeup);
	if (job == NULL) {
		return false;
	}
	*job = (struct answering_job){.item = {.kind = JOB_ANSWERING}, .yes = yes};
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

bool report_epoch(struct report *report, const char *epoch, struct wakeup *wakeup)
{
	struct epoch_job *job = must_malloc(sizeof(*job), wakeup);
	if (job == NULL) {
		return false;
	}
	*job = (struct epoch_job){.item = {.kind = JOB_EPOCH}};
	snprintf(job->epoch, sizeof(job->epoch), "%s", epoch);

	pthread_mutex_lock(&report->lock);
	bool first = report->epoch[0] == '\0';
	bool is_new = strcmp(report->epoch, job->epoch) != 0;
	memcpy(report->epoch, job->epoch, sizeof(report->epoch));
	pthread_mutex_unlock(&report->lock);
	if (!is_new) {
		free(job);
		return true;
	}
	if (!first) {
		report_line(report, STORE_WARNING,
			"database: is another one than before, or was set back (a standby was "
			"promoted, a backup restored): messages may be missing; all clients begin "
			"anew");
	}
	report_one(report, &job->item);
	return true;
}

void report_open_passfile(struct report *report, const char *path)
{
	pthread_mutex_lock(&report->lock);
	bool say = path != NULL && !report->passfile_said;
	report->passfile_said = path != NULL;
	pthread_mutex_unlock(&report->lock);
	if (say) {
		char line[REPORT_LINE_MAX];
		snprintf(line, sizeof(line),
			"database: others can read the password file %s, so it is not used: "
			"chmod 600, and it has to be the broker's user's",
			path);
		report_line(report, STORE_WARNING, line);
	}
}

static int64_t pause_of(enum report_kind kind)
{
	switch (kind) {
	case REPORT_REFUSED_MESSAGE:
	case REPORT_REFUSED_TASK:
	case REPORT_REFUSED_NOTE:
	case REPORT_REFUSED_REQUEST:
		return REFUSED_MS;
	default:
		return OFTEN_MS;
	}
}

void report_often(struct report *report, enum report_kind kind, enum store_level level,
	const char *line, int64_t now)
{
	pthread_mutex_lock(&report->lock);
	int64_t said_at = report->often[kind].said_at;
	bool say = said_at == 0 || now - said_at >= pause_of(kind);
	size_t unsaid = report->often[kind].unsaid;
	report->often[kind].unsaid = say ? 0 : unsaid + 1;
	report->often[kind].said_at = say ? now : said_at;
	pthread_mutex_unlock(&report->lock);
	if (!say) {
		return;
	}
	char longer[REPORT_LINE_MAX + 64];
	snprintf(longer, sizeof(longer), "%s (and %zu times since the last such line)", line,
		unsaid);
	report_line(report, level, unsaid > 0 ? longer : line);
}

void report_slow(struct report *report, const char *function, int64_t took_ms, int64_t now)
{
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line), "database: slow: %s took %d.%d s", function,
		(int)(took_ms / 1000), (int)(took_ms % 1000 / 100));
	report_often(report, REPORT_SLOW, STORE_WARNING, line, now);
}

static bool is_news(const struct report *report, enum report_why why, const char *line, int64_t now)
{
	int64_t since = now - report->said_at;
	bool same = strcmp(report->said, line) == 0;
	if ((report->reasons & why) == 0) {
		/* What comes and goes, always with the same refusal, says so now and then. */
		return why != REPORT_REFUSES || !same || since >= SAY_AGAIN_MS;
	}
	return since >= (same ? STILL_AWAY_MS : SAY_AGAIN_MS);
}

/* The line, and for how long it is so when that was said before. */
static void say_away(struct report *report, enum store_level level, const char *line, int minutes)
{
	char longer[REPORT_LINE_MAX + 64];
	snprintf(longer, sizeof(longer), "%s (still away, for %d minutes; %zu messages wait)", line,
		minutes, atomic_load(report->waiting));
	report_line(report, level, minutes > 0 ? longer : line);
}

static void say_beside(struct report *report, enum store_level level, const char *line, int64_t now)
{
	pthread_mutex_lock(&report->lock);
	bool say = report->away == 0;
	pthread_mutex_unlock(&report->lock);
	if (say) {
		report_often(report, REPORT_BESIDE_AWAY, level, line, now);
	}
}

void report_away(struct report *report, unsigned part, enum report_why why, enum store_level level,
	const char *line, int64_t now)
{
	if (part == REPORT_BESIDE) {
		say_beside(report, level, line, now);
		return;
	}
	pthread_mutex_lock(&report->lock);
	if (report->away == 0 || report->away_since == 0) {
		report->away_since = now;
	}
	report->waited = report->away == 0 ? 0 : report->waited;
	report->away |= part;
	bool news = is_news(report, why, line, now);
	if (news) {
		report->reasons |= why;
		report->said_at = now;
		snprintf(report->said, sizeof(report->said), "%s", line);
	}
	int minutes = (int)((now - report->away_since) / 60000);
	pthread_mutex_unlock(&report->lock);
	if (news) {
		say_away(report, level, line, minutes);
	}
}

void report_back(struct report *report, unsigned part)
{
	if (part == REPORT_BESIDE) {
		return;
	}
	pthread_mutex_lock(&report->lock);
	bool was_away = report->away != 0;
	report->away &= ~part;
	size_t waiting = atomic_load(report->waiting);
	if (part != REPORT_LOADER && waiting > report->waited) {
		report->waited = waiting;
	}
	size_t waited = report->waited;
	bool all_back = was_away && report->away == 0;
	bool first = !report->was_connected;
	bool missed = report->reasons != 0;
	if (all_back) {
		report->was_connected = true;
		report->reasons = 0;
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
