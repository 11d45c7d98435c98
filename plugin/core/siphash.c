#include "siphash.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline void round_once(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static inline void word(struct state *s, uint64_t m)
{
	s->v3 ^= m;
	round_once(s);
	s->v0 ^= m;
}

/* The last bytes, fewer than eight, with the length on top. */
static inline uint64_t last_word(struct slice bytes)
{
	size_t left = bytes.len % 8;
	uint64_t last = 0;
	if (bytes.len >= 8 && left > 0) {
		memcpy(&last, bytes.bytes + bytes.len - 8, 8);
		last >>= 8 * (8 - left);
	} else {
		for (size_t i = 0; i < left; i++) {
			last |= (uint64_t)(unsigned char)bytes.bytes[i] << (8 * i);
		}
	}
	return last | (uint64_t)bytes.len << 56;
}

static struct state start(const struct siphash_key *key)
{
	return (struct state){
		key->k0 ^ UINT64_C(0x736f6d6570736575),
		key->k1 ^ UINT64_C(0x646f72616e646f6d),
		key->k0 ^ UINT64_C(0x6c7967656e657261),
		key->k1 ^ UINT64_C(0x7465646279746573),
	};
}

/* Each text is closed with its length, whatever follows it. */
static uint64_t hash(struct state s, const struct slice *texts, size_t count)
{
	for (const struct slice *text = texts; text < texts + count; text++) {
		for (size_t at = 0; text->len - at >= 8; at += 8) {
			uint64_t m;
			memcpy(&m, text->bytes + at, 8);
			word(&s, m);
		}
		word(&s, last_word(*text));
	}
	s.v2 ^= 0xff;
	round_once(&s);
	round_once(&s);
	round_once(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash(const struct siphash_key *key, struct slice bytes)
{
	return hash(start(key), &bytes, 1);
}

uint64_t siphash_pair(const struct siphash_key *key, struct slice first, struct slice second)
{
	struct slice texts[] = {first, second};
	struct state s = start(key);
	/* The first text's whole length, not only its lowest byte, keeps the two apart. */
	word(&s, first.len);
	return hash(s, texts, 2);
}
