#include "door.h"

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

struct door {
	void (*ring)(void *arg);
	void *arg;
	pthread_t thread;
	atomic_bool closing;
	atomic_uint rounds; /* of the broker's loop */
	int bell;           /* rung when closing */
	int epoll;          /* of the listeners and the bell */
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

static bool watch(struct door *door, int fd)
{
	/* By edges, because it is the broker who accepts. */
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	return epoll_ctl(door->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* False: there is none. */
static bool watch_listeners(struct door *door)
{
	bool any = false;
	DIR *folder = opendir("/proc/self/fd");
	for (int fd; folder != NULL && (fd = next_descriptor(folder)) >= 0;) {
		any |= is_listener(fd) && !is_watched(fd) && watch(door, fd);
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
	struct door *door = arg;
	/* The listeners are watched in here, and open in the broker's table only. */
	descriptors_part(door->epoll);
	int wait_ms = FOREVER;
	unsigned rounds = 0;
	for (;;) {
		struct epoll_event event;
		int count = epoll_wait(door->epoll, &event, 1, wait_ms);
		if (atomic_load(&door->closing)) {
			return NULL;
		}
		if (count < 0) {
			continue; /* a debugger */
		}
		unsigned now = atomic_load(&door->rounds);
		if (count > 0) {
			wait_ms = FIRST_MS;
		} else if (now != rounds) {
			/* Else the loop is still busy, and will end the ring with its turn. */
			wait_ms = next_wait(wait_ms);
		}
		rounds = now;
		door->ring(door->arg);
		if (count > 0) {
			/* Others come right behind: a ring a millisecond is enough for all. */
			nanosleep(&(struct timespec){.tv_nsec = FIRST_MS * 1000000}, NULL);
		}
	}
}

static bool start(struct door *door)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(&door->thread, NULL, run, door) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void free_door(struct door *door)
{
	if (door->epoll >= 0) {
		close(door->epoll);
	}
	if (door->bell >= 0) {
		close(door->bell);
	}
	free(door);
}

struct door *door_open(void (*ring)(void *arg), void *arg)
{
	struct door *door = calloc(1, sizeof(*door));
	if (door == NULL) {
		return NULL;
	}
	door->ring = ring;
	door->arg = arg;
	door->epoll = epoll_create1(EPOLL_CLOEXEC);
	door->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!watch_listeners(door) || !watch(door, door->bell) || !start(door)) {
		free_door(door);
		return NULL;
	}
	return door;
}

void door_round(struct door *door)
{
	if (door != NULL) {
		atomic_fetch_add(&door->rounds, 1);
	}
}

void door_close(struct door *door)
{
	if (door == NULL) {
		return;
	}
	atomic_store(&door->closing, true);
	(void)!write(door->bell, &(uint64_t){1}, sizeof(uint64_t));
	pthread_join(door->thread, NULL);
	free_door(door);
}
