#include "token.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "json.h"
#include "topic.h"
#include "utf8.h"

#define MAC_SIZE 32 /* bytes of an HMAC-SHA256 */

/* ---- the secrets */

struct keyring {
	char *bytes; /* the file's content, in pages of its own; the secrets are slices of it */
	size_t len;
	size_t count;
	struct slice secrets[];
};

/* Steps through the lines; false behind the last. */
static bool next_line(struct slice content, size_t *at, struct slice *line)
{
	if (*at >= content.len) {
		return false;
	}
	struct slice rest = slice_from(content, *at);
	const char *end = memchr(rest.bytes, '\n', rest.len);
	line->bytes = rest.bytes;
	line->len = end == NULL ? rest.len : (size_t)(end - rest.bytes);
	*at += line->len + 1;
	if (line->len > 0 && line->bytes[line->len - 1] == '\r') {
		line->len--;
	}
	return true;
}

static bool has_control_character(struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.bytes[i];
		if (c < 0x20 || c == 0x7F) {
			return true;
		}
	}
	return false;
}

/* What an editor or a shell may have done to a line, unseen, and what was not meant as a secret.
 * NULL: nothing. */
static const char *flaw(struct slice line)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	if (memmem(line.bytes, line.len, byte_order_mark, sizeof(byte_order_mark) - 1) != NULL) {
		return "has a byte order mark in it: save it without one";
	}
	switch (line.bytes[0]) {
	case '#':
		return "begins with '#': every line is a secret, there are no comments";
	case ' ':
	case '\t':
		return "begins with a blank";
	}
	char last = line.bytes[line.len - 1];
	if (last == ' ' || last == '\t') {
		return "ends in a blank";
	}
	return has_control_character(line) ? "has a control character in it" : NULL;
}

static bool check_secrets(struct slice content, size_t *count, char reason[KEYRING_REASON_MAX])
{
	*count = 0;
	size_t at = 0;
	struct slice line;
	for (int number = 1; next_line(content, &at, &line); number++) {
		const char *why = line.len > 0 ? flaw(line) : NULL;
		if (why != NULL) {
			snprintf(reason, KEYRING_REASON_MAX, "line %d %s", number, why);
			return false;
		}
		if (line.len > 0 && line.len < SECRET_MIN) {
			snprintf(reason, KEYRING_REASON_MAX,
				"line %d is a secret of %zu bytes, which must have at least %d "
				"(this makes a good one: openssl rand -base64 32)",
				number, line.len, SECRET_MIN);
			return false;
		}
		*count += line.len > 0;
	}
	if (*count == 0) {
		snprintf(reason, KEYRING_REASON_MAX,
			"there is no secret in it (this makes a good one: openssl rand -base64 32)");
	}
	return *count > 0;
}

/* Pages that a core dump of the broker leaves out.  NULL when out of memory. */
static char *hidden_pages(size_t len)
{
	void *pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED) {
		return NULL;
	}
	(void)madvise(pages, len, MADV_DONTDUMP);
	return pages;
}

struct keyring *keyring_parse(struct slice content, char reason[KEYRING_REASON_MAX])
{
	size_t count;
	if (!check_secrets(content, &count, reason)) {
		return NULL;
	}
	struct keyring *keyring = malloc(sizeof(*keyring) + count * sizeof(keyring->secrets[0]));
	char *bytes = keyring == NULL ? NULL : hidden_pages(content.len);
	if (bytes == NULL) {
		free(keyring);
		snprintf(reason, KEYRING_REASON_MAX, "there is no memory for it");
		return NULL;
	}
	memcpy(bytes, content.bytes, content.len);
	*keyring = (struct keyring){.bytes = bytes, .len = content.len};
	size_t at = 0;
	struct slice line;
	while (next_line(slice_of(bytes, content.len), &at, &line)) {
		if (line.len > 0) {
			keyring->secrets[keyring->count++] = line;
		}
	}
	return keyring;
}

