/* What the conductor sends to clients, and writes to the log. */
#include <stdarg.h>
#include <stdio.h>

#include "chat_state.h"

void chat_log(struct chat *chat, enum chat_level level, const struct client *client,
	const char *format, ...)
{
	char line[512];
	int len = 0;
	if (client != NULL) {
		struct slice id = chat_client_id(client);
		len = snprintf(
			line, sizeof(line), "%.*s (%.64s): ", SLICE_ARGS(id), client->client_id);
	}
	va_list args;
	va_start(args, format);
	vsnprintf(line + len, sizeof(line) - (size_t)len, format, args);
	va_end(args);
	chat->ports.log(chat->ports.arg, level, line);
}

struct slice chat_client_id(const struct client *client)
{
	return client == NULL || client->user == NULL ? slice_of("", 0) : presence_id(client->user);
}

static uint64_t publish(struct chat *chat, struct slice topic, const struct buffer *payload,
	int qos, client_serial only, uint64_t unless)
{
	struct slice bytes = buffer_slice(payload);
	uint64_t number = payload->failed ? 0 : gate_open(chat->gate, topic, bytes, only, unless);
	if (number == 0 || !chat->ports.publish(chat->ports.arg, topic, bytes, qos)) {
		chat_log(chat, CHAT_WARNING, NULL, "out of memory: an event was not sent");
		return 0;
	}
	return number;
}

uint64_t chat_send(struct chat *chat, struct slice topic, const struct buffer *payload, int qos,
	uint64_t unless)
{
	return publish(chat, topic, payload, qos, 0, unless);
}

void chat_send_to(
	struct chat *chat, struct slice topic, const struct buffer *payload, client_serial only)
{
	(void)publish(chat, topic, payload, 1, only, 0);
}

struct buffer *chat_begin(struct chat *chat)
{
	buffer_clear(&chat->payload);
	return &chat->payload;
}

void chat_send_error(struct chat *chat, struct slice topic, client_serial only,
	enum chat_error code, const char *reason, struct slice ref, int64_t retry_ms)
{
	chat->errors[code < CHAT_CODES ? code : CHAT_EUNAVAILABLE]++;
	struct buffer *payload = chat_begin(chat);
	protocol_error(payload, code, reason, ref, retry_ms);
	chat_send_to(chat, topic, payload, only);
}
