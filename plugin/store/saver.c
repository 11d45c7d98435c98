#include "saver.h"

#include <stdlib.h>

#include "hash.h"
#include "job.h"

/* A wait for a lock holds up the whole batch: rows are never waited for (skip locked), and what
 * else is locked, such as a table, is soon asked for again. */
#define LOCK_TIMEOUT_MS 50

/* A locked room is looked at again after 1 ms, doubling, to at most this. */
#define PAUSE_MAX_MS 250
/* One that made its batch fail costs LOCK_TIMEOUT_MS each time, so it comes less often. */
#define LONE_PAUSE_MAX_MS 2000
/* A statement that takes longer than this is not to grow. */
#define SLOW_MS 1000

#define SAY_REFUSED_EVERY_MS 10000

/* So many rooms in a row, each alone: it is not the rooms that are locked. */
#define LONE_STRIKES_MAX 3

/* A room that waits aside, with its messages in order. */
struct parked {
	UT_hash_handle hh;
	struct items jobs;
	int64_t due;
	int pause;
	bool alone; /* it made a batch fail: not together with others */
	size_t len;
	char room[ROOM_MAX];
};

bool saver_init(
	struct saver *saver, const char *conninfo, struct report *report, _Atomic size_t *waiting)
{
	static const struct statement *const statements[] = {&statement_save, &statement_save_each};
	*saver = (struct saver){
		.report = report,
		.waiting = waiting,
		.cap = SAVES_MAX,
	};
	if (!bell_init(&saver->bell)) {
		return false;
	}
	if (!queue_init(&saver->in, SIZE_MAX, &saver->bell)) {
		bell_finish(&saver->bell);
		return false;
	}
	pgconn_init(&saver->conn, &(struct pgconn_options){
					  .conninfo = conninfo,
					  .statements = statements,
					  .count = sizeof(statements) / sizeof(statements[0]),
					  .lock_timeout_ms = LOCK_TIMEOUT_MS,
					  .part = REPORT_SAVER,
					  .report = report,
					  .bell = &saver->bell,
				  });
	return true;
}

void saver_finish(struct saver *saver)
{
	struct parked *room;
	struct parked *next;
	HASH_ITER (hh, saver->parked, room, next) {
		HASH_DEL(saver->parked, room);
		jobs_free(&room->jobs);
		free(room);
	}
	struct items left = queue_close(&saver->in);
	jobs_free(&left);
	jobs_free(&saver->ready);
	queue_finish(&saver->in);
	bell_finish(&saver->bell);
	pgconn_finish(&saver->conn);
	params_finish(&saver->params);
}

static struct parked *find(struct saver *saver, struct slice room)
{
	struct parked *parked = NULL;
	if (saver->parked != NULL) {
		HASH_FIND(hh, saver->parked, room.bytes, room.len, parked);
	}
	return parked;
}

/* NULL: out of memory. */
static struct parked *park(struct saver *saver, struct slice room)
{
	struct parked *parked = find(saver, room);
	if (parked == NULL) {
		parked = calloc(1, sizeof(*parked));
		if (parked == NULL) {
			return NULL;
		}
		parked->len = room.len;
		memcpy(parked->room, room.bytes, room.len);
		HASH_ADD_KEYPTR(hh, saver->parked, parked->room, parked->len, parked);
		if (parked->hh.tbl == NULL) {
			free(parked);
			return NULL;
		}
	}
	return parked;
}

static void unpark(struct saver *saver, struct parked *parked)
{
	HASH_DEL(saver->parked, parked);
	free(parked);
}

static void pause_room(struct parked *parked, bool alone)
{
	int max = alone ? LONE_PAUSE_MAX_MS : PAUSE_MAX_MS;
	parked->alone = alone;
	parked->pause = parked->pause == 0 ? 1 : parked->pause * 2;
	if (parked->pause > max) {
		parked->pause = max;
	}
	parked->due = clock_ms() + parked->pause;
}

/* Back to where it came from, in front of what came after it: called from the last to the first. */
static void put_back(struct saver *saver, struct save_job *job)
{
	struct parked *parked = find(saver, job->message.room);
	items_prepend(parked != NULL ? &parked->jobs : &saver->ready, &job->item);
}

