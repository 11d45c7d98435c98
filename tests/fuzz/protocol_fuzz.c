/* What clients publish: what is accepted is what it says, also for another reader of JSON; and what
 * the plugin writes of it reads back as the same. */
#include <cjson/cJSON.h>

#include "fuzz.h"
#include "protocol.h"
#include "topic.h"

static void check_ref(struct slice ref)
{
	size_t points = 0;
	for (size_t i = 0; i < ref.len; i++) {
		points += ((unsigned char)ref.bytes[i] & 0xC0) != 0x80;
	}
	MUST(is_text(ref) && points <= REF_MAX_CODE_POINTS);
}

/* The other reader does not go as deep. */
static bool is_deep(struct slice payload)
{
	int depth = 0;
	int deepest = 0;
	for (size_t i = 0; i < payload.len; i++) {
		depth += payload.bytes[i] == '{' || payload.bytes[i] == '[';
		depth -= payload.bytes[i] == '}' || payload.bytes[i] == ']';
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest >= CJSON_NESTING_LIMIT;
}

static void check_string(const cJSON *object, const char *name, struct slice expected)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
	MUST(cJSON_IsString(member) && slice_equal(slice_str(member->valuestring), expected));
}

/* 0: not there. */
static void check_integer(const cJSON *object, const char *name, int64_t expected)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
	MUST(expected == 0 || (cJSON_IsNumber(member) && (int64_t)member->valuedouble == expected));
}

static void check_data(const cJSON *object, struct slice data)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, "data");
	if (data.len == 0) {
		MUST(cJSON_IsNull(member));
		return;
	}
	MUST(is_text(data) && data.bytes[0] == '{' && data.bytes[data.len - 1] == '}');
	cJSON *alone = cJSON_ParseWithLength(data.bytes, data.len);
	MUST(cJSON_IsObject(alone) && cJSON_IsObject(member));
	MUST(cJSON_GetArraySize(alone) == cJSON_GetArraySize(member));
	cJSON_Delete(alone);
}

static void read_otherwise(struct slice payload, const struct event *event)
{
	cJSON *object = cJSON_ParseWithLength(payload.bytes, payload.len);
	MUST(cJSON_IsObject(object));
	static const char *const names[] = {"message", "read", "typing", "history", "edit",
		"delete", "react", "chats", "mute", "block"};
	check_string(object, "event", slice_str(names[event->kind]));
	if (event->has_text) {
		check_string(object, "text", event->text);
	}
	if (event->has_data) {
		check_data(object, event->data);
	}
	if (event->reaction.len > 0) {
		check_string(object, "reaction", event->reaction);
	}
	check_integer(object, "seq", event->seq);
	check_integer(object, "reply_to", event->reply_to);
	if (event->ref.len > 0) {
		check_string(object, "ref", event->ref);
	}
	cJSON_Delete(object);
}

static void must_be_json(struct buffer *buffer)
{
	MUST(!buffer->failed);
	cJSON *object = cJSON_ParseWithLength(buffer->bytes, buffer->len);
	MUST(cJSON_IsObject(object));
	cJSON_Delete(object);
}

/* The message that the event makes, as it could come out of the store later. */
static struct message message_of(const struct event *event)
{
	return (struct message){
		.room = SLICE("1/2"),
		.user_id = SLICE("1"),
		.name = event->ref,
		.text = event->text,
		.ref = event->ref,
		.data = event->data,
		.reply_to = event->reply_to,
		.reactions = SLICE("[{\"reaction\":\"x\",\"by\":[\"2\"]}]"),
		.edited_at = 1795334400123,
		.change = event->seq,
		.seq = 17,
	};
}

/* Our own events are read by the same rules: unknown members do not matter. */
static void write_and_read(const struct event *event, struct buffer *buffer)
{
	static struct event again;
	const char *reason;
	struct message message = message_of(event);
	buffer_clear(buffer);
	protocol_message(buffer, &message);
	must_be_json(buffer);
	if (buffer->len <= PAYLOAD_MAX) {
		MUST(protocol_decode(buffer_slice(buffer), &again, &reason) == CHAT_OK);
		MUST(again.kind == EVENT_MESSAGE && again.reply_to == event->reply_to);
		MUST(slice_equal(again.text, event->text) && slice_equal(again.ref, event->ref));
		MUST(slice_equal(again.data, event->data));
	}
	buffer_clear(buffer);
	protocol_notification(buffer, &message, true);
	must_be_json(buffer);
	struct changed changed = {.change = 1, .by = SLICE("2"), .message = message};
	changed.ref = event->ref;
	buffer_clear(buffer);
	protocol_changed(buffer, &changed);
	must_be_json(buffer);
	changed.message.deleted = true;
	buffer_clear(buffer);
	protocol_changed_lobby(buffer, &changed);
	must_be_json(buffer);
	MUST(buffer->len < 1000 + 6 * REF_MAX * 2);
}

static void must_be_an_answer(struct buffer *buffer)
{
	MUST(buffer->len <= ANSWER_MAX);
	must_be_json(buffer);
	buffer_clear(buffer);
}

