/* The journal: files to which each message is appended before the broker acknowledges it, so that
 * it survives the end of the broker.
 *
 * A message is settled when the database has stored it or has refused it for good.  For each file
 * the journal counts the messages that are not settled; at zero the file is removed.  A start hands
 * out again all messages that it finds in the files: those that are stored already, the database
 * recognises by their key; those that it refused are struck out in the file.
 *
 * The broker's thread appends to a journal, the savers' settle and one of them reads back, and one
 * of the journal's own syncs files to the disk and removes them.  Usually a message goes on to a
 * saver through memory.  When there is no room in memory the journal spills: this message and all
 * that follow wait in the files only, until that saver has read the files to their end.  So
 * messages stay in order.  A start begins like that, with what is left from before. */
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
	/* Called on any thread, with a line that begins with "journal: ". */
	void (*log)(void *log_arg, enum journal_level level, const char *line);
	void *log_arg;
	/* Called on the broker's thread when the journal begins to spill.  May be NULL. */
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

/* How many messages wait in the files only.  Any thread. */
size_t journal_alone(const struct journal *journal);

/* How many bytes all of its files have.  Any thread. */
uint64_t journal_bytes(struct journal *journal);

/* Whether the journal spills.  Any thread. */
bool journal_spills(const struct journal *journal);

/* The broker's thread.  Appends the message by one write.  `has_room`: there is room in memory.
 * *place says where it stands, and then the caller hands the message on to a saver; it is nowhere
 * when the message waits in the files only.  CHAT_EBUSY: the journal is full.  CHAT_EUNAVAILABLE:
 * the disk takes nothing.  Both are logged, and the message is then not in the journal. */
MUST_CHECK enum chat_error journal_append(struct journal *journal, const struct message *message,
	bool has_room, struct journal_place *place);

/* Is given a message that was read back; its bytes live until this returns.  `replayed`: it is from
 * before the start, and may be stored already.  False: not now, give it again the next time. */
typedef bool journal_take(
	void *arg, const struct message *message, struct journal_place place, bool replayed);

/* Always the same saver's thread, after it has seen that the journal spills and has then taken all
 * that came through memory.  Gives what waits in the files to `take`, in order, until that returns
 * false or nothing is left.  Returns how many messages could not be read any more, which is logged.
 */
MUST_CHECK size_t journal_read(struct journal *journal, journal_take *take, void *arg);

/* Any saver's thread, once for each message with a place: it is settled.  `stored`: the database
 * has it under its key.  Otherwise (it was refused, or repeats another) it is struck out, so that a
 * later start does not hand it out again; a power cut may undo that. */
void journal_settle(struct journal *journal, struct journal_place place, bool stored);

#endif
