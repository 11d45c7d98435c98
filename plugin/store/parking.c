#include "parking.h"

#include <stdlib.h>

#include "hash.h"
#include "job.h"

struct parked {
	UT_hash_handle hh;
	struct items jobs;
	int64_t due;
	int pause;
	bool alone;
	char room[ROOM_MAX];
};

void parking_finish(struct parking *parking)
{
	struct parked *room;
	struct parked *next;
	HASH_ITER (hh, parking->rooms, room, next) {
		HASH_DEL(parking->rooms, room);
		jobs_free(&room->jobs);
		free(room);
	}
}

struct parked *parking_find(const struct parking *parking, struct slice room)
{
	struct parked *parked = NULL;
	if (parking->rooms != NULL) {
		HASH_FIND(hh, parking->rooms, room.bytes, room.len, parked);
	}
	return parked;
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
	HASH_ADD_KEYPTR(hh, parking->rooms, parked->room, room.len, parked);
	if (parked->hh.tbl == NULL) {
		free(parked);
		return NULL;
	}
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
		HASH_DEL(parking->rooms, parked);
		free(parked);
	} else {
		parked->alone = false;
		parked->pause = 0;
		parked->due = 0;
	}
}

struct parked *parking_due_alone(const struct parking *parking, int64_t now)
{
	struct parked *room;
	for (room = parking->rooms; room != NULL; room = room->hh.next) {
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
	for (room = parking->rooms; room != NULL; room = room->hh.next) {
		if (!room->alone && room->due <= now && !take(arg, &room->jobs, room->pause > 0)) {
			return;
		}
	}
}

void parking_join(struct parking *parking)
{
	struct parked *room;
	for (room = parking->rooms; room != NULL; room = room->hh.next) {
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
	for (room = parking->rooms; room != NULL; room = room->hh.next) {
		if (room->jobs.first != NULL && room->due < due) {
			due = room->due;
		}
	}
	return due;
}
