#include "conf_check.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define PLUGIN "/usr/lib/mosquitto_chat.so"

static char folder[64];
static struct conf_findings found;
static const char *earlier; /* the plugin that was loaded before ours */

enum listeners {
	LISTENERS_ALL,
	LISTENERS_SOME,
	LISTENERS_UNKNOWN,
};

static const char *path_of(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_bytes(const char *name, const char *bytes, size_t len)
{
	FILE *file = fopen(path_of(name), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_conf(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static enum listeners check_file(const char *arguments)
{
	conf_check(arguments, PLUGIN, earlier, &found);
	if (found.closed[0] != '\0') {
		return LISTENERS_SOME;
	}
	return strstr(found.warning, "cannot be read") != NULL ? LISTENERS_UNKNOWN : LISTENERS_ALL;
}

/* What is said of a broker with these arguments, spaces between them; '@' stands for the folder. */
static enum listeners check_arguments(const char *arguments)
{
	char bytes[512];
	size_t len = 0;
	for (const char *c = arguments; *c != '\0'; c++) {
		if (*c == '@') {
			len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "%s/", folder);
		} else {
			bytes[len++] = *c;
		}
	}
	bytes[len++] = '\0';
	for (size_t i = 0; i < len; i++) {
		bytes[i] = bytes[i] == ' ' ? '\0' : bytes[i];
	}
	write_bytes("arguments", bytes, len);
	return check_file(path_of("arguments"));
}

static enum listeners check(const char *conf)
{
	write_conf("mosquitto.conf", conf);
	return check_arguments("mosquitto -c @mosquitto.conf");
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/conf-check-test-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void one_plugin_for_all_is_good(void **state)
{
	(void)state;
	assert_int_equal(check("per_listener_settings false\nplugin " PLUGIN "\nlistener 1883\n"),
		LISTENERS_ALL);
	assert_int_equal(check("plugin " PLUGIN "\nlistener 1883"), LISTENERS_ALL);
	assert_int_equal(check(""), LISTENERS_ALL);
	assert_string_equal(found.closed, "");
	assert_string_equal(found.warning, "");
}

static void settings_per_listener_are_seen_as_the_broker_sees_them(void **state)
{
	(void)state;
	static const char *const confs[] = {
		"per_listener_settings true\nlistener 1883\nplugin " PLUGIN "\n",
		"per_listener_settings 1",
		"# a comment\n\nper_listener_settings true\r\n",
		"  per_listener_settings   true  and more\n",
		"log_type all\nper_listener_settings false\nper_listener_settings true\n",
		"per_listener_settings true\nper_listener_settings false\n",
	};
	for (size_t i = 0; i < sizeof(confs) / sizeof(confs[0]); i++) {
		assert_int_equal(check(confs[i]), LISTENERS_SOME);
		assert_non_null(strstr(found.closed, path_of("mosquitto.conf")));
		assert_non_null(strstr(found.closed, "Set it to false"));
	}
}

static void what_is_no_such_line_is_none(void **state)
{
	(void)state;
	static const char *const confs[] = {
		"#per_listener_settings true\n",
		"# per_listener_settings true\n",
		"per_listener_settings false\n",
		"per_listener_settings\n",
		"per_listener_settings_ true\n",
		"plugin_opt_x per_listener_settings true\n",
	};
	for (size_t i = 0; i < sizeof(confs) / sizeof(confs[0]); i++) {
		assert_int_equal(check(confs[i]), LISTENERS_ALL);
	}
}

static void long_lines_are_one_line(void **state)
{
	(void)state;
	char conf[8192];
	memset(conf, 'x', sizeof(conf));
	static const char end[] = " per_listener_settings true\n";
	memcpy(conf + sizeof(conf) - sizeof(end), end, sizeof(end));
	assert_int_equal(check(conf), LISTENERS_ALL);
	conf[4000] = '\n';
	memset(conf + 4001, ' ', sizeof(conf) - sizeof(end) - 4001);
	assert_int_equal(check(conf), LISTENERS_SOME);
}

static void included_files_count(void **state)
{
	(void)state;
	char conf[256];
	snprintf(conf, sizeof(conf), "include_dir %s/conf.d\n", folder);
	assert_int_equal(mkdir(path_of("conf.d"), 0700), 0);
	write_conf("conf.d/README", "per_listener_settings true\n");
	write_conf("conf.d/.conf", "per_listener_settings true\n");
	assert_int_equal(check(conf), LISTENERS_ALL);
	write_conf("conf.d/a.conf", "plugin " PLUGIN "\n");
	write_conf("conf.d/b.conf", "per_listener_settings true\n");
	assert_int_equal(check(conf), LISTENERS_SOME);
	assert_non_null(strstr(found.closed, path_of("conf.d/b.conf")));
}

static void included_files_include_none(void **state)
{
	(void)state;
	char conf[256];
	assert_int_equal(mkdir(path_of("outer"), 0700), 0);
	assert_int_equal(mkdir(path_of("inner"), 0700), 0);
	snprintf(conf, sizeof(conf), "include_dir %s/inner\n", folder);
	write_conf("outer/a.conf", conf);
	write_conf("inner/a.conf", "per_listener_settings true\n");
	assert_int_equal(check(conf), LISTENERS_SOME);
	snprintf(conf, sizeof(conf), "include_dir %s/outer\n", folder);
	assert_int_equal(check(conf), LISTENERS_ALL);
}

static void every_file_of_the_arguments_counts(void **state)
{
	(void)state;
	write_conf("good.conf", "log_type all\n");
	write_conf("bad.conf", "per_listener_settings true\n");
	assert_int_equal(check_arguments("mosquitto -v -c @good.conf -d"), LISTENERS_ALL);
	assert_int_equal(check_arguments("mosquitto --config-file @bad.conf"), LISTENERS_SOME);
	assert_int_equal(
		check_arguments("mosquitto -c @good.conf -p 1883 -c @bad.conf"), LISTENERS_SOME);
	assert_int_equal(
		check_arguments("mosquitto -c @bad.conf -c @missing.conf"), LISTENERS_SOME);
	assert_int_equal(
		check_arguments("mosquitto -c @missing.conf -c @bad.conf"), LISTENERS_SOME);
	assert_non_null(strstr(found.closed, "bad.conf sets per_listener_settings true"));
}

static void what_cannot_be_read_is_said(void **state)
{
	(void)state;
	assert_int_equal(check_arguments("mosquitto -c @missing.conf"), LISTENERS_UNKNOWN);
	assert_non_null(strstr(found.warning, "missing.conf cannot be read"));
	assert_int_equal(check_arguments("mosquitto -v"), LISTENERS_UNKNOWN);
	assert_int_equal(check_arguments("mosquitto -c"), LISTENERS_UNKNOWN);
	assert_int_equal(check_arguments("mosquitto -c @"), LISTENERS_UNKNOWN);
	assert_int_equal(check("include_dir /nowhere\n"), LISTENERS_UNKNOWN);
	assert_non_null(strstr(found.warning, "/nowhere cannot be read"));
	assert_int_equal(check_file(path_of("no arguments")), LISTENERS_UNKNOWN);
}

static void pipe_is_not_waited_for(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
	assert_int_equal(check_arguments("mosquitto -c @pipe"), LISTENERS_UNKNOWN);
}

static void global_plugin_of_2_1_has_every_listener(void **state)
{
	(void)state;
	assert_int_equal(
		check("per_listener_settings true\nglobal_plugin " PLUGIN "\n"), LISTENERS_ALL);
	assert_int_equal(check("per_listener_settings true\nglobal_plugin /usr/lib/other.so\n"
			       "listener 1883\nplugin " PLUGIN "\n"),
		LISTENERS_SOME);
}

static void plugin_of_2_1_by_name_has_those_that_name_it(void **state)
{
	(void)state;
	assert_int_equal(check("plugin_load chat " PLUGIN "\nlistener 1883\nplugin_use chat\n"),
		LISTENERS_SOME);
	assert_non_null(strstr(found.closed, "plugin_load"));
	assert_int_equal(check("plugin_load other /usr/lib/other.so\nlistener 1883\n"
			       "plugin_use other\nplugin_load\nplugin_load chat\n"),
		LISTENERS_ALL);
}

static void plugin_before_ours_closes_and_is_named_with_its_line(void **state)
{
	(void)state;
	earlier = "/opt/other.so";
	static const char *const confs[] = {
		"# theirs\nplugin /opt/other.so\n\n\nplugin " PLUGIN "\n",
		"\nauth_plugin /opt/other.so\n\n\nplugin " PLUGIN "\n",
		"\nglobal_plugin /opt/other.so\n\n\nglobal_plugin " PLUGIN "\n",
		"\nplugin_load other /opt/other.so\n\n\nplugin " PLUGIN "\n",
	};
	for (size_t i = 0; i < sizeof(confs) / sizeof(confs[0]); i++) {
		assert_int_equal(check(confs[i]), LISTENERS_SOME);
		assert_non_null(strstr(found.closed, "other.so ("));
		assert_non_null(strstr(found.closed, "mosquitto.conf, line 2) is loaded before"));
		assert_non_null(strstr(found.closed, "mosquitto.conf, line 5), and its"));
	}
	earlier = NULL;
}

static void plugin_before_ours_closes_wherever_it_was_loaded(void **state)
{
	(void)state;
	char conf[256];
	earlier = "/opt/other.so";
	assert_int_equal(mkdir(path_of("order.d"), 0700), 0);
	write_conf("order.d/a.conf", "\n\nplugin /opt/other.so\n");
	snprintf(conf, sizeof(conf), "include_dir %s/order.d\nplugin " PLUGIN "\n", folder);
	assert_int_equal(check(conf), LISTENERS_SOME);
	assert_non_null(strstr(found.closed, path_of("order.d/a.conf, line 3")));
	/* What cannot be read hides the line, not the plugin. */
	assert_int_equal(check_arguments("mosquitto -c @missing.conf"), LISTENERS_SOME);
	assert_non_null(strstr(found.closed, "other.so (place unknown) is loaded before"));
	earlier = NULL;
}

static bool warns(const char *conf)
{
	assert_int_equal(check(conf), LISTENERS_ALL);
	return strstr(found.warning, "plugin_opt_other_topics allow") != NULL;
}

static void ordinary_clients_that_would_lose_their_topics_are_warned_of(void **state)
{
	(void)state;
	assert_true(warns("password_file /etc/passwd\nplugin " PLUGIN "\n"));
	assert_true(warns("plugin " PLUGIN "\nallow_anonymous true\n"));
	assert_true(warns("use_identity_as_username true\nplugin " PLUGIN "\n"));
}

static void nobody_is_warned_where_none_loses_anything(void **state)
{
	(void)state;
	assert_false(warns("allow_anonymous false\nplugin " PLUGIN "\n"));
	assert_false(warns("password_file /x\nacl_file /y\nplugin " PLUGIN "\n"));
	assert_false(warns("password_file /x\nplugin " PLUGIN "\nplugin_opt_other_topics allow\n"));
	assert_false(warns("password_file /x\nplugin " PLUGIN "\nplugin_opt_other_topics defer\n"));
	assert_false(warns("password_file /x\nplugin " PLUGIN "\nplugin /opt/other.so\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_plugin_for_all_is_good),
		cmocka_unit_test(settings_per_listener_are_seen_as_the_broker_sees_them),
		cmocka_unit_test(what_is_no_such_line_is_none),
		cmocka_unit_test(long_lines_are_one_line),
		cmocka_unit_test(included_files_count),
		cmocka_unit_test(included_files_include_none),
		cmocka_unit_test(every_file_of_the_arguments_counts),
		cmocka_unit_test(what_cannot_be_read_is_said),
		cmocka_unit_test(pipe_is_not_waited_for),
		cmocka_unit_test(global_plugin_of_2_1_has_every_listener),
		cmocka_unit_test(plugin_of_2_1_by_name_has_those_that_name_it),
		cmocka_unit_test(plugin_before_ours_closes_and_is_named_with_its_line),
		cmocka_unit_test(plugin_before_ours_closes_wherever_it_was_loaded),
		cmocka_unit_test(ordinary_clients_that_would_lose_their_topics_are_warned_of),
		cmocka_unit_test(nobody_is_warned_where_none_loses_anything),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
