/* The store's door with nothing behind it: what is asked waits until an input answers it. */
#include "fake_broker.h"
#include "topic.h"

#define WAITING_MAX 64
#define READY_MAX 512

struct store {
	int nothing;
};
static struct store the_store;

struct save {
	struct message message;
	char bytes[512];
};
static struct save *saves[WAITING_MAX];
static size_t save_count;

struct kept_load {
	struct load load;
	char bytes[ROOM_MAX + ID_MAX];
};
static struct kept_load loads[WAITING_MAX];
static size_t load_count;

struct kept_mark {
	struct mark mark;
	char bytes[ROOM_MAX + ID_MAX];
};
static struct kept_mark marks[WAITING_MAX];
static size_t mark_count;

static struct kept_ask {
	char room[ROOM_MAX + 1];
} asks[WAITING_MAX];
static size_t ask_count;

/* What the next drain brings. */
struct ready {
	enum {
		READY_SAVED,
		READY_LOADED,
		READY_MARKED,
		READY_PERMIT,
		READY_DECIDES,
		READY_ANSWERING,
	} what;
	unsigned outcome;
	struct save *save;
	long seq;
	struct kept_load load;
	struct kept_mark mark;
	struct kept_ask ask;
};
static struct ready ready[READY_MAX];
static size_t ready_count;

static bool answering;
static bool site_decides, has_decided;
bool fake_store_is_full;
static long last_seq;
static char last_room[16];
static long last_new;

static struct slice keep(char *bytes, size_t *at, struct slice from)
{
	struct slice kept = slice_of(bytes + *at, from.len);
	if (from.len > 0) {
		memcpy(bytes + *at, from.bytes, from.len);
	}
	*at += from.len;
	return kept;
}

struct store *store_open(const struct store_options *options, char reason[STORE_REASON_MAX])
{
	(void)options;
	(void)reason;
	save_count = load_count = mark_count = ask_count = ready_count = 0;
	answering = fake_store_is_full = site_decides = has_decided = false;
	last_seq = last_new = 0;
	return &the_store;
}

enum chat_error store_save(struct store *store, const struct message *message)
{
	(void)store;
	const struct mosquitto *sender = broker.acting;
	if (sender == NULL) {
		/* It has waited for the application. */
		MUST(has_decided);
	} else {
		MUST(sender->connected && sender->user >= 0);
		MUST(has_decided ||
			slice_equal(message->user_id, slice_str(user_ids[sender->user])));
	}
	struct slice a, b;
	MUST(topic_split_room(message->room, &a, &b));
	MUST(slice_equal(message->opponent_id, slice_equal(message->user_id, a) ? b : a));
	MUST(message->text.len >= 1 && message->text.len < 128);
	if (fake_store_is_full || save_count == WAITING_MAX) {
		return CHAT_EBUSY;
	}
	struct save *save = malloc(sizeof(*save));
	size_t at = 0;
	save->message = *message;
	save->message.room = keep(save->bytes, &at, message->room);
	save->message.user_id = keep(save->bytes, &at, message->user_id);
	save->message.opponent_id = keep(save->bytes, &at, message->opponent_id);
	save->message.name = keep(save->bytes, &at, message->name);
	save->message.text = keep(save->bytes, &at, message->text);
	save->message.ref = keep(save->bytes, &at, message->ref);
	saves[save_count++] = save;
	return CHAT_OK;
}

enum chat_error store_load(struct store *store, const struct load *load)
{
	(void)store;
	MUST(load->what != LOAD_HISTORY || (load->limit >= 1 && load->limit <= HISTORY_LIMIT_MAX));
	if (!answering) {
		return CHAT_EUNAVAILABLE;
	}
	if (load_count == WAITING_MAX) {
		return CHAT_EBUSY;
	}
	struct kept_load *kept = &loads[load_count++];
	size_t at = 0;
	kept->load = *load;
	kept->load.room = keep(kept->bytes, &at, load->room);
	kept->load.user_id = keep(kept->bytes, &at, load->user_id);
	return CHAT_OK;
}

enum chat_error store_mark(struct store *store, const struct mark *mark)
{
	(void)store;
	if (!answering) {
		return CHAT_EUNAVAILABLE;
	}
	if (mark_count == WAITING_MAX) {
		return CHAT_EBUSY;
	}
	struct kept_mark *kept = &marks[mark_count++];
	size_t at = 0;
	kept->mark = *mark;
	kept->mark.room = keep(kept->bytes, &at, mark->room);
	kept->mark.user_id = keep(kept->bytes, &at, mark->user_id);
	return CHAT_OK;
}

