/* One decision: who x what x topic -> yes, no, or not ours to say. */
#ifndef CHAT_ACCESS_H
#define CHAT_ACCESS_H

#include <stdbool.h>

#include "slice.h"
#include "topic.h"

enum access_answer {
	ACCESS_YES,
	ACCESS_NO,
	ACCESS_NOT_OURS, /* the broker's other rules decide */
};

/* `id` is the chat user's, empty for a client without a chat token. */
enum access_answer access_subscribe(struct slice id, const struct topic *filter);
enum access_answer access_publish(struct slice id, const struct topic *topic, bool retain);
/* Whether the topic may be delivered at all; for ours the gate has the last word. */
enum access_answer access_receive(struct slice id, const struct topic *topic);

#endif
