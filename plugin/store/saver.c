#include "saver.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "descriptors.h"
#include "job.h"
#include "message_row.h"

/* A wait for a lock holds up the whole batch: rows are never waited for (skip locked), and what
 * else is locked, such as a table, is soon asked for again. */
#define LOCK_TIMEOUT_MS 50

/* Between batches that were in the way of others: 2 ms, doubling, to at most this. */
#define PAUSE_MAX_MS 250

/* A statement that takes longer than this is not to grow. */
#define SLOW_MS 1000

/* A chat that waits so long is worth a line. */
#define LOCKED_MS 10000

/* How soon to look again whether there is memory for what waits in the journal. */
#define READ_AGAIN_MS 5

/* So many rooms in a row, each alone: it is not the rooms that are locked. */
#define LONE_STRIKES_MAX 3

void saver_init(struct saver *saver, const char *conninfo, struct node *node, struct saving *saving,
	int number)
{
	static const struct statement *const statements[] = {&statement_save, &statement_save_each};
	_Static_assert(SAVERS <= WRITER_LOADER, "each has a stream of its own");
	*saver = (struct saver){
		.saving = saving,
		.queue = &saving->queues.each[number],
		.reads_back = number == 0,
		.cap = SAVES_MAX,
	};
	pgconn_init(&saver->conn, &(struct pgconn_options){
					  .conninfo = conninfo,
					  .statements = statements,
					  .count = sizeof(statements) / sizeof(statements[0]),
					  .lock_timeout_ms = LOCK_TIMEOUT_MS,
					  .node = node,
					  .writer = WRITER_SAVER(number),
					  .part = REPORT_SAVER(number),
					  .report = saving->report,
					  .wakeup = &saver->queue->wakeup,
				  });
}

void saver_finish(struct saver *saver)
{
	jobs_free(&saver->ready);
	locked_rooms_finish(&saver->locked);
	pgconn_finish(&saver->conn);
	params_finish(&saver->params);
}

/* Where a job belongs that is not in the batch. */
static struct items *place_of(struct saver *saver, const struct save_job *job)
{
	struct locked_room *entry = locked_rooms_find(&saver->locked, job->message.room);
	return entry != NULL ? locked_room_jobs(entry) : &saver->ready;
}

/* In front of what came after them. */
static void put_all_back(struct saver *saver, bool in_doubt)
{
	for (size_t i = saver->count; i-- > 0;) {
		saver->batch[i]->in_doubt = saver->batch[i]->in_doubt || in_doubt;
		items_prepend(place_of(saver, saver->batch[i]), &saver->batch[i]->item);
	}
}

static size_t next_cap(const struct saver *saver)
{
	if (saver->suspects == 0) {
		return saver->cap;
	}
	size_t next = saver->search == SAVER_EACH ? saver->suspects : (saver->suspects + 1) / 2;
	/* One of them may be in the way of others, too. */
	return next < saver->cap ? next : saver->cap;
}

static size_t size_of(const struct save_job *job)
{
	return job->message.text.len + job->message.data.len;
}

static bool fits(const struct saver *saver, const struct save_job *job, size_t cap)
{
	return saver->count == 0 ||
	       (saver->count < cap && saver->bytes + size_of(job) <= SAVES_BYTES_MAX);
}

static void add(struct saver *saver, struct save_job *job)
{
	saver->batch[saver->count++] = job;
	saver->bytes += size_of(job);
}

/* Moves jobs from the front of the list into the batch, as far as they fit. */
static void take(struct saver *saver, struct items *jobs, size_t cap)
{
	while (jobs->first != NULL) {
		struct save_job *job = (struct save_job *)jobs->first;
		if (!fits(saver, job, cap)) {
			return;
		}
		items_shift(jobs);
		add(saver, job);
	}
}

/* A room that has to go alone, in every second batch. */
static void take_lone(struct saver *saver)
{
	struct locked_room *entry = locked_rooms_due_alone(&saver->locked, clock_ms());
	saver->lone_turn = !saver->lone_turn;
	if (entry != NULL && (saver->lone_turn || saver->ready.first == NULL)) {
		take(saver, locked_room_jobs(entry), next_cap(saver));
	}
}

