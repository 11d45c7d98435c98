/* Payloads that clients publish -> struct event. */
#include "json.h"
#include "protocol.h"
#include "topic.h"
#include "utf8.h"

#define LIMIT_DEFAULT 50 /* of history and chats */
#define WORD_MAX 16      /* bytes; no event's name and no literal is longer */

/* All the members that any event knows. */
enum {
	EVENT,
	REF,
	TEXT,
	DATA,
	REPLY_TO,
	SEQ,
	REACTION,
	ON,
	BEFORE,
	AFTER,
	SINCE,
	LIMIT,
	CHAT,
	USER_ID,
	MEMBERS
};

static enum chat_error fail(enum chat_error error, const char **reason, const char *why)
{
	*reason = why;
	return error;
}

static enum chat_error bad_field(const char **reason, const char *why)
{
	return fail(CHAT_EBADFIELD, reason, why);
}

static bool is_there(const struct json_member *member)
{
	return member->raw.len > 0;
}

/* A string of at least one byte that was short enough to be parsed. */
static bool is_word(const struct json_member *member)
{
	return member->string.len > 0;
}

static struct slice copy(const struct json_member *string, char *into)
{
	memcpy(into, string->string.bytes, string->string.len);
	return slice_of(into, string->string.len);
}

/* ---- members that several events have.  One that is missing is a good one. */

static bool decode_ref(const struct json_member *member, struct event *event)
{
	if (!is_there(member)) {
		return true;
	}
	if (!is_word(member)) {
		return false;
	}
	size_t code_points = 0;
	for (size_t i = 0; i < member->string.len; i++) {
		code_points += !utf8_continues((unsigned char)member->string.bytes[i]);
	}
	if (code_points > REF_MAX_CODE_POINTS) {
		return false;
	}
	event->ref = copy(member, event->ref_bytes);
	return true;
}

static enum chat_error decode_text(
	const struct json_member *member, struct event *event, const char **reason)
{
	event->has_text = is_there(member);
	if (!event->has_text) {
		return CHAT_OK;
	}
	if (json_first(member) != '"') {
		return bad_field(reason, "'text' must be a string.");
	}
	if (member->len > TEXT_MAX) {
		return fail(
			CHAT_ETOOLARGE, reason, "'text' must have at most 16384 bytes of UTF-8.");
	}
	event->text = copy(member, event->text_bytes);
	return CHAT_OK;
}

/* `null` is good where the event can remove it. */
static enum chat_error decode_data(
	const struct json_member *member, struct event *event, bool removable, const char **reason)
{
	event->has_data = is_there(member);
	if (!event->has_data || (removable && json_first(member) == 'n')) {
		return CHAT_OK;
	}
	if (json_first(member) != '{') {
		return bad_field(reason, "'data' must be an object.");
	}
	if (member->raw.len > DATA_MAX) {
		return fail(CHAT_ETOOLARGE, reason, "'data' must have at most 8192 bytes.");
	}
	if (member->depth > DATA_DEPTH_MAX) {
		return bad_field(reason, "'data' must have at most 16 levels.");
	}
	event->data = member->raw;
	return CHAT_OK;
}

static enum chat_error decode_on(
	const struct json_member *member, struct event *event, const char **reason)
{
	if (is_there(member) && !cJSON_IsBool(member->value)) {
		return bad_field(reason, "'on' must be true or false.");
	}
	event->on = !cJSON_IsFalse(member->value);
	return CHAT_OK;
}

static enum chat_error decode_limit(const struct json_member *member, int max, struct event *event,
	const char **reason, const char *why)
{
	int64_t limit = LIMIT_DEFAULT;
	if (is_there(member) && (!json_integer(member, &limit) || limit < 1 || limit > max)) {
		return bad_field(reason, why);
	}
	event->limit = (int)limit;
	return CHAT_OK;
}

/* The message that is to be changed. */
static enum chat_error decode_changed_seq(
	const struct json_member *member, struct event *event, const char **reason)
{
	if (!json_integer(member, &event->seq) || event->seq < 1) {
		return bad_field(reason, "'seq' must be an integer from 1 to 2^53 - 1.");
	}
	return CHAT_OK;
}

/* ---- events of a chat */

static enum chat_error decode_message(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	enum chat_error error = decode_text(&members[TEXT], event, reason);
	if (error == CHAT_OK) {
		error = decode_data(&members[DATA], event, false, reason);
	}
	if (error == CHAT_OK && event->text.len == 0 && event->data.len == 0) {
		return bad_field(reason,
			"'text' must be a string that is not empty, or there must be 'data'.");
	}
	if (error == CHAT_OK && is_there(&members[REPLY_TO]) &&
		(!json_integer(&members[REPLY_TO], &event->reply_to) || event->reply_to < 1)) {
		return bad_field(reason, "'reply_to' must be an integer from 1 to 2^53 - 1.");
	}
	return error;
}

