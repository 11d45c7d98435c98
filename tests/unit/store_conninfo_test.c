/* Connection strings with several hosts, taken apart as libpq would. */
#include "conninfo.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

int __real_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
	struct addrinfo **found);
int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
	struct addrinfo **found);

/* What a resolver says of a host with two addresses. */
int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
	struct addrinfo **found)
{
	struct addrinfo *second;
	if (name == NULL || strcmp(name, "db.test") != 0) {
		return __real_getaddrinfo(name, service, hints, found);
	}
	int failed = __real_getaddrinfo("127.0.0.3", service, hints, &second);
	failed = failed != 0 ? failed : __real_getaddrinfo("127.0.0.2", service, hints, found);
	assert_int_equal(failed, 0);
	(*found)->ai_next = second;
	return 0;
}

static const char *or_none(const char *text)
{
	return text == NULL ? "-" : text;
}

/* "name address port; name address port" */
static void expect(const char *conninfo, const char *expected)
{
	struct hosts hosts;
	char found[512] = "";
	size_t len = 0;
	assert_true(conninfo_hosts(conninfo, &hosts));
	for (size_t i = 0; i < hosts.count; i++) {
		const struct host *host = &hosts.list[i];
		len += (size_t)snprintf(found + len, sizeof(found) - len, "%s%s %s %s",
			i == 0 ? "" : "; ", or_none(host->name), or_none(host->address),
			or_none(host->port));
	}
	assert_string_equal(found, expected);
	hosts_free(&hosts);
}

static void each_host_is_one_with_its_port(void **state)
{
	(void)state;
	expect("host=/a,/b port=1,2", "/a - 1; /b - 2");
	expect("host=/a,127.0.0.1 port=7", "/a - 7; 127.0.0.1 127.0.0.1 7");
	expect("postgres://u@127.0.0.1:1,[::1]:2/db", "127.0.0.1 127.0.0.1 1; ::1 ::1 2");
}

static void each_address_of_a_name_is_one(void **state)
{
	(void)state;
	expect("host=db.test port=1", "db.test 127.0.0.2 1; db.test 127.0.0.3 1");
	expect("host=/a,db.test,127.0.0.1 port=1,2,3",
		"/a - 1; db.test 127.0.0.2 2; db.test 127.0.0.3 2; 127.0.0.1 127.0.0.1 3");
}

static void addresses_go_before_names(void **state)
{
	(void)state;
	expect("hostaddr=127.0.0.1,127.0.0.2", "- 127.0.0.1 5432; - 127.0.0.2 5432");
	expect("host=a,b hostaddr=127.0.0.1,127.0.0.2 port=1", "a 127.0.0.1 1; b 127.0.0.2 1");
}

static void what_cannot_be_looked_up_stays_a_name(void **state)
{
	(void)state;
	expect("host=nowhere.invalid,/b", "nowhere.invalid - 5432; /b - 5432");
}

static void what_libpq_would_refuse_is_left_to_it(void **state)
{
	(void)state;
	expect("host=a,b hostaddr=127.0.0.1", "- - -");
	expect("host=a,b port=1,2,3", "- - -");
	expect("host=a,,b", "- - -");
	expect("service=there-is-none", "- - -");
	expect("", "- - -");
}

static void the_environment_counts_where_the_string_is_silent(void **state)
{
	(void)state;
	setenv("PGHOST", "/x,/y", 1);
	setenv("PGPORT", "3", 1);
	setenv("PGCONNECT_TIMEOUT", "4", 1);
	expect("dbname=chat", "/x - 3; /y - 3");
	expect("host=/z", "/z - 3");
	struct hosts hosts;
	assert_true(conninfo_hosts("dbname=chat", &hosts));
	assert_int_equal(hosts.timeout_s, 4);
	hosts_free(&hosts);
	assert_true(conninfo_hosts("connect_timeout=9", &hosts));
	assert_int_equal(hosts.timeout_s, 9);
	hosts_free(&hosts);
	unsetenv("PGHOST");
	unsetenv("PGPORT");
	unsetenv("PGCONNECT_TIMEOUT");
}

/* Whether libpq would complain of it. */
static bool is_open(const char *conninfo)
{
	struct hosts hosts;
	assert_true(conninfo_hosts(conninfo, &hosts));
	bool open = hosts.open_passfile != NULL;
	hosts_free(&hosts);
	return open;
}

static void a_password_file_is_open_when_others_can_read_it_and_it_is_needed(void **state)
{
	(void)state;
	char path[] = "/tmp/chat-passfile-XXXXXX";
	char conninfo[128];
	int file = mkstemp(path);
	assert_true(file >= 0);
	close(file);
	snprintf(conninfo, sizeof(conninfo), "host=/a passfile=%s", path);
	assert_false(is_open(conninfo));
	assert_int_equal(chmod(path, 0640), 0);
	assert_true(is_open(conninfo));
	snprintf(conninfo, sizeof(conninfo), "host=/a password=secret passfile=%s", path);
	assert_false(is_open(conninfo));
	setenv("PGPASSFILE", path, 1);
	assert_true(is_open("host=/a"));
	setenv("PGPASSWORD", "secret", 1);
	assert_false(is_open("host=/a"));
	unsetenv("PGPASSWORD");
	unsetenv("PGPASSFILE");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_host_is_one_with_its_port),
		cmocka_unit_test(each_address_of_a_name_is_one),
		cmocka_unit_test(addresses_go_before_names),
		cmocka_unit_test(what_cannot_be_looked_up_stays_a_name),
		cmocka_unit_test(what_libpq_would_refuse_is_left_to_it),
		cmocka_unit_test(the_environment_counts_where_the_string_is_silent),
		cmocka_unit_test(a_password_file_is_open_when_others_can_read_it_and_it_is_needed),
	};
	unsetenv("PGHOST");
	unsetenv("PGHOSTADDR");
	unsetenv("PGPORT");
	unsetenv("PGSERVICE");
	unsetenv("PGPASSWORD");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
