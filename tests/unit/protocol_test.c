#include "protocol.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"
#include "vectors.h"

/* ---- in */

/* Decodes bytes that stand where the memory ends, into memory full of rubbish. */
static enum chat_error decode_for(
	bool lobby, struct slice payload, struct event *event, const char **reason, char **exact)
{
	*exact = malloc(payload.len == 0 ? 1 : payload.len);
	assert_non_null(*exact);
	memcpy(*exact, payload.bytes, payload.len);
	memset(event, 0xA5, sizeof(*event));
	payload = slice_of(*exact, payload.len);
	return lobby ? protocol_decode_lobby(payload, event, reason)
	             : protocol_decode(payload, event, reason);
}

static enum chat_error decode(
	struct slice payload, struct event *event, const char **reason, char **exact)
{
	return decode_for(false, payload, event, reason, exact);
}

static void check_bytes(const cJSON *vector, const char *name, struct slice actual)
{
	struct slice expected = vectors_bytes(vector, name);
	assert_slice_equal(actual, expected);
	vectors_free(expected);
}

static void check_event(const cJSON *vector, const struct event *event, const char *why)
{
	static const char *const kinds[] = {
		[EVENT_MESSAGE] = "message",
		[EVENT_READ] = "read",
		[EVENT_TYPING] = "typing",
		[EVENT_HISTORY] = "history",
		[EVENT_EDIT] = "edit",
		[EVENT_DELETE] = "delete",
		[EVENT_REACT] = "react",
		[EVENT_CHATS] = "chats",
		[EVENT_MUTE] = "mute",
		[EVENT_BLOCK] = "block",
	};
	if (strcmp(kinds[event->kind], vectors_string(vector, "event", "")) != 0) {
		fail_msg("%s: is %s", why, kinds[event->kind]);
	}
	check_bytes(vector, "text", event->text);
	check_bytes(vector, "data", event->data);
	check_bytes(vector, "reaction", event->reaction);
	check_bytes(vector, "cursor", event->cursor);
	check_bytes(vector, "room", event->room);
	check_bytes(vector, "user_id", event->user_id);
	bool removes = vectors_bool(vector, "removes_data", false);
	assert_int_equal(event->has_text, vectors_has(vector, "text"));
	assert_int_equal(event->has_data, removes || vectors_has(vector, "data"));
	assert_int_equal(event->reply_to, vectors_integer(vector, "reply_to", 0));
	assert_int_equal(event->since, vectors_integer(vector, "since", -1));
	assert_int_equal(event->seq, vectors_integer(vector, "seq", 0));
	assert_int_equal(event->on, vectors_bool(vector, "on", true));
	assert_int_equal(event->has_before, vectors_has(vector, "before"));
	assert_int_equal(event->before, vectors_integer(vector, "before", 0));
	assert_int_equal(event->after, vectors_integer(vector, "after", -1));
	assert_int_equal(event->limit, vectors_integer(vector, "limit", 50));
}

static void check_error(
	const cJSON *vector, enum chat_error error, const char *reason, const char *why)
{
	const char *expected = vectors_string(vector, "error", "");
	if (strcmp(chat_error_code(error), expected) != 0) {
		fail_msg("%s: is %s, not %s", why, chat_error_code(error), expected);
	}
	assert_non_null(reason);
	char name[32];
	snprintf(name, sizeof(name), "'%s'", vectors_string(vector, "names", ""));
	if (vectors_has(vector, "names") && strstr(reason, name) == NULL) {
		fail_msg("%s: \"%s\" does not name %s", why, reason, name);
	}
}

static void every_payload_is_read_as_the_contract_says(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("payloads.json");
	struct event *event = malloc(sizeof(*event));
	assert_non_null(event);
	const cJSON *vector;
	cJSON_ArrayForEach(vector, vectors)
	{
		const char *why = vectors_string(vector, "why", "");
		struct slice payload = vectors_bytes(vector, "payload");
		const char *reason;
		char *exact;
		enum chat_error error = decode_for(
			vectors_bool(vector, "lobby", false), payload, event, &reason, &exact);
		if (vectors_has(vector, "error")) {
			check_error(vector, error, reason, why);
		} else if (error != CHAT_OK) {
			fail_msg("%s: %s: %s", why, chat_error_code(error), reason);
		} else {
			check_event(vector, event, why);
		}
		struct slice ref = vectors_bytes(vector, "ref");
		if (!slice_equal(event->ref, ref)) {
			fail_msg("%s: the ref is \"%.*s\"", why, SLICE_ARGS(event->ref));
		}
		vectors_free(ref);
		vectors_free(payload);
		free(exact);
	}
	free(event);
	cJSON_Delete(vectors);
}

