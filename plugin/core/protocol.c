#include "protocol.h"

#include "json.h"
#include "topic.h"
#include "utf8.h"

/* ---- in */

#define HISTORY_LIMIT_DEFAULT 50
#define WORD_MAX 16 /* bytes; no event's name and no literal is longer */

/* All the members that any event knows. */
enum {
	EVENT,
	REF,
	TEXT,
	SEQ,
	ON,
	BEFORE,
	AFTER,
	LIMIT,
	MEMBERS
};

static enum chat_error fail(enum chat_error error, const char **reason, const char *why)
{
	*reason = why;
	return error;
}

static bool decode_kind(const struct json_member *member, enum event_kind *kind)
{
	static const char *const kinds[] = {
		[EVENT_MESSAGE] = "message",
		[EVENT_READ] = "read",
		[EVENT_TYPING] = "typing",
		[EVENT_HISTORY] = "history",
	};
	if (!cJSON_IsString(member->value)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(member->value->valuestring, kinds[i]) == 0) {
			*kind = (enum event_kind)i;
			return true;
		}
	}
	return false;
}

/* A missing ref is a good one, and empty. */
static bool decode_ref(const struct json_member *member, struct event *event)
{
	if (json_first(member) == '\0') {
		return true;
	}
	if (!cJSON_IsString(member->value) || member->len == 0) {
		return false;
	}
	const char *ref = member->value->valuestring;
	size_t code_points = 0;
	for (size_t i = 0; i < member->len; i++) {
		code_points += !utf8_continues((unsigned char)ref[i]);
	}
	if (code_points > REF_MAX_CODE_POINTS) {
		return false;
	}
	memcpy(event->bytes + TEXT_MAX, ref, member->len);
	event->ref = slice_of(event->bytes + TEXT_MAX, member->len);
	return true;
}

static enum chat_error decode_message(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	const struct json_member *text = &members[TEXT];
	if (json_first(text) != '"' || text->len == 0) {
		return fail(CHAT_EBADFIELD, reason, "'text' must be a string that is not empty.");
	}
	if (text->len > TEXT_MAX) {
		return fail(
			CHAT_ETOOLARGE, reason, "'text' must have at most 16384 bytes of UTF-8.");
	}
	memcpy(event->bytes, text->value->valuestring, text->len);
	event->text = slice_of(event->bytes, text->len);
	return CHAT_OK;
}

static enum chat_error decode_read(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	if (!json_integer(&members[SEQ], &event->seq)) {
		return fail(CHAT_EBADFIELD, reason, "'seq' must be an integer from 0 to 2^53 - 1.");
	}
	return CHAT_OK;
}

static enum chat_error decode_typing(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	const cJSON *on = members[ON].value;
	if (json_first(&members[ON]) != '\0' && !cJSON_IsBool(on)) {
		return fail(CHAT_EBADFIELD, reason, "'on' must be true or false.");
	}
	event->on = !cJSON_IsFalse(on);
	return CHAT_OK;
}

static enum chat_error decode_history(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	int64_t limit = event->limit;
	bool has_after = json_first(&members[AFTER]) != '\0';
	event->has_before = json_first(&members[BEFORE]) != '\0';
	if (event->has_before && !json_integer(&members[BEFORE], &event->before)) {
		return fail(
			CHAT_EBADFIELD, reason, "'before' must be an integer from 0 to 2^53 - 1.");
	}
	if (has_after && !json_integer(&members[AFTER], &event->after)) {
		return fail(
			CHAT_EBADFIELD, reason, "'after' must be an integer from 0 to 2^53 - 1.");
	}
	if (event->has_before && has_after) {
		return fail(CHAT_EBADFIELD, reason, "'before' and 'after' exclude each other.");
	}
	if (json_first(&members[LIMIT]) != '\0' &&
		(!json_integer(&members[LIMIT], &limit) || limit < 1 ||
			limit > HISTORY_LIMIT_MAX)) {
		return fail(CHAT_EBADFIELD, reason, "'limit' must be an integer from 1 to 200.");
	}
	event->limit = (int)limit;
	return CHAT_OK;
}

/* Not the bytes behind the slices: they are many, and written before they are read. */
static void reset(struct event *event)
{
	event->kind = EVENT_MESSAGE;
	event->ref = slice_of(NULL, 0);
	event->text = slice_of(NULL, 0);
	event->seq = 0;
	event->on = true;
	event->before = 0;
	event->has_before = false;
	event->after = -1;
	event->limit = HISTORY_LIMIT_DEFAULT;
}

