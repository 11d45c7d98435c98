/* Parses and builds topics and ids.  Allocates nothing; what comes out points into what went in. */
#ifndef CHAT_TOPIC_H
#define CHAT_TOPIC_H

#include <stdbool.h>

#include "message.h"
#include "slice.h"

/* What is said of a filter's first level holds for the one behind $share/<group>/ too. */
enum topic_kind {
	TOPIC_OTHER,  /* none of ours */
	TOPIC_LOBBY,  /* user/<id> */
	TOPIC_CHAT,   /* chat/<a>/<b> */
	TOPIC_BROKEN, /* first level user or chat, but neither of the two forms, or a shared one */
	TOPIC_WILD,   /* a filter whose first level is + or #: it would match ours */
	TOPIC_HIDDEN, /* $hat and below: what the plugin has read is renamed to that */
};

struct topic {
	enum topic_kind kind;
	struct slice a;    /* lobby: the user; chat: the first user */
	struct slice b;    /* chat: the second user */
	struct slice room; /* chat: "<a>/<b>" */
};

/* For TOPIC_LOBBY and TOPIC_CHAT only an exact, canonical topic counts: valid ids, a before b, no
 * further level.  topic_parse is for a topic that is published or delivered, topic_parse_filter for
 * a SUBSCRIBE's filter (with wildcards and $share/<group>/ understood). */
struct topic topic_parse(struct slice topic);
struct topic topic_parse_filter(struct slice filter);

/* 1 to 64 characters of A-Z a-z 0-9 _ . @ ~ = - */
bool topic_valid_id(struct slice id);

/* Negative when a stands before b in a chat's topic: shorter first, then byte order. */
int topic_compare_ids(struct slice a, struct slice b);

/* Splits a room ("1/2") that came from topic_parse or from the database.  False when it is none. */
bool topic_split_room(struct slice room, struct slice *a, struct slice *b);

/* The room of two different users, written with a NUL behind it. */
struct slice topic_room_of(struct slice one, struct slice other, char into[ROOM_MAX + 1]);

/* Writes "chat/<room>" or "user/<id>" with a NUL behind it and returns it. */
#define TOPIC_MAX (5 + ROOM_MAX)
struct slice topic_of_chat(struct slice room, char into[TOPIC_MAX + 1]);
struct slice topic_of_lobby(struct slice id, char into[TOPIC_MAX + 1]);

#endif
