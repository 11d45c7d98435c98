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

static void write_two(char *into, int64_t number)
{
	into[0] = (char)('0' + number / 10);
	into[1] = (char)('0' + number % 10);
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
	year += 400 * era + next_year;
	write_two(into, year / 100);
	write_two(into + 2, year % 100);
	into[4] = '-';
	write_two(into + 5, next_year ? month - 9 : month + 3);
	into[7] = '-';
	write_two(into + 8, in_month + 1);
}

#define MS_PER_DAY 86400000
#define SENT_AT_MAX 253402300799999 /* 9999-12-31T23:59:59.999Z: four digits of year end there */

static void append_time(struct buffer *out, int64_t ms)
{
	char text[] = "\"1970-01-01T00:00:00.000Z\"";
	ms = ms < 0 ? 0 : ms > SENT_AT_MAX ? SENT_AT_MAX : ms;
	int64_t in_day = ms % MS_PER_DAY;
	write_date(text + 1, ms / MS_PER_DAY);
	write_two(text + 12, in_day / 3600000);
	write_two(text + 15, in_day / 60000 % 60);
	write_two(text + 18, in_day / 1000 % 60);
	text[21] = (char)('0' + in_day % 1000 / 100);
	write_two(text + 22, in_day % 100);
	buffer_append(out, slice_of(text, sizeof(text) - 1));
}

static void append_integer(struct buffer *out, struct slice name, int64_t value)
{
	buffer_append(out, name);
	buffer_integer(out, value);
}

static void append_string(struct buffer *out, struct slice name, struct slice value)
{
	buffer_append(out, name);
	buffer_json_string(out, value);
}

/* Of a member that is there only where it says something. */
static void append_if_any(struct buffer *out, struct slice name, struct slice value)
{
	if (value.len > 0) {
		append_string(out, name, value);
	}
}

static void append_ref(struct buffer *out, struct slice ref)
{
	append_if_any(out, SLICE(",\"ref\":"), ref);
}

/* ---- messages */

static void append_what_messages_may_have(struct buffer *out, const struct message *message)
{
	if (message->data.len > 0) {
		buffer_append(out, SLICE(",\"data\":"));
		buffer_append(out, message->data);
	}
	if (message->reply_to > 0) {
		append_integer(out, SLICE(",\"reply_to\":"), message->reply_to);
	}
	if (message->edited_at > 0) {
		buffer_append(out, SLICE(",\"edited_at\":"));
		append_time(out, message->edited_at);
	}
	if (message->reactions.len > 0) {
		buffer_append(out, SLICE(",\"reactions\":"));
		buffer_append(out, message->reactions);
	}
}

/* What stands in any message's object, without the opening brace.  Of a deleted message nothing is
 * told that it said. */
static void append_message(struct buffer *out, const struct message *message)
{
	append_integer(out, SLICE("\"seq\":"), message->seq);
	append_string(out, SLICE(",\"user_id\":"), message->user_id);
	append_string(out, SLICE(",\"text\":"), message->deleted ? SLICE("") : message->text);
	buffer_append(out, SLICE(",\"sent_at\":"));
	append_time(out, message->sent_at);
	append_ref(out, message->ref);
	if (!message->deleted) {
		append_what_messages_may_have(out, message);
	}
	if (message->change > 0) {
		append_integer(out, SLICE(",\"change\":"), message->change);
	}
	buffer_append(out, message->deleted ? SLICE(",\"deleted\":true}") : SLICE("}"));
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
	append_string(out, SLICE(",\"name\":"), message->name);
	buffer_append(out, SLICE(",\"message\":{"));
	append_message(out, message);
	buffer_append(out, quiet ? SLICE(",\"quiet\":true}") : SLICE("}"));
}

static void append_changed(struct buffer *out, const struct changed *changed)
{
	append_integer(out, SLICE("\"change\":"), changed->change);
	append_if_any(out, SLICE(",\"by\":"), changed->by);
	buffer_append(out, SLICE(",\"message\":{"));
	append_message(out, &changed->message);
	append_ref(out, changed->ref);
	buffer_append(out, SLICE("}"));
}

void protocol_changed(struct buffer *out, const struct changed *changed)
{
	buffer_append(out, SLICE("{\"event\":\"changed\","));
	append_changed(out, changed);
}

void protocol_changed_lobby(struct buffer *out, const struct changed *changed)
{
	buffer_append(out, SLICE("{\"event\":\"changed\",\"chat\":"));
	append_chat(out, changed->message.room);
	buffer_append(out, SLICE(","));
	append_changed(out, changed);
}

/* ---- pages */

static size_t message_size(const struct message *message)
{
	struct buffer size = {.measures = true};
	buffer_append(&size, SLICE(",{"));
	append_message(&size, message);
	return size.len;
}

/* How many messages, counted from the first or from the last, fit into `room` bytes: all, or at
 * least one. */
static size_t count_fitting(
	const struct message *messages, size_t count, bool from_first, size_t room)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		used += message_size(&messages[from_first ? i : count - 1 - i]) - (i == 0);
		if (used > room) {
			return i == 0 ? 1 : i;
		}
	}
	return count;
}

