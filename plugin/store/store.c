#include "store.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "askers.h"
#include "conninfo.h"
#include "feed.h"
#include "job.h"
#include "journal.h"
#include "loader.h"
#include "message_row.h"
#include "pgconn.h"
#include "report.h"
#include "saver.h"
#include "statement.h"

/* What the broker's thread may leave undrained before saving is refused, beyond queue_limit. */
#define UNDRAINED_MAX 100000

/* How long after its last moment a thread may take to end. */
#define GRACE_MS 250

_Static_assert(STORE_REASON_MAX >= JOURNAL_REASON_MAX, "its reason is ours");

struct store {
	char *conninfo;
	size_t queue_limit;
	struct journal *journal; /* NULL: none */
	struct report report;
	struct saving saving;
	struct saver savers[SAVERS];
	struct loader loader;
	struct askers askers;
	struct node node;
	char *cluster_name;
	char *cluster_conninfo;
	struct feed *feed; /* NULL: no cluster */
	pthread_t saver_threads[SAVERS];
	pthread_t loader_thread;
	pthread_t feed_thread;
	/* The broker's thread's own. */
	struct items draining;
	bool answering;
	struct fullness {
		bool said;       /* the log has heard that it is full */
		size_t refused;  /* since then */
		int64_t said_at; /* 0: never */
	} messages_full, requests_full;
};

/* A queue that is at its limit may be full many times a second. */
#define FULL_SAY_MS 60000

/* `what` waits: "messages", and where its limit is from. */
static void say_full(struct store *store, struct fullness *full, size_t waiting, const char *what)
{
	int64_t now = clock_ms();
	full->refused++;
	if (full->said || (full->said_at != 0 && now - full->said_at < FULL_SAY_MS)) {
		return;
	}
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		"queue: full, %zu %s wait for the database; new ones are refused", waiting, what);
	full->said = true;
	full->said_at = now;
	report_line(&store->report, STORE_WARNING, line);
}

/* Once there is room for a while. */
static void say_open(struct store *store, struct fullness *full, bool has_room, const char *what)
{
	if (!full->said || !has_room) {
		return;
	}
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line), "queue: open again, %zu %s were refused", full->refused, what);
	full->said = false;
	full->refused = 0;
	report_line(&store->report, STORE_NOTICE, line);
}

static void say_what_is_open(struct store *store)
{
	say_open(store, &store->messages_full,
		atomic_load(&store->saving.waiting) <= store->queue_limit / 2, "messages");
	say_open(store, &store->requests_full, atomic_load(&store->loader.asked) <= ASKED_MAX / 2,
		"requests");
}

static void stop_savers(struct store *store, int64_t until)
{
	for (size_t i = 0; i < SAVERS; i++) {
		wakeup_stop(&store->saving.queues.each[i].wakeup, until);
	}
}

/* How many of them have started. */
static size_t start_savers(struct store *store)
{
	size_t started = 0;
	while (started < SAVERS && pthread_create(&store->saver_threads[started], NULL, saver_run,
					   &store->savers[started]) == 0) {
		started++;
	}
	return started;
}

