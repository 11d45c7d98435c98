#include "crc32c.h"

/* The sum of two bytes' exclusive or is that of their sums.  So 256 sums follow from those of the
 * eight bits, of which each macro adds one. */
#define T1(v, a) (v), (v) ^ (a)
#define T2(v, b, ...) T1(v, __VA_ARGS__), T1((v) ^ (b), __VA_ARGS__)
#define T3(v, c, ...) T2(v, __VA_ARGS__), T2((v) ^ (c), __VA_ARGS__)
#define T4(v, d, ...) T3(v, __VA_ARGS__), T3((v) ^ (d), __VA_ARGS__)
#define T5(v, e, ...) T4(v, __VA_ARGS__), T4((v) ^ (e), __VA_ARGS__)
#define T6(v, f, ...) T5(v, __VA_ARGS__), T5((v) ^ (f), __VA_ARGS__)
#define T7(v, g, ...) T6(v, __VA_ARGS__), T6((v) ^ (g), __VA_ARGS__)
#define TABLE(h, ...)                                                                              \
	{                                                                                          \
		T7(0U, __VA_ARGS__), T7(0U ^ (h), __VA_ARGS__)                                     \
	}

/* What a byte comes to with 0, 1, … 7 bytes behind it; each row has the sums of the bytes 0x80,
 * 0x40, … 0x01.  The polynomial is 0x82f63b78, its bits reversed. */
static const uint32_t tables[8][256] = {
	TABLE(0x82f63b78, 0x417b1dbc, 0x20bd8ede, 0x105ec76f, 0x8ad958cf, 0xc79a971f, 0xe13b70f7,
		0xf26b8303),
	TABLE(0xfbc3faf9, 0xff17c604, 0x7f8be302, 0x3fc5f181, 0x9d14c3b8, 0x4e8a61dc, 0x274530ee,
		0x13a29877),
	TABLE(0x8b277743, 0xc76580d9, 0xe144fb14, 0x70a27d8a, 0x38513ec5, 0x9edea41a, 0x4f6f520d,
		0xa541927e),
	TABLE(0x52a0c93f, 0xaba65fe7, 0xd725148b, 0xe964b13d, 0xf64463e6, 0x7b2231f3, 0xbf672381,
		0xdd45aab8),
	TABLE(0x6ea2d55c, 0x37516aae, 0x1ba8b557, 0x8f2261d3, 0xc5670b91, 0xe045beb0, 0x7022df58,
		0x38116fac),
	TABLE(0x1c08b7d6, 0x0e045beb, 0x85f4168d, 0xc00c303e, 0x6006181f, 0xb2f53777, 0xdb8ca0c3,
		0xef306b19),
	TABLE(0xf56e0ef4, 0x7ab7077a, 0x3d5b83bd, 0x9c5bfaa6, 0x4e2dfd53, 0xa5e0c5d1, 0xd0065990,
		0x68032cc8),
	TABLE(0x34019664, 0x1a00cb32, 0x0d006599, 0x847609b4, 0x423b04da, 0x211d826d, 0x9278fa4e,
		0x493c7d27),
};

static uint32_t add_eight(uint32_t sum, const unsigned char *b)
{
	const uint32_t(*t)[256] = tables;
	return t[7][(b[0] ^ sum) & 0xff] ^ t[6][(b[1] ^ (sum >> 8)) & 0xff] ^
	       t[5][(b[2] ^ (sum >> 16)) & 0xff] ^ t[4][b[3] ^ (sum >> 24)] ^ t[3][b[4]] ^
	       t[2][b[5]] ^ t[1][b[6]] ^ t[0][b[7]];
}

uint32_t crc32c(uint32_t sum, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	sum = ~sum;
	for (; len >= 8; len -= 8, at += 8) {
		sum = add_eight(sum, at);
	}
	for (; len > 0; len--, at++) {
		sum = (sum >> 8) ^ tables[0][(sum ^ *at) & 0xff];
	}
	return ~sum;
}