/* Parked rooms may have half of the batch. */
static bool take_locked(void *arg, struct items *jobs, bool probe)
{
	struct saver *saver = arg;
	size_t half = (next_cap(saver) + 1) / 2;
	take(saver, jobs, probe && saver->count < half ? saver->count + 1 : half);
	return saver->count < half;
}

/* What is ready, unless its room was found locked since. */
static void take_ready(struct saver *saver)
{
	size_t cap = next_cap(saver);
	while (saver->ready.first != NULL) {
		struct save_job *job = (struct save_job *)saver->ready.first;
		struct locked_room *entry = locked_rooms_find(&saver->locked, job->message.room);
		if (entry != NULL) {
			items_append(locked_room_jobs(entry), items_shift(&saver->ready));
			continue;
		}
		if (!fits(saver, job, cap)) {
			return;
		}
		items_shift(&saver->ready);
		add(saver, job);
	}
}

static void fill(struct saver *saver)
{
	saver->count = 0;
	saver->bytes = 0;
	take_lone(saver);
	if (saver->count == 0) {
		locked_rooms_due(&saver->locked, clock_ms(), take_locked, saver);
		take_ready(saver);
	}
}

/* The job with the message as it is by now, instead of as it was sent.  NULL: out of memory. */
static struct save_job *stored_version(const struct save_job *job, const struct save_answer *answer)
{
	struct message message = answer->stored;
	memcpy(message.key, job->message.key, KEY_SIZE);
	message.room = job->message.room;
	message.user_id = job->message.user_id;
	message.opponent_id = job->message.opponent_id;
	message.name = job->message.name;
	message.ref = job->message.ref;
	message.seq = answer->seq;
	message.from = job->message.from;
	return job_save_as(job, &message);
}

/* `stored` under its own key. */
static void settle_in_journal(const struct saver *saver, const struct save_job *job, bool stored)
{
	if (saver->saving->journal != NULL) {
		journal_settle(saver->saving->journal, job->place, stored);
	}
}

static enum saved_as outcome_of(const struct save_answer *answer)
{
	switch (answer->outcome) {
	case SAVE_STORED:
	case SAVE_KNOWN:
		return SAVED_NEW;
	case SAVE_REPEATED:
		return SAVED_REPEAT;
	case SAVE_FORBIDDEN:
		return SAVED_FORBIDDEN;
	case SAVE_REFUSED:
	case SAVE_LOCKED:
	case SAVE_UNANSWERED:
		break;
	}
	return SAVED_REJECTED;
}

/* Nobody waits for a message from before the start.  But one that is stored only now is new to
 * everybody; what was committed before is in the history of whoever has come since. */
static bool is_quiet(const struct save_job *job, const struct save_answer *answer)
{
	return job->replayed && answer->outcome != SAVE_STORED &&
	       !(answer->outcome == SAVE_KNOWN && job->in_doubt);
}

/* Done with this one: into `done`, or back when there is no memory to say so. */
static bool settle(const struct saver *saver, struct save_job *job,
	const struct save_answer *answer, struct items *done)
{
	if (answer->outcome == SAVE_KNOWN || answer->outcome == SAVE_REPEATED) {
		struct save_job *stored = stored_version(job, answer);
		if (stored == NULL) {
			return false;
		}
		job_free(&job->item);
		job = stored;
	}
	struct message *message = &job->message;
	job->as = outcome_of(answer);
	job->quiet = is_quiet(job, answer);
	message->seq = answer->seq;
	message->muted =
		room_user_is_a(message->room, message->user_id) ? answer->b_muted : answer->a_muted;
	settle_in_journal(saver, job, job->as == SAVED_NEW);
	items_append(done, &job->item);
	return true;
}

static void drop_quiet(struct saving *saving, struct items *done)
{
	struct items heard = {0};
	struct item *item;
	while ((item = items_shift(done)) != NULL) {
		const struct save_job *job = (const struct save_job *)item;
		if (job->quiet) {
			save_queues_heard(&saving->queues, job);
			job_free(item);
		} else {
			items_append(&heard, item);
		}
	}
	*done = heard;
}

