/* Looking at eight bytes of a JSON string at once, for the reader and the writer alike. */
#ifndef CHAT_EIGHT_BYTES_H
#define CHAT_EIGHT_BYTES_H

#include <stdint.h>
#include <string.h>

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Eight bytes at once: not 0 when one of them has to be escaped in a string, being a control
 * character, a quote or a backslash.  A borrow runs on only from a byte that is one, so 0 is
 * exact. */
static inline uint64_t eight_special(uint64_t word)
{
	uint64_t quote = word ^ EACH_BYTE('"');
	uint64_t backslash = word ^ EACH_BYTE('\\');
	uint64_t control_hit = (word - EACH_BYTE(0x20)) & ~word;
	uint64_t quote_hit = (quote - EACH_BYTE(1)) & ~quote;
	uint64_t backslash_hit = (backslash - EACH_BYTE(1)) & ~backslash;
	return (control_hit | quote_hit | backslash_hit) & EACH_BYTE(0x80);
}

static inline uint64_t load_eight(const char *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

#endif
