#include "marks.h"

#include <stdlib.h>
#include <utlist.h>

#include "table.h"

/* A user with marks, counted for MARKS_PER_USER_MAX. */
struct reader {
	struct table_link by_id;
	uint32_t count;
	uint32_t id_len;
	char id[];
};

/* The mark of one user in one chat. */
struct entry {
	struct table_link by_key;
	struct entry *prev, *next; /* among those that wait */
	struct reader *reader;
	int64_t wanted; /* the highest seq asked for */
	bool sent;      /* the store has it */
	bool in_doubt;  /* the store had it before, and its answer was lost */
	uint32_t key_len;
	uint32_t room_len;
	char key[]; /* room, NUL, user id */
};

struct marks {
	struct siphash_key key;
	struct table entries;
	struct entry *waiting;
	struct table readers;
	size_t in_flight;
};

#define MARK_KEY_MAX (ROOM_MAX + 1 + ID_MAX)

static struct slice key_of(const struct mark *mark, char into[MARK_KEY_MAX])
{
	memcpy(into, mark->room.bytes, mark->room.len);
	into[mark->room.len] = '\0';
	memcpy(into + mark->room.len + 1, mark->user_id.bytes, mark->user_id.len);
	return slice_of(into, mark->room.len + 1 + mark->user_id.len);
}

struct marks *marks_create(const struct siphash_key *key)
{
	struct marks *marks = calloc(1, sizeof(*marks));
	if (marks != NULL) {
		marks->key = *key;
	}
	return marks;
}

static bool has_id(const struct table_link *link, const void *id)
{
	const struct reader *reader = TABLE_ELEMENT(link, struct reader, by_id);
	return slice_equal(slice_of(reader->id, reader->id_len), *(const struct slice *)id);
}

static struct reader *reader_find_or_add(struct marks *marks, struct slice id)
{
	uint64_t hash = siphash(&marks->key, id);
	struct table_link *link = table_find(&marks->readers, hash, has_id, &id);
	if (link != NULL) {
		return TABLE_ELEMENT(link, struct reader, by_id);
	}
	struct reader *reader = calloc(1, sizeof(*reader) + id.len);
	if (reader == NULL) {
		return NULL;
	}
	memcpy(reader->id, id.bytes, id.len);
	reader->id_len = (uint32_t)id.len;
	table_add(&marks->readers, &reader->by_id, hash);
	return reader;
}

static void reader_release(struct marks *marks, struct reader *reader)
{
	if (reader->count == 0) {
		table_remove(&marks->readers, &reader->by_id);
		free(reader);
	}
}

static void forget(struct marks *marks, struct entry *entry)
{
	if (entry->sent) {
		marks->in_flight--;
	} else {
		DL_DELETE(marks->waiting, entry);
	}
	table_remove(&marks->entries, &entry->by_key);
	entry->reader->count--;
	reader_release(marks, entry->reader);
	free(entry);
}

void marks_destroy(struct marks *marks)
{
	if (marks == NULL) {
		return;
	}
	size_t at = 0;
	struct table_link *link;
	while ((link = table_any(&marks->entries, &at)) != NULL) {
		forget(marks, TABLE_ELEMENT(link, struct entry, by_key));
	}
	table_finish(&marks->entries);
	table_finish(&marks->readers);
	free(marks);
}

static bool has_key(const struct table_link *link, const void *key)
{
	const struct entry *entry = TABLE_ELEMENT(link, struct entry, by_key);
	return slice_equal(slice_of(entry->key, entry->key_len), *(const struct slice *)key);
}

static struct entry *find(const struct marks *marks, const struct mark *mark)
{
	char bytes[MARK_KEY_MAX];
	struct slice key = key_of(mark, bytes);
	struct table_link *link =
		table_find(&marks->entries, siphash(&marks->key, key), has_key, &key);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct entry, by_key);
}

static enum chat_error add(struct marks *marks, const struct mark *mark)
{
	char bytes[MARK_KEY_MAX];
	struct slice key = key_of(mark, bytes);
	struct reader *reader = reader_find_or_add(marks, mark->user_id);
	if (reader == NULL) {
		return CHAT_ENOMEM;
	}
	if (reader->count >= MARKS_PER_USER_MAX) {
		return CHAT_EBUSY;
	}
	struct entry *entry = calloc(1, sizeof(*entry) + key.len);
	if (entry == NULL) {
		reader_release(marks, reader);
		return CHAT_ENOMEM;
	}
	memcpy(entry->key, key.bytes, key.len);
	entry->key_len = (uint32_t)key.len;
	entry->room_len = (uint32_t)mark->room.len;
	entry->wanted = mark->seq;
	entry->reader = reader;
	table_add(&marks->entries, &entry->by_key, siphash(&marks->key, key));
	reader->count++;
	DL_APPEND(marks->waiting, entry);
	return CHAT_OK;
}

enum chat_error marks_set(struct marks *marks, const struct mark *mark)
{
	struct entry *entry = find(marks, mark);
	if (entry == NULL) {
		return add(marks, mark);
	}
	if (mark->seq > entry->wanted) {
		entry->wanted = mark->seq;
	}
	return CHAT_OK;
}

bool marks_next(struct marks *marks, struct mark *mark)
{
	struct entry *entry = marks->waiting;
	if (entry == NULL || marks->in_flight >= MARKS_IN_FLIGHT_MAX) {
		return false;
	}
	DL_DELETE(marks->waiting, entry);
	entry->sent = true;
	marks->in_flight++;
	*mark = (struct mark){
		.room = slice_of(entry->key, entry->room_len),
		.user_id = slice_of(
			entry->key + entry->room_len + 1, entry->key_len - entry->room_len - 1),
		.seq = entry->wanted,
	};
	return true;
}

static void wait_again(struct marks *marks, struct entry *entry)
{
	entry->sent = false;
	marks->in_flight--;
	DL_APPEND(marks->waiting, entry);
}

void marks_done(struct marks *marks, const struct mark *mark)
{
	struct entry *entry = find(marks, mark);
	if (entry == NULL || !entry->sent) {
		return;
	}
	entry->in_doubt = false;
	if (entry->wanted > mark->seq) {
		wait_again(marks, entry);
	} else {
		forget(marks, entry);
	}
}

void marks_not_sent(struct marks *marks, const struct mark *mark)
{
	struct entry *entry = find(marks, mark);
	if (entry != NULL && entry->sent) {
		wait_again(marks, entry);
	}
}

void marks_lost(struct marks *marks, const struct mark *mark)
{
	struct entry *entry = find(marks, mark);
	if (entry != NULL && entry->sent) {
		entry->in_doubt = true;
		wait_again(marks, entry);
	}
}

bool marks_in_doubt(const struct marks *marks, const struct mark *mark)
{
	const struct entry *entry = find(marks, mark);
	return entry != NULL && entry->in_doubt;
}

size_t marks_count(const struct marks *marks)
{
	return marks->entries.count;
}
