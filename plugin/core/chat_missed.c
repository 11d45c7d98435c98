/* What this broker of a cluster did not hear: it was taken for dead, or too much was told.
 *
 * In each chat that somebody is in, the database is asked for what came behind the last that was
 * told here.  Until it has answered, nobody in it is told of messages that come with the news: what
 * was told before the answer is in it. */
#include "chat_state.h"

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* False: nothing is known here of which something could be missed. */
static bool ask(struct chat *chat, struct room *room)
{
	struct node_news news = {.what = NODE_ASK, .room = presence_room_name(room)};
	news.message.seq = later(room->cluster->told_seq, room->last_seq);
	news.changed.change = later(room->last_change, room->cluster->read_change);
	room->cluster->asked = news.message.seq >= 0 && chat_say(chat, &news);
	return news.message.seq >= 0;
}

void chat_page_came(struct chat *chat, struct room *room)
{
	if (room->cluster != NULL && room->cluster->renewed) {
		room->cluster->renewed = false;
		(void)!ask(chat, room);
	}
}

bool chat_awaits_page(struct room *room)
{
	const struct membership *m = room->members;
	while (m != NULL && m->history_request == NULL) {
		m = m->room_next;
	}
	room->cluster->renewed = room->cluster->renewed && m != NULL;
	return room->cluster->renewed;
}

void chat_ask_missed(struct chat *chat, struct chat_time now)
{
	for (struct room *room = presence_next_room(chat->presence, NULL); room != NULL;
		room = presence_next_room(chat->presence, room)) {
		if (ask(chat, room)) {
			continue;
		}
		/* Their histories may have been read too early. */
		for (struct membership *m = room->members; m != NULL; m = m->room_next) {
			chat_request_history(chat, m, now);
		}
	}
	chat_request_all_unread(chat, now);
}

static void hear_message(struct chat *chat, struct room *room, const struct message *message)
{
	if (message->seq > room->cluster->told_seq) {
		chat_tell_in_chat(chat, room, message);
		chat_tell_held_changes(chat, room);
	}
}

/* Of several changes of a message the last one is told, so there may be numbers between them. */
static void hear_changed(
	struct chat *chat, struct room *room, const struct changed *changed, struct chat_time now)
{
	if (changed->change > room->last_change) {
		room->last_change = changed->change - 1;
		chat_hear_changed(chat, changed, now);
	}
}

static void hear_asked(struct chat *chat, struct room *room, const struct node_news *news)
{
	struct slice a, b;
	if (news->on) {
		(void)!ask(chat, room);
		return;
	}
	room->cluster->asked = false;
	room->cluster->fed_seq = room->cluster->told_seq;
	if (topic_split_room(news->room, &a, &b)) {
		chat_tell_read_in_chat(chat, room, a, news->marked.seq);
		chat_tell_read_in_chat(chat, room, b, news->mark.seq);
	}
}

void chat_hear_missed(struct chat *chat, const struct node_news *news, struct chat_time now)
{
	if (news->what == NODE_SEEN) {
		chat_hear_seen(chat, news, now);
		return;
	}
	struct room *room = presence_room(chat->presence, news->room);
	if (room == NULL) {
		return;
	}
	if (news->what == NODE_MESSAGE) {
		hear_message(chat, room, &news->message);
	} else if (news->what == NODE_CHANGED) {
		hear_changed(chat, room, &news->changed, now);
	} else {
		hear_asked(chat, room, news);
	}
}
