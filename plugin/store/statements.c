#include "statements.h"

#include <limits.h>
#include <stdlib.h>

static const Oid save_types[] = {
	OID_TEXTS, OID_BOOL, OID_INT4S, OID_BOOLS, OID_TEXTS, OID_TEXTS, OID_TIMES, OID_UUIDS};
static const Oid history_types[] = {OID_TEXTS, OID_INT8S, OID_INT8S, OID_INT4S};
static const Oid unread_types[] = {OID_TEXTS};
static const Oid mark_types[] = {OID_TEXTS, OID_TEXTS, OID_INT8S};
static const Oid deliver_types[] = {OID_TEXT};

const struct statement statement_save = {
	.name = "save",
	.sql = "select no, outcome, seq, text, sent_at"
	       " from chat.save($1, $2, $3, $4, $5, $6, $7, $8)",
	.count = 8,
	.types = save_types,
};
const struct statement statement_save_each = {
	.name = "save_each",
	.sql = "select no, outcome, seq, text, sent_at"
	       " from chat.save_each($1, $2, $3, $4, $5, $6, $7, $8)",
	.count = 8,
	.types = save_types,
};
const struct statement statement_history = {
	.name = "history",
	.sql = "select no, a_read, b_read, more, seq, by_a, text, sent_at, ref"
	       " from chat.history($1, $2, $3, $4)",
	.count = 4,
	.types = history_types,
};
const struct statement statement_unread = {
	.name = "unread",
	.sql = "select no, total, more, room, peer_id, count, seq, text, sent_at, ref"
	       " from chat.unread($1)",
	.count = 1,
	.types = unread_types,
};
const struct statement statement_mark = {
	.name = "mark",
	.sql = "select no, locked, moved, seq, count, total, follow from chat.mark($1, $2, $3)",
	.count = 3,
	.types = mark_types,
};
const struct statement statement_deliver = {
	.name = "deliver",
	.sql = "select room, forward from chat.deliver($1)",
	.count = 1,
	.types = deliver_types,
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

/* Did the room's first user send it? */
static bool by_a(const struct message *message)
{
	struct slice room = message->room;
	struct slice user = message->user_id;
	return slice_starts(room, user) && room.len > user.len && room.bytes[user.len] == '/';
}

bool save_params(struct params *params, struct save_job *const *jobs, size_t count)
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
		params_bool(params, by_a(&jobs[i]->message));
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
	return !params->failed;
}

bool history_params(struct params *params, struct load_job *const *jobs, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, jobs[i]->load.room);
	}
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		int64_t before = jobs[i]->load.before;
		params_int8_or_null(params, before, before > 0);
	}
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		int64_t after = jobs[i]->load.after;
		params_int8_or_null(params, after, after >= 0);
	}
	params_array(params, OID_INT4, count);
	for (size_t i = 0; i < count; i++) {
		params_int4(params, jobs[i]->load.limit);
	}
	return !params->failed;
}

bool unread_params(struct params *params, struct load_job *const *jobs, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, jobs[i]->load.user_id);
	}
	return !params->failed;
}

bool mark_params(struct params *params, struct mark_job *const *jobs, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, jobs[i]->mark.room);
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, jobs[i]->mark.user_id);
	}
	params_array(params, OID_INT8, count);
	for (size_t i = 0; i < count; i++) {
		params_int8_or_null(params, jobs[i]->mark.seq, true);
	}
	return !params->failed;
}

bool deliver_params(struct params *params, struct slice after)
{
	params_begin(params);
	params_next(params);
	params_raw_text(params, after);
	return !params->failed;
}

/* The row's job: `no`, counted from 1. */
static bool row_job(struct row *row, size_t count, size_t *job)
{
	int64_t no = row_int4(row, 0);
	*job = (size_t)(no - 1);
	return !row->wrong && no >= 1 && (uint64_t)no <= count;
}

static bool has_columns(const PGresult *result, int columns)
{
	return PQresultStatus(result) == PGRES_TUPLES_OK && PQnfields(result) == columns;
}

static bool read_answer(struct save_answer *answer, struct row *row)
{
	switch (row_char(row, 1)) {
	case 'l':
		answer->outcome = SAVE_LOCKED;
		break;
	case 'x':
		answer->outcome = SAVE_REFUSED;
		answer->text = row_text(row, 3);
		break;
	case 'n':
		answer->outcome = SAVE_STORED;
		answer->seq = row_int8(row, 2);
		break;
	case 'k':
		answer->outcome = SAVE_KNOWN;
		answer->seq = row_int8(row, 2);
		break;
	case 'r':
		answer->outcome = SAVE_REPEATED;
		answer->seq = row_int8(row, 2);
		answer->text = row_text(row, 3);
		answer->sent_at = row_time(row, 4);
		break;
	default:
		return false;
	}
	return !row->wrong;
}

