/* What the journal's rooms share: its state, its files, and what to do with a file.
 *
 * journal_start.c opens it, journal_append.c is the broker's side, journal_read.c and
 * journal_gather.c are the saver's, journal.c is its own thread and the end. */
#ifndef CHAT_JOURNAL_STATE_H
#define CHAT_JOURNAL_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "journal.h"
#include "segment.h"

/* The two slots of the position lie in different pages, so a torn write costs one of them. */
#define POSITION_SLOT 4096

/* A file of the journal. */
struct segment {
	struct segment *next;
	uint64_t number;
	uint64_t first_lsn;
	uint64_t size; /* up to the end of its last whole record */
	uint32_t seed;
	int fd;         /* for writing; -1: not open */
	bool whole;     /* could be appended to */
	bool set_aside; /* what is damaged here has been */
	bool keep;      /* holds damage that could not be: not to be used again */
	bool dirty;     /* has been written to since it was synced */
	bool syncing;   /* the journal's thread is at it, without the lock */
	bool gone;      /* meanwhile it left the list: that thread frees it */
};

/* Why messages are refused. */
enum refusal {
	REFUSAL_NONE,
	REFUSAL_FULL,
	REFUSAL_DISK,
};

struct journal {
	struct crc32c crc;
	char *name; /* the folder's */
	int folder;
	int lock_file;
	int position_file;
	uint64_t id;
	uint64_t segment_size;
	size_t segments_max;
	int sync_ms;
	uint64_t run_lsn; /* the first that this start gives out */
	struct wakeup *saver_wakeup;
	void (*log)(void *log_arg, enum store_level level, const char *line);
	void *log_arg;

	pthread_mutex_t lock;
	/* Under the lock; held by nobody who waits for a disk. */
	struct segment *oldest;
	struct segment *newest;
	size_t segments;
	uint64_t *spares; /* numbers of empty files; room for segments_max */
	size_t spare_count;
	uint64_t last_lsn;   /* of all appended */
	uint64_t spill_from; /* the number of the segment and the place where spilling began */
	uint64_t spill_at;
	bool folder_dirty;
	bool written;      /* something is to be synced */
	bool sync_awaited; /* the journal's thread sleeps until something is written */

	_Atomic bool spills;
	_Atomic size_t alone;
	_Atomic bool sick; /* a sync has failed, and none has succeeded since */

	/* The broker's thread's. */
	unsigned char *record; /* RECORD_MAX bytes */
	struct segment *current;
	uint64_t next_number;
	enum refusal refusal;
	int64_t refused_at;
	bool refusal_said;

	/* The saver's. */
	struct reader reader;
	uint64_t reading;  /* the number of the segment that is being read; 0: none */
	uint64_t read_end; /* of it, as far as was known when it was looked at last */
	struct save_job *oldest_job;
	struct save_job *newest_job;
	uint64_t taken_lsn;
	struct position position;
	bool position_said;
	uint64_t gathered; /* the number of the last segment that was, or could not be */

	/* The journal's own. */
	pthread_t thread;
	bool started;
	struct wakeup wakeup;
	_Atomic bool position_dirty;
	int64_t position_synced;
};

__attribute__((format(printf, 3, 4))) void journal_say(
	const struct journal *journal, enum store_level level, const char *format, ...);

/* Opens a file of the folder; the descriptor stays out of child processes. */
int journal_file(const struct journal *journal, const char *kind, uint64_t number, int flags);

/* Takes the file out of use: it becomes a spare one, or what it has to be. */
void journal_retire(struct journal *journal, uint64_t number, bool keep);
/* Closes it, and leaves its file as it is. */
void journal_free_segment(struct segment *segment);
/* Both, for a segment that nobody else knows. */
void journal_drop_segment(struct journal *journal, struct segment *segment);

/* A file with a header, not in the list yet.  The broker's thread.  NULL: errno says why not. */
MUST_CHECK struct segment *journal_new_segment(struct journal *journal);
/* Behind the newest. */
void journal_add_segment(struct journal *journal, struct segment *segment);

/* The names of new files; any thread.  False: errno says why not. */
bool journal_sync_folder(struct journal *journal);

/* False: could not be written. */
bool journal_write_position(struct journal *journal);

/* Gives back what is settled altogether, but for the newest. */
void journal_retire_settled(struct journal *journal);

/* When few messages hold on to many files: see journal_gather.c. */
void journal_gather(struct journal *journal);

void journal_free(struct journal *journal);

#endif
