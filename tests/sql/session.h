/* A superuser's session with the server of a test, in which every statement has to succeed. */
#ifndef CHAT_TESTS_SESSION_H
#define CHAT_TESTS_SESSION_H

#include <libpq-fe.h>
#include <stdint.h>

#include "server.h"

/* To be ended by PQfinish.  Each of the three fails the test, with what the server says. */
PGconn *session_open(const struct server *server, const char *database);
void session_run(PGconn *session, const char *sql);
/* The first column of the first row. */
int64_t session_number(PGconn *session, const char *sql);

#endif
