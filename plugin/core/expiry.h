/* Which tokens have expired.  A wheel of lists of clients, by the time at which their tokens end:
 * only the lists whose time has come are looked at.  Links and time are in struct client. */
#ifndef CHAT_EXPIRY_H
#define CHAT_EXPIRY_H

#include <stdint.h>

#include "presence.h"

#define EXPIRY_SLOTS 64
#define EXPIRY_SLOT_MS 4000   /* how late a due client may be found; the wire promises 30 s */
#define EXPIRY_AGAIN_MS 30000 /* a client that is still there then is returned again */

struct expiry {
	struct client *slots[EXPIRY_SLOTS]; /* linked by expiry_prev and expiry_next */
	int64_t turned_to; /* the number of the last slot whose due clients were all returned */
};

/* The client's expires_at is set and not 0. */
void expiry_add(struct expiry *expiry, struct client *client);
/* Also fine for a client without expiry. */
void expiry_remove(struct expiry *expiry, struct client *client);

/* A client whose expires_at has passed by `now` (Unix ms), or NULL.  Its expires_at is moved to
 * EXPIRY_AGAIN_MS from now. */
struct client *expiry_due(struct expiry *expiry, int64_t now);

#endif
