/* What brokers of a cluster write to each other, and how a cut of it is read. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "feed_body.h"
#include "feed_cut.h"
#include "interest.h"
#include "node.h"
#include "unit.h"

#define ME 3
#define STREAM(node, writer) ((node)*8 + (writer))

/* In order of the columns of statement_cut. */
enum {
	COLUMN_STREAM,
	COLUMN_N,
	COLUMN_KIND,
	COLUMN_AGE,
	COLUMN_SEQS,
	COLUMN_FLAGS,
	COLUMN_BODY,
	COLUMNS = 23
};

static struct save_job *saving(const char *room, const char *user, const char *text)
{
	struct message message = {
		.room = slice_str(room),
		.user_id = slice_str(user),
		.name = SLICE("Name"),
		.text = slice_str(text),
		.ref = SLICE("ref"),
		.data = SLICE("{}"),
		.reply_to = 5,
		.sent_at = 1795334400123,
	};
	struct save_job *job = job_save(&message);
	assert_non_null(job);
	return job;
}

/* A result with these rows, all of whose columns are null. */
static PGresult *empty_rows(int rows)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc descriptions[COLUMNS];
	char name[] = "column";
	memset(descriptions, 0, sizeof(descriptions));
	for (int i = 0; i < COLUMNS; i++) {
		descriptions[i].name = name;
		descriptions[i].format = 1;
	}
	assert_int_equal(PQsetResultAttrs(result, COLUMNS, descriptions), 1);
	for (int row = 0; row < rows; row++) {
		for (int i = 0; i < COLUMNS; i++) {
			assert_int_equal(PQsetvalue(result, row, i, NULL, -1), 1);
		}
	}
	return result;
}

static void put_bytes(PGresult *result, int row, int column, struct slice bytes)
{
	char *copy = (char *)(uintptr_t)bytes.bytes;
	assert_int_equal(PQsetvalue(result, row, column, copy, (int)bytes.len), 1);
}

static void put_int(PGresult *result, int row, int column, int64_t value, int len)
{
	char bytes[8];
	for (int i = len - 1; i >= 0; i--) {
		bytes[i] = (char)value;
		value >>= 8;
	}
	put_bytes(result, row, column, slice_of(bytes, (size_t)len));
}

static void put_head(PGresult *result, int row, int32_t stream, int64_t n, char kind)
{
	put_int(result, row, COLUMN_STREAM, stream, 4);
	put_int(result, row, COLUMN_N, n, 8);
	put_bytes(result, row, COLUMN_KIND, slice_of(&kind, 1));
	put_int(result, row, COLUMN_AGE, 12, 4);
}

/* Messages of one row; seq 0: not new. */
static void put_messages(PGresult *result, int row, struct save_job *const *jobs,
	const int64_t *seqs, const int16_t *flags, size_t count)
{
	struct params params = {0};
	params_begin(&params);
	params_array(&params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		params_int8_or_null(&params, seqs[i], seqs[i] > 0);
	}
	params_array(&params, OID_INT2, count);
	for (size_t i = 0; i < count; i++) {
		params_int2_or_null(&params, flags[i], true);
	}
	feed_body_messages(&params, jobs, count);
	for (int i = 0; i < 3; i++) {
		put_bytes(result, row, COLUMN_SEQS + i,
			slice_of(params.values[i].bytes, params.values[i].len));
	}
	params_finish(&params);
}

static struct interest *interest_in(const char *id)
{
	struct interest *interest = calloc(1, sizeof(*interest));
	assert_non_null(interest);
	interest_note(interest, slice_str(id), true);
	return interest;
}

struct reading {
	struct cursors cursors;
	struct interest *interest;
	struct cut cut;
	_Atomic size_t undrained;
};

static enum cut_is read_rows(struct reading *reading, PGresult *result)
{
	struct answer *answer = answer_make(&reading->undrained);
	assert_non_null(answer);
	answer_set(answer, result);
	reading->cut = (struct cut){
		.cursors = &reading->cursors, .interest = reading->interest, .node = ME};
	enum cut_is is = cut_read(&reading->cut, answer);
	answer_release(answer);
	return is;
}

static const struct node_news *next_news(struct reading *reading)
{
	static struct item *last;
	static struct reading *of;
	if (of == reading) {
		job_free(last);
	}
	of = reading;
	last = items_shift(&reading->cut.news);
	return last == NULL ? NULL : &((struct news_job *)last)->news;
}

static void end(struct reading *reading)
{
	assert_null(next_news(reading));
	assert_int_equal(reading->undrained, 0);
	free(reading->interest);
}

