#include "session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

PGconn *session_open(const struct server *server, const char *database)
{
	char conninfo[256];
	snprintf(conninfo, sizeof(conninfo), "host=%s port=" SERVER_PORT " user=postgres dbname=%s",
		server->folder, database);
	PGconn *session = PQconnectdb(conninfo);
	if (PQstatus(session) != CONNECTION_OK) {
		fail_msg("%s", PQerrorMessage(session));
	}
	return session;
}

void session_run(PGconn *session, const char *sql)
{
	PGresult *result = PQexec(session, sql);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		fail_msg("%s: %s", sql, PQerrorMessage(session));
	}
	PQclear(result);
}

int64_t session_number(PGconn *session, const char *sql)
{
	PGresult *result = PQexec(session, sql);
	if (PQresultStatus(result) != PGRES_TUPLES_OK) {
		fail_msg("%s: %s", sql, PQerrorMessage(session));
	}
	int64_t value = atoll(PQgetvalue(result, 0, 0));
	PQclear(result);
	return value;
}
