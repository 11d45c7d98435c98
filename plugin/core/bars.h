/* Users whom the application has barred, and users whose older tokens it has revoked.  Only they
 * take memory. */
#ifndef CHAT_BARS_H
#define CHAT_BARS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "siphash.h"
#include "slice.h"
#include "table.h"

/* Start from {.key = …}. */
struct bars {
	struct siphash_key key;
	struct table by_id;
};

#define BARS_UNDATED 0 /* the token does not say when it was issued */

/* What holds for this user from now on.  `revoked_before`: tokens that were issued before are
 * refused, in Unix seconds; 0: none.  CHAT_ENOMEM. */
MUST_CHECK enum chat_error bars_set(
	struct bars *bars, struct slice id, bool barred, int64_t revoked_before);

/* Why this user may not be here with a token that was issued then (Unix seconds); NULL: they may.
 */
const char *bars_refusal(const struct bars *bars, struct slice id, int64_t issued_at);

void bars_finish(struct bars *bars);

#endif
