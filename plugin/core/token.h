/* The token that CONNECT carries: signed name or JWT + secrets + now -> claims.  Pure: the caller
 * brings the secrets and the time. */
#ifndef CHAT_TOKEN_H
#define CHAT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "slice.h"

#define SECRET_MIN 32         /* bytes: below that HMAC-SHA256 is weaker than its output */
#define TOKEN_MAX 4096        /* bytes of a JWT */
#define TOKEN_LEEWAY_MS 30000 /* clocks of host application and broker may differ by this much */

/* The secrets that are live at once (rotation).  keyring_parse takes a secret file's content: one
 * secret a line (the bytes between line ends, a CR before the line end trimmed, empty lines
 * skipped).  A line that begins with '#' or a blank, ends in a blank, or has a control character or
 * a byte order mark in it was not meant as the secret that it would be, and fails the whole.  On
 * failure `reason` is a sentence for the operator, which never quotes a secret.  Core dumps leave
 * the secrets out; keyring_free wipes them. */
struct keyring;
#define KEYRING_REASON_MAX 160
MUST_CHECK struct keyring *keyring_parse(struct slice content, char reason[KEYRING_REASON_MAX]);
size_t keyring_count(const struct keyring *keyring);
void keyring_free(struct keyring *keyring);

struct token_rules {
	bool signed_names;     /* the signed-name form is accepted (it is recognised in any case) */
	struct slice audience; /* required `aud`; empty: not checked */
};

#define TOKEN_UNDATED INT64_MIN

struct claims {
	char id[ID_MAX + 1];
	char name[NAME_MAX_BYTES + 1];
	bool named;         /* the token gave a name that is not empty; else `name` may be the id */
	int64_t expires_at; /* Unix ms at which the token ends, leeway not included; 0: never */
	int64_t issued_at;  /* Unix ms; TOKEN_UNDATED: the token does not say */
};

enum token_verdict {
	TOKEN_ACCEPTED,
	TOKEN_REFUSED,  /* has one of the two shapes, and fails; *reason says why, for the log */
	TOKEN_NOT_OURS, /* has neither shape: other authentication may know it */
};

/* username and password as in CONNECT; .bytes NULL when it had none.  `now`: Unix ms.  *reason
 * holds nothing of the token. */
MUST_CHECK enum token_verdict token_verify(const struct keyring *keyring,
	const struct token_rules *rules, struct slice username, struct slice password, int64_t now,
	struct claims *claims, const char **reason);

/* Which of the two shapes a login has. */
enum token_form {
	TOKEN_FORM_NONE,
	TOKEN_FORM_SIGNED_NAME,
	TOKEN_FORM_JWT,
	TOKEN_FORMS,
};
enum token_form token_form(struct slice username, struct slice password);

/* Whom the token names, unproved: for the log, when it was refused.  Empty when that cannot be
 * read. */
void token_claimed_id(struct slice username, struct slice password, char id[ID_MAX + 1]);

#endif
