/* What the journal's sources share: its state, and what to do with a file.
 *
 * journal_start.c opens it, journal_append.c is the broker's side, journal_read.c the saver's, and
 * journal_thread.c its own thread and the end. */
#ifndef CHAT_JOURNAL_STATE_H
#define CHAT_JOURNAL_STATE_H

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

#include "clock.h"
#include "journal.h"
#include "record.h"

/* "<kind>-<number>" is the name of a file; the number has 16 hexadecimal digits, so names sort like
 * numbers. */
#define NAME_SEGMENT "segment"
#define NAME_DAMAGED "damaged" /* kept for whoever wants to look at it; never read again */
#define SEGMENT_FORMAT NAME_SEGMENT "-%016" PRIx64
#define DAMAGED_FORMAT NAME_DAMAGED "-%016" PRIx64

/* The largest file, of the first edition too. */
#define SEGMENT_SIZE_MAX ((uint64_t)16 * 1024 * 1024)

/* A file of the journal.  Only the journal's thread takes one out of the list and frees it. */
struct segment {
	struct segment *next; /* newer */
	struct header header;
	uint64_t size;        /* up to the end of its last record */
	int fd;               /* for writing; -1: not open */
	bool dirty;           /* has been written to since it was synced */
	bool removed;         /* by somebody else */
	_Atomic bool damaged; /* some of it cannot be read: it is renamed, not removed */
	/* Messages, and one more while another is being appended. */
	_Atomic size_t unsettled;
	_Atomic size_t unread; /* of them, those that wait in the journal alone */
	/* What a start found. */
	uint64_t unreadable; /* bytes in front of a record */
	uint64_t missing;    /* messages in there, as far as can be told */
	uint64_t tail;       /* bytes behind the last record */
};

/* Why messages are refused. */
enum refusal {
	REFUSAL_NONE,
	REFUSAL_FULL,
	REFUSAL_DISK,
};

struct journal {
	char *name; /* the folder's */
	int folder;
	int lock_file;
	uint64_t id;
	uint64_t limit;
	uint64_t segment_size;
	int sync_ms;
	uint64_t run; /* the number of the first file of this start */
	void (*log)(void *log_arg, enum journal_level level, const char *line);
	void *log_arg;
	void (*spilling)(void *spilling_arg);
	void *spilling_arg;

	pthread_mutex_t lock;
	pthread_cond_t wake; /* the journal's thread */
	/* Under the lock; held by nobody who waits for a disk. */
	struct segment *oldest;
	struct segment *newest;
	struct segment *current; /* is appended to; the newest, or NULL */
	struct segment *reading; /* has the next message that waits in the journal alone */
	uint64_t read_at;        /* where, in there */
	uint64_t bytes;          /* of all segments */
	bool folder_dirty;
	/* What the journal's thread is told. */
	bool written; /* something is to be synced */
	bool settled; /* a segment may be ready to go */
	bool stop;

	_Atomic bool spills;
	_Atomic size_t alone;
	_Atomic bool sick; /* a sync has failed, and none has succeeded since */

	/* The broker's thread's. */
	unsigned char *record; /* RECORD_MAX bytes */
	uint64_t next_segment; /* the number of the next file */
	uint64_t next_message; /* and of the next message */
	enum refusal refusal;
	int64_t refused_at;
	bool refusal_said;

	/* The saver's. */
	struct reader reader; /* of a piece of `reading` */
	unsigned char *piece; /* NULL: none is loaded */
	uint64_t piece_at;    /* where it begins in the file */
	int read_error;       /* errno, when it could not be read */

	/* The journal's own. */
	pthread_t thread;
	bool started;
};

__attribute__((format(printf, 3, 4))) void journal_say(
	const struct journal *journal, enum journal_level level, const char *format, ...);

/* Opens a file of the folder; the descriptor stays out of child processes. */
int journal_file(const struct journal *journal, uint64_t number, int flags);

/* False: not the name of a file of that kind. */
MUST_CHECK bool journal_file_number(const char *name, const char *kind, uint64_t *number);

/* Reads from `from` to `to`, or to the end of the file when that comes first, into memory that is
 * the caller's to free.  NULL: errno says why not. */
MUST_CHECK unsigned char *journal_load(
	const struct journal *journal, uint64_t number, uint64_t from, uint64_t to, size_t *len);

MUST_CHECK struct segment *segment_new(void);
/* Closes it, and leaves its file as it is. */
void segment_free(struct segment *segment);

/* The lowest number that the next file behind it may have, unless somebody removed one. */
uint64_t segment_next(const struct segment *segment);

/* Removes the file, or keeps it as a damaged one. */
void journal_remove(const struct journal *journal, const struct segment *segment);

/* Removes what is settled, but for the segments in use.  The journal's thread, or no other. */
void journal_remove_settled(struct journal *journal);

/* The names of new files, on the disk.  Any thread.  False: errno says why not. */
bool journal_sync_folder(struct journal *journal);

/* Under the lock: sets one of the flags that the journal's thread is told by. */
void journal_tell(struct journal *journal, bool *what);

void journal_free(struct journal *journal);

#endif