static void message_comes_out_as_it_went_in(void **state)
{
	(void)state;
	struct params params = {0};
	struct save_job *jobs[] = {saving("1/2", "2", "hi"), saving("1/2", "1", "")};
	params_begin(&params);
	feed_body_messages(&params, jobs, 2);
	assert_false(params.failed);
	struct feed_body body;
	struct message message;
	assert_true(feed_body_open(&body, slice_of(params.values[0].bytes, params.values[0].len)));
	assert_true(feed_body_message(&body, &message));
	assert_slice_equal(message.room, SLICE("1/2"));
	assert_slice_equal(message.user_id, SLICE("2"));
	assert_slice_equal(message.opponent_id, SLICE("1"));
	assert_slice_equal(message.name, SLICE("Name"));
	assert_slice_equal(message.text, SLICE("hi"));
	assert_slice_equal(message.ref, SLICE("ref"));
	assert_slice_equal(message.data, SLICE("{}"));
	assert_int_equal(message.reply_to, 5);
	assert_int_equal(message.sent_at, 1795334400123);
	assert_true(feed_body_message(&body, &message));
	assert_slice_equal(message.user_id, SLICE("1"));
	assert_false(feed_body_message(&body, &message));
	assert_false(body.wrong);
	/* However short it is cut, it is not read beyond its end. */
	for (size_t len = 1; len < params.values[0].len; len++) {
		assert_true(feed_body_open(&body, slice_of(params.values[0].bytes, len)));
		while (feed_body_message(&body, &message)) {
		}
		assert_true(body.wrong || body.at == body.end);
	}
	params_finish(&params);
	job_free(&jobs[0]->item);
	job_free(&jobs[1]->item);
}

static void what_brokers_say_comes_out_as_it_went_in(void **state)
{
	(void)state;
	struct params params = {0};
	struct news_job *jobs[] = {
		job_news(&(struct node_news){.what = NODE_PLACED,
			.room = SLICE("1/2"),
			.user_id = SLICE("2"),
			.name = SLICE("Ben"),
			.on = true}),
		job_news(&(struct node_news){
			.what = NODE_TYPING, .room = SLICE("1/2"), .user_id = SLICE("1")}),
		job_news(&(struct node_news){
			.what = NODE_LOGIN, .user_id = SLICE("1"), .client_id = SLICE("phone")}),
	};
	params_begin(&params);
	feed_body_news(&params, jobs, 3);
	struct feed_body body;
	struct node_news news;
	assert_true(feed_body_open(&body, slice_of(params.values[0].bytes, params.values[0].len)));
	assert_true(feed_body_next_news(&body, &news));
	assert_int_equal(news.what, NODE_PLACED);
	assert_slice_equal(news.user_id, SLICE("2"));
	assert_slice_equal(news.name, SLICE("Ben"));
	assert_true(news.on);
	assert_true(feed_body_next_news(&body, &news));
	assert_int_equal(news.what, NODE_TYPING);
	assert_slice_equal(news.user_id, SLICE("1"));
	assert_false(news.on);
	assert_true(feed_body_next_news(&body, &news));
	assert_int_equal(news.what, NODE_LOGIN);
	assert_slice_equal(news.user_id, SLICE("1"));
	assert_slice_equal(news.client_id, SLICE("phone"));
	assert_false(feed_body_next_news(&body, &news));
	params_finish(&params);
	for (size_t i = 0; i < 3; i++) {
		job_free(&jobs[i]->item);
	}
}

static void words_of_another_version_are_not_read(void **state)
{
	(void)state;
	struct feed_body body;
	assert_false(feed_body_open(&body, SLICE("\2whatever")));
	assert_false(feed_body_open(&body, SLICE("")));
}

static void messages_of_two_streams_are_told_in_the_order_of_their_seqs(void **state)
{
	(void)state;
	struct reading reading = {.interest = interest_in("2")};
	struct save_job *first[] = {saving("1/2", "1", "b"), saving("1/2", "1", "known")};
	struct save_job *second[] = {saving("1/2", "2", "a"), saving("8/9", "8", "strangers")};
	PGresult *result = empty_rows(2);
	put_head(result, 0, STREAM(ME, 0), 1, 'm');
	put_messages(result, 0, first, (const int64_t[]){5, 0}, (const int16_t[]){1, 0}, 2);
	put_head(result, 1, STREAM(4, 1), 1, 'm');
	put_messages(result, 1, second, (const int64_t[]){4, 9}, (const int16_t[]){6, 0}, 2);
	assert_int_equal(read_rows(&reading, result), CUT_GOOD);
	assert_int_equal(reading.cut.lag_ms, 12);
	const struct node_news *news = next_news(&reading);
	assert_int_equal(news->message.seq, 4);
	assert_int_equal(news->message.in_chat, 2);
	assert_true(news->message.muted);
	assert_false(news->own);
	assert_int_equal(news->node, 4);
	news = next_news(&reading);
	assert_int_equal(news->message.seq, 5);
	assert_int_equal(news->message.in_chat, 1);
	assert_false(news->message.muted);
	assert_true(news->own);
	end(&reading);
	for (size_t i = 0; i < 2; i++) {
		job_free(&first[i]->item);
		job_free(&second[i]->item);
	}
}

