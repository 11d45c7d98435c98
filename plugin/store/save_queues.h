/* How messages reach the savers: a queue for each of them, and which of these a message goes into.
 *
 * A room stays with the saver that has messages of it, so that they stay in order.  Otherwise a
 * message goes to the first saver that has nothing to do: then several small transactions are in
 * flight, and nobody waits for the end of somebody else's.  What comes faster than that gathers at
 * the first, and as long as its batches are large everything does: one of them costs the database
 * far less than many small ones. */
#ifndef CHAT_SAVE_QUEUES_H
#define CHAT_SAVE_QUEUES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"
#include "queue.h"
#include "wakeup.h"

#define SAVERS 2

struct save_queue {
	struct queue in; /* of save_job */
	struct wakeup wakeup;
	_Atomic size_t at_hand; /* messages that are in here, or with the saver */
	_Atomic size_t lately;  /* the largest batch of the last few, less the older it is */
	_Atomic bool idle;      /* the saver is connected, and sleeps until something comes in */
};

/* Rooms whose hashes meet in one place are served together. */
#define SAVE_PLACES 1024

struct save_queues {
	struct save_queue each[SAVERS];
	struct {
		_Atomic uint32_t saver; /* whose the rooms are as long as there is a message */
		_Atomic uint32_t count; /* messages of which nobody has heard yet what became */
	} places[SAVE_PLACES];
};

/* False: out of resources. */
MUST_CHECK bool save_queues_init(struct save_queues *queues);
/* After all threads have ended; frees what is left. */
void save_queues_finish(struct save_queues *queues);

/* Takes the job.  For one thread at a time: the broker's, or while the journal spills the one that
 * reads it back. */
void save_queues_put(struct save_queues *queues, struct save_job *job);

/* The saver: so many messages are in its next statement. */
void save_queue_batch(struct save_queue *queue, size_t count);

/* Any thread: the outcome of this job has been passed on, or nobody will hear of it. */
void save_queues_heard(struct save_queues *queues, const struct save_job *job);

#endif
