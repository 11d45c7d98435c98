#include "feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "descriptors.h"
#include "feed_inside.h"
#include "feed_missed.h"

/* A NOTIFY that is not heard costs no more than this. */
#define POLL_MS 100
#define BEAT_MS 1000
/* From cut to cut on a server that is busy. */
#define PACE_MAX_MS 20
#define LOCK_TIMEOUT_MS 250

/* So many cursors may belong to brokers that live: more than eight of them. */
#define PRUNE_FROM 64

/* Rows that the broker's thread has not taken: beyond this the next ones have to wait. */
#define FEED_UNDRAINED_MAX ((size_t)64 * 1024 * 1024)

/* A crash of the server empties the tables anyway, so nobody waits for its disk.  The server is to
 * notice soon that this machine is gone, and with it the lock by which the others know. */
#define SETTINGS                                                                                   \
	"set synchronous_commit = off;"                                                            \
	"set tcp_keepalives_idle = 1;"                                                             \
	"set tcp_keepalives_interval = 1;"                                                         \
	"set tcp_keepalives_count = 2;"                                                            \
	"set tcp_user_timeout = 2500;"

static const Oid take_back_types[] = {OID_INT4};
static const Oid enter_types[] = {OID_TEXT, OID_INT4};
static const Oid beat_types[] = {OID_INT4, OID_INT4, OID_INT4};
static const Oid leave_types[] = {OID_INT4};

/* An earlier connection of ours, whose end the server has not noticed. */
static const struct statement statement_take_back = {
	.name = "take_back",
	.function = "pg_terminate_backend",
	.sql = "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory'"
	       " and classid = 7481 and objid = $1 and pid <> pg_backend_pid() and database ="
	       " (select oid from pg_database where datname = current_database())",
	.count = 1,
	.types = take_back_types,
};

static const struct statement statement_enter = {
	.name = "node_enter",
	.function = "chat.node_enter",
	.sql = "select node, feed_id::text from chat.node_enter($1, $2)",
	.count = 2,
	.types = enter_types,
};

/* The processes of the dead are ended by our own role, which may. */
static const struct statement statement_beat = {
	.name = "node_beat",
	.function = "chat.node_beat",
	.sql = "select alive, nodes, case when dead_pids <> '{}' then"
	       " (select count(pg_terminate_backend(a.pid)) from pg_stat_activity a"
	       " where a.pid = any (dead_pids) and a.backend_start < dead_at) end"
	       " from chat.node_beat($1, $2, $3)",
	.count = 3,
	.types = beat_types,
};

static const struct statement statement_leave = {
	.name = "node_leave",
	.function = "chat.node_leave",
	.sql = "select chat.node_leave($1)",
	.count = 1,
	.types = leave_types,
};

static const struct statement *const statements[] = {&statement_take_back, &statement_enter,
	&statement_heads, &statement_beat, &statement_leave, &statement_place, &statement_say,
	&statement_missed, &statement_missed_changes, &statement_cut};

struct feed *feed_create(
	const struct feed_options *options, struct node *node, struct report *report)
{
	struct feed *feed = calloc(1, sizeof(*feed));
	if (feed == NULL) {
		return NULL;
	}
	feed->options = *options;
	feed->report = report;
	feed->node = node;
	if (!wakeup_init(&feed->wakeup)) {
		free(feed);
		return NULL;
	}
	if (!queue_init(&feed->in, FEED_QUEUE_MAX, &feed->wakeup)) {
		wakeup_finish(&feed->wakeup);
		free(feed);
		return NULL;
	}
	node->feed = &feed->wakeup;
	pgconn_init(&feed->conn, &(struct pgconn_options){
					 .conninfo = options->conninfo,
					 .statements = statements,
					 .count = sizeof(statements) / sizeof(statements[0]),
					 .lock_timeout_ms = LOCK_TIMEOUT_MS,
					 .listen = "listen chat_feed",
					 .settings = SETTINGS,
					 .node = node,
					 .writer = WRITER_FEED,
					 .part = REPORT_FEED,
					 .report = report,
					 .wakeup = &feed->wakeup,
				 });
	return feed;
}