static void put_all_back(struct saver *saver, bool in_doubt)
{
	for (size_t i = saver->count; i-- > 0;) {
		saver->batch[i]->in_doubt = saver->batch[i]->in_doubt || in_doubt;
		put_back(saver, saver->batch[i]);
	}
}

/* A batch as it grows. */
struct filling {
	size_t rows;
	size_t bytes;
};

static bool fits(const struct filling *filling, const struct save_job *job, size_t cap)
{
	return filling->rows == 0 ||
	       (filling->rows < cap && filling->bytes + job->message.text.len <= SAVES_BYTES_MAX);
}

static void add(struct saver *saver, struct filling *filling, struct save_job *job)
{
	saver->batch[filling->rows++] = job;
	filling->bytes += job->message.text.len;
}

/* The room's first messages.  What does not fit stays parked, so that order is kept. */
static void fill_parked(
	struct saver *saver, struct filling *filling, struct parked *parked, size_t cap)
{
	while (parked->jobs.first != NULL) {
		struct save_job *job = (struct save_job *)parked->jobs.first;
		if (!fits(filling, job, cap)) {
			return;
		}
		items_shift(&parked->jobs);
		add(saver, filling, job);
	}
}

/* A room that has to go alone and is due, when it is such a room's turn. */
static bool fill_lone(struct saver *saver, struct filling *filling, int64_t now, size_t cap)
{
	struct parked *room;
	struct parked *next;
	bool turn = saver->lone_turn || saver->ready.first == NULL;
	saver->lone_turn = !saver->lone_turn;
	if (!turn) {
		return false;
	}
	HASH_ITER (hh, saver->parked, room, next) {
		if (room->alone && room->due <= now) {
			fill_parked(saver, filling, room, cap);
			return filling->rows > 0;
		}
	}
	return false;
}

static size_t next_cap(const struct saver *saver)
{
	if (saver->suspects == 0) {
		return saver->cap;
	}
	return saver->search == SAVER_EACH ? saver->suspects : (saver->suspects + 1) / 2;
}

/* Parked rooms that are due take up to half of the batch, new messages the rest. */
static void fill(struct saver *saver)
{
	struct filling filling = {0};
	int64_t now = clock_ms();
	struct parked *room;
	struct parked *next;

	size_t cap = next_cap(saver);
	if (saver->parked != NULL && fill_lone(saver, &filling, now, cap)) {
		saver->count = filling.rows;
		return;
	}
	HASH_ITER (hh, saver->parked, room, next) {
		if (!room->alone && room->due <= now) {
			fill_parked(saver, &filling, room, (cap + 1) / 2);
		}
		if (filling.rows >= (cap + 1) / 2) {
			break;
		}
	}
	while (saver->ready.first != NULL) {
		struct save_job *job = (struct save_job *)saver->ready.first;
		struct parked *parked = find(saver, job->message.room);
		if (parked == NULL && !fits(&filling, job, cap)) {
			break;
		}
		items_shift(&saver->ready);
		if (parked != NULL) {
			items_append(&parked->jobs, &job->item);
		} else {
			add(saver, &filling, job);
		}
	}
	saver->count = filling.rows;
}

/* When the next parked room is due. */
static int64_t next_due(const struct saver *saver)
{
	int64_t due = NEVER;
	const struct parked *room;
	for (room = saver->parked; room != NULL; room = room->hh.next) {
		if (room->jobs.first != NULL && room->due < due) {
			due = room->due;
		}
	}
	return due;
}

/* A repeat carries the stored text instead of its own.  NULL: out of memory. */
static struct save_job *repeat_of(const struct save_job *job, const struct save_answer *answer)
{
	struct message message = job->message;
	message.seq = answer->seq;
	message.text = answer->text;
	message.sent_at = answer->sent_at;
	struct save_job *repeat = job_save(&message);
	if (repeat != NULL) {
		repeat->as = SAVED_REPEAT;
	}
	return repeat;
}