static void a_payload_that_is_not_there_is_bad_json(void **state)
{
	(void)state;
	struct event *event = malloc(sizeof(*event));
	assert_non_null(event);
	const char *reason;
	assert_int_equal(protocol_decode(slice_of(NULL, 0), event, &reason), CHAT_EBADJSON);
	assert_int_equal(event->ref.len, 0);
	free(event);
}

static void a_reason_quotes_nothing_that_the_client_sent(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("payloads.json");
	struct event *event = malloc(sizeof(*event));
	assert_non_null(event);
	const cJSON *vector;
	cJSON_ArrayForEach(vector, vectors)
	{
		struct slice payload = vectors_bytes(vector, "payload");
		const char *reason;
		char *exact;
		if (decode_for(vectors_bool(vector, "lobby", false), payload, event, &reason,
			    &exact) != CHAT_OK) {
			/* A sentence, and a constant one: it does not lie in what was sent. */
			assert_true(reason < exact || reason > exact + payload.len);
			assert_int_equal(reason[strlen(reason) - 1], '.');
		}
		vectors_free(payload);
		free(exact);
	}
	free(event);
	cJSON_Delete(vectors);
}

static void a_payload_cut_anywhere_is_bad_json(void **state)
{
	(void)state;
	struct slice payload =
		SLICE("{\"ref\":\"m\\u002d1\",\"event\":\"message\",\"text\":\"\\ud83d"
		      "\\ude00\xC3\xA9\",\"x\":[1,{\"y\":null}]}");
	struct event *event = malloc(sizeof(*event));
	assert_non_null(event);
	const char *reason;
	for (size_t len = 0; len < payload.len; len++) {
		char *exact;
		assert_int_equal(decode(slice_of(payload.bytes, len), event, &reason, &exact),
			CHAT_EBADJSON);
		assert_int_equal(event->ref.len, 0);
		free(exact);
	}
	assert_int_equal(protocol_decode(payload, event, &reason), CHAT_OK);
	assert_slice_equal(event->ref, SLICE("m-1"));
	free(event);
}

/* ---- out */

/* What the vectors say of a message, until it is released. */
static struct message message_of(const cJSON *vector)
{
	return (struct message){
		.seq = vectors_integer(vector, "seq", 0),
		.user_id = slice_str(vectors_string(vector, "user_id", NULL)),
		.text = slice_str(vectors_string(vector, "text", NULL)),
		.sent_at = vectors_integer(vector, "sent_at", 0),
		.ref = slice_str(vectors_string(vector, "ref", NULL)),
		.data = slice_str(vectors_string(vector, "data", NULL)),
		.reactions = slice_str(vectors_string(vector, "reactions", NULL)),
		.reply_to = vectors_integer(vector, "reply_to", 0),
		.edited_at = vectors_integer(vector, "edited_at", 0),
		.change = vectors_integer(vector, "change", 0),
		.deleted = vectors_bool(vector, "deleted", false),
	};
}

static struct slice text_of(const cJSON *vector, const char *name)
{
	return slice_str(vectors_string(vector, name, NULL));
}

static void write_message(struct buffer *out, const cJSON *v)
{
	struct message message = message_of(vectors_member(v, "message"));
	protocol_message(out, &message);
}

static void write_notification(struct buffer *out, const cJSON *v)
{
	struct message message = message_of(vectors_member(v, "message"));
	message.room = text_of(v, "room");
	message.name = text_of(v, "name");
	protocol_notification(out, &message, vectors_bool(v, "quiet", false));
}

#define MANY 8

static size_t messages_of(const cJSON *vector, struct message messages[MANY])
{
	size_t count = 0;
	const cJSON *message;
	cJSON_ArrayForEach(message, vectors_member(vector, "messages"))
	{
		assert_true(count < MANY);
		messages[count++] = message_of(message);
	}
	return count;
}

