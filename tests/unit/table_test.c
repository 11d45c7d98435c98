#include "table.h"

#include <stdlib.h>

#include "unit.h"

/* ---- the end of the memory */

static bool at_the_end;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return at_the_end ? NULL : __real_calloc(count, size);
}

/* ---- */

enum {
	MANY = 20000
};

struct number {
	int before; /* so that the link is not where the element begins */
	struct table_link link;
	int value;
	bool in;
};

static struct number numbers[MANY];

/* Three numbers share each hash, and hashes that follow each other share a bucket now and then. */
static uint64_t hash_of(int value)
{
	return (uint64_t)(value / 3) * 7;
}

static bool is(const struct table_link *link, const void *value)
{
	return TABLE_ELEMENT(link, struct number, link)->value == *(const int *)value;
}

static struct number *find(const struct table *table, int value)
{
	struct table_link *link = table_find(table, hash_of(value), is, &value);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct number, link);
}

static void add(struct table *table, int value)
{
	numbers[value] = (struct number){.value = value, .in = true};
	table_add(table, &numbers[value].link, hash_of(value));
}

static void take_out(struct table *table, int value)
{
	numbers[value].in = false;
	table_remove(table, &numbers[value].link);
}

static void assert_holds(const struct table *table, int from, int to)
{
	assert_int_equal(table->count, to - from);
	for (int i = 0; i < MANY; i++) {
		struct number *expected = i >= from && i < to ? &numbers[i] : NULL;
		assert_ptr_equal(find(table, i), expected);
	}
}

static void empty(struct table *table)
{
	size_t at = 0;
	struct table_link *link;
	while ((link = table_any(table, &at)) != NULL) {
		take_out(table, TABLE_ELEMENT(link, struct number, link)->value);
	}
}

static void empty_table_holds_nothing(void **state)
{
	(void)state;
	struct table table = {0};
	size_t at = 0;
	assert_null(table_find(&table, 0, NULL, NULL));
	assert_null(table_any(&table, &at));
	table_finish(&table);
}

static void few_elements_take_no_memory(void **state)
{
	(void)state;
	struct table table = {0};
	at_the_end = true;
	for (int i = 0; i < 4; i++) {
		add(&table, i);
	}
	at_the_end = false;
	assert_null(table.buckets);
	assert_holds(&table, 0, 4);
	empty(&table);
	table_finish(&table);
}

static void elements_of_one_hash_are_told_apart_by_their_key(void **state)
{
	(void)state;
	struct table table = {0};
	for (int i = 0; i < 3; i++) {
		add(&table, i);
	}
	assert_holds(&table, 0, 3);
	struct table_link *any = table_find(&table, hash_of(0), NULL, NULL);
	assert_non_null(any);
	assert_int_equal(any->hash, hash_of(0));
	empty(&table);
	table_finish(&table);
}

static void grown_table_finds_all(void **state)
{
	(void)state;
	struct table table = {0};
	for (int i = 0; i < MANY; i++) {
		add(&table, i);
	}
	assert_holds(&table, 0, MANY);
	assert_true(table.size >= MANY);
	empty(&table);
	table_finish(&table);
}

static void walk_meets_each_element_once(void **state)
{
	(void)state;
	struct table table = {0};
	assert_null(table_next(&table, NULL));
	for (int count = 1; count <= 1000; count *= 10) {
		for (int value = 0; value < count; value++) {
			add(&table, value);
		}
		int met = 0;
		for (struct table_link *link = table_next(&table, NULL); link != NULL;
			link = table_next(&table, link)) {
			TABLE_ELEMENT(link, struct number, link)->before = count;
			met++;
		}
		assert_int_equal(met, count);
		for (int value = 0; value < count; value++) {
			assert_int_equal(numbers[value].before, count);
			table_remove(&table, &numbers[value].link);
		}
	}
	table_finish(&table);
}

