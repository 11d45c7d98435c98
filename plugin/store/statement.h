/* A statement that a connection prepares: a call of one of the schema's functions. */
#ifndef CHAT_STATEMENT_H
#define CHAT_STATEMENT_H

#include "pgbinary.h"

/* The chat.schema_version that all statements are written for. */
#define SCHEMA_VERSION 1

struct statement {
	const char *name;     /* of the prepared statement */
	const char *function; /* which it calls, for the log */
	const char *sql;
	int count; /* of parameters */
	const Oid *types;
};

#endif
