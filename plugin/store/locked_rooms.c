#include "locked_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "job.h"
#include "siphash.h"

struct locked_room {
	struct table_link by_name;
	struct locked_room *prev, *next;
	struct items jobs;
	int64_t since; /* 0: nothing waits for a lock */
	int64_t due;
	int pause;
	bool alone;
	char sqlstate[6];
	size_t room_len;
	char room[ROOM_MAX];
};

/* Nobody outside locks rooms, so nobody chooses which names meet here: the key is no secret. */
static uint64_t hash_of(struct slice room)
{
	static const struct siphash_key key = {0, 0};
	return siphash(&key, room);
}

static void forget(struct locked_rooms *locked, struct locked_room *entry)
{
	DL_DELETE(locked->rooms, entry);
	table_remove(&locked->by_name, &entry->by_name);
	free(entry);
}

void locked_rooms_finish(struct locked_rooms *locked)
{
	while (locked->rooms != NULL) {
		jobs_free(&locked->rooms->jobs);
		forget(locked, locked->rooms);
	}
	table_finish(&locked->by_name);
}

static bool is_of_room(const struct table_link *link, const void *room)
{
	const struct locked_room *entry = TABLE_ELEMENT(link, struct locked_room, by_name);
	return slice_equal(slice_of(entry->room, entry->room_len), *(const struct slice *)room);
}

struct locked_room *locked_rooms_find(const struct locked_rooms *locked, struct slice room)
{
	if (locked->rooms == NULL) {
		return NULL;
	}
	struct table_link *link = table_find(&locked->by_name, hash_of(room), is_of_room, &room);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct locked_room, by_name);
}

struct locked_room *locked_rooms_add(struct locked_rooms *locked, struct slice room)
{
	struct locked_room *entry = locked_rooms_find(locked, room);
	if (entry != NULL) {
		return entry;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL) {
		return NULL;
	}
	memcpy(entry->room, room.bytes, room.len);
	entry->room_len = room.len;
	table_add(&locked->by_name, &entry->by_name, hash_of(room));
	DL_APPEND(locked->rooms, entry);
	return entry;
}

struct items *locked_room_jobs(struct locked_room *entry)
{
	return &entry->jobs;
}

void locked_room_pause(struct locked_room *entry, const char *sqlstate, int64_t now)
{
	bool alone = sqlstate != NULL;
	int max = alone ? LOCKED_ROOM_ALONE_PAUSE_MAX_MS : LOCKED_ROOM_PAUSE_MAX_MS;
	int pause = entry->pause == 0 ? 1 : entry->pause * 2;
	entry->since = entry->since == 0 ? now : entry->since;
	entry->alone = alone;
	snprintf(entry->sqlstate, sizeof(entry->sqlstate), "%s", alone ? sqlstate : "");
	entry->pause = pause > max ? max : pause;
	entry->due = now + entry->pause;
}

void locked_rooms_release(struct locked_rooms *locked, struct locked_room *entry)
{
	if (entry->jobs.first == NULL) {
		forget(locked, entry);
	} else {
		entry->alone = false;
		entry->since = 0;
		entry->pause = 0;
		entry->due = 0;
	}
}

int64_t locked_rooms_oldest(
	const struct locked_rooms *locked, struct slice *room, const char **sqlstate)
{
	const struct locked_room *entry;
	int64_t since = NEVER;
	for (entry = locked->rooms; entry != NULL; entry = entry->next) {
		if (entry->since != 0 && entry->since < since) {
			since = entry->since;
			*room = slice_of(entry->room, entry->room_len);
			*sqlstate = entry->sqlstate;
		}
	}
	return since;
}

struct locked_room *locked_rooms_due_alone(const struct locked_rooms *locked, int64_t now)
{
	struct locked_room *entry;
	for (entry = locked->rooms; entry != NULL; entry = entry->next) {
		if (entry->alone && entry->due <= now && entry->jobs.first != NULL) {
			return entry;
		}
	}
	return NULL;
}

void locked_rooms_due(const struct locked_rooms *locked, int64_t now,
	bool (*take)(void *arg, struct items *jobs, bool probe), void *arg)
{
	struct locked_room *entry;
	for (entry = locked->rooms; entry != NULL; entry = entry->next) {
		if (!entry->alone && entry->due <= now &&
			!take(arg, &entry->jobs, entry->pause > 0)) {
			return;
		}
	}
}

void locked_rooms_regroup(struct locked_rooms *locked)
{
	struct locked_room *entry;
	for (entry = locked->rooms; entry != NULL; entry = entry->next) {
		if (entry->alone) {
			entry->alone = false;
			entry->due = 0;
		}
	}
}

int64_t locked_rooms_next_due(const struct locked_rooms *locked)
{
	int64_t due = NEVER;
	const struct locked_room *entry;
	for (entry = locked->rooms; entry != NULL; entry = entry->next) {
		if (entry->jobs.first != NULL && entry->due < due) {
			due = entry->due;
		}
	}
	return due;
}
