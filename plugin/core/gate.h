/* The books of what we have just published, and for whom.  The broker asks READ for every
 * subscriber of every message; the gate passes only what stands in its books, so nothing that came
 * another way (a Will, a bridge, something retained) is ever delivered on our topics.
 *
 * Each publish is an entry with a rising number, found by a keyed fingerprint of topic and payload.
 * An entry is for everybody or for one connection, which uses it up.  Of those for everybody each
 * connection remembers the highest number that it received, so equal bytes published twice arrive
 * exactly twice. */
#ifndef CHAT_GATE_H
#define CHAT_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"
#include "siphash.h"
#include "slice.h"

struct gate;

MUST_CHECK struct gate *gate_create(const struct siphash_key *key);
void gate_destroy(struct gate *gate);

/* Enters a publish.  `only`: the one connection it is for; 0: for everybody.  `unless`: the number
 * of an earlier entry; a connection whose latest entry that is does not get this one; 0: no such
 * condition.  Returns its number, 0 when out of memory (then it must not be published). */
MUST_CHECK uint64_t gate_open(struct gate *gate, struct slice topic, struct slice payload,
	client_serial only, uint64_t unless);

/* This connection does not get the entry: it came to the topic after that was published.  One
 * connection an entry, the last one counts.  Does nothing when the entry has gone. */
void gate_skip(struct gate *gate, uint64_t number, client_serial serial);

/* Whether this connection may receive these bytes now; then it has received them.  *last_entry is
 * the connection's own, 0 at its start.  Allocates nothing. */
bool gate_pass(struct gate *gate, struct slice topic, struct slice payload, client_serial serial,
	uint64_t *last_entry);

/* Whether the entry still stands in the books: the broker may not have routed it yet. */
bool gate_is_open(const struct gate *gate, uint64_t number);

/* Once per turn of the broker's loop: an entry lives for two of them, by then the broker has
 * routed it. */
void gate_tick(struct gate *gate);

/* Entries in the books. */
size_t gate_entries(const struct gate *gate);

#endif