void feed_destroy(struct feed *feed)
{
	if (feed == NULL) {
		return;
	}
	struct items left = queue_close(&feed->in);
	jobs_free(&left);
	jobs_free(&feed->said);
	queue_finish(&feed->in);
	wakeup_finish(&feed->wakeup);
	pgconn_finish(&feed->conn);
	params_finish(&feed->params);
	free(feed);
}

bool feed_tell(struct feed *feed, const struct node_news *news)
{
	struct news_job *job = job_news(news);
	if (job == NULL) {
		return false;
	}
	if (queue_put(&feed->in, &job->item) != CHAT_OK) {
		atomic_store(&feed->too_much, true);
		job_free(&job->item);
		return false;
	}
	return true;
}

bool feed_report(struct feed *feed, const struct node_news *news)
{
	struct items one = {0};
	struct news_job *job = job_news(news);
	if (job != NULL) {
		items_append(&one, &job->item);
		report_items(feed->report, &one);
	}
	return job != NULL;
}

PGresult *feed_query(struct feed *feed, const struct statement *statement)
{
	PGresult *result = NULL;
	if (feed->params.failed ||
		pgconn_run(&feed->conn, statement, &feed->params, &result) != RAN_WELL) {
		return NULL;
	}
	pgconn_well(&feed->conn);
	return result;
}

/* What was read is not all.  False: out of memory. */
static bool report_missed(struct feed *feed)
{
	atomic_fetch_add(&feed->resyncs, 1);
	return feed_report(feed, &(struct node_news){.what = NODE_BEHIND});
}

/* Nothing that was read counts any more. */
static void begin_anew(struct feed *feed)
{
	feed->feed_id[0] = '\0';
	feed->entered = false;
}

/* From here on all that is told is read. */
static bool begin_to_read(struct feed *feed)
{
	params_begin(&feed->params);
	PGresult *result = feed_query(feed, &statement_heads);
	bool good = result != NULL && cursors_begin(&feed->cursors, result);
	if (result != NULL && !good) {
		pgconn_wrong_schema(&feed->conn, &statement_heads);
	}
	PQclear(result);
	return good;
}

/* Too much was told, or in words that are not known here. */
static void skip(struct feed *feed)
{
	report_line(feed->report, STORE_NOTICE,
		"cluster: not all could be read that the others have told; asking for it");
	if (!begin_to_read(feed) || !report_missed(feed)) {
		begin_anew(feed);
	}
}

static void take_back(struct feed *feed)
{
	params_begin(&feed->params);
	params_next(&feed->params);
	params_raw_int4(&feed->params, feed->number);
	PQclear(feed_query(feed, &statement_take_back));
}

static bool is_as_before(const struct feed *feed, int32_t number, const char *feed_id)
{
	return number == feed->number && strcmp(feed_id, feed->feed_id) == 0;
}

static void say_entered(struct feed *feed, bool first)
{
	char line[REPORT_LINE_MAX];
	if (!first) {
		report_line(feed->report, STORE_WARNING,
			"cluster: the others took this broker for dead, or the database was "
			"emptied by a crash or a failover; asking for what was missed");
	}
	snprintf(line, sizeof(line), "cluster: this broker is number %d, as %s", (int)feed->number,
		feed->options.name);
	report_line(feed->report, STORE_NOTICE, line);
}

/* Under another number nothing that the others know of this broker counts any more. */
static void entered(struct feed *feed, int32_t number, const char *feed_id)
{
	bool first = feed->number == 0;
	feed->number = number;
	snprintf(feed->feed_id, sizeof(feed->feed_id), "%s", feed_id);
	if (!begin_to_read(feed) ||
		!feed_report(feed, &(struct node_news){.what = NODE_ENTERED, .node = number}) ||
		!report_missed(feed)) {
		begin_anew(feed);
		return;
	}
	if (first) {
		atomic_store(&feed->resyncs, 0);
	}
	say_entered(feed, first);
}

