/* Rooms whose messages have to wait while others are stored: somebody has locked them.  A parked
 * room keeps its messages in order, with what comes later behind them, and says when to try again.
 */
#ifndef CHAT_PARKING_H
#define CHAT_PARKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "queue.h"
#include "table.h"

/* A room is looked at again after 1 ms, doubling, to at most this. */
#define PARKING_PAUSE_MAX_MS 250
/* One that goes alone has made a statement fail, so it comes less often. */
#define PARKING_ALONE_PAUSE_MAX_MS 2000

struct parked;

/* All zero is empty. */
struct parking {
	struct parked *rooms; /* as they came */
	struct table by_name;
};

/* Forgets all rooms and frees what waits there. */
void parking_finish(struct parking *parking);

/* NULL when it is not parked. */
struct parked *parking_find(const struct parking *parking, struct slice room);

/* Finds or adds it.  NULL: out of memory. */
struct parked *parking_add(struct parking *parking, struct slice room);

/* Its messages, of struct save_job. */
struct items *parked_jobs(struct parked *parked);

/* Not before a while that grows each time; `alone`: not together with other rooms. */
void parked_pause(struct parked *parked, bool alone, int64_t now);

/* The room was served: forgotten when nothing waits there, else due at once. */
void parking_release(struct parking *parking, struct parked *parked);

/* A room that is due and has to go alone; NULL when there is none. */
struct parked *parking_due_alone(const struct parking *parking, int64_t now);

/* Calls `take` for each room that is due and may go with others, as long as it returns true.
 * `probe`: the room was locked the last time, so one message is enough to see whether it still is.
 */
void parking_due(const struct parking *parking, int64_t now,
	bool (*take)(void *arg, struct items *jobs, bool probe), void *arg);

/* Rooms that had to go alone may go with others again, at once. */
void parking_join(struct parking *parking);

/* When the next room is due; NEVER when none is parked. */
int64_t parking_next(const struct parking *parking);

#endif
