/* What one broker of a cluster tells the others, or hears from them.  Slices are borrowed for the
 * length of the call; who keeps them copies them. */
#ifndef CHAT_NODE_NEWS_H
#define CHAT_NODE_NEWS_H

#include "message.h"

enum node_news_what {
	/* Out of the store's transactions, also this broker's own. */
	NODE_MESSAGE, /* message was stored; by a client: on, else by the application */
	NODE_CHANGED, /* changed */
	NODE_READ,    /* mark and marked */
	NODE_MUTED,   /* user_id has muted room, or no longer: on */
	NODE_SEEN,    /* user_id is online anywhere (on) or not, under `name`, and was last seen at
	                 `at` */

	/* Said by brokers themselves, to the others alone. */
	NODE_PLACED, /* user_id, as `name`, has come to room there (on), or left it */
	NODE_TYPING, /* user_id types in room: on */
	NODE_LOGIN,  /* user_id has logged in with client_id */

	/* To the database: what of room was missed, behind message.seq and changed.change? */
	NODE_ASK,
	/* That is all of it now, up to message.seq; or there is more of it: on.  Both users' read
	 * markers: marked.seq and mark.seq, the first one's first. */
	NODE_ASKED,

	/* About brokers. */
	NODE_ENTERED,      /* this one is in the cluster, under a number that nobody has heard of */
	NODE_BEHIND,       /* some of what was told was missed */
	NODE_GONE,         /* that one is dead, or has another number by now */
	NODE_PLACES_KNOWN, /* who is in room elsewhere was said before */
};

struct node_news {
	enum node_news_what what;
	int32_t node; /* which broker says it */
	bool own;     /* this one does */
	int32_t age;  /* ms since it was said, where that is known */
	bool missed;  /* it was asked for */
	struct slice room;
	struct slice user_id;
	struct slice name;
	struct slice client_id;
	bool on;
	int64_t at; /* Unix time in ms; 0: never */
	struct message message;
	struct changed changed;
	struct mark mark;
	struct marked marked;
};

#endif