bool save_results(const PGresult *result, struct save_answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		answers[i] = (struct save_answer){.outcome = SAVE_UNANSWERED};
	}
	int rows = PQntuples(result);
	if (!has_columns(result, 5) || (size_t)rows != count) {
		return false;
	}
	for (int i = 0; i < rows; i++) {
		struct row row = {.result = result, .no = i};
		size_t job;
		if (!row_job(&row, count, &job) || answers[job].outcome != SAVE_UNANSWERED ||
			!read_answer(&answers[job], &row)) {
			return false;
		}
	}
	return true;
}

static struct answer *answer_make(PGresult *result, _Atomic size_t *undrained)
{
	struct answer *answer = malloc(sizeof(*answer));
	if (answer == NULL) {
		PQclear(result);
		return NULL;
	}
	answer->result = result;
	answer->size = PQresultMemorySize(result);
	answer->undrained = undrained;
	atomic_init(&answer->holders, 1);
	atomic_fetch_add(undrained, answer->size);
	return answer;
}

static void all_failed(struct load_job **jobs, size_t count, struct items *out)
{
	for (size_t i = 0; i < count; i++) {
		items_append(out, &jobs[i]->item);
	}
}

/* How many rows from `first` on belong to the same request. */
static int rows_alike(const PGresult *result, int first)
{
	int rows = PQntuples(result);
	struct row row = {.result = result, .no = first};
	int64_t no = row_int4(&row, 0);
	int n = 1;
	while (first + n < rows) {
		struct row next = {.result = result, .no = first + n};
		if (row_int4(&next, 0) != no) {
			break;
		}
		n++;
	}
	return n;
}

/* The two users of a room. */
static struct slice room_user(struct slice room, bool is_a)
{
	const char *slash = memchr(room.bytes, '/', room.len);
	size_t len = slash == NULL ? room.len : (size_t)(slash - room.bytes);
	return is_a || slash == NULL ? slice_of(room.bytes, len) : slice_from(room, len + 1);
}

static bool read_message(struct message *message, struct row *row, struct slice room)
{
	message->seq = row_int8(row, 4);
	message->user_id = room_user(room, row_bool(row, 5));
	message->text = row_text(row, 6);
	message->sent_at = row_time(row, 7);
	message->ref = row_text_or_empty(row, 8);
	return !row->wrong;
}

/* `rows` rows from `first` on, as a page.  NULL: out of memory, or *wrong. */
static struct page_job *make_page(
	const PGresult *result, int first, int rows, struct load_job *asked, bool *wrong)
{
	struct row row = {.result = result, .no = first};
	size_t count = row_is_null(&row, 4) ? 0 : (size_t)rows;
	struct page_job *job = calloc(1, sizeof(*job) + count * sizeof(job->messages[0]));
	if (job == NULL) {
		return NULL;
	}
	job->item.kind = JOB_PAGE;
	job->asked = asked;
	job->page = (struct page){
		.messages = job->messages,
		.count = count,
		.a_read = row_int8(&row, 1),
		.b_read = row_int8(&row, 2),
		.more = row_bool(&row, 3),
	};
	*wrong = row.wrong;
	/* The rows come nearest first, and a page ascends. */
	bool ascending = asked->load.after >= 0;
	for (size_t i = 0; i < count && !*wrong; i++) {
		struct row next = {.result = result, .no = first + (int)i};
		size_t at = ascending ? i : count - 1 - i;
		*wrong = !read_message(&job->messages[at], &next, asked->load.room);
	}
	if (*wrong) {
		free(job);
		return NULL;
	}
	return job;
}

static bool read_chat(struct unread_chat *chat, struct row *row, struct slice user_id)
{
	chat->room = row_text(row, 3);
	chat->peer_id = row_text(row, 4);
	chat->count = row_int8(row, 5);
	chat->last.room = chat->room;
	chat->last.user_id = chat->peer_id;
	chat->last.opponent_id = user_id;
	chat->last.seq = row_int8(row, 6);
	chat->last.text = row_text(row, 7);
	chat->last.sent_at = row_time(row, 8);
	chat->last.ref = row_text_or_empty(row, 9);
	return !row->wrong;
}

static struct unread_job *make_unread(
	const PGresult *result, int first, int rows, struct load_job *asked, bool *wrong)
{
	struct row row = {.result = result, .no = first};
	size_t count = row_is_null(&row, 3) ? 0 : (size_t)rows;
	struct unread_job *job = calloc(1, sizeof(*job) + count * sizeof(job->chats[0]));
	if (job == NULL) {
		return NULL;
	}
	job->item.kind = JOB_UNREAD;
	job->asked = asked;
	job->unread = (struct unread){
		.chats = job->chats,
		.count = count,
		.total = row_int8(&row, 1),
		.more = row_bool(&row, 2),
	};
	*wrong = row.wrong;
	for (size_t i = 0; i < count && !*wrong; i++) {
		struct row next = {.result = result, .no = first + (int)i};
		*wrong = !read_chat(&job->chats[i], &next, asked->load.user_id);
	}
	if (*wrong) {
		free(job);
		return NULL;
	}
	return job;
}

