#include "accept_watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

#define PATIENCE_MS 20000

/* The broker: a listener, and a loop that goes round when it is rung. */
static int listener;
static struct sockaddr_in address;
static struct accept_watch *_Atomic watch;
static bool busy; /* it hears nothing meanwhile */
static atomic_int rings;

static int start(void **state)
{
	*state = NULL;
	busy = false;
	atomic_store(&rings, 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(address);
	address = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	                       listen(listener, 100) == 0 &&
	                       getsockname(listener, (struct sockaddr *)&address, &size) == 0
	               ? 0
	               : -1;
}

static int finish(void **state)
{
	(void)state;
	accept_watch_close(watch);
	watch = NULL;
	return close(listener);
}

static void ring(void *arg)
{
	(void)arg;
	atomic_fetch_add(&rings, 1);
	if (!busy) {
		accept_watch_round(watch);
	}
}

static void open_watch(void)
{
	watch = accept_watch_open(ring, NULL);
	assert_non_null(watch);
}

/* 0, or the error. */
static int come(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
	int error = rc == 0 ? 0 : errno;
	close(fd);
	return error;
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void wait_for_rings(int count)
{
	for (int waited = 0; atomic_load(&rings) < count; waited++) {
		if (waited > PATIENCE_MS) {
			print_error("%d rings came, not %d\n", atomic_load(&rings), count);
			fail();
		}
		nap();
	}
}

static void who_comes_is_heard_of_five_times(void **state)
{
	(void)state;
	open_watch();
	for (int i = 0; i < 3; i++) {
		atomic_store(&rings, 0);
		assert_int_equal(come(), 0);
		wait_for_rings(5);
		for (int ms = 0; ms < 200; ms++) {
			nap();
		}
		assert_int_equal(atomic_load(&rings), 5);
	}
}

static void who_has_come_before_is_heard_of(void **state)
{
	(void)state;
	assert_int_equal(come(), 0);
	open_watch();
	wait_for_rings(5);
}

static void a_busy_loop_is_rung_until_it_goes_round(void **state)
{
	(void)state;
	busy = true;
	open_watch();
	assert_int_equal(come(), 0);
	wait_for_rings(20);
}

static void a_listener_that_is_watched_needs_no_watch(void **state)
{
	(void)state;
	int epoll = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN};
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event), 0);
	assert_null(accept_watch_open(ring, NULL));
	close(epoll);
}

/* The port is free again when the broker closes it. */
static void a_watch_holds_no_listener_open(void **state)
{
	(void)state;
	open_watch();
	assert_int_equal(come(), 0);
	wait_for_rings(5);
	int spare = dup(STDIN_FILENO);
	assert_int_equal(dup2(spare, listener), listener);
	close(spare);
	assert_int_equal(come(), ECONNREFUSED);
}

#define WATCH_TEST(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WATCH_TEST(who_comes_is_heard_of_five_times),
		WATCH_TEST(who_has_come_before_is_heard_of),
		WATCH_TEST(a_busy_loop_is_rung_until_it_goes_round),
		WATCH_TEST(a_listener_that_is_watched_needs_no_watch),
		WATCH_TEST(a_watch_holds_no_listener_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
