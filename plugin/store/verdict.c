#include "verdict.h"

#include <stddef.h>
#include <string.h>

/* The first that fits counts; a class stands for all its states.  What says AWAY or HOLD may come
 * from a trigger of the application: pgconn.c asks without rows. */
static const struct {
	const char *prefix;
	enum verdict verdict;
} verdicts[] = {
	{"55P03", VERDICT_AGAIN}, /* lock not available */
	{"40001", VERDICT_AGAIN}, /* serialization failure */
	{"40P01", VERDICT_AGAIN}, /* deadlock */
	{"57014", VERDICT_AGAIN}, /* cancelled, as by statement_timeout */
	{"CH001", VERDICT_OUT},   /* our own: chat.tell() */
	{"08", VERDICT_AWAY},     /* connection */
	{"57", VERDICT_AWAY},     /* shutdown, starting up, dropped */
	{"53", VERDICT_AWAY},     /* disk full, out of memory, too many connections */
	{"58", VERDICT_AWAY},     /* its files cannot be read or written */
	{"25", VERDICT_AWAY},     /* read-only, or a transaction that we know nothing of */
	{"26", VERDICT_AWAY},     /* a pooler lost our prepared statements */
	{"0A000", VERDICT_AWAY},  /* "cached plan must not change result type" */
	{"42", VERDICT_HOLD},     /* no such function, no right to call it */
	{"28", VERDICT_HOLD},     /* login */
	{"3D", VERDICT_HOLD},     /* no such database */
	{"3F", VERDICT_HOLD},     /* no such schema */
};

enum verdict sqlstate_verdict(const char *sqlstate)
{
	if (sqlstate == NULL) {
		return VERDICT_AWAY;
	}
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (strncmp(sqlstate, verdicts[i].prefix, strlen(verdicts[i].prefix)) == 0) {
			return verdicts[i].verdict;
		}
	}
	return VERDICT_REFUSE;
}