static enum chat_error decode_edit(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	enum chat_error error = decode_changed_seq(&members[SEQ], event, reason);
	if (error == CHAT_OK) {
		error = decode_text(&members[TEXT], event, reason);
	}
	if (error == CHAT_OK) {
		error = decode_data(&members[DATA], event, true, reason);
	}
	if (error == CHAT_OK && !event->has_text && !event->has_data) {
		return bad_field(reason, "'text' or 'data' must be there.");
	}
	bool nothing_left =
		event->has_text && event->text.len == 0 && event->has_data && event->data.len == 0;
	return error == CHAT_OK && nothing_left
	               ? bad_field(reason, "'text' must not be empty where 'data' is removed.")
	               : error;
}

static enum chat_error decode_delete(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	return decode_changed_seq(&members[SEQ], event, reason);
}

static enum chat_error decode_react(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	enum chat_error error = decode_changed_seq(&members[SEQ], event, reason);
	if (error != CHAT_OK) {
		return error;
	}
	const struct json_member *reaction = &members[REACTION];
	if (!is_word(reaction) || reaction->len > REACTION_MAX ||
		utf8_has_control(reaction->string)) {
		return bad_field(reason,
			"'reaction' must be a string of 1 to 64 bytes without control characters.");
	}
	event->reaction = copy(reaction, event->word_bytes);
	return decode_on(&members[ON], event, reason);
}

static enum chat_error decode_read(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	if (!json_integer(&members[SEQ], &event->seq)) {
		return bad_field(reason, "'seq' must be an integer from 0 to 2^53 - 1.");
	}
	return CHAT_OK;
}

static enum chat_error decode_typing(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	return decode_on(&members[ON], event, reason);
}

static enum chat_error decode_history(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	event->has_before = is_there(&members[BEFORE]);
	if (event->has_before && !json_integer(&members[BEFORE], &event->before)) {
		return bad_field(reason, "'before' must be an integer from 0 to 2^53 - 1.");
	}
	if (is_there(&members[AFTER]) && !json_integer(&members[AFTER], &event->after)) {
		return bad_field(reason, "'after' must be an integer from 0 to 2^53 - 1.");
	}
	if (is_there(&members[SINCE]) && !json_integer(&members[SINCE], &event->since)) {
		return bad_field(reason, "'since' must be an integer from 0 to 2^53 - 1.");
	}
	if (event->has_before + (event->after >= 0) + (event->since >= 0) > 1) {
		return bad_field(reason, "'before', 'after' and 'since' exclude each other.");
	}
	return decode_limit(&members[LIMIT], HISTORY_LIMIT_MAX, event, reason,
		"'limit' must be an integer from 1 to 200.");
}

/* ---- events of a lobby */

static enum chat_error decode_chats(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	if (is_there(&members[AFTER])) {
		if (!is_word(&members[AFTER])) {
			return bad_field(
				reason, "'after' must be the 'next' of an earlier answer.");
		}
		event->cursor = copy(&members[AFTER], event->word_bytes);
	}
	return decode_limit(&members[LIMIT], CHATS_LIMIT_MAX, event, reason,
		"'limit' must be an integer from 1 to 100.");
}

static enum chat_error decode_mute(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	struct topic topic = {.kind = TOPIC_OTHER};
	if (is_word(&members[CHAT])) {
		topic = topic_parse(copy(&members[CHAT], event->word_bytes));
	}
	if (topic.kind != TOPIC_CHAT) {
		return bad_field(reason, "'chat' must be the topic of a chat.");
	}
	event->room = topic.room;
	return decode_on(&members[ON], event, reason);
}

static enum chat_error decode_block(
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	if (!topic_valid_id(members[USER_ID].string)) {
		return bad_field(reason, "'user_id' must be the id of a user.");
	}
	event->user_id = copy(&members[USER_ID], event->word_bytes);
	return decode_on(&members[ON], event, reason);
}

/* ---- any event */

struct known_event {
	enum event_kind kind;
	const char *name;
	enum chat_error (*decode)(const struct json_member members[MEMBERS], struct event *event,
		const char **reason);
	bool has_ref; /* else it does not matter what its `ref` is */
};