enum chat_error store_ask(struct store *store, struct slice room)
{
	(void)store;
	MUST(room.len <= ROOM_MAX);
	if (ask_count == WAITING_MAX) {
		return CHAT_EBUSY;
	}
	struct kept_ask *kept = &asks[ask_count++];
	snprintf(kept->room, sizeof(kept->room), "%.*s", SLICE_ARGS(room));
	return CHAT_OK;
}

void store_seen(struct store *store, const struct user_seen *seen)
{
	(void)store;
	MUST(seen->user_id.len > 0);
}

/* There is no cluster. */
bool store_tell(struct store *store, const struct node_news *news)
{
	(void)store;
	(void)news;
	return false;
}

void store_needs_news(struct store *store)
{
	(void)store;
}

void store_concern(struct store *store, struct slice user_id, bool here)
{
	(void)store;
	(void)here;
	MUST(user_id.len > 0);
}

/* Knows no changes. */
enum chat_error store_change(struct store *store, const struct change *change)
{
	(void)store;
	(void)change;
	return CHAT_EUNAVAILABLE;
}

static struct ready *add_ready(void)
{
	MUST(ready_count < READY_MAX);
	struct ready *it = &ready[ready_count++];
	memset(it, 0, sizeof(*it));
	return it;
}

void fake_store_save(unsigned which, unsigned outcome)
{
	last_new = 0;
	if (save_count == 0 || ready_count > READY_MAX / 2) {
		return;
	}
	struct ready *it = add_ready();
	size_t at = which % save_count;
	it->what = READY_SAVED;
	it->save = saves[at];
	bool can_repeat = saves[at]->message.ref.len > 0;
	it->outcome = outcome == SAVED_REPEAT && !can_repeat ? SAVED_NEW : outcome;
	it->seq = ++last_seq;
	last_new = it->outcome == SAVED_NEW ? it->seq : 0;
	snprintf(last_room, sizeof(last_room), "%.*s", SLICE_ARGS(it->save->message.room));
	saves[at] = saves[--save_count];
}

bool fake_store_last_new(char room[16], long *seq)
{
	memcpy(room, last_room, sizeof(last_room));
	*seq = last_new;
	last_new = 0;
	return *seq != 0;
}

/* Slices into the element itself have to move along with it. */
static void refit_load(struct kept_load *kept)
{
	kept->load.room.bytes = kept->bytes;
	kept->load.user_id.bytes = kept->bytes + kept->load.room.len;
}

static void refit_mark(struct kept_mark *kept)
{
	kept->mark.room.bytes = kept->bytes;
	kept->mark.user_id.bytes = kept->bytes + kept->mark.room.len;
}

void fake_store_load(unsigned which, bool fails)
{
	if (load_count == 0 || ready_count > READY_MAX / 2) {
		return;
	}
	struct ready *it = add_ready();
	size_t at = which % load_count;
	it->what = READY_LOADED;
	it->outcome = fails;
	it->load = loads[at];
	loads[at] = loads[--load_count];
}

void fake_store_mark(unsigned which, unsigned outcome)
{
	if (mark_count == 0 || ready_count > READY_MAX / 2) {
		return;
	}
	struct ready *it = add_ready();
	size_t at = which % mark_count;
	it->what = READY_MARKED;
	it->outcome = outcome;
	it->mark = marks[at];
	marks[at] = marks[--mark_count];
}

void fake_store_permit(unsigned which, unsigned permit)
{
	if (ask_count == 0 || ready_count > READY_MAX / 2) {
		return;
	}
	struct ready *it = add_ready();
	size_t at = which % ask_count;
	it->what = READY_PERMIT;
	it->outcome = permit;
	it->ask = asks[at];
	asks[at] = asks[--ask_count];
}

void fake_store_decides(bool yes)
{
	if (ready_count <= READY_MAX / 2) {
		site_decides = yes;
		has_decided = has_decided || yes;
		struct ready *it = add_ready();
		it->what = READY_DECIDES;
		it->outcome = yes;
	}
}

bool fake_store_has_decided(void)
{
	return has_decided;
}

/* What was under way when the database goes away comes back unanswered: before the news of it, or
 * behind. */
void fake_store_answer(bool yes)
{
	if (yes == answering || ready_count > READY_MAX / 2) {
		return;
	}
	answering = yes;
	for (unsigned i = 0; !yes && i < 3; i++) {
		fake_store_load(i, true);
		fake_store_mark(i, 2);
	}
	struct ready *it = add_ready();
	it->what = READY_ANSWERING;
	it->outcome = yes;
	while (!yes && (load_count > 0 || mark_count > 0) && ready_count < READY_MAX / 2) {
		fake_store_load(0, true);
		fake_store_mark(0, 2);
	}
}

bool fake_store_is_answering(void)
{
	return answering;
}