/* Done with this one: into `done`, or back when there is no memory to say so. */
static bool settle(struct save_job *job, const struct save_answer *answer, struct items *done)
{
	if (answer->outcome == SAVE_REFUSED) {
		job->as = SAVED_REJECTED;
	} else if (answer->outcome == SAVE_REPEATED) {
		struct save_job *repeat = repeat_of(job, answer);
		if (repeat == NULL) {
			return false;
		}
		job_free(&job->item);
		job = repeat;
	} else {
		job->as = SAVED_NEW;
		job->message.seq = answer->seq;
	}
	items_append(done, &job->item);
	return true;
}

/* A room that was stored and has nothing left to wait for is no longer parked. */
static void release(struct saver *saver, struct slice name)
{
	struct parked *parked = find(saver, name);
	if (parked == NULL) {
		return;
	}
	if (parked->jobs.first == NULL) {
		unpark(saver, parked);
	} else {
		parked->alone = false;
		parked->pause = 0;
		parked->due = 0;
	}
}

/* The job could not be settled: its room waits, in the order of the batch. */
static void set_aside(struct saver *saver, struct save_job *job)
{
	struct parked *parked = park(saver, job->message.room);
	items_prepend(parked != NULL ? &parked->jobs : &saver->ready, &job->item);
}

static void report_done(struct saver *saver, struct items *done)
{
	atomic_fetch_sub(saver->waiting, done->count);
	report_items(saver->report, done);
}

/* The rooms that were in the way of their batches may be free again. */
static void let_lone_ones_join(struct saver *saver)
{
	struct parked *room;
	for (room = saver->parked; room != NULL; room = room->hh.next) {
		if (room->alone) {
			room->alone = false;
			room->due = 0;
		}
	}
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
		let_lone_ones_join(saver);
	}
	saver->strikes = 0;
	saver->lone_strikes = 0;
	pgconn_well(&saver->conn);
}

/* A line for the first, and then a sum from time to time: who sends such messages may send many. */
static void say_refused(struct saver *saver, const struct save_job *job, struct slice sqlstate)
{
	char line[REPORT_LINE_MAX];
	int64_t now = clock_ms();
	saver->refusals++;
	if (saver->refusals_said_at != 0 && now - saver->refusals_said_at < SAY_REFUSED_EVERY_MS) {
		return;
	}
	snprintf(line, sizeof(line),
		"database: refused %zu messages for good, the last from %.*s in %.*s, SQLSTATE %.*s",
		saver->refusals, SLICE_ARGS(job->message.user_id), SLICE_ARGS(job->message.room),
		SLICE_ARGS(sqlstate));
	report_line(saver->report, STORE_WARNING, line);
	saver->refusals_said_at = now;
	saver->refusals = 0;
}

/* The database has answered for the whole batch. */
static void take_answers(struct saver *saver)
{
	struct items done = {0};
	struct save_job *left[SAVES_MAX];
	size_t lefts = 0;

	for (size_t i = 0; i < saver->count; i++) {
		const struct save_answer *answer = &saver->answers[i];
		struct save_job *job = saver->batch[i];
		if (answer->outcome == SAVE_REFUSED) {
			say_refused(saver, job, answer->text);
		}
		if (answer->outcome == SAVE_LOCKED || !settle(job, answer, &done)) {
			left[lefts++] = job;
		} else if (saver->parked != NULL) {
			release(saver, ((struct save_job *)done.last)->message.room);
		}
	}
	for (size_t i = lefts; i-- > 0;) {
		set_aside(saver, left[i]);
	}
	for (size_t i = 0; i < lefts; i++) {
		struct parked *parked = find(saver, left[i]->message.room);
		if (parked != NULL && &left[i]->item == parked->jobs.first) {
			pause_room(parked, false);
		}
	}
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
		struct parked *parked = park(saver, saver->batch[0]->message.room);
		if (parked != NULL) {
			pause_room(parked, true);
		}
		saver->lone_strikes++;
	}
	put_all_back(saver, false);
	saver->cap = (saver->count + 1) / 2;
	saver->strikes++;
	int pause = saver->strikes > 8 ? PAUSE_MAX_MS : 1 << saver->strikes;
	saver->not_before = clock_ms() + (pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause);
}

