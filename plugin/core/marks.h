/* Read marks on their way to the store.  However many a client sends, of each user and chat only
 * the highest one waits, and only one at a time is with the store. */
#ifndef CHAT_MARKS_H
#define CHAT_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "message.h"
#include "siphash.h"

#define MARKS_PER_USER_MAX 1000 /* chats of one user with a mark that waits */
#define MARKS_IN_FLIGHT_MAX 256 /* with the store at once */

struct marks;

MUST_CHECK struct marks *marks_create(const struct siphash_key *key);
void marks_destroy(struct marks *marks);

/* This mark waits from now on, unless a higher one does.  CHAT_EBUSY when marks of this user wait
 * in too many chats, CHAT_ENOMEM. */
MUST_CHECK enum chat_error marks_set(struct marks *marks, const struct mark *mark);

/* The next mark for the store; false when none waits, or the store has enough.  Its slices live
 * until the next call.  It counts as being with the store until one of the three below. */
bool marks_next(struct marks *marks, struct mark *mark);

/* The store did not take it: it waits again, unless a higher one does. */
void marks_not_sent(struct marks *marks, const struct mark *mark);

/* The store has answered.  A higher mark that came meanwhile waits now. */
void marks_done(struct marks *marks, const struct mark *mark);

/* The store's answer was lost: it waits again, and is in doubt until marks_done, because it may
 * have moved the marker without anybody having been told. */
void marks_lost(struct marks *marks, const struct mark *mark);
bool marks_in_doubt(const struct marks *marks, const struct mark *mark);

/* Marks that wait or are with the store. */
size_t marks_count(const struct marks *marks);

#endif
