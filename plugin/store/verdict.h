/* What an SQLSTATE asks for. */
#ifndef CHAT_VERDICT_H
#define CHAT_VERDICT_H

enum verdict {
	VERDICT_AGAIN,  /* in the way of others: the same again, in smaller pieces */
	VERDICT_OUT,    /* this broker is out of its cluster, and has to enter again */
	VERDICT_AWAY,   /* the database cannot now: a new connection, later */
	VERDICT_HOLD,   /* somebody has to repair something: loudly, then as above */
	VERDICT_REFUSE, /* refused for good, and so will be the row that is the cause */
};

/* NULL, as libpq has it for errors of its own, is VERDICT_AWAY. */
enum verdict sqlstate_verdict(const char *sqlstate);

#endif
