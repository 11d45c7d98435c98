#include "access.h"

static bool takes_part(struct slice id, const struct topic *topic)
{
	return id.len > 0 && (slice_equal(id, topic->a) || slice_equal(id, topic->b));
}

enum access_answer access_subscribe(struct slice id, const struct topic *filter)
{
	switch (filter->kind) {
	case TOPIC_LOBBY:
	case TOPIC_CHAT:
		return takes_part(id, filter) ? ACCESS_YES : ACCESS_NO;
	case TOPIC_WILD:
		/* An ordinary client may hold "#" if other rules let it: the gate keeps our topics
		 * out. */
		return id.len > 0 ? ACCESS_NO : ACCESS_NOT_OURS;
	case TOPIC_BROKEN:
	case TOPIC_HIDDEN:
		return ACCESS_NO;
	case TOPIC_OTHER:
		break;
	}
	return ACCESS_NOT_OURS;
}

enum access_answer access_publish(struct slice id, const struct topic *topic, bool retain)
{
	switch (topic->kind) {
	case TOPIC_CHAT:
	case TOPIC_LOBBY:
		return takes_part(id, topic) && !retain ? ACCESS_YES : ACCESS_NO;
	case TOPIC_BROKEN:
	case TOPIC_HIDDEN:
		return ACCESS_NO;
	case TOPIC_OTHER:
	case TOPIC_WILD:
		break;
	}
	return ACCESS_NOT_OURS;
}

enum access_answer access_receive(struct slice id, const struct topic *topic)
{
	switch (topic->kind) {
	case TOPIC_CHAT:
	case TOPIC_LOBBY:
		return takes_part(id, topic) ? ACCESS_YES : ACCESS_NO;
	case TOPIC_BROKEN:
	case TOPIC_HIDDEN:
		return ACCESS_NO;
	case TOPIC_OTHER:
	case TOPIC_WILD:
		break;
	}
	return ACCESS_NOT_OURS;
}
