/* A hash table whose links live in its elements.  An element carries 16 bytes for each table that
 * it is in, and the table a pointer; the hash stands in the link, so keys are compared only where
 * the hashes agree.  Keys are the elements' own business.
 *
 * Not uthash, whose handle in each element takes 56 bytes: a client is in two tables and brings a
 * user and half a room with it, which came to 110 of the 685 bytes that an idle client took. */
#ifndef CHAT_TABLE_H
#define CHAT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_link {
	struct table_link *next;
	uint64_t hash;
};

/* All zero is an empty table. */
struct table {
	struct table_link **buckets; /* NULL: `only` is the one there is */
	struct table_link *only;
	size_t size; /* of `buckets`; a power of two */
	size_t count;
};

/* The element around its link.  The link must not be NULL. */
#define TABLE_ELEMENT(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

/* Frees the table's own memory.  Its elements are the caller's, and out of it. */
void table_finish(struct table *table);

/* Cannot fail: a table that finds no memory to grow becomes slower instead. */
void table_add(struct table *table, struct table_link *link, uint64_t hash);

/* The link is in this table. */
void table_remove(struct table *table, struct table_link *link);

/* An element with this hash that `matches` says has this key; NULL: there is none.  With NULL for
 * `matches` the hash is all of the key. */
struct table_link *table_find(const struct table *table, uint64_t hash,
	bool (*matches)(const struct table_link *link, const void *key), const void *key);

/* The element after this one, the first one after NULL; NULL: there is none.  The table must not
 * change meanwhile. */
struct table_link *table_next(const struct table *table, const struct table_link *link);

/* One of those that are in it; NULL when it is empty.  *at, 0 at first, says where to go on
 * looking, so that emptying a table this way looks at each bucket once. */
struct table_link *table_any(const struct table *table, size_t *at);

#endif
