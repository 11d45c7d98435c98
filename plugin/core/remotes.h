/* Who of a chat's two users is in it on other brokers of a cluster.  Lists are short: a user has
 * few devices. */
#ifndef CHAT_REMOTES_H
#define CHAT_REMOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

struct remote {
	struct remote *next;
	int32_t node;
	bool by_a;   /* the room's first user */
	bool is_old; /* heard of before this broker entered the cluster the last time */
	uint32_t name_len;
	char name[];
};

/* This user of the room, on whichever broker; NULL: on none. */
const struct remote *remotes_find(const struct remote *list, bool by_a);

/* One more.  False: it was known already, or there is no memory. */
bool remotes_add(struct remote **list, int32_t node, bool by_a, struct slice name);

/* False: it was not known. */
bool remotes_remove(struct remote **list, int32_t node, bool by_a);

/* All of them count as old from now on. */
void remotes_age(struct remote *list);

/* Some that is old, or on this broker (0: any that is old); NULL: none. */
const struct remote *remotes_outdated(const struct remote *list, int32_t node);

void remotes_free(struct remote **list);

#endif