static enum chat_error decode(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	static enum chat_error (*const decoders[])(
		const struct json_member[MEMBERS], struct event *, const char **) = {
		[EVENT_MESSAGE] = decode_message,
		[EVENT_READ] = decode_read,
		[EVENT_TYPING] = decode_typing,
		[EVENT_HISTORY] = decode_history,
	};
	bool good_ref = decode_ref(&members[REF], event);
	if (!decode_kind(&members[EVENT], &event->kind)) {
		return fail(CHAT_EBADEVENT, reason,
			"'event' must be \"message\", \"read\", \"typing\" or \"history\".");
	}
	enum chat_error error = decoders[event->kind](members, event, reason);
	bool knows_ref = event->kind == EVENT_MESSAGE || event->kind == EVENT_HISTORY;
	if (error == CHAT_OK && knows_ref && !good_ref) {
		return fail(
			CHAT_EBADFIELD, reason, "'ref' must be a string of 1 to 64 code points.");
	}
	return error;
}

enum chat_error protocol_decode(struct slice payload, struct event *event, const char **reason)
{
	reset(event);
	*reason = NULL;
	if (payload.len > PAYLOAD_MAX) {
		return fail(CHAT_ETOOLARGE, reason, "The payload must have at most 131072 bytes.");
	}
	struct json_member members[MEMBERS] = {
		[EVENT] = {.name = SLICE("event"), .parsed_max = WORD_MAX},
		[REF] = {.name = SLICE("ref"), .parsed_max = REF_MAX},
		[TEXT] = {.name = SLICE("text"), .parsed_max = TEXT_MAX},
		[SEQ] = {.name = SLICE("seq")},
		[ON] = {.name = SLICE("on"), .parsed_max = WORD_MAX},
		[BEFORE] = {.name = SLICE("before")},
		[AFTER] = {.name = SLICE("after")},
		[LIMIT] = {.name = SLICE("limit")},
	};
	enum chat_error error = CHAT_EBADJSON;
	if (json_read(payload, members, MEMBERS, reason)) {
		error = decode(members, event, reason);
	}
	json_free(members, MEMBERS);
	return error;
}

/* ---- out */

static void append_bool(struct buffer *out, bool value)
{
	buffer_append(out, value ? SLICE("true") : SLICE("false"));
}

static void append_chat(struct buffer *out, struct slice room)
{
	/* A room has no character that JSON escapes. */
	buffer_append(out, SLICE("\"chat/"));
	buffer_append(out, room);
	buffer_append(out, SLICE("\""));
}

static void write_digits(char *into, int64_t number, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		into[i] = (char)('0' + number % 10);
		number /= 10;
	}
}

/* The day's date in the Gregorian calendar.  Counted in years that begin with March, so that the
 * day which is sometimes missing is the last one; `day` is days since 1970-01-01. */
static void write_date(char into[10], int64_t day)
{
	const int64_t days_per_era = 146097; /* 400 years */
	day += 719468;                       /* from 0000-03-01 */
	int64_t era = day / days_per_era;
	int64_t in_era = day % days_per_era;
	int64_t leap_days = in_era / 1460 - in_era / 36524 + in_era / 146096;
	int64_t year = (in_era - leap_days) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153; /* 0: March; 153 days are five months */
	int64_t in_month = in_year - (153 * month + 2) / 5;
	bool next_year = month >= 10;
	write_digits(into, year + 400 * era + next_year, 4);
	into[4] = '-';
	write_digits(into + 5, next_year ? month - 9 : month + 3, 2);
	into[7] = '-';
	write_digits(into + 8, in_month + 1, 2);
}

#define MS_PER_DAY 86400000
#define SENT_AT_MAX 253402300799999 /* 9999-12-31T23:59:59.999Z: four digits of year end there */

static void append_time(struct buffer *out, int64_t ms)
{
	char text[] = "\"1970-01-01T00:00:00.000Z\"";
	ms = ms < 0 ? 0 : ms > SENT_AT_MAX ? SENT_AT_MAX : ms;
	int64_t in_day = ms % MS_PER_DAY;
	write_date(text + 1, ms / MS_PER_DAY);
	write_digits(text + 12, in_day / 3600000, 2);
	write_digits(text + 15, in_day / 60000 % 60, 2);
	write_digits(text + 18, in_day / 1000 % 60, 2);
	write_digits(text + 21, in_day % 1000, 3);
	buffer_append(out, slice_of(text, sizeof(text) - 1));
}

