/* What clients publish to a chat or to their lobby. */
#include "access.h"
#include "chat_state.h"

void chat_tell_typing(struct chat *chat, struct room *room, struct slice id, bool on)
{
	char bytes[TOPIC_MAX + 1];
	if (room == NULL || room->state != ROOM_OPEN) {
		return;
	}
	chat_announce(chat, room);
	struct buffer *payload = chat_begin(chat);
	protocol_typing(payload, id, on);
	(void)chat_send(chat, topic_of_chat(presence_room_name(room), bytes), payload, 0, 0);
}

/* A client's publish to a chat or its lobby (then without room and peer), and who sent it. */
struct publish {
	struct client *client;
	struct slice id;
	struct slice topic;
	struct slice room;
	struct slice peer_id;
	const struct event *event;
	struct chat_time now;
};

static void answer_error(struct chat *chat, const struct publish *p, enum chat_error code,
	const char *reason, int64_t retry_ms)
{
	chat_log(chat, CHAT_DEBUG, p->client, "publish refused: %s: %s", chat_error_code(code),
		reason);
	chat_send_error(chat, p->topic, p->client->serial, code, reason, p->event->ref, retry_ms);
}

static int64_t at_least_a_second(int64_t ms)
{
	return ms > RETRY_MS ? ms : RETRY_MS;
}

static void refuse_message(
	struct chat *chat, const struct publish *p, enum chat_error code, int64_t retry_ms)
{
	answer_error(chat, p, code,
		code == CHAT_ERATELIMITED ? "too many messages; send this one again later"
					  : "the message cannot be stored now; send it again later",
		retry_ms);
}

/* Refuses the message, and for a while all others of this user, so that nothing that is sent later
 * overtakes it. */
static void refuse_and_hold(
	struct chat *chat, const struct publish *p, enum chat_error code, int64_t wait)
{
	int64_t retry_ms = at_least_a_second(wait);
	limiter_hold(chat->limiter, p->id, p->now.steady, retry_ms, code);
	refuse_message(chat, p, code, retry_ms);
}

static void make_key(struct chat *chat, unsigned char key[KEY_SIZE])
{
	chat->key_counter++;
	memcpy(key, &chat->key_start, 8);
	for (int i = 0; i < 8; i++) {
		key[8 + i] = (unsigned char)(chat->key_counter >> (56 - 8 * i));
	}
}

enum chat_error chat_save(struct chat *chat, struct message *message)
{
	bool has_ref = message->ref.len > 0;
	struct pending *pending = has_ref ? pending_find(&chat->pending, message) : NULL;
	if (pending != NULL) {
		return pending_repeat(pending, message->from) == CHAT_OK ? CHAT_OK
		                                                         : CHAT_EUNAVAILABLE;
	}
	/* CHAT_EBUSY: it is saved without being noted. */
	enum chat_error noted = has_ref ? pending_add(&chat->pending, message) : CHAT_EBUSY;
	if (noted == CHAT_ENOMEM) {
		return CHAT_EUNAVAILABLE;
	}
	make_key(chat, message->key);
	if (chat->ports.save(chat->ports.arg, message) == CHAT_OK) {
		return CHAT_OK;
	}
	if (noted == CHAT_OK) {
		pending_remove(&chat->pending, pending_find(&chat->pending, message));
	}
	return CHAT_EUNAVAILABLE;
}

/* The sender hears of it if the store does not take the message. */
static void save(struct chat *chat, const struct publish *p)
{
	struct message message = {
		.room = p->room,
		.user_id = p->id,
		.opponent_id = p->peer_id,
		.name = presence_name(p->client->name),
		.text = p->event->text,
		.ref = p->event->ref,
		.data = p->event->data,
		.reply_to = p->event->reply_to,
		.sent_at = p->now.wall,
		.in_chat = chat_who_is_in(chat, p->room),
		.from = p->client->serial,
	};
	if (chat_needs_permit(chat, p->room)) {
		chat_save_if_permitted(chat, &message, p->now);
	} else if (chat_save(chat, &message) != CHAT_OK) {
		refuse_and_hold(chat, p, CHAT_EUNAVAILABLE, 0);
	}
}