static struct peer peer_of(const cJSON *vector)
{
	return (struct peer){
		.user_id = text_of(vector, "user_id"),
		.known = vectors_bool(vector, "known", true),
		.name = text_of(vector, "name"),
		.online = vectors_bool(vector, "online", false),
		.seen_at = vectors_integer(vector, "seen_at", 0),
	};
}

static void write_history(struct buffer *out, const cJSON *v)
{
	struct message messages[MANY];
	struct peer peer;
	struct page page = {
		.messages = messages,
		.more = vectors_bool(v, "more", false),
		.a_read = vectors_integer(v, "a_read", 0),
		.b_read = vectors_integer(v, "b_read", 0),
		.change = vectors_integer(v, "change", 0),
		.epoch = text_of(v, "epoch"),
	};
	page.count = messages_of(v, messages);
	if (vectors_has(v, "peer")) {
		peer = peer_of(vectors_member(v, "peer"));
		page.peer = &peer;
	}
	protocol_history(out, text_of(v, "room"), &page, vectors_bool(v, "upwards", false),
		text_of(v, "ref"));
}

static void write_unread(struct buffer *out, const cJSON *v)
{
	struct unread_chat chats[MANY];
	struct unread unread = {
		.chats = chats,
		.total = vectors_integer(v, "total", 0),
		.more = vectors_bool(v, "more", false),
	};
	const cJSON *chat;
	cJSON_ArrayForEach(chat, vectors_member(v, "chats"))
	{
		assert_true(unread.count < MANY);
		chats[unread.count++] = (struct unread_chat){
			.room = text_of(chat, "room"),
			.peer_id = text_of(chat, "user_id"),
			.name = text_of(chat, "name"),
			.count = vectors_integer(chat, "count", 0),
			.last = message_of(vectors_member(chat, "last")),
		};
	}
	protocol_unread(out, &unread);
}

static void write_changed(struct buffer *out, const cJSON *v)
{
	struct changed changed = {
		.change = vectors_integer(v, "change", 0),
		.by = text_of(v, "by"),
		.message = message_of(vectors_member(v, "message")),
		.ref = text_of(v, "ref"),
	};
	protocol_changed(out, &changed);
}

static void write_changed_lobby(struct buffer *out, const cJSON *v)
{
	struct changed changed = {
		.change = vectors_integer(v, "change", 0),
		.by = text_of(v, "by"),
		.message = message_of(vectors_member(v, "message")),
		.ref = text_of(v, "ref"),
	};
	changed.message.room = text_of(v, "room");
	protocol_changed_lobby(out, &changed);
}

static void write_changes(struct buffer *out, const cJSON *v)
{
	struct message messages[MANY];
	struct changes changes = {
		.messages = messages,
		.count = messages_of(v, messages),
		.change = vectors_integer(v, "change", 0),
		.more = vectors_bool(v, "more", false),
		.epoch = text_of(v, "epoch"),
	};
	protocol_changes(out, &changes, text_of(v, "ref"));
}

static void write_chats(struct buffer *out, const cJSON *v)
{
	struct listed_chat listed[MANY];
	struct chats chats = {.chats = listed, .more = vectors_bool(v, "more", false)};
	const cJSON *chat;
	cJSON_ArrayForEach(chat, vectors_member(v, "chats"))
	{
		assert_true(chats.count < MANY);
		struct listed_chat *into = &listed[chats.count++];
		*into = (struct listed_chat){
			.room = text_of(chat, "room"),
			.peer_id = text_of(chat, "user_id"),
			.name = text_of(chat, "name"),
			.has_last = vectors_has(chat, "last"),
			.count = vectors_integer(chat, "count", 0),
			.a_read = vectors_integer(chat, "a_read", 0),
			.b_read = vectors_integer(chat, "b_read", 0),
			.muted = vectors_bool(chat, "muted", false),
			.blocked = vectors_bool(chat, "blocked", false),
			.cursor = text_of(chat, "cursor"),
		};
		if (into->has_last) {
			into->last = message_of(vectors_member(chat, "last"));
		}
	}
	protocol_chats(out, &chats, text_of(v, "ref"));
}

static void write_peer(struct buffer *out, const cJSON *v)
{
	struct peer peer = peer_of(v);
	protocol_peer(out, &peer);
}

