#include "presence.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

static const struct siphash_key key = {1, 2};

static const char handles[64]; /* only their addresses count */

#define ANN SLICE("1")
#define BOB SLICE("2")
#define ROOM SLICE("1/2")

static int set_up(void **state)
{
	*state = presence_create(&key, false);
	return *state == NULL;
}

static int tear_down(void **state)
{
	presence_destroy(*state);
	return 0;
}

static struct client *add(struct presence *presence, int handle, const char *client_id,
	struct slice id, const char *name)
{
	struct client *client =
		presence_add(presence, &handles[handle], client_id, id, slice_str(name));
	assert_non_null(client);
	return client;
}

static void client_is_found_by_its_handle(void **state)
{
	struct client *client = add(*state, 0, "tab", ANN, "Ann");
	assert_ptr_equal(presence_find(*state, &handles[0]), client);
	assert_null(presence_find(*state, &handles[1]));
}

static void serials_never_come_back(void **state)
{
	struct client *client = add(*state, 0, "tab", ANN, "Ann");
	client_serial first = client->serial;
	presence_remove(*state, client);
	client = add(*state, 0, "tab", ANN, "Ann");
	assert_true(client->serial > first);
	assert_int_not_equal(first, 0);
}

static void user_has_the_name_of_the_latest_login(void **state)
{
	struct client *first = add(*state, 0, "tab", ANN, "Ann");
	struct client *second = add(*state, 1, "phone", ANN, "Annie");
	assert_slice_equal(presence_name(first->user->name), SLICE("Annie"));
	assert_slice_equal(presence_name(first->name), SLICE("Ann"));
	presence_remove(*state, second);
	assert_slice_equal(presence_name(first->user->name), SLICE("Annie"));
}

static void name_may_be_empty(void **state)
{
	struct client *client = add(*state, 0, "tab", ANN, "");
	assert_int_equal(presence_name(client->name).len, 0);
}

static void user_goes_with_the_last_client(void **state)
{
	struct client *first = add(*state, 0, "tab", ANN, "Ann");
	struct client *second = add(*state, 1, "phone", ANN, "Ann");
	presence_remove(*state, first);
	assert_non_null(presence_user(*state, ANN));
	presence_remove(*state, second);
	assert_null(presence_user(*state, ANN));
}

static void ids_that_look_like_numbers_are_compared_byte_for_byte(void **state)
{
	add(*state, 0, "tab", SLICE("1"), "Ann");
	assert_null(presence_user(*state, SLICE("01")));
}

static void latest_client_holds_the_client_id(void **state)
{
	struct client *old = add(*state, 0, "tab", ANN, "Ann");
	struct client *young = add(*state, 1, "tab", ANN, "Ann");
	assert_ptr_equal(presence_holder(*state, "tab"), young);
	assert_ptr_equal(young->older, old);
	assert_true(young->holds_id);
	assert_false(old->holds_id);
}

static void client_id_falls_back_when_the_latest_goes_first(void **state)
{
	struct client *old = add(*state, 0, "tab", ANN, "Ann");
	struct client *young = add(*state, 1, "tab", ANN, "Ann");
	presence_remove(*state, young);
	assert_ptr_equal(presence_holder(*state, "tab"), old);
	assert_true(old->holds_id);
}

static void one_in_the_middle_of_a_take_over_can_go(void **state)
{
	struct client *first = add(*state, 0, "tab", ANN, "Ann");
	struct client *second = add(*state, 1, "tab", ANN, "Ann");
	struct client *third = add(*state, 2, "tab", ANN, "Ann");
	presence_remove(*state, second);
	assert_ptr_equal(presence_holder(*state, "tab"), third);
	assert_ptr_equal(third->older, first);
	assert_false(first->holds_id);
}

static void client_id_is_free_when_all_have_gone(void **state)
{
	struct client *old = add(*state, 0, "tab", ANN, "Ann");
	struct client *young = add(*state, 1, "tab", ANN, "Ann");
	presence_remove(*state, old);
	presence_remove(*state, young);
	assert_null(presence_holder(*state, "tab"));
}

static void empty_client_id_is_one_like_others(void **state)
{
	struct client *client = add(*state, 0, "", ANN, "Ann");
	assert_ptr_equal(presence_holder(*state, ""), client);
}

static void ordinary_client_is_nobody(void **state)
{
	struct client *client = add(*state, 0, "sensor", SLICE(""), "");
	assert_null(client->user);
	assert_int_equal(presence_count(*state).users, 0);
}

static void user_is_in_a_room_while_one_client_is(void **state)
{
	struct client *tab = add(*state, 0, "tab", ANN, "Ann");
	struct client *phone = add(*state, 1, "phone", ANN, "Ann");
	struct membership *m = presence_join(*state, tab, ROOM);
	struct membership *n = presence_join(*state, phone, ROOM);
	assert_non_null(m);
	assert_non_null(n);
	presence_leave(*state, m);
	assert_true(presence_is_in(presence_room(*state, ROOM), tab->user));
	presence_leave(*state, n);
	assert_null(presence_room(*state, ROOM));
}

