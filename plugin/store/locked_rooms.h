/* Rooms whose messages have to wait while others are stored, because another session holds a lock
 * there.  Each keeps its messages in order, with what comes later behind them, and says when to try
 * again.  For the saver's thread. */
#ifndef CHAT_LOCKED_ROOMS_H
#define CHAT_LOCKED_ROOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "queue.h"
#include "table.h"

/* A room is looked at again after 1 ms, doubling, to at most this. */
#define LOCKED_ROOM_PAUSE_MAX_MS 250
/* One that goes alone has made a statement fail, so it comes less often. */
#define LOCKED_ROOM_ALONE_PAUSE_MAX_MS 2000

struct locked_room;

/* All zero is empty. */
struct locked_rooms {
	struct locked_room *rooms; /* as they came */
	struct table by_name;
};

/* Forgets all rooms and frees what waits there. */
void locked_rooms_finish(struct locked_rooms *locked);

/* NULL when it is not in here. */
struct locked_room *locked_rooms_find(const struct locked_rooms *locked, struct slice room);

/* Finds or adds it.  NULL: out of memory. */
struct locked_room *locked_rooms_add(struct locked_rooms *locked, struct slice room);

/* Its messages, of struct save_job. */
struct items *locked_room_jobs(struct locked_room *entry);

/* Not before a while that grows each time.  `sqlstate`: with which a statement failed because of
 * it, so that it does not go together with other rooms; NULL: its row was locked. */
void locked_room_pause(struct locked_room *entry, const char *sqlstate, int64_t now);

/* The room was served: forgotten when nothing waits there, else due at once. */
void locked_rooms_release(struct locked_rooms *locked, struct locked_room *entry);

/* A room that is due and has to go alone; NULL when there is none. */
struct locked_room *locked_rooms_due_alone(const struct locked_rooms *locked, int64_t now);

/* Calls `take` for each room that is due and may go with others, as long as it returns true.
 * `probe`: the room was locked the last time, so one message is enough to see whether it still is.
 */
void locked_rooms_due(const struct locked_rooms *locked, int64_t now,
	bool (*take)(void *arg, struct items *jobs, bool probe), void *arg);

/* Rooms that had to go alone may go with others again, at once. */
void locked_rooms_regroup(struct locked_rooms *locked);

/* Since when the room waits that has waited longest, which it is, and what it failed with ("": its
 * row was locked).  NEVER: none waits. */
int64_t locked_rooms_oldest(
	const struct locked_rooms *locked, struct slice *room, const char **sqlstate);

/* When the next room is due; NEVER when there is none. */
int64_t locked_rooms_next_due(const struct locked_rooms *locked);

#endif
