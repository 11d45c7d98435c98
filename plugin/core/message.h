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
#define DATA_MAX 8192     /* of a message's `data`, as it was sent */
#define DATA_DEPTH_MAX 16 /* levels of it, its own included */
#define REACTION_MAX 64
#define REF_MAX_CODE_POINTS 64
#define REF_MAX (4 * REF_MAX_CODE_POINTS)
#define PAYLOAD_MAX 131072
#define ANSWER_MAX 256000     /* a history or unread answer is cut before it passes this */
#define HISTORY_LIMIT_MAX 200 /* messages */
#define UNREAD_CHATS_MAX 100
#define CHATS_LIMIT_MAX 100
#define CURSOR_MAX 256           /* of what `chats` is asked to go on after */
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
	struct slice text;      /* may be empty where there is data, and of a deleted message */
	struct slice ref;       /* empty: none */
	struct slice data;      /* a JSON object, byte for byte as it was sent; empty: none */
	struct slice reactions; /* the wire's JSON array; empty: none.  Only on the way out */
	int64_t reply_to;       /* a seq of the same chat; 0: none */
	int64_t sent_at;        /* Unix time in ms */
	int64_t edited_at;      /* Unix time in ms; 0: never */
	int64_t seq;            /* 1, 2, 3, … */
	int64_t change;         /* the number of its last change; 0: it never changed */
	bool deleted;
	bool muted;         /* the opponent has muted the chat; only on the way out */
	int8_t in_chat;     /* who is in the chat: 1 the room's first user, 2 the second, added up;
	                     * -1: not known */
	client_serial from; /* the sending connection */
};

/* What became of a message that the store took. */
enum saved_as {
	SAVED_NEW,       /* committed: goes to everyone */
	SAVED_REPEAT,    /* its ref was stored before: text, seq and sent_at are the stored one's */
	SAVED_REJECTED,  /* the database refused it for good */
	SAVED_FORBIDDEN, /* the chat is closed */
};

/* What a client asks to be changed of a stored message. */
struct change {
	enum change_kind {
		CHANGE_EDIT,
		CHANGE_DELETE,
		CHANGE_REACT,
	} kind;
	struct slice room;
	struct slice user_id; /* who asks */
	int64_t seq;
	int64_t asked_at; /* Unix time in ms */
	bool has_text;    /* edit: the text becomes `text`; else it stays */
	struct slice text;
	bool has_data; /* edit: the data becomes `data`, none where that is empty; else it stays */
	struct slice data;
	struct slice reaction; /* react */
	bool on;               /* react: it comes; else it goes */
	struct slice ref;      /* empty: none */
	client_serial from;    /* the asking connection */
	bool in_doubt;         /* it was asked for before, and what became of it was lost */
};

/* What became of a change that the store took. */
enum changed_as {
	CHANGED_NEW,       /* committed: goes to everyone */
	CHANGED_ALREADY,   /* it was so already: the message as it stands goes to who asked */
	CHANGED_NOT_THERE, /* the chat has no message with this seq */
	CHANGED_DELETED,   /* a deleted message can be neither edited nor reacted to */
	CHANGED_EMPTY,     /* the edit would leave neither text nor data */
	CHANGED_TOO_MANY,  /* a seventh reaction of this user */
	CHANGED_FORBIDDEN, /* the message is the other user's, or the chat is closed */
	CHANGED_REJECTED,  /* the database refused it for good */
};

/* A message that has changed. */
struct changed {
	int64_t change;         /* the chat's number for it */
	struct slice by;        /* whose doing; empty: the application's */
	struct message message; /* whole, as it is by now */
	struct slice ref;       /* that of the change, not the message's; empty: none */
};