/* The answer to one load, holding on to the result; NULL as above. */
static struct item *make_answer(
	struct answer *answer, int first, int rows, struct load_job *asked, bool *wrong)
{
	struct item *item;
	if (asked->load.what == LOAD_HISTORY) {
		struct page_job *job = make_page(answer->result, first, rows, asked, wrong);
		if (job == NULL) {
			return NULL;
		}
		job->answer = answer;
		item = &job->item;
	} else {
		struct unread_job *job = make_unread(answer->result, first, rows, asked, wrong);
		if (job == NULL) {
			return NULL;
		}
		job->answer = answer;
		item = &job->item;
	}
	atomic_fetch_add(&answer->holders, 1);
	return item;
}

/* Both kinds of load answer with rows in the order of the jobs, at least one for each. */
static bool load_results(PGresult *result, int columns, struct load_job **jobs, size_t count,
	_Atomic size_t *undrained, struct items *out)
{
	if (!has_columns(result, columns)) {
		PQclear(result);
		all_failed(jobs, count, out);
		return false;
	}
	struct answer *answer = answer_make(result, undrained);
	if (answer == NULL) {
		all_failed(jobs, count, out);
		return true;
	}
	int first = 0;
	size_t done = 0;
	bool wrong = false;
	while (first < PQntuples(result) && done < count && !wrong) {
		struct row row = {.result = result, .no = first};
		size_t job;
		int rows = rows_alike(result, first);
		wrong = !row_job(&row, count, &job) || job != done;
		if (wrong) {
			break;
		}
		struct item *item = make_answer(answer, first, rows, jobs[done], &wrong);
		if (wrong) {
			break;
		}
		items_append(out, item != NULL ? item : &jobs[done]->item);
		first += rows;
		done++;
	}
	wrong = wrong || done < count || first < PQntuples(result);
	all_failed(jobs + done, count - done, out);
	answer_release(answer);
	return !wrong;
}

bool history_results(PGresult *result, struct load_job **jobs, size_t count,
	_Atomic size_t *undrained, struct items *out)
{
	return load_results(result, 9, jobs, count, undrained, out);
}

bool unread_results(PGresult *result, struct load_job **jobs, size_t count,
	_Atomic size_t *undrained, struct items *out)
{
	return load_results(result, 10, jobs, count, undrained, out);
}

bool mark_results(const PGresult *result, struct mark_job *const *jobs, size_t count, bool *follow)
{
	if (!has_columns(result, 7) || (size_t)PQntuples(result) != count) {
		return false;
	}
	for (int i = 0; i < (int)count; i++) {
		struct row row = {.result = result, .no = i};
		size_t job;
		if (!row_job(&row, count, &job)) {
			return false;
		}
		jobs[job]->outcome = row_bool(&row, 1) ? MARK_UNKNOWN : MARK_DONE;
		jobs[job]->result = (struct marked){
			.moved = row_bool(&row, 2),
			.seq = row_int8(&row, 3),
			.count = row_int8(&row, 4),
			.total = row_int8(&row, 5),
		};
		*follow = row_bool(&row, 6) || *follow;
		if (row.wrong) {
			return false;
		}
	}
	return true;
}

bool deliver_results(const PGresult *result, struct slice *room, bool *forward)
{
	if (!has_columns(result, 2) || PQntuples(result) != 1) {
		return false;
	}
	struct row row = {.result = result};
	*room = row_text_or_empty(&row, 0);
	*forward = row_bool(&row, 1);
	return !row.wrong && room->len <= ROOM_MAX;
}

/* The first that fits counts; a class stands for all its states. */
static const struct {
	const char *prefix;
	enum verdict verdict;
} verdicts[] = {
	{"55P03", VERDICT_AGAIN}, /* lock not available */
	{"40001", VERDICT_AGAIN}, /* serialization failure */
	{"40P01", VERDICT_AGAIN}, /* deadlock */
	{"57014", VERDICT_AGAIN}, /* cancelled, as by statement_timeout */
	{"08", VERDICT_AWAY},     /* connection */
	{"57", VERDICT_AWAY},     /* shutdown, starting up, dropped */
	{"53", VERDICT_AWAY},     /* disk full, out of memory, too many connections */
	{"58", VERDICT_AWAY},     /* its files cannot be read or written */
	{"25", VERDICT_AWAY},     /* read-only, or a transaction that we know nothing of */
	{"26", VERDICT_AWAY},     /* a pooler lost our prepared statements */
	{"0A000", VERDICT_AWAY},  /* "cached plan must not change result type" */
	{"42", VERDICT_HOLD},     /* no such function, no right to call it */
	{"28", VERDICT_HOLD},     /* login */
	{"3D", VERDICT_HOLD},     /* no such database */
	{"3F", VERDICT_HOLD},     /* no such schema */
};

enum verdict sqlstate_verdict(const char *sqlstate)
{
	if (sqlstate == NULL) {
		return VERDICT_AWAY;
	}
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (strncmp(sqlstate, verdicts[i].prefix, strlen(verdicts[i].prefix)) == 0) {
			return verdicts[i].verdict;
		}
	}
	return VERDICT_REFUSE;
}
