/* Read marks: to the store, and what became of them. */
#include "chat_state.h"

static bool send_mark(struct chat *chat)
{
	struct mark mark;
	if (!marks_next(chat->marks, &mark)) {
		return false;
	}
	if (chat->ports.mark(chat->ports.arg, &mark) != CHAT_OK) {
		marks_not_sent(chat->marks, &mark);
		return false;
	}
	return true;
}

void chat_send_marks(struct chat *chat)
{
	while (chat->store_up && send_mark(chat)) {
	}
}

static void tell_chat(struct chat *chat, const struct mark *mark, const struct marked *result)
{
	const struct room *room = presence_room(chat->presence, mark->room);
	if (room == NULL || chat_is_shut(room)) {
		return;
	}
	char bytes[TOPIC_MAX + 1];
	struct buffer *payload = chat_begin(chat);
	protocol_read(payload, mark->user_id, result->seq);
	(void)chat_send(chat, topic_of_chat(mark->room, bytes), payload, 1, 0);
}

static void tell_lobby(struct chat *chat, const struct mark *mark, const struct marked *result)
{
	const struct user *user = presence_user(chat->presence, mark->user_id);
	if (user == NULL || !presence_hears_in_lobby(user, NULL)) {
		return;
	}
	char bytes[TOPIC_MAX + 1];
	struct buffer *payload = chat_begin(chat);
	protocol_read_lobby(payload, mark->room, result);
	(void)chat_send(chat, topic_of_lobby(mark->user_id, bytes), payload, 1, 0);
}

void chat_tell_read(struct chat *chat, const struct mark *mark, const struct marked *result)
{
	tell_chat(chat, mark, result);
	tell_lobby(chat, mark, result);
}

void chat_marked(struct chat *chat, const struct mark *mark, const struct marked *result)
{
	/* When the first answer was lost, the second one finds the marker moved already. */
	bool moved = result->moved || (result->seq > 0 && marks_in_doubt(chat->marks, mark));
	/* In a cluster it comes with the news, in its turn. */
	if (moved && !chat_in_cluster(chat)) {
		chat_tell_read(chat, mark, result);
	}
	marks_done(chat->marks, mark);
}

void chat_mark_failed(struct chat *chat, const struct mark *mark, bool for_good)
{
	if (for_good) {
		chat_log(chat, CHAT_WARNING, NULL,
			"the database refused a read mark of %.*s in chat/%.*s",
			SLICE_ARGS(mark->user_id), SLICE_ARGS(mark->room));
		marks_done(chat->marks, mark);
	} else {
		marks_lost(chat->marks, mark);
	}
}
