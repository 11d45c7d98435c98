/* What a broker says to the others by itself, and what it asks the database for. */
#include "feed_body.h"
#include "feed_inside.h"
#include "feed_missed.h"
#include "message_row.h"

/* What is said in one statement. */
#define SAID_MAX 256

static const Oid place_types[] = {
	OID_INT4, OID_TEXTS, OID_BOOLS, OID_TEXTS, OID_BOOLS, OID_BYTES, OID_INT4};
static const Oid say_types[] = {OID_BYTES, OID_INT4};

const struct statement statement_place = {
	.name = "place",
	.function = "chat.place",
	.sql = "select room, on_node, by_a, name from chat.place($7, $1, $2, $3, $4, $5, $6)",
	.tells = true,
	.count = 7,
	.types = place_types,
};

const struct statement statement_say = {
	.name = "say",
	.function = "chat.say",
	.sql = "select chat.say($2, $1)",
	.tells = true,
	.count = 2,
	.types = say_types,
};

static enum node_news_what what_of(const struct item *item)
{
	return ((const struct news_job *)item)->news.what;
}

/* Whether both may go into one statement. */
static bool are_alike(enum node_news_what one, enum node_news_what other)
{
	return one == other ||
	       (one != NODE_PLACED && one != NODE_ASK && other != NODE_PLACED && other != NODE_ASK);
}

/* The first of what is to be said, as far as it goes into one statement.  Returns how many. */
static size_t next_said(const struct feed *feed, struct news_job *batch[SAID_MAX])
{
	size_t count = 0;
	struct item *item = feed->said.first;
	enum node_news_what first = what_of(item);
	size_t max = first == NODE_ASK ? MISSED_MAX : SAID_MAX;
	for (; item != NULL && count < max && are_alike(first, what_of(item)); item = item->next) {
		batch[count++] = (struct news_job *)item;
	}
	return count;
}

static void place_params(struct feed *feed, struct news_job *const *batch, size_t count)
{
	struct params *params = &feed->params;
	params_begin(params);
	params_next(params);
	params_raw_int4(params, feed->number);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, batch[i]->news.room);
	}
	params_array(params, OID_BOOL, count);
	for (size_t i = 0; i < count; i++) {
		params_bool(params, room_user_is_a(batch[i]->news.room, batch[i]->news.user_id));
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, batch[i]->news.name);
	}
	params_array(params, OID_BOOL, count);
	for (size_t i = 0; i < count; i++) {
		params_bool(params, batch[i]->news.on);
	}
	feed_body_news(params, batch, count);
}

/* Who is in these rooms elsewhere, and then that this is all. */
static void report_places(
	struct feed *feed, const PGresult *result, struct news_job *const *batch, size_t count)
{
	for (int i = 0; i < PQntuples(result); i++) {
		struct row row = {.result = result, .no = i};
		struct node_news news = {.what = NODE_PLACED, .on = true};
		news.room = row_text(&row, 0);
		news.node = row_int4(&row, 1);
		news.user_id = room_user(news.room, row_bool(&row, 2));
		news.name = row_text(&row, 3);
		if (!row.wrong) {
			(void)!feed_report(feed, &news);
		}
	}
	for (size_t i = 0; i < count; i++) {
		struct node_news news = {.what = NODE_PLACES_KNOWN, .room = batch[i]->news.room};
		if (batch[i]->news.on) {
			(void)!feed_report(feed, &news);
		}
	}
}

/* Each of these is false when it has to be said again later. */

static bool are_of_one(const struct node_news *a, const struct node_news *b)
{
	return slice_equal(a->room, b->room) && slice_equal(a->user_id, b->user_id);
}

/* Without those that are out of date already: whoever comes and goes all the time costs no more
 * than whoever does so now and then. */
static size_t latest_places(struct news_job *const *batch, size_t count, struct news_job **latest)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		size_t later = i + 1;
		while (later < count && !are_of_one(&batch[i]->news, &batch[later]->news)) {
			later++;
		}
		if (later == count) {
			latest[kept++] = batch[i];
		}
	}
	return kept;
}

static bool say_places(struct feed *feed, struct news_job *const *batch, size_t count)
{
	struct news_job *latest[SAID_MAX];
	size_t kept = latest_places(batch, count, latest);
	place_params(feed, latest, kept);
	PGresult *result = feed_query(feed, &statement_place);
	if (result != NULL) {
		report_places(feed, result, latest, kept);
	}
	PQclear(result);
	return result != NULL;
}

static bool say_to_others(struct feed *feed, struct news_job *const *batch, size_t count)
{
	params_begin(&feed->params);
	feed_body_news(&feed->params, batch, count);
	PGresult *result = feed_query(feed, &statement_say);
	PQclear(result);
	return result != NULL;
}

/* NULL: not now. */
static struct answer *ask(struct feed *feed, const struct statement *statement)
{
	struct answer *answer = answer_make(&feed->undrained);
	PGresult *result = answer == NULL ? NULL : feed_query(feed, statement);
	if (result == NULL) {
		answer_release(answer);
		return NULL;
	}
	answer_set(answer, result);
	return answer;
}

static bool ask_missed(struct feed *feed, struct news_job *const *batch, size_t count)
{
	struct items news = {0};
	struct items ends = {0};
	struct answer *messages = NULL;
	struct answer *changes = NULL;
	if (missed_params(&feed->params, batch, count)) {
		messages = ask(feed, &statement_missed);
	}
	if (messages != NULL && missed_changes_params(&feed->params, batch, count)) {
		changes = ask(feed, &statement_missed_changes);
	}
	bool good = messages != NULL && changes != NULL && missed_read(messages, &news, &ends) &&
	            missed_changes_read(changes, &news);
	answer_release(messages);
	answer_release(changes);
	if (good) {
		items_join(&news, &ends);
		report_items(feed->report, &news);
	} else {
		jobs_free(&news);
		jobs_free(&ends);
	}
	return good;
}

static bool say_batch(struct feed *feed)
{
	struct news_job *batch[SAID_MAX];
	enum node_news_what what = what_of(feed->said.first);
	size_t count = next_said(feed, batch);
	bool said = what == NODE_PLACED ? say_places(feed, batch, count)
	            : what == NODE_ASK  ? ask_missed(feed, batch, count)
	                                : say_to_others(feed, batch, count);
	for (size_t i = 0; said && i < count; i++) {
		job_free(items_shift(&feed->said));
	}
	return said;
}

void feed_say(struct feed *feed)
{
	while (feed->said.first != NULL && feed->conn.state == PGCONN_READY) {
		if (!say_batch(feed)) {
			feed->say_at = clock_ms() + PAUSE_MS;
			return;
		}
	}
}
