#include "queue.h"

#include <poll.h>
#include <stdlib.h>

#include "unit.h"

#define ITEMS 20000

static struct item *item(int kind)
{
	struct item *made = calloc(1, sizeof(*made));
	assert_non_null(made);
	made->kind = kind;
	return made;
}

static void expect(struct items *items, int first, int count)
{
	for (int i = 0; i < count; i++) {
		struct item *next = items_shift(items);
		assert_non_null(next);
		assert_int_equal(next->kind, first + i);
		free(next);
	}
	assert_null(items_shift(items));
	assert_int_equal(items->count, 0);
}

static bool rings(const struct wakeup *wakeup)
{
	struct pollfd fd = {.fd = wakeup->fd, .events = POLLIN};
	return poll(&fd, 1, 0) == 1;
}

static void a_list_gives_back_first_what_came_first(void **state)
{
	(void)state;
	struct items items = {0};
	for (int i = 1; i <= 5; i++) {
		items_append(&items, item(i));
	}
	items_prepend(&items, item(0));
	assert_int_equal(items.count, 6);
	expect(&items, 0, 6);
}

static void joined_lists_keep_their_order(void **state)
{
	(void)state;
	struct items a = {0};
	struct items b = {0};
	struct items none = {0};
	items_prepend(&a, item(0));
	items_append(&b, item(1));
	items_append(&b, item(2));
	items_join(&a, &b);
	items_join(&a, &none);
	assert_null(b.first);
	assert_int_equal(b.count, 0);
	items_append(&a, item(3));
	items_join(&none, &a);
	expect(&none, 0, 4);
}

static void a_full_queue_says_so_and_keeps_what_it_has(void **state)
{
	(void)state;
	struct queue queue;
	assert_true(queue_init(&queue, 2, NULL));
	struct item *third = item(3);
	assert_int_equal(queue_put(&queue, item(1)), CHAT_OK);
	assert_int_equal(queue_put(&queue, item(2)), CHAT_OK);
	assert_int_equal(queue_put(&queue, third), CHAT_EBUSY);
	struct items taken = queue_take_all(&queue);
	expect(&taken, 1, 2);
	assert_int_equal(queue_put(&queue, third), CHAT_OK);
	taken = queue_take_all(&queue);
	expect(&taken, 3, 1);
	queue_finish(&queue);
}

static void a_closed_queue_takes_nothing_and_gives_back_what_it_had(void **state)
{
	(void)state;
	struct queue queue;
	assert_true(queue_init(&queue, 9, NULL));
	struct item *second = item(2);
	assert_int_equal(queue_put(&queue, item(1)), CHAT_OK);
	struct items left = queue_close(&queue);
	expect(&left, 1, 1);
	assert_int_equal(queue_put(&queue, second), CHAT_EUNAVAILABLE);
	queue_open(&queue);
	assert_int_equal(queue_put(&queue, second), CHAT_OK);
	left = queue_close(&queue);
	expect(&left, 2, 1);
	queue_finish(&queue);
}

static void the_bell_rings_only_for_a_taker_who_sleeps(void **state)
{
	(void)state;
	struct wakeup wakeup;
	struct queue queue;
	assert_true(wakeup_init(&wakeup));
	assert_true(queue_init(&queue, 9, &wakeup));
	assert_int_equal(queue_put(&queue, item(1)), CHAT_OK);
	assert_false(rings(&wakeup));
	assert_false(queue_await(&queue));

	struct items taken = queue_take_all(&queue);
	expect(&taken, 1, 1);
	assert_true(queue_await(&queue));
	assert_int_equal(queue_put(&queue, item(2)), CHAT_OK);
	assert_true(rings(&wakeup));
	assert_int_equal(wakeup_wait(&wakeup, NO_SOCKET, 0, NEVER), WAKEUP_RANG);
	assert_int_equal(queue_put(&queue, item(3)), CHAT_OK);
	assert_false(rings(&wakeup));
	taken = queue_take_all(&queue);
	expect(&taken, 2, 2);
	queue_finish(&queue);
	wakeup_finish(&wakeup);
}

static void putting_a_list_tells_whether_the_queue_was_empty(void **state)
{
	(void)state;
	struct queue queue;
	struct items none = {0};
	struct items one = {0};
	struct items two = {0};
	assert_true(queue_init(&queue, 0, NULL));
	items_append(&one, item(1));
	items_append(&two, item(2));
	assert_false(queue_put_all(&queue, &none));
	assert_true(queue_put_all(&queue, &one));
	assert_false(queue_put_all(&queue, &two));
	struct items taken = queue_take_all(&queue);
	expect(&taken, 1, 2);
	queue_finish(&queue);
}

static void a_stop_ends_every_wait_when_its_time_has_come(void **state)
{
	(void)state;
	struct wakeup wakeup;
	assert_true(wakeup_init(&wakeup));
	assert_false(wakeup_stopping(&wakeup));
	assert_int_equal(wakeup_wait(&wakeup, NO_SOCKET, 0, clock_ms() + 5), WAKEUP_TIMEOUT);
	int64_t at = clock_ms() + 500;
	wakeup_stop(&wakeup, at);
	assert_true(wakeup_stopping(&wakeup));
	assert_int_equal(wakeup_wait(&wakeup, NO_SOCKET, 0, NEVER), WAKEUP_RANG);
	assert_int_equal(wakeup_wait(&wakeup, NO_SOCKET, 0, NEVER), WAKEUP_STOP);
	assert_true(clock_ms() >= at);
	assert_int_equal(wakeup_wait(&wakeup, NO_SOCKET, 0, 0), WAKEUP_STOP);
	wakeup_finish(&wakeup);
}

static void *put_many(void *arg)
{
	struct queue *queue = arg;
	for (int i = 0; i < ITEMS;) {
		struct item *next = item(i);
		if (queue_put(queue, next) == CHAT_OK) {
			i++;
		} else {
			free(next);
		}
	}
	return NULL;
}

static void nothing_is_lost_between_two_threads(void **state)
{
	(void)state;
	struct wakeup wakeup;
	struct queue queue;
	pthread_t putter;
	assert_true(wakeup_init(&wakeup));
	assert_true(queue_init(&queue, 100, &wakeup));
	assert_int_equal(pthread_create(&putter, NULL, put_many, &queue), 0);
	for (int expected = 0; expected < ITEMS;) {
		struct items taken = queue_take_all(&queue);
		struct item *next;
		while ((next = items_shift(&taken)) != NULL) {
			assert_int_equal(next->kind, expected++);
			free(next);
		}
		if (expected < ITEMS && queue_await(&queue)) {
			assert_int_equal(wakeup_wait(&wakeup, NO_SOCKET, 0, NEVER), WAKEUP_RANG);
		}
	}
	pthread_join(putter, NULL);
	queue_finish(&queue);
	wakeup_finish(&wakeup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_gives_back_first_what_came_first),
		cmocka_unit_test(joined_lists_keep_their_order),
		cmocka_unit_test(a_full_queue_says_so_and_keeps_what_it_has),
		cmocka_unit_test(a_closed_queue_takes_nothing_and_gives_back_what_it_had),
		cmocka_unit_test(the_bell_rings_only_for_a_taker_who_sleeps),
		cmocka_unit_test(putting_a_list_tells_whether_the_queue_was_empty),
		cmocka_unit_test(a_stop_ends_every_wait_when_its_time_has_come),
		cmocka_unit_test(nothing_is_lost_between_two_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