static void append_messages(struct buffer *out, const struct message *messages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buffer_append(out, i == 0 ? SLICE("{") : SLICE(",{"));
		append_message(out, &messages[i]);
	}
}

/* How far each of the room's two users has read; -1: not to be told. */
static void append_read(struct buffer *out, struct slice room, int64_t a_read, int64_t b_read)
{
	struct slice a, b;
	buffer_append(out, SLICE(",\"read\":{"));
	if (topic_split_room(room, &a, &b)) {
		if (a_read >= 0) {
			buffer_json_string(out, a);
			append_integer(out, SLICE(":"), a_read);
		}
		buffer_append(out, a_read >= 0 && b_read >= 0 ? SLICE(",") : SLICE(""));
		if (b_read >= 0) {
			buffer_json_string(out, b);
			append_integer(out, SLICE(":"), b_read);
		}
	}
	buffer_append(out, SLICE("}"));
}

static void append_peer(struct buffer *out, const struct peer *peer)
{
	append_string(out, SLICE("\"user_id\":"), peer->user_id);
	bool tells_seen = peer->known && !peer->name_only;
	if (peer->known) {
		append_if_any(out, SLICE(",\"name\":"), peer->name);
	}
	if (tells_seen) {
		buffer_append(out, SLICE(",\"online\":"));
		append_bool(out, peer->online);
	}
	if (tells_seen && !peer->online && peer->seen_at > 0) {
		buffer_append(out, SLICE(",\"seen_at\":"));
		append_time(out, peer->seen_at);
	}
	buffer_append(out, SLICE("}"));
}

void protocol_peer(struct buffer *out, const struct peer *peer)
{
	buffer_append(out, SLICE("{\"event\":\"peer\","));
	append_peer(out, peer);
}

static void append_more(struct buffer *out, bool more)
{
	buffer_append(out, SLICE(",\"more\":"));
	append_bool(out, more);
}

#define HISTORY_HEAD "{\"event\":\"history\",\"messages\":["

static void append_history_tail(
	struct buffer *out, struct slice room, const struct page *page, bool more, struct slice ref)
{
	buffer_append(out, SLICE("]"));
	append_more(out, more);
	append_read(out, room, page->a_read, page->b_read);
	if (page->epoch.len > 0) {
		append_integer(out, SLICE(",\"change\":"), page->change);
		append_string(out, SLICE(",\"epoch\":"), page->epoch);
	}
	if (page->peer != NULL) {
		buffer_append(out, SLICE(",\"peer\":{"));
		append_peer(out, page->peer);
	}
	append_ref(out, ref);
	buffer_append(out, SLICE("}"));
}

void protocol_history(struct buffer *out, struct slice room, const struct page *page, bool upwards,
	struct slice ref)
{
	struct buffer envelope = {.measures = true};
	buffer_append(&envelope, SLICE(HISTORY_HEAD));
	append_history_tail(&envelope, room, page, page->more, ref);
	size_t count =
		count_fitting(page->messages, page->count, upwards, ANSWER_MAX - envelope.len);

	buffer_append(out, SLICE(HISTORY_HEAD));
	append_messages(out, page->messages + (upwards ? 0 : page->count - count), count);
	append_history_tail(out, room, page, page->more || count < page->count, ref);
}

#define CHANGES_HEAD "{\"event\":\"changes\",\"messages\":["

static void append_changes_tail(struct buffer *out, const struct changes *changes, int64_t change,
	bool more, struct slice ref)
{
	append_integer(out, SLICE("],\"change\":"), change);
	append_more(out, more);
	append_string(out, SLICE(",\"epoch\":"), changes->epoch);
	append_ref(out, ref);
	buffer_append(out, SLICE("}"));
}

void protocol_changes(struct buffer *out, const struct changes *changes, struct slice ref)
{
	struct buffer envelope = {.measures = true};
	buffer_append(&envelope, SLICE(CHANGES_HEAD));
	append_changes_tail(&envelope, changes, changes->change, changes->more, ref);
	size_t count =
		count_fitting(changes->messages, changes->count, true, ANSWER_MAX - envelope.len);
	bool cut = count < changes->count;

	buffer_append(out, SLICE(CHANGES_HEAD));
	append_messages(out, changes->messages, count);
	append_changes_tail(out, changes,
		cut ? changes->messages[count - 1].change : changes->change, changes->more || cut,
		ref);
}

/* ---- lists of chats */

static void append_unread_chat(struct buffer *out, const struct unread_chat *chat)
{
	buffer_append(out, SLICE("{\"chat\":"));
	append_chat(out, chat->room);
	append_string(out, SLICE(",\"user_id\":"), chat->peer_id);
	append_if_any(out, SLICE(",\"name\":"), chat->name);
	append_integer(out, SLICE(",\"count\":"), chat->count);
	buffer_append(out, SLICE(",\"last\":{"));
	append_message(out, &chat->last);
	buffer_append(out, SLICE("}"));
}

