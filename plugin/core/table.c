#include "table.h"

#include <assert.h>
#include <stdlib.h>

#define SIZE_AT_FIRST 16 /* buckets, once there are more elements than fit in one */
#define ONE_BUCKET_MAX 4 /* elements that need no memory for buckets */

/* Full: an element a bucket.  Sparse: shrunk to a quarter it is half full, so neither growing nor
 * shrinking comes again soon. */
#define SPARSE 8 /* buckets an element */

static struct table_link **bucket_of(const struct table *table, uint64_t hash)
{
	/* Its own bucket belongs to the table as those of `buckets` do. */
	return table->buckets == NULL ? (struct table_link **)&table->only
	                              : &table->buckets[hash & (table->size - 1)];
}

static void push(struct table *table, struct table_link *link)
{
	struct table_link **bucket = bucket_of(table, link->hash);
	link->next = *bucket;
	*bucket = link;
}

static void move_chain(struct table *into, struct table_link *link)
{
	while (link != NULL) {
		struct table_link *next = link->next;
		push(into, link);
		link = next;
	}
}

/* Does nothing when there is no memory for it. */
static void resize(struct table *table, size_t size)
{
	struct table larger = {.size = size, .count = table->count};
	larger.buckets = calloc(size, sizeof(*larger.buckets));
	if (larger.buckets == NULL) {
		return;
	}
	move_chain(&larger, table->only);
	for (size_t i = 0; i < table->size; i++) {
		move_chain(&larger, table->buckets[i]);
	}
	free(table->buckets);
	*table = larger;
}

void table_finish(struct table *table)
{
	assert(table->count == 0);
	free(table->buckets);
	*table = (struct table){0};
}

void table_add(struct table *table, struct table_link *link, uint64_t hash)
{
	link->hash = hash;
	push(table, link);
	table->count++;
	if (table->buckets == NULL && table->count > ONE_BUCKET_MAX) {
		resize(table, SIZE_AT_FIRST);
	} else if (table->buckets != NULL && table->count > table->size) {
		resize(table, 2 * table->size);
	}
}

void table_remove(struct table *table, struct table_link *link)
{
	struct table_link **at = bucket_of(table, link->hash);
	while (*at != link) {
		at = &(*at)->next;
	}
	*at = link->next;
	table->count--;
	if (table->size > SIZE_AT_FIRST && table->count < table->size / SPARSE) {
		size_t size = table->size / 4;
		resize(table, size < SIZE_AT_FIRST ? SIZE_AT_FIRST : size);
	}
}

struct table_link *table_find(const struct table *table, uint64_t hash,
	bool (*matches)(const struct table_link *link, const void *key), const void *key)
{
	struct table_link *link = *bucket_of(table, hash);
	while (link != NULL && (link->hash != hash || (matches != NULL && !matches(link, key)))) {
		link = link->next;
	}
	return link;
}

struct table_link *table_any(const struct table *table, size_t *at)
{
	if (table->count == 0) {
		return NULL;
	}
	if (table->buckets == NULL) {
		return table->only;
	}
	/* It may have shrunk meanwhile. */
	*at &= table->size - 1;
	while (table->buckets[*at] == NULL) {
		*at = (*at + 1) & (table->size - 1);
	}
	return table->buckets[*at];
}

struct table_link *table_next(const struct table *table, const struct table_link *link)
{
	if (link != NULL && link->next != NULL) {
		return link->next;
	}
	if (table->buckets == NULL) {
		return link == NULL ? table->only : NULL;
	}
	size_t at = link == NULL ? 0 : (link->hash & (table->size - 1)) + 1;
	while (at < table->size && table->buckets[at] == NULL) {
		at++;
	}
	return at < table->size ? table->buckets[at] : NULL;
}
