/* Borrowed bytes: what comes from outside is passed around as pointer and length and is never
 * assumed to end with a NUL.  Whoever keeps a slice copies the bytes first. */
#ifndef CHAT_SLICE_H
#define CHAT_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))

struct slice {
	const char *bytes;
	size_t len;
};

/* A string literal as a slice. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

/* For "%.*s".  The lengths that are ever printed are bounded far below INT_MAX. */
#define SLICE_ARGS(s) (int)(s).len, (s).bytes

static inline struct slice slice_of(const char *bytes, size_t len)
{
	return (struct slice){bytes, len};
}

/* NULL gives the empty slice. */
static inline struct slice slice_str(const char *text)
{
	return (struct slice){text, text == NULL ? 0 : strlen(text)};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.bytes, prefix.bytes, prefix.len) == 0);
}

/* Byte order, a prefix before what continues it. */
static inline int slice_compare(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.bytes, b.bytes, len);
	if (order != 0) {
		return order;
	}
	return (a.len > b.len) - (a.len < b.len);
}

/* The bytes from `at` to the end. */
static inline struct slice slice_from(struct slice s, size_t at)
{
	return (struct slice){s.bytes + at, s.len - at};
}

/* FNV-1a: soon done where there are few bytes.  Anybody can find others with the same hash. */
static inline uint32_t slice_hash(struct slice s)
{
	uint32_t hash = UINT32_C(2166136261);
	for (size_t i = 0; i < s.len; i++) {
		hash = (hash ^ (unsigned char)s.bytes[i]) * UINT32_C(16777619);
	}
	return hash;
}

#endif