void keyring_free(struct keyring *keyring)
{
	if (keyring == NULL) {
		return;
	}
	OPENSSL_cleanse(keyring->bytes, keyring->len);
	munmap(keyring->bytes, keyring->len);
	free(keyring);
}

size_t keyring_count(const struct keyring *keyring)
{
	return keyring->count;
}

/* Tries every secret whatever the ones before it gave: the time taken tells nothing. */
static bool signed_by_any(
	const struct keyring *keyring, struct slice text, const unsigned char mac[MAC_SIZE])
{
	unsigned matches = 0;
	for (size_t i = 0; i < keyring->count; i++) {
		unsigned char expected[MAC_SIZE];
		unsigned len = 0;
		struct slice secret = keyring->secrets[i];
		const unsigned char *done = HMAC(EVP_sha256(), secret.bytes, (int)secret.len,
			(const unsigned char *)text.bytes, text.len, expected, &len);
		if (done != NULL && len == MAC_SIZE) {
			matches |= CRYPTO_memcmp(expected, mac, MAC_SIZE) == 0;
		}
		OPENSSL_cleanse(expected, sizeof(expected));
	}
	return matches != 0;
}

/* ---- Base64, both alphabets */

/* The character's six bits; -1 when it is none. */
static int base64_bits(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	if (c == '+' || c == '-') {
		return 62;
	}
	return c == '/' || c == '_' ? 63 : -1;
}

/* Text without padding -> bytes, three for each four characters.  False when no bytes give this
 * text, also because of bits that are left over and not 0: one token has one spelling. */
static bool base64_decode(struct slice text, unsigned char *into, size_t *len)
{
	uint32_t bits = 0;
	int waiting = 0;
	*len = 0;
	for (size_t i = 0; i < text.len; i++) {
		int six = base64_bits(text.bytes[i]);
		if (six < 0) {
			return false;
		}
		bits = bits << 6 | (uint32_t)six;
		waiting += 6;
		if (waiting >= 8) {
			waiting -= 8;
			into[(*len)++] = (unsigned char)(bits >> waiting);
			bits &= (1U << waiting) - 1;
		}
	}
	return waiting < 6 && bits == 0;
}

/* ---- what both forms have: an id and a name.  The functions below that return a `const char *`
 * say what is wrong, NULL when nothing is. */

static bool valid_name(struct slice name)
{
	if (name.len > NAME_MAX_BYTES) {
		return false;
	}
	for (size_t at = 0; at < name.len;) {
		size_t len = utf8_length(name.bytes + at, name.len - at);
		if (len == 0) {
			return false;
		}
		at += len;
	}
	return !utf8_has_control(name);
}

static void keep(char *into, struct slice text)
{
	if (text.len > 0) {
		memcpy(into, text.bytes, text.len);
	}
	into[text.len] = '\0';
}

static const char *take_user(struct slice id, struct slice name, struct claims *claims)
{
	if (!topic_valid_id(id)) {
		return "the user id is not 1 to 64 characters of A-Z a-z 0-9 _ . @ ~ = -";
	}
	if (!valid_name(name)) {
		return "the name is not UTF-8 of at most 128 bytes without control characters";
	}
	keep(claims->id, id);
	keep(claims->name, name);
	claims->named = name.len > 0;
	return NULL;
}

/* ---- signed name */

#define SIGNATURE_LEN 43 /* characters of Base64 for MAC_SIZE bytes, without padding */

static struct slice without_newline(struct slice text)
{
	if (text.len > 0 && text.bytes[text.len - 1] == '\n') {
		text.len--;
	}
	return text;
}

static bool looks_like_signed_name(struct slice username, struct slice password)
{
	if (username.len == 0 || memchr(username.bytes, ':', username.len) == NULL ||
		(password.len != SIGNATURE_LEN && password.len != SIGNATURE_LEN + 1)) {
		return false;
	}
	for (size_t i = 0; i < password.len; i++) {
		bool padding = password.bytes[i] == '=' && i == password.len - 1;
		if (base64_bits(password.bytes[i]) < 0 && !padding) {
			return false;
		}
	}
	return true;
}

