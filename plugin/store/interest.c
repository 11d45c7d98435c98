#include "interest.h"

#include <string.h>

static size_t place_of(struct slice id)
{
	uint32_t hash = slice_hash(id);
	return (hash ^ (hash >> 15)) % INTEREST_SIZE;
}

void interest_note(struct interest *interest, struct slice id, bool here)
{
	_Atomic uint8_t *count = &interest->counts[place_of(id)];
	uint8_t is = atomic_load_explicit(count, memory_order_relaxed);
	if (is != UINT8_MAX && (here || is > 0)) {
		atomic_store(count, (uint8_t)(here ? is + 1 : is - 1));
	}
}

bool interest_in_user(const struct interest *interest, struct slice id)
{
	return atomic_load(&interest->counts[place_of(id)]) != 0;
}

bool interest_in_room(const struct interest *interest, struct slice room)
{
	const char *slash = memchr(room.bytes, '/', room.len);
	if (slash == NULL) {
		return false;
	}
	size_t len = (size_t)(slash - room.bytes);
	return interest_in_user(interest, slice_of(room.bytes, len)) ||
	       interest_in_user(interest, slice_from(room, len + 1));
}
