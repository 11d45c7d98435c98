/* The wire's JSON <-> plain structs: strict on the way in, exact on the way out. */
#ifndef CHAT_PROTOCOL_H
#define CHAT_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "message.h"

enum event_kind {
	EVENT_MESSAGE,
	EVENT_READ,
	EVENT_TYPING,
	EVENT_HISTORY,
	EVENT_EDIT,
	EVENT_DELETE,
	EVENT_REACT,
	/* to a lobby */
	EVENT_CHATS,
	EVENT_MUTE,
	EVENT_BLOCK,
};

/* A client's publish to a chat or to its lobby.  Slices point into the payload or into the bytes at
 * the end. */
struct event {
	enum event_kind kind;
	struct slice ref; /* empty: none.  After an error too, when there was a good one */
	bool has_text;
	struct slice text; /* message, edit */
	bool has_data;
	struct slice data; /* message, edit: as it was sent.  Empty: none; edit: to be removed */
	int64_t reply_to;  /* message; 0: none */
	int64_t seq;       /* read, edit, delete, react */
	struct slice reaction; /* react */
	bool on;               /* typing, react, mute, block */
	bool has_before;
	int64_t before;       /* history; 0 is a legal one */
	int64_t after;        /* history; -1: not asked */
	int64_t since;        /* history; -1: not asked */
	struct slice cursor;  /* chats; empty: from the newest */
	int limit;            /* history, chats; 50 unless asked */
	struct slice room;    /* mute */
	struct slice user_id; /* block */
	char text_bytes[TEXT_MAX];
	char ref_bytes[REF_MAX];
	char word_bytes[CURSOR_MAX]; /* the longest of what else there is to copy, one an event */
};

/* Publishes to a chat, and to a lobby.  CHAT_EBADJSON, CHAT_EBADEVENT, CHAT_EBADFIELD,
 * CHAT_ETOOLARGE; *reason is then a sentence that names the member and quotes nothing that the
 * client sent. */
MUST_CHECK enum chat_error protocol_decode(
	struct slice payload, struct event *event, const char **reason);
MUST_CHECK enum chat_error protocol_decode_lobby(
	struct slice payload, struct event *event, const char **reason);

/* The writers append one payload to an empty buffer; an allocation that fails shows in
 * buffer->failed. */

void protocol_message(struct buffer *out, const struct message *message);

/* To a lobby; `name` is the message's. */
void protocol_notification(struct buffer *out, const struct message *message, bool quiet);

void protocol_changed(struct buffer *out, const struct changed *changed);
/* To a lobby; the chat is the message's. */
void protocol_changed_lobby(struct buffer *out, const struct changed *changed);

/* Cut before ANSWER_MAX bytes: kept are the messages nearest to the point asked for, the lowest
 * seqs when `upwards` (asked with `after`), else the highest, and at least one. */
void protocol_history(struct buffer *out, struct slice room, const struct page *page, bool upwards,
	struct slice ref);

/* Cut before ANSWER_MAX bytes: kept are the lowest changes, at least one, and it is complete up to
 * the last of them. */
void protocol_changes(struct buffer *out, const struct changes *changes, struct slice ref);

/* Cut before ANSWER_MAX bytes: the newest chats are kept; of all chats at least one, because behind
 * that the next page begins. */
void protocol_unread(struct buffer *out, const struct unread *unread);
void protocol_chats(struct buffer *out, const struct chats *chats, struct slice ref);

void protocol_peer(struct buffer *out, const struct peer *peer);

void protocol_muted(struct buffer *out, struct slice room, bool on, struct slice ref);
void protocol_blocked(struct buffer *out, struct slice user_id, bool on, struct slice ref);

/* To the chat. */
void protocol_read(struct buffer *out, struct slice user_id, int64_t seq);
/* To the reader's own lobby. */
void protocol_read_lobby(struct buffer *out, struct slice room, const struct marked *marked);

void protocol_typing(struct buffer *out, struct slice user_id, bool on);

/* Somebody who is in a chat, or joins or leaves it. */
struct person {
	struct slice id;
	struct slice name;
};

void protocol_presence_state(struct buffer *out, const struct person *people, size_t count);
/* All of them join, or all leave. */
void protocol_presence_diff(
	struct buffer *out, const struct person *people, size_t count, bool join);

/* ref empty: none.  retry_ms 0: left out. */
void protocol_error(struct buffer *out, enum chat_error code, const char *reason, struct slice ref,
	int64_t retry_ms);

#endif
