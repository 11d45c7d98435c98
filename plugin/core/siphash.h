/* SipHash-1-3: a keyed 64-bit hash of bytes.  Who does not know the key can neither find two texts
 * with the same hash nor tell what a text's hash is. */
#ifndef CHAT_SIPHASH_H
#define CHAT_SIPHASH_H

#include <stdint.h>

#include "slice.h"

struct siphash_key {
	uint64_t k0;
	uint64_t k1;
};

uint64_t siphash(const struct siphash_key *key, struct slice bytes);

/* Of two texts, so that ("ab", "c") and ("a", "bc") differ. */
uint64_t siphash_pair(const struct siphash_key *key, struct slice first, struct slice second);

#endif
