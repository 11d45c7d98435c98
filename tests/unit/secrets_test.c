#include "secrets.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "unit.h"
#include "vectors.h"

#define VARIABLE "SECRETS_TEST"

/* Is this secret live, and no other? */
static bool only_live(const struct keyring *keyring, struct slice secret)
{
	static const char username[] = "1:Ann";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len;
	unsigned char password[64];
	HMAC(EVP_sha256(), secret.bytes, (int)secret.len, (const unsigned char *)username,
		sizeof(username) - 1, mac, &len);
	int written = EVP_EncodeBlock(password, mac, (int)len);
	struct token_rules rules = {.signed_names = true};
	struct claims claims;
	const char *why;
	return keyring_count(keyring) == 1 &&
	       token_verify(keyring, &rules, slice_str(username),
		       slice_of((const char *)password, (size_t)written), 0, &claims,
		       &why) == TOKEN_ACCEPTED;
}

static void check_variable(const cJSON *vector)
{
	const char *why = vectors_string(vector, "why", NULL);
	struct slice value = vectors_bytes(vector, "value");
	struct slice secret = vectors_bytes(vector, "secret");
	struct config config = {.secret_file = "", .secret_env = VARIABLE};
	char reason[SECRETS_REASON_MAX] = "";
	assert_int_equal(setenv(VARIABLE, value.bytes, 1), 0);
	struct keyring *keyring = secrets_load(&config, reason);
	if (vectors_has(vector, "secret")) {
		if (keyring == NULL || !only_live(keyring, secret)) {
			fail_msg("%s: %s", why, reason);
		}
	} else if (keyring != NULL ||
		   strstr(reason, vectors_string(vector, "because", "")) == NULL ||
		   strstr(reason, VARIABLE) == NULL) {
		fail_msg("%s: %s", why, keyring != NULL ? "is accepted" : reason);
	}
	keyring_free(keyring);
	vectors_free(value);
	vectors_free(secret);
}

static void every_environment_variable_is_read_as_the_hosts_read_it(void **state)
{
	(void)state;
	cJSON *vectors = vectors_load("secrets.json");
	const cJSON *vector;
	cJSON_ArrayForEach(vector, vectors_member(vectors, "environment"))
	{
		check_variable(vector);
	}
	cJSON_Delete(vectors);
}

static void without_the_variable_there_is_no_secret(void **state)
{
	(void)state;
	struct config config = {.secret_file = "", .secret_env = VARIABLE};
	char reason[SECRETS_REASON_MAX] = "";
	unsetenv(VARIABLE);
	assert_null(secrets_load(&config, reason));
	assert_non_null(strstr(reason, VARIABLE));
}

static void a_file_may_hold_several(void **state)
{
	(void)state;
	char path[] = "/tmp/secrets-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	static const char content[] = "the first secret of two, long enough\r\n\n"
				      "the second secret of two, long enough\n";
	assert_int_equal(write(fd, content, sizeof(content) - 1), sizeof(content) - 1);
	close(fd);
	struct config config = {.secret_file = path, .secret_env = VARIABLE};
	char reason[SECRETS_REASON_MAX] = "";
	struct keyring *keyring = secrets_load(&config, reason);
	unlink(path);
	assert_non_null(keyring);
	assert_int_equal(keyring_count(keyring), 2);
	keyring_free(keyring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_environment_variable_is_read_as_the_hosts_read_it),
		cmocka_unit_test(without_the_variable_there_is_no_secret),
		cmocka_unit_test(a_file_may_hold_several),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
