#include "save_statement.h"

#include <stdlib.h>

#include "feed_body.h"
#include "message_row.h"

static const Oid save_types[] = {OID_TEXTS, OID_BOOL, OID_INT4S, OID_BOOLS, OID_TEXTS, OID_TEXTS,
	OID_TIMES, OID_UUIDS, OID_TEXTS, OID_INT8S, OID_INT2S, OID_BYTES, OID_INT4};

#define COLUMNS                                                                                    \
	"select no, outcome, seq, a_muted, b_muted, text, sent_at, null::text as ref, data,"       \
	" reply_to, edited_at, reactions, change, is_deleted"
#define PARAMETERS "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $13, $11, $12)"

const struct statement statement_save = {
	.name = "store",
	.function = "chat.store",
	.sql = COLUMNS " from chat.store(" PARAMETERS,
	.takes_rows = true,
	.tells = true,
	.count = 13,
	.types = save_types,
};
const struct statement statement_save_each = {
	.name = "store_each",
	.function = "chat.store_each",
	.sql = COLUMNS " from chat.store_each(" PARAMETERS,
	.takes_rows = true,
	.tells = true,
	.count = 13,
	.types = save_types,
};

/* A job's room, to number the distinct ones. */
struct slot {
	struct slice room;
	size_t job;
};

static int compare_slots(const void *a, const void *b)
{
	return slice_compare(((const struct slot *)a)->room, ((const struct slot *)b)->room);
}

/* Writes the distinct rooms in ascending order and, into `nos`, which of them each job is in. */
static void put_rooms(
	struct params *params, struct save_job *const *jobs, size_t count, int32_t *nos)
{
	struct slot slots[SAVES_MAX];
	for (size_t i = 0; i < count; i++) {
		slots[i] = (struct slot){.room = jobs[i]->message.room, .job = i};
	}
	qsort(slots, count, sizeof(slots[0]), compare_slots);

	int32_t rooms = 0;
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || !slice_equal(slots[i].room, slots[i - 1].room)) {
			rooms++;
		}
		nos[slots[i].job] = rooms;
	}
	params_array(params, OID_TEXT, (size_t)rooms);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || !slice_equal(slots[i].room, slots[i - 1].room)) {
			params_text(params, slots[i].room);
		}
	}
}

/* Most messages have neither: then the arrays are null. */
static void put_more(struct params *params, struct save_job *const *jobs, size_t count)
{
	bool any = false;
	for (size_t i = 0; i < count && !any; i++) {
		any = jobs[i]->message.data.len > 0 || jobs[i]->message.reply_to > 0;
	}
	if (!any) {
		params_null(params);
		params_null(params);
		return;
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text_or_null(params, jobs[i]->message.data);
	}
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		int64_t seq = jobs[i]->message.reply_to;
		params_int8_or_null(params, seq, seq > 0);
	}
}

/* What the other brokers are to know of them. */
static void put_told(struct params *params, struct save_job *const *jobs, size_t count, bool told)
{
	if (!told) {
		params_null(params);
		params_null(params);
		return;
	}
	params_array(params, OID_INT2, count);
	for (size_t i = 0; i < count; i++) {
		int8_t in_chat = jobs[i]->message.in_chat;
		params_int2_or_null(params, in_chat, in_chat >= 0);
	}
	feed_body_messages(params, jobs, count);
}

bool save_params(struct params *params, struct save_job *const *jobs, size_t count, bool told)
{
	int32_t nos[SAVES_MAX];
	bool again = false;

	for (size_t i = 0; i < count; i++) {
		again = again || jobs[i]->in_doubt || jobs[i]->replayed;
	}
	params_begin(params);
	put_rooms(params, jobs, count, nos);
	params_next(params);
	params_raw_bool(params, again);
	params_array(params, OID_INT4, count);
	for (size_t i = 0; i < count; i++) {
		params_int4(params, nos[i]);
	}
	params_array(params, OID_BOOL, count);
	for (size_t i = 0; i < count; i++) {
		const struct message *message = &jobs[i]->message;
		params_bool(params, room_user_is_a(message->room, message->user_id));
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, jobs[i]->message.text);
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text_or_null(params, jobs[i]->message.ref);
	}
	params_array(params, OID_TIME, count);
	for (size_t i = 0; i < count; i++) {
		params_time(params, jobs[i]->message.sent_at);
	}
	params_array(params, OID_UUID, count);
	for (size_t i = 0; i < count; i++) {
		params_uuid(params, jobs[i]->message.key);
	}
	put_more(params, jobs, count);
	put_told(params, jobs, count, told);
	return !params->failed;
}

static bool read_answer(struct save_answer *answer, struct row *row)
{
	char outcome = row_char(row, 1);
	answer->seq = 0;
	answer->a_muted = row_bool_or_false(row, 3);
	answer->b_muted = row_bool_or_false(row, 4);
	switch (outcome) {
	case 'l':
		answer->outcome = SAVE_LOCKED;
		break;
	case 'f':
		answer->outcome = SAVE_FORBIDDEN;
		break;
	case 'x':
		answer->outcome = SAVE_REFUSED;
		answer->sqlstate = row_text(row, 5);
		break;
	case 'n':
		answer->outcome = SAVE_STORED;
		answer->seq = row_int8(row, 2);
		break;
	case 'k':
	case 'r':
		answer->outcome = outcome == 'k' ? SAVE_KNOWN : SAVE_REPEATED;
		answer->seq = row_int8(row, 2);
		message_row(&answer->stored, row, 5);
		break;
	default:
		return false;
	}
	return !row->wrong;
}

bool save_results(const PGresult *result, struct save_answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		answers[i].outcome = SAVE_UNANSWERED;
	}
	int rows = PQntuples(result);
	if ((size_t)rows != count) {
		return false;
	}
	for (int i = 0; i < rows; i++) {
		struct row row = {.result = result, .no = i};
		size_t job;
		if (!row_index(&row, count, &job) || answers[job].outcome != SAVE_UNANSWERED ||
			!read_answer(&answers[job], &row)) {
			return false;
		}
	}
	return true;
}
