/* Read marks: to the store, and what became of them. */
#include <stdlib.h>

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

/* How far the two users of a chat have read, heard of before it is known whether the chat is open:
 * until then nobody in it may be told of the other one. */
struct untold_read {
	struct table_link by_room;
	const struct room *room;
	int64_t seqs[2]; /* of the first user, of the second one; 0: there is nothing to tell */
};

static bool is_of_room(const struct table_link *link, const void *room)
{
	return TABLE_ELEMENT(link, struct untold_read, by_room)->room == room;
}

static struct untold_read *find_untold(const struct chat *chat, const struct room *room)
{
	struct table_link *link =
		table_find(&chat->untold_reads, room->by_name.hash, is_of_room, room);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct untold_read, by_room);
}

static void forget(struct chat *chat, struct untold_read *untold)
{
	table_remove(&chat->untold_reads, &untold->by_room);
	free(untold);
}

/* Without memory it is lost: the page that is still to come shows the mark, too. */
static void keep_untold(struct chat *chat, const struct room *room, struct slice id, int64_t seq)
{
	struct untold_read *untold = find_untold(chat, room);
	if (untold == NULL) {
		untold = calloc(1, sizeof(*untold));
		if (untold == NULL) {
			return;
		}
		untold->room = room;
		table_add(&chat->untold_reads, &untold->by_room, room->by_name.hash);
	}
	int64_t *kept = &untold->seqs[presence_side(room, id) == 1 ? 0 : 1];
	*kept = seq > *kept ? seq : *kept;
}

void chat_tell_read_in_chat(
	struct chat *chat, const struct room *room, struct slice id, int64_t seq)
{
	char bytes[TOPIC_MAX + 1];
	if (seq == 0 || chat_is_shut(room)) {
		return;
	}
	if (room->state == ROOM_UNKNOWN) {
		keep_untold(chat, room, id, seq);
		return;
	}
	struct buffer *payload = chat_begin(chat);
	protocol_read(payload, id, seq);
	(void)chat_send(chat, topic_of_chat(presence_room_name(room), bytes), payload, 1, 0);
}

void chat_tell_untold_reads(struct chat *chat, const struct room *room)
{
	struct slice a, b;
	struct untold_read *untold = find_untold(chat, room);
	if (untold == NULL) {
		return;
	}
	if (topic_split_room(presence_room_name(room), &a, &b)) {
		chat_tell_read_in_chat(chat, room, a, untold->seqs[0]);
		chat_tell_read_in_chat(chat, room, b, untold->seqs[1]);
	}
	forget(chat, untold);
}

void chat_forget_untold_reads(struct chat *chat, const struct room *room)
{
	struct untold_read *untold = find_untold(chat, room);
	if (untold != NULL) {
		forget(chat, untold);
	}
}

void chat_free_untold_reads(struct chat *chat)
{
	size_t at = 0;
	struct table_link *link;
	while ((link = table_any(&chat->untold_reads, &at)) != NULL) {
		forget(chat, TABLE_ELEMENT(link, struct untold_read, by_room));
	}
	table_finish(&chat->untold_reads);
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
	const struct room *room = presence_room(chat->presence, mark->room);
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
