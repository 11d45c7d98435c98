/* Topics and filters: two halves of an input, the filter and the topic.  What is built from what
 * was parsed is the same again, and no filter that reaches one of our topics is taken for none of
 * ours. */
#include "access.h"
#include "fuzz.h"
#include "topic.h"

static void parse_and_build(struct slice text)
{
	struct topic topic = topic_parse(text);
	char bytes[TOPIC_MAX + 1];
	struct slice a;
	struct slice b;
	MUST(topic.kind != TOPIC_WILD);
	if (topic.kind == TOPIC_CHAT) {
		MUST(topic_valid_id(topic.a) && topic_valid_id(topic.b));
		MUST(topic_compare_ids(topic.a, topic.b) < 0);
		MUST(topic_compare_ids(topic.b, topic.a) > 0);
		MUST(slice_equal(topic_of_chat(topic.room, bytes), text));
		MUST(topic_split_room(topic.room, &a, &b));
		MUST(slice_equal(a, topic.a) && slice_equal(b, topic.b));
	} else if (topic.kind == TOPIC_LOBBY) {
		MUST(topic_valid_id(topic.a));
		MUST(slice_equal(topic_of_lobby(topic.a, bytes), text));
	} else {
		bool ours =
			slice_starts(text, SLICE("chat/")) || slice_starts(text, SLICE("user/"));
		MUST(!ours || topic.kind == TOPIC_BROKEN);
		MUST(!slice_starts(text, SLICE("$hat/")) || topic.kind == TOPIC_HIDDEN);
	}
}

/* The next level, from *at on; false behind the last. */
static bool next_level(struct slice text, size_t *at, struct slice *level)
{
	if (*at > text.len) {
		return false;
	}
	size_t end = *at;
	while (end < text.len && text.bytes[end] != '/') {
		end++;
	}
	*level = slice_of(text.bytes + *at, end - *at);
	*at = end + 1;
	return true;
}

/* As MQTT has it, but for $SYS and the like, which are not asked about here. */
static bool matches(struct slice filter, struct slice topic)
{
	size_t f = 0;
	size_t t = 0;
	for (;;) {
		struct slice wanted;
		struct slice level;
		bool more_filter = next_level(filter, &f, &wanted);
		if (more_filter && slice_equal(wanted, SLICE("#"))) {
			return true;
		}
		bool more_topic = next_level(topic, &t, &level);
		if (!more_filter || !more_topic) {
			return more_filter == more_topic;
		}
		if (!slice_equal(wanted, SLICE("+")) && !slice_equal(wanted, level)) {
			return false;
		}
	}
}

/* What the broker matches with: without $share and the group. */
static struct slice unshared(struct slice filter)
{
	size_t at = 0;
	struct slice level;
	(void)next_level(filter, &at, &level);
	if (!slice_equal(level, SLICE("$share"))) {
		return filter;
	}
	if (!next_level(filter, &at, &level) || at > filter.len) {
		return slice_of("", 0);
	}
	return slice_from(filter, at);
}

static void filter_and_topic(struct slice filter, struct slice topic)
{
	struct topic parsed = topic_parse(topic);
	struct topic wanted = topic_parse_filter(filter);
	bool reaches = matches(unshared(filter), topic);
	bool ours = parsed.kind == TOPIC_CHAT || parsed.kind == TOPIC_LOBBY;
	if (wanted.kind == TOPIC_CHAT || wanted.kind == TOPIC_LOBBY) {
		char bytes[TOPIC_MAX + 1];
		MUST(slice_equal(filter, wanted.kind == TOPIC_CHAT
						 ? topic_of_chat(wanted.room, bytes)
						 : topic_of_lobby(wanted.a, bytes)));
		MUST(!reaches || slice_equal(filter, topic));
	}
	if (reaches && (ours || parsed.kind == TOPIC_HIDDEN)) {
		bool wild = topic.bytes[0] == '$' && wanted.kind == TOPIC_WILD;
		MUST(wanted.kind != TOPIC_OTHER || wild);
	}
	/* Nobody but those in it, and nobody without a token. */
	struct slice nobody = slice_of("", 0);
	MUST(access_subscribe(nobody, &wanted) != ACCESS_YES);
	MUST(access_publish(nobody, &parsed, false) != ACCESS_YES);
	MUST(access_receive(nobody, &parsed) != ACCESS_YES);
	struct slice id = parsed.kind == TOPIC_CHAT ? parsed.b : parsed.a;
	if (ours) {
		MUST(access_receive(id, &parsed) == ACCESS_YES);
		MUST(access_publish(id, &parsed, true) == ACCESS_NO);
		MUST(access_publish(id, &parsed, false) == ACCESS_YES);
		MUST(access_receive(SLICE("*"), &parsed) == ACCESS_NO);
		enum access_answer answer = access_subscribe(id, &wanted);
		MUST(!reaches || answer == (slice_equal(filter, topic) ? ACCESS_YES : ACCESS_NO));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct slice filter = exact_copy(take_line(&input));
	struct slice topic = exact_copy(take_line(&input));
	parse_and_build(filter);
	parse_and_build(topic);
	filter_and_topic(filter, topic);
	filter_and_topic(filter, SLICE("chat/1/2"));
	filter_and_topic(filter, SLICE("user/1"));
	filter_and_topic(filter, SLICE("$hat/1/2"));
	filter_and_topic(topic, topic);
	drop_copy(filter);
	drop_copy(topic);
	return 0;
}
