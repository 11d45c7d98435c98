/* The journal: an append-only file in front of the queue.  What is in it survives the end of the
 * broker; what the database has settled (stored, or refused for good) leaves it.
 *
 * Three threads share one: the broker's appends, the saver's reads back and settles, and one of the
 * journal's own brings to the disk what was written.  While the memory has no room, messages wait
 * in the journal alone (it spills) until the saver has read up to its end, so their order is kept;
 * that is also how a start begins, with what is left from before. */
#ifndef CHAT_JOURNAL_H
#define CHAT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wakeup.h"
#include "error.h"
#include "job.h"
#include "level.h"
#include "message.h"

struct journal;

/* Bytes of a sentence that says why there is no journal. */
#define JOURNAL_REASON_MAX 1024

struct journal_options {
	const char *folder;
	int sync_ms;    /* between two fdatasyncs; 0: each append is synced before it returns */
	uint64_t limit; /* bytes, of all files together; at least JOURNAL_LIMIT_MIN */
	struct wakeup *wakeup; /* the saver's: rung when the journal begins to spill */
	/* Any thread. */
	void (*log)(void *log_arg, enum store_level level, const char *line);
	void *log_arg;
};

#define JOURNAL_LIMIT_MIN ((uint64_t)128 * 1024)

/* Locks the folder (and makes it if only its last part is missing), and looks through what is left
 * there.  Starts no thread.  NULL: `reason` is a sentence that says what to do. */
MUST_CHECK struct journal *journal_open(
	const struct journal_options *options, char reason[JOURNAL_REASON_MAX]);

/* Starts the journal's thread, if it needs one; NULL is fine. */
MUST_CHECK bool journal_start(struct journal *journal);

/* Ends the thread, brings everything to the disk and frees the journal.  False: the thread could
 * not be ended until then (clock_ms), and is left behind with the journal.  NULL is fine. */
bool journal_close(struct journal *journal, int64_t until);

/* Messages that wait in the journal alone.  Any thread. */
size_t journal_alone(const struct journal *journal);

/* Whether messages wait in the journal alone, or did when the saver looked last.  Any thread. */
bool journal_spills(const struct journal *journal);

/* The broker's thread. */

/* Appends the message by one write.  `has_room`: it may go on to the saver through the memory. *lsn
 * is 0 when it has to wait in the journal alone, because there is no room or others wait there
 * already. CHAT_EBUSY when the journal is full; CHAT_EUNAVAILABLE when the disk takes nothing
 * (which is logged): then it is not in the journal. */
MUST_CHECK enum chat_error journal_append(
	struct journal *journal, const struct message *message, bool has_room, uint64_t *lsn);

/* The saver's thread. */

/* Reads back up to so many messages and bytes of text, in order, each taken (below) already.  To be
 * called only when all that came through the memory has been taken.  Less than `count`: there is no
 * more, or no memory, see journal_spills.  *lost: so many could not be read any more, which is
 * logged. */
size_t journal_read(
	struct journal *journal, struct items *into, size_t count, size_t bytes, size_t *lost);

/* Every message goes through these two, in the order of its lsn through the first. */
void journal_take(struct journal *journal, struct save_job *job);
void journal_settle(struct journal *journal, struct save_job *job);

/* After some have been settled: notes how far everything is, and gives files back. */
void journal_note(struct journal *journal);

#endif
