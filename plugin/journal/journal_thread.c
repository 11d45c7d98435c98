/* The journal's own thread, which brings to the disk what was written and removes what is settled;
 * and the end of it all. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "journal_state.h"

/* After a sync that failed.  Nothing is accepted meanwhile. */
#define SYNC_AGAIN_MS 500

/* When nothing was written for so long, even the segment in use goes, if all of it is settled: what
 * people wrote is not to lie around, nor to be looked up again after a crash. */
#define IDLE_MS 1000

void journal_tell(struct journal *journal, bool *what)
{
	if (!*what) {
		*what = true;
		pthread_cond_signal(&journal->wake);
	}
}

/* Syncing. */

/* Under the lock, which it leaves for the length of the sync.  False: it failed. */
static bool sync_segment(struct journal *journal, struct segment *s)
{
	s->dirty = false;
	pthread_mutex_unlock(&journal->lock);
	bool good = fdatasync(s->fd) == 0;
	pthread_mutex_lock(&journal->lock);
	s->dirty = s->dirty || !good;
	journal->written = journal->written || !good;
	return good;
}

/* Closes, too, what is not appended to any more. */
static bool sync_segments(struct journal *journal)
{
	bool good = true;
	pthread_mutex_lock(&journal->lock);
	journal->written = false;
	for (struct segment *s = journal->oldest; s != NULL; s = s->next) {
		good = (!s->dirty || sync_segment(journal, s)) && good;
		if (!s->dirty && s != journal->current && s->fd >= 0) {
			close(s->fd);
			s->fd = -1;
		}
	}
	pthread_mutex_unlock(&journal->lock);
	return good;
}

bool journal_sync_folder(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	bool dirty = journal->folder_dirty;
	journal->folder_dirty = false;
	pthread_mutex_unlock(&journal->lock);
	if (!dirty || fsync(journal->folder) == 0) {
		return true;
	}
	pthread_mutex_lock(&journal->lock);
	journal->folder_dirty = journal->written = true;
	pthread_mutex_unlock(&journal->lock);
	return false;
}

/* New messages go into another. */
static void look_for_removed(struct journal *journal)
{
	struct stat stat;
	pthread_mutex_lock(&journal->lock);
	struct segment *s = journal->current;
	uint64_t number = s == NULL ? 0 : s->header.number;
	bool removed = s != NULL && !s->removed && fstat(s->fd, &stat) == 0 && stat.st_nlink == 0;
	if (removed) {
		s->removed = true;
	}
	pthread_mutex_unlock(&journal->lock);
	if (removed) {
		journal_say(journal, JOURNAL_ERROR,
			SEGMENT_FORMAT " was removed by somebody else: what waits in it is lost if "
				       "the broker ends before it is stored",
			number);
	}
}

static void sync_all(struct journal *journal)
{
	errno = 0;
	bool good = sync_segments(journal);
	int error = errno;
	if (!journal_sync_folder(journal)) {
		good = false;
		error = errno;
	}
	look_for_removed(journal);
	if (!good && !atomic_exchange(&journal->sync_failing, true)) {
		journal_say(journal, JOURNAL_ERROR,
			"cannot sync %s: %s: messages are refused, and what was accepted in the "
			"last moments would not survive the end of the machine",
			journal->name, strerror(error));
	} else if (good && atomic_exchange(&journal->sync_failing, false)) {
		journal_say(journal, JOURNAL_NOTICE, "can be synced again");
	}
}

/* Removing. */

/* Notes in an older segment that this one goes by right, on the disk before it does. */
static void note_gone(const struct journal *journal, struct segment *older, const struct segment *s)
{
	unsigned char bytes[HEADER_SIZE];
	older->header.next = segment_next(s);
	header_write(&older->header, bytes);
	int fd = journal_file(journal, older->header.number, O_WRONLY);
	if (fd >= 0) {
		(void)!pwrite(fd, bytes, sizeof(bytes), 0);
		(void)fdatasync(fd);
		close(fd);
	}
}

