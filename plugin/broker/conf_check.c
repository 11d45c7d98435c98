/* Reads as the broker does (its conf.c and conf_includedir.c; 2.0.11, 2.0.22 and 2.1.2 agree): an
 * option is a line's first word, words end at spaces, a comment begins with the line, include_dir
 * takes the files in *.conf, and counts in the main file only.
 *
 * 2.1 knows two more ways to load a plugin.  One that comes by global_plugin is asked for all
 * listeners, whatever per_listener_settings says; one by plugin_load for those that name it. */
#include "conf_check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".conf"
#define PLACE_MAX 240

/* The sentences begin with a file's name. */
#define PER_LISTENER                                                                               \
	"sets per_listener_settings true: a listener without the plugin would hear every chat, "   \
	"so chat logins are refused. Set it to false"
#define BY_NAME                                                                                    \
	"loads the plugin by plugin_load: a listener that does not use it would hear every "       \
	"chat, so chat logins are refused. Load it by `plugin`, with per_listener_settings false"
#define UNREAD                                                                                     \
	"cannot be read: see to it yourself that per_listener_settings is false, or a listener "   \
	"without the plugin hears every chat"
#define NO_RULES                                                                                   \
	"neither an acl_file nor another plugin says what clients without a chat token may do, "   \
	"so Mosquitto now denies them every topic, where it allowed all without this plugin. "     \
	"`plugin_opt_other_topics allow` gives them back what they had; `defer` keeps it so "      \
	"without this line"

struct line {
	const char *file;
	int number;
};

struct reading {
	const char *plugin;  /* our file's name, without folders */
	const char *earlier; /* likewise, of the plugin before it; NULL: none */
	char plugin_place[PLACE_MAX];
	char earlier_place[PLACE_MAX];
	bool everywhere;              /* ours is a global_plugin */
	bool ordinary_logins;         /* others than chat users can log in */
	bool topic_rules;             /* somebody else says what they may do */
	char some[CONF_SENTENCE_MAX]; /* a listener may lack the plugin */
	char unread[CONF_SENTENCE_MAX];
};

static void could_not_read(struct reading *reading, const char *file)
{
	if (reading->unread[0] == '\0') {
		snprintf(reading->unread, CONF_SENTENCE_MAX, "%.200s " UNREAD, file);
	}
}

