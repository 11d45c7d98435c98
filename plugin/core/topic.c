#include "topic.h"

#include <stdint.h>

/* The bytes up to the first slash; *rest is what follows it, with .bytes NULL when there is none.
 */
static struct slice first_level(struct slice topic, struct slice *rest)
{
	const char *slash = topic.len == 0 ? NULL : memchr(topic.bytes, '/', topic.len);
	if (slash == NULL) {
		*rest = slice_of(NULL, 0);
		return topic;
	}
	size_t len = (size_t)(slash - topic.bytes);
	*rest = slice_from(topic, len + 1);
	return slice_of(topic.bytes, len);
}

/* A bit for each of A-Z a-z 0-9 _ . @ ~ = - */
static bool valid_character(char c)
{
	static const uint64_t valid[4] = {
		UINT64_C(0x23ff600000000000), UINT64_C(0x47fffffe87ffffff)};
	unsigned byte = (unsigned char)c;
	return (valid[byte / 64] >> (byte % 64) & 1) != 0;
}

/* Of the id that the bytes begin with. */
static size_t id_length(struct slice bytes)
{
	size_t len = 0;
	while (len < bytes.len && valid_character(bytes.bytes[len])) {
		len++;
	}
	return len;
}

bool topic_valid_id(struct slice id)
{
	return id.len >= 1 && id.len <= ID_MAX && id_length(id) == id.len;
}

int topic_compare_ids(struct slice a, struct slice b)
{
	if (a.len != b.len) {
		return a.len < b.len ? -1 : 1;
	}
	return slice_compare(a, b);
}

bool topic_split_room(struct slice room, struct slice *a, struct slice *b)
{
	size_t len = id_length(room);
	bool has_slash = len < room.len && room.bytes[len] == '/';
	*a = slice_of(room.bytes, len);
	*b = has_slash ? slice_from(room, len + 1) : slice_of(NULL, 0);
	return has_slash && len >= 1 && len <= ID_MAX && topic_valid_id(*b) &&
	       topic_compare_ids(*a, *b) < 0;
}

struct topic topic_parse(struct slice topic)
{
	struct topic parsed = {.kind = TOPIC_OTHER};
	struct slice rest;
	struct slice first = first_level(topic, &rest);
	if (slice_equal(first, SLICE("chat"))) {
		bool good = topic_split_room(rest, &parsed.a, &parsed.b);
		parsed.kind = good ? TOPIC_CHAT : TOPIC_BROKEN;
		parsed.room = rest;
	} else if (slice_equal(first, SLICE("user"))) {
		parsed.kind = topic_valid_id(rest) ? TOPIC_LOBBY : TOPIC_BROKEN;
		parsed.a = rest;
	} else if (slice_equal(first, SLICE("$hat"))) {
		parsed.kind = TOPIC_HIDDEN;
	}
	return parsed;
}

/* "+" and "#" alone reach our topics from the first level; further down they make an id that is
 * none, so topic_parse finds them out. */
static struct topic parse_unshared(struct slice filter)
{
	struct slice rest;
	struct slice first = first_level(filter, &rest);
	if (slice_equal(first, SLICE("+")) || slice_equal(first, SLICE("#"))) {
		return (struct topic){.kind = TOPIC_WILD};
	}
	return topic_parse(filter);
}

struct topic topic_parse_filter(struct slice filter)
{
	struct slice rest;
	struct slice first = first_level(filter, &rest);
	if (!slice_equal(first, SLICE("$share"))) {
		return parse_unshared(filter);
	}
	struct slice shared;
	(void)first_level(rest, &shared);
	struct topic topic = parse_unshared(shared);
	if (topic.kind == TOPIC_LOBBY || topic.kind == TOPIC_CHAT) {
		topic.kind = TOPIC_BROKEN;
	}
	return topic;
}

static struct slice join(struct slice first, struct slice rest, char *into)
{
	memcpy(into, first.bytes, first.len);
	memcpy(into + first.len, rest.bytes, rest.len);
	into[first.len + rest.len] = '\0';
	return slice_of(into, first.len + rest.len);
}

struct slice topic_of_chat(struct slice room, char into[TOPIC_MAX + 1])
{
	return join(SLICE("chat/"), room, into);
}

struct slice topic_of_lobby(struct slice id, char into[TOPIC_MAX + 1])
{
	return join(SLICE("user/"), id, into);
}

struct slice topic_room_of(struct slice one, struct slice other, char into[ROOM_MAX + 1])
{
	bool in_order = topic_compare_ids(one, other) < 0;
	struct slice a = join(in_order ? one : other, SLICE("/"), into);
	return slice_of(
		into, a.len + join(in_order ? other : one, slice_of("", 0), into + a.len).len);
}
