#include "gate.h"

#include <stdlib.h>

/* Entries stand in a ring, in the order of their numbers, and in chains by fingerprint: finding,
 * adding and forgetting are a few steps each, and only growth allocates.  What is for one
 * connection has a fingerprint of its own for it, so nobody else has to step over it: a flood of
 * equal answers would otherwise cost its square. */

#define SIZE_AT_START 64 /* entries; a power of two, as the ring always is */
#define LARGE 1024       /* more than that is given back when nothing is in the books */
#define ASKED_MAX 2048   /* bytes of a topic and a payload; longer ones are not kept */

struct entry {
	uint64_t fingerprint;
	client_serial only;
	uint64_t unless;
	client_serial skips; /* a connection that does not get it */
	uint64_t next;       /* in the chain: a higher number, 0 for the end */
	bool used_up;        /* by the connection that it was for */
};

struct chain {
	uint64_t first; /* lowest number, 0 when empty */
	uint64_t last;
};

/* What was asked about last. */
struct asked {
	uint64_t fingerprint;
	size_t topic_len; /* 0: nothing yet */
	size_t payload_len;
	char bytes[ASKED_MAX]; /* topic, payload */
};

struct gate {
	struct siphash_key key;
	struct entry *ring;   /* entry n stands at n & (size - 1) */
	struct chain *chains; /* by fingerprint & (size - 1) */
	uint64_t size;
	uint64_t oldest; /* numbers in the books: oldest … next - 1 */
	uint64_t next;
	uint64_t this_tick; /* the first number of this turn of the loop */
	uint64_t last_tick; /* and of the one before */
	struct asked asked;
};

static struct entry *entry_at(const struct gate *gate, uint64_t number)
{
	return &gate->ring[number & (gate->size - 1)];
}

static struct chain *chain_of(const struct gate *gate, uint64_t fingerprint)
{
	return &gate->chains[fingerprint & (gate->size - 1)];
}

static void link_entry(struct gate *gate, uint64_t number)
{
	struct entry *entry = entry_at(gate, number);
	struct chain *chain = chain_of(gate, entry->fingerprint);
	entry->next = 0;
	if (chain->first == 0) {
		chain->first = number;
	} else {
		entry_at(gate, chain->last)->next = number;
	}
	chain->last = number;
}

/* Nobody looks for this entry any more, if it is the first of its chain. */
static void skip_first(struct gate *gate, uint64_t number)
{
	const struct entry *entry = entry_at(gate, number);
	struct chain *chain = chain_of(gate, entry->fingerprint);
	if (chain->first == number) {
		chain->first = entry->next;
	}
}

/* The oldest entry is the first of its chain, because chains are in the order of numbers, or it
 * was skipped before. */
static void forget_oldest(struct gate *gate)
{
	skip_first(gate, gate->oldest);
	gate->oldest++;
}

/* Its own inverse. */
static uint64_t fingerprint_for(uint64_t fingerprint, client_serial only)
{
	return fingerprint ^ (only * UINT64_C(0x9e3779b97f4a7c15));
}

static bool resize(struct gate *gate, uint64_t size)
{
	struct entry *ring = calloc(size, sizeof(*ring));
	struct chain *chains = calloc(size, sizeof(*chains));
	if (ring == NULL || chains == NULL) {
		free(ring);
		free(chains);
		return false;
	}
	struct gate old = *gate;
	gate->ring = ring;
	gate->chains = chains;
	gate->size = size;
	for (uint64_t number = gate->oldest; number < gate->next; number++) {
		*entry_at(gate, number) = *entry_at(&old, number);
		link_entry(gate, number);
	}
	free(old.ring);
	free(old.chains);
	return true;
}

struct gate *gate_create(const struct siphash_key *key)
{
	struct gate *gate = calloc(1, sizeof(*gate));
	if (gate == NULL) {
		return NULL;
	}
	gate->key = *key;
	gate->oldest = gate->next = gate->this_tick = gate->last_tick = 1;
	if (!resize(gate, SIZE_AT_START)) {
		free(gate);
		return NULL;
	}
	return gate;
}

void gate_destroy(struct gate *gate)
{
	if (gate == NULL) {
		return;
	}
	free(gate->ring);
	free(gate->chains);
	free(gate);
}

