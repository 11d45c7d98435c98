#include "bell.h"

#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool bell_init(struct bell *bell)
{
	atomic_init(&bell->stop_at, NEVER);
	bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return bell->fd >= 0;
}

void bell_finish(struct bell *bell)
{
	if (bell->fd >= 0) {
		close(bell->fd);
	}
	bell->fd = -1;
}

void bell_ring(struct bell *bell)
{
	/* Fails only when it rings already. */
	(void)!write(bell->fd, &(uint64_t){1}, sizeof(uint64_t));
}

void bell_stop(struct bell *bell, int64_t at)
{
	atomic_store(&bell->stop_at, at);
	bell_ring(bell);
}

bool bell_stopping(const struct bell *bell)
{
	return atomic_load(&bell->stop_at) != NEVER;
}

static int timeout_of(int64_t until, int64_t now)
{
	if (until == NEVER) {
		return -1;
	}
	int64_t left = until > now ? until - now : 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

enum bell_event bell_wait(struct bell *bell, int socket, short events, int64_t until)
{
	for (;;) {
		int64_t now = clock_ms();
		int64_t stop_at = atomic_load(&bell->stop_at);
		if (now >= stop_at) {
			return BELL_STOP;
		}
		struct pollfd fds[] = {
			{.fd = bell->fd, .events = POLLIN},
			{.fd = socket, .events = events},
		};
		int ready = poll(fds, socket == NO_SOCKET ? 1 : 2,
			timeout_of(until < stop_at ? until : stop_at, now));
		if (ready < 0) {
			continue; /* EINTR; ENOMEM passes */
		}
		if (ready == 0) {
			if (clock_ms() >= atomic_load(&bell->stop_at)) {
				return BELL_STOP;
			}
			if (clock_ms() >= until) {
				return BELL_TIMEOUT;
			}
			continue;
		}
		if (socket != NO_SOCKET && fds[1].revents != 0) {
			return BELL_SOCKET;
		}
		uint64_t rings;
		(void)!read(bell->fd, &rings, sizeof(rings));
		return BELL_RANG;
	}
}

bool thread_join(pthread_t thread, int64_t until)
{
	int64_t left = until - clock_ms();
	left = left > 0 ? left : 0;
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	int64_t ns = at.tv_nsec + left % 1000 * 1000000;
	at.tv_sec += (time_t)(left / 1000 + ns / 1000000000);
	at.tv_nsec = (long)(ns % 1000000000);
	return pthread_timedjoin_np(thread, NULL, &at) == 0;
}
