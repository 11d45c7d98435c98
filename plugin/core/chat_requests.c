/* What clients wait for: histories, lists, and settings that are kept. */
#include <utlist.h>

#include "chat_state.h"

struct client *chat_asker(const struct chat *chat, const struct request *request)
{
	struct client *client = presence_find(chat->presence, request->handle);
	return client != NULL && client->serial == request->serial ? client : NULL;
}

static bool is_setting(const struct request *request)
{
	return request->what == LOAD_MUTE || request->what == LOAD_BLOCK;
}

/* Something is being set, or may have been: others may have to hear of it, whatever has become of
 * the client that asked. */
static bool is_being_set(const struct request *request)
{
	return is_setting(request) && (request->sent || request->in_doubt);
}

/* Its client is told that it takes longer, and the answer still comes. */
static bool is_kept(const struct request *request)
{
	return request->for_subscribe || is_being_set(request);
}

static bool is_wanted(const struct chat *chat, const struct request *request)
{
	return !request->cancelled && (chat_asker(chat, request) != NULL || is_being_set(request));
}

static struct slice topic_of(const struct request *request, char bytes[TOPIC_MAX + 1])
{
	return request->what == LOAD_HISTORY || request->what == LOAD_CHANGES
	               ? topic_of_chat(request_room(request), bytes)
	               : topic_of_lobby(request_user_id(request), bytes);
}

static void tell_unavailable(struct chat *chat, struct request *request)
{
	char bytes[TOPIC_MAX + 1];
	const char *reason = request->for_subscribe
	                             ? "the store is away; the answer follows when it is back"
	                             : CHAT_ASK_LATER_REASON;
	chat_send_error(chat, topic_of(request, bytes), request->serial, CHAT_EUNAVAILABLE, reason,
		request_ref(request), RETRY_MS);
	requests_end_deadline(&chat->requests, request);
}

/* Where the client's books keep the request that follows such a subscribe; NULL when it has
 * unsubscribed. */
static struct request **place_of(
	const struct chat *chat, struct client *client, const struct request *request)
{
	if (request->what == LOAD_UNREAD) {
		return client->in_lobby ? &client->unread_request : NULL;
	}
	struct room *room = presence_room(chat->presence, request_room(request));
	struct membership *m = presence_membership(client, room);
	return m == NULL ? NULL : &m->history_request;
}

/* The place that holds this request; NULL when its client has unsubscribed, or a later subscribe
 * has put another request there. */
static struct request **place_with(const struct chat *chat, const struct request *request)
{
	struct client *client = chat_asker(chat, request);
	struct request **place = client == NULL ? NULL : place_of(chat, client, request);
	return place != NULL && *place == request ? place : NULL;
}

void chat_finish_request(struct chat *chat, struct request *request)
{
	struct client *client = chat_asker(chat, request);
	if (request->for_subscribe) {
		struct request **place = place_with(chat, request);
		if (place != NULL) {
			*place = NULL;
		}
	} else if (client != NULL) {
		client->requests--;
	}
	requests_remove(&chat->requests, request);
}

/* Makes the request that follows a subscribe, unless one that waits will answer this one as well.
 * While the store is away the client is told that it takes longer. */
static void request_for_subscribe(struct chat *chat, struct request **place,
	const struct load *load, const struct client *client, struct chat_time now)
{
	struct request *request = *place;
	if (request == NULL || request->sent) {
		request = requests_add(&chat->requests, load, slice_of("", 0), client->handle,
			client->serial, true, now.steady);
		if (request == NULL) {
			chat_log(chat, CHAT_WARNING, client,
				"out of memory: a subscribe is not answered");
			return;
		}
		*place = request;
	}
	if (!chat->store_up) {
		tell_unavailable(chat, request);
	}
	chat_ask_store(chat);
}

void chat_request_history(struct chat *chat, struct membership *m, struct chat_time now)
{
	struct load load = {
		.what = LOAD_HISTORY,
		.room = presence_room_name(m->room),
		.user_id = chat->ports.seen == NULL ? slice_of("", 0) : chat_client_id(m->client),
		.after = -1,
		.limit = chat->options.history_limit,
	};
	request_for_subscribe(chat, &m->history_request, &load, m->client, now);
}

void chat_request_unread(struct chat *chat, struct client *client, struct chat_time now)
{
	struct load load = {.what = LOAD_UNREAD, .user_id = chat_client_id(client), .after = -1};
	request_for_subscribe(chat, &client->unread_request, &load, client, now);
}

struct request *chat_wanted_request(struct chat *chat, uint64_t ticket)
{
	struct request *request = requests_find(&chat->requests, ticket);
	if (request != NULL && !is_wanted(chat, request)) {
		requests_remove(&chat->requests, request);
		return NULL;
	}
	return request;
}

