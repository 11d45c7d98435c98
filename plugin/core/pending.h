/* The messages with a `ref` that wait to be stored.  A repeat of one of them is not stored again:
 * whoever repeated it is told what became of the first. */
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

/* A message that waits. */
struct pending {
	struct table_link by_key;
	struct repeat
		*repeats;   /* the latest first; one for each connection but the first sender's */
	client_serial from; /* the first sender */
	uint32_t key_len;
	char key[]; /* room, user id and ref */
};

/* Start from {.key = …}. */
struct pending_table {
	struct siphash_key key;
	struct table waiting;
};

/* The waiting message of the same room, sender and ref as this one; NULL: there is none. */
struct pending *pending_find(struct pending_table *table, const struct message *message);

/* With a journal more messages may wait than there is memory for.  A repeat of one that is not in
 * the table is sent to the store like a new message, and the store finds it by its ref. */
#define PENDING_MAX 100000

/* Enters a message that has a ref and is not in the table.  CHAT_EBUSY when the table is full,
 * CHAT_ENOMEM. */
MUST_CHECK enum chat_error pending_add(struct pending_table *table, const struct message *message);

/* This connection has repeated it.  CHAT_ENOMEM. */
MUST_CHECK enum chat_error pending_repeat(struct pending *pending, client_serial from);

/* Takes it out and frees it. */
void pending_remove(struct pending_table *table, struct pending *pending);

/* Frees all of them. */
void pending_finish(struct pending_table *table);

#endif
