#include "expiry.h"

#include <stdlib.h>

#include "unit.h"

#define NOW INT64_C(1795334400000) /* Unix ms */
#define SLACK (EXPIRY_SLOT_MS)

static void add_at(struct expiry *expiry, struct client *client, int64_t expires_at)
{
	*client = (struct client){.expires_at = expires_at};
	expiry_add(expiry, client);
}

static void nobody_is_due_too_early(void **state)
{
	(void)state;
	struct expiry expiry = {0};
	struct client client;
	add_at(&expiry, &client, NOW + 60000);
	for (int64_t now = NOW; now < NOW + 60000; now += 100) {
		assert_null(expiry_due(&expiry, now));
	}
}

static void everybody_is_due_within_a_slot(void **state)
{
	(void)state;
	struct expiry expiry = {0};
	struct client client;
	add_at(&expiry, &client, NOW + 60000);
	int64_t now = NOW;
	while (expiry_due(&expiry, now) == NULL) {
		now += 100;
	}
	assert_in_range(now, NOW + 60000, NOW + 60000 + SLACK);
}

static void who_was_found_comes_up_again_later(void **state)
{
	(void)state;
	struct expiry expiry = {0};
	struct client client;
	add_at(&expiry, &client, NOW);
	assert_ptr_equal(expiry_due(&expiry, NOW + SLACK), &client);
	assert_null(expiry_due(&expiry, NOW + SLACK));
	assert_ptr_equal(expiry_due(&expiry, NOW + SLACK + EXPIRY_AGAIN_MS + SLACK), &client);
}

static void who_left_does_not_come_up(void **state)
{
	(void)state;
	struct expiry expiry = {0};
	struct client client;
	add_at(&expiry, &client, NOW);
	expiry_remove(&expiry, &client);
	assert_null(expiry_due(&expiry, NOW + SLACK));
}

static void client_without_expiry_can_be_removed(void **state)
{
	(void)state;
	struct expiry expiry = {0};
	struct client client = {0};
	expiry_remove(&expiry, &client);
}

static void far_expiry_waits_for_its_round(void **state)
{
	(void)state;
	struct expiry expiry = {0};
	struct client client;
	int64_t rounds = INT64_C(3) * EXPIRY_SLOTS * EXPIRY_SLOT_MS;
	add_at(&expiry, &client, NOW + rounds);
	for (int64_t now = NOW; now < NOW + rounds; now += 1000) {
		assert_null(expiry_due(&expiry, now));
	}
	assert_ptr_equal(expiry_due(&expiry, NOW + rounds + SLACK), &client);
}

static void clock_that_jumps_ahead_finds_everybody(void **state)
{
	(void)state;
	struct expiry expiry = {0};
	struct client clients[100];
	for (int i = 0; i < 100; i++) {
		add_at(&expiry, &clients[i], NOW + i * 7000);
	}
	assert_null(expiry_due(&expiry, NOW - 1));
	int found = 0;
	while (expiry_due(&expiry, NOW + 86400000) != NULL) {
		found++;
	}
	assert_int_equal(found, 100);
}

static void clock_that_jumps_back_finds_them_in_time(void **state)
{
	(void)state;
	struct expiry expiry = {0};
	struct client client;
	assert_null(expiry_due(&expiry, NOW + 3600000));
	add_at(&expiry, &client, NOW + 60000);
	assert_null(expiry_due(&expiry, NOW));
	assert_ptr_equal(expiry_due(&expiry, NOW + 60000 + SLACK), &client);
}

static void thousands_are_each_found_once_and_in_time(void **state)
{
	(void)state;
	enum {
		CLIENTS = 5000,
		SPAN = 1200000
	};
	struct expiry expiry = {0};
	static struct client clients[CLIENTS];
	static int64_t at[CLIENTS];
	srand(3);
	for (int i = 0; i < CLIENTS; i++) {
		at[i] = NOW + rand() % SPAN;
		add_at(&expiry, &clients[i], at[i]);
	}
	int found = 0;
	for (int64_t now = NOW; now < NOW + SPAN + SLACK; now += 500) {
		struct client *client;
		while ((client = expiry_due(&expiry, now)) != NULL) {
			assert_in_range(now, at[client - clients], at[client - clients] + SLACK);
			expiry_remove(&expiry, client);
			client->expires_at = 0;
			found++;
		}
	}
	assert_int_equal(found, CLIENTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_due_too_early),
		cmocka_unit_test(everybody_is_due_within_a_slot),
		cmocka_unit_test(who_was_found_comes_up_again_later),
		cmocka_unit_test(who_left_does_not_come_up),
		cmocka_unit_test(client_without_expiry_can_be_removed),
		cmocka_unit_test(far_expiry_waits_for_its_round),
		cmocka_unit_test(clock_that_jumps_ahead_finds_everybody),
		cmocka_unit_test(clock_that_jumps_back_finds_them_in_time),
		cmocka_unit_test(thousands_are_each_found_once_and_in_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
