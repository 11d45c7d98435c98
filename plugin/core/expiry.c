#include "expiry.h"

#include <utlist.h>

/* A client stands in the slot of its time, rounded up; when the wheel reaches that slot it is due
 * or stands there for a later round (64 slots of 4 s: each is looked at every 256 s). */

static int64_t slot_of(int64_t at)
{
	return at / EXPIRY_SLOT_MS + 1;
}

void expiry_add(struct expiry *expiry, struct client *client)
{
	struct client **slot = &expiry->slots[slot_of(client->expires_at) % EXPIRY_SLOTS];
	DL_APPEND2(*slot, client, expiry_prev, expiry_next);
}

void expiry_remove(struct expiry *expiry, struct client *client)
{
	if (client->expires_at != 0) {
		struct client **slot = &expiry->slots[slot_of(client->expires_at) % EXPIRY_SLOTS];
		DL_DELETE2(*slot, client, expiry_prev, expiry_next);
	}
}

static struct client *due_in(struct expiry *expiry, int64_t number, int64_t now)
{
	struct client *client = expiry->slots[number % EXPIRY_SLOTS];
	while (client != NULL && client->expires_at > now) {
		client = client->expiry_next;
	}
	return client;
}

struct client *expiry_due(struct expiry *expiry, int64_t now)
{
	int64_t last = now / EXPIRY_SLOT_MS;
	/* After a jump of the clock one whole round sees every client. */
	if (last - expiry->turned_to > EXPIRY_SLOTS || last < expiry->turned_to) {
		expiry->turned_to = last - EXPIRY_SLOTS;
	}
	while (expiry->turned_to < last) {
		struct client *client = due_in(expiry, expiry->turned_to + 1, now);
		if (client != NULL) {
			expiry_remove(expiry, client);
			client->expires_at = now + EXPIRY_AGAIN_MS;
			expiry_add(expiry, client);
			return client;
		}
		expiry->turned_to++;
	}
	return NULL;
}