/* What stands in any message's object, without the opening brace. */
static void append_message(struct buffer *out, const struct message *message)
{
	buffer_append(out, SLICE("\"seq\":"));
	buffer_integer(out, message->seq);
	buffer_append(out, SLICE(",\"user_id\":"));
	buffer_json_string(out, message->user_id);
	buffer_append(out, SLICE(",\"text\":"));
	buffer_json_string(out, message->text);
	buffer_append(out, SLICE(",\"sent_at\":"));
	append_time(out, message->sent_at);
	if (message->ref.len > 0) {
		buffer_append(out, SLICE(",\"ref\":"));
		buffer_json_string(out, message->ref);
	}
	buffer_append(out, SLICE("}"));
}

void protocol_message(struct buffer *out, const struct message *message)
{
	buffer_append(out, SLICE("{\"event\":\"message\","));
	append_message(out, message);
}

void protocol_notification(struct buffer *out, const struct message *message, bool quiet)
{
	buffer_append(out, SLICE("{\"event\":\"notification\",\"chat\":"));
	append_chat(out, message->room);
	buffer_append(out, SLICE(",\"name\":"));
	buffer_json_string(out, message->name);
	buffer_append(out, SLICE(",\"message\":{"));
	append_message(out, message);
	if (quiet) {
		buffer_append(out, SLICE(",\"quiet\":true"));
	}
	buffer_append(out, SLICE("}"));
}

static size_t integer_size(int64_t number)
{
	size_t size = 1;
	for (; number >= 10; number /= 10) {
		size++;
	}
	return size;
}

/* Bytes that append_message writes, with the opening brace. */
static size_t message_size(const struct message *message)
{
	size_t fixed = sizeof("{\"seq\":,\"user_id\":,\"text\":,\"sent_at\":}") - 1 +
	               sizeof("\"1970-01-01T00:00:00.000Z\"") - 1;
	size_t ref = message->ref.len == 0
	                     ? 0
	                     : sizeof(",\"ref\":") - 1 + buffer_json_string_size(message->ref);
	return fixed + integer_size(message->seq) + buffer_json_string_size(message->user_id) +
	       buffer_json_string_size(message->text) + ref;
}

/* How many messages, counted from the first or from the last, fit into `room` bytes: all, or at
 * least one. */
static size_t count_fitting(const struct page *page, bool from_first, size_t room)
{
	size_t used = 0;
	for (size_t i = 0; i < page->count; i++) {
		size_t at = from_first ? i : page->count - 1 - i;
		used += message_size(&page->messages[at]) + (i > 0 ? 1 : 0);
		if (used > room) {
			return i == 0 ? 1 : i;
		}
	}
	return page->count;
}

#define HISTORY_HEAD "{\"event\":\"history\",\"messages\":["

static void append_history_tail(
	struct buffer *out, struct slice room, const struct page *page, bool more, struct slice ref)
{
	struct slice a;
	struct slice b;
	buffer_append(out, SLICE("],\"more\":"));
	append_bool(out, more);
	buffer_append(out, SLICE(",\"read\":{"));
	if (topic_split_room(room, &a, &b)) {
		buffer_json_string(out, a);
		buffer_append(out, SLICE(":"));
		buffer_integer(out, page->a_read);
		buffer_append(out, SLICE(","));
		buffer_json_string(out, b);
		buffer_append(out, SLICE(":"));
		buffer_integer(out, page->b_read);
	}
	buffer_append(out, SLICE("}"));
	if (ref.len > 0) {
		buffer_append(out, SLICE(",\"ref\":"));
		buffer_json_string(out, ref);
	}
	buffer_append(out, SLICE("}"));
}

void protocol_history(struct buffer *out, struct slice room, const struct page *page, bool upwards,
	struct slice ref)
{
	/* Once to see how long it gets. */
	append_history_tail(out, room, page, page->more, ref);
	size_t envelope = sizeof(HISTORY_HEAD) - 1 + out->len;
	buffer_clear(out);

	size_t count = count_fitting(page, upwards, ANSWER_MAX - envelope);
	size_t first = upwards ? 0 : page->count - count;
	buffer_append(out, SLICE(HISTORY_HEAD));
	for (size_t i = first; i < first + count; i++) {
		buffer_append(out, i == first ? SLICE("{") : SLICE(",{"));
		append_message(out, &page->messages[i]);
	}
	append_history_tail(out, room, page, page->more || count < page->count, ref);
}

