/* When tokens end: a wheel of client lists, so that looking for expired ones costs nothing per
 * client that is not due.  Intrusive: the links and the time live in struct client. */
#ifndef CHAT_EXPIRY_H
#define CHAT_EXPIRY_H

#include <stdint.h>

#include "presence.h"

#define EXPIRY_SLOTS 64
#define EXPIRY_SLOT_MS 4000   /* how late a due client may be found; the wire promises 30 s */
#define EXPIRY_AGAIN_MS 30000 /* when a client that was found, but has not gone, comes up again */

struct expiry {
	struct client *slots[EXPIRY_SLOTS];
	int64_t turned_to; /* the last slot number that was looked at to its end */
};

/* client->expires_at is set and not 0. */
void expiry_add(struct expiry *expiry, struct client *client);
/* Also fine for a client without expiry. */
void expiry_remove(struct expiry *expiry, struct client *client);

/* A client whose expires_at has passed by `now` (Unix ms), or NULL.  It is put back, to come up
 * again some time later if it is still there then. */
struct client *expiry_due(struct expiry *expiry, int64_t now);

#endif
