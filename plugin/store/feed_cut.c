#include "feed_cut.h"

#include <stdlib.h>

#include "feed_body.h"
#include "message_row.h"
#include "node.h"

static const Oid cut_types[] = {OID_INT4S, OID_INT8S, OID_BOOL};

const struct statement statement_heads = {
	.name = "heads",
	.function = "chat.current_heads",
	.sql = "select stream, n from chat.current_heads()",
};

const struct statement statement_cut = {
	.name = "cut",
	.function = "chat.cut",
	.sql = "select stream, n, kind, age, seqs, flags, body, subject, seq, flag, word, count,"
	       " total, by_a, " MESSAGE_COLUMNS " from chat.cut($1, $2, $3)",
	.count = 3,
	.types = cut_types,
};
enum column {
	STREAM,
	N,
	KIND,
	AGE,
	SEQS,
	FLAGS,
	BODY,
	SUBJECT,
	SEQ,
	FLAG,
	WORD,
	COUNT,
	TOTAL,
	BY_A,
	MESSAGE
};

/* Of a flag. */
#define A 1
#define B 2
#define SET 4 /* muted */

/* What is typed is worth nothing when it comes late. */
#define TYPING_AGE_MAX_MS 1000

bool cursors_begin(struct cursors *cursors, const PGresult *result)
{
	struct row row = {.result = result};
	cursors->count = 0;
	for (; row.no < PQntuples(result); row.no++) {
		if (cursors->count == STREAMS_MAX) {
			return false;
		}
		cursors->list[cursors->count++] =
			(struct cursor){row_int4(&row, 0), row_int8(&row, 1)};
	}
	return !row.wrong;
}

void cursors_prune(struct cursors *cursors, const PGresult *result)
{
	size_t kept = 0;
	for (size_t i = 0; i < cursors->count; i++) {
		struct row row = {.result = result};
		while (row.no < PQntuples(result) && row_int4(&row, 0) != cursors->list[i].stream) {
			row.no++;
		}
		if (row.no < PQntuples(result)) {
			cursors->list[kept++] = cursors->list[i];
		}
	}
	cursors->count = kept;
}

bool cut_params(struct params *params, const struct cursors *cursors, bool wake)
{
	params_begin(params);
	params_array(params, OID_INT4, cursors->count);
	for (size_t i = 0; i < cursors->count; i++) {
		params_int4(params, cursors->list[i].stream);
	}
	params_array(params, OID_INT8, cursors->count);
	for (size_t i = 0; i < cursors->count; i++) {
		params_int8_or_null(params, cursors->list[i].n, true);
	}
	params_next(params);
	params_raw_bool(params, wake);
	return !params->failed;
}

/* NULL: there is no place for another stream. */
static struct cursor *cursor_of(struct cursors *cursors, int32_t stream)
{
	for (size_t i = 0; i < cursors->count; i++) {
		if (cursors->list[i].stream == stream) {
			return &cursors->list[i];
		}
	}
	if (cursors->count == STREAMS_MAX) {
		return NULL;
	}
	struct cursor *cursor = &cursors->list[cursors->count++];
	*cursor = (struct cursor){stream, 0};
	return cursor;
}

/* Several rows may be of one number.  False: some are missing before it. */
static bool move_on(struct cursors *cursors, int32_t stream, int64_t n)
{
	struct cursor *cursor = cursor_of(cursors, stream);
	if (cursor == NULL || (n != cursor->n && n != cursor->n + 1)) {
		return false;
	}
	cursor->n = n;
	return true;
}

/* A row of the cut. */
struct told {
	struct row row;
	struct answer *answer;
	int32_t node;
	int32_t age;
	bool own;
	bool lost; /* out of memory */
};

/* The items of a cut, by when they are to be told. */
struct sorted {
	struct news_job **messages;
	size_t message_count, message_cap;
	bool several_streams; /* have messages */
	int32_t message_stream;
	struct items changes, rest;
};

static struct news_job *make_news(struct told *told, const struct node_news *news)
{
	struct news_job *job = malloc(sizeof(*job));
	if (job == NULL) {
		told->lost = true;
		return NULL;
	}
	*job = (struct news_job){.item = {.kind = JOB_NEWS}, .answer = told->answer, .news = *news};
	job->news.node = news->node != 0 ? news->node : told->node;
	job->news.own = told->own;
	job->news.age = told->age;
	answer_hold(told->answer);
	return job;
}

static void append(struct told *told, struct items *items, const struct node_news *news)
{
	struct news_job *job = make_news(told, news);
	if (job != NULL) {
		items_append(items, &job->item);
	}
}