/* Refused for good: when it is one message, that one; otherwise it has to be found. */
static void refused(struct saver *saver, const PGresult *result)
{
	if (saver->count > 1) {
		put_all_back(saver, false);
		if (saver->suspects > 0) {
			saver->search = SAVER_HALVES;
		}
		saver->suspects = saver->count;
		return;
	}
	struct items done = {0};
	struct save_job *job = saver->batch[0];
	say_refused(saver, job, slice_str(PQresultErrorField(result, PG_DIAG_SQLSTATE)));
	job->as = SAVED_REJECTED;
	release(saver, job->message.room);
	items_append(&done, &job->item);
	succeeded(saver);
	report_done(saver, &done);
}

static void store_batch(struct saver *saver)
{
	if (!save_params(&saver->params, saver->batch, saver->count)) {
		put_all_back(saver, false);
		saver->cap = saver->count > 1 ? saver->count / 2 : 1;
		saver->not_before = clock_ms() + PAUSE_MAX_MS;
		return;
	}
	bool each = saver->suspects > 0 && saver->search == SAVER_EACH;
	saver->begun = clock_ms();
	PGresult *result = pgconn_run(
		&saver->conn, each ? &statement_save_each : &statement_save, &saver->params);
	if (result == NULL) {
		put_all_back(saver, true);
		return;
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		if (save_results(result, saver->answers, saver->count)) {
			take_answers(saver);
		} else {
			put_all_back(saver, true);
			pgconn_drop(&saver->conn, REPORT_REFUSES, STORE_ERROR,
				"database: chat.save answers with something else than the schema "
				"promises: run sql/install.sql of this release");
		}
		PQclear(result);
		return;
	}
	switch (sqlstate_verdict(PQresultErrorField(result, PG_DIAG_SQLSTATE))) {
	case VERDICT_AGAIN:
		in_the_way(saver);
		break;
	case VERDICT_REFUSE:
		refused(saver, result);
		break;
	case VERDICT_AWAY:
	case VERDICT_HOLD:
		put_all_back(saver, false);
		pgconn_refused(&saver->conn, result);
		break;
	}
	PQclear(result);
}

static bool has_something(const struct saver *saver)
{
	return saver->ready.first != NULL || saver->parked != NULL;
}

/* Sleeps until something may have changed.  True: the thread has to end. */
static bool rest(struct saver *saver, int64_t until)
{
	/* What comes in is only looked at when it can be stored now. */
	if (until == NEVER || saver->conn.state == PGCONN_READY) {
		if (!queue_await(&saver->in)) {
			return false;
		}
	}
	return pgconn_sleep(&saver->conn, until) == BELL_STOP;
}

/* The last chance: an attempt at once, and the next ones soon after each other. */
static void hurry(struct saver *saver, int64_t now)
{
	saver->conn.backoff_ms = 0;
	if (!saver->hurried) {
		saver->hurried = true;
		saver->conn.retry_at = now;
	}
}

/* One turn: whatever is next.  True: the thread has to end. */
static bool turn(struct saver *saver)
{
	struct items news = queue_take_all(&saver->in);
	items_join(&saver->ready, &news);
	int64_t now = clock_ms();

	if (bell_stopping(&saver->bell) && !has_something(saver)) {
		return true;
	}
	if (saver->conn.state != PGCONN_READY) {
		if (bell_stopping(&saver->bell)) {
			hurry(saver, now);
		}
		if (now < saver->conn.retry_at) {
			return rest(saver, saver->conn.retry_at);
		}
		return !pgconn_connect(&saver->conn) &&
		       pgconn_sleep(&saver->conn, now) == BELL_STOP;
	}
	if (now < saver->not_before) {
		return pgconn_sleep(&saver->conn, saver->not_before) == BELL_STOP;
	}
	fill(saver);
	if (saver->count > 0) {
		store_batch(saver);
		return pgconn_sleep(&saver->conn, 0) == BELL_STOP;
	}
	return rest(saver, next_due(saver));
}

void *saver_run(void *arg)
{
	struct saver *saver = arg;
	while (!turn(saver)) {
	}
	pgconn_finish(&saver->conn);
	return NULL;
}