static void emptied_table_gives_its_memory_back(void **state)
{
	(void)state;
	struct table table = {0};
	for (int i = 0; i < MANY; i++) {
		add(&table, i);
	}
	for (int i = 100; i < MANY; i++) {
		take_out(&table, i);
	}
	assert_holds(&table, 0, 100);
	assert_true(table.size < 1000);
	empty(&table);
	assert_int_equal(table.count, 0);
	assert_true(table.size <= 16);
	table_finish(&table);
}

/* One more and one less again must not rebuild the table each time. */
static void size_does_not_go_to_and_fro(void **state)
{
	(void)state;
	struct table table = {0};
	for (int i = 0; i < 1024; i++) {
		add(&table, i);
	}
	size_t full = table.size;
	add(&table, 1024);
	size_t grown = table.size;
	assert_true(grown > full);
	take_out(&table, 1024);
	assert_int_equal(table.size, grown);
	for (int i = 1023; table.size == grown; i--) {
		take_out(&table, i);
	}
	size_t shrunk = table.size;
	size_t left = table.count;
	add(&table, 1023);
	assert_int_equal(table.size, shrunk);
	take_out(&table, 1023);
	assert_int_equal(table.size, shrunk);
	assert_holds(&table, 0, (int)left);
	empty(&table);
	table_finish(&table);
}

static void table_without_memory_to_grow_takes_more(void **state)
{
	(void)state;
	struct table table = {0};
	for (int i = 0; i < 100; i++) {
		add(&table, i);
	}
	size_t size = table.size;
	at_the_end = true;
	for (int i = 100; i < 1000; i++) {
		add(&table, i);
	}
	assert_int_equal(table.size, size);
	assert_holds(&table, 0, 1000);
	at_the_end = false;
	add(&table, 1000);
	assert_true(table.size > size);
	assert_holds(&table, 0, 1001);
	empty(&table);
	table_finish(&table);
}

static void table_without_memory_to_shrink_stays_large(void **state)
{
	(void)state;
	struct table table = {0};
	for (int i = 0; i < 1000; i++) {
		add(&table, i);
	}
	size_t size = table.size;
	at_the_end = true;
	for (int i = 10; i < 1000; i++) {
		take_out(&table, i);
	}
	at_the_end = false;
	assert_int_equal(table.size, size);
	assert_holds(&table, 0, 10);
	empty(&table);
	table_finish(&table);
}

static void thousands_of_random_steps_leave_the_table_right(void **state)
{
	(void)state;
	struct table table = {0};
	size_t count = 0;
	srand(7);
	for (int i = 0; i < 2000; i++) {
		numbers[i].in = false;
	}
	for (int step = 0; step < 200000; step++) {
		/* Now mostly more, now mostly less. */
		int more = step / 20000 % 2 == 0 ? 3 : 1;
		int value = rand() % 2000;
		assert_ptr_equal(find(&table, value), numbers[value].in ? &numbers[value] : NULL);
		if (!numbers[value].in && rand() % 4 < more) {
			add(&table, value);
			count++;
		} else if (numbers[value].in && rand() % 4 >= more) {
			take_out(&table, value);
			count--;
		}
		assert_int_equal(table.count, count);
	}
	empty(&table);
	table_finish(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_table_holds_nothing),
		cmocka_unit_test(few_elements_take_no_memory),
		cmocka_unit_test(elements_of_one_hash_are_told_apart_by_their_key),
		cmocka_unit_test(grown_table_finds_all),
		cmocka_unit_test(walk_meets_each_element_once),
		cmocka_unit_test(emptied_table_gives_its_memory_back),
		cmocka_unit_test(size_does_not_go_to_and_fro),
		cmocka_unit_test(table_without_memory_to_grow_takes_more),
		cmocka_unit_test(table_without_memory_to_shrink_stays_large),
		cmocka_unit_test(thousands_of_random_steps_leave_the_table_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
