#include "outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message_row.h"

#define LOOK_EVERY_MS 1000
/* After a statement that failed, or came to a lock. */
#define PAUSE_MS 250
/* After one that was refused; doubling, to at most this. */
#define REFUSED_PAUSE_MS 1000
#define REFUSED_PAUSE_MAX_MS 30000
/* Requests carried out by one statement: others wait for the connection meanwhile. */
#define REQUESTS_MAX 20

static const Oid enter_types[] = {OID_TEXT};
static const Oid poll_types[] = {OID_INT4, OID_INT8};
static const Oid news_types[] = {OID_INT8};
static const Oid carry_out_types[] = {OID_INT4, OID_INT4};

const struct statement statement_enter = {
	.name = "enter",
	.function = "chat.enter",
	.sql = "select chat.enter($1)",
	.count = 1,
	.types = enter_types,
};

const struct statement statement_poll = {
	.name = "poll",
	.function = "chat.poll",
	.sql = "select requests, news, alive, site_decides from chat.poll($1, $2)",
	.count = 2,
	.types = poll_types,
};

const struct statement statement_news = {
	.name = "news",
	.function = "chat.news",
	.sql = "select kind, next, id, name, is_barred, revoked_before, room, closed <> 0, blocks,"
	       " change from chat.news($1)",
	.count = 1,
	.types = news_types,
};

const struct statement statement_carry_out = {
	.name = "carry_out",
	.function = "chat.carry_out",
	.sql = "select kind, room, seq, by_a, name, a_muted, b_muted, " MESSAGE_COLUMNS
	       " from chat.carry_out($1, $2)",
	.tells = true,
	.count = 2,
	.types = carry_out_types,
};

void outside_begin(struct outside *outside, const char *epoch, int64_t now)
{
	/* In another epoch transactions have other numbers. */
	if (strcmp(outside->epoch, epoch) != 0) {
		snprintf(outside->epoch, sizeof(outside->epoch), "%s", epoch);
		outside->has_since = false;
		outside->heard_count = 0;
	}
	outside->due = now;
	outside->refused = NULL;
	outside->requests = false;
	outside->news = false;
}

void outside_notified(struct outside *outside, int64_t now)
{
	outside->due = now;
}

/* In a cluster the feed's thread enters, and says that this broker lives. */
static bool has_to_enter(const struct outside *outside, const struct pgconn *conn)
{
	return outside->node == 0 && !conn->options.node->in_cluster;
}

static bool has_work(const struct outside *outside, const struct pgconn *conn)
{
	return has_to_enter(outside, conn) || !outside->has_since || outside->requests ||
	       outside->news;
}

bool outside_due(const struct outside *outside, int64_t now)
{
	return now >= outside->due;
}

int64_t outside_next(const struct outside *outside)
{
	return outside->due;
}

/* A row that says something, as an item that holds the result. */
static struct outside_job *make_job(struct answer *answer, enum outside_what what)
{
	struct outside_job *job = calloc(1, sizeof(*job));
	if (job != NULL) {
		job->item.kind = JOB_OUTSIDE;
		job->what = what;
		job->answer = answer;
		answer_hold(answer);
	}
	return job;
}

/* Appends the job when its row is good; else the statement as a whole is not. */
static bool put(struct outside_job *job, bool good, struct items *out)
{
	if (good) {
		items_append(out, &job->item);
	} else if (job != NULL) {
		job_free(&job->item);
	}
	return good;
}

/* News are no more than a dozen bytes to remember each: a hash of what a row is about, and when. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) { /* FNV-1a */
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001B3);
	}
	return hash;
}

/* One after the other, or two neighbouring numbers could make up for two neighbouring letters. */
static uint64_t hash_of(char kind, struct slice about, int64_t change)
{
	uint64_t hash = hash_bytes(UINT64_C(0xCBF29CE484222325), &change, sizeof(change));
	hash = hash_bytes(hash, &kind, sizeof(kind));
	return hash_bytes(hash, about.bytes, about.len);
}

static bool is_new(struct outside *outside, uint64_t hash)
{
	for (unsigned i = 0; i < OUTSIDE_HEARD_MAX && i < outside->heard_count; i++) {
		if (outside->heard[i] == hash) {
			return false;
		}
	}
	outside->heard[outside->heard_count++ % OUTSIDE_HEARD_MAX] = hash;
	return true;
}

static bool read_user(struct outside_job *job, struct row *row)
{
	job->user = (struct user_news){
		.user_id = row_text(row, 2),
		.name = row_text_or_empty(row, 3),
		.barred = row_bool(row, 4),
		.revoked_before = row_time_or(row, 5, 0),
	};
	return !row->wrong && job->user.user_id.len <= ID_MAX;
}

static bool read_room(struct outside_job *job, struct row *row)
{
	job->room = row_text(row, 6);
	job->on = row_bool(row, job->what == OUTSIDE_CLOSED ? 7 : 8);
	job->user.user_id = job->what == OUTSIDE_BLOCKED ? row_text(row, 2) : slice_of("", 0);
	return !row->wrong && job->room.len <= ROOM_MAX;
}

