/* What the store brings back, and what is asked of it. */
#include <utlist.h>

#include "chat_state.h"

/* Messages. */

/* The lobby of one of the room's two users, for those of its clients that are not in the chat.
 * `unless` is the entry of the chat's own message: who takes that one does not get the notification
 * too. */
static void notify(struct chat *chat, struct slice id, const struct message *message,
	const struct room *room, uint64_t unless)
{
	const struct user *user = presence_user_near(chat->presence, room, id);
	if (user == NULL || !presence_waits_outside(user, room)) {
		return;
	}
	bool quiet = slice_equal(id, message->user_id) || presence_is_in(room, user);
	char bytes[TOPIC_MAX + 1];
	/* The message's own text is in chat->text: the notification is made around it. */
	buffer_clear(&chat->notice);
	protocol_notification(
		&chat->notice, message->room, message->name, buffer_slice(&chat->text), quiet);
	(void)chat_send(chat, topic_of_lobby(id, bytes), &chat->notice, 1, unless);
}

static void send_new(struct chat *chat, struct slice topic, const struct message *message)
{
	struct room *room = presence_room(chat->presence, message->room);
	uint64_t number = 0;
	if (room != NULL) {
		number = room->last_message = chat_send(chat, topic, &chat->text, 1, 0);
	}
	notify(chat, message->user_id, message, room, number);
	notify(chat, message->opponent_id, message, room, number);
}

/* The outcome of a message goes to its sender, and to those of its clients that repeated it
 * meanwhile. */
static void send_outcome(struct chat *chat, struct slice topic, enum saved_as as,
	const struct message *message, client_serial to)
{
	if (as == SAVED_REPEAT) {
		chat_send_to(chat, topic, &chat->text, to);
	} else if (as == SAVED_REJECTED) {
		chat_send_error(chat, topic, to, CHAT_EREJECTED,
			"the database refused this message; do not send it again", message->ref, 0);
	}
}

void chat_saved(struct chat *chat, enum saved_as as, const struct message *message)
{
	char bytes[TOPIC_MAX + 1];
	struct slice topic = topic_of_chat(message->room, bytes);
	buffer_clear(&chat->text);
	protocol_message(&chat->text, message);
	if (as == SAVED_NEW) {
		send_new(chat, topic, message);
	}
	send_outcome(chat, topic, as, message, message->from);
	struct pending *pending =
		message->ref.len > 0 ? pending_find(&chat->pending, message) : NULL;
	if (pending == NULL) {
		return;
	}
	for (const struct repeat *r = pending->repeats; r != NULL; r = r->next) {
		send_outcome(chat, topic, as, message, r->from);
	}
	pending_remove(&chat->pending, pending);
}

/* Histories and unread lists. */

/* The client that asked, if it is still there. */
static struct client *asker(const struct chat *chat, const struct request *request)
{
	struct client *client = presence_find(chat->presence, request->handle);
	return client != NULL && client->serial == request->serial ? client : NULL;
}

static struct slice topic_of(const struct request *request, char bytes[TOPIC_MAX + 1])
{
	return request->what == LOAD_HISTORY ? topic_of_chat(request_room(request), bytes)
	                                     : topic_of_lobby(request_user_id(request), bytes);
}

static void tell_unavailable(struct chat *chat, struct request *request)
{
	char bytes[TOPIC_MAX + 1];
	const char *reason = request->owed ? "the store is away; the answer follows when it is back"
	                                   : "the history cannot be read now; ask again later";
	chat_send_error(chat, topic_of(request, bytes), request->serial, CHAT_EUNAVAILABLE, reason,
		request_ref(request), RETRY_MS);
	requests_told(&chat->requests, request);
}

/* Where the client's books point to what a subscribe owes it; NULL when it left meanwhile. */
static void **owed_place(
	const struct chat *chat, struct client *client, const struct request *request)
{
	if (request->what == LOAD_UNREAD) {
		return client->lobby ? &client->lobby_owed : NULL;
	}
	struct room *room = presence_room(chat->presence, request_room(request));
	struct membership *m = presence_membership(client, room);
	return m == NULL ? NULL : &m->owed;
}

/* Not when the client has left, or a later subscribe is owed the same. */
static bool still_owed(const struct chat *chat, const struct request *request)
{
	struct client *client = asker(chat, request);
	void **place = client == NULL ? NULL : owed_place(chat, client, request);
	return place != NULL && *place == request;
}

#define FAILURES_MAX 3 /* in a row, while the store is there */

/* The request is over: answered, or given up. */
static void finish(struct chat *chat, struct request *request)
{
	struct client *client = asker(chat, request);
	if (request->owed && still_owed(chat, request)) {
		*owed_place(chat, client, request) = NULL;
	} else if (client != NULL && !request->owed) {
		client->requests--;
	}
	requests_remove(&chat->requests, request);
}

static void owe(struct chat *chat, void **place, const struct load *load,
	const struct client *client, struct chat_time now)
{
	struct request *already = *place;
	if (already != NULL && !already->flying) {
		/* It waits for the store to come back, and will answer this subscribe as well. */
		if (!chat->answering) {
			tell_unavailable(chat, already);
		}
		return;
	}
	struct request *request = requests_add(&chat->requests, load, slice_of("", 0),
		client->handle, client->serial, true, now.steady);
	if (request == NULL) {
		chat_log(chat, CHAT_WARNING, client, "out of memory: a subscribe is not answered");
		return;
	}
	*place = request;
	if (!chat->answering) {
		tell_unavailable(chat, request);
	}
	chat_pump(chat);
}