static void write_muted(struct buffer *out, const cJSON *v)
{
	protocol_muted(out, text_of(v, "room"), vectors_bool(v, "on", true), text_of(v, "ref"));
}

static void write_blocked(struct buffer *out, const cJSON *v)
{
	protocol_blocked(
		out, text_of(v, "user_id"), vectors_bool(v, "on", true), text_of(v, "ref"));
}

static void write_read(struct buffer *out, const cJSON *v)
{
	protocol_read(out, text_of(v, "user_id"), vectors_integer(v, "seq", 0));
}

static void write_read_lobby(struct buffer *out, const cJSON *v)
{
	struct marked marked = {
		.moved = true,
		.seq = vectors_integer(v, "seq", 0),
		.count = vectors_integer(v, "count", 0),
		.total = vectors_integer(v, "total", 0),
	};
	protocol_read_lobby(out, text_of(v, "room"), &marked);
}

static void write_typing(struct buffer *out, const cJSON *v)
{
	protocol_typing(out, text_of(v, "user_id"), vectors_bool(v, "on", false));
}

static struct person person_of(const cJSON *vector)
{
	return (struct person){text_of(vector, "id"), text_of(vector, "name")};
}

static void write_presence_state(struct buffer *out, const cJSON *v)
{
	struct person people[MANY];
	size_t count = 0;
	const cJSON *user;
	cJSON_ArrayForEach(user, vectors_member(v, "users"))
	{
		assert_true(count < MANY);
		people[count++] = person_of(user);
	}
	protocol_presence_state(out, people, count);
}

static void write_presence_diff(struct buffer *out, const cJSON *v)
{
	struct person person = person_of(v);
	protocol_presence_diff(out, &person, 1, vectors_bool(v, "joins", false));
}

static void write_error(struct buffer *out, const cJSON *v)
{
	int error = CHAT_EBADJSON;
	while (strcmp(chat_error_code((enum chat_error)error), vectors_string(v, "code", "")) !=
		0) {
		assert_int_not_equal(error, CHAT_EINVALID);
		error++;
	}
	protocol_error(out, (enum chat_error)error, vectors_string(v, "reason", NULL),
		text_of(v, "ref"), vectors_integer(v, "retry_ms", 0));
}

static const struct {
	const char *name;
	void (*write)(struct buffer *out, const cJSON *vector);
} writers[] = {
	{"message", write_message},
	{"notification", write_notification},
	{"history", write_history},
	{"unread", write_unread},
	{"changed", write_changed},
	{"changed_lobby", write_changed_lobby},
	{"changes", write_changes},
	{"chats", write_chats},
	{"peer", write_peer},
	{"muted", write_muted},
	{"blocked", write_blocked},
	{"read", write_read},
	{"read_lobby", write_read_lobby},
	{"typing", write_typing},
	{"presence_state", write_presence_state},
	{"presence_diff", write_presence_diff},
	{"error", write_error},
};

static void write_vector(struct buffer *out, const cJSON *vector)
{
	const char *name = vectors_string(vector, "write", "");
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		if (strcmp(writers[i].name, name) == 0) {
			writers[i].write(out, vector);
			return;
		}
	}
	fail_msg("nobody writes %s", name);
}

static void every_event_is_written_to_the_letter(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("events.json");
	struct buffer out = {0};
	const cJSON *vector;
	cJSON_ArrayForEach(vector, vectors)
	{
		buffer_clear(&out);
		write_vector(&out, vector);
		assert_false(out.failed);
		assert_slice_equal(buffer_slice(&out), text_of(vector, "payload"));
	}
	buffer_free(&out);
	cJSON_Delete(vectors);
}

static bool no_memory;

void *__real_realloc(void *bytes, size_t size);
void *__wrap_realloc(void *bytes, size_t size);
void *__wrap_realloc(void *bytes, size_t size)
{
	return no_memory ? NULL : __real_realloc(bytes, size);
}

static void without_memory_every_writer_fails_and_writes_nothing(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("events.json");
	const cJSON *vector;
	cJSON_ArrayForEach(vector, vectors)
	{
		struct buffer out = {0};
		no_memory = true;
		write_vector(&out, vector);
		no_memory = false;
		assert_true(out.failed);
		assert_int_equal(buffer_slice(&out).len, 0);
		buffer_free(&out);
	}
	cJSON_Delete(vectors);
}