static void append_message(
	struct told *told, struct sorted *sorted, const struct message *message, bool from_client)
{
	struct node_news news = {.what = NODE_MESSAGE, .message = *message, .on = from_client};
	int32_t stream = row_int4(&told->row, STREAM);
	if (sorted->message_count == sorted->message_cap) {
		size_t cap = sorted->message_cap == 0 ? 64 : sorted->message_cap * 2;
		void *grown = realloc(sorted->messages, cap * sizeof(*sorted->messages));
		if (grown == NULL) {
			told->lost = true;
			return;
		}
		sorted->messages = grown;
		sorted->message_cap = cap;
	}
	struct news_job *job = make_news(told, &news);
	if (job != NULL) {
		sorted->several_streams |=
			sorted->message_count > 0 && sorted->message_stream != stream;
		sorted->message_stream = stream;
		sorted->messages[sorted->message_count++] = job;
	}
}

static void flag_message(struct message *message, int flags)
{
	message->in_chat = (int8_t)(flags & (A | B));
	message->muted = (flags & SET) != 0;
}

/* False: of a version that is not ours. */
static bool read_messages(struct told *told, struct sorted *sorted, const struct interest *interest)
{
	struct row_array seqs = row_array(&told->row, SEQS);
	struct row_array flags = row_array(&told->row, FLAGS);
	struct feed_body body;
	struct message message;
	if (!feed_body_open(&body, row_text(&told->row, BODY))) {
		return false;
	}
	for (size_t i = 0; i < seqs.count && feed_body_message(&body, &message); i++) {
		message.seq = row_array_int8(&seqs);
		flag_message(&message, row_array_int2(&flags));
		if (message.seq > 0 && interest_in_room(interest, message.room)) {
			append_message(told, sorted, &message, true);
		}
	}
	told->row.wrong = told->row.wrong || body.wrong;
	return true;
}

/* The message of a row that has one.  False: it is gone by now. */
static bool read_message(struct told *told, struct message *message)
{
	if (row_is_null(&told->row, BY_A)) {
		return false;
	}
	bool by_a = row_bool(&told->row, BY_A);
	*message = (struct message){.room = row_text(&told->row, SUBJECT)};
	message->seq = row_int8(&told->row, SEQ);
	message->user_id = room_user(message->room, by_a);
	message->opponent_id = room_user(message->room, !by_a);
	message_row(message, &told->row, MESSAGE);
	return true;
}

static void read_posted(struct told *told, struct sorted *sorted)
{
	struct message message;
	if (read_message(told, &message)) {
		message.name = row_text_or_empty(&told->row, WORD);
		flag_message(&message, row_int2(&told->row, FLAG));
		append_message(told, sorted, &message, false);
	}
}

/* Whom the flag says, of the room that is the row's subject; empty: nobody. */
static struct slice user_of(struct told *told, int flag)
{
	struct slice room = row_text(&told->row, SUBJECT);
	return (flag & (A | B)) == 0 ? slice_of("", 0) : room_user(room, (flag & A) != 0);
}

static void read_changed(struct told *told, struct sorted *sorted)
{
	struct node_news news = {.what = NODE_CHANGED};
	if (read_message(told, &news.changed.message)) {
		news.changed.change = row_int8(&told->row, COUNT);
		news.changed.by = user_of(told, row_int2(&told->row, FLAG));
		news.changed.ref = row_text_or_empty(&told->row, WORD);
		append(told, &sorted->changes, &news);
	}
}

static void read_mark(struct told *told, struct sorted *sorted)
{
	int64_t seq = row_int8(&told->row, SEQ);
	struct node_news news = {
		.what = NODE_READ,
		.mark = {.room = row_text(&told->row, SUBJECT),
			.user_id = user_of(told, row_int2(&told->row, FLAG)),
			.seq = seq},
		.marked = {.moved = true,
			.seq = seq,
			.count = row_int8(&told->row, COUNT),
			.total = row_int8(&told->row, TOTAL)},
	};
	append(told, &sorted->rest, &news);
}

static void read_muted(struct told *told, struct sorted *sorted)
{
	int flag = row_int2(&told->row, FLAG);
	struct node_news news = {
		.what = NODE_MUTED,
		.room = row_text(&told->row, SUBJECT),
		.user_id = user_of(told, flag),
		.on = (flag & SET) != 0,
	};
	append(told, &sorted->rest, &news);
}

static void read_seen(struct told *told, struct sorted *sorted)
{
	struct node_news news = {
		.what = NODE_SEEN,
		.user_id = row_text(&told->row, SUBJECT),
		.name = row_text_or_empty(&told->row, WORD),
		.on = row_int2(&told->row, FLAG) != 0,
		.at = row_int8_or(&told->row, SEQ, 0),
	};
	append(told, &sorted->rest, &news);
}

static bool is_wanted(const struct node_news *news, const struct interest *interest, int32_t age)
{
	switch (news->what) {
	case NODE_TYPING:
		return age < TYPING_AGE_MAX_MS && interest_in_room(interest, news->room);
	case NODE_LOGIN:
		return interest_in_user(interest, news->user_id);
	default:
		return interest_in_room(interest, news->room);
	}
}

