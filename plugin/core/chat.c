#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "chat_state.h"

struct chat *chat_create(const struct chat_options *options, const struct chat_ports *ports,
	struct keyring *keyring, const unsigned char seed[CHAT_SEED_SIZE])
{
	struct chat *chat = calloc(1, sizeof(*chat));
	if (chat == NULL) {
		return NULL;
	}
	struct siphash_key key;
	memcpy(&key, seed, sizeof(key));
	memcpy(&chat->key_start, seed + sizeof(key), sizeof(chat->key_start));
	chat->options = *options;
	chat->ports = *ports;
	chat->pending.key = key;
	chat->presence = presence_create(&key);
	chat->passports = passports_create(&key);
	chat->gate = gate_create(&key);
	chat->limiter = limiter_create(options->rate_limit, &key);
	chat->marks = marks_create(&key);
	if (chat->presence == NULL || chat->passports == NULL || chat->gate == NULL ||
		chat->limiter == NULL || chat->marks == NULL) {
		chat_destroy(chat);
		return NULL;
	}
	chat->keyring = keyring;
	return chat;
}

void chat_destroy(struct chat *chat)
{
	if (chat == NULL) {
		return;
	}
	requests_finish(&chat->requests);
	pending_finish(&chat->pending);
	marks_destroy(chat->marks);
	limiter_destroy(chat->limiter);
	gate_destroy(chat->gate);
	passports_destroy(chat->passports);
	presence_destroy(chat->presence);
	keyring_free(chat->keyring);
	buffer_free(&chat->text);
	buffer_free(&chat->notice);
	free(chat);
}

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

void chat_send_error(struct chat *chat, struct slice topic, client_serial only,
	enum chat_error code, const char *reason, struct slice ref, int64_t retry_ms)
{
	buffer_clear(&chat->text);
	protocol_error(&chat->text, code, reason, ref, retry_ms);
	chat_send_to(chat, topic, &chat->text, only);
}

/* Kicking ends in chat_disconnect, so nothing is held across it; many at once would hold up the
 * loop. */
#define KICKS_PER_TICK 100

static void kick_expired(struct chat *chat, struct chat_time now)
{
	for (int i = 0; i < KICKS_PER_TICK; i++) {
		struct client *client = expiry_due(&chat->expiry, now.wall);
		if (client == NULL) {
			return;
		}
		/* The id may have passed to a newer connection, which must not suffer for this one.
		 */
		if (client->newer == NULL) {
			chat_log(chat, CHAT_NOTICE, client, "token expired, disconnecting");
			chat->ports.kick(chat->ports.arg, client->client_id);
		}
	}
}

void chat_tick(struct chat *chat, struct chat_time now)
{
	chat->reloading = false;
	gate_tick(chat->gate);
	chat_pump(chat);
	chat_tell_late(chat, now);
	limiter_sweep(chat->limiter, now.steady);
	kick_expired(chat, now);
}

struct chat_counts chat_count(const struct chat *chat)
{
	struct presence_counts presence = presence_count(chat->presence);
	return (struct chat_counts){
		.clients = presence.clients,
		.users = presence.users,
		.rooms = presence.rooms,
		.marks = marks_count(chat->marks),
		.requests = requests_count(&chat->requests),
		.pending = HASH_COUNT(chat->pending.waiting),
		.entries = gate_entries(chat->gate),
	};
}
