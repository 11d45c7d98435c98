/* The journal: files to which each message is appended before it is acknowledged.  What is in them
 * survives the end of the broker, and is handed out again after the next start, whether it was
 * settled (stored, or refused for good) or not: the database recognises by its key what it has.
 * A file goes when all of its messages are settled.
 *
 * Three threads share one: the broker's appends, the saver's reads back and settles, and one of the
 * journal's own syncs files and removes them.  While there is no room in memory, messages wait in
 * the journal alone, until the saver has read up to its end, so that their order is kept; that is
 * also how a start begins, with what is left from before. */
#ifndef CHAT_JOURNAL_H
#define CHAT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "message.h"
#include "slice.h"

struct journal;

/* Where a message stands in the journal, from its append, or from being read back, until it is
 * settled.  All zero: nowhere. */
struct journal_place {
	struct segment *segment;
	uint64_t at;
};

enum journal_level {
	JOURNAL_NOTICE,
	JOURNAL_WARNING,
	JOURNAL_ERROR,
};

struct journal_options {
	const char *folder;
	int sync_ms;    /* between two syncs; 0: each append is synced before it returns */
	uint64_t limit; /* bytes, of all files together; at least JOURNAL_LIMIT_MIN */
	/* Any thread.  A line that begins with "journal: ". */
	void (*log)(void *log_arg, enum journal_level level, const char *line);
	void *log_arg;
	/* The broker's thread: from now on messages wait in the journal alone.  May be NULL. */
	void (*spilling)(void *spilling_arg);
	void *spilling_arg;
};

#define JOURNAL_LIMIT_MIN ((uint64_t)128 * 1024)

/* Bytes of a sentence that says why there is no journal. */
#define JOURNAL_REASON_MAX 1024

/* Locks the folder (and makes it if only its last part is missing), and looks through what is left
 * there.  Starts no thread.  NULL: `reason` is a sentence that says what to do. */
MUST_CHECK struct journal *journal_open(
	const struct journal_options *options, char reason[JOURNAL_REASON_MAX]);

/* Starts the journal's thread, all signals blocked in it.  False: out of threads. */
MUST_CHECK bool journal_start(struct journal *journal);

/* Ends the thread, brings everything to the disk and frees the journal.  False: the thread could
 * not be ended until then (clock_ms), and is left behind with the journal.  NULL is fine. */
bool journal_close(struct journal *journal, int64_t until);

/* Messages that wait in the journal alone.  Any thread. */
size_t journal_alone(const struct journal *journal);

/* Whether messages wait in the journal alone, or did when the saver looked last.  Any thread. */
bool journal_spills(const struct journal *journal);

/* The broker's thread.  Appends the message by one write.  `has_room`: it may go on to the saver
 * through the memory.  *place is nowhere when it has to wait in the journal alone, because there is
 * no room or others wait there already.  CHAT_EBUSY when the journal is full; CHAT_EUNAVAILABLE
 * when the disk takes nothing; both are logged, and then it is not in the journal. */
MUST_CHECK enum chat_error journal_append(struct journal *journal, const struct message *message,
	bool has_room, struct journal_place *place);

/* Takes a message that was read back, and that lives until it returns.  `replayed`: it is from
 * before the start, and may be stored already.  False: not now. */
typedef bool journal_take(
	void *arg, const struct message *message, struct journal_place place, bool replayed);

/* The saver's thread.  Reads back what waits in the journal alone, in order, until `take` returns
 * false; that message comes again the next time.  To be called only when all that came through the
 * memory has been taken.  Returns how many could not be read any more, which is logged. */
MUST_CHECK size_t journal_read(struct journal *journal, journal_take *take, void *arg);

/* The saver's thread, once for each message that has a place: the database is done with it.  What
 * is not `stored` under its key, because it was refused or repeats another, is struck out, so that
 * no later start hands it out again (but for a machine that loses its last writes). */
void journal_settle(struct journal *journal, struct journal_place place, bool stored);

#endif