static void append_unread_chat(struct buffer *out, const struct unread_chat *chat)
{
	buffer_append(out, SLICE("{\"chat\":"));
	append_chat(out, chat->room);
	buffer_append(out, SLICE(",\"user_id\":"));
	buffer_json_string(out, chat->peer_id);
	buffer_append(out, SLICE(",\"count\":"));
	buffer_integer(out, chat->count);
	buffer_append(out, SLICE(",\"last\":{"));
	append_message(out, &chat->last);
	buffer_append(out, SLICE("}"));
}

void protocol_unread(struct buffer *out, const struct unread *unread)
{
	const size_t tail =
		sizeof("],\"total\":,\"more\":false}") - 1 + integer_size(unread->total);
	bool more = unread->more;
	buffer_append(out, SLICE("{\"event\":\"unread\",\"chats\":["));
	for (size_t i = 0; i < unread->count; i++) {
		size_t before = out->len;
		buffer_append(out, i == 0 ? SLICE("") : SLICE(","));
		append_unread_chat(out, &unread->chats[i]);
		if (out->len + tail > ANSWER_MAX) {
			out->len = before;
			more = true;
			break;
		}
	}
	buffer_append(out, SLICE("],\"total\":"));
	buffer_integer(out, unread->total);
	buffer_append(out, SLICE(",\"more\":"));
	append_bool(out, more);
	buffer_append(out, SLICE("}"));
}

void protocol_read(struct buffer *out, struct slice user_id, int64_t seq)
{
	buffer_append(out, SLICE("{\"event\":\"read\",\"user_id\":"));
	buffer_json_string(out, user_id);
	buffer_append(out, SLICE(",\"seq\":"));
	buffer_integer(out, seq);
	buffer_append(out, SLICE("}"));
}

void protocol_read_lobby(struct buffer *out, struct slice room, const struct marked *marked)
{
	buffer_append(out, SLICE("{\"event\":\"read\",\"chat\":"));
	append_chat(out, room);
	buffer_append(out, SLICE(",\"seq\":"));
	buffer_integer(out, marked->seq);
	buffer_append(out, SLICE(",\"count\":"));
	buffer_integer(out, marked->count);
	buffer_append(out, SLICE(",\"total\":"));
	buffer_integer(out, marked->total);
	buffer_append(out, SLICE("}"));
}

void protocol_typing(struct buffer *out, struct slice user_id, bool on)
{
	buffer_append(out, SLICE("{\"event\":\"typing\",\"user_id\":"));
	buffer_json_string(out, user_id);
	buffer_append(out, SLICE(",\"on\":"));
	append_bool(out, on);
	buffer_append(out, SLICE("}"));
}

/* A map from id to person. */
static void append_people(struct buffer *out, const struct person *people, size_t count)
{
	buffer_append(out, SLICE("{"));
	for (size_t i = 0; i < count; i++) {
		buffer_append(out, i == 0 ? SLICE("") : SLICE(","));
		buffer_json_string(out, people[i].id);
		buffer_append(out, SLICE(":{\"name\":"));
		buffer_json_string(out, people[i].name);
		buffer_append(out, SLICE("}"));
	}
	buffer_append(out, SLICE("}"));
}

void protocol_presence_state(struct buffer *out, const struct person *people, size_t count)
{
	buffer_append(out, SLICE("{\"event\":\"presence_state\",\"users\":"));
	append_people(out, people, count);
	buffer_append(out, SLICE("}"));
}

void protocol_presence_diff(
	struct buffer *out, const struct person *people, size_t count, bool join)
{
	buffer_append(out, SLICE("{\"event\":\"presence_diff\",\"joins\":"));
	append_people(out, people, join ? count : 0);
	buffer_append(out, SLICE(",\"leaves\":"));
	append_people(out, people, join ? 0 : count);
	buffer_append(out, SLICE("}"));
}

void protocol_error(struct buffer *out, enum chat_error code, const char *reason, struct slice ref,
	int64_t retry_ms)
{
	buffer_append(out, SLICE("{\"event\":\"error\",\"code\":"));
	buffer_json_string(out, slice_str(chat_error_code(code)));
	buffer_append(out, SLICE(",\"reason\":"));
	buffer_json_string(out, slice_str(reason));
	if (ref.len > 0) {
		buffer_append(out, SLICE(",\"ref\":"));
		buffer_json_string(out, ref);
	}
	if (retry_ms > 0) {
		buffer_append(out, SLICE(",\"retry_ms\":"));
		buffer_integer(out, retry_ms);
	}
	buffer_append(out, SLICE("}"));
}
