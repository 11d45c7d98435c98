/* Messages with a `ref` that wait in the store: a repeat of one of them takes no second place
 * there, and is answered by that one's outcome. */
#ifndef CHAT_PENDING_H
#define CHAT_PENDING_H

#include <stdbool.h>

#include "error.h"
#include "message.h"
#include "siphash.h"
#include "table.h"

/* A connection that repeated a waiting message. */
struct repeat {
	struct repeat *next;
	client_serial from;
};

struct pending {
	struct table_link by_key;
	/* The youngest first; at most one a connection, never the first sender's. */
	struct repeat *repeats;
	client_serial from;
	uint32_t key_len;
	char key[]; /* room, user id and ref */
};

struct pending_table {
	struct siphash_key key;
	struct table waiting;
};

/* NULL when no message of this sender and ref waits in this room. */
struct pending *pending_find(struct pending_table *table, const struct message *message);

/* With a journal far more messages may wait than there is memory for.  The repeat of one that is
 * not noted takes a second place there after all, and the store finds it by its ref. */
#define PENDING_MAX 100000

/* CHAT_EBUSY when so many are noted, CHAT_ENOMEM.  The message has a ref, and is not in the table.
 */
MUST_CHECK enum chat_error pending_add(struct pending_table *table, const struct message *message);

/* Notes that this connection repeated it. */
MUST_CHECK enum chat_error pending_repeat(struct pending *pending, client_serial from);

/* Takes it out and frees it. */
void pending_remove(struct pending_table *table, struct pending *pending);

void pending_finish(struct pending_table *table);

#endif