static const struct known_event chat_events[] = {
	{EVENT_MESSAGE, "message", decode_message, true},
	{EVENT_READ, "read", decode_read, false},
	{EVENT_TYPING, "typing", decode_typing, false},
	{EVENT_HISTORY, "history", decode_history, true},
	{EVENT_EDIT, "edit", decode_edit, true},
	{EVENT_DELETE, "delete", decode_delete, true},
	{EVENT_REACT, "react", decode_react, true},
	{.name = NULL},
};

static const struct known_event lobby_events[] = {
	{EVENT_CHATS, "chats", decode_chats, true},
	{EVENT_MUTE, "mute", decode_mute, true},
	{EVENT_BLOCK, "block", decode_block, true},
	{.name = NULL},
};

static const struct known_event *find_event(
	const struct known_event *known, const struct json_member *member)
{
	if (!is_word(member)) {
		return NULL;
	}
	while (known->name != NULL && !slice_equal(slice_str(known->name), member->string)) {
		known++;
	}
	return known->name == NULL ? NULL : known;
}

/* Not the bytes behind the slices: they are many, and written before they are read. */
static void reset(struct event *event)
{
	const struct slice nothing = {NULL, 0};
	event->kind = EVENT_MESSAGE;
	event->ref = nothing;
	event->has_text = false;
	event->text = nothing;
	event->has_data = false;
	event->data = nothing;
	event->reply_to = 0;
	event->seq = 0;
	event->reaction = nothing;
	event->on = true;
	event->has_before = false;
	event->before = 0;
	event->after = -1;
	event->since = -1;
	event->cursor = nothing;
	event->limit = LIMIT_DEFAULT;
	event->room = nothing;
	event->user_id = nothing;
}

static enum chat_error decode_members(const struct known_event *known, const char *names,
	const struct json_member members[MEMBERS], struct event *event, const char **reason)
{
	bool good_ref = decode_ref(&members[REF], event);
	const struct known_event *found = find_event(known, &members[EVENT]);
	if (found == NULL) {
		return fail(CHAT_EBADEVENT, reason, names);
	}
	event->kind = found->kind;
	enum chat_error error = found->decode(members, event, reason);
	if (error == CHAT_OK && found->has_ref && !good_ref) {
		return bad_field(reason, "'ref' must be a string of 1 to 64 code points.");
	}
	return error;
}

static enum chat_error decode(struct slice payload, const struct known_event *known,
	const char *names, struct event *event, const char **reason)
{
	reset(event);
	*reason = NULL;
	if (payload.len > PAYLOAD_MAX) {
		return fail(CHAT_ETOOLARGE, reason, "The payload must have at most 131072 bytes.");
	}
	static const struct json_member wanted[MEMBERS] = {
		[EVENT] = {.name = SLICE("event"), .parsed_max = WORD_MAX},
		[REF] = {.name = SLICE("ref"), .parsed_max = REF_MAX},
		[TEXT] = {.name = SLICE("text"), .parsed_max = TEXT_MAX},
		[DATA] = {.name = SLICE("data")},
		[REPLY_TO] = {.name = SLICE("reply_to")},
		[SEQ] = {.name = SLICE("seq")},
		[REACTION] = {.name = SLICE("reaction"), .parsed_max = REACTION_MAX},
		[ON] = {.name = SLICE("on"), .parsed_max = WORD_MAX},
		[BEFORE] = {.name = SLICE("before")},
		[AFTER] = {.name = SLICE("after"), .parsed_max = CURSOR_MAX},
		[SINCE] = {.name = SLICE("since")},
		[LIMIT] = {.name = SLICE("limit")},
		[CHAT] = {.name = SLICE("chat"), .parsed_max = TOPIC_MAX},
		[USER_ID] = {.name = SLICE("user_id"), .parsed_max = ID_MAX},
	};
	struct json_member members[MEMBERS];
	memcpy(members, wanted, sizeof(members));
	enum chat_error error = CHAT_EBADJSON;
	if (json_read(payload, members, MEMBERS, reason)) {
		error = decode_members(known, names, members, event, reason);
	}
	json_free(members, MEMBERS);
	return error;
}

enum chat_error protocol_decode(struct slice payload, struct event *event, const char **reason)
{
	return decode(payload, chat_events,
		"'event' must be \"message\", \"read\", \"typing\", \"history\", \"edit\", "
		"\"delete\" or \"react\".",
		event, reason);
}

enum chat_error protocol_decode_lobby(
	struct slice payload, struct event *event, const char **reason)
{
	return decode(payload, lobby_events, "'event' must be \"chats\", \"mute\" or \"block\".",
		event, reason);
}