static void a_time_that_no_calendar_has_becomes_the_nearest(void **state)
{
	(void)state;
	static const struct {
		int64_t ms;
		const char *sent_at;
	} times[] = {
		{-1, "1970-01-01T00:00:00.000Z"},
		{INT64_MIN, "1970-01-01T00:00:00.000Z"},
		{253402300800000, "9999-12-31T23:59:59.999Z"},
		{INT64_MAX, "9999-12-31T23:59:59.999Z"},
	};
	struct buffer out = {0};
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct message message = {.sent_at = times[i].ms};
		buffer_clear(&out);
		protocol_message(&out, &message);
		buffer_append(&out, slice_of("", 1));
		assert_non_null(strstr(out.bytes, times[i].sent_at));
	}
	buffer_free(&out);
}

/* ---- what is too long */

/* `count` messages with seqs from 1, each of `len` times the character. */
static struct message *long_messages(size_t count, char character, size_t len)
{
	struct message *messages = calloc(count, sizeof(*messages));
	char *text = malloc(len);
	assert_non_null(messages);
	assert_non_null(text);
	memset(text, character, len);
	for (size_t i = 0; i < count; i++) {
		messages[i].seq = (int64_t)i + 1;
		messages[i].user_id = SLICE("1");
		messages[i].text = slice_of(text, len);
	}
	return messages;
}

static void free_messages(struct message *messages)
{
	free((char *)(uintptr_t)messages[0].text.bytes);
	free(messages);
}

/* What is in an answer: how many messages or chats, the first one's seq, `more` and `change`. */
struct answer {
	int count;
	int first;
	bool more;
	int64_t change;
};

static struct answer read_answer(const struct buffer *out, const char *list)
{
	assert_false(out->failed);
	assert_true(out->len <= ANSWER_MAX);
	cJSON *json = cJSON_ParseWithLength(out->bytes, out->len);
	assert_non_null(json);
	const cJSON *items = vectors_member(json, list);
	const cJSON *first = cJSON_GetArrayItem(items, 0);
	struct answer answer = {
		.count = cJSON_GetArraySize(items),
		.first = first == NULL ? 0 : (int)vectors_integer(first, "seq", 0),
		.more = vectors_bool(json, "more", false),
		.change = vectors_integer(json, "change", 0),
	};
	cJSON_Delete(json);
	return answer;
}

static void a_long_history_keeps_the_newest(void **state)
{
	(void)state;
	struct message *messages = long_messages(200, 'x', TEXT_MAX);
	struct page page = {.messages = messages, .count = 200};
	struct buffer out = {0};
	protocol_history(&out, SLICE("1/2"), &page, false, SLICE("q"));
	struct answer answer = read_answer(&out, "messages");
	assert_int_equal(answer.count, 15);
	assert_int_equal(answer.first, 186);
	assert_true(answer.more);
	buffer_free(&out);
	free_messages(messages);
}

static void a_long_history_upwards_keeps_the_oldest(void **state)
{
	(void)state;
	struct message *messages = long_messages(200, 'x', TEXT_MAX);
	struct page page = {.messages = messages, .count = 200};
	struct buffer out = {0};
	protocol_history(&out, SLICE("1/2"), &page, true, SLICE("q"));
	struct answer answer = read_answer(&out, "messages");
	assert_int_equal(answer.count, 15);
	assert_int_equal(answer.first, 1);
	assert_true(answer.more);
	buffer_free(&out);
	free_messages(messages);
}

static void escapes_count_as_they_are_written(void **state)
{
	(void)state;
	struct message *messages = long_messages(200, '\x01', TEXT_MAX);
	struct page page = {.messages = messages, .count = 200};
	struct buffer out = {0};
	protocol_history(&out, SLICE("1/2"), &page, false, SLICE(""));
	struct answer answer = read_answer(&out, "messages");
	assert_int_equal(answer.count, 2);
	assert_int_equal(answer.first, 199);
	buffer_free(&out);
	free_messages(messages);
}

