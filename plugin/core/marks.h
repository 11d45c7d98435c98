/* Read marks on their way to the store: of each user and chat the highest one waits, however many
 * come in, and one at a time is in flight. */
#ifndef CHAT_MARKS_H
#define CHAT_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "message.h"
#include "siphash.h"

#define MARKS_PER_USER_MAX 1000 /* chats of one user with a mark that waits */
#define MARKS_IN_FLIGHT_MAX 256 /* handed to the store at once */

struct marks;

MUST_CHECK struct marks *marks_create(const struct siphash_key *key);
void marks_destroy(struct marks *marks);

/* CHAT_EBUSY when marks of this user wait in too many chats, CHAT_ENOMEM. */
MUST_CHECK enum chat_error marks_set(struct marks *marks, const struct mark *mark);

/* The next one for the store: false when there is none, or enough are in flight.  Its slices live
 * until the next call.  It counts as in flight until marks_done or marks_again. */
bool marks_next(struct marks *marks, struct mark *mark);

/* The store has dealt with it; a higher one that came meanwhile waits now. */
void marks_done(struct marks *marks, const struct mark *mark);

/* The store did not take it: it waits again, unless a higher one does. */
void marks_again(struct marks *marks, const struct mark *mark);

/* The same for one whose outcome was lost: it may have moved the marker without anyone having heard
 * of it. */
void marks_lost(struct marks *marks, const struct mark *mark);
bool marks_in_doubt(const struct marks *marks, const struct mark *mark);

/* Marks that wait or are in flight. */
size_t marks_count(const struct marks *marks);

#endif
