#include "token.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "unit.h"
#include "vectors.h"

#define SECRET "0123456789abcdef0123456789abcdef"

/* ---- the end of the memory */

static int allocations_left = -1; /* negative: no end */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	if (allocations_left == 0) {
		return NULL;
	}
	allocations_left -= allocations_left > 0;
	return __real_malloc(size);
}

void *__real_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	if (allocations_left == 0) {
		return MAP_FAILED;
	}
	allocations_left -= allocations_left > 0;
	return __real_mmap(at, len, protection, flags, fd, offset);
}

/* ---- logins */

static struct keyring *keyring_of(const cJSON *vectors)
{
	char content[512] = "";
	const cJSON *secret;
	cJSON_ArrayForEach(secret, vectors_member(vectors, "secrets"))
	{
		strcat(content, secret->valuestring);
		strcat(content, "\n");
	}
	char reason[KEYRING_REASON_MAX];
	struct keyring *keyring = keyring_parse(slice_str(content), reason);
	assert_non_null(keyring);
	return keyring;
}

static struct slice given(const cJSON *vector, const char *name)
{
	return vectors_has(vector, name) ? vectors_bytes(vector, name) : slice_of(NULL, 0);
}

static void check_login(const cJSON *vector, const struct keyring *keyring, int64_t now)
{
	static const char *const verdicts[] = {
		[TOKEN_ACCEPTED] = "accepted",
		[TOKEN_REFUSED] = "refused",
		[TOKEN_NOT_OURS] = "not_ours",
	};
	const char *why = vectors_string(vector, "why", "");
	struct slice username = given(vector, "username");
	struct slice password = given(vector, "password");
	struct token_rules rules = {
		.signed_names = vectors_bool(vector, "signed_names", true),
		.audience = slice_str(vectors_string(vector, "audience", NULL)),
	};
	struct claims claims;
	memset(&claims, 0xA5, sizeof(claims));
	const char *reason = NULL;
	enum token_verdict verdict =
		token_verify(keyring, &rules, username, password, now, &claims, &reason);
	if (strcmp(verdicts[verdict], vectors_string(vector, "verdict", "")) != 0) {
		fail_msg("%s: is %s: %s", why, verdicts[verdict], reason);
	}
	if (verdict == TOKEN_ACCEPTED) {
		assert_string_equal(claims.id, vectors_string(vector, "id", ""));
		assert_string_equal(claims.name, vectors_string(vector, "name", ""));
		assert_int_equal(claims.expires_at, vectors_integer(vector, "expires_at", -1));
	} else if (strstr(reason, vectors_string(vector, "because", "")) == NULL) {
		fail_msg("%s: \"%s\" does not speak of %s", why, reason,
			vectors_string(vector, "because", ""));
	}
	vectors_free(username);
	vectors_free(password);
}

static void every_login_has_the_verdict_of_the_contract(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("tokens.json");
	struct keyring *keyring = keyring_of(vectors);
	const cJSON *vector;
	cJSON_ArrayForEach(vector, vectors_member(vectors, "logins"))
	{
		check_login(vector, keyring, vectors_integer(vectors, "now", 0));
	}
	keyring_free(keyring);
	cJSON_Delete(vectors);
}

static void a_refused_login_leaves_no_claims(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("tokens.json");
	char reason[KEYRING_REASON_MAX];
	struct keyring *keyring =
		keyring_parse(SLICE(SECRET), reason); /* which signed none of them */
	assert_non_null(keyring);
	struct token_rules rules = {.signed_names = true};
	const cJSON *vector;
	cJSON_ArrayForEach(vector, vectors_member(vectors, "logins"))
	{
		struct slice username = given(vector, "username");
		struct slice password = given(vector, "password");
		struct claims claims;
		const char *why;
		assert_int_not_equal(token_verify(keyring, &rules, username, password,
					     vectors_integer(vectors, "now", 0), &claims, &why),
			TOKEN_ACCEPTED);
		assert_string_equal(claims.id, "");
		assert_string_equal(claims.name, "");
		vectors_free(username);
		vectors_free(password);
	}
	keyring_free(keyring);
	cJSON_Delete(vectors);
}