uint64_t gate_open(struct gate *gate, struct slice topic, struct slice payload, client_serial only,
	uint64_t unless)
{
	if (gate->next - gate->oldest == gate->size && !resize(gate, 2 * gate->size)) {
		return 0;
	}
	uint64_t number = gate->next++;
	struct entry *entry = entry_at(gate, number);
	*entry = (struct entry){
		.fingerprint = fingerprint_for(siphash_pair(&gate->key, topic, payload), only),
		.only = only,
		.unless = unless,
	};
	link_entry(gate, number);
	return number;
}

void gate_skip(struct gate *gate, uint64_t number, client_serial serial)
{
	if (gate_is_open(gate, number)) {
		entry_at(gate, number)->skips = serial;
	}
}

static bool is_as_asked(const struct asked *asked, struct slice topic, struct slice payload)
{
	struct slice asked_topic = slice_of(asked->bytes, asked->topic_len);
	struct slice asked_payload = slice_of(asked->bytes + asked->topic_len, asked->payload_len);
	return slice_equal(topic, asked_topic) && slice_equal(payload, asked_payload);
}

/* The broker asks about a message for all of its readers in a row: for the first one of them it is
 * hashed, for the others compared. */
static uint64_t fingerprint_of(struct gate *gate, struct slice topic, struct slice payload)
{
	struct asked *asked = &gate->asked;
	if (is_as_asked(asked, topic, payload)) {
		return asked->fingerprint;
	}
	uint64_t fingerprint = siphash_pair(&gate->key, topic, payload);
	if (payload.len > 0 && topic.len + payload.len <= ASKED_MAX) {
		memcpy(asked->bytes, topic.bytes, topic.len);
		memcpy(asked->bytes + topic.len, payload.bytes, payload.len);
		asked->topic_len = topic.len;
		asked->payload_len = payload.len;
		asked->fingerprint = fingerprint;
	}
	return fingerprint;
}

/* The oldest entry that is for this connection alone. */
static uint64_t find_own(const struct gate *gate, uint64_t fingerprint, client_serial serial)
{
	fingerprint = fingerprint_for(fingerprint, serial);
	uint64_t number = chain_of(gate, fingerprint)->first;
	while (number != 0) {
		const struct entry *entry = entry_at(gate, number);
		if (entry->fingerprint == fingerprint && entry->only == serial && !entry->used_up) {
			break;
		}
		number = entry->next;
	}
	return number;
}

/* The oldest entry for everybody that comes after those which this connection received. */
static uint64_t find_shared(
	const struct gate *gate, uint64_t fingerprint, client_serial serial, uint64_t last_entry)
{
	uint64_t number = chain_of(gate, fingerprint)->first;
	while (number != 0) {
		const struct entry *entry = entry_at(gate, number);
		bool fresh = number > last_entry && entry->skips != serial &&
		             (entry->unless == 0 || entry->unless != last_entry);
		if (entry->fingerprint == fingerprint && entry->only == 0 && fresh) {
			break;
		}
		number = entry->next;
	}
	return number;
}

bool gate_pass(struct gate *gate, struct slice topic, struct slice payload, client_serial serial,
	uint64_t *last_entry)
{
	if (gate->oldest == gate->next) {
		return false;
	}
	uint64_t fingerprint = fingerprint_of(gate, topic, payload);
	uint64_t own = find_own(gate, fingerprint, serial);
	uint64_t shared = find_shared(gate, fingerprint, serial, *last_entry);
	if (own != 0 && (shared == 0 || own < shared)) {
		entry_at(gate, own)->used_up = true;
		skip_first(gate, own);
		return true;
	}
	if (shared != 0) {
		*last_entry = shared;
	}
	return shared != 0;
}

bool gate_is_open(const struct gate *gate, uint64_t number)
{
	return number >= gate->oldest && number < gate->next;
}

void gate_tick(struct gate *gate)
{
	while (gate->oldest < gate->last_tick) {
		forget_oldest(gate);
	}
	gate->last_tick = gate->this_tick;
	gate->this_tick = gate->next;
	/* A storm leaves a large ring behind: give it back once it is over. */
	if (gate->oldest == gate->next && gate->size > LARGE) {
		(void)resize(gate, SIZE_AT_START);
	}
}

size_t gate_entries(const struct gate *gate)
{
	return (size_t)(gate->next - gate->oldest);
}
