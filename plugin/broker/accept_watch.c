#include "accept_watch.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "descriptors.h"

/* The upgrade comes a round trip after the connect, over TLS after two more: the loop is rung at
 * once, and again after 1, 4, 16 and 64 ms.  Then it goes round by itself. */
#define FIRST_MS 1
#define FACTOR 4
#define LAST_MS 64
#define FOREVER (-1)

struct accept_watch {
	void (*ring)(void *arg);
	void *arg;
	pthread_t thread;
	atomic_bool closing;
	atomic_uint rounds; /* turns of the broker's loop so far */
	int closer;         /* an eventfd, which is written to when the thread is to end */
	int epoll;          /* watches the listeners and `closer` */
};

/* -1 at the end. */
static int next_descriptor(DIR *folder)
{
	const struct dirent *entry;
	do {
		entry = readdir(folder);
	} while (entry != NULL && entry->d_name[0] == '.');
	return entry == NULL ? -1 : (int)strtol(entry->d_name, NULL, 10);
}

static bool is_listener(int fd)
{
	int listens = 0;
	socklen_t size = sizeof(listens);
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

/* Only an epoll instance has lines that begin so. */
static bool watches(int epoll, int fd)
{
	static const char label[] = "tfd:";
	char path[64];
	char line[256];
	bool found = false;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", epoll);
	FILE *info = fopen(path, "re");
	while (info != NULL && !found && fgets(line, sizeof(line), info) != NULL) {
		found = strncmp(line, label, sizeof(label) - 1) == 0 &&
		        strtol(line + sizeof(label) - 1, NULL, 10) == fd;
	}
	if (info != NULL) {
		fclose(info);
	}
	return found;
}

static bool is_watched(int fd)
{
	DIR *folder = opendir("/proc/self/fd");
	bool watched = false;
	for (int other; !watched && folder != NULL && (other = next_descriptor(folder)) >= 0;) {
		watched = watches(other, fd);
	}
	if (folder != NULL) {
		closedir(folder);
	}
	return watched;
}

static bool add(struct accept_watch *watch, int fd)
{
	/* Edge-triggered, because it is the broker who accepts. */
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	return epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* False: the broker watches all of its listeners by itself. */
static bool watch_listeners(struct accept_watch *watch)
{
	bool any = false;
	DIR *folder = opendir("/proc/self/fd");
	for (int fd; folder != NULL && (fd = next_descriptor(folder)) >= 0;) {
		any |= is_listener(fd) && !is_watched(fd) && add(watch, fd);
	}
	if (folder != NULL) {
		closedir(folder);
	}
	return any;
}

static int next_wait(int wait_ms)
{
	return wait_ms < LAST_MS ? wait_ms * FACTOR : FOREVER;
}

static void *run(void *arg)
{
	struct accept_watch *watch = arg;
	/* The listeners are watched in here, and open in the broker's table only. */
	descriptors_part(watch->epoll, -1);
	int wait_ms = FOREVER;
	unsigned rounds = 0;
	for (;;) {
		struct epoll_event event;
		int count = epoll_wait(watch->epoll, &event, 1, wait_ms);
		if (atomic_load(&watch->closing)) {
			return NULL;
		}
		if (count < 0) {
			continue; /* a debugger */
		}
		unsigned now = atomic_load(&watch->rounds);
		if (count > 0) {
			wait_ms = FIRST_MS;
		} else if (now != rounds) {
			/* Otherwise the loop has not turned since the last ring: do not wait longer
			 * yet. */
			wait_ms = next_wait(wait_ms);
		}
		rounds = now;
		watch->ring(watch->arg);
		if (count > 0) {
			/* Others connect right behind: one ring a millisecond is enough for all of
			 * them. */
			nanosleep(&(struct timespec){.tv_nsec = FIRST_MS * 1000000}, NULL);
		}
	}
}

static bool start(struct accept_watch *watch)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(&watch->thread, NULL, run, watch) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void free_watch(struct accept_watch *watch)
{
	if (watch->epoll >= 0) {
		close(watch->epoll);
	}
	if (watch->closer >= 0) {
		close(watch->closer);
	}
	free(watch);
}

struct accept_watch *accept_watch_open(void (*ring)(void *arg), void *arg)
{
	struct accept_watch *watch = calloc(1, sizeof(*watch));
	if (watch == NULL) {
		return NULL;
	}
	watch->ring = ring;
	watch->arg = arg;
	watch->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch->closer = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!watch_listeners(watch) || !add(watch, watch->closer) || !start(watch)) {
		free_watch(watch);
		return NULL;
	}
	return watch;
}

void accept_watch_round(struct accept_watch *watch)
{
	if (watch != NULL) {
		atomic_fetch_add(&watch->rounds, 1);
	}
}

void accept_watch_close(struct accept_watch *watch)
{
	if (watch == NULL) {
		return;
	}
	atomic_store(&watch->closing, true);
	(void)!write(watch->closer, &(uint64_t){1}, sizeof(uint64_t));
	pthread_join(watch->thread, NULL);
	free_watch(watch);
}