/* False: not what the schema promises, or no memory. */
static bool take_news(struct outside *outside, struct answer *answer, int no, struct items *out)
{
	struct row row = {.result = answer->result, .no = no};
	char kind = row_char(&row, 0);
	struct slice about = row_text_or_empty(&row, kind == 'u' ? 2 : 6);
	if (!is_new(outside, hash_of(kind, about, row_int8(&row, 9)))) {
		return !row.wrong;
	}
	enum outside_what what = kind == 'u'   ? OUTSIDE_USER
	                         : kind == 'c' ? OUTSIDE_CLOSED
	                                       : OUTSIDE_BLOCKED;
	struct outside_job *job = row.wrong ? NULL : make_job(answer, what);
	return put(job,
		job != NULL && (what == OUTSIDE_USER ? read_user(job, &row) : read_room(job, &row)),
		out);
}

static bool take_all_news(struct outside *outside, struct answer *answer, struct items *out)
{
	struct row first = {.result = answer->result};
	int rows = PQntuples(answer->result);
	bool good = rows > 0 && row_char(&first, 0) == 'n';
	int64_t next = good ? row_int8(&first, 1) : 0;
	for (int i = 1; good && i < rows; i++) {
		good = take_news(outside, answer, i, out);
	}
	if (good && !first.wrong) {
		outside->since = next;
		outside->has_since = true;
		outside->news = false;
	}
	return good && !first.wrong;
}

static void say_refused(struct pgconn *conn, struct row *row, bool for_good)
{
	struct slice room = row_text(row, 1);
	struct slice sqlstate = row_text(row, 7);
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line),
		"database: %s what the application asked for in chat/%.*s, SQLSTATE %.*s",
		for_good ? "refused" : "cannot do now", SLICE_ARGS(room), SLICE_ARGS(sqlstate));
	report_often(conn->options.report, for_good ? REPORT_REFUSED_REQUEST : REPORT_LOCKED,
		STORE_WARNING, line, clock_ms());
}

static bool read_message(struct outside_job *job, struct row *row)
{
	struct message *message = &job->message;
	bool by_a = row_bool(row, 3);
	message->room = row_text(row, 1);
	message->seq = row_int8(row, 2);
	message->user_id = room_user(message->room, by_a);
	message->opponent_id = room_user(message->room, !by_a);
	message->name = row_text_or_empty(row, 4);
	message->muted = row_bool_or_false(row, by_a ? 6 : 5);
	message_row(message, row, 7);
	return !row->wrong && message->room.len <= ROOM_MAX;
}

static bool take_done(struct pgconn *conn, struct answer *answer, int no, struct items *out)
{
	struct row row = {.result = answer->result, .no = no};
	char kind = row_char(&row, 0);
	if (kind == 'x' || kind == 'w') {
		say_refused(conn, &row, kind == 'x');
		return !row.wrong;
	}
	struct outside_job *job = make_job(answer, kind == 'p' ? OUTSIDE_POSTED : OUTSIDE_CHANGED);
	return put(job, job != NULL && read_message(job, &row), out);
}

static bool take_all_done(
	struct outside *outside, struct pgconn *conn, struct answer *answer, struct items *out)
{
	int rows = PQntuples(answer->result);
	int done = 0;
	bool good = true;
	for (int i = 0; good && i < rows; i++) {
		struct row row = {.result = answer->result, .no = i};
		done += row_char(&row, 0) != 'w';
		good = take_done(conn, answer, i, out);
	}
	/* Fewer than asked for: there are no more, or another broker is at it. */
	outside->requests = good && done >= REQUESTS_MAX;
	return good;
}

static void say_who_decides(struct outside *outside, bool site_decides, struct items *out)
{
	if (site_decides == outside->site_decides) {
		return;
	}
	struct outside_job *job = calloc(1, sizeof(*job));
	if (job != NULL) {
		job->item.kind = JOB_OUTSIDE;
		job->what = OUTSIDE_SITE_DECIDES;
		job->on = site_decides;
		items_append(out, &job->item);
		outside->site_decides = site_decides;
	}
}

static bool is_refused(
	const struct outside *outside, const struct statement *statement, int64_t now)
{
	return outside->refused == statement && now < outside->refused_until;
}

static bool take_poll(
	struct outside *outside, const PGresult *result, struct items *out, int64_t now)
{
	struct row row = {.result = result};
	bool good = PQntuples(result) == 1;
	outside->requests =
		good && row_bool(&row, 0) && !is_refused(outside, &statement_carry_out, now);
	outside->news = good && row_bool(&row, 1) && !is_refused(outside, &statement_news, now);
	if (good && !row_bool(&row, 2)) {
		outside->node = 0;
	}
	if (good) {
		say_who_decides(outside, row_bool(&row, 3), out);
	}
	return good && !row.wrong;
}