static void enter(struct feed *feed)
{
	if (feed->number != 0) {
		take_back(feed);
	}
	params_begin(&feed->params);
	params_next(&feed->params);
	params_raw_text(&feed->params, slice_str(feed->options.name));
	params_next(&feed->params);
	params_raw_int4(&feed->params, feed->number);
	PGresult *result = feed_query(feed, &statement_enter);
	if (result == NULL) {
		return;
	}
	struct row row = {.result = result};
	char feed_id[FEED_ID_MAX + 1];
	struct slice id = PQntuples(result) == 1 ? row_text(&row, 1) : slice_of("", 0);
	if (id.len != FEED_ID_MAX) {
		pgconn_wrong_schema(&feed->conn, &statement_enter);
	} else {
		snprintf(feed_id, sizeof(feed_id), "%.*s", SLICE_ARGS(id));
		int32_t number = row_int4(&row, 0);
		feed->beat_at = clock_ms();
		feed->entered = true;
		if (!is_as_before(feed, number, feed_id)) {
			entered(feed, number, feed_id);
		}
		if (feed->entered) {
			atomic_store(&feed->node->number, number);
		}
	}
	PQclear(result);
}

/* A broker whose loop stands still is as good as dead, and the others are to see that. */
static void beat(struct feed *feed)
{
	uint64_t ticks = atomic_load(&feed->ticks);
	feed->beat_at = clock_ms();
	if (ticks == feed->ticks_then) {
		return;
	}
	params_begin(&feed->params);
	params_next(&feed->params);
	params_raw_int4(&feed->params, feed->number);
	params_next(&feed->params);
	params_raw_int4(&feed->params, feed->lag_since);
	params_next(&feed->params);
	params_raw_int4(&feed->params, atomic_load(&feed->resyncs));
	PGresult *result = feed_query(feed, &statement_beat);
	if (result == NULL) {
		return;
	}
	struct row row = {.result = result};
	feed->ticks_then = ticks;
	atomic_store(&feed->lag_ms, feed->lag_since);
	feed->lag_since = 0;
	if (PQntuples(result) != 1) {
		pgconn_wrong_schema(&feed->conn, &statement_beat);
	} else if (row_bool(&row, 0)) {
		atomic_store(&feed->node->nodes, row_int4(&row, 1));
	} else {
		node_is_out(feed->node, feed->number * STREAMS_PER_NODE);
	}
	PQclear(result);
}

/* Brokers that have come and gone leave cursors behind. */
static void prune(struct feed *feed)
{
	if (feed->cursors.count < PRUNE_FROM) {
		return;
	}
	params_begin(&feed->params);
	PGresult *result = feed_query(feed, &statement_heads);
	if (result != NULL) {
		cursors_prune(&feed->cursors, result);
	}
	PQclear(result);
}

static void take_cut(struct feed *feed, struct answer *answer, uint64_t told)
{
	struct cut cut = {
		.cursors = &feed->cursors, .interest = &feed->interest, .node = feed->number};
	enum cut_is is = cut_read(&cut, answer);
	if (is == CUT_GOOD) {
		feed->told = told;
		feed->heard = false;
		feed->lag_since = cut.lag_ms > feed->lag_since ? cut.lag_ms : feed->lag_since;
		report_items(feed->report, &cut.news);
		return;
	}
	jobs_free(&cut.news);
	if (is == CUT_BEHIND) {
		skip(feed);
	} else {
		begin_anew(feed);
		pgconn_wrong_schema(&feed->conn, &statement_cut);
	}
}

static void read_cut(struct feed *feed)
{
	uint64_t told = atomic_load(&feed->node->told);
	/* Who is alone need wake nobody.  A broker that enters reads now and then by itself. */
	bool wake = told != feed->told && !node_is_alone(feed->node);
	struct answer *answer = answer_make(&feed->undrained);
	PGresult *result = NULL;
	feed->cut_at = clock_ms();
	if (feed->conn.state == PGCONN_READY && answer != NULL &&
		cut_params(&feed->params, &feed->cursors, wake)) {
		result = feed_query(feed, &statement_cut);
	}
	if (result != NULL) {
		answer_set(answer, result);
		feed->cut_took = clock_ms() - feed->cut_at;
		take_cut(feed, answer, told);
	}
	answer_release(answer);
}

