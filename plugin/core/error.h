/* Every way in which a request fails.  0 is good.  The first group is what a client hears as the
 * `code` of an `error` event; the second stays inside. */
#ifndef CHAT_ERROR_H
#define CHAT_ERROR_H

enum chat_error {
	CHAT_OK = 0,

	CHAT_EBADJSON,     /* bad_json */
	CHAT_EBADEVENT,    /* bad_event */
	CHAT_EBADFIELD,    /* bad_field */
	CHAT_ETOOLARGE,    /* too_large */
	CHAT_EREJECTED,    /* rejected: the store refused this message for good */
	CHAT_ERATELIMITED, /* rate_limited */
	CHAT_EUNAVAILABLE, /* unavailable: the store cannot take or answer it now */
	CHAT_EFORBIDDEN,   /* forbidden */

	CHAT_ENOMEM,   /* out of memory: this one request fails */
	CHAT_EBUSY,    /* a bounded queue is full */
	CHAT_EINVALID, /* an option or argument that makes no sense */
};

/* How many of them a client can hear, CHAT_OK counted. */
#define CHAT_CODES (CHAT_EFORBIDDEN + 1)

/* The wire's word for it ("bad_json"); what stays inside is "unavailable" to a client. */
const char *chat_error_code(enum chat_error error);

#endif