/* As varied as messages are: seqs of all lengths, escapes, refs. */
static void vary(struct message *messages, size_t count)
{
	int64_t seq = 1;
	for (size_t i = 0; i < count; i++) {
		messages[i].seq = seq;
		seq = i % 2 == 0 ? seq * 9 : seq + seq / 9;
		messages[i].user_id = i % 3 == 0 ? SLICE("1") : SLICE("2");
		messages[i].ref = i % 2 == 0 ? SLICE("a \"ref\"\n\x01") : slice_of(NULL, 0);
	}
}

/* A history that is `size` bytes long when nothing is cut.  Returns how long it got. */
static size_t history_of_size(size_t size, struct answer *answer, bool upwards)
{
	struct buffer out = {0};
	struct message *messages = long_messages(20, 'x', 12000);
	vary(messages, 20);
	struct page page = {.messages = messages, .count = 20, .a_read = 5, .b_read = 123};
	protocol_history(&out, SLICE("1/2"), &page, upwards, SLICE("a \"ref\""));
	assert_true(out.len < size);
	struct message *nearest = upwards ? &messages[0] : &messages[19];
	char *text = malloc(12000 + size - out.len);
	assert_non_null(text);
	struct slice usual = nearest->text;
	nearest->text = slice_of(text, 12000 + size - out.len);
	memset(text, 'y', nearest->text.len);
	buffer_clear(&out);
	protocol_history(&out, SLICE("1/2"), &page, upwards, SLICE("a \"ref\""));
	*answer = read_answer(&out, "messages");
	size_t len = out.len;
	nearest->text = usual;
	free(text);
	free_messages(messages);
	buffer_free(&out);
	return len;
}

static void an_answer_of_just_the_limit_is_whole(void **state)
{
	(void)state;
	struct answer answer;
	for (int upwards = 0; upwards < 2; upwards++) {
		assert_int_equal(history_of_size(ANSWER_MAX, &answer, upwards), ANSWER_MAX);
		assert_int_equal(answer.count, 20);
		assert_false(answer.more);
	}
}

static void an_answer_of_one_byte_more_is_cut(void **state)
{
	(void)state;
	struct answer answer;
	(void)history_of_size(ANSWER_MAX + 1, &answer, false);
	assert_int_equal(answer.count, 19);
	assert_int_equal(answer.first, 9); /* the second one's */
	assert_true(answer.more);
	(void)history_of_size(ANSWER_MAX + 1, &answer, true);
	assert_int_equal(answer.count, 19);
	assert_int_equal(answer.first, 1);
	assert_true(answer.more);
}

static void a_long_unread_keeps_the_newest_chats(void **state)
{
	(void)state;
	struct message *messages = long_messages(1, 'x', TEXT_MAX);
	struct unread_chat chats[UNREAD_CHATS_MAX];
	for (size_t i = 0; i < UNREAD_CHATS_MAX; i++) {
		chats[i] = (struct unread_chat){.room = SLICE("1/2"),
			.peer_id = SLICE("2"),
			.count = 1,
			.last = messages[0]};
	}
	struct unread unread = {.chats = chats, .count = UNREAD_CHATS_MAX, .total = 100};
	struct buffer out = {0};
	protocol_unread(&out, &unread);
	struct answer answer = read_answer(&out, "chats");
	assert_int_equal(answer.count, 15);
	assert_true(answer.more);
	buffer_free(&out);
	free_messages(messages);
}

/* Only what an application has written into the tables itself is as long. */
static void a_page_of_chats_has_one_however_long_it_is(void **state)
{
	(void)state;
	struct message *messages = long_messages(1, 'x', ANSWER_MAX);
	struct listed_chat listed[2] = {
		{.room = SLICE("1/2"), .peer_id = SLICE("2"), .cursor = SLICE("here")},
		{.room = SLICE("1/3"), .peer_id = SLICE("3"), .cursor = SLICE("there")},
	};
	listed[0].has_last = true;
	listed[0].last = messages[0];
	struct chats chats = {.chats = listed, .count = 2};
	struct buffer out = {0};
	protocol_chats(&out, &chats, slice_of("", 0));
	static const char tail[] = "],\"more\":true,\"next\":\"here\"}";
	assert_true(out.len > ANSWER_MAX);
	assert_memory_equal(out.bytes + out.len - strlen(tail), tail, strlen(tail));
	buffer_free(&out);
	free_messages(messages);
}

