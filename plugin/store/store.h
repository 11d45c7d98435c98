/* Postgres's door.  The store owns its threads and connections; nothing here waits for the
 * database. Every function is for one thread, the broker's, unless it says otherwise.
 *
 * Three connections, a thread each: two save messages (take all that wait, one statement, commit),
 * one answers loads and moves read markers.  In a cluster there is a further one: feed.h.  Where
 * the application decides who may begin a chat it is asked on more of them. */
#ifndef CHAT_STORE_H
#define CHAT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "histogram.h"
#include "level.h"
#include "message.h"
#include "permits.h"
#include "node_news.h"

struct store;

struct store_options {
	const char *conninfo; /* libpq connection string or URI; "" for libpq's environment */
	/* Messages not yet stored, batches in flight too; with a journal only those in memory. */
	size_t queue_limit;
	/* Called from a store thread when something is there to drain and nothing was before.
	 * Must not block. */
	void (*wake)(void *wake_arg);
	void *wake_arg;
	const char *journal; /* folder; NULL or "": none */
	int journal_sync_ms; /* between two syncs; 0: each message is synced by itself */
	int journal_limit_mib;
	const char *cluster_name;     /* NULL: no cluster; "": host name and process */
	const char *cluster_conninfo; /* another way to the same database; "": none */
	int cluster_pace_ms;          /* at least so long between two cuts */
};

/* What the store has to say, on the broker's thread, in the order in which it happened.  Slices
 * and pointers are the store's and live until the call returns.  What is NULL is not called. */
struct store_sink {
	void (*saved)(void *arg, enum saved_as as, const struct message *message);
	void (*page)(void *arg, uint64_t ticket, const struct page *page);
	void (*unread)(void *arg, uint64_t ticket, const struct unread *unread);
	/* A load that could not be answered.  While the store is not answering: the connection was
	 * lost or reading took too long, ask again when it answers; `answering` has said so before.
	 * While it is: refused, or out of memory. */
	void (*load_failed)(void *arg, uint64_t ticket);
	void (*marked)(void *arg, const struct mark *mark, const struct marked *result);
	/* A mark that could not be tried or whose outcome is unknown; marking again is harmless.
	 * `for_good`: the database refused it, and would again. */
	void (*mark_failed)(void *arg, const struct mark *mark, bool for_good);
	void (*changes)(void *arg, uint64_t ticket, const struct changes *changes);
	void (*chats)(void *arg, uint64_t ticket, const struct chats *chats);
	void (*set)(void *arg, uint64_t ticket, enum set_as as);
	/* What became of a change.  `changed` is NULL but for CHANGED_NEW and CHANGED_ALREADY;
	 * `asked` is NULL when it was the application's. */
	void (*changed)(void *arg, enum changed_as as, const struct change *asked,
		const struct changed *changed);
	/* A change that could not be tried or whose outcome is unknown; asking again is harmless.
	 */
	void (*change_lost)(void *arg, const struct change *asked);
	/* A chat was closed, or is open again; a user has blocked another one, or no longer,
	 * perhaps elsewhere; the application says something of a user. */
	void (*closed)(void *arg, struct slice room, bool closed);
	void (*blocked)(void *arg, struct slice user_id, struct slice peer_id, bool on);
	void (*user)(void *arg, const struct user_news *news);
	/* The application has a may_chat of its own, or no longer. */
	void (*site_decides)(void *arg, bool yes);
	/* What it says of this chat. */
	void (*permit)(void *arg, struct slice room, enum permit permit);
	/* The database knows nothing of who is connected here: to be said anew, by store_seen. */
	void (*entered)(void *arg);
	/* From the brokers of the cluster, or about them. */
	void (*news)(void *arg, const struct node_news *news);
	/* Which epoch the database is in: when the first connection is there, and whenever another
	 * one follows; before anything that was read in it.  The same one again: something may have
	 * been stored of which nobody was told. */
	void (*epoch)(void *arg, struct slice epoch);
	/* Loads and marks can be answered from now on, or no longer. */
	void (*answering)(void *arg, bool yes);
	void (*log)(void *arg, enum store_level level, const char *line);
};

