#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

static struct histogram commits;
static struct histogram batches;

static struct metrics some(void)
{
	struct metrics metrics = {
		.version = "1.2.3",
		.schema = 7,
		.started_at = 1700000000,
		.database_up = true,
		.clients = 3,
		.users = 2,
		.chats = 1,
		.stored = 99,
		.waiting = 4,
		.waiting_limit = 10000,
		.node = 12,
		.nodes = 3,
		.lag_ms = 8,
		.resyncs = 1,
		.commits = &commits,
		.batches = &batches,
	};
	metrics.logins[TOKEN_FORM_JWT][LOGIN_REFUSED] = 5;
	metrics.errors[CHAT_ERATELIMITED] = 6;
	return metrics;
}

static int empty(void **state)
{
	(void)state;
	commits = (struct histogram){0};
	batches = (struct histogram){0};
	return 0;
}

static bool says(const struct metrics *metrics, const char *line)
{
	struct buffer text = {0};
	metrics_write(metrics, &text);
	buffer_append(&text, SLICE("\0"));
	bool found = strstr(text.bytes, line) != NULL;
	buffer_free(&text);
	return found;
}

static void every_number_stands_on_a_line_of_its_own(void **state)
{
	(void)state;
	struct metrics metrics = some();
	static const char *const lines[] = {
		"mosquitto_chat_build_info{version=\"1.2.3\",schema=\"7\"} 1\n",
		"\nmosquitto_chat_start_time_seconds 1700000000\n",
		"\nmosquitto_chat_closed 0\n",
		"\nmosquitto_chat_database_up 1\n",
		"\nmosquitto_chat_clients 3\n",
		"\nmosquitto_chat_users 2\n",
		"\nmosquitto_chat_open_chats 1\n",
		"\nmosquitto_chat_logins_total{form=\"jwt\",outcome=\"refused\"} 5\n",
		"\nmosquitto_chat_logins_total{form=\"signed_name\",outcome=\"accepted\"} 0\n",
		"\nmosquitto_chat_messages_stored_total 99\n",
		"\nmosquitto_chat_messages_waiting 4\n",
		"\nmosquitto_chat_messages_waiting_limit 10000\n",
		"\nmosquitto_chat_cluster_node 12\n",
		"\nmosquitto_chat_cluster_nodes 3\n",
		"\nmosquitto_chat_cluster_lag_ms 8\n",
		"\nmosquitto_chat_cluster_resyncs 1\n",
		"\nmosquitto_chat_cluster_split 0\n",
		"\nmosquitto_chat_errors_total{code=\"rate_limited\"} 6\n",
		"\nmosquitto_chat_errors_total{code=\"forbidden\"} 0\n",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!says(&metrics, lines[i])) {
			fail_msg("there is no line %s", lines[i]);
		}
	}
}

static void a_histogram_counts_what_is_at_most_its_bound(void **state)
{
	(void)state;
	struct metrics metrics = some();
	histogram_add(&commits, histogram_seconds, 1000);
	histogram_add(&commits, histogram_seconds, 1001);
	histogram_add(&commits, histogram_seconds, 12000000);
	assert_true(says(
		&metrics, "\nmosquitto_chat_commit_duration_seconds_bucket{le=\"0.001\"} 1\n"));
	assert_true(says(&metrics, "_seconds_bucket{le=\"0.0025\"} 2\n"));
	assert_true(says(&metrics, "_seconds_bucket{le=\"10\"} 2\n"));
	assert_true(says(&metrics, "_seconds_bucket{le=\"+Inf\"} 3\n"));
	assert_true(says(&metrics, "\nmosquitto_chat_commit_duration_seconds_sum 12.002001\n"));
	assert_true(says(&metrics, "\nmosquitto_chat_commit_duration_seconds_count 3\n"));
}

static void batches_are_counted_by_their_messages(void **state)
{
	(void)state;
	struct metrics metrics = some();
	histogram_add(&batches, histogram_messages, 1);
	histogram_add(&batches, histogram_messages, 64);
	assert_true(says(&metrics, "\nmosquitto_chat_batch_messages_bucket{le=\"32\"} 1\n"));
	assert_true(says(&metrics, "\nmosquitto_chat_batch_messages_bucket{le=\"64\"} 2\n"));
	assert_true(says(&metrics, "\nmosquitto_chat_batch_messages_sum 65\n"));
}

static char topics[8192];

static void note(void *arg, const char *topic, const char *value)
{
	(void)arg;
	size_t len = strlen(topics);
	snprintf(topics + len, sizeof(topics) - len, "%s %s\n", topic, value);
}

static void each_number_has_its_topic_but_the_ranges(void **state)
{
	(void)state;
	struct metrics metrics = some();
	topics[0] = '\0';
	metrics_topics(&metrics, note, NULL);
	assert_non_null(strstr(topics, "$SYS/broker/chat/build_info/1.2.3/7 1\n"));
	assert_non_null(strstr(topics, "$SYS/broker/chat/clients 3\n"));
	assert_non_null(strstr(topics, "$SYS/broker/chat/cluster/node 12\n"));
	assert_non_null(strstr(topics, "$SYS/broker/chat/logins_total/jwt/refused 5\n"));
	assert_non_null(strstr(topics, "$SYS/broker/chat/errors_total/rate_limited 6\n"));
	assert_non_null(strstr(topics, "$SYS/broker/chat/commit_duration_seconds_count 0\n"));
	assert_null(strstr(topics, "bucket"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_number_stands_on_a_line_of_its_own, empty),
		cmocka_unit_test_setup(a_histogram_counts_what_is_at_most_its_bound, empty),
		cmocka_unit_test_setup(batches_are_counted_by_their_messages, empty),
		cmocka_unit_test_setup(each_number_has_its_topic_but_the_ranges, empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
