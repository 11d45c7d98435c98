/* with_server <program> [arguments]: runs it with a private PostgreSQL that psql finds by itself,
 * and exits as it does. */
#include <stdio.h>
#include <stdlib.h>

#include "server.h"

int main(int argc, char **argv)
{
	struct server server;
	if (argc < 2) {
		fprintf(stderr, "usage: with_server <program> [arguments]\n");
		return 2;
	}
	unsetenv("PGSERVICE");
	unsetenv("PGPASSWORD");
	if (!server_create(&server)) {
		server_destroy(&server);
		return 2;
	}
	setenv("PGHOST", server.folder, 1);
	setenv("PGPORT", SERVER_PORT, 1);
	setenv("PGUSER", "postgres", 1);
	setenv("PGDATABASE", "postgres", 1);
	int status = server_run((const char *const *)argv + 1, false);
	server_destroy(&server);
	return status < 0 ? 2 : status;
}