static void gap_in_a_stream_is_noticed(void **state)
{
	(void)state;
	struct reading reading = {.interest = interest_in("2")};
	for (int64_t n = 1; n <= 2; n++) {
		PGresult *result = empty_rows(1);
		put_head(result, 0, STREAM(4, 0), n, 'z');
		assert_int_equal(read_rows(&reading, result), CUT_GOOD);
	}
	PGresult *result = empty_rows(1);
	put_head(result, 0, STREAM(4, 0), 4, 'z');
	assert_int_equal(read_rows(&reading, result), CUT_BEHIND);
	end(&reading);
}

static void cursors_of_streams_that_are_gone_are_forgotten(void **state)
{
	(void)state;
	struct cursors cursors = {.count = 3, .list = {{8, 1}, {16, 2}, {24, 3}}};
	PGresult *heads = empty_rows(2);
	put_int(heads, 0, 0, 24, 4);
	put_int(heads, 1, 0, 8, 4);
	cursors_prune(&cursors, heads);
	PQclear(heads);
	assert_int_equal(cursors.count, 2);
	assert_int_equal(cursors.list[0].stream, 8);
	assert_int_equal(cursors.list[1].stream, 24);
	assert_int_equal(cursors.list[1].n, 3);
}

static void message_of_another_version_has_to_be_asked_for(void **state)
{
	(void)state;
	struct reading reading = {.interest = interest_in("2")};
	PGresult *result = empty_rows(1);
	put_head(result, 0, STREAM(4, 0), 1, 'm');
	put_bytes(result, 0, COLUMN_BODY, SLICE("\2whatever"));
	assert_int_equal(read_rows(&reading, result), CUT_BEHIND);
	end(&reading);
}

static void own_words_are_not_heard_but_for_logins(void **state)
{
	(void)state;
	struct reading reading = {.interest = interest_in("1")};
	struct params params = {0};
	struct news_job *jobs[] = {
		job_news(&(struct node_news){
			.what = NODE_TYPING, .room = SLICE("1/2"), .user_id = SLICE("1")}),
		job_news(&(struct node_news){
			.what = NODE_LOGIN, .user_id = SLICE("1"), .client_id = SLICE("phone")}),
	};
	params_begin(&params);
	feed_body_news(&params, jobs, 2);
	PGresult *result = empty_rows(2);
	for (int row = 0; row < 2; row++) {
		put_head(result, row, STREAM(row == 0 ? ME : 4, 5), 1, 'b');
		put_bytes(result, row, COLUMN_BODY,
			slice_of(params.values[0].bytes, params.values[0].len));
	}
	assert_int_equal(read_rows(&reading, result), CUT_GOOD);
	const struct node_news *news = next_news(&reading);
	assert_int_equal(news->what, NODE_LOGIN);
	assert_true(news->own);
	assert_int_equal(next_news(&reading)->what, NODE_TYPING);
	news = next_news(&reading);
	assert_int_equal(news->what, NODE_LOGIN);
	assert_false(news->own);
	end(&reading);
	params_finish(&params);
	job_free(&jobs[0]->item);
	job_free(&jobs[1]->item);
}

/* In a cut the streams come one after the other: who has come to a chat on one broker and then left
 * it on another one has left it. */
static void words_of_two_streams_are_told_in_the_order_of_their_time(void **state)
{
	(void)state;
	struct reading reading = {.interest = interest_in("1")};
	PGresult *result = empty_rows(2);
	for (int row = 0; row < 2; row++) {
		struct news_job *job = job_news(&(struct node_news){.what = NODE_PLACED,
			.room = SLICE("1/2"),
			.user_id = SLICE("2"),
			.on = row == 1});
		struct params params = {0};
		params_begin(&params);
		feed_body_news(&params, &job, 1);
		put_head(result, row, STREAM(4 + row, 5), 1, 'b');
		put_int(result, row, COLUMN_AGE, row == 0 ? 3 : 7, 4);
		put_bytes(result, row, COLUMN_BODY,
			slice_of(params.values[0].bytes, params.values[0].len));
		params_finish(&params);
		job_free(&job->item);
	}
	assert_int_equal(read_rows(&reading, result), CUT_GOOD);
	assert_true(next_news(&reading)->on);
	assert_false(next_news(&reading)->on);
	end(&reading);
}

