/* What clients publish: what is accepted is what it says, also for another reader of JSON; and what
 * the plugin writes of it reads back as the same. */
#include <cjson/cJSON.h>

#include "fuzz.h"
#include "protocol.h"

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

static void read_otherwise(struct slice payload, const struct event *event)
{
	cJSON *object = cJSON_ParseWithLength(payload.bytes, payload.len);
	MUST(cJSON_IsObject(object));
	static const char *const names[] = {"message", "read", "typing", "history"};
	check_string(object, "event", slice_str(names[event->kind]));
	if (event->kind == EVENT_MESSAGE) {
		check_string(object, "text", event->text);
	}
	if (event->kind == EVENT_READ) {
		const cJSON *seq = cJSON_GetObjectItemCaseSensitive(object, "seq");
		MUST(cJSON_IsNumber(seq) && (int64_t)seq->valuedouble == event->seq);
	}
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

/* Our own events are read by the same rules: unknown members do not matter. */
static void write_and_read(const struct event *event, struct buffer *buffer)
{
	static struct event again;
	const char *reason;
	struct message message = {.room = SLICE("1/2"),
		.user_id = SLICE("1"),
		.name = event->ref,
		.text = event->text,
		.ref = event->ref,
		.seq = 17};
	buffer_clear(buffer);
	protocol_message(buffer, &message);
	must_be_json(buffer);
	MUST(buffer->len > PAYLOAD_MAX ||
		protocol_decode(buffer_slice(buffer), &again, &reason) == CHAT_OK);
	if (buffer->len <= PAYLOAD_MAX) {
		MUST(again.kind == EVENT_MESSAGE);
		MUST(slice_equal(again.text, event->text) && slice_equal(again.ref, event->ref));
	}
	buffer_clear(buffer);
	protocol_notification(buffer, &message, true);
	must_be_json(buffer);
}

/* A page full of it stays below the bound, and holds what is nearest. */
static void write_pages(const struct event *event, struct buffer *buffer)
{
	struct message messages[HISTORY_LIMIT_MAX];
	for (size_t i = 0; i < HISTORY_LIMIT_MAX; i++) {
		messages[i] = (struct message){.user_id = SLICE("2"),
			.text = event->text,
			.ref = event->ref,
			.seq = (int64_t)i + 1};
	}
	for (int upwards = 0; upwards < 2; upwards++) {
		struct page page = {.messages = messages, .count = HISTORY_LIMIT_MAX};
		buffer_clear(buffer);
		protocol_history(buffer, SLICE("1/2"), &page, upwards == 1, event->ref);
		MUST(buffer->len <= ANSWER_MAX);
		must_be_json(buffer);
	}
	struct unread_chat chats[UNREAD_CHATS_MAX];
	for (size_t i = 0; i < UNREAD_CHATS_MAX; i++) {
		chats[i] = (struct unread_chat){.room = SLICE("1/2"),
			.peer_id = SLICE("2"),
			.count = 1,
			.last = messages[i]};
	}
	struct unread unread = {chats, UNREAD_CHATS_MAX, 100, false};
	buffer_clear(buffer);
	protocol_unread(buffer, &unread);
	MUST(buffer->len <= ANSWER_MAX);
	must_be_json(buffer);
}

static void check_accepted(struct slice payload, const struct event *event)
{
	static struct buffer buffer;
	check_ref(event->ref);
	switch (event->kind) {
	case EVENT_MESSAGE:
		MUST(event->text.len >= 1 && event->text.len <= TEXT_MAX);
		MUST(is_text(event->text));
		write_and_read(event, &buffer);
		write_pages(event, &buffer);
		break;
	case EVENT_READ:
		MUST(event->seq >= 0 && event->seq <= SEQ_MAX);
		break;
	case EVENT_HISTORY:
		MUST(event->limit >= 1 && event->limit <= HISTORY_LIMIT_MAX);
		MUST(event->before >= 0 && event->before <= SEQ_MAX);
		MUST(event->after >= -1 && event->after <= SEQ_MAX);
		MUST(!event->has_before || event->after == -1);
		break;
	case EVENT_TYPING:
		break;
	}
	/* Its strings end at U+0000, which we do not accept, so it has all of ours. */
	if (!is_deep(payload)) {
		read_otherwise(payload, event);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event event;
	struct slice payload = exact_copy(slice_of((const char *)data, size));
	const char *reason = NULL;
	enum chat_error error = protocol_decode(payload, &event, &reason);
	if (error == CHAT_OK) {
		MUST(is_text(payload));
		check_accepted(payload, &event);
	} else {
		MUST(error <= CHAT_ETOOLARGE && reason != NULL && reason[0] != '\0');
		check_ref(event.ref);
		struct buffer buffer = {0};
		protocol_error(&buffer, error, reason, event.ref, 1000);
		must_be_json(&buffer);
		buffer_free(&buffer);
	}
	drop_copy(payload);
	return 0;
}