/* A page full of it stays below the bound, and holds what is nearest. */
static void write_pages(const struct event *event, struct buffer *buffer)
{
	static struct message messages[HISTORY_LIMIT_MAX];
	static struct unread_chat unread_chats[UNREAD_CHATS_MAX];
	static struct listed_chat listed[CHATS_LIMIT_MAX];
	for (size_t i = 0; i < HISTORY_LIMIT_MAX; i++) {
		messages[i] = message_of(event);
		messages[i].seq = (int64_t)i + 1;
	}
	for (size_t i = 0; i < UNREAD_CHATS_MAX; i++) {
		unread_chats[i] = (struct unread_chat){.room = SLICE("1/2"),
			.peer_id = SLICE("2"),
			.name = event->ref,
			.count = 1,
			.last = messages[i]};
		listed[i] = (struct listed_chat){.room = SLICE("1/2"),
			.peer_id = SLICE("2"),
			.name = event->ref,
			.has_last = true,
			.last = messages[i],
			.cursor = event->ref};
	}
	struct peer peer = {SLICE("2"), true, event->ref, false, 1795334400123, false};
	struct page page = {.messages = messages,
		.count = HISTORY_LIMIT_MAX,
		.epoch = event->ref,
		.peer = &peer};
	buffer_clear(buffer);
	for (int upwards = 0; upwards < 2; upwards++) {
		protocol_history(buffer, SLICE("1/2"), &page, upwards == 1, event->ref);
		must_be_an_answer(buffer);
	}
	struct changes changes = {messages, HISTORY_LIMIT_MAX, 1000, false, event->ref};
	protocol_changes(buffer, &changes, event->ref);
	must_be_an_answer(buffer);
	struct unread unread = {unread_chats, UNREAD_CHATS_MAX, 100, false};
	protocol_unread(buffer, &unread);
	must_be_an_answer(buffer);
	struct chats chats = {.chats = listed, .count = CHATS_LIMIT_MAX, .more = true};
	protocol_chats(buffer, &chats, event->ref);
	must_be_an_answer(buffer);
}

static void check_accepted(struct slice payload, const struct event *event)
{
	static struct buffer buffer;
	check_ref(event->ref);
	MUST(event->text.len <= TEXT_MAX && is_text(event->text));
	MUST(event->data.len <= DATA_MAX && event->seq >= 0 && event->seq <= SEQ_MAX);
	switch (event->kind) {
	case EVENT_MESSAGE:
		MUST(event->text.len >= 1 || event->data.len >= 2);
		MUST(event->reply_to >= 0 && event->reply_to <= SEQ_MAX);
		write_and_read(event, &buffer);
		write_pages(event, &buffer);
		break;
	case EVENT_READ:
		break;
	case EVENT_EDIT:
		MUST(event->seq >= 1 && (event->has_text || event->has_data));
		break;
	case EVENT_DELETE:
		MUST(event->seq >= 1);
		break;
	case EVENT_REACT:
		MUST(event->seq >= 1 && is_text(event->reaction));
		MUST(event->reaction.len >= 1 && event->reaction.len <= REACTION_MAX);
		break;
	case EVENT_CHATS:
		MUST(event->limit >= 1 && event->limit <= CHATS_LIMIT_MAX);
		MUST(event->cursor.len <= CURSOR_MAX && is_text(event->cursor));
		break;
	case EVENT_MUTE: {
		struct slice a, b;
		MUST(topic_split_room(event->room, &a, &b));
		break;
	}
	case EVENT_BLOCK:
		MUST(topic_valid_id(event->user_id));
		break;
	case EVENT_HISTORY:
		MUST(event->limit >= 1 && event->limit <= HISTORY_LIMIT_MAX);
		MUST(event->before >= 0 && event->before <= SEQ_MAX);
		MUST(event->after >= -1 && event->after <= SEQ_MAX);
		MUST(event->since >= -1 && event->since <= SEQ_MAX);
		MUST(event->has_before + (event->after >= 0) + (event->since >= 0) <= 1);
		break;
	case EVENT_TYPING:
		break;
	}
	/* Its strings end at U+0000, which we do not accept, so it has all of ours. */
	if (!is_deep(payload)) {
		read_otherwise(payload, event);
	}
}

static void decode(struct slice payload, bool lobby)
{
	static struct event event;
	const char *reason = NULL;
	enum chat_error error = lobby ? protocol_decode_lobby(payload, &event, &reason)
	                              : protocol_decode(payload, &event, &reason);
	if (error == CHAT_OK) {
		MUST(is_text(payload) && lobby == (event.kind >= EVENT_CHATS));
		check_accepted(payload, &event);
	} else {
		MUST(error <= CHAT_ETOOLARGE && reason != NULL && reason[0] != '\0');
		check_ref(event.ref);
		struct buffer buffer = {0};
		protocol_error(&buffer, error, reason, event.ref, 1000);
		must_be_json(&buffer);
		buffer_free(&buffer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice payload = exact_copy(slice_of((const char *)data, size));
	decode(payload, false);
	decode(payload, true);
	drop_copy(payload);
	return 0;
}