static void dead_broker_is_named(void **state)
{
	(void)state;
	struct reading reading = {.interest = interest_in("1")};
	struct params params = {0};
	params_begin(&params);
	params_array(&params, OID_INT8, 1);
	params_int8_or_null(&params, 6, true);
	PGresult *result = empty_rows(1);
	put_head(result, 0, STREAM(4, 5), 1, 'd');
	put_bytes(result, 0, COLUMN_SEQS, slice_of(params.values[0].bytes, params.values[0].len));
	assert_int_equal(read_rows(&reading, result), CUT_GOOD);
	const struct node_news *news = next_news(&reading);
	assert_int_equal(news->what, NODE_GONE);
	assert_int_equal(news->node, 6);
	end(&reading);
	params_finish(&params);
}

static void what_waits_to_be_said_has_a_bound(void **state)
{
	(void)state;
	struct node node = {.in_cluster = true};
	struct report report = {0};
	struct feed *feed =
		feed_create(&(struct feed_options){.conninfo = "", .name = "x"}, &node, &report);
	struct node_news news = {
		.what = NODE_TYPING, .room = SLICE("1/2"), .user_id = SLICE("1"), .on = true};
	assert_non_null(feed);
	for (int i = 0; i < FEED_QUEUE_MAX; i++) {
		assert_true(feed_tell(feed, &news));
	}
	assert_false(feed->too_much);
	assert_false(feed_tell(feed, &news));
	assert_true(feed->too_much);
	feed_destroy(feed);
}

static void interest_ends_with_the_last_who_had_it(void **state)
{
	(void)state;
	struct interest *interest = interest_in("1");
	assert_true(interest_in_room(interest, SLICE("1/2")));
	assert_true(interest_in_room(interest, SLICE("0/1")));
	assert_false(interest_in_room(interest, SLICE("2/3")));
	interest_note(interest, SLICE("1"), true);
	interest_note(interest, SLICE("1"), false);
	assert_true(interest_in_user(interest, SLICE("1")));
	interest_note(interest, SLICE("1"), false);
	assert_false(interest_in_user(interest, SLICE("1")));
	for (int i = 0; i < 300; i++) {
		interest_note(interest, SLICE("1"), true);
	}
	interest_note(interest, SLICE("1"), false);
	assert_true(interest_in_user(interest, SLICE("1")));
	free(interest);
}

static void who_is_alone_reads_soon_only_what_somebody_needs(void **state)
{
	struct wakeup feed;
	struct node node = {.in_cluster = true, .feed = &feed, .nodes = 1};
	(void)state;
	assert_true(wakeup_init(&feed));
	node_told(&node, WRITER_SAVER(1));
	assert_int_equal(node.told, 0);
	node_told(&node, WRITER_LOADER);
	assert_int_equal(node.told, 1);
	node_needs_news(&node);
	assert_int_equal(node.told, 2);
	wakeup_finish(&feed);
}

static void who_is_not_alone_or_does_not_know_yet_reads_soon_what_it_told(void **state)
{
	struct wakeup feed;
	struct node node = {.in_cluster = true, .feed = &feed, .nodes = 2};
	(void)state;
	assert_true(wakeup_init(&feed));
	node_told(&node, WRITER_SAVER(1));
	assert_int_equal(node.told, 1);
	node_needs_news(&node);
	assert_int_equal(node.told, 1);
	node.nodes = 0;
	node_told(&node, WRITER_SAVER(1));
	assert_int_equal(node.told, 2);
	wakeup_finish(&feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_comes_out_as_it_went_in),
		cmocka_unit_test(what_brokers_say_comes_out_as_it_went_in),
		cmocka_unit_test(words_of_another_version_are_not_read),
		cmocka_unit_test(messages_of_two_streams_are_told_in_the_order_of_their_seqs),
		cmocka_unit_test(gap_in_a_stream_is_noticed),
		cmocka_unit_test(cursors_of_streams_that_are_gone_are_forgotten),
		cmocka_unit_test(message_of_another_version_has_to_be_asked_for),
		cmocka_unit_test(own_words_are_not_heard_but_for_logins),
		cmocka_unit_test(words_of_two_streams_are_told_in_the_order_of_their_time),
		cmocka_unit_test(dead_broker_is_named),
		cmocka_unit_test(who_is_alone_reads_soon_only_what_somebody_needs),
		cmocka_unit_test(who_is_not_alone_or_does_not_know_yet_reads_soon_what_it_told),
		cmocka_unit_test(what_waits_to_be_said_has_a_bound),
		cmocka_unit_test(interest_ends_with_the_last_who_had_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
