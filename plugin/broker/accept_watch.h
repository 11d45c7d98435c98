/* Mosquitto 2.0 watches neither its WebSocket listeners nor connections that have not sent their
 * upgrade: it looks at both when its loop goes round, which may be 100 ms later, twice for each
 * newcomer, and where many come the listener's places run out meanwhile.  Here a thread watches
 * those listeners, and rings the loop when somebody comes, and a few times after that. */
#ifndef CHAT_ACCEPT_WATCH_H
#define CHAT_ACCEPT_WATCH_H

#include "slice.h"

struct accept_watch;

/* Broker's thread, when the listeners are there.  `ring` is called by a thread of the watch until
 * accept_watch_close.  NULL: the broker watches all of them itself, or they cannot be watched here.
 */
MUST_CHECK struct accept_watch *accept_watch_open(void (*ring)(void *arg), void *arg);
/* Broker's thread, each time its loop has gone round. */
void accept_watch_round(struct accept_watch *watch);
/* NULL is allowed. */
void accept_watch_close(struct accept_watch *watch);

#endif
