#include "pending.h"

#include <stdio.h>

#include "presence.h"
#include "unit.h"

static struct message message(const char *room, const char *user_id, const char *ref)
{
	return (struct message){
		.room = slice_str(room),
		.user_id = slice_str(user_id),
		.ref = slice_str(ref),
		.from = 7,
	};
}

static struct pending *add(struct pending_table *table, const struct message *m)
{
	assert_int_equal(pending_add(table, m), CHAT_OK);
	struct pending *pending = pending_find(table, m);
	assert_non_null(pending);
	return pending;
}

static size_t repeats(const struct pending *pending)
{
	size_t count = 0;
	for (const struct repeat *r = pending->repeats; r != NULL; r = r->next) {
		count++;
	}
	return count;
}

static void only_the_same_sender_ref_and_room_are_the_same(void **state)
{
	(void)state;
	struct pending_table table = {.key = {1, 2}};
	struct message m = message("1/2", "1", "a");
	add(&table, &m);
	struct message others[] = {message("1/3", "1", "a"), message("1/2", "2", "a"),
		message("1/2", "1", "b"), message("1/2", "1", "aa")};
	for (size_t i = 0; i < 4; i++) {
		assert_null(pending_find(&table, &others[i]));
	}
	pending_finish(&table);
}

static void longest_parts_fit(void **state)
{
	(void)state;
	struct pending_table table = {.key = {1, 2}};
	char bytes[REF_MAX];
	memset(bytes, 'x', sizeof(bytes));
	struct message m = {
		.room = slice_of(bytes, ROOM_MAX),
		.user_id = slice_of(bytes, ID_MAX),
		.ref = slice_of(bytes, REF_MAX),
	};
	add(&table, &m);
	pending_finish(&table);
}

static void connection_that_repeats_twice_is_noted_once(void **state)
{
	(void)state;
	struct pending_table table = {.key = {1, 2}};
	struct message m = message("1/2", "1", "a");
	struct pending *pending = add(&table, &m);
	assert_int_equal(pending_repeat(pending, 8), CHAT_OK);
	assert_int_equal(pending_repeat(pending, 8), CHAT_OK);
	assert_int_equal(repeats(pending), 1);
	pending_finish(&table);
}

static void first_sender_is_not_noted_again(void **state)
{
	(void)state;
	struct pending_table table = {.key = {1, 2}};
	struct message m = message("1/2", "1", "a");
	struct pending *pending = add(&table, &m);
	assert_int_equal(pending_repeat(pending, m.from), CHAT_OK);
	assert_int_equal(repeats(pending), 0);
	pending_finish(&table);
}

static void client_that_keeps_coming_back_does_not_fill_the_memory(void **state)
{
	(void)state;
	struct pending_table table = {.key = {1, 2}};
	struct message m = message("1/2", "1", "a");
	struct pending *pending = add(&table, &m);
	for (client_serial serial = 100; serial < 10000; serial++) {
		assert_int_equal(pending_repeat(pending, serial), CHAT_OK);
	}
	assert_int_equal(repeats(pending), CLIENTS_PER_USER_MAX);
	assert_int_equal(pending->repeats->from, 9999);
	pending_finish(&table);
}

static void what_was_removed_can_come_again(void **state)
{
	(void)state;
	struct pending_table table = {.key = {1, 2}};
	struct message m = message("1/2", "1", "a");
	pending_remove(&table, add(&table, &m));
	assert_null(pending_find(&table, &m));
	add(&table, &m);
	pending_finish(&table);
}

static void no_more_are_noted_than_there_is_memory_for(void **state)
{
	(void)state;
	struct pending_table table = {.key = {1, 2}};
	char ref[16];
	for (int i = 0; i < PENDING_MAX; i++) {
		snprintf(ref, sizeof(ref), "%d", i);
		struct message m = message("1/2", "1", ref);
		assert_int_equal(pending_add(&table, &m), CHAT_OK);
	}
	struct message m = message("1/2", "1", "one more");
	assert_int_equal(pending_add(&table, &m), CHAT_EBUSY);
	assert_null(pending_find(&table, &m));
	struct message first = message("1/2", "1", "0");
	pending_remove(&table, pending_find(&table, &first));
	assert_int_equal(pending_add(&table, &m), CHAT_OK);
	pending_finish(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_same_sender_ref_and_room_are_the_same),
		cmocka_unit_test(longest_parts_fit),
		cmocka_unit_test(connection_that_repeats_twice_is_noted_once),
		cmocka_unit_test(first_sender_is_not_noted_again),
		cmocka_unit_test(client_that_keeps_coming_back_does_not_fill_the_memory),
		cmocka_unit_test(what_was_removed_can_come_again),
		cmocka_unit_test(no_more_are_noted_than_there_is_memory_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
