/* What the log hears while the database is away, comes and goes, or is slow. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)

struct heard {
	struct report report;
	_Atomic size_t waiting;
	char line[600]; /* the last one */
	int lines;
	int epochs;
};

static void wake(void *arg)
{
	(void)arg;
}

static int set_up(void **state)
{
	struct heard *h = calloc(1, sizeof(*h));
	assert_non_null(h);
	assert_true(report_init(&h->report, 1, wake, NULL, &h->waiting));
	*state = h;
	return 0;
}

static int tear_down(void **state)
{
	struct heard *h = *state;
	report_finish(&h->report);
	free(h);
	return 0;
}

/* How many lines there are, all told. */
static int lines(struct heard *h)
{
	struct items items = queue_take_all(&h->report.out);
	struct item *item;
	while ((item = items_shift(&items)) != NULL) {
		if (item->kind == JOB_LINE) {
			h->lines++;
			snprintf(h->line, sizeof(h->line), "%s", ((struct line_job *)item)->line);
		} else {
			h->epochs += item->kind == JOB_EPOCH;
		}
		job_free(item);
	}
	return h->lines;
}

static void both_back(struct heard *h)
{
	report_back(&h->report, REPORT_SAVER(0));
	report_back(&h->report, REPORT_LOADER);
}

static void away(struct heard *h, enum report_why why, const char *line, int64_t now)
{
	report_away(&h->report, REPORT_SAVER(0), why, STORE_WARNING, line, now);
	report_away(&h->report, REPORT_LOADER, why, STORE_WARNING, line, now);
}

static void a_database_that_stays_away_is_said_every_five_minutes(void **state)
{
	struct heard *h = *state;
	atomic_store(&h->waiting, 57);
	for (int64_t now = MINUTE; now < 12 * MINUTE; now += 5 * SECOND) {
		away(h, REPORT_UNREACHABLE, "database: cannot connect", now);
	}
	assert_int_equal(lines(h), 3);
	assert_non_null(strstr(h->line, "cannot connect"));
	assert_non_null(strstr(h->line, "for 10 minutes; 57 messages wait"));
	both_back(h);
	assert_int_equal(lines(h), 4);
	assert_non_null(strstr(h->line, "back, 57 messages waited"));
}

static void another_reason_is_said_when_the_first_is_old(void **state)
{
	struct heard *h = *state;
	away(h, REPORT_UNREACHABLE, "database: connection lost", MINUTE);
	away(h, REPORT_UNREACHABLE, "database: starting up", MINUTE + 5 * SECOND);
	assert_int_equal(lines(h), 1);
	away(h, REPORT_UNREACHABLE, "database: starting up", MINUTE + 31 * SECOND);
	assert_int_equal(lines(h), 2);
	away(h, REPORT_REFUSES, "database: no such function", MINUTE + 32 * SECOND);
	assert_int_equal(lines(h), 3);
}

static void what_comes_and_goes_with_one_refusal_is_not_said_each_time(void **state)
{
	struct heard *h = *state;
	both_back(h);
	assert_int_equal(lines(h), 1);
	for (int64_t now = MINUTE; now < MINUTE + 20 * SECOND; now += SECOND) {
		away(h, REPORT_REFUSES, "database: a pooler", now);
		both_back(h);
	}
	assert_int_equal(lines(h), 3);
	away(h, REPORT_REFUSES, "database: a pooler", MINUTE + 31 * SECOND);
	assert_int_equal(lines(h), 4);
}

static void an_epoch_is_passed_on_when_it_is_another_one(void **state)
{
	struct heard *h = *state;
	struct wakeup wakeup;
	assert_true(wakeup_init(&wakeup));
	assert_true(report_epoch(&h->report, "one", &wakeup));
	assert_true(report_epoch(&h->report, "one", &wakeup));
	assert_int_equal(lines(h), 0);
	assert_int_equal(h->epochs, 1);
	assert_true(report_epoch(&h->report, "two", &wakeup));
	assert_int_equal(lines(h), 1);
	assert_int_equal(h->epochs, 2);
	wakeup_finish(&wakeup);
}

static void slow_statements_are_said_once_a_minute(void **state)
{
	struct heard *h = *state;
	report_slow(&h->report, "chat.save", 2345, MINUTE);
	assert_int_equal(lines(h), 1);
	assert_string_equal(h->line, "database: slow: chat.save took 2.3 s");
	for (int i = 1; i < 5; i++) {
		report_slow(&h->report, "chat.mark", 1000, MINUTE + i * SECOND);
	}
	assert_int_equal(lines(h), 1);
	report_slow(&h->report, "chat.save", 7000, 2 * MINUTE);
	assert_int_equal(lines(h), 2);
	assert_string_equal(h->line,
		"database: slow: chat.save took 7.0 s (and 4 times since the last such line)");
}

static void what_happens_often_has_a_limit_for_each_kind(void **state)
{
	struct heard *h = *state;
	for (int kind = 0; kind < REPORT_KINDS; kind++) {
		for (int i = 0; i < 100; i++) {
			report_often(&h->report, (enum report_kind)kind, STORE_WARNING, "again",
				MINUTE + i);
		}
		assert_int_equal(lines(h), kind + 1);
	}
	report_often(
		&h->report, REPORT_REFUSED_MESSAGE, STORE_WARNING, "again", MINUTE + 10 * SECOND);
	assert_int_equal(lines(h), REPORT_KINDS + 1);
	assert_string_equal(h->line, "again (and 99 times since the last such line)");
}

static void an_open_password_file_is_said_until_it_is_closed(void **state)
{
	struct heard *h = *state;
	report_open_passfile(&h->report, "/home/x/.pgpass");
	report_open_passfile(&h->report, "/home/x/.pgpass");
	assert_int_equal(lines(h), 1);
	report_open_passfile(&h->report, NULL);
	report_open_passfile(&h->report, "/home/x/.pgpass");
	assert_int_equal(lines(h), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_database_that_stays_away_is_said_every_five_minutes),
		TEST(another_reason_is_said_when_the_first_is_old),
		TEST(what_comes_and_goes_with_one_refusal_is_not_said_each_time),
		TEST(an_epoch_is_passed_on_when_it_is_another_one),
		TEST(slow_statements_are_said_once_a_minute),
		TEST(what_happens_often_has_a_limit_for_each_kind),
		TEST(an_open_password_file_is_said_until_it_is_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