/* Whether this user may send a message or a change now; if not, it was refused. */
static bool may_send(struct chat *chat, const struct publish *p)
{
	enum chat_error held = limiter_held(chat->limiter, p->id, p->now.steady);
	if (held != CHAT_OK) {
		/* That does not prolong the hold: whoever goes on sending gets through at its end.
		 */
		refuse_message(chat, p, held, RETRY_MS);
		return false;
	}
	int64_t wait = limiter_take(chat->limiter, p->id, LIMIT_MESSAGES, p->now.steady);
	if (wait > 0) {
		refuse_and_hold(chat, p, CHAT_ERATELIMITED, wait);
	}
	return wait == 0;
}

static void on_message(struct chat *chat, const struct publish *p)
{
	if (may_send(chat, p)) {
		save(chat, p);
	}
}

static void on_change(struct chat *chat, const struct publish *p, enum change_kind kind)
{
	const struct event *event = p->event;
	if (!may_send(chat, p)) {
		return;
	}
	if (chat_is_refused(chat, p->room, p->now)) {
		answer_error(chat, p, CHAT_EFORBIDDEN, CHAT_CLOSED_REASON, 0);
		return;
	}
	struct change change = {
		.kind = kind,
		.room = p->room,
		.user_id = p->id,
		.seq = event->seq,
		.asked_at = p->now.wall,
		.has_text = event->has_text,
		.text = event->text,
		.has_data = event->has_data,
		.data = event->data,
		.reaction = event->reaction,
		.on = event->on,
		.ref = event->ref,
		.from = p->client->serial,
	};
	/* That holds up no messages. */
	if (chat_ask_change(chat, &change) != CHAT_OK) {
		answer_error(chat, p, CHAT_EUNAVAILABLE, CHAT_CHANGE_LATER_REASON, RETRY_MS);
	}
}

static bool asks_too_often(struct chat *chat, const struct publish *p)
{
	int64_t wait = limiter_take(chat->limiter, p->id, LIMIT_REQUESTS, p->now.steady);
	if (wait > 0) {
		answer_error(chat, p, CHAT_ERATELIMITED, "too many requests; ask again later",
			at_least_a_second(wait));
	}
	return wait > 0;
}

static void on_read(struct chat *chat, const struct publish *p)
{
	/* While the store is away only the highest mark of each chat waits: that costs too little
	 * to be refused. */
	if (chat->store_up && asks_too_often(chat, p)) {
		return;
	}
	struct mark mark = {.room = p->room, .user_id = p->id, .seq = p->event->seq};
	if (marks_set(chat->marks, &mark) != CHAT_OK) {
		answer_error(chat, p, CHAT_EUNAVAILABLE,
			"too many read marks wait; mark this chat again later", RETRY_MS);
		return;
	}
	chat_ask_store(chat);
}

static void on_typing(struct chat *chat, const struct publish *p)
{
	if (limiter_take(chat->limiter, p->id, LIMIT_TYPING, p->now.steady) > 0) {
		return;
	}
	struct room *room = presence_room(chat->presence, p->room);
	if (room == NULL || room->state == ROOM_OPEN) {
		chat_tell_typing(chat, room, p->id, p->event->on);
		chat_say_typing(chat, p->room, p->id, p->event->on);
	}
}

/* Asks the store, which answers under the request's ticket. */
static void ask(struct chat *chat, const struct publish *p, const struct load *load)
{
	if (chat->store_up && p->client->requests < REQUESTS_PER_CLIENT_MAX &&
		requests_add(&chat->requests, load, p->event->ref, p->client->handle,
			p->client->serial, false, p->now.steady) != NULL) {
		p->client->requests++;
		chat_ask_store(chat);
	} else {
		answer_error(chat, p, CHAT_EUNAVAILABLE, CHAT_ASK_LATER_REASON, RETRY_MS);
	}
}

