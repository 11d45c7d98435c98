/* Where the secrets come from: a file, or an environment variable. */
#ifndef CHAT_SECRETS_H
#define CHAT_SECRETS_H

#include "config.h"
#include "token.h"

/* Reads the secret file, or without one the environment variable, which holds one secret and may
 * have one LF or CRLF behind it.  NULL: `reason` is a sentence
 * that says what to do, and quotes no secret. */
#define SECRETS_REASON_MAX 512
MUST_CHECK struct keyring *secrets_load(
	const struct config *config, char reason[SECRETS_REASON_MAX]);

#endif