static const char *verify_signed_name(const struct keyring *keyring, struct slice username,
	struct slice password, struct claims *claims)
{
	if (password.len == SIGNATURE_LEN + 1 && password.bytes[SIGNATURE_LEN] == '=') {
		password.len--;
	}
	unsigned char mac[SIGNATURE_LEN + 1];
	size_t len;
	if (!base64_decode(password, mac, &len) || len != MAC_SIZE) {
		return "the password is not the Base64 of 32 bytes";
	}
	if (!signed_by_any(keyring, username, mac)) {
		return "no secret has made this signature";
	}
	const char *colon = memchr(username.bytes, ':', username.len);
	size_t id_len = (size_t)(colon - username.bytes);
	return take_user(
		slice_of(username.bytes, id_len), slice_from(username, id_len + 1), claims);
}

/* ---- JWT */

struct jwt {
	struct slice header;
	struct slice claims;
	struct slice signature;
	struct slice signed_part; /* header, dot, claims */
};

static bool split_jwt(struct slice password, struct jwt *jwt)
{
	size_t dots[2] = {0, 0};
	size_t count = 0;
	for (size_t i = 0; i < password.len; i++) {
		char c = password.bytes[i];
		if (c == '.') {
			if (count == 2) {
				return false;
			}
			dots[count++] = i;
		} else if (base64_bits(c) < 0 || c == '+' || c == '/') {
			return false;
		}
	}
	if (count != 2) {
		return false;
	}
	jwt->header = slice_of(password.bytes, dots[0]);
	jwt->claims = slice_of(password.bytes + dots[0] + 1, dots[1] - dots[0] - 1);
	jwt->signature = slice_from(password, dots[1] + 1);
	jwt->signed_part = slice_of(password.bytes, dots[1]);
	return jwt->header.len > 0 && jwt->claims.len > 0 && jwt->signature.len > 0;
}

/* Three bytes for each four characters, so a part of any token fits. */
struct part {
	unsigned char bytes[TOKEN_MAX];
	size_t len;
};

static struct slice part_text(const struct part *part)
{
	return slice_of((const char *)part->bytes, part->len);
}

static const char *check_header(struct slice text)
{
	enum {
		ALG,
		TYP,
		CRIT,
		COUNT
	};
	struct json_member members[COUNT] = {
		[ALG] = {.name = SLICE("alg"), .parsed_max = sizeof("HS256") - 1},
		[TYP] = {.name = SLICE("typ")},
		[CRIT] = {.name = SLICE("crit")},
	};
	const char *reason;
	bool good = json_read(text, members, COUNT, &reason);
	char typ = json_first(&members[TYP]);
	if (!good) {
		reason = "the header is not good JSON";
	} else if (!slice_equal(members[ALG].string, SLICE("HS256"))) {
		reason = "the header's 'alg' is not HS256";
	} else if (typ != '\0' && typ != '"') {
		reason = "the header's 'typ' is no string";
	} else if (json_first(&members[CRIT]) != '\0') {
		reason = "the header has 'crit'";
	}
	json_free(members, COUNT);
	return reason;
}

static bool is_there(const struct json_member *member)
{
	return member->raw.len > 0;
}

/* A claim's seconds as milliseconds.  What lies beyond the years that anybody lives in is cut to
 * a bound that can be added to without overflow. */
#define TIME_BOUND 9e15 /* ms; the year 287,000 */
static bool read_time(const cJSON *claim, int64_t *into)
{
	if (!cJSON_IsNumber(claim)) {
		return false;
	}
	double ms = claim->valuedouble * 1000;
	*into = (int64_t)(ms > TIME_BOUND ? TIME_BOUND : ms < -TIME_BOUND ? -TIME_BOUND : ms);
	return true;
}