void chat_owe_history(struct chat *chat, struct membership *m, struct chat_time now)
{
	struct load load = {
		.what = LOAD_HISTORY,
		.room = presence_room_name(m->room),
		.after = -1,
		.limit = chat->options.history_limit,
	};
	owe(chat, &m->owed, &load, m->client, now);
}

void chat_owe_unread(struct chat *chat, struct client *client, struct chat_time now)
{
	struct load load = {.what = LOAD_UNREAD, .user_id = chat_client_id(client), .after = -1};
	owe(chat, &client->lobby_owed, &load, client, now);
}

/* The request under this ticket, if somebody still waits for it; a cancelled one is cleared away.
 */
static struct request *landed(struct chat *chat, uint64_t ticket)
{
	struct request *request = requests_find(&chat->requests, ticket);
	if (request != NULL && (request->cancelled || asker(chat, request) == NULL)) {
		requests_remove(&chat->requests, request);
		return NULL;
	}
	return request;
}

static void answer(struct chat *chat, struct request *request)
{
	char bytes[TOPIC_MAX + 1];
	chat_send_to(chat, topic_of(request, bytes), &chat->text, request->serial);
	chat->answered++;
	finish(chat, request);
}

void chat_page(struct chat *chat, uint64_t ticket, const struct page *page)
{
	struct request *request = landed(chat, ticket);
	if (request != NULL) {
		buffer_clear(&chat->text);
		protocol_history(&chat->text, request_room(request), page, request->after >= 0,
			request_ref(request));
		answer(chat, request);
	}
}

void chat_unread(struct chat *chat, uint64_t ticket, const struct unread *unread)
{
	struct request *request = landed(chat, ticket);
	if (request != NULL) {
		buffer_clear(&chat->text);
		protocol_unread(&chat->text, unread);
		answer(chat, request);
	}
}

/* Tells the client; what was only asked for ends with that. */
static void give_up(struct chat *chat, struct request *request)
{
	tell_unavailable(chat, request);
	if (!request->owed) {
		finish(chat, request);
	}
}

void chat_load_failed(struct chat *chat, uint64_t ticket)
{
	struct request *request = landed(chat, ticket);
	if (request == NULL) {
		return;
	}
	if (request->owed && !still_owed(chat, request)) {
		finish(chat, request);
		return;
	}
	/* Lost with its connection it waits for the next; refused by a database that is there, it
	 * would be refused again. */
	if (request->owed && chat->answering && ++request->failures >= FAILURES_MAX) {
		chat_log(chat, CHAT_WARNING, asker(chat, request),
			"a subscribe stays unanswered: the database refuses to read for it");
		finish(chat, request);
		return;
	}
	if (request->owed) {
		requests_again(&chat->requests, request);
	}
	if (request->timely) {
		give_up(chat, request);
	}
}

void chat_tell_late(struct chat *chat, struct chat_time now)
{
	struct request *request;
	while ((request = requests_late(&chat->requests, now.steady)) != NULL) {
		if (asker(chat, request) == NULL) {
			requests_remove(&chat->requests, request);
		} else {
			give_up(chat, request);
		}
	}
}

static bool pump_request(struct chat *chat)
{
	struct request *request = requests_next(&chat->requests);
	if (request == NULL) {
		return false;
	}
	if (asker(chat, request) == NULL) {
		requests_remove(&chat->requests, request);
		return true;
	}
	struct load load = request_load(request);
	requests_flies(&chat->requests, request);
	if (chat->ports.load(chat->ports.arg, &load) != CHAT_OK) {
		requests_unfly(&chat->requests, request);
		return false;
	}
	return true;
}

static bool pump_mark(struct chat *chat)
{
	struct mark mark;
	if (!marks_next(chat->marks, &mark)) {
		return false;
	}
	if (chat->ports.mark(chat->ports.arg, &mark) != CHAT_OK) {
		marks_again(chat->marks, &mark);
		return false;
	}
	return true;
}

void chat_pump(struct chat *chat)
{
	if (!chat->answering) {
		return;
	}
	while (pump_request(chat)) {
	}
	while (pump_mark(chat)) {
	}
}

/* Read marks. */

void chat_marked(struct chat *chat, const struct mark *mark, const struct marked *result)
{
	char bytes[TOPIC_MAX + 1];
	/* When the first answer was lost, the second one finds the marker moved already. */
	bool moved = result->moved || (result->seq > 0 && marks_in_doubt(chat->marks, mark));
	if (moved && presence_room(chat->presence, mark->room) != NULL) {
		buffer_clear(&chat->text);
		protocol_read(&chat->text, mark->user_id, result->seq);
		(void)chat_send(chat, topic_of_chat(mark->room, bytes), &chat->text, 1, 0);
	}
	const struct user *user = presence_user(chat->presence, mark->user_id);
	if (moved && user != NULL && presence_waits_outside(user, NULL)) {
		buffer_clear(&chat->text);
		protocol_read_lobby(&chat->text, mark->room, result);
		(void)chat_send(chat, topic_of_lobby(mark->user_id, bytes), &chat->text, 1, 0);
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

void chat_answering(struct chat *chat, bool yes)
{
	chat->answering = yes;
	if (yes) {
		chat_pump(chat);
		return;
	}
	struct request *request, *next;
	DL_FOREACH_SAFE(chat->requests.waiting, request, next)
	{
		request->failures = 0; /* the connection was lost, no answer was refused */
		if (request->timely) {
			give_up(chat, request);
		}
	}
}
