/* Mosquitto 2.0 watches neither its WebSocket listeners nor connections that have not sent their
 * upgrade: it looks at both when its loop goes round, which may be 100 ms later, twice for each
 * newcomer, and where many come the listener's places run out meanwhile.  Here a thread watches
 * those listeners, and rings the loop when somebody comes, and a few times after that. */
#ifndef CHAT_DOOR_H
#define CHAT_DOOR_H

#include "slice.h"

struct door;

/* Broker's thread, when the listeners are there.  `ring` is called by the door's thread until
 * door_close.  NULL: the broker watches all of them itself, or they cannot be watched here. */
MUST_CHECK struct door *door_open(void (*ring)(void *arg), void *arg);
/* Broker's thread, each time its loop has gone round. */
void door_round(struct door *door);
/* NULL is allowed. */
void door_close(struct door *door);

#endif
