#include "wake.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* SIGRTMIN itself is 2.1's. */
#define WAKE_SIGNAL (SIGRTMIN + 6)
#define FIRST_NS 20000 /* as soon as possible, */
#define INTERVAL_NS                                                                                \
	500000 /* and again, should that one have come just before the loop went to sleep */
/* 2.1 flushes before its tick and 2.0 after it, WebSockets need a turn more to be written. */
#define ROUNDS_AFTER_PUBLISH 3

static void nothing(int signal)
{
	(void)signal;
}

static bool handle_signal(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	sigemptyset(&action.sa_mask);
	return sigaction(WAKE_SIGNAL, &action, NULL) == 0;
}

bool wake_init(struct wake *wake, const char **reason)
{
	memset(wake, 0, sizeof(*wake));
	if (!handle_signal(nothing)) {
		*reason = "the wake-up signal cannot be handled";
		return false;
	}
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = WAKE_SIGNAL};
	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &wake->timer) != 0) {
		*reason = "the wake-up timer cannot be made";
		return false;
	}
	return true;
}

void wake_finish(struct wake *wake)
{
	timer_delete(wake->timer);
	(void)handle_signal(SIG_IGN);
}

static void set_timer(struct wake *wake, long first_ns)
{
	struct itimerspec spec = {
		.it_value = {.tv_nsec = first_ns},
		.it_interval = {.tv_nsec = INTERVAL_NS},
	};
	timer_settime(wake->timer, 0, &spec, NULL);
}

void wake_ring(struct wake *wake)
{
	atomic_store(&wake->rung, true);
	atomic_store(&wake->armed, true);
	set_timer(wake, FIRST_NS);
}

void wake_published(struct wake *wake)
{
	wake->rounds = ROUNDS_AFTER_PUBLISH;
	wake->published = true;
	if (!atomic_exchange(&wake->armed, true)) {
		set_timer(wake, FIRST_NS);
	}
}

void wake_begin(struct wake *wake)
{
	atomic_store(&wake->rung, false);
}

void wake_end(struct wake *wake, bool more)
{
	if (wake->rounds > 0) {
		wake->rounds--;
	}
	bool published = wake->published;
	wake->published = false;
	if (published) {
		/* What this turn published is written in the next one. */
		set_timer(wake, FIRST_NS);
	}
	if (more || wake->rounds > 0 || !atomic_load(&wake->armed)) {
		return;
	}
	/* Who rings between these lines either sets the timer after it was stopped, or is seen by
	 * the last of them. */
	set_timer(wake, 0);
	atomic_store(&wake->armed, false);
	if (atomic_load(&wake->rung)) {
		atomic_store(&wake->armed, true);
		set_timer(wake, FIRST_NS);
	}
}
