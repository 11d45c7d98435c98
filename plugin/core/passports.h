/* What lets an offline MQTT 5 session through a reload of the broker: keyed hashes of (client id,
 * user id, password) of chat clients that have gone.  Mosquitto 2.0 asks for every session in
 * memory again on SIGHUP, and frees an offline one that is refused while it still uses it. */
#ifndef CHAT_PASSPORTS_H
#define CHAT_PASSPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "siphash.h"
#include "slice.h"

#define PASSPORTS_MAX                                                                              \
	100000 /* the oldest makes room; sessions live `persistent_client_expiration` at most */

struct passports;

MUST_CHECK struct passports *passports_create(const struct siphash_key *key);
void passports_destroy(struct passports *passports);

/* Never 0. */
uint64_t passport_make(const struct passports *passports, struct slice client_id, struct slice id,
	struct slice password);

void passports_add(struct passports *passports, uint64_t passport);
bool passports_has(const struct passports *passports, uint64_t passport);

#endif
