#include "seen_notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "siphash.h"

/* After a statement that failed, or found all users locked. */
#define PAUSE_MS 250

static const Oid types[] = {OID_TEXTS, OID_TEXTS, OID_BOOLS, OID_TIMES, OID_INT4, OID_INT4};

const struct statement statement_seen = {
	.name = "seen",
	.function = "chat.seen",
	.sql = "select chat.seen($1, $2, $3, $4, $5, $6)",
	.takes_rows = true,
	.tells = true,
	.count = 6,
	.types = types,
};

struct seen_note {
	struct table_link by_user;
	struct seen_note *prev, *next;
	struct seen_job *job;
};

/* Ids are those of users who have a token: nobody chooses many of them. */
static uint64_t hash_of(struct slice user_id)
{
	static const struct siphash_key key = {0, 0};
	return siphash(&key, user_id);
}

static bool is_of_user(const struct table_link *link, const void *user_id)
{
	const struct seen_note *note = TABLE_ELEMENT(link, struct seen_note, by_user);
	return slice_equal(note->job->seen.user_id, *(const struct slice *)user_id);
}

static void forget(struct seen_notes *notes, struct seen_note *note)
{
	DL_DELETE(notes->notes, note);
	table_remove(&notes->by_user, &note->by_user);
	free(note->job);
	free(note);
}

void seen_notes_finish(struct seen_notes *notes)
{
	while (notes->notes != NULL) {
		forget(notes, notes->notes);
	}
	table_finish(&notes->by_user);
}

int64_t seen_notes_next(const struct seen_notes *notes)
{
	return notes->notes == NULL ? NEVER : notes->due;
}

static struct seen_note *find(const struct seen_notes *notes, struct slice user_id)
{
	struct table_link *link =
		table_find(&notes->by_user, hash_of(user_id), is_of_user, &user_id);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct seen_note, by_user);
}

/* The later of the two, with the name of the earlier where it has none. */
static struct seen_job *merge(struct seen_job *earlier, struct seen_job *later)
{
	if (!later->seen.has_name && earlier->seen.has_name) {
		struct user_seen both = later->seen;
		both.has_name = true;
		both.name = earlier->seen.name;
		struct seen_job *merged = job_seen(&both);
		if (merged != NULL) {
			free(later);
			later = merged;
		}
	}
	free(earlier);
	return later;
}

void seen_notes_add(struct seen_notes *notes, struct seen_job *job)
{
	struct seen_note *note = notes->notes == NULL ? NULL : find(notes, job->seen.user_id);
	if (note != NULL) {
		note->job = merge(note->job, job);
		return;
	}
	note = calloc(1, sizeof(*note));
	if (note == NULL) {
		free(job); /* the next login says it again */
		return;
	}
	note->job = job;
	table_add(&notes->by_user, &note->by_user, hash_of(job->seen.user_id));
	DL_APPEND(notes->notes, note);
}

static bool fill(struct params *params, struct seen_note *const *batch, size_t count, int32_t node)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, batch[i]->job->seen.user_id);
	}
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		const struct user_seen *seen = &batch[i]->job->seen;
		if (seen->has_name) {
			params_text(params, seen->name);
		} else {
			params_text_or_null(params, slice_of("", 0));
		}
	}
	params_array(params, OID_BOOL, count);
	for (size_t i = 0; i < count; i++) {
		params_bool(params, batch[i]->job->seen.online);
	}
	params_array(params, OID_TIME, count);
	for (size_t i = 0; i < count; i++) {
		params_time(params, batch[i]->job->seen.at);
	}
	params_next(params);
	params_raw_int4(params, node);
	return !params->failed;
}

/* The rows name the notes that have to come again. */
static void keep_locked(struct seen_note **batch, size_t count, const PGresult *result)
{
	for (int i = 0; i < PQntuples(result); i++) {
		struct row row = {.result = result, .no = i};
		size_t index;
		if (row_index(&row, count, &index)) {
			batch[index] = NULL;
		}
	}
}

/* Refused for good: alone, or to be found. */
static void refused(
	struct seen_notes *notes, struct pgconn *conn, struct seen_note *first, size_t count)
{
	char line[REPORT_LINE_MAX];
	notes->cap = count / 2;
	if (count > 1) {
		return;
	}
	snprintf(line, sizeof(line),
		"database: refused to note when %.*s was seen, for good, SQLSTATE %s",
		SLICE_ARGS(first->job->seen.user_id), pgconn_sqlstate(conn));
	report_often(conn->options.report, REPORT_REFUSED_NOTE, STORE_WARNING, line, clock_ms());
	forget(notes, first);
}

/* Those that have come to be written are forgotten. */
static void written(struct seen_notes *notes, struct seen_note **batch, size_t count,
	const PGresult *result, int64_t now)
{
	keep_locked(batch, count, result);
	notes->cap = notes->cap * 2 > SEEN_NOTES_MAX ? 0 : notes->cap * 2;
	for (size_t i = 0; i < count; i++) {
		if (batch[i] != NULL) {
			forget(notes, batch[i]);
			notes->due = now;
		}
	}
}

void seen_notes_write(struct seen_notes *notes, struct pgconn *conn, struct params *params,
	int32_t node, int64_t now)
{
	struct seen_note *batch[SEEN_NOTES_MAX];
	struct seen_note *note;
	size_t cap = notes->cap == 0 ? SEEN_NOTES_MAX : notes->cap;
	size_t count = 0;
	DL_FOREACH (notes->notes, note) {
		if (count == cap) {
			break;
		}
		batch[count++] = note;
	}
	PGresult *result;
	notes->due = now + PAUSE_MS;
	if (!fill(params, batch, count, node)) {
		return;
	}
	enum pgconn_ran ran = pgconn_run(conn, &statement_seen, params, &result);
	if (ran == RAN_REFUSED) {
		refused(notes, conn, batch[0], count);
		notes->due = now;
	} else if (ran == RAN_WELL) {
		pgconn_well(conn);
		written(notes, batch, count, result, now);
		PQclear(result);
	}
}