static void unread_is_cut_only_when_it_has_to_be(void **state)
{
	(void)state;
	struct message *messages = long_messages(1, 'x', ANSWER_MAX);
	struct unread_chat chats[2] = {
		{.room = SLICE("1/2"), .peer_id = SLICE("2"), .count = 1, .last = messages[0]},
		{.room = SLICE("1/3"), .peer_id = SLICE("3"), .count = 1, .last = messages[0]},
	};
	chats[0].last.text.len = 100;
	chats[1].last.text.len = 100;
	struct unread unread = {.chats = chats, .count = 2, .total = 1234567};
	struct buffer out = {0};
	protocol_unread(&out, &unread);
	chats[1].last.text.len += ANSWER_MAX - out.len;
	buffer_clear(&out);
	protocol_unread(&out, &unread);
	assert_int_equal(out.len, ANSWER_MAX);
	assert_int_equal(read_answer(&out, "chats").count, 2);
	chats[1].last.text.len++;
	buffer_clear(&out);
	protocol_unread(&out, &unread);
	struct answer answer = read_answer(&out, "chats");
	assert_int_equal(answer.count, 1);
	assert_true(answer.more);
	buffer_free(&out);
	free_messages(messages);
}

static void long_changes_keep_the_lowest_and_say_how_far_they_go(void **state)
{
	(void)state;
	struct message *messages = long_messages(200, 'x', TEXT_MAX);
	for (size_t i = 0; i < 200; i++) {
		messages[i].change = (int64_t)i + 501;
	}
	struct changes changes = {
		.messages = messages, .count = 200, .change = 700, .epoch = SLICE("e1")};
	struct buffer out = {0};
	protocol_changes(&out, &changes, SLICE("q"));
	struct answer answer = read_answer(&out, "messages");
	assert_int_equal(answer.count, 15);
	assert_int_equal(answer.first, 1);
	assert_true(answer.more);
	assert_int_equal(answer.change, 515);
	buffer_clear(&out);
	changes.count = 15;
	protocol_changes(&out, &changes, SLICE("q"));
	answer = read_answer(&out, "messages");
	assert_int_equal(answer.count, 15);
	assert_false(answer.more);
	assert_int_equal(answer.change, 700);
	buffer_free(&out);
	free_messages(messages);
}

static void all_that_a_message_has_counts_for_the_length_of_an_answer(void **state)
{
	(void)state;
	struct message *messages = long_messages(200, 'x', TEXT_MAX);
	for (size_t i = 0; i < 200; i++) {
		messages[i].data = slice_of(messages[i].text.bytes, DATA_MAX);
		messages[i].reactions = SLICE("[{\"reaction\":\"x\",\"by\":[\"1\",\"2\"]}]");
		messages[i].reply_to = SEQ_MAX;
		messages[i].edited_at = 1795334400123;
		messages[i].change = SEQ_MAX - 200 + (int64_t)i;
		messages[i].ref = SLICE("a \"ref\"");
	}
	struct peer peer = {SLICE("2"), true, SLICE("\"Ben\""), false, 1795334400123, false};
	struct page page = {.messages = messages,
		.count = 200,
		.change = SEQ_MAX,
		.epoch = SLICE("e1"),
		.peer = &peer};
	struct buffer out = {0};
	protocol_history(&out, SLICE("1/2"), &page, true, SLICE("q"));
	assert_false(out.failed);
	assert_true(out.len <= ANSWER_MAX && out.len > ANSWER_MAX - TEXT_MAX - 2 * DATA_MAX);
	buffer_free(&out);
	free_messages(messages);
}

/* A list of `count` chats, each with a cursor of its own that tells its number. */
static struct listed_chat *listed_chats(
	size_t count, const struct message *last, char (*cursors)[8])
{
	struct listed_chat *chats = calloc(count, sizeof(*chats));
	assert_non_null(chats);
	for (size_t i = 0; i < count; i++) {
		snprintf(cursors[i], sizeof(cursors[i]), "c%zu", i + 1);
		chats[i] = (struct listed_chat){
			.room = SLICE("1/2"),
			.peer_id = SLICE("2"),
			.has_last = true,
			.last = *last,
			.cursor = slice_str(cursors[i]),
		};
	}
	return chats;
}

