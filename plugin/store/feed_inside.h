/* What feed.c and feed_say.c share. */
#ifndef CHAT_FEED_INSIDE_H
#define CHAT_FEED_INSIDE_H

#include "feed.h"

/* After a statement that came to a lock or was refused. */
#define PAUSE_MS 20

extern const struct statement statement_place;
extern const struct statement statement_say;

/* Runs a statement with the feed's params.  NULL: not now. */
PGresult *feed_query(struct feed *feed, const struct statement *statement);

/* To the broker's thread.  False: out of memory. */
MUST_CHECK bool feed_report(struct feed *feed, const struct node_news *news);

/* Says what waits, in its order, as far as it can be said now. */
void feed_say(struct feed *feed);

#endif
