#include "siphash.h"

#include "unit.h"

/* Key and input of the reference implementation: the bytes 0, 1, 2, … */
static const struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

/* A slow SipHash-1-3 written from the paper, byte by byte, to compare with. */
static uint64_t rotl(uint64_t x, unsigned b)
{
	return (x << b) | (x >> (64 - b));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13);
	v[3] = rotl(v[3], 16);
	v[1] ^= v[0];
	v[3] ^= v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17);
	v[3] = rotl(v[3], 21);
	v[1] ^= v[2];
	v[3] ^= v[0];
	v[2] = rotl(v[2], 32);
}

static uint64_t reference(const unsigned char *bytes, size_t len)
{
	uint64_t v[4] = {key.k0 ^ UINT64_C(0x736f6d6570736575),
		key.k1 ^ UINT64_C(0x646f72616e646f6d), key.k0 ^ UINT64_C(0x6c7967656e657261),
		key.k1 ^ UINT64_C(0x7465646279746573)};
	for (size_t word = 0; word <= len / 8; word++) {
		uint64_t m = 0;
		for (size_t i = 0; i < 8; i++) {
			size_t at = 8 * word + i;
			uint64_t byte = at < len ? bytes[at] : i == 7 ? (len & 0xff) : 0;
			m |= byte << (8 * i);
		}
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++) {
		sip_round(v);
	}
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void every_length_hashes_as_the_paper_says(void **state)
{
	(void)state;
	unsigned char bytes[300];
	for (size_t len = 0; len < sizeof(bytes); len++) {
		bytes[len] = (unsigned char)len;
		assert_int_equal(
			siphash(&key, slice_of((const char *)bytes, len)), reference(bytes, len));
	}
}

static void text_without_bytes_may_be_null(void **state)
{
	(void)state;
	assert_int_equal(siphash(&key, slice_of(NULL, 0)), siphash(&key, SLICE("")));
}

static void another_key_gives_another_hash(void **state)
{
	(void)state;
	struct siphash_key other = {key.k0, key.k1 ^ 1};
	assert_int_not_equal(siphash(&key, SLICE("chat/1/2")), siphash(&other, SLICE("chat/1/2")));
}

static void pair_depends_on_where_it_is_split(void **state)
{
	(void)state;
	char bytes[40] = {0};
	struct slice all = slice_of(bytes, sizeof(bytes));
	uint64_t seen[sizeof(bytes) + 1];
	for (size_t at = 0; at <= sizeof(bytes); at++) {
		seen[at] = siphash_pair(&key, slice_of(bytes, at), slice_from(all, at));
		for (size_t i = 0; i < at; i++) {
			assert_int_not_equal(seen[i], seen[at]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_hashes_as_the_paper_says),
		cmocka_unit_test(text_without_bytes_may_be_null),
		cmocka_unit_test(another_key_gives_another_hash),
		cmocka_unit_test(pair_depends_on_where_it_is_split),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