static void assert_next(const struct buffer *out, const char *expected)
{
	cJSON *json = cJSON_ParseWithLength(out->bytes, out->len);
	const char *next = vectors_string(json, "next", "");
	assert_string_equal(next, expected);
	cJSON_Delete(json);
}

static void long_chats_keep_the_newest_and_say_where_to_go_on(void **state)
{
	(void)state;
	struct message *messages = long_messages(1, 'x', TEXT_MAX);
	char cursors[CHATS_LIMIT_MAX][8];
	struct listed_chat *listed = listed_chats(CHATS_LIMIT_MAX, &messages[0], cursors);
	struct chats chats = {.chats = listed, .count = CHATS_LIMIT_MAX};
	struct buffer out = {0};
	protocol_chats(&out, &chats, SLICE("q"));
	struct answer answer = read_answer(&out, "chats");
	assert_int_equal(answer.count, 15);
	assert_true(answer.more);
	assert_next(&out, "c15");
	buffer_clear(&out);
	chats.count = 15;
	protocol_chats(&out, &chats, SLICE("q"));
	answer = read_answer(&out, "chats");
	assert_int_equal(answer.count, 15);
	assert_false(answer.more);
	assert_next(&out, "");
	buffer_free(&out);
	free(listed);
	free_messages(messages);
}

static void data_goes_out_byte_for_byte(void **state)
{
	(void)state;
	struct slice data = SLICE("{ \"b\" : 1.50,\n\"a\":\"\\u0041\\/\", \"b\":-0e1 }");
	struct message message = {.user_id = SLICE("1"), .text = SLICE(""), .data = data};
	struct buffer out = {0};
	protocol_message(&out, &message);
	buffer_append(&out, slice_of("", 1));
	assert_non_null(strstr(out.bytes, data.bytes));
	buffer_free(&out);
}

static void a_full_list_of_short_unread_chats_is_whole(void **state)
{
	(void)state;
	struct message *messages = long_messages(1, 'x', 2300);
	struct unread_chat chats[UNREAD_CHATS_MAX];
	for (size_t i = 0; i < UNREAD_CHATS_MAX; i++) {
		chats[i] = (struct unread_chat){.room = SLICE("1/2"),
			.peer_id = SLICE("2"),
			.count = 1,
			.last = messages[0]};
	}
	struct unread unread = {.chats = chats, .count = UNREAD_CHATS_MAX, .total = 100};
	struct buffer out = {0};
	protocol_unread(&out, &unread);
	struct answer answer = read_answer(&out, "chats");
	assert_int_equal(answer.count, UNREAD_CHATS_MAX);
	assert_false(answer.more);
	buffer_free(&out);
	free_messages(messages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_payload_is_read_as_the_contract_says),
		cmocka_unit_test(a_payload_that_is_not_there_is_bad_json),
		cmocka_unit_test(a_reason_quotes_nothing_that_the_client_sent),
		cmocka_unit_test(a_payload_cut_anywhere_is_bad_json),
		cmocka_unit_test(every_event_is_written_to_the_letter),
		cmocka_unit_test(without_memory_every_writer_fails_and_writes_nothing),
		cmocka_unit_test(a_time_that_no_calendar_has_becomes_the_nearest),
		cmocka_unit_test(a_long_history_keeps_the_newest),
		cmocka_unit_test(a_long_history_upwards_keeps_the_oldest),
		cmocka_unit_test(escapes_count_as_they_are_written),
		cmocka_unit_test(an_answer_of_just_the_limit_is_whole),
		cmocka_unit_test(an_answer_of_one_byte_more_is_cut),
		cmocka_unit_test(a_long_unread_keeps_the_newest_chats),
		cmocka_unit_test(a_page_of_chats_has_one_however_long_it_is),
		cmocka_unit_test(unread_is_cut_only_when_it_has_to_be),
		cmocka_unit_test(a_full_list_of_short_unread_chats_is_whole),
		cmocka_unit_test(long_changes_keep_the_lowest_and_say_how_far_they_go),
		cmocka_unit_test(all_that_a_message_has_counts_for_the_length_of_an_answer),
		cmocka_unit_test(long_chats_keep_the_newest_and_say_where_to_go_on),
		cmocka_unit_test(data_goes_out_byte_for_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