/* Each of the token's bytes matters: with any other in its place, it is not accepted. */
static void no_byte_of_an_accepted_token_can_be_changed(void **state)
{
	(void)state;
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_.=+/";
	cJSON *vectors = vectors_load("tokens.json");
	struct keyring *keyring = keyring_of(vectors);
	struct token_rules rules = {.signed_names = true};
	struct slice token = {NULL, 0};
	const cJSON *vector;
	cJSON_ArrayForEach(vector, vectors_member(vectors, "logins"))
	{
		if (strcmp(vectors_string(vector, "why", ""), "a JWT") == 0) {
			token = vectors_bytes(vector, "password");
		}
	}
	assert_non_null(token.bytes);
	char changed[TOKEN_MAX];
	for (size_t i = 0; i < token.len; i++) {
		for (const char *c = alphabet; *c != '\0'; c++) {
			memcpy(changed, token.bytes, token.len);
			changed[i] = *c;
			struct claims claims;
			const char *why;
			enum token_verdict verdict = token_verify(keyring, &rules,
				slice_of(NULL, 0), slice_of(changed, token.len),
				vectors_integer(vectors, "now", 0), &claims, &why);
			assert_true((verdict == TOKEN_ACCEPTED) == (*c == token.bytes[i]));
		}
	}
	vectors_free(token);
	keyring_free(keyring);
	cJSON_Delete(vectors);
}

/* ---- secrets */

/* base64 HMAC-SHA256 of "1:Ann" with SECRET. */
#define SIGNATURE "M371pUHToEnw6Y2Lyp4xCTKsupO5R3PMEuSXqIW42Ds="

static bool accepts(const char *content, size_t len)
{
	char reason[KEYRING_REASON_MAX];
	struct keyring *keyring = keyring_parse(slice_of(content, len), reason);
	if (keyring == NULL) {
		return false;
	}
	struct token_rules rules = {.signed_names = true};
	struct claims claims;
	const char *why;
	bool accepted = token_verify(keyring, &rules, SLICE("1:Ann"), SLICE(SIGNATURE), 0, &claims,
				&why) == TOKEN_ACCEPTED;
	keyring_free(keyring);
	return accepted;
}

#define OTHER "ffffffffffffffffffffffffffffffff"

static void claimed_user_is_read_from_what_is_refused_too(void **state)
{
	(void)state;
	static const struct {
		const char *username, *password, *id;
	} logins[] = {
		{"7:Ann", "x", "7"},
		{"7", "x", "7"},
		{"no id:Ann", "x", ""},
		{"", "x", ""},
		/* {"sub":"9"}, {"sub":12}, {"sub":"a b"}, no JSON */
		{"", "e30.eyJzdWIiOiI5In0.x", "9"},
		{"", "e30.eyJzdWIiOjEyfQ.x", "12"},
		{"", "e30.eyJzdWIiOiJhIGIifQ.x", ""},
		{"8", "e30.xxxx.x", "8"},
	};
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		char id[ID_MAX + 1];
		token_claimed_id(slice_str(logins[i].username), slice_str(logins[i].password), id);
		assert_string_equal(id, logins[i].id);
	}
	char id[ID_MAX + 1];
	token_claimed_id(slice_str(NULL), slice_str(NULL), id);
	assert_string_equal(id, "");
}

static void a_secret_is_what_stands_between_line_ends(void **state)
{
	(void)state;
	static const char *const contents[] = {SECRET, SECRET "\n", SECRET "\r\n", SECRET "\r",
		"\n\n" SECRET "\n\n", "\r\n\r\n" SECRET "\r\n", OTHER "\n" SECRET,
		SECRET "\n" OTHER "\n", OTHER "\r\n\r\n" OTHER "\r\n" SECRET "\r\n" OTHER};
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		if (!accepts(contents[i], strlen(contents[i]))) {
			fail_msg("not accepted: %zu", i);
		}
	}
}

static void nothing_but_one_carriage_return_is_trimmed(void **state)
{
	(void)state;
	assert_false(accepts(SECRET SECRET, 2 * (sizeof(SECRET) - 1)));
	assert_false(accepts(OTHER, sizeof(OTHER) - 1));
	assert_false(accepts(SECRET "\r\r\n", sizeof(SECRET) - 1 + 3));
}

static void refused(struct slice content, const char *expected)
{
	char reason[KEYRING_REASON_MAX] = "";
	assert_null(keyring_parse(content, reason));
	if (strstr(reason, expected) == NULL) {
		fail_msg("\"%s\" does not say \"%s\"", reason, expected);
	}
}

static void a_file_without_a_secret_is_refused(void **state)
{
	(void)state;
	refused(slice_of(NULL, 0), "no secret");
	refused(SLICE(""), "no secret");
	refused(SLICE("\n\r\n\n"), "no secret");
	refused(SLICE(""), "openssl rand -base64 32");
}

static void a_short_secret_is_refused_with_its_line_and_length(void **state)
{
	(void)state;
	refused(SLICE("hunter2"), "line 1 is a secret of 7 bytes");
	refused(SLICE("hunter2"), "at least 32");
	refused(SLICE("hunter2"), "openssl rand -base64 32");
	refused(SLICE("0123456789abcdef0123456789abcde\r\n"), "of 31 bytes");
	refused(SLICE(SECRET "\n\r\nhunter2\n"), "line 3 is");
}

