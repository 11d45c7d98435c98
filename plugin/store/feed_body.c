#include "feed_body.h"

#include "message_row.h"
#include "topic.h"

#define VERSION 1

_Static_assert(ROOM_MAX <= UINT8_MAX && NAME_MAX_BYTES <= UINT8_MAX, "their lengths are bytes");
_Static_assert(REF_MAX <= UINT16_MAX && TEXT_MAX <= UINT16_MAX && DATA_MAX <= UINT16_MAX,
	"theirs are two");

/* Numbers of a head, one after the other. */
struct head {
	unsigned char bytes[32];
	size_t len;
};

static void put(struct head *head, uint64_t value, int len)
{
	for (int i = len - 1; i >= 0; i--) {
		head->bytes[head->len++] = (unsigned char)(value >> (8 * i));
	}
}

static void write_head(struct params *params, const struct head *head)
{
	params_raw_text(params, slice_of((const char *)head->bytes, head->len));
}

static void begin(struct params *params)
{
	struct head head = {{VERSION}, 1};
	params_next(params);
	write_head(params, &head);
}

static void write_message(struct params *params, const struct message *message)
{
	struct head head = {.len = 0};
	put(&head, room_user_is_a(message->room, message->user_id), 1);
	put(&head, message->room.len, 1);
	put(&head, message->name.len, 1);
	put(&head, message->ref.len, 2);
	put(&head, message->text.len, 2);
	put(&head, message->data.len, 2);
	put(&head, (uint64_t)message->reply_to, 8);
	put(&head, (uint64_t)message->sent_at, 8);
	write_head(params, &head);
	params_raw_text(params, message->room);
	params_raw_text(params, message->name);
	params_raw_text(params, message->ref);
	params_raw_text(params, message->text);
	params_raw_text(params, message->data);
}

void feed_body_messages(struct params *params, struct save_job *const *jobs, size_t count)
{
	begin(params);
	for (size_t i = 0; i < count; i++) {
		write_message(params, &jobs[i]->message);
	}
}

/* These numbers are the wire's, and never change. */
static const struct {
	enum node_news_what what;
	unsigned char code;
} codes[] = {
	{NODE_PLACED, 1},
	{NODE_TYPING, 2},
	{NODE_LOGIN, 3},
};
#define CODES (sizeof(codes) / sizeof(codes[0]))

#define BY_A 1
#define ON 2

static unsigned char code_of(enum node_news_what what)
{
	unsigned char code = 0;
	for (size_t i = 0; i < CODES; i++) {
		code = codes[i].what == what ? codes[i].code : code;
	}
	return code;
}

/* The room says who the user is; without one their id stands in its place. */
static void write_news(struct params *params, const struct node_news *news)
{
	bool by_a = news->room.len > 0 && room_user_is_a(news->room, news->user_id);
	struct slice about = news->room.len > 0 ? news->room : news->user_id;
	struct head head = {.len = 0};
	put(&head, code_of(news->what), 1);
	put(&head, (by_a ? BY_A : 0) | (news->on ? ON : 0), 1);
	put(&head, about.len, 1);
	put(&head, news->name.len, 1);
	put(&head, news->client_id.len, 4);
	write_head(params, &head);
	params_raw_text(params, about);
	params_raw_text(params, news->name);
	params_raw_text(params, news->client_id);
}

void feed_body_news(struct params *params, struct news_job *const *jobs, size_t count)
{
	begin(params);
	for (size_t i = 0; i < count; i++) {
		write_news(params, &jobs[i]->news);
	}
}

static uint64_t get(struct feed_body *body, int len)
{
	uint64_t value = 0;
	if (body->end - body->at < len) {
		body->wrong = true;
		return 0;
	}
	for (int i = 0; i < len; i++) {
		value = value << 8 | *body->at++;
	}
	return value;
}

static struct slice get_slice(struct feed_body *body, size_t len)
{
	if (body->wrong || (size_t)(body->end - body->at) < len) {
		body->wrong = true;
		return slice_of("", 0);
	}
	struct slice slice = slice_of((const char *)body->at, len);
	body->at += len;
	return slice;
}

bool feed_body_open(struct feed_body *body, struct slice bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.bytes;
	*body = (struct feed_body){.at = at, .end = at + bytes.len};
	return get(body, 1) == VERSION && !body->wrong;
}

/* Who reads this relies on bounds, and the table has none. */
static bool is_room(struct slice room)
{
	struct slice a, b;
	return topic_split_room(room, &a, &b);
}

static bool is_message(const struct message *message)
{
	return is_room(message->room) && message->name.len <= NAME_MAX_BYTES &&
	       message->ref.len <= REF_MAX && message->text.len <= TEXT_MAX &&
	       message->data.len <= DATA_MAX;
}

static bool is_news(const struct node_news *news)
{
	return news->name.len <= NAME_MAX_BYTES &&
	       (news->what == NODE_LOGIN ? topic_valid_id(news->user_id) : is_room(news->room));
}

bool feed_body_message(struct feed_body *body, struct message *message)
{
	if (body->at == body->end) {
		return false;
	}
	bool by_a = get(body, 1) != 0;
	size_t room = (size_t)get(body, 1);
	size_t name = (size_t)get(body, 1);
	size_t ref = (size_t)get(body, 2);
	size_t text = (size_t)get(body, 2);
	size_t data = (size_t)get(body, 2);
	*message = (struct message){.reply_to = (int64_t)get(body, 8)};
	message->sent_at = (int64_t)get(body, 8);
	message->room = get_slice(body, room);
	message->name = get_slice(body, name);
	message->ref = get_slice(body, ref);
	message->text = get_slice(body, text);
	message->data = get_slice(body, data);
	message->user_id = room_user(message->room, by_a);
	message->opponent_id = room_user(message->room, !by_a);
	body->wrong = body->wrong || !is_message(message);
	return !body->wrong;
}

static void read_news(struct feed_body *body, struct node_news *news, unsigned char *code)
{
	*news = (struct node_news){.what = NODE_PLACED};
	*code = (unsigned char)get(body, 1);
	unsigned flags = (unsigned)get(body, 1);
	size_t about = (size_t)get(body, 1);
	size_t name = (size_t)get(body, 1);
	size_t client_id = (size_t)get(body, 4);
	news->on = (flags & ON) != 0;
	news->room = get_slice(body, about);
	news->user_id = room_user(news->room, (flags & BY_A) != 0);
	news->name = get_slice(body, name);
	news->client_id = get_slice(body, client_id);
}

bool feed_body_next_news(struct feed_body *body, struct node_news *news)
{
	while (body->at != body->end) {
		unsigned char code;
		read_news(body, news, &code);
		if (body->wrong) {
			return false;
		}
		for (size_t i = 0; i < CODES; i++) {
			if (codes[i].code == code) {
				news->what = codes[i].what;
				body->wrong = !is_news(news);
				return !body->wrong;
			}
		}
	}
	return false;
}