static void report_done(struct saver *saver, struct items *done)
{
	struct saving *saving = saver->saving;
	atomic_fetch_sub(&saving->waiting, done->count);
	atomic_fetch_sub(&saver->queue->at_hand, done->count);
	if (saving->journal != NULL) {
		drop_quiet(saving, done);
		atomic_fetch_add(&saving->unheard, done->count);
	}
	report_items(saving->report, done);
}

static void succeeded(struct saver *saver)
{
	if (clock_ms() - saver->begun < SLOW_MS) {
		saver->cap = saver->cap * 2 > SAVES_MAX ? SAVES_MAX : saver->cap * 2;
	}
	saver->suspects -= saver->count < saver->suspects ? saver->count : saver->suspects;
	if (saver->suspects == 0) {
		saver->search = SAVER_EACH;
	}
	if (saver->lone_strikes >= LONE_STRIKES_MAX) {
		locked_rooms_regroup(&saver->locked);
	}
	saver->strikes = 0;
	saver->lone_strikes = 0;
	pgconn_well(&saver->conn);
}

/* Who sends such messages may send many. */
static void say_refused(struct saver *saver, const struct save_job *job, struct slice sqlstate)
{
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		"database: refused a message for good, from %.*s in chat/%.*s, SQLSTATE %.*s",
		SLICE_ARGS(job->message.user_id), SLICE_ARGS(job->message.room),
		SLICE_ARGS(sqlstate));
	report_often(
		saver->saving->report, REPORT_REFUSED_MESSAGE, STORE_WARNING, line, clock_ms());
}

/* Somebody holds a lock for long, or what a trigger needs is away: nobody would see it otherwise.
 */
static void say_locked(struct saver *saver, int64_t now)
{
	struct slice room;
	const char *sqlstate = "";
	int64_t since = locked_rooms_oldest(&saver->locked, &room, &sqlstate);
	if (since == NEVER || now - since < LOCKED_MS || now < saver->locked_said_at + LOCKED_MS) {
		return;
	}
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		"database: messages in chat/%.*s have waited for %d s: it is locked, or a trigger "
		"cannot do its work now%s%s",
		SLICE_ARGS(room), (int)((now - since) / 1000),
		sqlstate[0] == '\0' ? "" : ", SQLSTATE ", sqlstate);
	report_often(saver->saving->report, REPORT_LOCKED, STORE_WARNING, line, now);
	saver->locked_said_at = now;
}

/* The room of a job that is done need not wait any longer. */
static void release(struct saver *saver, const struct save_job *job)
{
	struct locked_room *entry = locked_rooms_find(&saver->locked, job->message.room);
	if (entry != NULL) {
		locked_rooms_release(&saver->locked, entry);
	}
}

/* Jobs that could not be settled wait with their rooms, in the order of the batch. */
static void set_aside(struct saver *saver, struct save_job *const *jobs, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		/* Out of memory they are ready again, and so are those behind them. */
		(void)locked_rooms_add(&saver->locked, jobs[i]->message.room);
		items_prepend(place_of(saver, jobs[i]), &jobs[i]->item);
	}
	for (size_t i = 0; i < count; i++) {
		struct locked_room *entry =
			locked_rooms_find(&saver->locked, jobs[i]->message.room);
		if (entry != NULL && locked_room_jobs(entry)->first == &jobs[i]->item) {
			locked_room_pause(entry, NULL, clock_ms());
		}
	}
}

/* The database has answered for the whole batch. */
static void take_answers(struct saver *saver)
{
	struct items done = {0};
	struct save_job *left[SAVES_MAX];
	size_t lefts = 0;
	size_t stored = 0;

	for (size_t i = 0; i < saver->count; i++) {
		const struct save_answer *answer = &saver->answers[i];
		struct save_job *job = saver->batch[i];
		if (answer->outcome == SAVE_REFUSED) {
			say_refused(saver, job, answer->sqlstate);
		}
		if (answer->outcome == SAVE_LOCKED || !settle(saver, job, answer, &done)) {
			left[lefts++] = job;
		} else {
			const struct save_job *settled = (const struct save_job *)done.last;
			stored += settled->as == SAVED_NEW;
			release(saver, settled);
		}
	}
	atomic_fetch_add(&saver->saving->stored, stored);
	set_aside(saver, left, lefts);
	succeeded(saver);
	report_done(saver, &done);
}

