/* UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF. */
#ifndef CHAT_UTF8_H
#define CHAT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

static inline bool utf8_continues(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

/* The length of the sequence that `bytes` begins with; 0 when it is none. */
static inline size_t utf8_length(const char *bytes, size_t len)
{
	const unsigned char *b = (const unsigned char *)bytes;
	if (len == 0) {
		return 0;
	}
	if (b[0] < 0x80) {
		return 1;
	}
	if (b[0] < 0xE0) {
		return b[0] >= 0xC2 && len >= 2 && utf8_continues(b[1]) ? 2 : 0;
	}
	if (b[0] < 0xF0) {
		/* After E0 the low half would be overlong, after ED the high half a surrogate. */
		unsigned char low = b[0] == 0xE0 ? 0xA0 : 0x80;
		unsigned char high = b[0] == 0xED ? 0x9F : 0xBF;
		return len >= 3 && b[1] >= low && b[1] <= high && utf8_continues(b[2]) ? 3 : 0;
	}
	if (b[0] < 0xF5) {
		/* After F0 the lowest quarter would be overlong, after F4 all but it too high. */
		unsigned char low = b[0] == 0xF0 ? 0x90 : 0x80;
		unsigned char high = b[0] == 0xF4 ? 0x8F : 0xBF;
		bool rest = len >= 4 && utf8_continues(b[2]) && utf8_continues(b[3]);
		return rest && b[1] >= low && b[1] <= high ? 4 : 0;
	}
	return 0;
}

/* Whether there is a control character (U+0000 to U+001F, U+007F to U+009F) in valid UTF-8. */
static inline bool utf8_has_control(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.bytes[i];
		unsigned char next = i + 1 < text.len ? (unsigned char)text.bytes[i + 1] : 0xFF;
		if (c < 0x20 || c == 0x7F || (c == 0xC2 && next < 0xA0)) {
			return true;
		}
	}
	return false;
}

#endif