static bool has_room(const struct feed *feed)
{
	return atomic_load(&feed->undrained) < FEED_UNDRAINED_MAX;
}

static bool has_to_say(const struct feed *feed)
{
	return feed->said.first != NULL && clock_ms() >= feed->say_at;
}

/* A cut that takes long says that the server has much to do.  Then fewer of them bring as much, and
 * later than it does for everybody nothing comes. */
static int64_t pace_of(const struct feed *feed)
{
	int64_t slow = feed->cut_took * 2 < PACE_MAX_MS ? feed->cut_took * 2 : PACE_MAX_MS;
	return slow > feed->options.pace_ms ? slow : feed->options.pace_ms;
}

/* When the next cut is due. */
static int64_t next_cut(const struct feed *feed)
{
	bool news = feed->heard || has_to_say(feed) || atomic_load(&feed->node->told) != feed->told;
	int64_t pause = news ? pace_of(feed) : POLL_MS;
	return feed->cut_at + (has_room(feed) ? pause : POLL_MS);
}

/* Whether this connection stands for the broker. */
static bool is_in(const struct feed *feed)
{
	return feed->entered && atomic_load(&feed->node->number) != 0;
}

/* Those who were connected here have left, and the others hear it before they would notice. */
static void leave(struct feed *feed)
{
	if (feed->conn.state == PGCONN_READY && is_in(feed)) {
		params_begin(&feed->params);
		params_next(&feed->params);
		params_raw_int4(&feed->params, feed->number);
		PQclear(feed_query(feed, &statement_leave));
	}
}

/* What the others know of this broker is not so any more.  Under another number they know nothing,
 * and are told of everything. */
static void start_over(struct feed *feed)
{
	struct items lost = queue_take_all(&feed->in);
	atomic_store(&feed->too_much, false);
	jobs_free(&lost);
	jobs_free(&feed->said);
	leave(feed);
	node_is_out(feed->node, feed->number * STREAMS_PER_NODE);
	begin_anew(feed);
}

static bool connected_turn(struct feed *feed)
{
	if (atomic_load(&feed->too_much)) {
		start_over(feed);
	}
	if (!is_in(feed)) {
		enter(feed);
	}
	if (!is_in(feed)) {
		return pgconn_sleep(&feed->conn, clock_ms() + PAUSE_MS) == WAKEUP_STOP;
	}
	if (clock_ms() >= feed->beat_at + BEAT_MS) {
		beat(feed);
		prune(feed);
	}
	struct items news = queue_take_all(&feed->in);
	items_join(&feed->said, &news);
	feed->heard |= pgconn_notified_by_others(&feed->conn);
	if (feed->conn.state == PGCONN_READY && clock_ms() >= next_cut(feed)) {
		if (has_to_say(feed)) {
			feed_say(feed);
		}
		read_cut(feed);
	}
	if (feed->conn.state != PGCONN_READY || !queue_await(&feed->in)) {
		return pgconn_sleep(&feed->conn, 0) == WAKEUP_STOP;
	}
	int64_t cut = next_cut(feed);
	int64_t due = feed->beat_at + BEAT_MS;
	return pgconn_sleep(&feed->conn, cut < due ? cut : due) == WAKEUP_STOP;
}

static bool turn(struct feed *feed)
{
	if (wakeup_stopping(&feed->wakeup)) {
		leave(feed);
		return true;
	}
	if (feed->conn.state == PGCONN_READY) {
		return connected_turn(feed);
	}
	if (clock_ms() < feed->conn.retry_at) {
		return pgconn_sleep(&feed->conn, feed->conn.retry_at) == WAKEUP_STOP;
	}
	/* The lock that says that this broker lives went with the connection. */
	feed->entered = false;
	(void)!pgconn_connect(&feed->conn);
	return pgconn_sleep(&feed->conn, 0) == WAKEUP_STOP;
}

void *feed_run(void *arg)
{
	struct feed *feed = arg;
	descriptors_part(feed->wakeup.fd, -1);
	while (!turn(feed)) {
	}
	pgconn_finish(&feed->conn);
	return NULL;
}
