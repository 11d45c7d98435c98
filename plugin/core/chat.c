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
	chat->bars.key = key;
	chat->permits.key = key;
	chat->presence = presence_create(&key, ports->tell != NULL);
	chat->gate = gate_create(&key);
	chat->limiter = limiter_create(options->rate_limit, &key);
	chat->marks = marks_create(&key);
	if (chat->presence == NULL || chat->gate == NULL || chat->limiter == NULL ||
		chat->marks == NULL) {
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
	chat_free_arrivals(chat);
	chat_free_changes(chat);
	chat_free_peers(chat);
	chat_free_untold_reads(chat);
	requests_finish(&chat->requests);
	permits_finish(&chat->permits);
	pending_finish(&chat->pending);
	bars_finish(&chat->bars);
	chat_free_ahead(chat);
	marks_destroy(chat->marks);
	limiter_destroy(chat->limiter);
	gate_destroy(chat->gate);
	presence_destroy(chat->presence);
	keyring_free(chat->keyring);
	buffer_free(&chat->payload);
	free(chat);
}

/* Many at once would hold up the loop. */
#define KICKS_PER_TICK 100

/* A kick ends in chat_disconnect, which frees the client. */
static void kick_expired(struct chat *chat, struct chat_time now)
{
	for (int i = 0; i < KICKS_PER_TICK; i++) {
		struct client *client = expiry_due(&chat->expiry, now.wall);
		if (client == NULL) {
			return;
		}
		chat_end_client(chat, client, "token expired");
	}
}

bool chat_tick(struct chat *chat, struct chat_time now)
{
	chat->now = now;
	chat->reloading = false;
	gate_tick(chat->gate);
	chat_check_permits(chat, now);
	chat_ask_store(chat);
	chat_check_deadlines(chat, now);
	chat_log_refusals(chat, now);
	chat_tell_overdue_changes(chat, now);
	chat_tell_offline(chat, now);
	chat_tell_peers(chat, now);
	chat_forget_ahead(chat, now);
	chat_forget_old_places(chat, now);
	bool more = chat_announce_due(chat, now);
	limiter_sweep(chat->limiter, now.steady);
	kick_expired(chat, now);
	return more;
}

struct chat_counts chat_count(const struct chat *chat)
{
	struct presence_counts presence = presence_count(chat->presence);
	struct chat_counts counts = {
		.clients = presence.clients,
		.users = presence.users,
		.rooms = presence.rooms,
		.marks = marks_count(chat->marks),
		.requests = requests_count(&chat->requests),
		.permits = chat->permits.by_room.count,
		.pending = chat->pending.waiting.count,
		.entries = gate_entries(chat->gate),
	};
	memcpy(counts.errors, chat->errors, sizeof(counts.errors));
	return counts;
}
