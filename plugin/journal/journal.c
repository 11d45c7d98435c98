/* The journal's own thread, which brings to the disk what was written; and the end of it all. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "journal_state.h"

/* After a sync that failed.  Nothing is accepted meanwhile. */
#define SICK_PAUSE_MS 500

/* A position that is lost with the machine only makes the next start look at more: it need not be
 * synced as often as messages. */
#define POSITION_SYNC_MS 1000

size_t journal_alone(const struct journal *journal)
{
	return atomic_load(&journal->alone);
}

bool journal_spills(const struct journal *journal)
{
	return atomic_load(&journal->spills);
}

/* The journal's thread. */

/* Under the lock, which it leaves for the length of the sync.  False: it failed. */
static bool sync_segment(struct journal *journal, struct segment *s)
{
	s->dirty = false;
	s->syncing = true;
	pthread_mutex_unlock(&journal->lock);
	bool good = fdatasync(s->fd) == 0;
	pthread_mutex_lock(&journal->lock);
	s->syncing = false;
	s->dirty = s->dirty || !good;
	journal->written = journal->written || !good;
	return good;
}

/* The first that is to be synced or closed, from this number on. */
static struct segment *find_work(const struct journal *journal, uint64_t number)
{
	struct segment *s = journal->oldest;
	while (s != NULL &&
		(s->number < number || s->fd < 0 || (!s->dirty && s == journal->newest))) {
		s = s->next;
	}
	return s;
}

static bool sync_segments(struct journal *journal)
{
	bool good = true;
	struct segment *s;
	pthread_mutex_lock(&journal->lock);
	journal->written = false;
	for (uint64_t number = 0; (s = find_work(journal, number)) != NULL;) {
		number = s->number + 1;
		good = (!s->dirty || sync_segment(journal, s)) && good;
		if (s->gone) {
			journal_free_segment(s);
		} else if (!s->dirty && s != journal->newest) {
			close(s->fd);
			s->fd = -1;
		}
	}
	pthread_mutex_unlock(&journal->lock);
	return good;
}

static void sync_position(struct journal *journal)
{
	int64_t now = clock_ms();
	if (now - journal->position_synced >= POSITION_SYNC_MS &&
		atomic_exchange(&journal->position_dirty, false)) {
		journal->position_synced = now;
		(void)fdatasync(journal->position_file);
	}
}

static bool sync_all(struct journal *journal)
{
	errno = 0;
	bool good = sync_segments(journal);
	int error = errno;
	if (!journal_sync_folder(journal)) {
		good = false;
		error = errno;
	}
	sync_position(journal);
	if (!good && !atomic_exchange(&journal->sick, true)) {
		journal_say(journal, STORE_ERROR,
			"cannot sync %s: %s: messages are refused, and what was accepted in the "
			"last moments would not survive the end of the machine",
			journal->name, strerror(error));
	} else if (good && atomic_exchange(&journal->sick, false)) {
		journal_say(journal, STORE_NOTICE, "can be synced again");
	}
	return good;
}

/* True: something is written.  Otherwise the next append rings. */
static bool has_work(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	bool work = journal->written;
	journal->sync_awaited = !work;
	pthread_mutex_unlock(&journal->lock);
	return work;
}

static void *run(void *arg)
{
	struct journal *journal = arg;
	bool good = true;
	for (;;) {
		int64_t until = NEVER;
		if (has_work(journal)) {
			until = clock_ms() + (good ? journal->sync_ms : SICK_PAUSE_MS);
		}
		switch (wakeup_wait(&journal->wakeup, NO_SOCKET, 0, until)) {
		case WAKEUP_STOP:
			return NULL;
		case WAKEUP_TIMEOUT:
			good = sync_all(journal);
			break;
		case WAKEUP_RANG:
		case WAKEUP_SOCKET:
			break;
		}
	}
}

bool journal_start(struct journal *journal)
{
	if (journal == NULL || journal->sync_ms == 0) {
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

/* Nothing waits: nothing of what people wrote stays behind. */
static void retire_all(struct journal *journal)
{
	journal->current = NULL;
	struct segment *s;
	while ((s = journal->oldest) != NULL) {
		journal->oldest = s->next;
		journal->segments--;
		journal_drop_segment(journal, s);
	}
	journal->newest = NULL;
}

bool journal_close(struct journal *journal, int64_t until)
{
	if (journal == NULL) {
		return true;
	}
	if (journal->started) {
		wakeup_stop(&journal->wakeup, clock_ms());
		if (!thread_join(journal->thread, until)) {
			return false;
		}
	}
	journal_note(journal);
	if (journal->position.settled == journal->last_lsn) {
		retire_all(journal);
	}
	journal->position_synced = 0;
	(void)sync_all(journal);
	journal_free(journal);
	return true;
}
