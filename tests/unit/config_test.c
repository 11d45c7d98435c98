#include "config.h"

#include <stdlib.h>

#include "unit.h"

#define ROWS(...)                                                                                  \
	(const struct config_row[]){__VA_ARGS__},                                                  \
		sizeof((const struct config_row[]){__VA_ARGS__}) / sizeof(struct config_row)

/* ---- the end of the memory */

static int allocations_left = -1; /* negative: no end */

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
	if (allocations_left == 0) {
		return NULL;
	}
	allocations_left -= allocations_left > 0;
	return __real_strdup(text);
}

/* ---- */

static void refused(const struct config_row *rows, size_t count, const char *expected)
{
	struct config config;
	char reason[CONFIG_REASON_MAX] = "";
	if (config_parse(&config, rows, count, reason)) {
		fail_msg("accepted, and should have been refused: %s", expected);
	}
	if (strstr(reason, expected) == NULL) {
		fail_msg("\"%s\" does not say \"%s\"", reason, expected);
	}
	assert_null(config.database);
	config_finish(&config);
}

static void without_rows_everything_has_its_default(void **state)
{
	(void)state;
	struct config config;
	char reason[CONFIG_REASON_MAX];
	assert_true(config_parse(&config, NULL, 0, reason));
	assert_string_equal(config.database, "");
	assert_string_equal(config.secret_file, "");
	assert_string_equal(config.secret_env, "CHAT_SECRET");
	assert_string_equal(config.jwt_audience, "");
	assert_true(config.signed_names);
	assert_false(config.allow_other_topics);
	assert_int_equal(config.history_limit, 50);
	assert_int_equal(config.rate_limit, 20);
	assert_int_equal(config.queue_limit, 10000);
	assert_string_equal(config.journal, "");
	assert_int_equal(config.journal_sync, 10);
	assert_int_equal(config.journal_limit, 256);
	assert_false(config.cluster);
	assert_string_equal(config.cluster_name, "");
	assert_string_equal(config.cluster_database, "");
	assert_int_equal(config.cluster_pace, 2);
	assert_true(config.user_blocking);
	assert_true(config.last_seen);
	assert_string_equal(config.metrics_file, "");
	assert_true(config.watch_websockets);
	assert_true(config.hold_wakeups);
	config_finish(&config);
}

static void every_option_can_be_set(void **state)
{
	(void)state;
	struct config config;
	char reason[CONFIG_REASON_MAX];
	assert_true(config_parse(&config,
		ROWS({"queue_limit", "10000000"}, {"rate_limit", "0"}, {"history_limit", "200"},
			{"other_topics", "allow"}, {"jwt_audience", "chat"},
			{"signed_names", "false"}, {"secret_env", "X"}, {"secret_file", "/etc/x"},
			{"database", "dbname=x"}, {"journal", "/var/x"}, {"journal_sync", "0"},
			{"journal_limit", "65536"}, {"watch_websockets", "false"},
			{"hold_wakeups", "false"}, {"metrics_file", "/var/x.prom"},
			{"user_blocking", "false"}, {"last_seen", "false"}, {"cluster", "true"}, {"cluster_name", "one"},
			{"cluster_database", "dbname=y"}, {"cluster_pace", "50"}),
		reason));
	assert_true(config.cluster);
	assert_string_equal(config.cluster_name, "one");
	assert_string_equal(config.cluster_database, "dbname=y");
	assert_int_equal(config.cluster_pace, 50);
	assert_false(config.user_blocking);
	assert_false(config.last_seen);
	assert_string_equal(config.metrics_file, "/var/x.prom");
	assert_false(config.watch_websockets);
	assert_false(config.hold_wakeups);
	assert_string_equal(config.journal, "/var/x");
	assert_int_equal(config.journal_sync, 0);
	assert_int_equal(config.journal_limit, 65536);
	assert_string_equal(config.database, "dbname=x");
	assert_string_equal(config.secret_file, "/etc/x");
	assert_string_equal(config.secret_env, "X");
	assert_string_equal(config.jwt_audience, "chat");
	assert_false(config.signed_names);
	assert_true(config.allow_other_topics);
	assert_int_equal(config.history_limit, 200);
	assert_int_equal(config.rate_limit, 0);
	assert_int_equal(config.queue_limit, 10000000);
	config_finish(&config);
}

static void a_text_may_be_empty_or_missing(void **state)
{
	(void)state;
	struct config config;
	char reason[CONFIG_REASON_MAX];
	assert_true(config_parse(&config, ROWS({"database", NULL}, {"jwt_audience", ""}), reason));
	assert_string_equal(config.database, "");
	config_finish(&config);
}