static void send_answer(
	struct chat *chat, const struct request *request, const struct buffer *payload)
{
	char bytes[TOPIC_MAX + 1];
	chat_send_to(chat, topic_of(request, bytes), payload, request->serial);
	chat->answers_this_turn++;
}

/* In a closed chat nobody is told how far the other one has read. */
static void hide_from(struct page *page, struct slice room, struct slice id)
{
	struct slice a, b;
	if (page->closed && topic_split_room(room, &a, &b)) {
		page->a_read = slice_equal(id, a) ? page->a_read : -1;
		page->b_read = slice_equal(id, b) ? page->b_read : -1;
	}
}

/* From here on the order of what is told in the chat is known. */
static void note_newest(struct room *room, const struct page *page)
{
	if (room->last_seq < 0) {
		room->last_seq = page->count == 0 ? 0 : page->messages[page->count - 1].seq;
	}
	/* In a cluster a change that the page shows may come with the news, and is not told yet. */
	int64_t *change = room->cluster == NULL ? &room->last_change : &room->cluster->read_change;
	if (*change < 0 && page->epoch.len > 0) {
		*change = page->change;
	}
	if (page->peer != NULL && page->peer->known) {
		room->known |= presence_side(room, page->peer->user_id);
	}
}

/* What the page says of the chat.  It may have been read before the chat was closed, and come after
 * that: then it does not open it. */
static void note_closed(struct chat *chat, const struct request *request, const struct page *page,
	enum room_state state, struct chat_time now)
{
	struct room *room = presence_room(chat->presence, request_room(request));
	bool outdated = state == ROOM_OPEN && request->closings != chat->closings;
	if (room != NULL && request->for_subscribe) {
		note_newest(room, page);
		chat_page_came(chat, room);
	}
	bool told = room != NULL && !(outdated && room->state == ROOM_CLOSED) &&
	            chat_set_state(chat, room, state, now);
	if (state != ROOM_OPEN && request->for_subscribe && !told) {
		char bytes[TOPIC_MAX + 1];
		chat_send_error(chat, topic_of(request, bytes), request->serial, CHAT_EFORBIDDEN,
			CHAT_CLOSED_REASON, slice_of("", 0), 0);
	}
}

void chat_page(struct chat *chat, uint64_t ticket, const struct page *page, struct chat_time now)
{
	struct request *request = chat_wanted_request(chat, ticket);
	if (request == NULL) {
		return;
	}
	enum permit permit = PERMIT_GIVEN;
	if (page->undecided && chat_awaits_permit(chat, request, &permit, now)) {
		return;
	}
	struct page told = *page;
	struct peer peer;
	told.closed = page->closed || permit != PERMIT_GIVEN;
	if (page->peer != NULL) {
		struct room *room = presence_room(chat->presence, request_room(request));
		peer = chat_peer_of(chat, room, page->peer);
		told.peer = told.closed ? NULL : &peer;
	}
	hide_from(&told, request_room(request), chat_client_id(chat_asker(chat, request)));
	struct buffer *payload = chat_begin(chat);
	protocol_history(
		payload, request_room(request), &told, request->after >= 0, request_ref(request));
	send_answer(chat, request, payload);
	if (permit == PERMIT_GIVEN || permit == PERMIT_REFUSED) {
		note_closed(chat, request, page,
			page->closed               ? ROOM_CLOSED
			: permit == PERMIT_REFUSED ? ROOM_REFUSED
						   : ROOM_OPEN,
			now);
	}
	chat_finish_request(chat, request);
}

void chat_changes(struct chat *chat, uint64_t ticket, const struct changes *changes)
{
	struct request *request = chat_wanted_request(chat, ticket);
	if (request != NULL) {
		struct buffer *payload = chat_begin(chat);
		protocol_changes(payload, changes, request_ref(request));
		send_answer(chat, request, payload);
		chat_finish_request(chat, request);
	}
}

void chat_chats(struct chat *chat, uint64_t ticket, const struct chats *chats)
{
	struct request *request = chat_wanted_request(chat, ticket);
	if (request == NULL) {
		return;
	}
	struct buffer *payload = chat_begin(chat);
	if (chats->bad_cursor) {
		protocol_error(payload, CHAT_EBADFIELD, "'after' must be the 'next' of an answer.",
			request_ref(request), 0);
	} else {
		protocol_chats(payload, chats, request_ref(request));
	}
	send_answer(chat, request, payload);
	chat_finish_request(chat, request);
}

void chat_unread(struct chat *chat, uint64_t ticket, const struct unread *unread)
{
	struct request *request = chat_wanted_request(chat, ticket);
	if (request != NULL) {
		struct buffer *payload = chat_begin(chat);
		protocol_unread(payload, unread);
		send_answer(chat, request, payload);
		chat_finish_request(chat, request);
	}
}

