/* Chats in which nothing was said yet, where the application has a may_chat of its own: who writes
 * there, or subscribes, waits for what it says. */
#include <stdlib.h>

#include "chat_state.h"

void chat_site_decides(struct chat *chat, bool decides)
{
	bool did = chat->site_decides;
	chat->site_decides = decides && chat->ports.ask_site != NULL;
	if (!did || decides) {
		return;
	}
	for (struct room *room = presence_next_room(chat->presence, NULL); room != NULL;
		room = presence_next_room(chat->presence, room)) {
		if (room->state == ROOM_REFUSED) {
			chat_open_again(chat, room, chat->now);
		}
	}
}

bool chat_needs_permit(const struct chat *chat, struct slice room_name)
{
	if (!chat->site_decides) {
		return false;
	}
	const struct room *room = presence_room(chat->presence, room_name);
	return room == NULL || (room->last_seq <= 0 && room->state != ROOM_CLOSED);
}

bool chat_is_refused(const struct chat *chat, struct slice room, struct chat_time now)
{
	return permits_state(&chat->permits, room, now.steady) == PERMIT_REFUSED;
}

/* What is said of the chat; asks where that is not known. */
static enum permit permit_of(struct chat *chat, struct slice room, struct chat_time now)
{
	enum permit permit = permits_state(&chat->permits, room, now.steady);
	if (permit != PERMIT_UNKNOWN) {
		return permit;
	}
	if (permits_ask(&chat->permits, room, now.steady) != CHAT_OK) {
		return PERMIT_FAILED;
	}
	if (chat->store_up && chat->ports.ask_site(chat->ports.arg, room) == CHAT_OK) {
		return PERMIT_ASKED;
	}
	(void)permits_answer(&chat->permits, room, PERMIT_FAILED, now.steady);
	return PERMIT_FAILED;
}

/* Refuses the message, and for a while all others of this user, so that nothing that is sent later
 * overtakes it. */
static void refuse(struct chat *chat, const struct message *message, struct chat_time now)
{
	char bytes[TOPIC_MAX + 1];
	limiter_hold(chat->limiter, message->user_id, now.steady, RETRY_MS, CHAT_EUNAVAILABLE);
	chat_send_error(chat, topic_of_chat(message->room, bytes), message->from, CHAT_EUNAVAILABLE,
		"it cannot be said now whether this chat is open; send it again", message->ref,
		RETRY_MS);
}

static void finish_message(
	struct chat *chat, struct message *message, enum permit permit, struct chat_time now)
{
	char bytes[TOPIC_MAX + 1];
	if (permit == PERMIT_REFUSED) {
		chat_send_error(chat, topic_of_chat(message->room, bytes), message->from,
			CHAT_EFORBIDDEN, CHAT_CLOSED_REASON, message->ref, 0);
	} else if (permit != PERMIT_GIVEN || chat_save(chat, message) != CHAT_OK) {
		refuse(chat, message, now);
	}
}

void chat_save_if_permitted(struct chat *chat, struct message *message, struct chat_time now)
{
	enum permit permit = permit_of(chat, message->room, now);
	if (permit != PERMIT_ASKED) {
		finish_message(chat, message, permit, now);
	} else if (permits_hold_message(&chat->permits, message) != CHAT_OK) {
		refuse(chat, message, now);
	}
}

bool chat_awaits_permit(
	struct chat *chat, struct request *request, enum permit *permit, struct chat_time now)
{
	struct slice room = request_room(request);
	chat_site_decides(chat, true);
	*permit = request->for_subscribe ? permit_of(chat, room, now)
	                                 : permits_state(&chat->permits, room, now.steady);
	if (!request->for_subscribe || *permit == PERMIT_GIVEN || *permit == PERMIT_REFUSED) {
		return false;
	}
	if (permits_hold_request(&chat->permits, room, request->ticket) != CHAT_OK) {
		/* Too many chats, or no memory: it gets what is known without an answer. */
		chat_request_takes_longer(chat, request->ticket);
		return false;
	}
	requests_set_aside(&chat->requests, request);
	if (*permit == PERMIT_FAILED) {
		chat_request_takes_longer(chat, request->ticket);
	}
	return true;
}

/* Those who are in the chat hear of it, if it is otherwise than before. */
static void apply(
	struct chat *chat, struct slice room_name, enum permit permit, struct chat_time now)
{
	struct room *room = presence_room(chat->presence, room_name);
	if (room == NULL) {
		return;
	}
	if (permit == PERMIT_REFUSED && room->state == ROOM_OPEN) {
		(void)chat_set_state(chat, room, ROOM_REFUSED, now);
	} else if (permit == PERMIT_GIVEN && room->state == ROOM_REFUSED) {
		chat_open_again(chat, room, now);
	}
}

static void finish_request(
	struct chat *chat, struct slice room, uint64_t ticket, enum permit permit)
{
	if (permit != PERMIT_FAILED) {
		chat_request_again(chat, ticket);
		return;
	}
	chat_request_takes_longer(chat, ticket);
	if (permits_hold_request(&chat->permits, room, ticket) != CHAT_OK) {
		chat_request_again(chat, ticket);
	}
}

void chat_permit(struct chat *chat, struct slice room, enum permit permit, struct chat_time now)
{
	const struct room *joined = presence_room(chat->presence, room);
	if (joined != NULL && joined->last_seq > 0) {
		/* Something was said meanwhile. */
		permit = PERMIT_GIVEN;
	}
	struct permit_waiter *waiter = permits_answer(&chat->permits, room, permit, now.steady);
	apply(chat, room, permit, now);
	while (waiter != NULL) {
		struct permit_waiter *next = waiter->next;
		if (waiter->ticket != 0) {
			finish_request(chat, room, waiter->ticket, permit);
		} else {
			finish_message(chat, &waiter->message, permit, now);
		}
		free(waiter);
		waiter = next;
	}
	chat_ask_store(chat);
}

void chat_check_permits(struct chat *chat, struct chat_time now)
{
	struct slice room;
	while (permits_late(&chat->permits, now.steady, &room)) {
		chat_permit(chat, room, PERMIT_FAILED, now);
	}
	struct permit_waiter *waiter = permits_expire(&chat->permits, now.steady);
	while (waiter != NULL) {
		struct permit_waiter *next = waiter->next;
		chat_request_again(chat, waiter->ticket);
		free(waiter);
		waiter = next;
	}
}

void chat_said_something(struct chat *chat, const struct message *message, const struct room *room)
{
	if (chat->permits.by_room.count > 0 || (room != NULL && room->state == ROOM_REFUSED)) {
		chat_permit(chat, message->room, PERMIT_GIVEN, chat->now);
	}
}
