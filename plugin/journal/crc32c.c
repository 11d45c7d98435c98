#include "crc32c.h"

#define POLYNOMIAL 0x82f63b78U /* bits reversed */

void crc32c_init(struct crc32c *crc)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t sum = byte;
		for (int bit = 0; bit < 8; bit++) {
			sum = (sum >> 1) ^ ((sum & 1) != 0 ? POLYNOMIAL : 0);
		}
		crc->tables[0][byte] = sum;
	}
	/* What a byte comes to with 1, 2, … bytes behind it. */
	for (int behind = 1; behind < 8; behind++) {
		for (int byte = 0; byte < 256; byte++) {
			uint32_t before = crc->tables[behind - 1][byte];
			crc->tables[behind][byte] = (before >> 8) ^ crc->tables[0][before & 0xff];
		}
	}
}

static uint32_t add_eight(const struct crc32c *crc, uint32_t sum, const unsigned char *b)
{
	const uint32_t(*t)[256] = crc->tables;
	return t[7][(b[0] ^ sum) & 0xff] ^ t[6][(b[1] ^ (sum >> 8)) & 0xff] ^
	       t[5][(b[2] ^ (sum >> 16)) & 0xff] ^ t[4][b[3] ^ (sum >> 24)] ^ t[3][b[4]] ^
	       t[2][b[5]] ^ t[1][b[6]] ^ t[0][b[7]];
}

uint32_t crc32c_add(const struct crc32c *crc, uint32_t sum, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	sum = ~sum;
	for (; len >= 8; len -= 8, at += 8) {
		sum = add_eight(crc, sum, at);
	}
	for (; len > 0; len--, at++) {
		sum = (sum >> 8) ^ crc->tables[0][(sum ^ *at) & 0xff];
	}
	return ~sum;
}