/* Tells the client that it takes longer; a request that it made itself ends with that. */
static void give_up(struct chat *chat, struct request *request)
{
	tell_unavailable(chat, request);
	if (!is_kept(request)) {
		chat_finish_request(chat, request);
	} else if (request->what == LOAD_HISTORY) {
		chat_joined_alone(chat, presence_room(chat->presence, request_room(request)),
			chat_asker(chat, request));
	}
}

void chat_request_takes_longer(struct chat *chat, uint64_t ticket)
{
	struct request *request = chat_wanted_request(chat, ticket);
	if (request != NULL && request->has_deadline) {
		give_up(chat, request);
	}
}

void chat_request_again(struct chat *chat, uint64_t ticket)
{
	struct request *request = chat_wanted_request(chat, ticket);
	if (request == NULL) {
		return;
	}
	if (place_with(chat, request) == NULL) {
		chat_finish_request(chat, request);
	} else {
		requests_wait_again(&chat->requests, request);
	}
}

#define FAILURES_MAX 3 /* in a row, while the store is there */

/* Whether the request is to be tried again.  When its connection was lost it waits for the next
 * one; a database that is there and refuses it would do so again. */
static bool may_be_tried_again(struct chat *chat, struct request *request)
{
	if (request->for_subscribe && place_with(chat, request) == NULL) {
		return false;
	}
	if (chat->store_up && ++request->failures >= FAILURES_MAX) {
		chat_log(chat, CHAT_WARNING, chat_asker(chat, request),
			"a request stays unanswered: the database refuses it");
		return false;
	}
	return true;
}

void chat_load_failed(struct chat *chat, uint64_t ticket)
{
	struct request *request = chat_wanted_request(chat, ticket);
	if (request == NULL) {
		return;
	}
	request->in_doubt = is_setting(request);
	if (is_kept(request)) {
		if (!may_be_tried_again(chat, request)) {
			chat_finish_request(chat, request);
			return;
		}
		requests_wait_again(&chat->requests, request);
	}
	if (request->has_deadline) {
		give_up(chat, request);
	}
}

void chat_check_deadlines(struct chat *chat, struct chat_time now)
{
	struct request *request;
	while ((request = requests_overdue(&chat->requests, now.steady)) != NULL) {
		if (!is_wanted(chat, request)) {
			requests_remove(&chat->requests, request);
		} else {
			give_up(chat, request);
		}
	}
}

static bool send_request(struct chat *chat)
{
	struct request *request = requests_next(&chat->requests);
	if (request == NULL) {
		return false;
	}
	if (!is_wanted(chat, request)) {
		requests_remove(&chat->requests, request);
		return true;
	}
	struct load load = request_load(request);
	if (chat->ports.load(chat->ports.arg, &load) != CHAT_OK) {
		return false;
	}
	request->closings = chat->closings;
	requests_sent(&chat->requests, request);
	return true;
}

void chat_ask_store(struct chat *chat)
{
	chat_send_lost_changes(chat);
	while (chat->store_up && send_request(chat)) {
	}
	chat_send_marks(chat);
}

void chat_store_up(struct chat *chat, bool up)
{
	chat->store_up = up;
	if (up) {
		chat_ask_store(chat);
		return;
	}
	chat_all_joined_alone(chat);
	struct request *request, *next;
	DL_FOREACH_SAFE(chat->requests.waiting, request, next)
	{
		request->failures = 0; /* the connection was lost, no answer was refused */
		if (request->has_deadline) {
			give_up(chat, request);
		}
	}
}

void chat_request_all_unread(struct chat *chat, struct chat_time now)
{
	for (struct user *user = presence_next_user(chat->presence, NULL); user != NULL;
		user = presence_next_user(chat->presence, user)) {
		for (struct client *c = user->clients; c != NULL; c = c->user_next) {
			if (c->in_lobby) {
				chat_request_unread(chat, c, now);
			}
		}
	}
}

void chat_epoch_changed(struct chat *chat, struct chat_time now)
{
	chat_free_ahead(chat);
	for (struct room *room = presence_next_room(chat->presence, NULL); room != NULL;
		room = presence_next_room(chat->presence, room)) {
		chat_tell_all_held_changes(chat, room);
		room->last_seq = room->last_change = -1;
		if (room->cluster != NULL) {
			room->cluster->told_seq = room->cluster->fed_seq = -1;
			room->cluster->read_change = -1;
			room->cluster->renewed = true;
		}
		chat_welcome_again(chat, room, now);
	}
	chat_request_all_unread(chat, now);
}
