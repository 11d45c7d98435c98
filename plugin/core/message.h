/* The plain facts that cross rooms: what core asks of the store and what comes back.  Slices in
 * here are borrowed for the length of the call, whoever makes it; who keeps a fact copies it. */
#ifndef CHAT_MESSAGE_H
#define CHAT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

/* Bounds that the wire promises; the unit is bytes unless it says otherwise. */
#define ID_MAX 64
#define ROOM_MAX (2 * ID_MAX + 1) /* "<a>/<b>" */
#define NAME_MAX_BYTES 128
#define TEXT_MAX 16384
#define REF_MAX_CODE_POINTS 64
#define REF_MAX (4 * REF_MAX_CODE_POINTS)
#define PAYLOAD_MAX 131072
#define ANSWER_MAX 256000     /* a history or unread answer is cut before it passes this */
#define HISTORY_LIMIT_MAX 200 /* messages */
#define UNREAD_CHATS_MAX 100
#define SEQ_MAX 9007199254740991 /* 2^53 - 1 */
#define KEY_SIZE 16

/* Identifies one connection for ever: handles and client ids come back, serials do not.  0: nobody.
 */
typedef uint64_t client_serial;

/* One chat message, on its way to the store (seq 0) or out of it. */
struct message {
	unsigned char key[KEY_SIZE]; /* the plugin's own id of it, never shown */
	struct slice room;           /* "1/2" */
	struct slice user_id;        /* who sent it */
	struct slice opponent_id;    /* whom it is for */
	struct slice name;           /* of the sending connection; only on the way in */
	struct slice text;
	struct slice ref;   /* empty: none */
	int64_t sent_at;    /* Unix time in ms */
	int64_t seq;        /* 1, 2, 3, … */
	client_serial from; /* the sending connection */
};

/* What became of a message that the store took. */
enum saved_as {
	SAVED_NEW,      /* committed: goes to everyone */
	SAVED_REPEAT,   /* its ref was stored before: text, seq and sent_at are the stored one's */
	SAVED_REJECTED, /* the database refused it for good */
};

/* Something to be read for one client. */
struct load {
	enum load_what {
		LOAD_HISTORY,
		LOAD_UNREAD,
	} what;
	uint64_t ticket;      /* the asker's own number for it, comes back with the answer */
	struct slice room;    /* history: which chat */
	struct slice user_id; /* unread: whose */
	int64_t before;       /* history: messages with a lower seq, newest first; 0: not asked */
	int64_t after;        /* history: messages with a higher seq; -1: not asked */
	int limit;            /* history: 1 to HISTORY_LIMIT_MAX */
};

/* The answer to a LOAD_HISTORY.  `messages` ascend by seq. */
struct page {
	const struct message *messages; /* room, key, name and opponent_id are not filled in */
	size_t count;
	bool more;      /* further ones in the direction asked */
	int64_t a_read; /* how far the room's first user has read, 0 for nothing */
	int64_t b_read;
};

/* One chat in which messages wait for somebody. */
struct unread_chat {
	struct slice room;
	struct slice peer_id;
	int64_t count;       /* at least 1 */
	struct message last; /* the newest of them */
};

/* The answer to a LOAD_UNREAD: newest chat first, at most UNREAD_CHATS_MAX. */
struct unread {
	const struct unread_chat *chats;
	size_t count;
	int64_t total; /* unread messages in all chats, also those not listed */
	bool more;     /* there are further chats */
};

/* "user_id has read room up to seq". */
struct mark {
	struct slice room;
	struct slice user_id;
	int64_t seq;
};

/* What a mark did. */
struct marked {
	bool moved;    /* false: the marker stood there or beyond already */
	int64_t seq;   /* where it stands now */
	int64_t count; /* unread left for this user in this chat */
	int64_t total; /* and in all chats */
};

#endif
