#include "conninfo.h"

#include <libpq-fe.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

const char *conninfo_check(const char *conninfo)
{
	const char *wrong = NULL;
	char *error = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &error);
	if (options == NULL) {
		/* The error text quotes parts of the string, and so perhaps of a password. */
		PQfreemem(error);
		return "is not a libpq connection string or URI";
	}
	for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
		/* libpq would put the host, with the rest of the password, into its messages. */
		if (strncmp(option->keyword, "host", 4) == 0 && option->val != NULL &&
			option->val[0] != '/' && option->val[0] != '@' &&
			strchr(option->val, '@') != NULL) {
			wrong = "has an @ in its host: write one in a password as %40";
		}
	}
	PQconninfoFree(options);
	return wrong;
}

/* What stands for a password where there is none. */
#define NO_PASSWORD "no password given"

/* All options as libpq would use them.  No function of libpq says so before a connection is begun;
 * this one ends at a value that libpq refuses, before it looks for a host.  With a password in hand
 * it looks for no password file either. */
static PQconninfoOption *effective_options(const char *conninfo)
{
	const char *const keywords[] = {"password", "dbname", "sslmode", NULL};
	const char *const values[] = {NO_PASSWORD, conninfo, "none of libpq's", NULL};
	PGconn *pg = PQconnectStartParams(keywords, values, 1);
	PQconninfoOption *options = PQconninfo(pg);
	PQfinish(pg);
	return options;
}

/* "" when it is not given. */
static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
	for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
		if (strcmp(o->keyword, keyword) == 0 && o->val != NULL) {
			return o->val;
		}
	}
	return "";
}

static size_t elements(const char *list)
{
	size_t count = list[0] != '\0';
	for (; *list != '\0'; list++) {
		count += *list == ',';
	}
	return count;
}

/* The element `no` of a list with commas; a list of one stands for each. */
static struct slice element(const char *list, size_t no)
{
	if (elements(list) == 1) {
		no = 0;
	}
	for (; no > 0 && *list != '\0'; list++) {
		no -= *list == ',';
	}
	return slice_of(list, strcspn(list, ","));
}

/* NULL for an empty one. */
static bool keep(char **to, struct slice from)
{
	*to = from.len == 0 ? NULL : strndup(from.bytes, from.len);
	return from.len == 0 || *to != NULL;
}

static bool add(struct hosts *hosts, struct slice name, struct slice address, struct slice port)
{
	struct host *list = realloc(hosts->list, (hosts->count + 1) * sizeof(*list));
	if (list == NULL) {
		return false;
	}
	hosts->list = list;
	struct host *host = &list[hosts->count++];
	*host = (struct host){0};
	return keep(&host->name, name) && keep(&host->address, address) && keep(&host->port, port);
}

/* Every address of a name; the name itself when it cannot be looked up, so that libpq says why. */
static bool add_name(struct hosts *hosts, struct slice name, struct slice port)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char text[NI_MAXHOST];
	bool good = true;
	size_t before = hosts->count;
	snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(name));
	if (getaddrinfo(text, NULL, &hints, &found) != 0) {
		return add(hosts, name, slice_of("", 0), port);
	}
	for (const struct addrinfo *a = found; a != NULL && good; a = a->ai_next) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0,
			    NI_NUMERICHOST) == 0) {
			good = add(hosts, name, slice_str(text), port);
		}
	}
	freeaddrinfo(found);
	return good && (hosts->count > before || add(hosts, name, slice_of("", 0), port));
}

/* Whether libpq would make sense of the lists, and each of their elements can be said alone. */
static bool can_be_taken_apart(const char *names, const char *addresses, const char *ports)
{
	size_t count = elements(addresses[0] != '\0' ? addresses : names);
	if (count == 0 || (elements(names) != count && names[0] != '\0') ||
		(elements(ports) > 1 && elements(ports) != count)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct slice address = element(addresses, i);
		if (address.len == 0 && (addresses[0] != '\0' || element(names, i).len == 0)) {
			return false;
		}
	}
	return true;
}

static bool add_all(
	struct hosts *hosts, const char *names, const char *addresses, const char *ports)
{
	size_t count = elements(addresses[0] != '\0' ? addresses : names);
	bool good = true;
	for (size_t i = 0; i < count && good; i++) {
		struct slice name = element(names, i);
		struct slice address = element(addresses, i);
		struct slice port = element(ports, i);
		bool is_name = address.len == 0 && name.bytes[0] != '/' && name.bytes[0] != '@';
		good = is_name ? add_name(hosts, name, port) : add(hosts, name, address, port);
	}
	return good;
}

/* The password file that libpq would look into. */
static void passfile_of(const PQconninfoOption *options, char *path, size_t size)
{
	const char *given = value_of(options, "passfile");
	const char *home = PQlibVersion() >= 150000 ? getenv("HOME") : NULL;
	struct passwd user;
	struct passwd *found = NULL;
	char strings[4096];
	if (given[0] != '\0') {
		snprintf(path, size, "%s", given);
		return;
	}
	if (home == NULL || home[0] == '\0') {
		(void)getpwuid_r(geteuid(), &user, strings, sizeof(strings), &found);
		home = found == NULL ? "" : found->pw_dir;
	}
	snprintf(path, size, "%s/.pgpass", home);
}

static bool find_open_passfile(struct hosts *hosts, const PQconninfoOption *options)
{
	char path[4096];
	struct stat file;
	if (strcmp(value_of(options, "password"), NO_PASSWORD) != 0 ||
		getenv("PGPASSWORD") != NULL) {
		return true;
	}
	passfile_of(options, path, sizeof(path));
	if (stat(path, &file) == 0 && S_ISREG(file.st_mode) &&
		(file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		hosts->open_passfile = strdup(path);
		return hosts->open_passfile != NULL;
	}
	return true;
}

bool conninfo_hosts(const char *conninfo, struct hosts *hosts)
{
	const struct slice none = slice_of("", 0);
	*hosts = (struct hosts){0};
	PQconninfoOption *options = effective_options(conninfo);
	const char *names = value_of(options, "host");
	const char *addresses = value_of(options, "hostaddr");
	const char *ports = value_of(options, "port");
	hosts->timeout_s = atoi(value_of(options, "connect_timeout"));
	bool good = can_be_taken_apart(names, addresses, ports)
	                    ? add_all(hosts, names, addresses, ports)
	                    : add(hosts, none, none, none);
	good = good && find_open_passfile(hosts, options);
	PQconninfoFree(options);
	if (!good) {
		hosts_free(hosts);
	}
	return good;
}

void hosts_free(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++) {
		free(hosts->list[i].name);
		free(hosts->list[i].address);
		free(hosts->list[i].port);
	}
	free(hosts->list);
	free(hosts->open_passfile);
	*hosts = (struct hosts){0};
}