/* Something to be read, or set, for one client. */
struct load {
	enum load_what {
		LOAD_HISTORY,
		LOAD_UNREAD,
		LOAD_CHANGES,
		LOAD_CHATS,
		LOAD_MUTE,  /* user_id has muted room, or no longer */
		LOAD_BLOCK, /* user_id blocks the other user of room, or no longer */
	} what;
	uint64_t ticket;      /* the asker's own number for it, comes back with the answer */
	struct slice room;    /* history, changes, mute, block: which chat */
	struct slice user_id; /* unread, chats, mute, block: whose; history: who asks (then the page
	                         says what is known of their peer), empty: nobody */
	bool on;              /* mute, block */
	int64_t before;       /* history: messages with a lower seq, newest first; 0: not asked */
	int64_t after;        /* history: messages with a higher seq; -1: not asked */
	int64_t since;        /* changes: those with a higher number */
	struct slice cursor;  /* chats: where an earlier answer ended; empty: from the newest */
	int limit;            /* history and changes: 1 to HISTORY_LIMIT_MAX; chats: to
	                         CHATS_LIMIT_MAX */
};

/* What a user is told of the other one in a chat. */
struct peer {
	struct slice user_id;
	bool known;        /* has written in this chat: only then is the rest told */
	struct slice name; /* empty: none */
	bool online;
	int64_t seen_at; /* Unix time in ms; 0: never */
	bool name_only;  /* neither `online` nor `seen_at` is told */
};

/* Who came online, or went, and under which name: kept for `peer` and the lists. */
struct user_seen {
	struct slice user_id;
	bool has_name;     /* it was a login */
	struct slice name; /* that it gave; empty: none */
	bool online;
	int64_t at; /* Unix time in ms */
};

/* The answer to a LOAD_HISTORY.  `messages` ascend by seq. */
struct page {
	const struct message *messages; /* room, key, name and opponent_id are not filled in */
	size_t count;
	bool more;               /* further ones in the direction asked */
	int64_t a_read;          /* how far the room's first user has read, 0 for nothing; -1: not
	                            to be told */
	int64_t b_read;          /* likewise, the second one */
	int64_t change;          /* the chat's latest change number, 0 for none */
	struct slice epoch;      /* empty: the store knows neither changes nor epochs */
	bool closed;             /* the chat is */
	bool undecided;          /* nothing was ever said, and the application's may_chat decides */
	const struct peer *peer; /* what the database knows of the asking client's peer; NULL: not
	                            asked, or not to be told */
};

/* The answer to a LOAD_CHANGES.  `messages` ascend by change. */
struct changes {
	const struct message *messages; /* as in struct page */
	size_t count;
	int64_t change; /* complete up to this one */
	bool more;
	struct slice epoch;
};

/* One chat in which messages wait for somebody. */
struct unread_chat {
	struct slice room;
	struct slice peer_id;
	struct slice name;   /* the peer's; empty: none */
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

/* One chat of a user in which something was said. */
struct listed_chat {
	struct slice room;
	struct slice peer_id;
	struct slice name; /* the peer's; empty: none */
	bool has_last;
	struct message last; /* the newest message */
	int64_t count;       /* unread */
	int64_t a_read;      /* as in struct page; in a closed chat only the user's own is told */
	int64_t b_read;
	bool muted;
	bool blocked;        /* by this user */
	struct slice cursor; /* where an answer that ends with this chat goes on */
};

/* The answer to a LOAD_CHATS: the chat with the newest message first. */
struct chats {
	const struct listed_chat *chats;
	size_t count;    /* at most CHATS_LIMIT_MAX */
	bool more;       /* there are further chats */
	bool bad_cursor; /* the load's cursor is none that an answer has said */
};

/* What became of a LOAD_MUTE or LOAD_BLOCK. */
enum set_as {
	SET_NEW,       /* committed */
	SET_ALREADY,   /* it was so already */
	SET_NOT_THERE, /* mute: this user has no such chat in which something was said */
	SET_TOO_MANY,  /* block: the user blocks as many as may be */
};

/* What the application has decided about a user. */
struct user_news {
	struct slice user_id;
	struct slice name; /* shown while the latest login gave none; empty: none */
	bool barred;
	int64_t revoked_before; /* tokens issued before are refused; Unix ms, 0: none */
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