enum {
	SUB,
	EXP,
	NBF,
	IAT,
	AUD,
	NAME,
	CLAIMS
};

static const char *check_times(
	const struct json_member claims[CLAIMS], int64_t now, struct claims *into)
{
	if (!read_time(claims[EXP].value, &into->expires_at)) {
		return "'exp' is missing or no number";
	}
	if (into->expires_at <= 0 || now >= into->expires_at + TOKEN_LEEWAY_MS) {
		return "it has expired";
	}
	int64_t not_before = now;
	if (is_there(&claims[NBF]) && !read_time(claims[NBF].value, &not_before)) {
		return "'nbf' is no number";
	}
	if (now < not_before - TOKEN_LEEWAY_MS) {
		return "it is not valid yet ('nbf')";
	}
	if (is_there(&claims[IAT]) && !read_time(claims[IAT].value, &into->issued_at)) {
		return "'iat' is no number";
	}
	bool dated = into->issued_at != TOKEN_UNDATED;
	return dated && now < into->issued_at - TOKEN_LEEWAY_MS ? "it comes from the future ('iat')"
	                                                        : NULL;
}

static const char *check_audience(const struct json_member *aud, struct slice audience)
{
	static const char wrong_type[] = "'aud' is neither a string nor an array of strings";
	bool found = audience.len == 0 || slice_equal(aud->string, audience);
	if (is_there(aud) && aud->string.bytes == NULL && !cJSON_IsArray(aud->value)) {
		return wrong_type;
	}
	const cJSON *array = cJSON_IsArray(aud->value) ? aud->value : NULL;
	const cJSON *element;
	cJSON_ArrayForEach(element, array)
	{
		if (!cJSON_IsString(element)) {
			return wrong_type;
		}
		found = found || slice_equal(slice_str(element->valuestring), audience);
	}
	return found ? NULL
	             : "'aud' does not name the audience that plugin_opt_jwt_audience asks for";
}

static const char *check_user(
	const struct json_member claims[CLAIMS], struct slice username, struct claims *into)
{
	struct slice id;
	int64_t number;
	if (!is_there(&claims[SUB])) {
		return "'sub' is missing";
	}
	if (json_integer(&claims[SUB], &number)) {
		id = claims[SUB].raw;
	} else if (claims[SUB].string.bytes != NULL) {
		id = claims[SUB].string;
	} else {
		return "'sub' is neither a user id nor an integer from 0 to 2^53 - 1";
	}
	struct slice name = id;
	if (claims[NAME].string.bytes != NULL) {
		name = claims[NAME].string;
	} else if (is_there(&claims[NAME])) {
		return "'name' is no string or longer than 128 bytes";
	}
	if (username.len > 0 && !slice_equal(username, id)) {
		return "the username is neither empty nor the token's 'sub'";
	}
	const char *reason = take_user(id, name, into);
	into->named = into->named && is_there(&claims[NAME]);
	return reason;
}

static const char *check_claims(struct slice text, const struct token_rules *rules,
	struct slice username, int64_t now, struct claims *into)
{
	struct json_member claims[CLAIMS] = {
		[SUB] = {.name = SLICE("sub"), .parsed_max = ID_MAX},
		[EXP] = {.name = SLICE("exp"), .parsed_max = TOKEN_MAX},
		[NBF] = {.name = SLICE("nbf"), .parsed_max = TOKEN_MAX},
		[IAT] = {.name = SLICE("iat"), .parsed_max = TOKEN_MAX},
		[AUD] = {.name = SLICE("aud"), .parsed_max = TOKEN_MAX},
		[NAME] = {.name = SLICE("name"), .parsed_max = NAME_MAX_BYTES},
	};
	const char *reason;
	if (!json_read(text, claims, CLAIMS, &reason)) {
		reason = "the claims are not good JSON";
	}
	if (reason == NULL) {
		reason = check_times(claims, now, into);
	}
	if (reason == NULL) {
		reason = check_audience(&claims[AUD], rules->audience);
	}
	if (reason == NULL) {
		reason = check_user(claims, username, into);
	}
	json_free(claims, CLAIMS);
	return reason;
}

