/* Logins, disconnects, reloads. */
#include <stdio.h>

#include "chat_state.h"

#define PREFIX "chat:"

void chat_reload(struct chat *chat)
{
	chat->reloading = true;
}

void chat_set_keyring(struct chat *chat, struct keyring *keyring)
{
	keyring_free(chat->keyring);
	chat->keyring = keyring;
}

static void drop(struct chat *chat, struct client *client)
{
	while (client->chats != NULL) {
		chat_leave(chat, client->chats);
	}
	if (client->unread_request != NULL) {
		requests_cancel(&chat->requests, client->unread_request);
	}
	expiry_remove(&chat->expiry, client);
	if (client->user != NULL && client->user->client_count == 1) {
		chat_logged_out(chat, client->user, chat->now);
		if (chat_in_cluster(chat)) {
			chat->ports.concern(chat->ports.arg, presence_id(client->user), false);
		}
	}
	presence_remove(chat->presence, client);
}

void chat_disconnect(struct chat *chat, const void *handle)
{
	struct client *client = presence_find(chat->presence, handle);
	if (client != NULL) {
		drop(chat, client);
	}
}

void chat_end_client(struct chat *chat, struct client *client, const char *why)
{
	chat_log(chat, CHAT_NOTICE, client, "%s, disconnecting", why);
	if (client->replaced) {
		/* Its id is a newer connection's, which must not suffer for this one, or a
		 * session's that one left, and 2.0 breaks when that is kicked.  A WebSocket that is
		 * not read can be here long after it was taken over. */
		chat_disconnect(chat, client->handle);
	} else {
		client->ended = true;
		chat->ports.kick(chat->ports.arg, client->client_id);
	}
}

/* One of the user's clients that may not be here any more, and why. */
static struct client *next_barred(struct chat *chat, struct slice id, const char **why)
{
	const struct user *user = presence_user(chat->presence, id);
	struct client *client = user == NULL ? NULL : user->clients;
	for (; client != NULL; client = client->user_next) {
		*why = bars_refusal(&chat->bars, id, client->issued_at);
		if (*why != NULL && !client->ended) {
			break;
		}
	}
	return client;
}

void chat_user_news(struct chat *chat, const struct user_news *news)
{
	const char *why = NULL;
	struct client *client;
	if (bars_set(&chat->bars, news->user_id, news->barred, news->revoked_before / 1000) !=
		CHAT_OK) {
		chat_log(chat, CHAT_WARNING, NULL, "out of memory: %.*s is not kept out",
			SLICE_ARGS(news->user_id));
	}
	chat_set_app_name(chat, news->user_id, news->name);
	/* A kick frees the client, and maybe the user. */
	while ((client = next_barred(chat, news->user_id, &why)) != NULL) {
		chat_end_client(chat, client, why);
	}
}

/* Whoever floods us with logins must not fill the disk with lines. */
#define REFUSALS_LOGGED 100 /* a second */

void chat_log_refusals(struct chat *chat, struct chat_time now)
{
	int64_t second = now.steady / 1000;
	if (second == chat->refusals_second) {
		return;
	}
	if (chat->refusals_unlogged > 0) {
		chat_log(chat, CHAT_NOTICE, NULL, "%u more logins were refused within a second",
			chat->refusals_unlogged);
	}
	chat->refusals_second = second;
	chat->refusals_logged = chat->refusals_unlogged = 0;
}

/* The line begins with what cannot be forged: a user id has no blank in it, and an address neither.
 * What follows in brackets is as the client gave it. */
static enum chat_answer refuse(
	struct chat *chat, const struct chat_login *login, const char *why, struct chat_time now)
{
	char id[ID_MAX + 1];
	chat_log_refusals(chat, now);
	if (chat->refusals_logged == REFUSALS_LOGGED) {
		chat->refusals_unlogged++;
		return CHAT_DENY;
	}
	chat->refusals_logged++;
	token_claimed_id(login->username, login->password, id);
	chat_log(chat, CHAT_NOTICE, NULL, "%s from %.64s (%.64s): login refused: %s",
		id[0] == '\0' ? "?" : id, login->address == NULL ? "?" : login->address,
		login->client_id, why);
	return CHAT_DENY;
}

/* A client id belongs to the user who has it open (`id` empty: to ordinary clients). */
static bool may_use_client_id(struct chat *chat, const char *client_id, struct slice id)
{
	struct client *holder = presence_holder(chat->presence, client_id);
	for (; holder != NULL; holder = holder->older) {
		if (!slice_equal(chat_client_id(holder), id)) {
			return false;
		}
	}
	return true;
}

static enum chat_answer connect_ordinary(
	struct chat *chat, const struct chat_login *login, struct chat_time now)
{
	struct slice nobody = slice_of("", 0);
	if (!may_use_client_id(chat, login->client_id, nobody)) {
		return refuse(chat, login, "the client id is in use by a chat user", now);
	}
	if (presence_add(chat->presence, login->handle, login->client_id, nobody, nobody) == NULL) {
		return refuse(chat, login, "out of memory", now);
	}
	return CHAT_DEFER;
}

