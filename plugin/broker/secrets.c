#include "secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 65536 /* bytes: hundreds of secrets; a larger file is a mistake */

/* Why this open file must not be used; false: it may. */
static bool unfit(int fd, const char *path, char reason[SECRETS_REASON_MAX])
{
	struct stat status;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		snprintf(reason, SECRETS_REASON_MAX, "secret_file %.200s is not a regular file",
			path);
		return true;
	}
	if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
		snprintf(reason, SECRETS_REASON_MAX,
			"secret_file %.200s can be read or written by everyone: "
			"chown root:mosquitto and chmod 0640 it",
			path);
		return true;
	}
	if (status.st_size > FILE_MAX) {
		snprintf(reason, SECRETS_REASON_MAX, "secret_file %.200s is larger than %d bytes",
			path, FILE_MAX);
		return true;
	}
	return false;
}

static struct keyring *parse(
	struct slice content, const char *what, const char *name, char reason[SECRETS_REASON_MAX])
{
	char why[KEYRING_REASON_MAX];
	struct keyring *keyring = keyring_parse(content, why);
	if (keyring == NULL) {
		snprintf(reason, SECRETS_REASON_MAX, "%s %.200s: %s", what, name, why);
	}
	return keyring;
}

static struct keyring *read_file(const char *path, char reason[SECRETS_REASON_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		snprintf(reason, SECRETS_REASON_MAX,
			"secret_file %.200s cannot be opened (%s): the broker's user must be able to read it",
			path, strerror(errno));
		return NULL;
	}
	struct keyring *keyring = NULL;
	char content[FILE_MAX];
	if (!unfit(fd, path, reason)) {
		ssize_t len = read(fd, content, sizeof(content));
		if (len < 0) {
			snprintf(reason, SECRETS_REASON_MAX,
				"secret_file %.200s cannot be read (%s)", path, strerror(errno));
		} else {
			keyring =
				parse(slice_of(content, (size_t)len), "secret_file", path, reason);
			explicit_bzero(content, (size_t)len);
		}
	}
	close(fd);
	return keyring;
}

/* Without the one LF or CRLF that a file leaves behind when it becomes an environment variable. The
 * host applications do the same: tests/vectors/secrets.json. */
static struct slice without_line_end(struct slice text)
{
	if (text.len > 0 && text.bytes[text.len - 1] == '\n') {
		text.len--;
		if (text.len > 0 && text.bytes[text.len - 1] == '\r') {
			text.len--;
		}
	}
	return text;
}

struct keyring *secrets_load(const struct config *config, char reason[SECRETS_REASON_MAX])
{
	if (config->secret_file[0] != '\0') {
		return read_file(config->secret_file, reason);
	}
	const char *secret = getenv(config->secret_env);
	if (secret == NULL || secret[0] == '\0') {
		snprintf(reason, SECRETS_REASON_MAX,
			"no secret: set plugin_opt_secret_file to a file that holds it, or the environment "
			"variable %.64s",
			config->secret_env);
		return NULL;
	}
	struct slice one = without_line_end(slice_str(secret));
	if (memchr(one.bytes, '\n', one.len) != NULL || memchr(one.bytes, '\r', one.len) != NULL) {
		snprintf(reason, SECRETS_REASON_MAX,
			"environment variable %.64s: there is a line break in it, and it holds one "
			"secret (several: plugin_opt_secret_file)",
			config->secret_env);
		return NULL;
	}
	return parse(one, "environment variable", config->secret_env, reason);
}