static void hand_saved(const struct ready *it, const struct store_sink *sink, void *arg)
{
	struct message message = it->save->message;
	message.seq = it->seq;
	if (it->outcome == SAVED_REPEAT) {
		message.text = SLICE("again");
	}
	sink->saved(arg, (enum saved_as)it->outcome, &message);
	free(it->save);
}

/* Each page says whose it is. */
static void hand_loaded(struct ready *it, const struct store_sink *sink, void *arg)
{
	refit_load(&it->load);
	const struct load *load = &it->load.load;
	if (it->outcome != 0) {
		sink->load_failed(arg, load->ticket);
	} else if (load->what == LOAD_HISTORY) {
		struct message message = {.user_id = SLICE("1"), .text = load->room, .seq = 1};
		bool undecided = site_decides && load->ticket % 2 == 0;
		struct page page = {
			.messages = &message, .count = !undecided, .undecided = undecided};
		sink->page(arg, load->ticket, &page);
	} else if (load->what == LOAD_CHANGES) {
		struct message message = {
			.user_id = SLICE("1"), .text = load->room, .seq = 1, .change = 1};
		struct changes changes = {.messages = &message, .count = 1, .change = 1};
		sink->changes(arg, load->ticket, &changes);
	} else if (load->what == LOAD_CHATS) {
		struct listed_chat chat = {.room = SLICE("1/2"), .peer_id = load->user_id};
		struct chats list = {.chats = &chat, .count = 1};
		sink->chats(arg, load->ticket, &list);
	} else if (load->what == LOAD_MUTE || load->what == LOAD_BLOCK) {
		sink->set(arg, load->ticket, SET_NEW);
	} else {
		struct unread_chat chat = {.room = SLICE("1/2"),
			.peer_id = load->user_id,
			.count = 1,
			.last = {.user_id = SLICE("1"), .text = SLICE("x"), .seq = 1}};
		struct unread unread = {&chat, 1, 1, false};
		sink->unread(arg, load->ticket, &unread);
	}
}

static void hand_marked(struct ready *it, const struct store_sink *sink, void *arg)
{
	refit_mark(&it->mark);
	const struct mark *mark = &it->mark.mark;
	if (it->outcome >= 2) {
		sink->mark_failed(arg, mark, it->outcome == 3);
		return;
	}
	struct marked result = {.moved = it->outcome == 1, .seq = mark->seq};
	sink->marked(arg, mark, &result);
}

struct store_stats store_stats(const struct store *store)
{
	(void)store;
	return (struct store_stats){0};
}

bool store_answering(const struct store *store)
{
	(void)store;
	return false;
}

size_t store_drain(struct store *store, size_t budget, const struct store_sink *sink, void *arg)
{
	(void)store;
	size_t count = ready_count < budget ? ready_count : budget;
	struct ready *now = malloc((count + 1) * sizeof(*now));
	memcpy(now, ready, count * sizeof(*now));
	ready_count -= count;
	memmove(ready, ready + count, ready_count * sizeof(*ready));
	for (size_t i = 0; i < count; i++) {
		switch (now[i].what) {
		case READY_SAVED:
			hand_saved(&now[i], sink, arg);
			break;
		case READY_LOADED:
			hand_loaded(&now[i], sink, arg);
			break;
		case READY_MARKED:
			hand_marked(&now[i], sink, arg);
			break;
		case READY_PERMIT:
			sink->permit(arg, slice_str(now[i].ask.room), (enum permit)now[i].outcome);
			break;
		case READY_DECIDES:
			sink->site_decides(arg, now[i].outcome != 0);
			break;
		case READY_ANSWERING:
			sink->answering(arg, now[i].outcome != 0);
			break;
		}
	}
	free(now);
	return count;
}

bool fake_store_has_results(void)
{
	return ready_count > 0;
}

/* Brings everything to its end.  True when there was something left to bring. */
bool fake_store_settle(void)
{
	bool more = ready_count > 0 || save_count > 0 || load_count > 0 || mark_count > 0 ||
	            ask_count > 0;
	while (ask_count > 0 && ready_count < READY_MAX / 2) {
		fake_store_permit(0, PERMIT_GIVEN);
	}
	while (save_count > 0 && ready_count < READY_MAX / 2) {
		fake_store_save(0, SAVED_NEW);
	}
	while (load_count > 0 && ready_count < READY_MAX / 2) {
		fake_store_load(0, false);
	}
	while (mark_count > 0 && ready_count < READY_MAX / 2) {
		fake_store_mark(0, 1);
	}
	return more;
}

size_t store_close(struct store *store, int timeout_ms)
{
	(void)store;
	(void)timeout_ms;
	MUST(ready_count == 0 && save_count == 0);
	return 0;
}