static bool of_one_room(const struct saver *saver)
{
	for (size_t i = 1; i < saver->count; i++) {
		if (!slice_equal(saver->batch[i]->message.room, saver->batch[0]->message.room)) {
			return false;
		}
	}
	return true;
}

/* In the way of others: narrow it down to a room, which then waits alone.  When several rooms in a
 * row fail so, it is rather a table that is locked; each attempt is then of one room, so that a
 * lock of a minute costs a minute, however many rooms wait. */
static void in_the_way(struct saver *saver)
{
	if (of_one_room(saver)) {
		struct locked_room *entry =
			locked_rooms_add(&saver->locked, saver->batch[0]->message.room);
		if (entry != NULL) {
			locked_room_pause(entry, pgconn_sqlstate(&saver->conn), clock_ms());
		}
		saver->lone_strikes++;
	}
	put_all_back(saver, false);
	saver->cap = (saver->count + 1) / 2;
	saver->strikes++;
	int pause = saver->strikes > 8 ? PAUSE_MAX_MS : 1 << saver->strikes;
	saver->not_before = clock_ms() + (pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause);
}

/* Refused for good: when it is one message, also by itself, that one; otherwise it has to be found.
 */
static void refused(struct saver *saver)
{
	if (saver->count > 1 || saver->suspects == 0) {
		put_all_back(saver, false);
		if (saver->suspects > 0) {
			saver->search = SAVER_HALVES;
		}
		saver->suspects = saver->count;
		return;
	}
	struct items done = {0};
	struct save_job *job = saver->batch[0];
	say_refused(saver, job, slice_str(pgconn_sqlstate(&saver->conn)));
	job->as = SAVED_REJECTED;
	job->quiet = job->replayed;
	settle_in_journal(saver, job, false);
	release(saver, job);
	items_append(&done, &job->item);
	succeeded(saver);
	report_done(saver, &done);
}

static void take_result(
	struct saver *saver, const struct statement *statement, const PGresult *result)
{
	if (save_results(result, saver->answers, saver->count)) {
		take_answers(saver);
	} else {
		put_all_back(saver, true);
		pgconn_wrong_schema(&saver->conn, statement);
	}
}

static uint64_t clock_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void store_batch(struct saver *saver)
{
	bool told = saver->conn.options.node->in_cluster;
	if (!save_params(&saver->params, saver->batch, saver->count, told)) {
		put_all_back(saver, false);
		saver->cap = saver->count > 1 ? saver->count / 2 : 1;
		saver->not_before = clock_ms() + PAUSE_MAX_MS;
		return;
	}
	bool each = saver->suspects > 0 && saver->search == SAVER_EACH;
	const struct statement *statement = each ? &statement_save_each : &statement_save;
	PGresult *result;
	saver->begun = clock_ms();
	save_queue_batch(saver->queue, saver->count);
	uint64_t begun_us = clock_us();
	switch (pgconn_run(&saver->conn, statement, &saver->params, &result)) {
	case RAN_WELL:
		histogram_add(&saver->saving->commits, histogram_seconds, clock_us() - begun_us);
		histogram_add(&saver->saving->batches, histogram_messages, saver->count);
		take_result(saver, statement, result);
		PQclear(result);
		break;
	case RAN_INTO_LOCK:
		in_the_way(saver);
		break;
	case RAN_REFUSED:
		refused(saver);
		break;
	case RAN_NOT:
		put_all_back(saver, false);
		break;
	case RAN_PERHAPS:
		put_all_back(saver, true);
		break;
	}
}

static bool spills(const struct saver *saver)
{
	return saver->saving->journal != NULL && journal_spills(saver->saving->journal);
}

static bool has_something(const struct saver *saver)
{
	return saver->ready.first != NULL || saver->locked.rooms != NULL || spills(saver);
}

static void take_news(struct saver *saver)
{
	struct items news = queue_take_all(&saver->queue->in);
	items_join(&saver->ready, &news);
}

