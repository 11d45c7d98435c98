#include "wake.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* musl has the name of the manual page, glibc before 2.37 only its own. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* SIGRTMIN itself is 2.1's. */
#define WAKE_SIGNAL (SIGRTMIN + 6)

#define FIRST_NS 20000 /* as soon as possible, */
#define AGAIN_NS                                                                                   \
	500000 /* and again, should that one have come just before the loop went to sleep */
/* 2.1 flushes before its tick, and WebSockets by libwebsockets need a turn more to be written. */
#define ROUNDS_AFTER_PUBLISH 3

/* From the end of a tick to the sleep it takes 10 µs, from where a signal that was held back is let
 * through to the sleep only one.  But setting the timer takes another ten where the machine is
 * virtual. */
#define HELD_AGAIN_NS 30000
#define HELD_AGAIN_MAX_NS 640000

static void set_timer(struct wake *wake, long first_ns, long again_ns)
{
	struct itimerspec spec = {
		.it_value = {.tv_nsec = first_ns},
		.it_interval = {.tv_nsec = again_ns},
	};
	timer_settime(wake->timer, 0, &spec, NULL);
}

/* Did the signal interrupt a system call that slept?  False also when that cannot be told. */
static bool interrupted_sleep(const ucontext_t *context)
{
#if defined(__x86_64__)
	return context->uc_mcontext.gregs[REG_RAX] == -EINTR;
#elif defined(__aarch64__)
	return (long)context->uc_mcontext.regs[0] == -EINTR;
#else
	(void)context;
	return false;
#endif
}

/* A signal that was held back is let through in front of the sleep and does not interrupt it: so
 * there is another one in a moment, and later each time, so that on the slowest machine the loop
 * gets to its sleep in between. */
static void hear(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	struct wake *wake = info->si_value.sival_ptr;
	if (wake == NULL || !atomic_load(&wake->wanted) || interrupted_sleep(context)) {
		return;
	}
	wake->again = true;
	set_timer(wake, wake->again_ns, 0);
	if (wake->again_ns < HELD_AGAIN_MAX_NS) {
		wake->again_ns *= 2;
	}
}

static void mask_signal(int how)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, WAKE_SIGNAL);
	pthread_sigmask(how, &set, NULL);
}

bool wake_init(struct wake *wake, const char **reason)
{
	memset(wake, 0, sizeof(*wake));
	struct sigaction action = {.sa_sigaction = hear, .sa_flags = SA_RESTART | SA_SIGINFO};
	sigemptyset(&action.sa_mask);
	if (sigaction(WAKE_SIGNAL, &action, NULL) != 0) {
		*reason = "the wake-up signal cannot be handled";
		return false;
	}
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = WAKE_SIGNAL,
		.sigev_value = {.sival_ptr = wake},
	};
	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &wake->timer) != 0) {
		*reason = "the wake-up timer cannot be made";
		return false;
	}
	return true;
}

void wake_hold(struct wake *wake)
{
	mask_signal(SIG_BLOCK);
	wake->thread = gettid();
	wake->again_ns = HELD_AGAIN_NS;
	wake->held = true;
}

void wake_finish(struct wake *wake)
{
	timer_delete(wake->timer);
	(void)signal(WAKE_SIGNAL, SIG_IGN);
	if (wake->held) {
		mask_signal(SIG_UNBLOCK);
	}
}

static void start_timer(struct wake *wake)
{
	set_timer(wake, FIRST_NS, AGAIN_NS);
}

static void send_signal(struct wake *wake)
{
	if (atomic_exchange(&wake->wanted, true)) {
		return;
	}
	/* As pthread_sigqueue does, which musl lacks. */
	siginfo_t info = {.si_signo = WAKE_SIGNAL, .si_code = SI_QUEUE};
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = (union sigval){.sival_ptr = wake};
	syscall(SYS_rt_tgsigqueueinfo, getpid(), wake->thread, WAKE_SIGNAL, &info);
}

/* Once the loop sleeps. */
static void send_later(struct wake *wake)
{
	if (!atomic_exchange(&wake->wanted, true)) {
		wake->again = true;
		set_timer(wake, HELD_AGAIN_NS, 0);
	}
}

void wake_ring(struct wake *wake)
{
	if (wake->held) {
		send_signal(wake);
		return;
	}
	atomic_store(&wake->rung, true);
	atomic_store(&wake->armed, true);
	start_timer(wake);
}

void wake_published(struct wake *wake)
{
	wake->published = true;
	if (wake->held) {
		return;
	}
	wake->rounds = ROUNDS_AFTER_PUBLISH;
	if (!atomic_exchange(&wake->armed, true)) {
		start_timer(wake);
	}
}

void wake_flushed_websocket(struct wake *wake)
{
	if (wake->held) {
		wake->websockets = true;
		send_later(wake);
	}
}

void wake_begin(struct wake *wake)
{
	if (!wake->held) {
		atomic_store(&wake->rung, false);
		return;
	}
	atomic_store(&wake->wanted, false);
	wake->again_ns = HELD_AGAIN_NS;
	if (wake->again) {
		/* Mostly it has run out by now, and this costs nothing. */
		wake->again = false;
		set_timer(wake, 0, 0);
	}
}

static void end_held(struct wake *wake, bool more)
{
	if (more) {
		send_signal(wake);
	}
	if (wake->published && wake->websockets) {
		/* Very likely to WebSockets again, and setting the timer now saves time. */
		send_later(wake);
		wake->websockets = false;
	}
	wake->published = false;
}

static void end_free(struct wake *wake, bool more)
{
	if (wake->rounds > 0) {
		wake->rounds--;
	}
	bool published = wake->published;
	wake->published = false;
	if (published) {
		/* What this turn published is written in the next one. */
		start_timer(wake);
	}
	if (more || wake->rounds > 0 || !atomic_load(&wake->armed)) {
		return;
	}
	/* Who rings between these lines either sets the timer after it was stopped, or is seen by
	 * the last of them. */
	set_timer(wake, 0, 0);
	atomic_store(&wake->armed, false);
	if (atomic_load(&wake->rung)) {
		atomic_store(&wake->armed, true);
		start_timer(wake);
	}
}

void wake_end(struct wake *wake, bool more)
{
	if (wake->held) {
		end_held(wake, more);
	} else {
		end_free(wake, more);
	}
}
