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
	struct segment *next; /* the next newer one */
	struct header header;
	uint64_t size;        /* bytes, up to the end of its last record */
	int fd;               /* for writing; -1 when it is not open */
	bool dirty;           /* it has been written to since it was synced */
	bool removed;         /* somebody else has removed the file */
	_Atomic bool damaged; /* some of it cannot be read: it will be renamed, not removed */
	/* Messages that are not settled, and one more while another is being appended. */
	_Atomic size_t unsettled;
	/* Of them, those that wait in the file only. */
	_Atomic size_t unread;
	/* What a start found in it. */
	uint64_t unreadable; /* damaged bytes, but for those at its end */
	uint64_t missing;    /* messages that stood there, as far as can be told */
	uint64_t tail;       /* bytes behind its last record */
};

/* Why messages are refused now. */
enum refusal {
	REFUSAL_NONE,
	REFUSAL_FULL,
	REFUSAL_DISK,
};

struct journal {
	/* These stay as the start has set them. */
	char *name; /* the folder's path */
	int folder;
	int lock_file;
	uint64_t id; /* for the headers of new files */
	uint64_t limit;
	uint64_t segment_size;
	int sync_ms;
	uint64_t first_segment; /* the number of the first file that this start makes */
	void (*log)(void *log_arg, enum journal_level level, const char *line);
	void *log_arg;
	void (*spilling)(void *spilling_arg);
	void *spilling_arg;

	pthread_mutex_t lock;
	pthread_cond_t wake; /* wakes the journal's thread */
	/* Under the lock, which nobody holds while waiting for a disk. */
	struct segment *oldest;
	struct segment *newest;
	struct segment *current; /* new messages go there; it is the newest, or NULL */
	struct segment *reading; /* while the journal spills: what is read back next is in there */
	uint64_t read_at;        /* how far it has been read */
	uint64_t bytes;          /* of all files */
	bool folder_dirty; /* there are new names in the folder that are not on the disk yet */
	/* What the journal's thread is told. */
	bool written; /* there is something to sync */
	bool settled; /* there may be a file to remove */
	bool stop;

	_Atomic bool spills;
	_Atomic size_t alone;      /* messages that wait in the files only */
	_Atomic bool sync_failing; /* the last sync has failed */

	/* The broker's thread's own. */
	unsigned char *record; /* RECORD_MAX bytes, to put a record together */
	uint64_t next_segment; /* the number of the next file */
	uint64_t next_message; /* the number of the next message */
	enum refusal refusal;
	int64_t refused_at;
	bool refusal_said;

	/* The saver's thread's own. */
	struct reader reader; /* of a piece of the file that is read back */
	unsigned char *piece; /* NULL when none is loaded */
	uint64_t piece_at;    /* where the piece begins in the file */
	int read_error;       /* errno when it could not be loaded, else 0 */

	pthread_t thread; /* the journal's */
	bool started;
};

__attribute__((format(printf, 3, 4))) void journal_say(
	const struct journal *journal, enum journal_level level, const char *format, ...);

/* Opens the segment's file. */
int journal_file(const struct journal *journal, uint64_t number, int flags);

/* Reads the number in the name of a file of that kind.  False: it is not one. */
MUST_CHECK bool journal_file_number(const char *name, const char *kind, uint64_t *number);

/* Reads the segment's file from `from` to `to`, or to its end, into memory that the caller frees.
 * NULL: errno says why not. */
MUST_CHECK unsigned char *journal_load(
	const struct journal *journal, uint64_t number, uint64_t from, uint64_t to, size_t *len);

MUST_CHECK struct segment *segment_new(void);
/* Closes the file and leaves it as it is. */
void segment_free(struct segment *segment);

/* The number of the file that follows, if that is there; a higher one follows only when somebody
 * has removed files. */
uint64_t segment_next(const struct segment *segment);

/* Removes the file, or renames it when it is damaged. */
void journal_remove(const struct journal *journal, const struct segment *segment);

/* Removes the segments whose messages are all settled, but for those in use.  The journal's thread,
 * or while there is none. */
void journal_remove_settled(struct journal *journal);

/* Brings the names of new files to the disk.  Any thread.  False: errno says why not. */
bool journal_sync_folder(struct journal *journal);

/* Sets one of the flags that the journal's thread is told by.  Under the lock. */
void journal_tell(struct journal *journal, bool *what);

void journal_free(struct journal *journal);

#endif
