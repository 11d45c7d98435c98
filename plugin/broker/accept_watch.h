/* Mosquitto 2.0 leaves its WebSocket listeners, and connections that have not sent their upgrade
 * yet, out of the set that wakes its loop: it looks at them when the loop goes round, which may be
 * 100 ms later, and twice for each newcomer.  Where many come at once, the listener's places run
 * out meanwhile.  Here a thread of its own watches those listeners.  It wakes the loop when
 * somebody connects, and a few times after that.
 *
 * This rests on how 2.0 opens its listeners, which is documented nowhere: the option
 * `watch_websockets` turns it off.  2.1 watches all its listeners, and then there is nothing to do.
 */
#ifndef CHAT_ACCEPT_WATCH_H
#define CHAT_ACCEPT_WATCH_H

#include "slice.h"

struct accept_watch;

/* Broker's thread, when the listeners are open.  `ring` wakes the broker's loop; it is called by
 * the watching thread until accept_watch_close.  NULL: the broker watches all of them itself, or
 * they cannot be watched here. */
MUST_CHECK struct accept_watch *accept_watch_open(void (*ring)(void *arg), void *arg);
/* Broker's thread, in each turn of its loop. */
void accept_watch_round(struct accept_watch *watch);
/* NULL is allowed. */
void accept_watch_close(struct accept_watch *watch);

#endif