static void on_history(struct chat *chat, const struct publish *p)
{
	const struct event *event = p->event;
	struct load load = {
		.what = event->since >= 0 ? LOAD_CHANGES : LOAD_HISTORY,
		.room = p->room,
		/* 0 would say "not asked"; there is no message before 1 either. */
		.before = event->has_before && event->before == 0 ? 1 : event->before,
		.after = event->after,
		.since = event->since,
		.limit = event->limit,
	};
	if (!asks_too_often(chat, p)) {
		ask(chat, p, &load);
	}
}

static void on_chats(struct chat *chat, const struct publish *p)
{
	struct load load = {.what = LOAD_CHATS,
		.user_id = p->id,
		.cursor = p->event->cursor,
		.limit = p->event->limit};
	if (!asks_too_often(chat, p)) {
		ask(chat, p, &load);
	}
}

static void on_mute(struct chat *chat, const struct publish *p)
{
	struct slice a, b;
	struct load load = {
		.what = LOAD_MUTE, .room = p->event->room, .user_id = p->id, .on = p->event->on};
	if (asks_too_often(chat, p)) {
		return;
	}
	if (!topic_split_room(p->event->room, &a, &b) ||
		(!slice_equal(p->id, a) && !slice_equal(p->id, b))) {
		answer_error(chat, p, CHAT_EBADFIELD, CHAT_NO_SUCH_CHAT_REASON, 0);
		return;
	}
	ask(chat, p, &load);
}

static void on_block(struct chat *chat, const struct publish *p)
{
	char bytes[ROOM_MAX + 1];
	if (asks_too_often(chat, p)) {
		return;
	}
	if (!chat->options.user_blocking) {
		answer_error(chat, p, CHAT_EFORBIDDEN, "users cannot block others here", 0);
		return;
	}
	if (slice_equal(p->id, p->event->user_id)) {
		answer_error(
			chat, p, CHAT_EBADFIELD, "'user_id' must be that of somebody else.", 0);
		return;
	}
	struct load load = {.what = LOAD_BLOCK,
		.room = topic_room_of(p->id, p->event->user_id, bytes),
		.user_id = p->id,
		.on = p->event->on};
	ask(chat, p, &load);
}

static void dispatch(struct chat *chat, const struct publish *p)
{
	switch (p->event->kind) {
	case EVENT_MESSAGE:
		on_message(chat, p);
		break;
	case EVENT_EDIT:
		on_change(chat, p, CHANGE_EDIT);
		break;
	case EVENT_DELETE:
		on_change(chat, p, CHANGE_DELETE);
		break;
	case EVENT_REACT:
		on_change(chat, p, CHANGE_REACT);
		break;
	case EVENT_READ:
		on_read(chat, p);
		break;
	case EVENT_TYPING:
		on_typing(chat, p);
		break;
	case EVENT_HISTORY:
		on_history(chat, p);
		break;
	case EVENT_CHATS:
		on_chats(chat, p);
		break;
	case EVENT_MUTE:
		on_mute(chat, p);
		break;
	case EVENT_BLOCK:
		on_block(chat, p);
		break;
	}
}

enum chat_answer chat_publish(struct chat *chat, const void *handle, struct slice topic,
	struct slice payload, struct chat_time now)
{
	struct topic parsed = topic_parse(topic);
	if (parsed.kind == TOPIC_OTHER) {
		return CHAT_DEFER;
	}
	/* The broker asks no access rights of a bridge, so this is asked again here. */
	struct client *client = presence_find(chat->presence, handle);
	struct slice id = chat_client_id(client);
	if (access_publish(id, &parsed, false) != ACCESS_YES) {
		return CHAT_DENY;
	}
	struct publish p = {
		.client = client,
		.id = id,
		.topic = topic,
		.room = parsed.room,
		.peer_id = slice_equal(id, parsed.a) ? parsed.b : parsed.a,
		.event = &chat->event,
		.now = now,
	};
	const char *reason = "";
	enum chat_error error = parsed.kind == TOPIC_LOBBY
	                                ? protocol_decode_lobby(payload, &chat->event, &reason)
	                                : protocol_decode(payload, &chat->event, &reason);
	if (error != CHAT_OK) {
		answer_error(chat, &p, error, reason, 0);
	} else {
		dispatch(chat, &p);
	}
	return CHAT_ALLOW;
}
