/* What users set for themselves: chats that are muted, users who are blocked. */
#include "chat_state.h"

/* To all of the user's clients in the lobby, or to one of them. */
static void tell(
	struct chat *chat, struct slice user_id, const struct buffer *payload, client_serial only)
{
	char bytes[TOPIC_MAX + 1];
	struct slice topic = topic_of_lobby(user_id, bytes);
	const struct user *user = presence_user(chat->presence, user_id);
	if (only != 0) {
		chat_send_to(chat, topic, payload, only);
	} else if (user != NULL && presence_hears_in_lobby(user, NULL)) {
		(void)chat_send(chat, topic, payload, 1, 0);
	}
}

static struct slice other_of(struct slice room, struct slice id)
{
	struct slice a, b;
	(void)topic_split_room(room, &a, &b);
	return slice_equal(id, a) ? b : a;
}

static void tell_outcome(struct chat *chat, const struct request *request, client_serial only)
{
	struct slice id = request_user_id(request);
	struct buffer *payload = chat_begin(chat);
	if (request->what == LOAD_MUTE) {
		protocol_muted(payload, request_room(request), request->on, request_ref(request));
	} else {
		protocol_blocked(payload, other_of(request_room(request), id), request->on,
			request_ref(request));
	}
	tell(chat, id, payload, only);
}

static void refuse(
	struct chat *chat, const struct request *request, enum chat_error code, const char *reason)
{
	char bytes[TOPIC_MAX + 1];
	chat_send_error(chat, topic_of_lobby(request_user_id(request), bytes), request->serial,
		code, reason, request_ref(request), 0);
}

static uint64_t hash_of(const struct chat *chat, struct slice user_id, struct slice peer_id)
{
	return siphash_pair(&chat->pending.key, user_id, peer_id);
}

static void note_own_block(struct chat *chat, const struct request *request, struct chat_time now)
{
	struct slice id = request_user_id(request);
	chat->own_blocks[chat->own_block_count++ % OWN_BLOCKS] = (struct own_block){
		.who = hash_of(chat, id, other_of(request_room(request), id)),
		.on = request->on,
		.at = now.steady,
	};
}

static bool is_own(const struct chat *chat, const struct own_block *block, uint64_t who, bool on)
{
	return block->who == who && block->on == on && chat->now.steady - block->at < OWN_BLOCK_MS;
}

static void tell_set(struct chat *chat, const struct request *request, struct chat_time now)
{
	tell_outcome(chat, request, 0);
	if (request->what == LOAD_BLOCK) {
		note_own_block(chat, request, now);
		if (request->on) {
			chat_closed(chat, request_room(request), true, now);
		}
	}
}

void chat_set(struct chat *chat, uint64_t ticket, enum set_as as, struct chat_time now)
{
	struct request *request = chat_wanted_request(chat, ticket);
	if (request == NULL) {
		return;
	}
	switch (as) {
	case SET_NEW:
		tell_set(chat, request, now);
		break;
	case SET_ALREADY:
		/* When the first answer was lost it may be this request that made it so. */
		if (request->in_doubt) {
			tell_set(chat, request, now);
		} else {
			tell_outcome(chat, request, request->serial);
		}
		break;
	case SET_NOT_THERE:
		refuse(chat, request, CHAT_EBADFIELD, CHAT_NO_SUCH_CHAT_REASON);
		break;
	case SET_TOO_MANY:
		refuse(chat, request, CHAT_EFORBIDDEN, "you block as many users as you may");
		break;
	}
	chat_finish_request(chat, request);
}

void chat_blocked(struct chat *chat, struct slice user_id, struct slice peer_id, bool on)
{
	uint64_t who = hash_of(chat, user_id, peer_id);
	for (size_t i = 0; i < OWN_BLOCKS; i++) {
		if (is_own(chat, &chat->own_blocks[i], who, on)) {
			chat->own_blocks[i].who = 0;
			return;
		}
	}
	struct buffer *payload = chat_begin(chat);
	protocol_blocked(payload, peer_id, on, slice_of("", 0));
	tell(chat, user_id, payload, 0);
}

void chat_hear_muted(struct chat *chat, struct slice user_id, struct slice room, bool on)
{
	struct buffer *payload = chat_begin(chat);
	protocol_muted(payload, room, on, slice_of("", 0));
	tell(chat, user_id, payload, 0);
}
