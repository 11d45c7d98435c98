/* What libpq makes of a connection string, the environment and a service file, taken apart: libpq
 * tries several hosts in their order, but leaves the time that each may take to whoever polls, and
 * a new attempt begins with the first one again. */
#ifndef CHAT_CONNINFO_H
#define CHAT_CONNINFO_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

/* One address at which the database may be.  NULL: as the string says. */
struct host {
	char *name; /* or the folder of a socket */
	char *address;
	char *port;
};

struct hosts {
	struct host *list;
	size_t count;        /* at least 1 */
	int timeout_s;       /* for an attempt at one host; 0: nobody has said */
	char *open_passfile; /* a password file that libpq refuses, because others can read it;
	                        NULL: none */
};

/* NULL: fine.  Otherwise what is wrong with the connection string, quoting nothing of it. */
const char *conninfo_check(const char *conninfo);

/* Every address, in the order in which libpq would try them.  Looks names up, so it may block for
 * long.  False: out of memory. */
MUST_CHECK bool conninfo_hosts(const char *conninfo, struct hosts *hosts);
void hosts_free(struct hosts *hosts);

#endif