static const char *verify_jwt(const struct keyring *keyring, const struct token_rules *rules,
	const struct jwt *jwt, struct slice username, int64_t now, struct claims *claims)
{
	if (jwt->signed_part.len + 1 + jwt->signature.len > TOKEN_MAX) {
		return "it is longer than 4096 bytes";
	}
	struct part part;
	if (!base64_decode(jwt->header, part.bytes, &part.len)) {
		return "the header is not Base64url";
	}
	const char *reason = check_header(part_text(&part));
	if (reason != NULL) {
		return reason;
	}
	if (!base64_decode(jwt->signature, part.bytes, &part.len) || part.len != MAC_SIZE ||
		!signed_by_any(keyring, jwt->signed_part, part.bytes)) {
		return "no secret has made this signature";
	}
	if (!base64_decode(jwt->claims, part.bytes, &part.len)) {
		return "the claims are not Base64url";
	}
	return check_claims(part_text(&part), rules, username, now, claims);
}

enum token_form token_form(struct slice username, struct slice password)
{
	struct jwt jwt;
	if (split_jwt(password, &jwt)) {
		return TOKEN_FORM_JWT;
	}
	return looks_like_signed_name(username, without_newline(password)) ? TOKEN_FORM_SIGNED_NAME
	                                                                   : TOKEN_FORM_NONE;
}

enum token_verdict token_verify(const struct keyring *keyring, const struct token_rules *rules,
	struct slice username, struct slice password, int64_t now, struct claims *claims,
	const char **reason)
{
	*claims = (struct claims){.issued_at = TOKEN_UNDATED};
	struct jwt jwt;
	if (split_jwt(password, &jwt)) {
		*reason = verify_jwt(keyring, rules, &jwt, username, now, claims);
		return *reason == NULL ? TOKEN_ACCEPTED : TOKEN_REFUSED;
	}
	password = without_newline(password);
	if (!looks_like_signed_name(username, password)) {
		*reason = "it has neither form of a chat token";
		return TOKEN_NOT_OURS;
	}
	if (!rules->signed_names) {
		*reason = "signed names are switched off (plugin_opt_signed_names)";
		return TOKEN_REFUSED;
	}
	*reason = verify_signed_name(keyring, username, password, claims);
	return *reason == NULL ? TOKEN_ACCEPTED : TOKEN_REFUSED;
}

/* The `sub` of a JWT's claims, when it is a string or a number; false: there is none. */
static bool copy_subject(struct slice claims, char id[ID_MAX + 1])
{
	struct part part;
	struct json_member sub = {.name = SLICE("sub"), .parsed_max = ID_MAX};
	const char *reason;
	struct slice claimed = slice_of("", 0);
	int64_t number;
	if (base64_decode(claims, part.bytes, &part.len) &&
		json_read(part_text(&part), &sub, 1, &reason)) {
		claimed = json_integer(&sub, &number) ? sub.raw
		          : sub.string.bytes != NULL  ? sub.string
		                                      : claimed;
	}
	bool valid = topic_valid_id(claimed);
	if (valid) {
		keep(id, claimed);
	}
	json_free(&sub, 1);
	return valid;
}

void token_claimed_id(struct slice username, struct slice password, char id[ID_MAX + 1])
{
	struct jwt jwt;
	id[0] = '\0';
	if (password.len <= TOKEN_MAX && split_jwt(password, &jwt) &&
		copy_subject(jwt.claims, id)) {
		return;
	}
	const char *colon = username.len == 0 ? NULL : memchr(username.bytes, ':', username.len);
	if (colon != NULL) {
		username.len = (size_t)(colon - username.bytes);
	}
	if (topic_valid_id(username)) {
		keep(id, username);
	}
}
