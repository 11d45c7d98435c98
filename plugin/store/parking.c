#include "parking.h"

#include <stdlib.h>
#include <utlist.h>

#include "job.h"
#include "siphash.h"

struct parked {
	struct table_link by_name;
	struct parked *prev, *next;
	struct items jobs;
	int64_t due;
	int pause;
	bool alone;
	size_t room_len;
	char room[ROOM_MAX];
};

/* Nobody outside locks rooms, so nobody chooses which names meet here: the key is no secret. */
static uint64_t hash_of(struct slice room)
{
	static const struct siphash_key key = {0, 0};
	return siphash(&key, room);
}

static void forget(struct parking *parking, struct parked *parked)
{
	DL_DELETE(parking->rooms, parked);
	table_remove(&parking->by_name, &parked->by_name);
	free(parked);
}

void parking_finish(struct parking *parking)
{
	while (parking->rooms != NULL) {
		jobs_free(&parking->rooms->jobs);
		forget(parking, parking->rooms);
	}
	table_finish(&parking->by_name);
}

static bool is_of_room(const struct table_link *link, const void *room)
{
	const struct parked *parked = TABLE_ELEMENT(link, struct parked, by_name);
	return slice_equal(slice_of(parked->room, parked->room_len), *(const struct slice *)room);
}

struct parked *parking_find(const struct parking *parking, struct slice room)
{
	if (parking->rooms == NULL) {
		return NULL;
	}
	struct table_link *link = table_find(&parking->by_name, hash_of(room), is_of_room, &room);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct parked, by_name);
}

struct parked *parking_add(struct parking *parking, struct slice room)
{
	struct parked *parked = parking_find(parking, room);
	if (parked != NULL) {
		return parked;
	}
	parked = calloc(1, sizeof(*parked));
	if (parked == NULL) {
		return NULL;
	}
	memcpy(parked->room, room.bytes, room.len);
	parked->room_len = room.len;
	table_add(&parking->by_name, &parked->by_name, hash_of(room));
	DL_APPEND(parking->rooms, parked);
	return parked;
}

struct items *parked_jobs(struct parked *parked)
{
	return &parked->jobs;
}

void parked_pause(struct parked *parked, bool alone, int64_t now)
{
	int max = alone ? PARKING_ALONE_PAUSE_MAX_MS : PARKING_PAUSE_MAX_MS;
	int pause = parked->pause == 0 ? 1 : parked->pause * 2;
	parked->alone = alone;
	parked->pause = pause > max ? max : pause;
	parked->due = now + parked->pause;
}

void parking_release(struct parking *parking, struct parked *parked)
{
	if (parked->jobs.first == NULL) {
		forget(parking, parked);
	} else {
		parked->alone = false;
		parked->pause = 0;
		parked->due = 0;
	}
}

struct parked *parking_due_alone(const struct parking *parking, int64_t now)
{
	struct parked *room;
	for (room = parking->rooms; room != NULL; room = room->next) {
		if (room->alone && room->due <= now && room->jobs.first != NULL) {
			return room;
		}
	}
	return NULL;
}

void parking_due(const struct parking *parking, int64_t now,
	bool (*take)(void *arg, struct items *jobs, bool probe), void *arg)
{
	struct parked *room;
	for (room = parking->rooms; room != NULL; room = room->next) {
		if (!room->alone && room->due <= now && !take(arg, &room->jobs, room->pause > 0)) {
			return;
		}
	}
}

void parking_join(struct parking *parking)
{
	struct parked *room;
	for (room = parking->rooms; room != NULL; room = room->next) {
		if (room->alone) {
			room->alone = false;
			room->due = 0;
		}
	}
}

int64_t parking_next(const struct parking *parking)
{
	int64_t due = NEVER;
	const struct parked *room;
	for (room = parking->rooms; room != NULL; room = room->next) {
		if (room->jobs.first != NULL && room->due < due) {
			due = room->due;
		}
	}
	return due;
}
