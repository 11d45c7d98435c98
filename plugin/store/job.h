/* Everything that travels between the broker's thread and the store's: jobs on the way in, which
 * come back as their own outcome, and answers and lines on the way out.  Each is one allocation,
 * its bytes behind it. */
#ifndef CHAT_JOB_H
#define CHAT_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"
#include "level.h"
#include "message.h"
#include "permits.h"
#include "node_news.h"
#include "queue.h"

enum job_kind {
	JOB_SAVE,   /* out: saved */
	JOB_LOAD,   /* out: load_failed */
	JOB_MARK,   /* out: marked or mark_failed */
	JOB_CHANGE, /* out: changed or change_lost */
	JOB_ASK,    /* out: permit */
	JOB_SETTLE, /* the store's own; never comes out */
	JOB_SET,    /* a load_job with its outcome */
	JOB_PAGE,
	JOB_CHANGES,
	JOB_UNREAD,
	JOB_CHATS,
	JOB_ANSWERING,
	JOB_EPOCH,
	JOB_OUTSIDE,
	JOB_SEEN,    /* goes in only */
	JOB_ENTERED, /* out: entered */
	JOB_NEWS,    /* both ways */
	JOB_LINE,
};

struct save_job {
	struct item item;
	struct message message;
	enum saved_as as; /* out */
	bool in_doubt;    /* was sent, and the connection was lost before the answer */
	/* With a journal. */
	struct journal_place place;
	bool replayed; /* from before the start: may be stored already, and nobody waits for it */
	bool quiet;    /* nobody is to hear of it */
	uint16_t room_place; /* of save_queues */
	char bytes[];
};

#define EPOCH_MAX 32 /* bytes */

/* The first member of what the loader does for somebody who asked. */
struct task {
	struct item item;
	int64_t since; /* when it was asked for, of clock_ms */
	int64_t due;   /* when its room was locked: not before */
	int pause;     /* the last one, in ms */
};

struct load_job {
	struct task task;
	struct load load;
	enum set_as as; /* out, of a JOB_SET */
	char bytes[];
};

enum mark_outcome {
	MARK_UNKNOWN,
	MARK_DONE,
	MARK_REFUSED,
};

struct mark_job {
	struct task task;
	struct mark mark;
	enum mark_outcome outcome; /* out */
	struct marked result;      /* out */
	char bytes[];
};

struct change_job {
	struct task task;
	struct change change;
	bool lost;              /* out: not tried, or its outcome is unknown */
	enum changed_as as;     /* out */
	struct changed changed; /* out */
	struct answer *answer;  /* out: what slices of `changed` point into; NULL: none */
	char bytes[];
};

/* Whether this chat may begin. */
struct ask_job {
	struct item item;
	int64_t since; /* when it was asked for, of clock_ms */
	struct slice room;
	enum permit permit; /* out */
	char bytes[];
};

/* A user of whom some chats were looked at in vain: chat.settle() puts that right. */
struct settle_job {
	struct task task;
	struct slice user_id;
	char bytes[];
};

/* What the answers of one statement have in common: the result that their slices point into.
 * Whoever lets go last frees it. */
struct answer {
	_Atomic size_t holders;
	_Atomic size_t *undrained; /* the loader's count of bytes, `size` of which are here */
	size_t size;
	void *result;     /* PGresult */
	bool undelivered; /* chat.deliver_next() has something to do */
	char epoch[EPOCH_MAX + 1];
};

/* The answer to one load; each of the four jobs below begins with this. */
struct load_answer {
	struct item item;
	struct load_job *asked; /* owns it: user ids of messages are slices of its room */
	struct answer *answer;
};

struct page_job {
	struct load_answer to;
	struct page page;
	struct peer peer;
	struct message messages[];
};

struct changes_job {
	struct load_answer to;
	struct changes changes;
	struct message messages[];
};

struct unread_job {
	struct load_answer to;
	struct unread unread;
	struct unread_chat chats[];
};

struct chats_job {
	struct load_answer to;
	struct chats chats;
	struct listed_chat listed[];
};

struct answering_job {
	struct item item;
	bool yes;
};

struct epoch_job {
	struct item item;
	char epoch[EPOCH_MAX + 1];
};

/* What happened outside of this broker. */
struct outside_job {
	struct item item;
	enum outside_what {
		OUTSIDE_POSTED,  /* the application has posted `message` */
		OUTSIDE_CHANGED, /* `message` has changed, by the application */
		OUTSIDE_CLOSED,  /* `room` is closed (on), or open again */
		OUTSIDE_BLOCKED, /* user.user_id has blocked the other user of `room` (on), or no
		                  * longer
		                  */
		OUTSIDE_USER,    /* `user` */
		OUTSIDE_SITE_DECIDES, /* the application has a may_chat of its own (on), or no
		                       * longer
		                       */
	} what;
	struct answer *answer; /* what the slices point into; NULL: there are none */
	struct message message;
	struct user_news user;
	struct slice room;
	bool on;
};

struct seen_job {
	struct item item;
	struct user_seen seen;
	char bytes[];
};

/* For the other brokers of a cluster, or from them. */
struct news_job {
	struct item item;
	struct answer *answer; /* what slices point into, if not into `bytes`; NULL: none */
	struct node_news news;
	char bytes[];
};

struct line_job {
	struct item item;
	enum store_level level;
	char line[];
};

/* Copies of what is passed, or NULL when out of memory. */
struct save_job *job_save(const struct message *message);
/* The job with another message of the same room in its place; all else is as it was. */
struct save_job *job_save_as(const struct save_job *job, const struct message *message);
struct load_job *job_load(const struct load *load, int64_t now);
struct mark_job *job_mark(const struct mark *mark, int64_t now);
struct change_job *job_change(const struct change *change, int64_t now);
struct ask_job *job_ask(struct slice room, int64_t now);
struct settle_job *job_settle(struct slice user_id);
struct seen_job *job_seen(const struct user_seen *seen);
/* Copies room, user_id, name and client_id alone. */
struct news_job *job_news(const struct node_news *news);

/* Whatever it is.  NULL is fine. */
void job_free(struct item *item);
void jobs_free(struct items *items);

/* With one holder, and no result yet.  NULL: out of memory. */
struct answer *answer_make(_Atomic size_t *undrained);
/* Takes the result, and counts its bytes as not drained until the last holder lets go. */
void answer_set(struct answer *answer, void *result);
void answer_hold(struct answer *answer);
/* NULL is fine. */
void answer_release(struct answer *answer);

#endif