static size_t room_in_memory(const struct saver *saver)
{
	size_t alone = journal_alone(saver->saving->journal);
	size_t waiting = atomic_load(&saver->saving->waiting);
	size_t here = waiting > alone ? waiting - alone : 0;
	here += atomic_load(&saver->saving->unheard);
	return here < saver->saving->memory_limit ? saver->saving->memory_limit - here : 0;
}

/* How much may still be read back. */
struct reading {
	struct save_queues *queues;
	size_t count;
	size_t bytes;
};

static bool take_read(
	void *arg, const struct message *message, struct journal_place place, bool replayed)
{
	struct reading *reading = arg;
	size_t len = message->text.len;
	struct save_job *job =
		reading->count == 0 || reading->bytes == 0 ? NULL : job_save(message);
	if (job == NULL) {
		return false;
	}
	job->place = place;
	job->replayed = replayed;
	job->message.in_chat = -1;
	save_queues_put(reading->queues, job);
	reading->count--;
	reading->bytes -= len < reading->bytes ? len : reading->bytes;
	return true;
}

/* The next of those that wait in the journal alone, for all savers. */
static void read_back(struct saver *saver)
{
	/* Since it spills nothing new comes through the memory, and what came before is in there.
	 */
	take_news(saver);
	size_t room = room_in_memory(saver);
	if (saver->ready.first != NULL || room == 0) {
		return;
	}
	struct reading reading = {
		.queues = &saver->saving->queues,
		.count = room < SAVES_MAX ? room : SAVES_MAX,
		.bytes = SAVES_BYTES_MAX,
	};
	size_t lost = journal_read(saver->saving->journal, take_read, &reading);
	atomic_fetch_sub(&saver->saving->waiting, lost);
	take_news(saver);
}

/* Sleeps until something may have changed.  True: the thread has to end. */
static bool rest(struct saver *saver, int64_t until)
{
	bool ready = saver->conn.state == PGCONN_READY;
	/* What comes in is only looked at when it can be stored now. */
	if (until == NEVER || ready) {
		if (!queue_await(&saver->queue->in)) {
			return false;
		}
	}
	atomic_store(&saver->queue->idle, ready);
	bool stop = pgconn_sleep(&saver->conn, until) == WAKEUP_STOP;
	atomic_store(&saver->queue->idle, false);
	return stop;
}

/* One turn: whatever is next.  True: the thread has to end. */
static bool turn(struct saver *saver)
{
	take_news(saver);
	int64_t now = clock_ms();

	if (wakeup_stopping(&saver->queue->wakeup) && !has_something(saver)) {
		return true;
	}
	if (saver->conn.state != PGCONN_READY) {
		if (wakeup_stopping(&saver->queue->wakeup)) {
			if (saver->saving->journal != NULL) {
				return true; /* nothing is lost */
			}
			pgconn_hurry(&saver->conn);
		}
		if (now < saver->conn.retry_at) {
			return rest(saver, saver->conn.retry_at);
		}
		return !pgconn_connect(&saver->conn) &&
		       pgconn_sleep(&saver->conn, now) == WAKEUP_STOP;
	}
	if (now < saver->not_before) {
		return pgconn_sleep(&saver->conn, saver->not_before) == WAKEUP_STOP;
	}
	say_locked(saver, now);
	if (saver->reads_back && saver->ready.first == NULL && spills(saver)) {
		read_back(saver);
	}
	fill(saver);
	if (saver->count > 0) {
		store_batch(saver);
		return pgconn_sleep(&saver->conn, 0) == WAKEUP_STOP;
	}
	int64_t due = locked_rooms_next_due(&saver->locked);
	if (spills(saver) && due > now + READ_AGAIN_MS) {
		due = now + READ_AGAIN_MS;
	}
	return rest(saver, due);
}

void *saver_run(void *arg)
{
	struct saver *saver = arg;
	/* The journal's files are shared with the broker's thread. */
	if (saver->saving->journal == NULL) {
		descriptors_part(
			saver->queue->wakeup.fd, node_descriptor(saver->conn.options.node));
	}
	while (!turn(saver)) {
	}
	pgconn_finish(&saver->conn);
	return NULL;
}