/* NULL, as musl leaves what follows a line's last word, is no name. */
static const char *file_name(const char *path)
{
	if (path == NULL) {
		return "";
	}
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

static void place(char into[PLACE_MAX], const struct line *line)
{
	if (into[0] == '\0') {
		snprintf(into, PLACE_MAX, "%.180s, line %d", line->file, line->number);
	}
}

/* A line that loads a plugin; true: it is ours. */
static bool read_plugin(struct reading *reading, const char *path, const struct line *line)
{
	const char *name = file_name(path);
	if (reading->earlier != NULL && strcmp(name, reading->earlier) == 0) {
		place(reading->earlier_place, line);
	}
	if (strcmp(name, reading->plugin) != 0) {
		reading->topic_rules = true;
		return false;
	}
	place(reading->plugin_place, line);
	return true;
}

static bool is_true(const char *value)
{
	return value != NULL && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static void read_folder(struct reading *reading, const char *path);

static bool is_one_of(const char *option, const char *const names[])
{
	while (*names != NULL && strcmp(option, *names) != 0) {
		names++;
	}
	return *names != NULL;
}

/* What an ordinary client needs to get in, and what says what it may do there. */
static void read_rules(struct reading *reading, const char *option, const char *value)
{
	static const char *const logins[] = {"password_file", "psk_file", NULL};
	static const char *const switches[] = {"allow_anonymous", "use_identity_as_username",
		"use_subject_as_username", "listener_allow_anonymous", NULL};
	static const char *const rules[] = {"acl_file", "plugin_opt_other_topics", NULL};
	reading->ordinary_logins |= is_one_of(option, logins);
	reading->ordinary_logins |= is_one_of(option, switches) && is_true(value);
	reading->topic_rules |= is_one_of(option, rules);
}

static void read_option(struct reading *reading, const char *option, char *rest,
	const struct line *line, bool may_include)
{
	if (strcmp(option, "plugin") == 0 || strcmp(option, "auth_plugin") == 0) {
		(void)read_plugin(reading, rest, line);
	} else if (strcmp(option, "global_plugin") == 0) {
		reading->everywhere |= read_plugin(reading, rest, line);
	} else if (strcmp(option, "plugin_load") == 0) {
		if (strtok_r(NULL, " ", &rest) != NULL && read_plugin(reading, rest, line)) {
			snprintf(reading->some, CONF_SENTENCE_MAX, "%.200s " BY_NAME, line->file);
		}
	} else if (strcmp(option, "include_dir") == 0 && may_include) {
		read_folder(reading, rest == NULL ? "" : rest);
	} else {
		const char *value = strtok_r(NULL, " ", &rest);
		/* Set once, 2.1 never takes it back: any line that says so counts. */
		if (strcmp(option, "per_listener_settings") == 0 && is_true(value)) {
			snprintf(reading->some, CONF_SENTENCE_MAX, "%.200s " PER_LISTENER,
				line->file);
		}
		read_rules(reading, option, value);
	}
}

static void read_file(struct reading *reading, const char *path, bool may_include)
{
	/* What is no plain file might keep us waiting, or has been read to its end. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	bool plain = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	FILE *file = plain ? fdopen(fd, "r") : NULL;
	if (file == NULL) {
		could_not_read(reading, path);
		if (fd >= 0) {
			close(fd);
		}
		return;
	}
	struct line line = {.file = path};
	char *text = NULL;
	size_t size = 0;
	while (getline(&text, &size, file) >= 0) {
		line.number++;
		text[strcspn(text, "\r\n")] = '\0';
		char *rest = NULL;
		const char *option = text[0] == '#' ? NULL : strtok_r(text, " ", &rest);
		if (option != NULL) {
			read_option(reading, option, rest, &line, may_include);
		}
	}
	if (ferror(file)) {
		could_not_read(reading, path);
	}
	free(text);
	fclose(file);
}

static void read_folder(struct reading *reading, const char *path)
{
	DIR *folder = opendir(path);
	if (folder == NULL) {
		could_not_read(reading, path);
		return;
	}
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		size_t len = strlen(entry->d_name);
		char *file = NULL;
		if (len <= strlen(SUFFIX) ||
			strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) != 0) {
			continue;
		}
		if (asprintf(&file, "%s/%s", path, entry->d_name) < 0) {
			could_not_read(reading, path);
			break;
		}
		read_file(reading, file, false);
		free(file);
	}
	closedir(folder);
}

static void read_arguments(struct reading *reading, const char *path)
{
	FILE *file = fopen(path, "re");
	char *argument = NULL;
	size_t size = 0;
	bool conf_is_next = false;
	bool read = false;
	while (file != NULL && getdelim(&argument, &size, '\0', file) >= 0) {
		if (conf_is_next) {
			read_file(reading, argument, true);
			read = true;
		}
		conf_is_next = !conf_is_next && (strcmp(argument, "-c") == 0 ||
							strcmp(argument, "--config-file") == 0);
	}
	free(argument);
	if (file != NULL) {
		fclose(file);
	}
	if (!read) {
		could_not_read(reading, "the broker's configuration");
	}
}

static void say_earlier(const struct reading *reading, char closed[CONF_SENTENCE_MAX])
{
	const char *theirs = reading->earlier_place;
	const char *ours = reading->plugin_place;
	snprintf(closed, CONF_SENTENCE_MAX,
		"%.100s (%.180s) is loaded before this plugin, so Mosquitto would ask it first who "
		"may read a chat: chat logins are refused. Move the line that loads %.100s "
		"(%.180s), and its plugin_opt lines, above that line",
		reading->earlier, theirs[0] == '\0' ? "place unknown" : theirs, reading->plugin,
		ours[0] == '\0' ? "place unknown" : ours);
}

void conf_check(const char *arguments, const char *plugin, const char *earlier,
	struct conf_findings *findings)
{
	struct reading reading = {
		.plugin = file_name(plugin),
		.earlier = earlier == NULL ? NULL : file_name(earlier),
	};
	*findings = (struct conf_findings){0};
	read_arguments(&reading, arguments);
	if (earlier != NULL) {
		say_earlier(&reading, findings->closed);
	} else if (!reading.everywhere) {
		memcpy(findings->closed, reading.some, CONF_SENTENCE_MAX);
	}
	if (reading.unread[0] != '\0' && !reading.everywhere) {
		memcpy(findings->warning, reading.unread, CONF_SENTENCE_MAX);
	} else if (reading.ordinary_logins && !reading.topic_rules) {
		snprintf(findings->warning, CONF_SENTENCE_MAX, NO_RULES);
	}
}
