/* Reads as the broker does (its conf.c and conf_includedir.c; 2.0.11, 2.0.22 and 2.1.2 agree): an
 * option is a line's first word, words end at spaces, a comment begins with the line, include_dir
 * takes the files in *.conf, and counts in the main file only.
 *
 * 2.1 knows two more ways to load a plugin.  One that comes by global_plugin is asked for all
 * listeners, whatever per_listener_settings says; one by plugin_load for those that name it. */
#include "listeners.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".conf"

/* The sentences begin with a file's name. */
#define PER_LISTENER                                                                               \
	"sets per_listener_settings true: a listener without the plugin would hear every chat, "   \
	"so logins are refused. Set it to false"
#define BY_NAME                                                                                    \
	"loads the plugin by plugin_load: a listener that does not use it would hear every "       \
	"chat, so logins are refused. Load it by `plugin`, with per_listener_settings false"
#define UNREAD                                                                                     \
	"cannot be read: see to it yourself that per_listener_settings is false, or a listener "   \
	"without the plugin hears every chat"

struct reading {
	const char *plugin; /* its file's name, without folders */
	bool everywhere;
	bool some;
	bool unread;
	char *reason; /* of the worst so far */
};

static void found_some(struct reading *reading, const char *file, const char *sentence)
{
	reading->some = true;
	snprintf(reading->reason, LISTENERS_REASON_MAX, "%.200s %s", file, sentence);
}

static void could_not_read(struct reading *reading, const char *file)
{
	reading->unread = true;
	if (!reading->some) {
		snprintf(reading->reason, LISTENERS_REASON_MAX, "%.200s " UNREAD, file);
	}
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

static void read_folder(struct reading *reading, const char *path);

static void read_line(struct reading *reading, char *line, const char *file, bool may_include)
{
	line[strcspn(line, "\r\n")] = '\0';
	char *rest = NULL;
	const char *option = line[0] == '#' ? NULL : strtok_r(line, " ", &rest);
	if (option == NULL) {
		return;
	}
	if (strcmp(option, "per_listener_settings") == 0) {
		/* Set once, 2.1 never takes it back: any line that says so counts. */
		const char *value = strtok_r(NULL, " ", &rest);
		if (value != NULL && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)) {
			found_some(reading, file, PER_LISTENER);
		}
	} else if (strcmp(option, "global_plugin") == 0) {
		reading->everywhere |= strcmp(file_name(rest), reading->plugin) == 0;
	} else if (strcmp(option, "plugin_load") == 0) {
		if (strtok_r(NULL, " ", &rest) != NULL &&
			strcmp(file_name(rest), reading->plugin) == 0) {
			found_some(reading, file, BY_NAME);
		}
	} else if (strcmp(option, "include_dir") == 0 && may_include) {
		read_folder(reading, rest);
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
	char *line = NULL;
	size_t size = 0;
	while (getline(&line, &size, file) >= 0) {
		read_line(reading, line, path, may_include);
	}
	if (ferror(file)) {
		could_not_read(reading, path);
	}
	free(line);
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

enum listeners listeners_check(
	const char *arguments, const char *plugin, char reason[LISTENERS_REASON_MAX])
{
	struct reading reading = {.plugin = file_name(plugin), .reason = reason};
	FILE *file = fopen(arguments, "re");
	char *argument = NULL;
	size_t size = 0;
	bool conf_is_next = false;
	bool read = false;
	while (file != NULL && getdelim(&argument, &size, '\0', file) >= 0) {
		if (conf_is_next) {
			read_file(&reading, argument, true);
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
		could_not_read(&reading, "the broker's configuration");
	}
	if (reading.everywhere) {
		return LISTENERS_ALL;
	}
	return reading.some ? LISTENERS_SOME : reading.unread ? LISTENERS_UNKNOWN : LISTENERS_ALL;
}
