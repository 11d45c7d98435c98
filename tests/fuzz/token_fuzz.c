/* Logins.  The first byte says what the rest is: a username and a password as they are; the header
 * and the claims of a JWT, which is then signed; a signed name, likewise; the content of a secret
 * file. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "fuzz.h"
#include "token.h"
#include "topic.h"

#define NOW INT64_C(1795334400000)
#define SECRETS                                                                                    \
	"the first secret, of 35 bytes or so\n"                                                    \
	"another secret, which is live too: \xC3\x9Cn\xC3\xAF"                                     \
	"c\xC3\xB6"                                                                                \
	"d\xC3\xA9\n"
#define FIRST (sizeof("the first secret, of 35 bytes or so") - 1)

static struct keyring *keyring_of(const char *content)
{
	char reason[KEYRING_REASON_MAX];
	struct keyring *keyring = keyring_parse(slice_str(content), reason);
	MUST(keyring != NULL);
	return keyring;
}

/* Without padding; the buffer has room. */
static size_t base64(struct slice bytes, char *into, bool url)
{
	int len = EVP_EncodeBlock(
		(unsigned char *)into, (const unsigned char *)bytes.bytes, (int)bytes.len);
	while (len > 0 && into[len - 1] == '=') {
		len--;
	}
	for (int i = 0; url && i < len; i++) {
		into[i] = into[i] == '+' ? '-' : into[i] == '/' ? '_' : into[i];
	}
	return (size_t)len;
}

static size_t sign(struct slice text, char *into, bool url)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	HMAC(EVP_sha256(), SECRETS, FIRST, (const unsigned char *)text.bytes, text.len, mac, &len);
	return base64(slice_of((const char *)mac, len), into, url);
}

static enum token_verdict verify(const struct token_rules *rules, struct slice username,
	struct slice password, struct claims *claims)
{
	struct keyring *keyring = keyring_of(SECRETS);
	struct slice name = exact_copy(username);
	struct slice pass = exact_copy(password);
	const char *reason = NULL;
	enum token_verdict verdict = token_verify(keyring, rules, name, pass, NOW, claims, &reason);
	if (verdict == TOKEN_ACCEPTED) {
		MUST(topic_valid_id(slice_str(claims->id)));
		MUST(strlen(claims->name) <= NAME_MAX_BYTES);
		MUST(is_text(slice_str(claims->name)));
		for (const char *c = claims->name; *c != '\0'; c++) {
			MUST((unsigned char)*c >= 0x20 && *c != 0x7F);
		}
		MUST(claims->expires_at == 0 || NOW < claims->expires_at + TOKEN_LEEWAY_MS);
	} else {
		MUST(reason != NULL && reason[0] != '\0');
	}
	keyring_free(keyring);
	drop_copy(name);
	drop_copy(pass);
	return verdict;
}

/* The same with another secret, or with one bit of the signature changed, must not get in. */
static void must_not_be_forged(
	const struct token_rules *rules, struct slice username, struct slice password)
{
	struct claims claims;
	const char *reason;
	struct keyring *other = keyring_of("a secret that has signed nothing of this");
	MUST(token_verify(other, rules, username, password, NOW, &claims, &reason) !=
		TOKEN_ACCEPTED);
	keyring_free(other);
	struct slice bad = exact_copy(password);
	char *letter = (char *)(uintptr_t)bad.bytes + bad.len - 10;
	*letter = *letter == 'A' ? 'B' : 'A';
	MUST(verify(rules, username, bad, &claims) != TOKEN_ACCEPTED);
	drop_copy(bad);
}

static void as_they_are(const struct token_rules *rules, struct input *input)
{
	struct claims claims;
	struct slice username = take_line(input);
	struct slice password = take_bytes(input, input->len);
	(void)verify(rules, username, password, &claims);
}

static void signed_jwt(const struct token_rules *rules, struct input *input)
{
	static char token[3 * TOKEN_MAX];
	struct claims claims;
	struct slice username = take_line(input);
	struct slice header = take_line(input);
	struct slice body = take_bytes(input, input->len);
	if (header.len > TOKEN_MAX || body.len > TOKEN_MAX) {
		return;
	}
	if (header.len == 0) {
		header = SLICE("{\"alg\":\"HS256\"}");
	}
	size_t len = base64(header, token, true);
	token[len++] = '.';
	len += base64(body, token + len, true);
	size_t mac = sign(slice_of(token, len), token + len + 1, true);
	token[len] = '.';
	struct slice password = slice_of(token, len + 1 + mac);
	enum token_verdict verdict = verify(rules, username, password, &claims);
	MUST(body.len == 0 || verdict != TOKEN_NOT_OURS);
	if (verdict == TOKEN_ACCEPTED) {
		MUST(password.len <= TOKEN_MAX && claims.expires_at > 0);
		MUST(username.len == 0 || slice_equal(username, slice_str(claims.id)));
		must_not_be_forged(rules, username, password);
	}
}

static void signed_name(const struct token_rules *rules, struct input *input)
{
	char password[48];
	struct claims claims;
	struct slice username = take_bytes(input, input->len);
	size_t len = sign(username, password, false);
	enum token_verdict verdict = verify(rules, username, slice_of(password, len), &claims);
	const char *colon = username.len == 0 ? NULL : memchr(username.bytes, ':', username.len);
	MUST((colon == NULL) == (verdict == TOKEN_NOT_OURS));
	if (verdict == TOKEN_ACCEPTED) {
		MUST(rules->signed_names && claims.expires_at == 0);
		size_t id = (size_t)(colon - username.bytes);
		MUST(slice_equal(slice_str(claims.id), slice_of(username.bytes, id)));
		MUST(slice_equal(slice_str(claims.name), slice_from(username, id + 1)));
		must_not_be_forged(rules, username, slice_of(password, len));
	}
}

static void secret_file(struct input *input)
{
	char reason[KEYRING_REASON_MAX] = "";
	struct slice content = exact_copy(take_bytes(input, input->len));
	struct keyring *keyring = keyring_parse(content, reason);
	MUST(keyring != NULL || reason[0] != '\0');
	keyring_free(keyring);
	drop_copy(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	unsigned how = take_byte(&input);
	struct token_rules rules = {
		.signed_names = (how & 0x80) == 0,
		.audience = (how & 0x40) == 0 ? slice_of("", 0) : SLICE("chat"),
	};
	switch (how & 3) {
	case 0:
		as_they_are(&rules, &input);
		break;
	case 1:
		signed_jwt(&rules, &input);
		break;
	case 2:
		signed_name(&rules, &input);
		break;
	default:
		secret_file(&input);
	}
	return 0;
}
