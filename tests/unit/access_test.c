#include "access.h"

#include "unit.h"

#define ANN SLICE("1")
#define BOB SLICE("2")
#define EVE SLICE("3")
#define NOBODY SLICE("")

static enum access_answer subscribe(struct slice id, const char *filter)
{
	struct topic topic = topic_parse_filter(slice_str(filter));
	return access_subscribe(id, &topic);
}

static enum access_answer publish(struct slice id, const char *text, bool retain)
{
	struct topic topic = topic_parse(slice_str(text));
	return access_publish(id, &topic, retain);
}

static enum access_answer receive(struct slice id, const char *text)
{
	struct topic topic = topic_parse(slice_str(text));
	return access_receive(id, &topic);
}

static void both_users_may_subscribe_to_their_chat(void **state)
{
	(void)state;
	assert_int_equal(subscribe(ANN, "chat/1/2"), ACCESS_YES);
	assert_int_equal(subscribe(BOB, "chat/1/2"), ACCESS_YES);
}

static void nobody_else_may_subscribe_to_it(void **state)
{
	(void)state;
	assert_int_equal(subscribe(EVE, "chat/1/2"), ACCESS_NO);
	assert_int_equal(subscribe(NOBODY, "chat/1/2"), ACCESS_NO);
}

static void lobby_is_for_its_user_alone(void **state)
{
	(void)state;
	assert_int_equal(subscribe(ANN, "user/1"), ACCESS_YES);
	assert_int_equal(subscribe(BOB, "user/1"), ACCESS_NO);
	assert_int_equal(subscribe(NOBODY, "user/1"), ACCESS_NO);
}

static void filters_that_are_not_exactly_ours_are_refused(void **state)
{
	(void)state;
	static const char *const filters[] = {"chat/2/1", "chat/1/1", "chat/1/2/3", "chat/1",
		"chat/+/2", "chat/#", "chat", "user", "user/1/x", "user/+", "user/#",
		"$share/g/chat/1/2", "$share/g/user/1", "$hat/1/2", "$hat/#", "$share/g/$hat/#",
		"chat//2", "user/"};
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		assert_int_equal(subscribe(ANN, filters[i]), ACCESS_NO);
		assert_int_equal(subscribe(NOBODY, filters[i]), ACCESS_NO);
	}
}

static void wild_filters_are_refused_to_chat_users_only(void **state)
{
	(void)state;
	static const char *const filters[] = {"#", "+", "+/#", "+/1", "$share/g/#", "$share/g/+/1"};
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		assert_int_equal(subscribe(ANN, filters[i]), ACCESS_NO);
		assert_int_equal(subscribe(NOBODY, filters[i]), ACCESS_NOT_OURS);
	}
}

static void both_users_may_publish_to_their_chat_and_nobody_else(void **state)
{
	(void)state;
	assert_int_equal(publish(ANN, "chat/1/2", false), ACCESS_YES);
	assert_int_equal(publish(BOB, "chat/1/2", false), ACCESS_YES);
	assert_int_equal(publish(EVE, "chat/1/2", false), ACCESS_NO);
	assert_int_equal(publish(NOBODY, "chat/1/2", false), ACCESS_NO);
}

static void retained_publish_is_refused(void **state)
{
	(void)state;
	assert_int_equal(publish(ANN, "chat/1/2", true), ACCESS_NO);
}

static void lobby_is_published_to_by_its_user_alone(void **state)
{
	(void)state;
	assert_int_equal(publish(ANN, "user/1", false), ACCESS_YES);
	assert_int_equal(publish(ANN, "user/1", true), ACCESS_NO);
	assert_int_equal(publish(ANN, "user/2", false), ACCESS_NO);
	assert_int_equal(publish(NOBODY, "user/1", false), ACCESS_NO);
}

static void nobody_may_publish_to_a_hidden_topic(void **state)
{
	(void)state;
	assert_int_equal(publish(ANN, "$hat/1/2", false), ACCESS_NO);
	assert_int_equal(publish(NOBODY, "$hat/1/2", false), ACCESS_NO);
}

static void nothing_broken_or_foreign_is_received(void **state)
{
	(void)state;
	assert_int_equal(receive(ANN, "chat/2/1"), ACCESS_NO);
	assert_int_equal(receive(ANN, "$hat/1/2"), ACCESS_NO);
	assert_int_equal(receive(EVE, "chat/1/2"), ACCESS_NO);
	assert_int_equal(receive(NOBODY, "user/1"), ACCESS_NO);
	assert_int_equal(receive(ANN, "chat/1/2"), ACCESS_YES);
}

static void other_topics_are_not_ours(void **state)
{
	(void)state;
	assert_int_equal(subscribe(ANN, "sensors/1"), ACCESS_NOT_OURS);
	assert_int_equal(subscribe(ANN, "$SYS/#"), ACCESS_NOT_OURS);
	assert_int_equal(publish(NOBODY, "chats/1/2", true), ACCESS_NOT_OURS);
	assert_int_equal(receive(NOBODY, "sensors/1"), ACCESS_NOT_OURS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_users_may_subscribe_to_their_chat),
		cmocka_unit_test(nobody_else_may_subscribe_to_it),
		cmocka_unit_test(lobby_is_for_its_user_alone),
		cmocka_unit_test(filters_that_are_not_exactly_ours_are_refused),
		cmocka_unit_test(wild_filters_are_refused_to_chat_users_only),
		cmocka_unit_test(both_users_may_publish_to_their_chat_and_nobody_else),
		cmocka_unit_test(retained_publish_is_refused),
		cmocka_unit_test(lobby_is_published_to_by_its_user_alone),
		cmocka_unit_test(nobody_may_publish_to_a_hidden_topic),
		cmocka_unit_test(nothing_broken_or_foreign_is_received),
		cmocka_unit_test(other_topics_are_not_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
