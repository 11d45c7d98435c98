/* A statement that a connection prepares: a call of one of the schema's functions. */
#ifndef CHAT_STATEMENT_H
#define CHAT_STATEMENT_H

#include "pgbinary.h"

/* What the schema has to serve: chat.version(SCHEMA_VERSION) returns the same. */
#define SCHEMA_VERSION 2

struct statement {
	const char *name;     /* of the prepared statement */
	const char *function; /* which it calls, for the log */
	const char *sql;
	bool takes_rows; /* its arrays do, and it does nothing when they are empty */
	/* In a cluster it tells the other brokers what it has done.  Its last parameter is then the
	 * connection's stream, which pgconn_run() adds. */
	bool tells;
	int count; /* of parameters */
	const Oid *types;
};

#endif
