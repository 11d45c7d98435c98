/* What the plugin publishes. */
#include "protocol.h"

#include "topic.h"

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