static void a_line_that_was_not_meant_as_a_secret_fails_the_whole_file(void **state)
{
	(void)state;
	refused(SLICE("# made on Monday with openssl rand\n" SECRET), "line 1 begins with '#'");
	refused(SLICE("#" SECRET), "no comments");
	refused(SLICE(SECRET "\n"
			     " " OTHER),
		"line 2 begins with a blank");
	refused(SLICE("\t" SECRET), "begins with a blank");
	refused(SLICE(" \n" SECRET), "line 1 begins with a blank");
	refused(SLICE(SECRET " \r\n" OTHER), "line 1 ends in a blank");
	refused(SLICE(SECRET "\t"), "ends in a blank");
	refused(SLICE("\xEF\xBB\xBF" SECRET), "byte order mark");
	refused(SLICE(OTHER "\n\xEF\xBB\xBF" SECRET), "line 2 has a byte order mark");
	refused(SLICE(SECRET "\v" OTHER), "control character");
	refused(SLICE(SECRET "\r\r\n"), "control character");
	refused(SLICE(SECRET "\0x"), "control character");
	refused(SLICE(SECRET "\x7F"), "control character");
	/* UTF-16, as an editor of Windows may save it. */
	refused(SLICE("\xFF\xFE"
		      "0\0001\0002\0003\000"),
		"control character");
}

static void blanks_and_hashes_inside_a_line_belong_to_the_secret(void **state)
{
	(void)state;
	char reason[KEYRING_REASON_MAX];
	struct keyring *keyring =
		keyring_parse(SLICE(SECRET " # \xC3\xA9 \xFF\n\n" OTHER " also\r\n"), reason);
	assert_non_null(keyring);
	assert_int_equal(keyring_count(keyring), 2);
	keyring_free(keyring);
}

static void a_refusal_never_quotes_a_secret(void **state)
{
	(void)state;
	char reason[KEYRING_REASON_MAX] = "";
	assert_null(keyring_parse(SLICE("hunter2"), reason));
	assert_null(strstr(reason, "hunter2"));
}

static void many_secrets_may_be_live(void **state)
{
	(void)state;
	static char content[1000 * sizeof(OTHER) + sizeof(SECRET)] = "";
	size_t len = 0;
	for (int i = 0; i < 1000; i++) {
		memcpy(content + len, OTHER "\n", sizeof(OTHER));
		len += sizeof(OTHER);
	}
	memcpy(content + len, SECRET, sizeof(SECRET) - 1);
	assert_true(accepts(content, len + sizeof(SECRET) - 1));
}

static void a_secret_longer_than_a_block_is_taken_whole(void **state)
{
	(void)state;
	char content[10000];
	memset(content, 'a', sizeof(content));
	char reason[KEYRING_REASON_MAX];
	struct keyring *keyring = keyring_parse(slice_of(content, sizeof(content)), reason);
	assert_non_null(keyring);
	struct token_rules rules = {.signed_names = true};
	struct claims claims;
	const char *why;
	assert_int_equal(
		token_verify(keyring, &rules, SLICE("1:Ann"),
			SLICE("DEhhONAbVmpavQ21yI+JlNdVOJUanbe/zw9jXp6aQjE="), 0, &claims, &why),
		TOKEN_ACCEPTED);
	keyring_free(keyring);
}

static void running_out_of_memory_refuses_the_file(void **state)
{
	(void)state;
	for (int left = 0; left < 2; left++) {
		allocations_left = left;
		char reason[KEYRING_REASON_MAX] = "";
		struct keyring *keyring = keyring_parse(SLICE(SECRET), reason);
		allocations_left = -1;
		assert_null(keyring);
		assert_non_null(strstr(reason, "memory"));
	}
}

static void no_keyring_is_freed_without_harm(void **state)
{
	(void)state;
	keyring_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_login_has_the_verdict_of_the_contract),
		cmocka_unit_test(a_refused_login_leaves_no_claims),
		cmocka_unit_test(claimed_user_is_read_from_what_is_refused_too),
		cmocka_unit_test(no_byte_of_an_accepted_token_can_be_changed),
		cmocka_unit_test(a_secret_is_what_stands_between_line_ends),
		cmocka_unit_test(nothing_but_one_carriage_return_is_trimmed),
		cmocka_unit_test(a_file_without_a_secret_is_refused),
		cmocka_unit_test(a_short_secret_is_refused_with_its_line_and_length),
		cmocka_unit_test(a_line_that_was_not_meant_as_a_secret_fails_the_whole_file),
		cmocka_unit_test(blanks_and_hashes_inside_a_line_belong_to_the_secret),
		cmocka_unit_test(a_refusal_never_quotes_a_secret),
		cmocka_unit_test(many_secrets_may_be_live),
		cmocka_unit_test(a_secret_longer_than_a_block_is_taken_whole),
		cmocka_unit_test(running_out_of_memory_refuses_the_file),
		cmocka_unit_test(no_keyring_is_freed_without_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