/* What a version says that is not known here is left out. */
static void read_said(struct told *told, struct sorted *sorted, const struct interest *interest)
{
	struct feed_body body;
	struct node_news news;
	if (!feed_body_open(&body, row_text(&told->row, BODY))) {
		return;
	}
	while (feed_body_next_news(&body, &news)) {
		if (news.what == NODE_LOGIN || !told->own) {
			if (is_wanted(&news, interest, told->age)) {
				append(told, &sorted->rest, &news);
			}
		}
	}
	told->row.wrong = told->row.wrong || body.wrong;
}

static void read_gone(struct told *told, struct sorted *sorted)
{
	struct row_array nodes = row_array(&told->row, SEQS);
	struct node_news news = {.what = NODE_GONE, .node = (int32_t)row_array_int8(&nodes)};
	append(told, &sorted->rest, &news);
}

/* False: it cannot be read, so what it says has to be asked for. */
static bool read_row(struct cut *cut, struct told *told, struct sorted *sorted)
{
	char kind = row_char(&told->row, KIND);
	bool concerns = row_is_null(&told->row, SUBJECT) || kind == 'o' ||
	                interest_in_room(cut->interest, row_text(&told->row, SUBJECT));
	if (!concerns) {
		return true;
	}
	switch (kind) {
	case 'm':
		return read_messages(told, sorted, cut->interest);
	case 'q':
		read_posted(told, sorted);
		break;
	case 'g':
		read_changed(told, sorted);
		break;
	case 'r':
		read_mark(told, sorted);
		break;
	case 'u':
		read_muted(told, sorted);
		break;
	case 'o':
		read_seen(told, sorted);
		break;
	case 'b':
		read_said(told, sorted, cut->interest);
		break;
	case 'd':
		read_gone(told, sorted);
		break;
	default: /* of a later release */
		break;
	}
	return true;
}

static int by_seq(const void *a, const void *b)
{
	const struct news_job *const *x = a;
	const struct news_job *const *y = b;
	int64_t difference = (*x)->news.message.seq - (*y)->news.message.seq;
	return (difference > 0) - (difference < 0);
}

/* Messages of one stream ascend already. */
static void take_messages(struct cut *cut, struct sorted *sorted)
{
	if (sorted->several_streams) {
		qsort(sorted->messages, sorted->message_count, sizeof(*sorted->messages), by_seq);
	}
	for (size_t i = 0; i < sorted->message_count; i++) {
		items_append(&cut->news, &sorted->messages[i]->item);
	}
	free(sorted->messages);
}

/* The order in which items came. */
struct placed {
	struct news_job *job;
	size_t place;
};

static int by_change(const void *a, const void *b)
{
	const struct placed *x = a;
	const struct placed *y = b;
	int64_t difference = x->job->news.changed.change - y->job->news.changed.change;
	return (difference > 0) - (difference < 0);
}

/* The oldest first; those of one stream in their order. */
static int by_age(const void *a, const void *b)
{
	const struct placed *x = a;
	const struct placed *y = b;
	int difference =
		(y->job->news.age > x->job->news.age) - (y->job->news.age < x->job->news.age);
	return difference != 0 ? difference : (x->place > y->place) - (x->place < y->place);
}

/* Without memory they are taken as they came. */
static void take(struct cut *cut, struct items *items, int (*order)(const void *, const void *))
{
	size_t count = items->count;
	struct placed *list = count < 2 ? NULL : malloc(count * sizeof(*list));
	if (list == NULL) {
		items_join(&cut->news, items);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		list[i] = (struct placed){(struct news_job *)items_shift(items), i};
	}
	qsort(list, count, sizeof(*list), order);
	for (size_t i = 0; i < count; i++) {
		items_append(&cut->news, &list[i].job->item);
	}
	free(list);
}

enum cut_is cut_read(struct cut *cut, struct answer *answer)
{
	struct sorted sorted = {0};
	struct told told = {.row = {.result = answer->result}, .answer = answer};
	bool complete = PQntuples(answer->result) <= CUT_ROWS_MAX;
	cut->news = (struct items){0};
	cut->lag_ms = 0;
	for (; complete && !told.row.wrong && told.row.no < PQntuples(answer->result);
		told.row.no++) {
		int32_t stream = row_int4(&told.row, STREAM);
		told.node = stream / STREAMS_PER_NODE;
		told.own = told.node == cut->node;
		told.age = row_int4(&told.row, AGE);
		if (!told.own && told.age > cut->lag_ms) {
			cut->lag_ms = told.age;
		}
		complete = move_on(cut->cursors, stream, row_int8(&told.row, N)) &&
		           read_row(cut, &told, &sorted);
	}
	take_messages(cut, &sorted);
	take(cut, &sorted.changes, by_change);
	take(cut, &sorted.rest, by_age);
	return told.row.wrong ? CUT_WRONG : complete && !told.lost ? CUT_GOOD : CUT_BEHIND;
}
