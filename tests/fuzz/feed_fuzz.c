/* What a broker of the cluster has written for the others: an input is a body as it is in the
 * table, said to hold messages or news.  Whatever it holds, what is read of it keeps the bounds
 * that the rest of the plugin relies on. */
#include "feed_body.h"
#include "fuzz.h"
#include "topic.h"

static void check_room(struct slice room, struct slice user_id)
{
	struct slice a, b;
	MUST(room.len <= ROOM_MAX);
	MUST(topic_split_room(room, &a, &b));
	MUST(slice_equal(user_id, a) || slice_equal(user_id, b));
}

static void read_messages(struct slice bytes)
{
	struct feed_body body;
	struct message message;
	if (!feed_body_open(&body, bytes)) {
		return;
	}
	while (feed_body_message(&body, &message)) {
		check_room(message.room, message.user_id);
		check_room(message.room, message.opponent_id);
		MUST(message.name.len <= NAME_MAX_BYTES && message.ref.len <= REF_MAX);
		MUST(message.text.len <= TEXT_MAX && message.data.len <= DATA_MAX);
	}
}

static void read_news(struct slice bytes)
{
	struct feed_body body;
	struct node_news news;
	if (!feed_body_open(&body, bytes)) {
		return;
	}
	while (feed_body_next_news(&body, &news)) {
		MUST(news.name.len <= NAME_MAX_BYTES);
		if (news.what == NODE_LOGIN) {
			MUST(topic_valid_id(news.user_id));
		} else {
			check_room(news.room, news.user_id);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	bool messages = take_byte(&input) % 2 == 0;
	struct slice bytes = exact_copy(take_bytes(&input, input.len));
	if (messages) {
		read_messages(bytes);
	} else {
		read_news(bytes);
	}
	drop_copy(bytes);
	return 0;
}