static void append_unread_tail(struct buffer *out, int64_t total, bool more)
{
	append_integer(out, SLICE("],\"total\":"), total);
	append_more(out, more);
	buffer_append(out, SLICE("}"));
}

void protocol_unread(struct buffer *out, const struct unread *unread)
{
	struct buffer tail = {.measures = true};
	append_unread_tail(&tail, unread->total, false);
	bool more = unread->more;
	buffer_append(out, SLICE("{\"event\":\"unread\",\"chats\":["));
	for (size_t i = 0; i < unread->count; i++) {
		size_t before = out->len;
		buffer_append(out, i == 0 ? SLICE("") : SLICE(","));
		append_unread_chat(out, &unread->chats[i]);
		if (out->len + tail.len > ANSWER_MAX) {
			out->len = before;
			more = true;
			break;
		}
	}
	append_unread_tail(out, unread->total, more);
}

static void append_listed_chat(struct buffer *out, const struct listed_chat *chat)
{
	buffer_append(out, SLICE("{\"chat\":"));
	append_chat(out, chat->room);
	append_string(out, SLICE(",\"user_id\":"), chat->peer_id);
	append_if_any(out, SLICE(",\"name\":"), chat->name);
	if (chat->has_last) {
		buffer_append(out, SLICE(",\"last\":{"));
		append_message(out, &chat->last);
	}
	append_integer(out, SLICE(",\"count\":"), chat->count);
	append_read(out, chat->room, chat->a_read, chat->b_read);
	buffer_append(out, chat->muted ? SLICE(",\"muted\":true") : SLICE(""));
	buffer_append(out, chat->blocked ? SLICE(",\"blocked\":true") : SLICE(""));
	buffer_append(out, SLICE("}"));
}

/* `last`: the last chat that is listed, where there are more. */
static void append_chats_tail(struct buffer *out, const struct listed_chat *last, struct slice ref)
{
	buffer_append(out, SLICE("]"));
	append_more(out, last != NULL);
	if (last != NULL) {
		append_string(out, SLICE(",\"next\":"), last->cursor);
	}
	append_ref(out, ref);
	buffer_append(out, SLICE("}"));
}

void protocol_chats(struct buffer *out, const struct chats *chats, struct slice ref)
{
	size_t count = 0;
	buffer_append(out, SLICE("{\"event\":\"chats\",\"chats\":["));
	for (; count < chats->count; count++) {
		const struct listed_chat *chat = &chats->chats[count];
		struct buffer tail = {.measures = true};
		append_chats_tail(&tail, chat, ref);
		size_t before = out->len;
		buffer_append(out, count == 0 ? SLICE("") : SLICE(","));
		append_listed_chat(out, chat);
		if (count > 0 && out->len + tail.len > ANSWER_MAX) {
			out->len = before;
			break;
		}
	}
	bool more = count > 0 && (chats->more || count < chats->count);
	append_chats_tail(out, more ? &chats->chats[count - 1] : NULL, ref);
}

/* ---- the rest */

void protocol_muted(struct buffer *out, struct slice room, bool on, struct slice ref)
{
	buffer_append(out, SLICE("{\"event\":\"muted\",\"chat\":"));
	append_chat(out, room);
	buffer_append(out, SLICE(",\"on\":"));
	append_bool(out, on);
	append_ref(out, ref);
	buffer_append(out, SLICE("}"));
}

void protocol_blocked(struct buffer *out, struct slice user_id, bool on, struct slice ref)
{
	append_string(out, SLICE("{\"event\":\"blocked\",\"user_id\":"), user_id);
	buffer_append(out, SLICE(",\"on\":"));
	append_bool(out, on);
	append_ref(out, ref);
	buffer_append(out, SLICE("}"));
}

void protocol_read(struct buffer *out, struct slice user_id, int64_t seq)
{
	append_string(out, SLICE("{\"event\":\"read\",\"user_id\":"), user_id);
	append_integer(out, SLICE(",\"seq\":"), seq);
	buffer_append(out, SLICE("}"));
}

void protocol_read_lobby(struct buffer *out, struct slice room, const struct marked *marked)
{
	buffer_append(out, SLICE("{\"event\":\"read\",\"chat\":"));
	append_chat(out, room);
	append_integer(out, SLICE(",\"seq\":"), marked->seq);
	append_integer(out, SLICE(",\"count\":"), marked->count);
	append_integer(out, SLICE(",\"total\":"), marked->total);
	buffer_append(out, SLICE("}"));
}

void protocol_typing(struct buffer *out, struct slice user_id, bool on)
{
	append_string(out, SLICE("{\"event\":\"typing\",\"user_id\":"), user_id);
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
		append_string(out, SLICE(":{\"name\":"), people[i].name);
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
	append_string(
		out, SLICE("{\"event\":\"error\",\"code\":"), slice_str(chat_error_code(code)));
	append_string(out, SLICE(",\"reason\":"), slice_str(reason));
	append_ref(out, ref);
	if (retry_ms > 0) {
		append_integer(out, SLICE(",\"retry_ms\":"), retry_ms);
	}
	buffer_append(out, SLICE("}"));
}
