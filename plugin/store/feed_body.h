/* The bytes in which brokers of a cluster pass on what SQL need not read: messages, and what they
 * say by themselves.  The first byte is a version: brokers of two releases may be in one cluster.
 * All numbers are big-endian. */
#ifndef CHAT_FEED_BODY_H
#define CHAT_FEED_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "job.h"
#include "node_news.h"
#include "pgbinary.h"

/* Each begins the next parameter, and fills it. */
void feed_body_messages(struct params *params, struct save_job *const *jobs, size_t count);
void feed_body_news(struct params *params, struct news_job *const *jobs, size_t count);

/* Reads one after the other; slices point into the body. */
struct feed_body {
	const unsigned char *at, *end;
	bool wrong; /* it ended too early, or holds what no broker would write */
};

/* False: of a version that is not ours, or empty. */
MUST_CHECK bool feed_body_open(struct feed_body *body, struct slice bytes);
/* False: there are no more. */
MUST_CHECK bool feed_body_message(struct feed_body *body, struct message *message);
/* Those of a kind that is not known here are passed over. */
MUST_CHECK bool feed_body_next_news(struct feed_body *body, struct node_news *news);

#endif
