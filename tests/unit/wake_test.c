#include "wake.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "unit.h"

#define RINGS 3000
#define FOR_EVER_MS 20000 /* a sleep that nothing ends fails the test */

static struct wake wake;
static int epoll_fd;
static atomic_int brought; /* by the other thread */
static atomic_int drained;

static int start(void **state)
{
	const char *reason;
	*state = NULL;
	atomic_store(&brought, 0);
	atomic_store(&drained, 0);
	epoll_fd = epoll_create1(0);
	return epoll_fd >= 0 && wake_init(&wake, &reason) ? 0 : -1;
}

static int start_held(void **state)
{
	int failed = start(state);
	wake_hold(&wake);
	return failed;
}

static int finish(void **state)
{
	(void)state;
	wake_finish(&wake);
	return close(epoll_fd);
}

/* As 2.0 does: what is blocked otherwise is let through.  True: a signal ended the sleep. */
static bool sleep_open(int ms)
{
	struct epoll_event event;
	sigset_t open;
	sigset_t before;
	sigemptyset(&open);
	pthread_sigmask(SIG_SETMASK, &open, &before);
	int rc = epoll_wait(epoll_fd, &event, 1, ms);
	int error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_not_equal(rc, 1);
	assert_true(rc == 0 || error == EINTR);
	return rc == -1;
}

static void tick(bool published)
{
	wake_begin(&wake);
	atomic_store(&drained, atomic_load(&brought));
	if (published) {
		wake_published(&wake);
	}
	wake_end(&wake, false);
}

/* A while of any length up to some microseconds, awake. */
static void dawdle(void)
{
	for (volatile int i = rand() % 3000; i > 0; i--) {
	}
}

static void *ring_often(void *arg)
{
	for (int i = 1; i <= RINGS; i++) {
		atomic_store(&brought, i);
		wake_ring(&wake);
		/* The next one comes at any moment after this one was noticed. */
		while (atomic_load(&drained) < i) {
			sched_yield();
		}
		dawdle();
	}
	return arg;
}

static void answer_all_rings(void)
{
	pthread_t other;
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	assert_int_equal(pthread_create(&other, NULL, ring_often, NULL), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	while (atomic_load(&drained) < RINGS) {
		dawdle();
		assert_true(sleep_open(FOR_EVER_MS));
		dawdle();
		tick(rand() % 2 == 0);
	}
	assert_int_equal(pthread_join(other, NULL), 0);
}

static void no_ring_is_lost_when_held(void **state)
{
	(void)state;
	answer_all_rings();
}

static void no_ring_is_lost_when_free(void **state)
{
	(void)state;
	answer_all_rings();
}

static void a_ring_while_awake_ends_the_next_sleep(void **state)
{
	(void)state;
	wake_ring(&wake);
	assert_true(sleep_open(FOR_EVER_MS));
}

static void what_was_not_drained_ends_the_next_sleep(void **state)
{
	(void)state;
	wake_begin(&wake);
	wake_end(&wake, true);
	assert_true(sleep_open(FOR_EVER_MS));
}

static void what_goes_to_a_websocket_ends_the_next_sleep(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		tick(true);
		wake_flushed_websocket(&wake);
		assert_true(sleep_open(FOR_EVER_MS));
	}
}

static void what_goes_to_a_websocket_late_ends_the_next_sleep(void **state)
{
	(void)state;
	wake_flushed_websocket(&wake);
	usleep(1000);
	assert_true(sleep_open(FOR_EVER_MS));
}

static void what_goes_elsewhere_leaves_it_asleep(void **state)
{
	(void)state;
	tick(true);
	assert_false(sleep_open(50));
}

static void when_all_is_done_it_stays_asleep(void **state)
{
	(void)state;
	wake_ring(&wake);
	wake_flushed_websocket(&wake);
	assert_true(sleep_open(FOR_EVER_MS));
	tick(false);
	assert_false(sleep_open(50));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_ring_is_lost_when_held, start_held, finish),
		cmocka_unit_test_setup_teardown(no_ring_is_lost_when_free, start, finish),
		cmocka_unit_test_setup_teardown(
			a_ring_while_awake_ends_the_next_sleep, start_held, finish),
		cmocka_unit_test_setup_teardown(
			what_was_not_drained_ends_the_next_sleep, start_held, finish),
		cmocka_unit_test_setup_teardown(
			what_goes_to_a_websocket_ends_the_next_sleep, start_held, finish),
		cmocka_unit_test_setup_teardown(
			what_goes_to_a_websocket_late_ends_the_next_sleep, start_held, finish),
		cmocka_unit_test_setup_teardown(
			what_goes_elsewhere_leaves_it_asleep, start_held, finish),
		cmocka_unit_test_setup_teardown(
			when_all_is_done_it_stays_asleep, start_held, finish),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
