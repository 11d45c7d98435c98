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

/* Until it is known whether the chat is open nobody in it may be told.  The page that will say so
 * shows the mark, too: the store reads it behind the mark, or it would have come before.  In a
 * cluster the mark may be another broker's, and newer than the page. */
static void keep_untold(struct room *room, struct slice id, int64_t seq)
{
	if (room->cluster != NULL) {
		int64_t *untold = &room->cluster->untold_read[presence_side(room, id) == 1 ? 0 : 1];
		*untold = seq > *untold ? seq : *untold;
	}
}

void chat_tell_read_in_chat(struct chat *chat, struct room *room, struct slice id, int64_t seq)
{
	if (seq == 0 || chat_is_shut(room)) {
		return;
	}
	if (room->state == ROOM_UNKNOWN) {
		keep_untold(room, id, seq);
		return;
	}
	char bytes[TOPIC_MAX + 1];
	struct buffer *payload = chat_begin(chat);
	protocol_read(payload, id, seq);
	(void)chat_send(chat, topic_of_chat(presence_room_name(room), bytes), payload, 1, 0);
}

void chat_tell_untold_reads(struct chat *chat, struct room *room)
{
	struct slice ids[2];
	if (room->cluster == NULL ||
		!topic_split_room(presence_room_name(room), &ids[0], &ids[1])) {
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		chat_tell_read_in_chat(chat, room, ids[i], room->cluster->untold_read[i]);
		room->cluster->untold_read[i] = 0;
	}
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
	struct room *room = presence_room(chat->presence, mark->room);
	if (room != NULL) {
		chat_tell_read_in_chat(chat, room, mark->user_id, result->seq);
	}
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
