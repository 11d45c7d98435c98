/* Which other plugin of the broker was loaded before this one.  Mosquitto asks plugins in the order
 * in which they were loaded, and the first that says yes is not contradicted: so a plugin before
 * ours could let anybody read a chat. */
#ifndef CHAT_EARLIER_PLUGIN_H
#define CHAT_EARLIER_PLUGIN_H

#include "slice.h"

/* To be called while the broker loads us; `own` is an address in our own code.  False: there is
 * none.  `path` is cut where it is too long. */
#define EARLIER_PLUGIN_PATH_MAX 256
MUST_CHECK bool earlier_plugin_find(const void *own, char path[EARLIER_PLUGIN_PATH_MAX]);

#endif