static bool start_threads(struct store *store)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	size_t savers = journal_start(store->journal) ? start_savers(store) : 0;
	bool loads = savers == SAVERS &&
	             pthread_create(&store->loader_thread, NULL, loader_run, &store->loader) == 0;
	bool started = loads && (store->feed == NULL || pthread_create(&store->feed_thread, NULL,
								feed_run, store->feed) == 0);
	if (!started) {
		stop_savers(store, clock_ms());
		wakeup_stop(&store->loader.wakeup, clock_ms());
	}
	if (!started && loads) {
		pthread_join(store->loader_thread, NULL);
	}
	while (!started && savers-- > 0) {
		pthread_join(store->saver_threads[savers], NULL);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void on_journal_log(void *arg, enum journal_level level, const char *line)
{
	static const enum store_level levels[] = {
		[JOURNAL_NOTICE] = STORE_NOTICE,
		[JOURNAL_WARNING] = STORE_WARNING,
		[JOURNAL_ERROR] = STORE_ERROR,
	};
	report_line(arg, levels[level], line);
}

static void on_spilling(void *saver_wakeup)
{
	wakeup_ring(saver_wakeup);
}

/* Everything but threads and the journal. */
static bool init_savers(struct store *store)
{
	store->saving.report = &store->report;
	if (!save_queues_init(&store->saving.queues)) {
		return false;
	}
	for (int i = 0; i < SAVERS; i++) {
		saver_init(&store->savers[i], store->conninfo, &store->node, &store->saving, i);
	}
	return true;
}

static void finish_savers(struct store *store)
{
	for (size_t i = 0; i < SAVERS; i++) {
		saver_finish(&store->savers[i]);
	}
	save_queues_finish(&store->saving.queues);
}

static bool open_journal(
	struct store *store, const struct store_options *options, char reason[STORE_REASON_MAX])
{
	if (options->journal == NULL || options->journal[0] == '\0') {
		return true;
	}
	store->journal = journal_open(
		&(struct journal_options){
			.folder = options->journal,
			.sync_ms = options->journal_sync_ms,
			.limit = (uint64_t)options->journal_limit_mib << 20,
			.log = on_journal_log,
			.log_arg = &store->report,
			.spilling = on_spilling,
			.spilling_arg = &store->saving.queues.each[0].wakeup,
		},
		reason);
	if (store->journal == NULL) {
		return false;
	}
	store->saving.journal = store->journal;
	store->saving.memory_limit = options->queue_limit;
	atomic_store(&store->saving.waiting, journal_alone(store->journal));
	return true;
}

/* False: out of resources. */
static bool join_cluster(struct store *store, const struct store_options *options)
{
	if (options->cluster_name == NULL) {
		return true;
	}
	char name[NODE_NAME_MAX];
	bool named = options->cluster_name[0] != '\0';
	bool other_way = options->cluster_conninfo[0] != '\0';
	node_default_name(name);
	store->cluster_name = strdup(named ? options->cluster_name : name);
	store->cluster_conninfo = strdup(other_way ? options->cluster_conninfo : options->conninfo);
	if (store->cluster_name == NULL || store->cluster_conninfo == NULL) {
		return false;
	}
	struct feed_options feed = {
		.conninfo = store->cluster_conninfo,
		.name = store->cluster_name,
		.pace_ms = options->cluster_pace_ms,
	};
	store->node.in_cluster = true;
	store->report.away |= REPORT_FEED;
	store->feed = feed_create(&feed, &store->node, &store->report);
	return store->feed != NULL;
}

static void leave_cluster(struct store *store)
{
	feed_destroy(store->feed);
	free(store->cluster_conninfo);
	free(store->cluster_name);
}

/* What is wrong with the options; NULL: nothing. */
static const char *check(const struct store_options *options)
{
	const char *wrong = options->conninfo[0] == '\0' ? NULL : conninfo_check(options->conninfo);
	if (wrong == NULL && options->cluster_name != NULL &&
		options->cluster_conninfo[0] != '\0') {
		wrong = conninfo_check(options->cluster_conninfo);
	}
	return wrong;
}

struct store *store_open(const struct store_options *options, char reason[STORE_REASON_MAX])
{
	const char *wrong = check(options);
	snprintf(reason, STORE_REASON_MAX, "%s",
		wrong != NULL ? wrong : "out of memory, file descriptors or threads");
	if (wrong != NULL) {
		return NULL;
	}
	struct store *store = calloc(1, sizeof(*store));
	if (store == NULL) {
		return NULL;
	}
	store->queue_limit = options->queue_limit;
	store->conninfo = strdup(options->conninfo);
	if (store->conninfo == NULL) {
		goto no_conninfo;
	}
	if (!report_init(&store->report, SAVERS, options->wake, options->wake_arg,
		    &store->saving.waiting)) {
		goto no_report;
	}
	if (!join_cluster(store, options)) {
		goto no_cluster;
	}
	if (!init_savers(store)) {
		goto no_savers;
	}
	if (!loader_init(&store->loader, store->conninfo, &store->node, &store->report)) {
		goto no_loader;
	}
	askers_init(&store->askers, store->conninfo, &store->report);
	if (!open_journal(store, options, reason)) {
		goto no_journal;
	}
	if (!start_threads(store)) {
		goto no_threads;
	}
	return store;

no_threads:
	(void)journal_close(store->journal, NEVER / 2);
no_journal:
	loader_finish(&store->loader);
no_loader:
	finish_savers(store);
no_savers:
no_cluster:
	leave_cluster(store);
	report_finish(&store->report);
no_report:
	free(store->conninfo);
no_conninfo:
	free(store);
	return NULL;
}

static bool has_room(const struct store *store)
{
	size_t waiting = atomic_load(&store->saving.waiting);
	size_t alone = journal_alone(store->journal);
	return !journal_spills(store->journal) && waiting < store->queue_limit + alone;
}

/* The journal first: what is there is safe, whether there is memory to pass it on or not. */
static enum chat_error save_in_journal(struct store *store, const struct message *message)
{
	struct journal_place place;
	struct save_job *job = has_room(store) ? job_save(message) : NULL;
	atomic_fetch_add(&store->saving.waiting, 1);
	enum chat_error error = journal_append(store->journal, message, job != NULL, &place);
	if (error != CHAT_OK) {
		atomic_fetch_sub(&store->saving.waiting, 1);
	}
	if (place.segment == NULL) {
		free(job);
		return error;
	}
	job->place = place;
	save_queues_put(&store->saving.queues, job);
	return CHAT_OK;
}

enum chat_error store_save(struct store *store, const struct message *message)
{
	if (store->draining.count >= store->queue_limit + UNDRAINED_MAX) {
		return CHAT_EBUSY;
	}
	if (store->journal != NULL) {
		return save_in_journal(store, message); /* which says itself when it is full */
	}
	if (atomic_load(&store->saving.waiting) >= store->queue_limit) {
		say_full(store, &store->messages_full, atomic_load(&store->saving.waiting),
			"messages (plugin_opt_queue_limit)");
		return CHAT_EBUSY;
	}
	struct save_job *job = job_save(message);
	if (job == NULL) {
		return CHAT_ENOMEM;
	}
	atomic_fetch_add(&store->saving.waiting, 1);
	save_queues_put(&store->saving.queues, job);
	return CHAT_OK;
}

static enum chat_error ask(struct store *store, struct item *item)
{
	if (item == NULL) {
		return CHAT_ENOMEM;
	}
	size_t asked = atomic_fetch_add(&store->loader.asked, 1);
	enum chat_error error =
		asked >= ASKED_MAX ? CHAT_EBUSY : queue_put(&store->loader.in, item);
	if (asked >= ASKED_MAX) {
		say_full(store, &store->requests_full, asked,
			"requests (histories, lists, read markers, changes)");
	}
	if (error != CHAT_OK) {
		atomic_fetch_sub(&store->loader.asked, 1);
		job_free(item);
	}
	return error;
}

enum chat_error store_load(struct store *store, const struct load *load)
{
	struct load_job *job = job_load(load, clock_ms());
	return ask(store, job == NULL ? NULL : &job->task.item);
}

enum chat_error store_mark(struct store *store, const struct mark *mark)
{
	struct mark_job *job = job_mark(mark, clock_ms());
	return ask(store, job == NULL ? NULL : &job->task.item);
}

enum chat_error store_change(struct store *store, const struct change *change)
{
	struct change_job *job = job_change(change, clock_ms());
	return ask(store, job == NULL ? NULL : &job->task.item);
}

enum chat_error store_ask(struct store *store, struct slice room)
{
	return askers_ask(&store->askers, room);
}

void store_seen(struct store *store, const struct user_seen *seen)
{
	struct seen_job *job = job_seen(seen);
	if (job != NULL && queue_put(&store->loader.seen, &job->item) != CHAT_OK) {
		job_free(&job->item);
	}
}

bool store_tell(struct store *store, const struct node_news *news)
{
	return store->feed != NULL && feed_tell(store->feed, news);
}

void store_needs_news(struct store *store)
{
	node_needs_news(&store->node);
}

void store_concern(struct store *store, struct slice user_id, bool here)
{
	if (store->feed != NULL) {
		interest_note(&store->feed->interest, user_id, here);
	}
}

/* Calls a function of the sink, if it is there. */
#define TELL(function, ...)                                                                        \
	do {                                                                                       \
		if (sink->function != NULL) {                                                      \
			sink->function(arg, __VA_ARGS__);                                          \
		}                                                                                  \
	} while (0)

static void hand_mark(const struct mark_job *job, const struct store_sink *sink, void *arg)
{
	if (job->outcome == MARK_DONE) {
		TELL(marked, &job->mark, &job->result);
	} else {
		TELL(mark_failed, &job->mark, job->outcome == MARK_REFUSED);
	}
}

static void hand_change(const struct change_job *job, const struct store_sink *sink, void *arg)
{
	bool has_message = job->as == CHANGED_NEW || job->as == CHANGED_ALREADY;
	if (job->lost) {
		TELL(change_lost, &job->change);
	} else {
		TELL(changed, job->as, &job->change, has_message ? &job->changed : NULL);
	}
}

static void hand_saved(
	struct store *store, const struct save_job *job, const struct store_sink *sink, void *arg)
{
	TELL(saved, job->as, &job->message);
	save_queues_heard(&store->saving.queues, job);
	if (store->journal != NULL) {
		atomic_fetch_sub(&store->saving.unheard, 1);
	}
}

static void hand_answer(const struct item *item, const struct store_sink *sink, void *arg)
{
	uint64_t ticket = ((const struct load_answer *)item)->asked->load.ticket;
	if (item->kind == JOB_PAGE) {
		TELL(page, ticket, &((const struct page_job *)item)->page);
	} else if (item->kind == JOB_CHANGES) {
		TELL(changes, ticket, &((const struct changes_job *)item)->changes);
	} else if (item->kind == JOB_UNREAD) {
		TELL(unread, ticket, &((const struct unread_job *)item)->unread);
	} else {
		TELL(chats, ticket, &((const struct chats_job *)item)->chats);
	}
}

static void hand_outside(const struct outside_job *job, const struct store_sink *sink, void *arg)
{
	struct changed changed = {.change = job->message.change, .message = job->message};
	switch (job->what) {
	case OUTSIDE_POSTED:
		TELL(saved, SAVED_NEW, &job->message);
		break;
	case OUTSIDE_CHANGED:
		TELL(changed, CHANGED_NEW, NULL, &changed);
		break;
	case OUTSIDE_CLOSED:
		TELL(closed, job->room, job->on);
		break;
	case OUTSIDE_BLOCKED:
		TELL(blocked, job->user.user_id,
			room_user(job->room, !room_user_is_a(job->room, job->user.user_id)),
			job->on);
		break;
	case OUTSIDE_USER:
		TELL(user, &job->user);
		break;
	case OUTSIDE_SITE_DECIDES:
		TELL(site_decides, job->on);
		break;
	}
}

static void hand(
	struct store *store, const struct item *item, const struct store_sink *sink, void *arg)
{
	switch ((enum job_kind)item->kind) {
	case JOB_SAVE:
		hand_saved(store, (const struct save_job *)item, sink, arg);
		break;
	case JOB_LOAD:
		TELL(load_failed, ((const struct load_job *)item)->load.ticket);
		break;
	case JOB_MARK:
		hand_mark((const struct mark_job *)item, sink, arg);
		break;
	case JOB_CHANGE:
		hand_change((const struct change_job *)item, sink, arg);
		break;
	case JOB_SET: {
		const struct load_job *job = (const struct load_job *)item;
		TELL(set, job->load.ticket, job->as);
		break;
	}
	case JOB_ASK: {
		const struct ask_job *job = (const struct ask_job *)item;
		TELL(permit, job->room, job->permit);
		break;
	}
	case JOB_ENTERED:
		if (sink->entered != NULL) {
			sink->entered(arg);
		}
		break;
	case JOB_NEWS:
		TELL(news, &((const struct news_job *)item)->news);
		break;
	case JOB_SEEN:
	case JOB_SETTLE:
		break;
	case JOB_PAGE:
	case JOB_CHANGES:
	case JOB_UNREAD:
	case JOB_CHATS:
		hand_answer(item, sink, arg);
		break;
	case JOB_ANSWERING:
		store->answering = ((const struct answering_job *)item)->yes;
		TELL(answering, store->answering);
		break;
	case JOB_OUTSIDE:
		hand_outside((const struct outside_job *)item, sink, arg);
		break;
	case JOB_EPOCH:
		TELL(epoch, slice_str(((const struct epoch_job *)item)->epoch));
		break;
	case JOB_LINE: {
		const struct line_job *job = (const struct line_job *)item;
		TELL(log, job->level, job->line);
		break;
	}
	}
}

size_t store_drain(struct store *store, size_t budget, const struct store_sink *sink, void *arg)
{
	size_t done = 0;
	if (store->feed != NULL) {
		atomic_fetch_add(&store->feed->ticks, 1);
	}
	say_what_is_open(store);
	while (done < budget) {
		if (store->draining.first == NULL) {
			store->draining = queue_take_all(&store->report.out);
		}
		struct item *item = items_shift(&store->draining);
		if (item == NULL) {
			break;
		}
		hand(store, item, sink, arg);
		job_free(item);
		done++;
	}
	return done;
}

size_t store_waiting(const struct store *store)
{
	return atomic_load(&store->saving.waiting);
}

struct store_stats store_stats(const struct store *store)
{
	const struct feed *feed = store->feed;
	return (struct store_stats){
		.schema = SCHEMA_VERSION,
		.stored = atomic_load(&store->saving.stored),
		.waiting = atomic_load(&store->saving.waiting),
		.loads_waiting = atomic_load(&store->loader.asked),
		.journal_bytes = store->journal == NULL ? 0 : journal_bytes(store->journal),
		.commits = &store->saving.commits,
		.batches = &store->saving.batches,
		.node = atomic_load(&store->node.number),
		.nodes = atomic_load(&store->node.nodes),
		.lag_ms = feed == NULL ? 0 : atomic_load(&feed->lag_ms),
		.split = atomic_load(&store->node.split),
		.resyncs = feed == NULL ? 0 : atomic_load(&feed->resyncs),
	};
}

bool store_answering(const struct store *store)
{
	return store->answering;
}

size_t store_close(struct store *store, int timeout_ms)
{
	if (store == NULL) {
		return 0;
	}
	int64_t now = clock_ms();
	int64_t until = now + (timeout_ms > 0 ? timeout_ms : 0);
	wakeup_stop(&store->loader.wakeup, now);
	stop_savers(store, until);
	askers_stop(&store->askers, now);
	bool ended = thread_join(store->loader_thread, until + GRACE_MS);
	for (size_t i = 0; i < SAVERS; i++) {
		ended = thread_join(store->saver_threads[i], until + GRACE_MS) && ended;
	}
	ended = askers_end(&store->askers, until + GRACE_MS) && ended;
	/* After those who write: the others take this broker's streams for closed when it is out.
	 */
	if (store->feed != NULL) {
		int64_t end = clock_ms();
		wakeup_stop(&store->feed->wakeup, end + GRACE_MS);
		ended = thread_join(store->feed_thread, end + 2 * GRACE_MS) && ended;
	}
	ended = ended && journal_close(store->journal, until + GRACE_MS);
	size_t left = atomic_load(&store->saving.waiting);
	atomic_store(&store->report.silent, true);
	if (!ended) {
		return left;
	}
	jobs_free(&store->draining);
	report_finish(&store->report);
	finish_savers(store);
	loader_finish(&store->loader);
	askers_finish(&store->askers);
	leave_cluster(store);
	free(store->conninfo);
	free(store);
	return left;
}