/* Under a new number nobody is online yet: that is to be said anew. */
static bool take_node(struct outside *outside, const PGresult *result, struct items *out)
{
	struct row row = {.result = result};
	struct item *item = malloc(sizeof(*item));
	outside->node = PQntuples(result) == 1 ? row_int4(&row, 0) : 0;
	if (item != NULL) {
		*item = (struct item){.kind = JOB_ENTERED};
		items_append(out, item);
	}
	return outside->node > 0 && !row.wrong;
}

/* What is to be done next. */
static const struct statement *next_statement(
	struct outside *outside, const struct pgconn *conn, struct params *params)
{
	params_begin(params);
	if (has_to_enter(outside, conn)) {
		char name[NODE_NAME_MAX];
		node_default_name(name);
		params_next(params);
		params_raw_text(params, slice_str(name));
		return &statement_enter;
	}
	if (!outside->has_since || outside->news) {
		if (outside->has_since) {
			params_next(params);
			params_raw_int8(params, outside->since);
		} else {
			params_null(params);
		}
		return &statement_news;
	}
	if (outside->requests) {
		params_next(params);
		params_raw_int4(params, REQUESTS_MAX);
		return &statement_carry_out;
	}
	if (outside->node == 0) {
		params_null(params);
	} else {
		params_next(params);
		params_raw_int4(params, outside->node);
	}
	params_next(params);
	params_raw_int8(params, outside->since);
	return &statement_poll;
}

static bool take_results(struct outside *outside, struct pgconn *conn,
	const struct statement *statement, struct answer *answer, struct items *out, int64_t now)
{
	if (statement == &statement_enter) {
		return take_node(outside, answer->result, out);
	}
	if (statement == &statement_news) {
		return take_all_news(outside, answer, out);
	}
	if (statement == &statement_carry_out) {
		return take_all_done(outside, conn, answer, out);
	}
	return take_poll(outside, answer->result, out, now);
}

/* What is refused each time is tried less and less often, and is in nothing else's way: the poll is
 * next, where there can be one, and says again what there is to do. */
static void statement_refused(struct outside *outside, struct pgconn *conn,
	const struct statement *statement, int64_t now)
{
	char line[REPORT_LINE_MAX];
	snprintf(line, sizeof(line), "database: refuses %s, SQLSTATE %s; trying again",
		statement->function, pgconn_sqlstate(conn));
	report_often(conn->options.report, REPORT_REFUSED_STATEMENT, STORE_WARNING, line, now);
	int pause = outside->refused == statement ? outside->refused_pause * 2 : REFUSED_PAUSE_MS;
	outside->refused = statement;
	outside->refused_pause = pause > REFUSED_PAUSE_MAX_MS ? REFUSED_PAUSE_MAX_MS : pause;
	outside->refused_until = now + outside->refused_pause;
	outside->requests = false;
	outside->news = false;
	bool others_go_on =
		outside->node != 0 && outside->has_since && statement != &statement_poll;
	outside->due = others_go_on ? now : outside->refused_until;
}

/* In a cluster the feed tells of it, whatever becomes of the answer.  Otherwise everybody is sent
 * what a subscribe brings, as when the database has changed. */
static void tell_what_may_be_missed(
	struct outside *outside, const struct pgconn *conn, struct items *out)
{
	struct epoch_job *job = outside->untold ? calloc(1, sizeof(*job)) : NULL;
	if (job != NULL) {
		job->item.kind = JOB_EPOCH;
		snprintf(job->epoch, sizeof(job->epoch), "%s", conn->epoch);
		items_append(out, &job->item);
		outside->untold = false;
	}
}

void outside_run(struct outside *outside, struct pgconn *conn, struct params *params,
	_Atomic size_t *undrained, struct items *out, int64_t now)
{
	const struct statement *statement = next_statement(outside, conn, params);
	struct answer *answer = answer_make(undrained);
	PGresult *result;
	tell_what_may_be_missed(outside, conn, out);
	outside->due = now + PAUSE_MS;
	if (answer == NULL || params->failed) {
		answer_release(answer);
		return;
	}
	enum pgconn_ran ran = pgconn_run(conn, statement, params, &result);
	if (ran == RAN_REFUSED) {
		statement_refused(outside, conn, statement, now);
	} else if (ran == RAN_WELL) {
		answer_set(answer, result);
		if (take_results(outside, conn, statement, answer, out, now)) {
			pgconn_well(conn);
			outside->refused = outside->refused == statement ? NULL : outside->refused;
			outside->due = has_work(outside, conn) ? now : now + LOOK_EVERY_MS;
		} else {
			pgconn_wrong_schema(conn, statement);
		}
	} else if (ran == RAN_PERHAPS && statement == &statement_carry_out) {
		outside->untold = !conn->options.node->in_cluster;
	}
	answer_release(answer);
}