static void an_unknown_option_is_named_with_those_that_there_are(void **state)
{
	(void)state;
	refused(ROWS({"histroy_limit", "5"}), "plugin_opt_histroy_limit is no option");
	refused(ROWS({"histroy_limit", "5"}), "history_limit");
	refused(ROWS({"histroy_limit", "5"}), "queue_limit");
	refused(ROWS({"Database", "x"}), "plugin_opt_Database is no option");
	refused(ROWS({"", "x"}),
		"plugin_opt_ is no option; there are database, secret_file, secret_env, "
		"signed_names, jwt_audience, other_topics, history_limit, rate_limit, queue_limit");
}

static void an_endless_or_hostile_key_stays_a_short_line(void **state)
{
	(void)state;
	char key[1000];
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	refused(ROWS({key, "x"}), "kkkk is no option");
	refused(ROWS({"a~\x1b[31m", "x"}), "plugin_opt_a~ is no option");
	refused(ROWS({"a b", "x"}), "plugin_opt_a is no option");
}

static void a_repeated_option_is_refused(void **state)
{
	(void)state;
	refused(ROWS({"database", "a"}, {"rate_limit", "1"}, {"database", "a"}),
		"plugin_opt_database is there twice");
}

static void a_number_has_to_be_whole_and_in_range(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", " ", "x", "5x", " 5", "5 ", "-1", "+5", "1.0",
		"1e2", "0x10", "0", "201", "4294967297", "18446744073709551617",
		"99999999999999999999999999"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		refused(ROWS({"history_limit", wrong[i]}),
			"plugin_opt_history_limit must be a whole number from 1 to 200");
	}
	refused(ROWS({"history_limit", NULL}), "plugin_opt_history_limit");
	refused(ROWS({"rate_limit", "1000001"}), "from 0 to 1000000");
	refused(ROWS({"queue_limit", "0"}), "from 1 to 10000000");
	refused(ROWS({"queue_limit", "10000001"}), "from 1 to 10000000");
}

static void every_digit_counts(void **state)
{
	(void)state;
	struct config config;
	char reason[CONFIG_REASON_MAX];
	assert_true(config_parse(&config,
		ROWS({"history_limit", "199"}, {"queue_limit", "1"}, {"rate_limit", "86420"}),
		reason));
	assert_int_equal(config.history_limit, 199);
	assert_int_equal(config.queue_limit, 1);
	assert_int_equal(config.rate_limit, 86420);
	config_finish(&config);
}

static void a_switch_is_true_or_false(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"", "yes", "no", "1", "0", "True", "FALSE", "true ", "on"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		refused(ROWS({"signed_names", wrong[i]}),
			"plugin_opt_signed_names must be 'false' or 'true'");
	}
}

static void other_topics_are_deferred_or_allowed(void **state)
{
	(void)state;
	refused(ROWS({"other_topics", "deny"}),
		"plugin_opt_other_topics must be 'defer' or 'allow'");
	refused(ROWS({"other_topics", "true"}), "plugin_opt_other_topics");
	refused(ROWS({"other_topics", ""}), "plugin_opt_other_topics");
}

static void the_environment_variable_needs_a_name(void **state)
{
	(void)state;
	refused(ROWS({"secret_env", ""}), "plugin_opt_secret_env must not be empty");
}

static void a_refusal_never_quotes_the_value(void **state)
{
	(void)state;
	struct config config;
	char reason[CONFIG_REASON_MAX] = "";
	assert_false(config_parse(&config, ROWS({"rate_limit", "hunter2"}), reason));
	assert_null(strstr(reason, "hunter2"));
	assert_false(config_parse(&config, ROWS({"databse", "password=hunter2"}), reason));
	assert_null(strstr(reason, "hunter2"));
}

static void running_out_of_memory_refuses_and_frees(void **state)
{
	(void)state;
	for (int left = 0; left < 6; left++) {
		allocations_left = left;
		refused(ROWS({"database", "dbname=x"}), "there is no memory for plugin_opt_");
	}
	for (int left = 0; left < 5; left++) {
		allocations_left = left;
		refused(NULL, 0, "there is no memory for plugin_opt_");
	}
	allocations_left = -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rows_everything_has_its_default),
		cmocka_unit_test(every_option_can_be_set),
		cmocka_unit_test(a_text_may_be_empty_or_missing),
		cmocka_unit_test(an_unknown_option_is_named_with_those_that_there_are),
		cmocka_unit_test(an_endless_or_hostile_key_stays_a_short_line),
		cmocka_unit_test(a_repeated_option_is_refused),
		cmocka_unit_test(a_number_has_to_be_whole_and_in_range),
		cmocka_unit_test(every_digit_counts),
		cmocka_unit_test(a_switch_is_true_or_false),
		cmocka_unit_test(other_topics_are_deferred_or_allowed),
		cmocka_unit_test(the_environment_variable_needs_a_name),
		cmocka_unit_test(a_refusal_never_quotes_the_value),
		cmocka_unit_test(running_out_of_memory_refuses_and_frees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
