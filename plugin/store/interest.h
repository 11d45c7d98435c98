/* Which users are connected to this broker, as far as another thread has to know: what is about
 * nobody here is not copied any further.  Counts by a hash of the id, so it may say yes for
 * somebody who is not. */
#ifndef CHAT_INTEREST_H
#define CHAT_INTEREST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

#define INTEREST_SIZE (1u << 20)

struct interest {
	_Atomic uint8_t counts[INTEREST_SIZE]; /* one that is full stays so */
};

/* The broker's thread: this user's first client has come, or the last one has gone. */
void interest_note(struct interest *interest, struct slice id, bool here);

/* Any thread. */
bool interest_in_user(const struct interest *interest, struct slice id);
/* In either user of "<a>/<b>". */
bool interest_in_room(const struct interest *interest, struct slice room);

#endif
