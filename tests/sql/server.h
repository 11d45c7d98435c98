/* A private PostgreSQL for a test: a cluster in a folder of its own, reached through a socket
 * there, which ends with the process that started it, however that ends. */
#ifndef CHAT_TESTS_SERVER_H
#define CHAT_TESTS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct server {
	char folder[64]; /* the socket is in here */
	pid_t pid;       /* 0: not running */
};

#define SERVER_PORT "5432"

/* Makes a cluster and starts it.  False: said on stderr. */
bool server_create(struct server *server);
/* Makes a standby of a server that runs, and starts it; it can be promoted. */
bool server_create_standby(struct server *standby, const struct server *primary);
/* Stops it and removes the folder. */
void server_destroy(struct server *server);

/* Returns once it takes connections. */
bool server_start(struct server *server);
/* SIGINT: fast; SIGQUIT: immediate, as if it had been killed. */
void server_stop(struct server *server, int signal);

/* SIGSTOP or SIGCONT to all of its processes. */
void server_signal_all(const struct server *server, int signal);

/* PgBouncer in front of the server, in transaction mode, with a socket in `folder`/pool.  The
 * process id; -1: it does not start. */
pid_t server_start_pooler(const struct server *server);
void server_stop_pooler(pid_t pid);

/* Runs a program of PostgreSQL or any other and waits.  Its exit status, -1 when it did not exit.
 */
int server_run(const char *const argv[], bool quiet);

#endif
