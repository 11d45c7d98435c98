#include "wakeup.h"

#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool wakeup_init(struct wakeup *wakeup)
{
	atomic_init(&wakeup->stop_at, NEVER);
	wakeup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return wakeup->fd >= 0;
}

void wakeup_finish(struct wakeup *wakeup)
{
	if (wakeup->fd >= 0) {
		close(wakeup->fd);
	}
	wakeup->fd = -1;
}

void wakeup_ring(struct wakeup *wakeup)
{
	/* Fails only when it rings already. */
	(void)!write(wakeup->fd, &(uint64_t){1}, sizeof(uint64_t));
}

void wakeup_stop(struct wakeup *wakeup, int64_t at)
{
	atomic_store(&wakeup->stop_at, at);
	wakeup_ring(wakeup);
}

bool wakeup_stopping(const struct wakeup *wakeup)
{
	return atomic_load(&wakeup->stop_at) != NEVER;
}

static int timeout_of(int64_t until, int64_t now)
{
	if (until == NEVER) {
		return -1;
	}
	int64_t left = until > now ? until - now : 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

enum wakeup_event wakeup_wait(struct wakeup *wakeup, int socket, short events, int64_t until)
{
	for (;;) {
		int64_t now = clock_ms();
		int64_t stop_at = atomic_load(&wakeup->stop_at);
		if (now >= stop_at) {
			return WAKEUP_STOP;
		}
		struct pollfd fds[] = {
			{.fd = wakeup->fd, .events = POLLIN},
			{.fd = socket, .events = events},
		};
		int ready = poll(fds, socket == NO_SOCKET ? 1 : 2,
			timeout_of(until < stop_at ? until : stop_at, now));
		if (ready < 0) {
			continue; /* EINTR; ENOMEM passes */
		}
		if (ready == 0) {
			if (clock_ms() >= atomic_load(&wakeup->stop_at)) {
				return WAKEUP_STOP;
			}
			if (clock_ms() >= until) {
				return WAKEUP_TIMEOUT;
			}
			continue;
		}
		if (socket != NO_SOCKET && fds[1].revents != 0) {
			return WAKEUP_SOCKET;
		}
		uint64_t rings;
		(void)!read(wakeup->fd, &rings, sizeof(rings));
		return WAKEUP_RANG;
	}
}
