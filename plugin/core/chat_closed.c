/* Chats that are closed: by a user who blocks the other one, or by the application, or because its
 * may_chat says so. */
#include "chat_state.h"

static void tell_closed(struct chat *chat, const struct room *room)
{
	char bytes[TOPIC_MAX + 1];
	chat_send_error(chat, topic_of_chat(presence_room_name(room), bytes), 0, CHAT_EFORBIDDEN,
		CHAT_CLOSED_REASON, slice_of("", 0), 0);
}

void chat_welcome_again(struct chat *chat, struct room *room, struct chat_time now)
{
	for (struct membership *m = room->members; m != NULL; m = m->room_next) {
		chat_request_history(chat, m, now);
		chat_joined(chat, m, false, now);
	}
}

bool chat_set_state(
	struct chat *chat, struct room *room, enum room_state state, struct chat_time now)
{
	enum room_state before = room->state;
	room->state = state;
	if (before == state) {
		return false;
	}
	if (before == ROOM_UNKNOWN) {
		chat_tell_untold_reads(chat, room);
	}
	if (chat_is_shut(room)) {
		chat_forget_arrivals(chat, room);
		if (before == ROOM_OPEN) {
			tell_closed(chat, room);
		}
		return before == ROOM_OPEN;
	}
	if (before == ROOM_UNKNOWN) {
		chat_release_arrivals(chat, room);
	} else {
		chat_welcome_again(chat, room, now);
	}
	return false;
}

void chat_open_again(struct chat *chat, struct room *room, struct chat_time now)
{
	if (!chat->site_decides || room->last_seq > 0) {
		(void)chat_set_state(chat, room, ROOM_OPEN, now);
	} else if (chat_is_shut(room)) {
		/* The page that comes will say whether that is to be asked. */
		room->state = ROOM_UNKNOWN;
		chat_welcome_again(chat, room, now);
	}
}

void chat_closed(struct chat *chat, struct slice room_name, bool closed, struct chat_time now)
{
	struct room *room = presence_room(chat->presence, room_name);
	chat->closings += closed;
	if (room == NULL) {
		return;
	}
	if (closed) {
		(void)chat_set_state(chat, room, ROOM_CLOSED, now);
	} else if (room->state != ROOM_REFUSED) {
		chat_open_again(chat, room, now);
	}
}