void chat_connected_unasked(struct chat *chat, const void *handle, const char *client_id)
{
	struct slice nobody = slice_of("", 0);
	if (presence_find(chat->presence, handle) == NULL &&
		presence_add(chat->presence, handle, client_id, nobody, nobody) == NULL) {
		chat_log(chat, CHAT_WARNING, NULL, "(%.64s): out of memory", client_id);
	}
}

/* Why this user may not come in although the token is good; NULL: may. */
static const char *obstacle(struct chat *chat, const struct chat_login *login, struct slice id,
	int64_t issued_at, struct chat_time now)
{
	if (login->closed != NULL) {
		return login->closed;
	}
	if (!login->clean) {
		return "chat logins ask for a clean session (clean_session 1, clean start 1)";
	}
	if (!may_use_client_id(chat, login->client_id, id)) {
		return "the client id is in use by somebody else";
	}
	const char *refusal = bars_refusal(&chat->bars, id, issued_at);
	if (refusal != NULL) {
		return refusal;
	}
	const struct user *user = presence_user(chat->presence, id);
	bool takes_over = presence_holder(chat->presence, login->client_id) != NULL;
	if (user != NULL && user->client_count >= CLIENTS_PER_USER_MAX && !takes_over) {
		return "this user has too many connections";
	}
	if (limiter_take(chat->limiter, id, LIMIT_LOGINS, now.steady) > 0) {
		return "this user logs in too often";
	}
	return NULL;
}

/* Of a token's `iat`, as far as 32 bits go: until 2106. */
static uint32_t seconds_of(int64_t issued_at)
{
	if (issued_at == TOKEN_UNDATED || issued_at < 0) {
		return BARS_UNDATED;
	}
	return issued_at / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(issued_at / 1000);
}

static bool is_renamed(const struct user *user, const struct claims *claims)
{
	return user != NULL &&
	       (user->named != claims->named ||
		       !slice_equal(presence_name(user->name), slice_str(claims->name)));
}

static enum chat_answer connect_user(struct chat *chat, const struct chat_login *login,
	const struct claims *claims, struct chat_time now, char username[CHAT_USERNAME_MAX + 1])
{
	struct slice id = slice_str(claims->id);
	uint32_t issued_at = seconds_of(claims->issued_at);
	const char *why = obstacle(chat, login, id, issued_at, now);
	if (why != NULL) {
		return refuse(chat, login, why, now);
	}
	bool renamed = is_renamed(presence_user(chat->presence, id), claims);
	struct client *client = presence_add(
		chat->presence, login->handle, login->client_id, id, slice_str(claims->name));
	if (client == NULL) {
		return refuse(chat, login, "out of memory", now);
	}
	if (chat_in_cluster(chat) && client->user->client_count == 1) {
		chat->ports.concern(chat->ports.arg, id, true);
	}
	client->issued_at = issued_at;
	client->user->named = claims->named;
	chat_logged_in(chat, client->user, renamed, now);
	chat_say_login(chat, client);
	if (claims->expires_at != 0) {
		client->expires_at = claims->expires_at + TOKEN_LEEWAY_MS;
		expiry_add(&chat->expiry, client);
	}
	snprintf(username, CHAT_USERNAME_MAX + 1, PREFIX "%s", claims->id);
	return CHAT_ALLOW;
}

/* A session without a connection: it blocks no client id, and ends without an event, so it stays
 * out of the books.  Only an accepted chat user has a username with our prefix.  Refusing such a
 * session makes 2.0 use it after it has freed it. */
static enum chat_answer check_away(const struct chat_login *login)
{
	return slice_starts(login->username, SLICE(PREFIX)) ? CHAT_ALLOW : CHAT_DEFER;
}

enum chat_answer chat_connect(struct chat *chat, const struct chat_login *login,
	struct chat_time now, char username[CHAT_USERNAME_MAX + 1])
{
	chat->now = now;
	username[0] = '\0';
	struct client *client = presence_find(chat->presence, login->handle);
	if (client != NULL) {
		if (chat->reloading && strcmp(client->client_id, login->client_id) == 0) {
			return client->user != NULL ? CHAT_ALLOW : CHAT_DEFER;
		}
		/* The broker did not say that it ended, and has reused the handle. */
		drop(chat, client);
	}
	if (chat->reloading && login->away) {
		return check_away(login);
	}
	struct claims claims;
	const char *reason = "";
	switch (token_verify(chat->keyring, &chat->options.tokens, login->username, login->password,
		now.wall, &claims, &reason)) {
	case TOKEN_ACCEPTED:
		return connect_user(chat, login, &claims, now, username);
	case TOKEN_REFUSED:
		return refuse(chat, login, reason, now);
	case TOKEN_NOT_OURS:
		break;
	}
	return connect_ordinary(chat, login, now);
}