/* Takes one that is settled out of the list.  *older: the one before it. */
static struct segment *take_settled(struct journal *journal, struct segment **older)
{
	pthread_mutex_lock(&journal->lock);
	struct segment *before = NULL;
	struct segment *s = journal->oldest;
	while (s != NULL && (atomic_load(&s->unsettled) > 0 || s == journal->current ||
				    s == journal->reading)) {
		before = s;
		s = s->next;
	}
	if (s != NULL) {
		*(before == NULL ? &journal->oldest : &before->next) = s->next;
		journal->newest = s == journal->newest ? before : journal->newest;
	}
	pthread_mutex_unlock(&journal->lock);
	*older = before;
	return s;
}

void journal_remove_settled(struct journal *journal)
{
	struct segment *s;
	struct segment *older;
	while ((s = take_settled(journal, &older)) != NULL) {
		if (older != NULL) {
			note_gone(journal, older, s);
		}
		journal_remove(journal, s);
		pthread_mutex_lock(&journal->lock);
		journal->bytes -= s->size;
		pthread_mutex_unlock(&journal->lock);
		segment_free(s);
	}
}

/* Under the lock.  False: not all of it is settled. */
static bool close_current(struct journal *journal)
{
	if (journal->current != NULL && atomic_load(&journal->current->unsettled) > 0) {
		return false;
	}
	journal->current = NULL;
	return true;
}

/* The thread. */

/* Under the lock: until then, or until it is told of something. */
static void sleep_until(struct journal *journal, int64_t until)
{
	if (until == NEVER) {
		pthread_cond_wait(&journal->wake, &journal->lock);
	} else {
		struct timespec at = {until / 1000, until % 1000 * 1000000};
		pthread_cond_timedwait(&journal->wake, &journal->lock, &at);
	}
}

/* When the thread has something to do without being told. */
struct due {
	int64_t sync;
	int64_t idle;
};

/* Under the lock, which it leaves while it works or waits. */
static void turn(struct journal *journal, struct due *due)
{
	int64_t now = clock_ms();
	if (journal->written && due->sync == NEVER) {
		due->sync = now + (atomic_load(&journal->sync_failing) ? SYNC_AGAIN_MS
								       : journal->sync_ms);
		due->idle = NEVER;
	}
	if (now >= due->sync) {
		pthread_mutex_unlock(&journal->lock);
		sync_all(journal);
		pthread_mutex_lock(&journal->lock);
		due->sync = NEVER;
		due->idle = clock_ms() + IDLE_MS;
	} else if (now >= due->idle) {
		due->idle = close_current(journal) ? NEVER : now + IDLE_MS;
		journal->settled = true;
	} else if (journal->settled) {
		journal->settled = false;
		pthread_mutex_unlock(&journal->lock);
		journal_remove_settled(journal);
		pthread_mutex_lock(&journal->lock);
	} else {
		sleep_until(journal, due->sync < due->idle ? due->sync : due->idle);
	}
}

static void *run(void *arg)
{
	struct journal *journal = arg;
	struct due due = {NEVER, NEVER};
	pthread_mutex_lock(&journal->lock);
	while (!journal->stop) {
		turn(journal, &due);
	}
	pthread_mutex_unlock(&journal->lock);
	return NULL;
}

bool journal_start(struct journal *journal)
{
	if (journal == NULL) {
		return true;
	}
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	journal->started = pthread_create(&journal->thread, NULL, run, journal) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return journal->started;
}

bool journal_close(struct journal *journal, int64_t until)
{
	if (journal == NULL) {
		return true;
	}
	if (journal->started) {
		pthread_mutex_lock(&journal->lock);
		journal_tell(journal, &journal->stop);
		pthread_mutex_unlock(&journal->lock);
		if (!thread_join(journal->thread, until)) {
			return false;
		}
	}
	journal->current = NULL;
	journal->reading = NULL;
	journal_remove_settled(journal);
	sync_all(journal);
	journal_free(journal);
	return true;
}
