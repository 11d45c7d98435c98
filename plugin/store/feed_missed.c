#include "feed_missed.h"

#include <stdlib.h>

#include "message_row.h"

#define LIMIT 200 /* messages, changes, of one chat */

static const Oid types[] = {OID_TEXTS, OID_INT8S, OID_INT8S, OID_INT4S};
static const Oid changes_types[] = {OID_TEXTS, OID_INT8S, OID_INT4S};

const struct statement statement_missed = {
	.name = "missed",
	.function = "chat.pages",
	.sql = "select ($1)[no], seq, by_a, more, a_read, b_read, a_name, b_name, a_seen_at,"
	       " b_seen_at, a_online, b_online, " MESSAGE_COLUMNS
	       " from chat.pages($1, $2, $3, $4)",
	.takes_rows = true,
	.count = 4,
	.types = types,
};
enum {
	ROOM,
	SEQ,
	BY_A,
	MORE,
	READ,
	NAME = 6,
	SEEN_AT = 8,
	ONLINE = 10,
	MESSAGE = 12
};

const struct statement statement_missed_changes = {
	.name = "missed_changes",
	.function = "chat.changes",
	.sql = "select ($1)[no], seq, by_a, " MESSAGE_COLUMNS " from chat.changes($1, $2, $3)",
	.takes_rows = true,
	.count = 3,
	.types = changes_types,
};
enum {
	CHANGED_MESSAGE = 3
};

static void put_rooms(struct params *params, struct news_job *const *jobs, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, jobs[i]->news.room);
	}
}

static void put_limits(struct params *params, size_t count)
{
	params_array(params, OID_INT4, count);
	for (size_t i = 0; i < count; i++) {
		params_int4(params, LIMIT);
	}
}

bool missed_params(struct params *params, struct news_job *const *jobs, size_t count)
{
	put_rooms(params, jobs, count);
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		params_int8_or_null(params, 0, false);
	}
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		params_int8_or_null(params, jobs[i]->news.message.seq, true);
	}
	put_limits(params, count);
	return !params->failed;
}

/* Where no change is known of, none is asked for. */
bool missed_changes_params(struct params *params, struct news_job *const *jobs, size_t count)
{
	put_rooms(params, jobs, count);
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		int64_t change = jobs[i]->news.changed.change;
		params_int8_or_null(params, change, change >= 0);
	}
	put_limits(params, count);
	return !params->failed;
}

static bool append(struct answer *answer, struct items *items, const struct node_news *news)
{
	struct news_job *job = malloc(sizeof(*job));
	if (job == NULL) {
		return false;
	}
	*job = (struct news_job){.item = {.kind = JOB_NEWS}, .answer = answer, .news = *news};
	job->news.missed = true;
	answer_hold(answer);
	items_append(items, &job->item);
	return true;
}

static void read_message(struct message *message, struct row *row, int first)
{
	bool by_a = row_bool(row, BY_A);
	message->room = row_text(row, ROOM);
	message->seq = row_int8(row, SEQ);
	message->user_id = room_user(message->room, by_a);
	message->opponent_id = room_user(message->room, !by_a);
	message_row(message, row, first);
}

/* What of a chat is said once. */
static bool read_end(struct answer *answer, struct row *row, struct items *ends)
{
	struct slice room = row_text(row, ROOM);
	struct node_news end = {.what = NODE_ASKED, .room = room, .on = row_bool(row, MORE)};
	end.marked.seq = row_int8(row, READ);
	end.mark.seq = row_int8(row, READ + 1);
	for (int b = 0; b < 2; b++) {
		struct node_news seen = {
			.what = NODE_SEEN,
			.user_id = room_user(room, b == 0),
			.name = row_text_or_empty(row, NAME + b),
			.on = row_bool(row, ONLINE + b),
			.at = row_time_or(row, SEEN_AT + b, 0),
		};
		if (!append(answer, ends, &seen)) {
			return false;
		}
	}
	return append(answer, ends, &end);
}

bool missed_read(struct answer *answer, struct items *news, struct items *ends)
{
	struct row row = {.result = answer->result};
	struct slice room = slice_of("", 0);
	for (; row.no < PQntuples(answer->result); row.no++) {
		struct slice of = row_text(&row, ROOM);
		struct node_news message = {.what = NODE_MESSAGE, .room = of};
		bool is_new = !slice_equal(of, room);
		room = of;
		if (is_new && !read_end(answer, &row, ends)) {
			return false;
		}
		if (row_is_null(&row, SEQ)) {
			continue;
		}
		read_message(&message.message, &row, MESSAGE);
		if (row.wrong || !append(answer, news, &message)) {
			return false;
		}
	}
	return !row.wrong;
}

bool missed_changes_read(struct answer *answer, struct items *news)
{
	struct row row = {.result = answer->result};
	for (; row.no < PQntuples(answer->result); row.no++) {
		struct node_news changed = {.what = NODE_CHANGED, .room = row_text(&row, ROOM)};
		if (row_is_null(&row, SEQ)) {
			continue;
		}
		read_message(&changed.changed.message, &row, CHANGED_MESSAGE);
		changed.changed.change = changed.changed.message.change;
		if (row.wrong || !append(answer, news, &changed)) {
			return false;
		}
	}
	return !row.wrong;
}