static void membership_is_that_of_the_client(void **state)
{
	struct client *ann = add(*state, 0, "tab", ANN, "Ann");
	struct client *bob = add(*state, 1, "phone", BOB, "Bob");
	struct membership *m = presence_join(*state, ann, ROOM);
	assert_ptr_equal(presence_membership(ann, presence_room(*state, ROOM)), m);
	assert_null(presence_membership(bob, presence_room(*state, ROOM)));
	assert_null(presence_membership(ann, NULL));
}

static void only_a_client_in_the_lobby_waits_outside(void **state)
{
	struct client *ann = add(*state, 0, "tab", ANN, "Ann");
	assert_false(presence_hears_in_lobby(ann->user, NULL));
	ann->in_lobby = true;
	assert_true(presence_hears_in_lobby(ann->user, NULL));
	assert_non_null(presence_join(*state, ann, ROOM));
	assert_false(presence_hears_in_lobby(ann->user, presence_room(*state, ROOM)));
}

static void side_is_told_by_the_whole_id(void **state)
{
	struct client *client = add(*state, 0, "tab", SLICE("11"), "Ann");
	const struct room *room = presence_join(*state, client, SLICE("11/211"))->room;
	assert_int_equal(presence_side(room, SLICE("11")), 1);
	assert_int_equal(presence_side(room, SLICE("211")), 2);
	assert_int_equal(presence_side(room, SLICE("1")), 0);
	assert_int_equal(presence_side(room, SLICE("2")), 0);
	assert_int_equal(presence_side(room, SLICE("111")), 0);
	assert_int_equal(presence_side(room, SLICE("112111")), 0);
}

static void destroying_frees_what_is_left(void **state)
{
	struct client *ann = add(*state, 0, "tab", ANN, "Ann");
	struct client *bob = add(*state, 1, "tab2", BOB, "Bob");
	add(*state, 2, "tab", ANN, "Other");
	assert_non_null(presence_join(*state, ann, ROOM));
	assert_non_null(presence_join(*state, bob, ROOM));
	assert_non_null(presence_join(*state, bob, SLICE("2/3")));
}

/* Forty handles, five client ids, four users: who holds which id, who is where. */
static void thousands_of_random_steps_leave_the_books_right(void **state)
{
	struct presence *presence = *state;
	enum {
		HANDLES = 40,
		IDS = 5
	};
	static const char *const users[] = {"1", "2", "3", ""};
	struct client *live[HANDLES] = {NULL};
	client_serial holder[IDS] = {0};
	srand(5);
	for (int step = 0; step < 20000; step++) {
		int h = rand() % HANDLES;
		struct client *client = live[h];
		if (client == NULL) {
			char id[16];
			snprintf(id, sizeof(id), "c%d", rand() % IDS);
			live[h] = add(presence, h, id, slice_str(users[rand() % 4]), "x");
		} else if (client->user != NULL && client->chats == NULL && rand() % 2 == 0) {
			assert_non_null(presence_join(presence, client, ROOM));
		} else {
			if (client->chats != NULL) {
				presence_leave(presence, client->chats);
			}
			presence_remove(presence, client);
			live[h] = NULL;
		}
		memset(holder, 0, sizeof(holder));
		size_t count = 0;
		for (int i = 0; i < HANDLES; i++) {
			if (live[i] != NULL) {
				client_serial *latest = &holder[live[i]->client_id[1] - '0'];
				*latest = live[i]->serial > *latest ? live[i]->serial : *latest;
				count++;
			}
		}
		assert_int_equal(presence_count(presence).clients, count);
		for (int i = 0; i < IDS; i++) {
			char id[16];
			snprintf(id, sizeof(id), "c%d", i);
			const struct client *found = presence_holder(presence, id);
			assert_int_equal(found == NULL ? 0 : found->serial, holder[i]);
		}
	}
}

int main(void)
{
#define PRESENCE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		PRESENCE_TEST(client_is_found_by_its_handle),
		PRESENCE_TEST(serials_never_come_back),
		PRESENCE_TEST(user_has_the_name_of_the_latest_login),
		PRESENCE_TEST(name_may_be_empty),
		PRESENCE_TEST(user_goes_with_the_last_client),
		PRESENCE_TEST(ids_that_look_like_numbers_are_compared_byte_for_byte),
		PRESENCE_TEST(latest_client_holds_the_client_id),
		PRESENCE_TEST(client_id_falls_back_when_the_latest_goes_first),
		PRESENCE_TEST(one_in_the_middle_of_a_take_over_can_go),
		PRESENCE_TEST(client_id_is_free_when_all_have_gone),
		PRESENCE_TEST(empty_client_id_is_one_like_others),
		PRESENCE_TEST(ordinary_client_is_nobody),
		PRESENCE_TEST(user_is_in_a_room_while_one_client_is),
		PRESENCE_TEST(membership_is_that_of_the_client),
		PRESENCE_TEST(only_a_client_in_the_lobby_waits_outside),
		PRESENCE_TEST(side_is_told_by_the_whole_id),
		PRESENCE_TEST(destroying_frees_what_is_left),
		PRESENCE_TEST(thousands_of_random_steps_leave_the_books_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