/* Copies the options and starts the threads (all signals blocked in them), which connect by
 * themselves; a database that is not there is no error.  NULL when the connection string cannot be
 * read, the journal's folder is no good, or out of memory or threads; then `reason` is a sentence,
 * and quotes nothing of the string. */
#define STORE_REASON_MAX 1024
MUST_CHECK struct store *store_open(
	const struct store_options *options, char reason[STORE_REASON_MAX]);

/* Copies the message.  CHAT_EBUSY when queue_limit messages wait already, CHAT_ENOMEM.  With a
 * journal it is in there when this returns; then CHAT_EBUSY says that the journal is full, and
 * CHAT_EUNAVAILABLE that its disk takes nothing now. */
MUST_CHECK enum chat_error store_save(struct store *store, const struct message *message);

/* Copies the request.  CHAT_EUNAVAILABLE while the store is not answering, CHAT_EBUSY when too many
 * requests wait already, CHAT_ENOMEM: in all three no answer will come. */
MUST_CHECK enum chat_error store_load(struct store *store, const struct load *load);

/* The same for a read mark. */
MUST_CHECK enum chat_error store_mark(struct store *store, const struct mark *mark);

/* And for a change.  Those of one chat are made in the order in which they are asked for. */
MUST_CHECK enum chat_error store_change(struct store *store, const struct change *change);

/* Asks the application's may_chat whether this chat may begin.  Copies.  CHAT_EBUSY, CHAT_ENOMEM:
 * no answer will come.  Nor does one have to come in time. */
MUST_CHECK enum chat_error store_ask(struct store *store, struct slice room);

/* Notes that a user came or went.  Copies, and keeps the latest of each user until it is written;
 * nobody hears of it.  Out of memory it is lost. */
void store_seen(struct store *store, const struct user_seen *seen);

/* For the other brokers of the cluster, or a question to its database.  Copies.  False when there
 * is no cluster, or no memory. */
MUST_CHECK bool store_tell(struct store *store, const struct node_news *news);

/* A message of this broker's own is only to be told when it comes with the news. */
void store_needs_news(struct store *store);

/* This user's first client has come, or the last one has gone: only what is about users who are
 * here comes back as news. */
void store_concern(struct store *store, struct slice user_id, bool here);

/* Hands at most `budget` things to the sink.  Returns how many; when it is `budget`, there may be
 * more. */
size_t store_drain(struct store *store, size_t budget, const struct store_sink *sink, void *arg);

/* Messages that are not stored yet: waiting (in the journal alone, too), in flight or behind a
 * lock. */
size_t store_waiting(const struct store *store);

/* What is worth watching.  Pointers are the store's. */
struct store_stats {
	int schema;      /* the version that the store needs */
	uint64_t stored; /* messages, since the start */
	size_t waiting;
	size_t loads_waiting; /* marks too */
	uint64_t journal_bytes;
	const struct histogram *commits;
	const struct histogram *batches;
	int node; /* this broker's number in the cluster; 0: it is in none now */
	int nodes;
	int lag_ms;  /* the age of the oldest news when they were read, within a second */
	int resyncs; /* how often something was missed */
	bool split;  /* brokers on the database disagree whether they are a cluster */
};
struct store_stats store_stats(const struct store *store);

/* Whether loads and marks can be answered, as last reported through the sink's `answering`. */
bool store_answering(const struct store *store);

/* Tries for at most `timeout_ms` to store what waits, then ends the threads and frees everything,
 * also what was not drained.  Returns how many messages were not stored; with a journal they wait
 * there, and a database that is not there now is not waited for.  NULL is fine.  A thread
 * that cannot be ended in time (a name look-up that hangs) is left behind with its memory. */
size_t store_close(struct store *store, int timeout_ms);

#endif
