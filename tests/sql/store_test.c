/* The store against a real server: what it promises while the server is stopped, killed, frozen,
 * locked or refuses.  Slow by nature: frozen servers are waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "wakeup.h"
#include "proxy.h"
#include "server.h"
#include "session.h"
#include "store.h"

#define HEARD_MAX 20000
#define HEARD_CHANGES_MAX 2000
#define WAIT_MS 120000
/* The store gives up a server that freezes after 8 s; what ends before that has not waited for it.
 */
#define SOON_MS 5000
#define TOLD_ROOMS 3

static struct server server;

struct heard {
	enum saved_as as;
	int64_t seq;
	int64_t reply_to;
	int64_t change;
	bool muted;
	bool deleted;
	unsigned char key[KEY_SIZE];
	char room[32];
	char text[64];
	char data[64];
};

/* A store and what it said. */
struct bench {
	struct store *store;
	PGconn *admin; /* another session, as superuser */
	char database[32];
	uint64_t keys;
	atomic_int wakes;

	struct heard saved[HEARD_MAX];
	size_t saved_count;
	size_t page_count;
	size_t page_messages;
	int64_t page_first, page_last;
	bool page_more;
	int64_t a_read, b_read;
	size_t unread_count;
	size_t unread_chats;
	int64_t unread_total, unread_last;
	size_t load_failed;
	size_t marked_count;
	struct marked marked;
	size_t mark_failed, mark_refused;
	bool answering;
	size_t answering_changes;
	struct heard_change {
		enum changed_as as;
		int64_t seq, change;
		bool has_message, deleted;
		char text[64], by[16], ref[16], reactions[96];
	} changed[HEARD_CHANGES_MAX];
	size_t changed_count, change_lost;
	size_t changes_count, changes_messages;
	int64_t changes_to;
	bool changes_more;
	size_t chats_count, chats_listed;
	bool chats_more, chats_bad_cursor, chats_muted, chats_blocked;
	int64_t chats_a_read, chats_b_read;
	char chats_first[32], chats_name[32], chats_last[64], cursor[CURSOR_MAX + 1];
	size_t set_count;
	size_t users_count, closed_count, opened_count, blocked_count, entered;
	char barred[32], closed_room[32], blocker[32], blocked[32];
	int64_t revoked_before;
	enum set_as set_as;
	int64_t page_change;
	bool page_closed, peer_known;
	char page_epoch[64], peer_name[32];
	char unread_name[32];
	bool site_decides;
	size_t permits, permitted[PERMIT_STATES];
	char permit_room[32];
	enum permit permit_of_1_2;
	size_t epochs;
	char epoch[64], epoch_before[64];
	struct {
		size_t gone, typing;
		size_t messages;
		int64_t seqs[TOLD_ROOMS]; /* of 1/100, 1/101, …: told up to here, without a hole */
	} told;                           /* by brokers of the cluster */
	size_t lines;
	size_t slow; /* lines about statements that took long, as any may where all is slow */
	char log[4096];
};

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void copy(char *to, size_t size, struct slice from)
{
	size_t len = from.len < size ? from.len : size - 1;
	memcpy(to, from.bytes, len);
	to[len] = '\0';
}

static void on_saved(void *arg, enum saved_as as, const struct message *message)
{
	struct bench *b = arg;
	assert_true(b->saved_count < HEARD_MAX);
	struct heard *heard = &b->saved[b->saved_count++];
	heard->as = as;
	heard->seq = message->seq;
	memcpy(heard->key, message->key, KEY_SIZE);
	copy(heard->room, sizeof(heard->room), message->room);
	copy(heard->text, sizeof(heard->text), message->text);
	copy(heard->data, sizeof(heard->data), message->data);
	heard->reply_to = message->reply_to;
	heard->change = message->change;
	heard->muted = message->muted;
	heard->deleted = message->deleted;
}

static void on_page(void *arg, uint64_t ticket, const struct page *page)
{
	struct bench *b = arg;
	(void)ticket;
	b->page_count++;
	b->page_messages = page->count;
	b->page_first = page->count > 0 ? page->messages[0].seq : 0;
	b->page_last = page->count > 0 ? page->messages[page->count - 1].seq : 0;
	b->page_more = page->more;
	b->page_change = page->change;
	b->page_closed = page->closed;
	copy(b->page_epoch, sizeof(b->page_epoch), page->epoch);
	b->peer_known = page->peer != NULL && page->peer->known;
	copy(b->peer_name, sizeof(b->peer_name),
		page->peer == NULL ? slice_of("", 0) : page->peer->name);
	b->a_read = page->a_read;
	b->b_read = page->b_read;
}

static void on_unread(void *arg, uint64_t ticket, const struct unread *unread)
{
	struct bench *b = arg;
	(void)ticket;
	b->unread_count++;
	b->unread_chats = unread->count;
	b->unread_total = unread->total;
	copy(b->unread_name, sizeof(b->unread_name),
		unread->count > 0 ? unread->chats[0].name : slice_of("", 0));
	b->unread_last = unread->count > 0 ? unread->chats[0].last.seq : 0;
}

static void on_changed(
	void *arg, enum changed_as as, const struct change *asked, const struct changed *changed)
{
	struct bench *b = arg;
	assert_true(b->changed_count < HEARD_CHANGES_MAX);
	struct heard_change *heard = &b->changed[b->changed_count++];
	*heard = (struct heard_change){
		.as = as, .seq = asked != NULL ? asked->seq : changed->message.seq};
	if (changed != NULL) {
		heard->has_message = true;
		heard->change = changed->change;
		heard->deleted = changed->message.deleted;
		assert_int_equal(changed->message.seq, heard->seq);
		copy(heard->text, sizeof(heard->text), changed->message.text);
		copy(heard->by, sizeof(heard->by), changed->by);
		copy(heard->ref, sizeof(heard->ref), changed->ref);
		copy(heard->reactions, sizeof(heard->reactions), changed->message.reactions);
	}
}

static void on_change_lost(void *arg, const struct change *asked)
{
	(void)asked;
	((struct bench *)arg)->change_lost++;
}

static void on_changes(void *arg, uint64_t ticket, const struct changes *changes)
{
	struct bench *b = arg;
	(void)ticket;
	b->changes_count++;
	b->changes_messages = changes->count;
	b->changes_to = changes->change;
	b->changes_more = changes->more;
}

static void on_chats(void *arg, uint64_t ticket, const struct chats *chats)
{
	struct bench *b = arg;
	const struct listed_chat *chat = chats->chats;
	(void)ticket;
	b->chats_count++;
	b->chats_listed = chats->count;
	b->chats_more = chats->more;
	b->chats_bad_cursor = chats->bad_cursor;
	if (chats->count > 0) {
		copy(b->chats_first, sizeof(b->chats_first), chat->room);
		copy(b->chats_name, sizeof(b->chats_name), chat->name);
		copy(b->chats_last, sizeof(b->chats_last), chat->last.text);
		b->chats_muted = chat->muted;
		b->chats_blocked = chat->blocked;
		b->chats_a_read = chat->a_read;
		b->chats_b_read = chat->b_read;
		copy(b->cursor, sizeof(b->cursor), chat[chats->count - 1].cursor);
	}
}

static void on_set(void *arg, uint64_t ticket, enum set_as as)
{
	struct bench *b = arg;
	(void)ticket;
	b->set_count++;
	b->set_as = as;
}

static void on_user_news(void *arg, const struct user_news *news)
{
	struct bench *b = arg;
	b->users_count++;
	copy(b->barred, sizeof(b->barred), news->barred ? news->user_id : slice_of("", 0));
	b->revoked_before = news->revoked_before;
}

static void on_closed(void *arg, struct slice room, bool closed)
{
	struct bench *b = arg;
	b->closed_count += closed;
	b->opened_count += !closed;
	copy(b->closed_room, sizeof(b->closed_room), room);
}

static void on_blocked(void *arg, struct slice user_id, struct slice peer_id, bool on)
{
	struct bench *b = arg;
	b->blocked_count += on;
	copy(b->blocker, sizeof(b->blocker), user_id);
	copy(b->blocked, sizeof(b->blocked), peer_id);
}

static void on_entered(void *arg)
{
	((struct bench *)arg)->entered++;
}

static void on_load_failed(void *arg, uint64_t ticket)
{
	(void)ticket;
	((struct bench *)arg)->load_failed++;
}

static void on_marked(void *arg, const struct mark *mark, const struct marked *result)
{
	struct bench *b = arg;
	(void)mark;
	b->marked_count++;
	b->marked = *result;
}

static void on_mark_failed(void *arg, const struct mark *mark, bool for_good)
{
	struct bench *b = arg;
	(void)mark;
	b->mark_failed++;
	b->mark_refused += for_good;
}

static void on_answering(void *arg, bool yes)
{
	struct bench *b = arg;
	b->answering = yes;
	b->answering_changes++;
}

static void on_epoch(void *arg, struct slice epoch)
{
	struct bench *b = arg;
	b->epochs++;
	memcpy(b->epoch_before, b->epoch, sizeof(b->epoch));
	copy(b->epoch, sizeof(b->epoch), epoch);
}

static void on_site_decides(void *arg, bool yes)
{
	((struct bench *)arg)->site_decides = yes;
}

static void on_permit(void *arg, struct slice room, enum permit permit)
{
	struct bench *b = arg;
	b->permits++;
	b->permitted[permit]++;
	copy(b->permit_room, sizeof(b->permit_room), room);
	if (slice_equal(room, SLICE("1/2"))) {
		b->permit_of_1_2 = permit;
	}
}

static void on_news(void *arg, const struct node_news *news)
{
	struct bench *b = arg;
	b->told.gone += news->what == NODE_GONE;
	b->told.typing += news->what == NODE_TYPING;
	if (news->what == NODE_MESSAGE) {
		int64_t *seq = &b->told.seqs[news->message.room.bytes[4] - '0'];
		b->told.messages++;
		assert_int_equal(news->message.seq, ++*seq);
	}
}

static void on_log(void *arg, enum store_level level, const char *line)
{
	struct bench *b = arg;
	size_t len = strlen(b->log);
	(void)level;
	if (strstr(line, "database: slow: ") != NULL) {
		b->slow++;
	} else {
		b->lines++;
	}
	snprintf(b->log + len, sizeof(b->log) - len, "%s\n", line);
}

static const struct store_sink sink = {
	.saved = on_saved,
	.page = on_page,
	.unread = on_unread,
	.load_failed = on_load_failed,
	.marked = on_marked,
	.mark_failed = on_mark_failed,
	.answering = on_answering,
	.changes = on_changes,
	.chats = on_chats,
	.changed = on_changed,
	.change_lost = on_change_lost,
	.set = on_set,
	.user = on_user_news,
	.closed = on_closed,
	.blocked = on_blocked,
	.entered = on_entered,
	.news = on_news,
	.epoch = on_epoch,
	.site_decides = on_site_decides,
	.permit = on_permit,
	.log = on_log,
};

static void wake(void *arg)
{
	atomic_fetch_add(&((struct bench *)arg)->wakes, 1);
}

static void drain(struct bench *b)
{
	while (store_drain(b->store, 100, &sink, b) > 0) {
	}
}

/* Drains until `condition`, for WAIT_MS at most. */
#define until(b, condition)                                                                        \
	do {                                                                                       \
		int64_t end_ = clock_ms() + WAIT_MS;                                               \
		drain(b);                                                                          \
		while (!(condition)) {                                                             \
			if (clock_ms() > end_) {                                                   \
				print_error("log:\n%s", (b)->log);                                 \
				fail_msg("never came: %s", #condition);                            \
			}                                                                          \
			pause_ms(1);                                                               \
			drain(b);                                                                  \
		}                                                                                  \
	} while (0)

static void open_with(struct bench *b, const char *conninfo, size_t queue_limit)
{
	char whole[512];
	char reason[STORE_REASON_MAX];
	snprintf(whole, sizeof(whole), "user=chat_plugin dbname=%s %s", b->database, conninfo);
	struct store_options options = {
		.conninfo = whole, .queue_limit = queue_limit, .wake = wake, .wake_arg = b};
	b->store = store_open(&options, reason);
	assert_non_null(b->store);
}

static void open_at(struct bench *b, const char *host, size_t queue_limit)
{
	char conninfo[256];
	snprintf(conninfo, sizeof(conninfo), "host=%s port=" SERVER_PORT, host);
	open_with(b, conninfo, queue_limit);
}

static void open_store(struct bench *b)
{
	open_at(b, server.folder, 10000);
	/* Both connections are there when it says so. */
	until(b, b->answering && b->lines >= 1);
}

/* Of a broker in a cluster, to which users 1, 100, 101, … are connected. */
static void open_in_cluster(struct bench *b)
{
	char conninfo[256], reason[STORE_REASON_MAX], user[8];
	snprintf(conninfo, sizeof(conninfo), "user=chat_plugin dbname=%s host=%s port=" SERVER_PORT,
		b->database, server.folder);
	struct store_options options = {.conninfo = conninfo,
		.queue_limit = 10000,
		.wake = wake,
		.wake_arg = b,
		.cluster_name = "",
		.cluster_conninfo = "",
		.cluster_pace_ms = 2};
	b->store = store_open(&options, reason);
	assert_non_null(b->store);
	store_concern(b->store, SLICE("1"), true);
	for (int i = 0; i < TOLD_ROOMS; i++) {
		snprintf(user, sizeof(user), "%d", 100 + i);
		store_concern(b->store, slice_str(user), true);
	}
}

/* A message as the plugin would make it; the same key never comes twice. */
static struct message message(struct bench *b, const char *room, bool by_a, const char *text)
{
	struct slice whole = slice_str(room);
	const char *slash = strchr(room, '/');
	assert_non_null(slash);
	struct slice first = slice_of(room, (size_t)(slash - room));
	struct slice second = slice_str(slash + 1);
	struct message m = {
		.room = whole,
		.user_id = by_a ? first : second,
		.opponent_id = by_a ? second : first,
		.name = SLICE("somebody"),
		.text = slice_str(text),
		.sent_at = 1795334400123,
	};
	b->keys++;
	memcpy(m.key, &b->keys, sizeof(b->keys));
	return m;
}

static void save(struct bench *b, const char *room, const char *text)
{
	struct message m = message(b, room, true, text);
	assert_int_equal(store_save(b->store, &m), CHAT_OK);
}

static void mark(struct bench *b, const char *room, const char *user, int64_t seq)
{
	struct mark m = {.room = slice_str(room), .user_id = slice_str(user), .seq = seq};
	assert_int_equal(store_mark(b->store, &m), CHAT_OK);
}

static void load_history(
	struct bench *b, const char *room, int64_t before, int64_t after, int limit)
{
	struct load load = {.what = LOAD_HISTORY,
		.ticket = 1,
		.room = slice_str(room),
		.before = before,
		.after = after,
		.limit = limit};
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
}

/* By one of the room's users: a text for CHANGE_EDIT, a reaction for CHANGE_REACT. */
static void change(struct bench *b, const char *room, const char *user, enum change_kind kind,
	int64_t seq, const char *what)
{
	struct change c = {
		.kind = kind,
		.room = slice_str(room),
		.user_id = slice_str(user),
		.seq = seq,
		.asked_at = 1795334400123,
		.has_text = kind == CHANGE_EDIT,
		.text = kind == CHANGE_EDIT ? slice_str(what) : slice_of("", 0),
		.reaction = kind == CHANGE_REACT ? slice_str(what) : slice_of("", 0),
		.on = true,
		.ref = SLICE("c"),
	};
	assert_int_equal(store_change(b->store, &c), CHAT_OK);
}

static void set(struct bench *b, enum load_what what, const char *room, const char *user, bool on)
{
	struct load load = {
		.what = what, .room = slice_str(room), .user_id = slice_str(user), .on = on};
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
}

/* `count` texts 0, 1, 2, … to each of `rooms` rooms 1/100, 1/101, … in turns, from `from` on. */
static void save_many(struct bench *b, int from, int count, int rooms)
{
	char room[32];
	char text[32];
	for (int i = from; i < from + count; i++) {
		snprintf(room, sizeof(room), "1/%d", 100 + i % rooms);
		snprintf(text, sizeof(text), "%d", i / rooms);
		save(b, room, text);
		if (i % 50 == 0) {
			drain(b);
			pause_ms(1);
		}
	}
}

/* Every message was stored once, was said once, in the order in which it was given, without holes.
 */
static void assert_all_stored(struct bench *b, int count)
{
	until(b, b->saved_count >= (size_t)count);
	assert_int_equal(b->saved_count, count);
	assert_int_equal(store_waiting(b->store), 0);
	for (size_t i = 0; i < b->saved_count; i++) {
		assert_int_equal(b->saved[i].as, SAVED_NEW);
		assert_int_equal(b->saved[i].seq, atoll(b->saved[i].text) + 1);
	}
	assert_int_equal(session_number(b->admin, "select count(*) from chat.messages"), count);
	assert_int_equal(session_number(b->admin, "select count(*) from chat.messages"
						  " where seq <> text::bigint + 1"),
		0);
	assert_int_equal(
		session_number(b->admin, "select count(*) from (select from chat.messages"
					 " group by room having max(seq) <> count(*)) holes"),
		0);
	assert_int_equal(
		session_number(b->admin, "select count(*) from chat.conversations c where last_seq"
					 " <> (select max(seq) from chat.messages m"
					 " where m.room = c.room) or b_unread <> last_seq"),
		0);
}

static int set_up(void **state)
{
	static int number_of_test;
	struct bench *b = calloc(1, sizeof(*b));
	char sql[128];
	assert_non_null(b);
	PGconn *pg = session_open(&server, "postgres");
	snprintf(b->database, sizeof(b->database), "chat%d", ++number_of_test);
	snprintf(sql, sizeof(sql), "create database %s template chat", b->database);
	session_run(pg, sql);
	PQfinish(pg);
	b->admin = session_open(&server, b->database);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	store_close(b->store, 1000);
	PQfinish(b->admin);
	free(b);
	return 0;
}

static void stop_server(struct bench *b, int how)
{
	PQfinish(b->admin);
	b->admin = NULL;
	server_stop(&server, how);
}

static void start_server(struct bench *b)
{
	assert_true(server_start(&server));
	b->admin = session_open(&server, b->database);
}

static void a_message_is_stored_and_said_with_its_seq(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save(b, "1/2", "0");
	until(b, b->saved_count == 1);
	assert_int_equal(b->saved[0].as, SAVED_NEW);
	assert_int_equal(b->saved[0].seq, 1);
	assert_string_equal(b->saved[0].room, "1/2");
	assert_true(atomic_load(&b->wakes) > 0);
	assert_int_equal(session_number(b->admin, "select extract(epoch from sent_at) * 1000"
						  " from chat.messages"),
		1795334400123);
	assert_int_equal(
		session_number(b->admin, "select count(*) from chat.messages where room = '1/2'"
					 " and user_id = '1' and opponent_id = '2' and ref is null"
					 " and not is_delivered"),
		1);
}

static void a_repeat_comes_back_with_the_stored_text(void **state)
{
	struct bench *b = *state;
	open_store(b);
	struct message first = message(b, "1/2", true, "first");
	struct message again = message(b, "1/2", true, "again");
	struct message other = message(b, "1/2", false, "other");
	first.ref = again.ref = other.ref = SLICE("r");
	assert_int_equal(store_save(b->store, &first), CHAT_OK);
	assert_int_equal(store_save(b->store, &other), CHAT_OK);
	assert_int_equal(store_save(b->store, &again), CHAT_OK);
	until(b, b->saved_count == 3);
	for (size_t i = 0; i < 3; i++) {
		bool is_repeat = memcmp(b->saved[i].key, again.key, KEY_SIZE) == 0;
		assert_int_equal(b->saved[i].as, is_repeat ? SAVED_REPEAT : SAVED_NEW);
		if (is_repeat) {
			assert_int_equal(b->saved[i].seq, 1);
			assert_string_equal(b->saved[i].text, "first");
		}
	}
	assert_int_equal(session_number(b->admin, "select count(*) from chat.messages"), 2);
}

static void data_and_replies_are_stored_and_come_back_with_a_repeat(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save(b, "1/2", "0");
	struct message first = message(b, "1/2", true, "see this");
	struct message again = message(b, "1/2", true, "again");
	first.data = SLICE("{ \"place\": [1.50, 2] }");
	first.reply_to = 1;
	first.ref = again.ref = SLICE("r");
	assert_int_equal(store_save(b->store, &first), CHAT_OK);
	until(b, b->saved_count == 2);
	assert_int_equal(b->saved[1].as, SAVED_NEW);
	assert_string_equal(b->saved[1].data, "{ \"place\": [1.50, 2] }");

	session_run(b->admin,
		"select chat.change(array['1/2'], array[true], array['e']::\"char\"[],"
		" array[2], array['changed'], array[null], array[null],"
		" array[true], array[now()])");
	assert_int_equal(store_save(b->store, &again), CHAT_OK);
	until(b, b->saved_count == 3);
	assert_int_equal(b->saved[2].as, SAVED_REPEAT);
	assert_int_equal(b->saved[2].seq, 2);
	assert_string_equal(b->saved[2].text, "changed");
	assert_string_equal(b->saved[2].data, "{ \"place\": [1.50, 2] }");
	assert_int_equal(b->saved[2].reply_to, 1);
	assert_int_equal(b->saved[2].change, 1);
}

static void a_closed_chat_takes_nothing_and_others_go_on(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save(b, "1/2", "0");
	save(b, "1/3", "0");
	until(b, b->saved_count == 2);
	session_run(b->admin, "select chat.close('1', '2')");
	save(b, "1/2", "1");
	save(b, "1/3", "1");
	until(b, b->saved_count == 4);
	for (size_t i = 2; i < 4; i++) {
		bool closed = strcmp(b->saved[i].room, "1/2") == 0;
		assert_int_equal(b->saved[i].as, closed ? SAVED_FORBIDDEN : SAVED_NEW);
	}
	session_run(b->admin, "select chat.open('1', '2')");
	save(b, "1/2", "1");
	until(b, b->saved_count == 5);
	assert_int_equal(b->saved[4].as, SAVED_NEW);
	assert_int_equal(b->saved[4].seq, 2);
}

static void whether_the_recipient_has_muted_the_chat_comes_with_the_message(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save(b, "1/2", "0");
	until(b, b->saved_count == 1);
	assert_false(b->saved[0].muted);
	session_run(b->admin, "select chat.mute(array['2'], array['1/2'], array[true])");
	save(b, "1/2", "1");
	until(b, b->saved_count == 2);
	assert_true(b->saved[1].muted);
	struct message other = message(b, "1/2", false, "2");
	assert_int_equal(store_save(b->store, &other), CHAT_OK);
	until(b, b->saved_count == 3);
	assert_false(b->saved[2].muted);
}

static void a_counter_behind_its_rows_is_put_right(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save(b, "1/2", "0");
	until(b, b->saved_count == 1);
	session_run(b->admin,
		"insert into chat.messages (room, seq, user_id, opponent_id, text)"
		" values ('1/2', 2, '1', '2', 'by hand'), ('1/2', 3, '1', '2', 'by hand')");
	save(b, "1/2", "after");
	until(b, b->saved_count == 2);
	assert_int_equal(b->saved[1].as, SAVED_NEW);
	assert_int_equal(b->saved[1].seq, 4);
}

static void texts_of_every_kind_arrive_as_they_are(void **state)
{
	struct bench *b = *state;
	open_store(b);
	char *big = malloc(TEXT_MAX + 1);
	assert_non_null(big);
	memset(big, 'x', TEXT_MAX);
	big[TEXT_MAX] = '\0';
	save(b, "1/2", "{\"a\",'b'} \\ $1 % ; --\n\t\r");
	save(b, "1/2", "grüße 👋");
	save(b, "1/2", big);
	until(b, b->saved_count == 3);
	assert_int_equal(session_number(b->admin,
				 "select octet_length(text) from chat.messages where seq = 3"),
		TEXT_MAX);
	assert_int_equal(session_number(b->admin,
				 "select count(*) from chat.messages where seq = 1 and text ="
				 " E'{\"a\",''b''} \\\\ $1 % ; --\\n\\t\\r'"),
		1);
	assert_int_equal(session_number(b->admin,
				 "select char_length(text) from chat.messages where seq = 2"),
		7);
	free(big);
}

static void pages_come_from_either_side(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save_many(b, 0, 30, 1);
	until(b, b->saved_count == 30);

	load_history(b, "1/100", 0, -1, 10);
	until(b, b->page_count == 1);
	assert_int_equal(b->page_messages, 10);
	assert_int_equal(b->page_first, 21);
	assert_int_equal(b->page_last, 30);
	assert_true(b->page_more);

	load_history(b, "1/100", 6, -1, 10);
	until(b, b->page_count == 2);
	assert_int_equal(b->page_first, 1);
	assert_int_equal(b->page_last, 5);
	assert_false(b->page_more);

	load_history(b, "1/100", 0, 0, 3);
	until(b, b->page_count == 3);
	assert_int_equal(b->page_first, 1);
	assert_int_equal(b->page_last, 3);
	assert_true(b->page_more);

	load_history(b, "7/8", 0, -1, 10);
	until(b, b->page_count == 4);
	assert_int_equal(b->page_messages, 0);
	assert_int_equal(b->a_read, 0);
	assert_false(b->page_more);
}

static void unread_and_marks_agree(void **state)
{
	struct bench *b = *state;
	struct load load = {.what = LOAD_UNREAD, .ticket = 5, .user_id = SLICE("101")};
	open_store(b);
	save_many(b, 0, 30, 3);
	until(b, b->saved_count == 30);
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
	until(b, b->unread_count == 1);
	assert_int_equal(b->unread_chats, 1);
	assert_int_equal(b->unread_total, 10);
	assert_int_equal(b->unread_last, 10);

	mark(b, "1/101", "101", 4);
	until(b, b->marked_count == 1);
	assert_true(b->marked.moved);
	assert_int_equal(b->marked.seq, 4);
	assert_int_equal(b->marked.count, 6);
	assert_int_equal(b->marked.total, 6);

	mark(b, "1/101", "101", 99);
	until(b, b->marked_count == 2);
	assert_int_equal(b->marked.seq, 10);
	assert_int_equal(b->marked.count, 0);

	mark(b, "1/101", "101", 3);
	until(b, b->marked_count == 3);
	assert_false(b->marked.moved);
	assert_int_equal(b->marked.seq, 10);
	assert_int_equal(
		session_number(b->admin, "select count(*) from chat.messages where is_delivered"),
		10);
}

static void changes_come_back_with_the_whole_message_and_their_numbers(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save(b, "1/2", "0");
	save(b, "1/2", "1");
	until(b, b->saved_count == 2);
	change(b, "1/2", "1", CHANGE_EDIT, 1, "better");
	change(b, "1/2", "2", CHANGE_REACT, 1, "+1");
	change(b, "1/2", "1", CHANGE_DELETE, 2, NULL);
	change(b, "1/2", "1", CHANGE_DELETE, 2, NULL);
	change(b, "1/2", "2", CHANGE_EDIT, 1, "not theirs");
	change(b, "1/2", "1", CHANGE_EDIT, 2, "deleted");
	change(b, "1/2", "1", CHANGE_EDIT, 3, "not there");
	change(b, "7/8", "7", CHANGE_EDIT, 1, "no chat");
	change(b, "1/2", "1", CHANGE_EDIT, 1, "");
	until(b, b->changed_count == 9);
	static const struct {
		enum changed_as as;
		int64_t change;
	} expected[] = {{CHANGED_NEW, 1}, {CHANGED_NEW, 2}, {CHANGED_NEW, 3}, {CHANGED_ALREADY, 3},
		{CHANGED_FORBIDDEN, 0}, {CHANGED_DELETED, 0}, {CHANGED_NOT_THERE, 0},
		{CHANGED_NOT_THERE, 0}, {CHANGED_EMPTY, 0}};
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(b->changed[i].as, expected[i].as);
		assert_int_equal(b->changed[i].change, expected[i].change);
		assert_int_equal(b->changed[i].has_message, expected[i].change > 0);
	}
	assert_string_equal(b->changed[0].text, "better");
	assert_string_equal(b->changed[0].by, "1");
	assert_string_equal(b->changed[0].ref, "c");
	assert_string_equal(b->changed[1].by, "2");
	assert_non_null(strstr(b->changed[1].reactions, "+1"));
	assert_true(b->changed[2].deleted);

	struct load load = {
		.what = LOAD_CHANGES, .room = SLICE("1/2"), .since = 0, .limit = 50, .after = -1};
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
	until(b, b->changes_count == 1);
	assert_int_equal(b->changes_messages, 2);
	assert_int_equal(b->changes_to, 3);
	assert_false(b->changes_more);
	load.limit = 1;
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
	until(b, b->changes_count == 2);
	assert_int_equal(b->changes_messages, 1);
	assert_int_equal(b->changes_to, 2);
	assert_true(b->changes_more);
}

/* Edits of three messages in turns, while two of their rooms are locked again and again. */
static void changes_of_a_locked_room_stay_in_their_order(void **state)
{
	struct bench *b = *state;
	const int count = 600;
	open_store(b);
	save_many(b, 0, 3, 3);
	until(b, b->saved_count == 3);
	PGconn *other = session_open(&server, b->database);
	for (int i = 0; i < count; i++) {
		char room[16];
		char text[16];
		if (i % 100 == 0) {
			session_run(other, "begin; select from chat.conversations"
					   " where room in ('1/100', '1/101') for update");
		}
		snprintf(room, sizeof(room), "1/%d", 100 + i % 3);
		snprintf(text, sizeof(text), "%d", i + 1);
		change(b, room, "1", CHANGE_EDIT, 1, text);
		if (i % 100 == 50) {
			pause_ms(20);
			session_run(other, "rollback");
		}
		if (i % 7 == 0) {
			pause_ms(1);
			drain(b);
		}
	}
	PQfinish(other);
	until(b, b->changed_count == (size_t)count);
	int last[3] = {-1, -1, -1};
	int64_t numbers[3] = {0};
	for (size_t i = 0; i < (size_t)count; i++) {
		int no = atoi(b->changed[i].text) - 1;
		assert_int_equal(b->changed[i].as, CHANGED_NEW);
		assert_true(no > last[no % 3]);
		assert_int_equal(b->changed[i].change, ++numbers[no % 3]);
		last[no % 3] = no;
	}
}

static void changes_in_flight_are_lost_with_the_connection_and_messages_are_not(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save(b, "1/2", "0");
	until(b, b->saved_count == 1);
	PGconn *other = session_open(&server, b->database);
	session_run(other, "begin; lock table chat.conversations in access exclusive mode");
	change(b, "1/2", "1", CHANGE_EDIT, 1, "x");
	set(b, LOAD_MUTE, "1/2", "1", true);
	save(b, "1/2", "1");
	pause_ms(100);
	session_run(b->admin, "select pg_terminate_backend(pid) from pg_stat_activity"
			      " where usename = 'chat_plugin'");
	until(b, b->change_lost == 1 && b->load_failed == 1);
	session_run(other, "rollback");
	PQfinish(other);
	until(b, b->saved_count == 2 && b->answering);
	change(b, "1/2", "1", CHANGE_EDIT, 1, "x");
	until(b, b->changed_count == 1);
	assert_int_equal(b->changed[0].as, CHANGED_NEW);
}

static void a_change_that_is_refused_is_refused_alone(void **state)
{
	struct bench *b = *state;
	session_run(b->admin, "alter table chat.messages add check (text not like 'poison%')");
	open_store(b);
	save_many(b, 0, 3, 3);
	until(b, b->saved_count == 3);
	change(b, "1/100", "1", CHANGE_EDIT, 1, "a");
	change(b, "1/101", "1", CHANGE_EDIT, 1, "poison");
	change(b, "1/102", "1", CHANGE_EDIT, 1, "b");
	until(b, b->changed_count == 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(b->changed[i].as,
			b->changed[i].has_message ? CHANGED_NEW : CHANGED_REJECTED);
	}
	assert_non_null(strstr(b->log, "refused a change by 1 in 1/101 for good, SQLSTATE 23514"));
	assert_true(b->answering);
}

static void a_page_says_who_the_peer_is_and_that_the_chat_is_closed(void **state)
{
	struct bench *b = *state;
	struct load load = {.what = LOAD_HISTORY,
		.room = SLICE("1/2"),
		.user_id = SLICE("2"),
		.after = -1,
		.limit = 10};
	session_run(b->admin, "select chat.set_user('1', 'Ann')");
	open_store(b);
	save(b, "1/2", "0");
	until(b, b->saved_count == 1);
	change(b, "1/2", "1", CHANGE_EDIT, 1, "x");
	until(b, b->changed_count == 1);
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
	until(b, b->page_count == 1);
	assert_int_equal(b->page_change, 1);
	assert_string_equal(b->page_epoch, b->epoch);
	assert_false(b->page_closed);
	assert_true(b->peer_known);
	assert_string_equal(b->peer_name, "Ann");

	load.user_id = SLICE("1");
	session_run(b->admin, "select chat.close('1', '2')");
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
	until(b, b->page_count == 2);
	assert_true(b->page_closed);
	assert_false(b->peer_known);

	load = (struct load){.what = LOAD_UNREAD, .user_id = SLICE("2")};
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
	until(b, b->unread_count == 1);
	assert_string_equal(b->unread_name, "Ann");
}

static void chats_are_listed_page_by_page_with_what_their_user_has_set(void **state)
{
	struct bench *b = *state;
	struct load load = {.what = LOAD_CHATS, .user_id = SLICE("1"), .limit = 2};
	session_run(b->admin, "select chat.set_user('102', 'Cay')");
	open_store(b);
	save_many(b, 0, 3, 3);
	until(b, b->saved_count == 3);
	session_run(b->admin,
		"update chat.conversations"
		" set a_last_at = '2026-11-22'::timestamptz + split_part(room, '/', 2)::int"
		" * interval '1 s'");
	mark(b, "1/100", "100", 1);
	mark(b, "1/102", "102", 1);
	until(b, b->marked_count == 2);
	set(b, LOAD_MUTE, "1/102", "1", true);
	until(b, b->set_count == 1);
	assert_int_equal(b->set_as, SET_NEW);
	set(b, LOAD_MUTE, "1/102", "1", true);
	until(b, b->set_count == 2);
	assert_int_equal(b->set_as, SET_ALREADY);
	set(b, LOAD_MUTE, "1/999", "1", true);
	until(b, b->set_count == 3);
	assert_int_equal(b->set_as, SET_NOT_THERE);
	set(b, LOAD_BLOCK, "1/102", "1", true);
	until(b, b->set_count == 4);
	assert_int_equal(b->set_as, SET_NEW);

	assert_int_equal(store_load(b->store, &load), CHAT_OK);
	until(b, b->chats_count == 1);
	assert_int_equal(b->chats_listed, 2);
	assert_true(b->chats_more);
	assert_string_equal(b->chats_first, "1/102");
	assert_string_equal(b->chats_name, "Cay");
	assert_string_equal(b->chats_last, "0");
	assert_true(b->chats_muted);
	assert_true(b->chats_blocked);
	assert_int_equal(b->chats_a_read, 0);
	assert_int_equal(b->chats_b_read, -1); /* not to be told */

	load.cursor = slice_str(b->cursor);
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
	until(b, b->chats_count == 2);
	assert_int_equal(b->chats_listed, 1);
	assert_false(b->chats_more);
	assert_string_equal(b->chats_first, "1/100");
	assert_int_equal(b->chats_b_read, 1);

	load.cursor = SLICE("no cursor");
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
	until(b, b->chats_count == 3);
	assert_true(b->chats_bad_cursor);
	assert_int_equal(b->chats_listed, 0);
}

/* What chat.mark() leaves behind for speed is cleared away once somebody comes upon it. */
static void chats_looked_at_in_vain_are_settled(void **state)
{
	struct bench *b = *state;
	struct load load = {.what = LOAD_UNREAD, .user_id = SLICE("100")};
	open_store(b);
	save_many(b, 0, 1, 1);
	until(b, b->saved_count == 1);
	session_run(b->admin, "update chat.conversations set b_unread = 0, b_read = 1,"
			      " a_last_at = now() - interval '1 hour'");
	assert_int_equal(store_load(b->store, &load), CHAT_OK);
	until(b, b->unread_count == 1);
	assert_int_equal(b->unread_total, 0);
	until(b, session_number(
			 b->admin, "select count(*) from chat.conversations where b_waiting") == 0);
}

static void what_the_application_decides_is_heard(void **state)
{
	struct bench *b = *state;
	session_run(b->admin, "select chat.set_user('7', null, true)");
	open_store(b);
	until(b, b->entered == 1);
	until(b, b->users_count == 1);
	assert_string_equal(b->barred, "7");

	session_run(b->admin, "select chat.close('1', '2')");
	until(b, b->closed_count == 1);
	assert_string_equal(b->closed_room, "1/2");
	session_run(b->admin, "select chat.open('1', '2')");
	until(b, b->opened_count >= 1);
	session_run(b->admin, "select chat.block('2', '1')");
	until(b, b->blocked_count >= 1);
	assert_string_equal(b->blocker, "2");
	assert_string_equal(b->blocked, "1");
	session_run(b->admin, "select chat.revoke('9', '2026-11-22T08:00:00.123Z')");
	until(b, b->revoked_before == 1795334400123);

	/* A transaction that stays open brings nothing again, and holds up nothing. */
	PGconn *other = session_open(&server, b->database);
	session_run(other, "begin; select chat.set_user('8', 'Eve', true)");
	size_t users = b->users_count;
	session_run(b->admin, "select chat.set_user('6', null, true)");
	until(b, strcmp(b->barred, "6") == 0);
	pause_ms(2500);
	drain(b);
	assert_int_equal(b->users_count, users + 1);
	session_run(other, "commit");
	PQfinish(other);
	until(b, b->users_count > users + 1);
}

static void what_the_application_asks_for_is_carried_out_once(void **state)
{
	struct bench *b = *state;
	session_run(b->admin, "select chat.post('1', '2', 'before the start')");
	open_store(b);
	until(b, b->saved_count == 1);
	assert_int_equal(b->saved[0].as, SAVED_NEW);
	assert_int_equal(b->saved[0].seq, 1);
	assert_string_equal(b->saved[0].text, "before the start");
	session_run(b->admin, "select chat.mute(array['2'], array['1/2'], array[true])");
	session_run(
		b->admin, "select chat.post('1', '2', 'n ' || i) from generate_series(2, 250) i");
	until(b, b->saved_count == 250);
	for (size_t i = 0; i < 250; i++) {
		assert_int_equal(b->saved[i].seq, (int64_t)i + 1);
		assert_int_equal(b->saved[i].muted, i > 0);
	}
	session_run(b->admin,
		"select chat.edit('2', '1', 2, 'better'); select chat.remove('1', '2', 3)");
	until(b, b->changed_count == 2);
	assert_int_equal(b->changed[0].as, CHANGED_NEW);
	assert_int_equal(b->changed[0].seq, 2);
	assert_int_equal(b->changed[0].change, 1);
	assert_string_equal(b->changed[0].text, "better");
	assert_string_equal(b->changed[0].by, "");
	assert_true(b->changed[1].deleted);
	assert_int_equal(session_number(b->admin, "select count(*) from chat.requests"), 0);
	assert_int_equal(session_number(b->admin, "select count(*) from chat.messages"), 250);
	assert_true(b->answering);
}

/* Stopped and killed servers, and a room that is locked. */
static void requests_of_the_application_survive_trouble(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save(b, "1/2", "0");
	until(b, b->saved_count == 1);
	PGconn *other = session_open(&server, b->database);
	session_run(other, "begin; select from chat.conversations where room = '1/2' for update");
	session_run(b->admin,
		"select chat.post('1', '2', 'locked'); select chat.post('1', '3', 'free')");
	until(b, b->saved_count == 2);
	assert_string_equal(b->saved[1].text, "free");
	PQfinish(other);
	until(b, b->saved_count == 3);
	session_run(b->admin, "select chat.post('1', '2', 'n') from generate_series(1, 100)");
	stop_server(b, SIGQUIT);
	start_server(b);
	until(b, session_number(b->admin, "select count(*) from chat.messages") == 103);
	/* Committed by a broker that died with the answer: in the history, if nobody was told. */
	until(b, b->entered >= 2);
	assert_int_equal(session_number(b->admin, "select count(*) from chat.requests"), 0);
}

/* Nobody can say any more which message it was: so everybody begins as after a subscribe. */
static void a_post_whose_answer_is_lost_is_said_to_be_missed(void **state)
{
	struct bench *b = *state;
	struct proxy proxy;
	char folder[80];
	assert_true(proxy_start(&proxy, server.folder));
	snprintf(folder, sizeof(folder), "%s/proxy", server.folder);
	session_run(b->admin, "create function slow() returns trigger language plpgsql as"
			      " $$ begin perform pg_sleep(5); return new; end $$;"
			      "create trigger slow before insert on chat.messages for each row"
			      " execute function slow()");
	open_at(b, folder, 10000);
	until(b, b->answering && b->epochs == 1);
	session_run(b->admin, "select chat.post('1', '2', 'x')");
	until(b, session_number(b->admin,
			 "select count(*) from pg_stat_activity where state = 'active'"
			 " and wait_event = 'PgSleep'") == 1);
	proxy_order(&proxy, PROXY_SWALLOW);
	until(b, session_number(b->admin, "select count(*) from chat.messages") == 1);
	assert_int_equal(b->epochs, 1);
	proxy_order(&proxy, PROXY_CUT);
	until(b, b->epochs == 2);
	assert_string_equal(b->epoch, b->epoch_before);
	assert_int_equal(b->saved_count, 0);
	proxy_stop(&proxy);
}

static void ask(struct bench *b, const char *room)
{
	assert_int_equal(store_ask(b->store, slice_str(room)), CHAT_OK);
}

static void replace_may_chat(struct bench *b, const char *body)
{
	char sql[512];
	snprintf(sql, sizeof(sql),
		"create or replace function chat.may_chat(a text, b text) returns boolean"
		" language plpgsql as $$ begin %s end $$",
		body);
	session_run(b->admin, sql);
}

static void the_application_is_asked_only_where_nothing_was_said(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save(b, "1/2", "hi");
	until(b, b->saved_count == 1);
	replace_may_chat(b, "return a <> '1';");
	until(b, b->site_decides);
	ask(b, "1/2");
	until(b, b->permits == 1);
	assert_int_equal(b->permitted[PERMIT_GIVEN], 1);
	ask(b, "1/3");
	until(b, b->permits == 2);
	assert_int_equal(b->permitted[PERMIT_REFUSED], 1);
	assert_string_equal(b->permit_room, "1/3");
	ask(b, "2/3");
	until(b, b->permits == 3);
	assert_int_equal(b->permitted[PERMIT_GIVEN], 2);
	session_run(b->admin, "drop function chat.may_chat(text, text)");
	until(b, !b->site_decides);
}

/* Where all is slow, what should be quick may take more than its second as well: not each time. */
static void a_slow_or_failing_may_chat_delays_no_other_answer(void **state)
{
	struct bench *b = *state;
	size_t rounds = 0;
	replace_may_chat(b,
		"if a = '1' then perform pg_sleep(30); elsif a = '2' then raise 'no'; end if;"
		" return true;");
	open_store(b);
	for (; rounds < 10 && b->permitted[PERMIT_GIVEN] == 0; rounds++) {
		ask(b, "1/2");
		ask(b, "2/3");
		ask(b, "3/4");
		until(b, b->permits == 3 * (rounds + 1));
		assert_int_equal(b->permit_of_1_2, PERMIT_FAILED);
	}
	assert_int_equal(b->permitted[PERMIT_GIVEN], 1);
	assert_int_equal(b->permitted[PERMIT_FAILED], 3 * rounds - 1);
	until(b, strstr(b->log, "chat.may_chat fails, SQLSTATE ") != NULL);
}

static void many_questions_are_answered_each(void **state)
{
	struct bench *b = *state;
	char room[32];
	replace_may_chat(b, "return b::integer % 2 = 0;");
	open_store(b);
	for (int i = 0; i < 300; i++) {
		snprintf(room, sizeof(room), "1/%d", i + 2);
		ask(b, room);
	}
	until(b, b->permits == 300);
	/* Those that have waited for a second are given up. */
	assert_int_equal(b->permitted[PERMIT_GIVEN] + b->permitted[PERMIT_REFUSED] +
				 b->permitted[PERMIT_FAILED],
		300);
	assert_true(b->permitted[PERMIT_GIVEN] > 0 && b->permitted[PERMIT_REFUSED] > 0);
}

static void questions_fail_while_the_database_is_away_and_are_answered_again(void **state)
{
	struct bench *b = *state;
	replace_may_chat(b, "return a <> '1';");
	open_store(b);
	ask(b, "2/3");
	until(b, b->permitted[PERMIT_GIVEN] == 1);
	stop_server(b, SIGQUIT);
	ask(b, "1/2");
	until(b, b->permitted[PERMIT_FAILED] == 1);
	start_server(b);
	until(b, b->answering);
	for (size_t asked = b->permits; b->permitted[PERMIT_REFUSED] == 0; asked++) {
		ask(b, "1/2");
		until(b, b->permits == asked + 1);
	}
}

static void see(struct bench *b, const char *user, const char *name, bool online, int64_t at)
{
	struct user_seen seen = {.user_id = slice_str(user),
		.has_name = name != NULL,
		.name = name == NULL ? slice_of("", 0) : slice_str(name),
		.online = online,
		.at = at};
	store_seen(b->store, &seen);
}

static void who_was_seen_is_written_down_in_a_few_statements(void **state)
{
	struct bench *b = *state;
	open_store(b);
	for (int i = 0; i < 5000; i++) {
		char user[16];
		char name[16];
		snprintf(user, sizeof(user), "u%d", i);
		snprintf(name, sizeof(name), "Name %d", i);
		see(b, user, name, true, 1795334400123);
	}
	until(b, session_number(b->admin, "select count(*) from chat.online") == 5000);
	assert_int_equal(session_number(b->admin, "select count(*) from chat.users"
						  " where name = 'Name ' || substr(id, 2)"),
		5000);
	see(b, "u7", NULL, false, 1795334500000);
	until(b, session_number(b->admin, "select count(*) from chat.online") == 4999);
	assert_int_equal(session_number(b->admin, "select extract(epoch from seen_at) * 1000"
						  " from chat.users where id = 'u7'"),
		1795334500000);
}

/* A user who comes and goes many times while the database is away is written once. */
static void notes_that_wait_are_one_for_each_user(void **state)
{
	struct bench *b = *state;
	open_store(b);
	see(b, "9", "Old", true, 1795334400000);
	until(b, session_number(b->admin, "select count(*) from chat.online") == 1);
	stop_server(b, SIGINT);
	for (int i = 0; i < 1000; i++) {
		see(b, "9", i == 500 ? "New" : NULL, i % 2 == 0, 1795334400000 + i);
	}
	start_server(b);
	until(b, session_number(b->admin,
			 "select count(*) from chat.users where id = '9' and name = 'New'") == 1);
	assert_int_equal(
		session_number(b->admin, "select count(*) from chat.online where id = '9'"), 0);
}

static void a_note_that_is_refused_is_lost_alone(void **state)
{
	struct bench *b = *state;
	session_run(b->admin, "alter table chat.users add check (name <> 'poison')");
	open_store(b);
	for (int i = 0; i < 300; i++) {
		char user[16];
		snprintf(user, sizeof(user), "u%d", i);
		see(b, user, i == 99 ? "poison" : "fine", true, 1795334400123);
	}
	until(b, session_number(b->admin, "select count(*) from chat.users") == 299);
	until(b, strstr(b->log, "refused to note when u99 was seen") != NULL);
	assert_int_equal(session_number(b->admin, "select count(*) from chat.users"
						  " where name = 'fine'"),
		299);
	assert_true(b->answering);
}

static void a_mark_over_5000_messages_moves_at_once_and_the_rows_follow(void **state)
{
	struct bench *b = *state;
	session_run(b->admin,
		"insert into chat.messages (room, seq, user_id, opponent_id, text)"
		" select '1/2', s, case s % 2 when 0 then '1' else '2' end,"
		" case s % 2 when 0 then '2' else '1' end, 'x' from generate_series(1, 10000) s");
	session_run(b->admin, "select chat.adopt(array['1/2'])");
	open_store(b);
	mark(b, "1/2", "1", 9999);
	until(b, b->marked_count == 1);
	assert_int_equal(b->marked.seq, 9999);
	assert_int_equal(b->marked.count, 0);
	until(b, session_number(b->admin,
			 "select count(*) from chat.messages where is_delivered") == 5000);
	until(b, session_number(
			 b->admin, "select count(*) from chat.conversations where following") == 0);
	assert_int_equal(
		session_number(b->admin, "select a_delivered from chat.conversations"), 9999);
}

static void deliveries_left_behind_go_on_at_the_next_start(void **state)
{
	struct bench *b = *state;
	session_run(b->admin,
		"insert into chat.messages (room, seq, user_id, opponent_id, text)"
		" select '1/' || r, s, '1', r::text, 'x' from generate_series(1, 2500) s,"
		" generate_series(11, 13) r");
	session_run(b->admin, "select chat.adopt(array['1/11', '1/12', '1/13'])");
	session_run(b->admin,
		"select chat.mark(array['1/11', '1/12', '1/13'], array['11', '12', '13'],"
		" array[2500, 2500, 2400])");
	assert_int_equal(
		session_number(b->admin, "select count(*) from chat.messages where is_delivered"),
		0);
	open_store(b);
	until(b, session_number(
			 b->admin, "select count(*) from chat.conversations where following") == 0);
	assert_int_equal(
		session_number(b->admin, "select count(*) from chat.messages where is_delivered"),
		7400);
}

static void a_database_that_is_not_there_at_the_start_is_said_once(void **state)
{
	struct bench *b = *state;
	stop_server(b, SIGINT);
	open_at(b, server.folder, 10000);
	save_many(b, 0, 200, 5);
	until(b, b->lines == 1);
	pause_ms(1500);
	drain(b);
	assert_int_equal(b->lines, 1);
	assert_non_null(strstr(b->log, "cannot connect"));
	assert_int_equal(store_waiting(b->store), 200);
	assert_false(store_answering(b->store));
	struct load load = {.what = LOAD_UNREAD, .user_id = SLICE("1")};
	assert_int_equal(store_load(b->store, &load), CHAT_EUNAVAILABLE);

	start_server(b);
	assert_all_stored(b, 200);
	until(b, b->answering);
	until(b, b->lines == 2);
	assert_non_null(strstr(b->log, "back, 200 messages waited"));
}

static void the_queue_is_bounded_while_the_database_is_away(void **state)
{
	struct bench *b = *state;
	stop_server(b, SIGINT);
	open_at(b, server.folder, 5);
	for (int i = 0; i < 5; i++) {
		char text[16];
		snprintf(text, sizeof(text), "%d", i);
		save(b, "1/100", text);
	}
	struct message sixth = message(b, "1/100", true, "5");
	pause_ms(300);
	assert_int_equal(store_save(b->store, &sixth), CHAT_EBUSY);
	start_server(b);
	assert_all_stored(b, 5);
	assert_int_equal(store_save(b->store, &sixth), CHAT_OK);
	assert_all_stored(b, 6);
}

static void a_stop_of_the_server_under_traffic_loses_nothing(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save_many(b, 0, 1000, 7);
	stop_server(b, SIGINT);
	save_many(b, 1000, 1000, 7);
	start_server(b);
	save_many(b, 2000, 1000, 7);
	assert_all_stored(b, 3000);
	until(b, b->answering);
	until(b, b->lines == 3);
	assert_non_null(strstr(b->log, "back"));
}

static void killed_servers_under_traffic_lose_nothing(void **state)
{
	struct bench *b = *state;
	open_store(b);
	for (int i = 0; i < 3; i++) {
		save_many(b, 2000 * i, 1000, 7);
		stop_server(b, SIGQUIT);
		save_many(b, 2000 * i + 1000, 1000, 7);
		start_server(b);
	}
	assert_all_stored(b, 6000);
}

static void sessions_killed_under_traffic_lose_nothing(void **state)
{
	struct bench *b = *state;
	open_store(b);
	for (int i = 0; i < 20; i++) {
		save_many(b, 100 * i, 100, 3);
		session_run(b->admin, "select pg_terminate_backend(pid) from pg_stat_activity"
				      " where usename = 'chat_plugin'");
	}
	assert_all_stored(b, 2000);
}

static void requests_in_flight_fail_when_the_connection_is_lost(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save_many(b, 0, 1, 1);
	until(b, b->saved_count == 1);
	PGconn *other = session_open(&server, b->database);
	session_run(other, "begin; lock table chat.conversations in access exclusive mode");
	load_history(b, "1/100", 0, -1, 10);
	mark(b, "1/100", "100", 1);
	pause_ms(100);
	session_run(b->admin, "select pg_terminate_backend(pid) from pg_stat_activity"
			      " where usename = 'chat_plugin'");
	until(b, b->load_failed == 1 && b->mark_failed == 1);
	assert_int_equal(b->mark_refused, 0);
	session_run(other, "rollback");
	PQfinish(other);
	until(b, b->answering);
	load_history(b, "1/100", 0, -1, 10);
	until(b, b->page_count == 1);
}

static void a_frozen_server_is_given_up_and_nothing_is_lost(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save_many(b, 0, 100, 3);
	until(b, b->saved_count == 100);
	server_signal_all(&server, SIGSTOP);
	int64_t began = clock_ms();
	save_many(b, 100, 100, 3);
	load_history(b, "1/100", 0, -1, 10);
	until(b, b->load_failed == 1);
	assert_true(clock_ms() - began >= 7000);
	assert_false(b->answering);
	assert_int_equal(store_waiting(b->store), 100);
	server_signal_all(&server, SIGCONT);
	assert_all_stored(b, 200);
	until(b, b->answering);
}

static void a_commit_whose_answer_is_lost_is_stored_once_and_said_as_new(void **state)
{
	struct bench *b = *state;
	struct proxy proxy;
	char folder[80];
	assert_true(proxy_start(&proxy, server.folder));
	snprintf(folder, sizeof(folder), "%s/proxy", server.folder);
	open_at(b, folder, 10000);
	until(b, b->answering);
	for (int i = 0; i < 5; i++) {
		save_many(b, i * 20, 10, 1);
		until(b, b->saved_count == (size_t)i * 20 + 10);
		proxy_order(&proxy, PROXY_SWALLOW);
		save_many(b, i * 20 + 10, 10, 1);
		/* At least the first of them is committed, and nobody has heard of it. */
		until(b, session_number(b->admin, "select count(*) from chat.messages") >
				 i * 20 + 10);
		assert_int_equal(b->saved_count, i * 20 + 10);
		proxy_order(&proxy, PROXY_CUT);
		until(b, b->saved_count == (size_t)i * 20 + 20);
	}
	assert_all_stored(b, 100);
	proxy_stop(&proxy);
}

static void a_row_that_a_trigger_refuses_is_lost_alone(void **state)
{
	struct bench *b = *state;
	session_run(b->admin,
		"create function refuse() returns trigger language plpgsql as $$ begin"
		" raise exception 'no %', new.text using errcode = 'check_violation';"
		" end $$");
	session_run(b->admin, "create trigger refuse before insert on chat.messages for each row"
			      " when (new.text like 'poison%') execute function refuse()");
	open_store(b);
	size_t refused = 0;
	for (int i = 0; i < 500; i++) {
		bool poison = i % 61 == 30;
		char room[16];
		char text[32];
		snprintf(room, sizeof(room), "1/%d", 2 + i % 3);
		snprintf(text, sizeof(text), "%s%d", poison ? "poison secret " : "", i);
		save(b, room, text);
		refused += poison;
	}
	until(b, b->saved_count == 500);
	int64_t next[3] = {0};
	int last[3] = {-1, -1, -1};
	for (size_t i = 0; i < 500; i++) {
		const struct heard *heard = &b->saved[i];
		if (strncmp(heard->text, "poison", 6) == 0) {
			assert_int_equal(heard->as, SAVED_REJECTED);
			refused--;
			continue;
		}
		int room = atoi(heard->room + 2) - 2;
		assert_int_equal(heard->as, SAVED_NEW);
		assert_int_equal(heard->seq, ++next[room]);
		assert_true(atoi(heard->text) > last[room]);
		last[room] = atoi(heard->text);
	}
	assert_int_equal(refused, 0);
	assert_null(strstr(b->log, "secret"));
	assert_non_null(strstr(b->log, "23514"));
}

static void a_row_that_a_trigger_drops_is_refused(void **state)
{
	struct bench *b = *state;
	session_run(b->admin,
		"create function drop_it() returns trigger language plpgsql as $$ begin"
		" return null; end $$");
	session_run(b->admin, "create trigger drop_it before insert on chat.messages for each row"
			      " when (new.text = 'drop') execute function drop_it()");
	open_store(b);
	save(b, "1/2", "0");
	save(b, "1/2", "drop");
	save(b, "1/2", "1");
	until(b, b->saved_count == 3);
	assert_int_equal(b->saved[1].as, SAVED_REJECTED);
	assert_int_equal(b->saved[2].as, SAVED_NEW);
	assert_int_equal(b->saved[2].seq, 2);
}

static void what_fails_at_commit_is_refused(void **state)
{
	struct bench *b = *state;
	session_run(b->admin,
		"create function late() returns trigger language plpgsql as $$ begin"
		" raise exception 'late' using errcode = 'integrity_constraint_violation';"
		" end $$");
	session_run(b->admin, "create constraint trigger late after insert on chat.messages"
			      " deferrable initially deferred for each row when (new.text = 'late')"
			      " execute function late()");
	open_store(b);
	save(b, "1/2", "0");
	save(b, "1/2", "late");
	save(b, "1/2", "1");
	until(b, b->saved_count == 3);
	assert_int_equal(b->saved[1].as, SAVED_REJECTED);
	assert_int_equal(b->saved[2].seq, 2);
	assert_int_equal(session_number(b->admin, "select count(*) from chat.messages"), 2);
}

static void a_locked_room_waits_and_the_others_do_not(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save_many(b, 0, 50, 5);
	until(b, b->saved_count == 50);
	PGconn *other = session_open(&server, b->database);
	session_run(other, "begin; select from chat.conversations where room = '1/102' for update");
	save_many(b, 50, 500, 5);
	/* All but the locked room's. */
	until(b, b->saved_count == 450);
	/* Did they wait for it, they would each time. */
	int64_t least = WAIT_MS;
	for (int i = 0; i < 20; i++) {
		int64_t began = clock_ms();
		save_many(b, 550 + 5 * i, 5, 5);
		until(b, b->saved_count == 450 + 4 * ((size_t)i + 1));
		int64_t took = clock_ms() - began;
		least = took < least ? took : least;
	}
	assert_in_range(least, 0, 200);
	assert_int_equal(store_waiting(b->store), 120);
	session_run(other, "commit");
	PQfinish(other);
	assert_all_stored(b, 650);
}

static void a_room_that_somebody_else_creates_waits_alone(void **state)
{
	struct bench *b = *state;
	open_store(b);
	PGconn *other = session_open(&server, b->database);
	session_run(other, "begin; insert into chat.conversations (room) values ('1/102')");
	save_many(b, 0, 500, 50);
	until(b, b->saved_count == 490);
	int64_t least = WAIT_MS;
	for (int i = 0; i < 5; i++) {
		int64_t began = clock_ms();
		save_many(b, 500 + 100 * i, 100, 50);
		until(b, b->saved_count == 490 + 98 * ((size_t)i + 1));
		int64_t took = clock_ms() - began;
		least = took < least ? took : least;
	}
	assert_in_range(least, 0, 1500);
	session_run(other, "rollback");
	PQfinish(other);
	assert_all_stored(b, 1000);
}

static void a_locked_table_costs_no_time_for_each_room(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save_many(b, 0, 200, 200);
	until(b, b->saved_count == 200);
	PGconn *other = session_open(&server, b->database);
	/* What is slow because the machine is, is not so each time. */
	int64_t least = WAIT_MS;
	int stored = 200;
	for (int i = 0; i < 4 && least > 2500; i++) {
		session_run(other, "begin; lock table chat.messages in access exclusive mode");
		save_many(b, stored, 1000, 200);
		pause_ms(2000);
		drain(b);
		assert_int_equal(b->saved_count, stored);
		session_run(other, "commit");
		int64_t began = clock_ms();
		stored += 1000;
		assert_all_stored(b, stored);
		int64_t took = clock_ms() - began;
		least = took < least ? took : least;
	}
	PQfinish(other);
	assert_in_range(least, 0, 2500);
	assert_int_equal(b->lines, 1);
}

/* One round of trouble: something is in the way for a moment, or breaks. */
static void make_trouble(struct bench *b, PGconn *other, int round)
{
	char sql[128];
	switch (round % 6) {
	case 0:
		snprintf(sql, sizeof(sql),
			"begin; select from chat.conversations where room = '1/%d' for update",
			100 + round % 9);
		session_run(other, sql);
		break;
	case 1:
		session_run(b->admin, "select pg_terminate_backend(pid) from pg_stat_activity"
				      " where usename = 'chat_plugin'");
		break;
	case 2:
		session_run(other, "rollback");
		break;
	case 3:
		session_run(other, "begin; lock table chat.messages in share mode");
		break;
	case 4:
		session_run(b->admin, "select pg_cancel_backend(pid) from pg_stat_activity"
				      " where usename = 'chat_plugin' and state = 'active'");
		break;
	case 5:
		session_run(other, "rollback; select chat.mark(array['1/100', '1/104'],"
				   " array['100', '104'], array[50, 60])");
		break;
	}
}

/* Every seventh message is one that is refused, every fifth repeats the ref of the one before. */
static struct message troubled(struct bench *b, int i, char *room, char *text, char *ref)
{
	snprintf(room, 32, "1/%d", 100 + i % 9);
	snprintf(text, 32, "%s%d", i % 7 == 3 ? "poison" : "", i);
	snprintf(ref, 32, "%d", i % 5 == 4 ? i - 9 : i);
	struct message m = message(b, room, true, text);
	m.ref = slice_str(ref);
	return m;
}

static void trouble_of_every_kind_loses_and_doubles_nothing(void **state)
{
	struct bench *b = *state;
	char room[32];
	char text[32];
	char ref[32];
	const int count = 6000;
	session_run(b->admin, "alter table chat.messages add check (text not like 'poison%')");
	open_store(b);
	PGconn *other = session_open(&server, b->database);
	for (int i = 0; i < count; i++) {
		struct message m = troubled(b, i, room, text, ref);
		assert_int_equal(store_save(b->store, &m), CHAT_OK);
		if (i % 20 == 0) {
			drain(b);
			pause_ms(5);
		}
		if (i % 100 == 99) {
			make_trouble(b, other, i / 100);
		}
	}
	PQfinish(other);
	until(b, b->saved_count == (size_t)count);

	bool said[6000] = {false};
	int64_t seqs[9] = {0};
	int last[9];
	memset(last, -1, sizeof(last));
	for (int i = 0; i < count; i++) {
		const struct heard *heard = &b->saved[i];
		uint64_t key;
		memcpy(&key, heard->key, sizeof(key));
		int no = (int)key - 1;
		int in = no % 9;
		assert_false(said[no]);
		said[no] = true;
		/* A repeat of a refused message is the first that could be stored. */
		bool repeat = no % 5 == 4 && no >= 9 && (no - 9) % 7 != 3;
		enum saved_as as = repeat ? SAVED_REPEAT : no % 7 == 3 ? SAVED_REJECTED : SAVED_NEW;
		assert_int_equal(heard->as, as);
		if (as == SAVED_NEW) {
			assert_int_equal(heard->seq, ++seqs[in]);
			assert_true(no > last[in]);
			last[in] = no;
		}
	}
	int64_t stored = 0;
	for (int i = 0; i < 9; i++) {
		stored += seqs[i];
	}
	assert_int_equal(session_number(b->admin, "select count(*) from chat.messages"), stored);
	assert_int_equal(
		session_number(b->admin, "select sum(last_seq) from chat.conversations"), stored);
}

static void a_mark_waits_for_its_locked_room_and_others_do_not(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save_many(b, 0, 20, 2);
	until(b, b->saved_count == 20);
	PGconn *other = session_open(&server, b->database);
	session_run(other, "begin; select from chat.conversations where room = '1/100' for update");
	mark(b, "1/100", "100", 5);
	mark(b, "1/101", "101", 7);
	until(b, b->marked_count == 1);
	assert_int_equal(b->marked.seq, 7);
	load_history(b, "1/101", 0, -1, 10);
	until(b, b->page_count == 1);
	session_run(other, "rollback");
	PQfinish(other);
	until(b, b->marked_count == 2);
	assert_int_equal(b->marked.seq, 5);
	assert_int_equal(b->marked.count, 5);
}

static void a_mark_that_is_refused_is_refused_alone(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save_many(b, 0, 30, 3);
	until(b, b->saved_count == 30);
	session_run(b->admin,
		"alter table chat.conversations add check (room <> '1/101' or b_read < 5)");
	mark(b, "1/100", "100", 9);
	mark(b, "1/101", "101", 9);
	mark(b, "1/102", "102", 9);
	until(b, b->marked_count == 2 && b->mark_failed == 1);
	assert_int_equal(b->mark_refused, 1);
	assert_true(b->answering);
}

static void lost_rights_are_said_loudly_and_messages_are_held(void **state)
{
	struct bench *b = *state;
	open_store(b);
	session_run(b->admin, "revoke usage on schema chat from chat_plugin");
	save_many(b, 0, 100, 3);
	until(b, b->lines == 2);
	assert_non_null(strstr(b->log, "42501"));
	pause_ms(1000);
	drain(b);
	assert_int_equal(b->lines, 2);
	assert_int_equal(b->saved_count, 0);
	session_run(b->admin, "grant usage on schema chat to chat_plugin");
	assert_all_stored(b, 100);
	until(b, b->answering);
	until(b, b->lines == 3);
}

static void a_read_only_database_is_waited_for(void **state)
{
	struct bench *b = *state;
	char sql[128];
	open_store(b);
	snprintf(sql, sizeof(sql), "alter database %s set default_transaction_read_only = on",
		b->database);
	session_run(b->admin, sql);
	session_run(b->admin, "select pg_terminate_backend(pid) from pg_stat_activity"
			      " where usename = 'chat_plugin'");
	save_many(b, 0, 50, 3);
	until(b, strstr(b->log, "is read-only (a standby") != NULL);
	assert_non_null(strstr(b->log, "25006"));
	assert_int_equal(b->saved_count, 0);
	snprintf(sql, sizeof(sql),
		"set default_transaction_read_only = off;"
		" alter database %s reset default_transaction_read_only",
		b->database);
	session_run(b->admin, sql);
	assert_all_stored(b, 50);
}

static void a_schema_of_another_version_is_named(void **state)
{
	struct bench *b = *state;
	session_run(b->admin, "insert into chat.schema_version (version) values (99)");
	open_at(b, server.folder, 10);
	until(b, b->lines == 1);
	assert_non_null(strstr(b->log, "schema chat is version 99"));
	session_run(b->admin, "delete from chat.schema_version");
	session_run(b->admin, "insert into chat.schema_version (version) values (1), (2)");
	until(b, b->answering);
}

static void a_database_without_the_schema_says_what_to_run(void **state)
{
	struct bench *b = *state;
	session_run(b->admin, "drop schema chat cascade");
	open_at(b, server.folder, 10);
	until(b, b->lines == 1);
	assert_non_null(strstr(b->log, "install.sql"));
}

static void a_schema_of_the_first_edition_is_named(void **state)
{
	struct bench *b = *state;
	session_run(b->admin, "drop function chat.version(integer)");
	open_at(b, server.folder, 10);
	until(b, b->lines == 1);
	assert_non_null(strstr(b->log, "schema chat is version 1, this plugin needs 2"));
	assert_non_null(strstr(b->log, "install.sql"));
}

/* The trigger of an application that raises the SQLSTATE which stands in the message. */
static void raise_what_is_said(struct bench *b)
{
	session_run(b->admin,
		"create function raise_it() returns trigger language plpgsql as $$ begin"
		" raise exception 'no' using errcode = substr(new.text, 5); end $$");
	session_run(b->admin, "create trigger raise_it before insert on chat.messages for each row"
			      " when (new.text like 'bad %') execute function raise_it()");
}

/* SQLSTATEs that, from the database itself, would say that schema or rights are not what they
 * should be. Each comes alone: one that is found makes the saver look at its neighbours one by one.
 */
static void one_users_message_stops_nobody(void **state)
{
	struct bench *b = *state;
	static const char *const states[] = {"42501", "42883", "0A000", "3F000", "28000", "3D000"};
	const size_t kinds = sizeof(states) / sizeof(states[0]);
	raise_what_is_said(b);
	open_store(b);
	int64_t began = clock_ms();
	for (size_t i = 0; i < kinds; i++) {
		char text[32];
		snprintf(text, sizeof(text), "bad %s", states[i]);
		save(b, "3/4", text);
		save(b, "1/2", "good");
		save(b, "3/4", "good");
		until(b, b->saved_count == 3 * (i + 1));
	}
	for (size_t i = 0; i < b->saved_count; i++) {
		bool bad = strncmp(b->saved[i].text, "bad", 3) == 0;
		assert_int_equal(b->saved[i].as, bad ? SAVED_REJECTED : SAVED_NEW);
	}
	assert_true(b->answering);
	assert_non_null(
		strstr(b->log, "refused a message for good, from 3 in chat/3/4, SQLSTATE 42501"));
	/* The others within ten seconds get no line of their own. */
	assert_in_range(b->lines, 2, 2 + (clock_ms() - began) / 10000);
}

/* SQLSTATEs that, from the database itself, would say that it is away: a trigger raises them that
 * asks another server, by dblink for instance. */
static void a_trigger_that_cannot_do_its_work_now_keeps_its_chat_waiting_and_nobody_else(
	void **state)
{
	struct bench *b = *state;
	static const char *const states[] = {"08001", "57P03", "25006", "26000", "40001", "55P03"};
	const size_t kinds = sizeof(states) / sizeof(states[0]);
	raise_what_is_said(b);
	open_store(b);
	for (size_t i = 0; i < kinds; i++) {
		char room[16], text[32];
		snprintf(room, sizeof(room), "3/4%zu", i);
		snprintf(text, sizeof(text), "bad %s", states[i]);
		save(b, room, text);
		save(b, room, "behind it");
		save(b, "1/2", "good");
		until(b, b->saved_count == i + 1);
	}
	/* One that is refused for good, in a batch with some of them. */
	save(b, "3/5", "bad 42501");
	save(b, "1/2", "good");
	until(b, b->saved_count == kinds + 2);
	assert_true(b->answering);
	/* Each saver knows of its own chats; which of them speaks first is no matter. */
	until(b, strstr(b->log, "have waited for 1") != NULL);
	assert_non_null(strstr(b->log, "messages in chat/3/4"));
	assert_non_null(strstr(b->log, "a trigger cannot do its work now, SQLSTATE "));
	assert_null(strstr(b->log, "back"));

	session_run(b->admin, "drop trigger raise_it on chat.messages");
	until(b, b->saved_count == 3 * kinds + 2);
	for (size_t i = kinds + 2; i < b->saved_count; i++) {
		bool first = strncmp(b->saved[i].text, "bad", 3) == 0;
		assert_int_equal(b->saved[i].as, SAVED_NEW);
		assert_int_equal(b->saved[i].seq, first ? 1 : 2);
	}
}

/* What the log says of one chat whose rows refuse, and how often it is tried. */
static void a_delivery_that_is_refused_is_said_and_is_in_no_others_way(void **state)
{
	struct bench *b = *state;
	session_run(b->admin,
		"create sequence tries;"
		"create function refuse() returns trigger language plpgsql as $$ begin"
		" perform nextval('public.tries'); raise exception 'no'; end $$;"
		"insert into chat.messages (room, seq, user_id, opponent_id, text)"
		" select '1/' || r, s, '1', r::text, 'x' from generate_series(1, 2500) s,"
		" generate_series(11, 13) r;"
		"select chat.adopt(array['1/11', '1/12', '1/13']);"
		"select chat.mark(array['1/11', '1/12', '1/13'], array['11', '12', '13'],"
		" array[2500, 2500, 2500]);"
		"create trigger refuse before update on chat.messages for each row"
		" when (new.room = '1/11') execute function refuse()");
	open_store(b);
	until(b, session_number(b->admin,
			 "select count(*) from chat.messages where is_delivered") == 5000);
	until(b, strstr(b->log, "refuses to note that messages in chat/1/11 were delivered, "
				"SQLSTATE P0001") != NULL);
	assert_true(b->answering);
	int64_t tries = session_number(b->admin, "select last_value from tries");
	pause_ms(4000);
	drain(b);
	/* Four a second it was; now after 0.25 s, 0.5 s, 1 s, and so on. */
	assert_in_range(session_number(b->admin, "select last_value from tries") - tries, 0, 5);
	until(b, session_number(b->admin, "select last_value from tries") > tries);
	assert_int_equal(b->lines, 2);

	session_run(b->admin, "drop trigger refuse on chat.messages");
	until(b, session_number(b->admin,
			 "select count(*) from chat.messages where is_delivered") == 7500);
}

/* A request of the application that cannot be carried out now, more of them than are taken at once,
 * and a function that is refused as a whole. */
static void a_request_that_cannot_be_carried_out_keeps_nothing_else_waiting(void **state)
{
	struct bench *b = *state;
	raise_what_is_said(b);
	session_run(b->admin,
		"create sequence tries;"
		"create function refuse() returns trigger language plpgsql as $$ begin"
		" perform nextval('public.tries'); raise exception 'no'; end $$");
	open_store(b);
	session_run(b->admin,
		"select chat.post('1', '2', 'bad 08001') from generate_series(1, 50);"
		"select chat.post('1', i::text, 'bad 57P03') from generate_series(20, 59) i;"
		"select chat.post('1', '3', 'good')");
	until(b, b->saved_count == 1);
	assert_string_equal(b->saved[0].text, "good");
	assert_true(b->answering);
	until(b,
		strstr(b->log, "cannot do now what the application asked for in chat/1/2") != NULL);
	session_run(b->admin, "drop trigger raise_it on chat.messages");
	until(b, b->saved_count == 91);

	session_run(b->admin, "create trigger refuse before delete on chat.requests for each row"
			      " execute function refuse()");
	session_run(b->admin, "select chat.post('1', '3', 'not yet')");
	until(b, strstr(b->log, "refuses chat.carry_out, SQLSTATE P0001") != NULL);
	session_run(b->admin, "select chat.close('1', '3')");
	until(b, b->closed_count == 1);
	pause_ms(4000);
	/* Twice a try: for the message, and for having been refused. */
	assert_in_range(session_number(b->admin, "select last_value from tries"), 1, 10);
	session_run(b->admin, "drop trigger refuse on chat.requests");
	until(b, b->saved_count == 92);
}

static void a_mark_that_raises_what_would_be_held_is_refused_alone(void **state)
{
	struct bench *b = *state;
	session_run(b->admin,
		"create function raise_it() returns trigger language plpgsql as $$ begin"
		" raise exception 'no' using errcode = '42501'; end $$");
	session_run(b->admin,
		"create trigger raise_it before update of b_read on chat.conversations for each row"
		" when (new.room = '1/101') execute function raise_it()");
	open_store(b);
	save_many(b, 0, 30, 3);
	until(b, b->saved_count == 30);
	mark(b, "1/100", "100", 9);
	mark(b, "1/101", "101", 9);
	mark(b, "1/102", "102", 9);
	until(b, b->marked_count == 2 && b->mark_failed == 1);
	assert_int_equal(b->mark_refused, 1);
	assert_true(b->answering);
}

static void the_epoch_is_said_once_and_survives_a_restart(void **state)
{
	struct bench *b = *state;
	open_store(b);
	assert_int_equal(b->epochs, 1);
	assert_int_equal(strlen(b->epoch), 16);
	stop_server(b, SIGINT);
	until(b, !b->answering);
	start_server(b);
	until(b, b->answering);
	save(b, "1/100", "0");
	assert_all_stored(b, 1);
	assert_int_equal(b->epochs, 1);
	assert_null(strstr(b->log, "another one than before"));
}

static void a_database_made_anew_is_another_epoch(void **state)
{
	struct bench *b = *state;
	char sql[256];
	open_store(b);
	PGconn *other = session_open(&server, "postgres");
	snprintf(sql, sizeof(sql), "alter database %s with allow_connections false", b->database);
	session_run(other, sql);
	PQfinish(b->admin);
	session_run(other, "select pg_terminate_backend(pid) from pg_stat_activity"
			   " where usename = 'chat_plugin'");
	until(b, !b->answering);
	snprintf(sql, sizeof(sql), "drop database %s with (force)", b->database);
	session_run(other, sql);
	snprintf(sql, sizeof(sql), "create database %s template chat", b->database);
	session_run(other, sql);
	PQfinish(other);
	b->admin = session_open(&server, b->database);
	until(b, b->epochs == 2 && b->answering);
	assert_string_not_equal(b->epoch, b->epoch_before);
	assert_non_null(strstr(b->log, "another one than before"));
}

/* The first host freezes, and the second, its standby, is promoted.  What was stored on both before
 * is there, and what is sent from then on is stored too. */
static void fail_over(struct bench *b, const char *more)
{
	struct server standby;
	char conninfo[320];
	assert_true(server_create_standby(&standby, &server));
	snprintf(conninfo, sizeof(conninfo), "host=%s,%s port=" SERVER_PORT " connect_timeout=3 %s",
		server.folder, standby.folder, more);
	open_with(b, conninfo, 10000);
	save_many(b, 0, 50, 5);
	until(b, b->saved_count == 50 && b->answering);
	PGconn *other = session_open(&standby, b->database);
	until(b, session_number(other, "select count(*) from chat.messages") == 50);

	server_signal_all(&server, SIGSTOP);
	save_many(b, 50, 50, 5);
	session_run(other, "select pg_promote(true, 30)");
	until(b, b->saved_count == 100 && b->answering);
	assert_int_equal(session_number(other, "select count(*) from chat.messages"), 100);
	assert_int_equal(b->epochs, 2);
	assert_non_null(strstr(b->log, "a standby was promoted"));

	assert_int_equal(store_close(b->store, 1000), 0);
	b->store = NULL;
	PQfinish(other);
	server_signal_all(&server, SIGCONT);
	server_destroy(&standby);
}

static void a_promoted_standby_serves_when_the_first_host_is_silent(void **state)
{
	fail_over(*state, "");
}

static void target_session_attrs_find_the_promoted_standby(void **state)
{
	fail_over(*state, "target_session_attrs=read-write");
}

/* A port at which connections are taken and nothing is ever said. */
static int silent_port(int *port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void a_host_that_never_answers_is_passed_over(void **state)
{
	struct bench *b = *state;
	char conninfo[256];
	int port;
	int silent = silent_port(&port);
	snprintf(conninfo, sizeof(conninfo),
		"host=127.0.0.1,%s port=%d," SERVER_PORT " connect_timeout=1", server.folder, port);
	open_with(b, conninfo, 100);
	save(b, "1/100", "0");
	assert_all_stored(b, 1);
	until(b, b->answering);
	close(silent);
}

static void what_never_answers_is_named(void **state)
{
	struct bench *b = *state;
	char conninfo[256];
	int port;
	int silent = silent_port(&port);
	snprintf(conninfo, sizeof(conninfo),
		"host=localhost hostaddr=127.0.0.1 port=%d"
		" connect_timeout=1",
		port);
	open_with(b, conninfo, 100);
	until(b, b->lines == 1);
	assert_non_null(strstr(b->log, "no answer from localhost (127.0.0.1)"));
	close(silent);
}

static void idle_sessions_are_kept(void **state)
{
	struct bench *b = *state;
	session_run(b->admin, "alter role chat_plugin set idle_session_timeout = '200ms'");
	open_store(b);
	pause_ms(1500);
	drain(b);
	session_run(b->admin, "alter role chat_plugin reset idle_session_timeout");
	assert_int_equal(b->lines, 1);
	assert_int_equal(b->answering_changes, 1);
}

static void a_pooler_in_transaction_mode_is_named(void **state)
{
	struct bench *b = *state;
	char folder[80];
	pid_t pooler = server_start_pooler(&server);
	assert_true(pooler > 0);
	snprintf(folder, sizeof(folder), "%s/pool", server.folder);
	open_at(b, folder, 10000);
	for (int i = 0; i < 600 && strstr(b->log, "pool_mode") == NULL; i++) {
		save(b, "1/2", "x");
		struct load load = {.what = LOAD_UNREAD, .user_id = SLICE("1")};
		(void)!store_load(b->store, &load);
		pause_ms(50);
		drain(b);
	}
	if (strstr(b->log, "pool_mode = session") == NULL) {
		fail_msg("log:\n%s", b->log);
	}
	assert_null(strstr(b->log, "was sql/install.sql run"));
	(void)store_close(b->store, 1000);
	b->store = NULL;
	server_stop_pooler(pooler);
}

static void a_password_file_that_others_can_read_is_said_in_the_log_alone(void **state)
{
	struct bench *b = *state;
	char path[96];
	char errors[96];
	snprintf(path, sizeof(path), "%s/passfile", server.folder);
	snprintf(errors, sizeof(errors), "%s/stderr", server.folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("*:*:*:*:secret\n", file);
	fclose(file);
	assert_int_equal(chmod(path, 0644), 0);
	setenv("PGPASSFILE", path, 1);

	int before = dup(STDERR_FILENO);
	int captured = open(errors, O_RDWR | O_CREAT | O_TRUNC, 0600);
	dup2(captured, STDERR_FILENO);
	open_at(b, server.folder, 10);
	for (int i = 0; i < WAIT_MS / 10 && b->lines < 2; i++) {
		pause_ms(10);
		drain(b);
	}
	dup2(before, STDERR_FILENO);
	close(before);
	unsetenv("PGPASSFILE");
	until(b, b->answering);
	assert_int_equal(b->lines, 2);
	assert_non_null(strstr(b->log, path));
	assert_non_null(strstr(b->log, "chmod 600"));
	assert_int_equal(lseek(captured, 0, SEEK_END), 0);
	close(captured);
}

static void a_slow_commit_is_said(void **state)
{
	struct bench *b = *state;
	session_run(b->admin, "create function wait() returns trigger language plpgsql as $$ begin"
			      " perform pg_sleep(1.1); return null; end $$");
	session_run(b->admin, "create constraint trigger wait after insert on chat.messages"
			      " deferrable initially deferred for each row"
			      " execute function wait()");
	open_store(b);
	save(b, "1/2", "0");
	until(b, b->saved_count == 1);
	save(b, "1/2", "1");
	until(b, b->saved_count == 2);
	/* And not again for a minute. */
	assert_int_equal(b->slow, 1);
	assert_non_null(strstr(b->log, "slow: chat.store took "));
}

static void a_slow_message_holds_up_nobody_in_another_room(void **state)
{
	struct bench *b = *state;
	session_run(b->admin,
		"create table gate as select;"
		"create function wait() returns trigger language plpgsql as $$ begin"
		" while exists (select from public.gate) loop perform pg_sleep(0.01); end loop;"
		" return null; end $$");
	session_run(b->admin, "create trigger wait after insert on chat.messages for each row"
			      " when (new.text = 'slow') execute function wait()");
	open_store(b);
	save(b, "1/2", "slow");
	until(b, session_number(b->admin, "select count(*) from pg_stat_activity"
					  " where wait_event = 'PgSleep'") == 1);
	save(b, "1/3", "quick");
	save(b, "1/2", "behind it");
	until(b, b->saved_count == 1);
	session_run(b->admin, "delete from gate");
	until(b, b->saved_count == 3);
	assert_string_equal(b->saved[0].text, "quick");
	assert_string_equal(b->saved[1].text, "slow");
	assert_string_equal(b->saved[2].text, "behind it");
	assert_int_equal(b->saved[2].seq, 2);
}

static void a_full_queue_is_said_and_that_it_is_open_again(void **state)
{
	struct bench *b = *state;
	stop_server(b, SIGINT);
	open_at(b, server.folder, 5);
	for (int i = 0; i < 5; i++) {
		save(b, "1/100", "x");
	}
	for (int i = 0; i < 3; i++) {
		struct message more = message(b, "1/100", true, "x");
		assert_int_equal(store_save(b->store, &more), CHAT_EBUSY);
	}
	until(b, strstr(b->log, "queue: full") != NULL);
	assert_non_null(strstr(b->log, "5 messages (plugin_opt_queue_limit) wait"));
	start_server(b);
	until(b, b->saved_count == 5);
	until(b, strstr(b->log, "queue: open again, 3 messages were refused") != NULL);
	/* With all of its connections. */
	until(b, strstr(b->log, "database: back") != NULL);
	/* Full once, whoever asks how often; open; and of the database: away, back. */
	assert_int_equal(b->lines, 4);
}

static void a_full_queue_of_requests_is_said_too(void **state)
{
	struct bench *b = *state;
	enum {
		LIMIT = 65536
	};
	open_store(b);
	server_signal_all(&server, SIGSTOP);
	struct mark more = {.room = SLICE("1/2"), .user_id = SLICE("2"), .seq = 1};
	int refused = 0;
	for (int i = 0; i < LIMIT + 10; i++) {
		refused += store_mark(b->store, &more) == CHAT_EBUSY;
	}
	assert_int_equal(refused, 10);
	server_signal_all(&server, SIGCONT);
	until(b, strstr(b->log, "queue: full, 65536 requests") != NULL);
	until(b, strstr(b->log, "queue: open again, 10 requests were refused") != NULL);
}

static void close_stores_what_waits(void **state)
{
	struct bench *b = *state;
	open_store(b);
	for (int i = 0; i < 2000; i++) {
		save(b, "1/100", "x");
	}
	assert_int_equal(store_close(b->store, WAIT_MS), 0);
	b->store = NULL;
	assert_int_equal(session_number(b->admin, "select count(*) from chat.messages"), 2000);
}

static void close_without_a_database_counts_what_was_lost_in_time(void **state)
{
	struct bench *b = *state;
	open_store(b);
	stop_server(b, SIGINT);
	save_many(b, 0, 100, 3);
	int64_t began = clock_ms();
	assert_int_equal(store_close(b->store, 500), 100);
	assert_in_range(clock_ms() - began, 400, SOON_MS);
	b->store = NULL;
	start_server(b);
}

static void close_with_a_frozen_database_ends_in_time(void **state)
{
	struct bench *b = *state;
	open_store(b);
	server_signal_all(&server, SIGSTOP);
	save_many(b, 0, 100, 3);
	load_history(b, "1/100", 0, -1, 10);
	int64_t began = clock_ms();
	assert_int_equal(store_close(b->store, 500), 100);
	assert_in_range(clock_ms() - began, 400, SOON_MS);
	b->store = NULL;
	server_signal_all(&server, SIGCONT);
}

static void close_without_anything_to_store_is_quick(void **state)
{
	struct bench *b = *state;
	stop_server(b, SIGINT);
	open_at(b, server.folder, 10);
	until(b, b->lines == 1);
	int64_t began = clock_ms();
	assert_int_equal(store_close(b->store, WAIT_MS), 0);
	assert_in_range(clock_ms() - began, 0, SOON_MS);
	b->store = NULL;
	start_server(b);
}

static bool is_one_of_two(struct bench *b)
{
	drain(b);
	return store_stats(b->store).nodes == 2;
}

static bool is_told(struct bench *b, size_t messages)
{
	drain(b);
	return b->told.messages == messages;
}

/* Says again that somebody types until it is heard: a store that is late tells nothing so old. */
static void tell_of_typing(struct bench *b, struct bench *other)
{
	struct node_news typing = {
		.what = NODE_TYPING, .room = SLICE("1/100"), .user_id = SLICE("1"), .on = true};
	for (int i = 0; i < WAIT_MS / 10 && other->told.typing == 0; i++) {
		if (i % 100 == 0) {
			assert_true(store_tell(b->store, &typing));
		}
		pause_ms(10);
		drain(b);
		drain(other);
	}
	assert_true(other->told.typing > 0);
}

static void stores_of_a_cluster_tell_each_other_what_they_store_and_say(void **state)
{
	struct bench *b = *state;
	struct bench *other = calloc(1, sizeof(*other));
	assert_non_null(other);
	memcpy(other->database, b->database, sizeof(other->database));
	other->keys = 1000000;
	open_in_cluster(b);
	open_in_cluster(other);
	until(b, is_one_of_two(b) & is_one_of_two(other));
	for (int i = 0; i < 20; i++) {
		save_many(b, 30 * i, 30, TOLD_ROOMS);
		save_many(other, 30 * i, 30, TOLD_ROOMS);
	}
	until(b, is_told(b, 1200) & is_told(other, 1200));
	tell_of_typing(b, other);
	tell_of_typing(other, b);
	store_close(other->store, 1000);
	free(other);
	until(b, b->told.gone == 1);
}

static void a_connection_string_that_cannot_be_read_is_refused(void **state)
{
	struct bench *b = *state;
	char reason[STORE_REASON_MAX];
	struct store_options options = {.queue_limit = 1, .wake = wake, .wake_arg = b};
	options.conninfo = "host=localhost password secret";
	assert_null(store_open(&options, reason));
	assert_null(strstr(reason, "secret"));
	options.conninfo = "postgres://chat:pa@ss@localhost/chat";
	assert_null(store_open(&options, reason));
	assert_null(strstr(reason, "ss@localhost"));
}

static int start_all(void **state)
{
	(void)state;
	unsetenv("PGSERVICE");
	if (!server_create(&server)) {
		server_destroy(&server);
		return -1;
	}
	const char *const create[] = {
		"createdb", "-h", server.folder, "-p", SERVER_PORT, "-U", "postgres", "chat", NULL};
	const char *const install[] = {"psql", "-Xq", "-h", server.folder, "-p", SERVER_PORT, "-U",
		"postgres", "-d", "chat", "-v", "ON_ERROR_STOP=1", "-f", SQL_DIR "/install.sql",
		NULL};
	return server_run(create, true) == 0 && server_run(install, true) == 0 ? 0 : -1;
}

static int end_all(void **state)
{
	(void)state;
	server_destroy(&server);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_is_stored_and_said_with_its_seq),
		TEST(a_repeat_comes_back_with_the_stored_text),
		TEST(data_and_replies_are_stored_and_come_back_with_a_repeat),
		TEST(a_closed_chat_takes_nothing_and_others_go_on),
		TEST(whether_the_recipient_has_muted_the_chat_comes_with_the_message),
		TEST(a_counter_behind_its_rows_is_put_right),
		TEST(texts_of_every_kind_arrive_as_they_are),
		TEST(pages_come_from_either_side),
		TEST(unread_and_marks_agree),
		TEST(changes_come_back_with_the_whole_message_and_their_numbers),
		TEST(changes_of_a_locked_room_stay_in_their_order),
		TEST(changes_in_flight_are_lost_with_the_connection_and_messages_are_not),
		TEST(a_change_that_is_refused_is_refused_alone),
		TEST(a_page_says_who_the_peer_is_and_that_the_chat_is_closed),
		TEST(chats_are_listed_page_by_page_with_what_their_user_has_set),
		TEST(chats_looked_at_in_vain_are_settled),
		TEST(what_the_application_decides_is_heard),
		TEST(the_application_is_asked_only_where_nothing_was_said),
		TEST(a_slow_or_failing_may_chat_delays_no_other_answer),
		TEST(many_questions_are_answered_each),
		TEST(questions_fail_while_the_database_is_away_and_are_answered_again),
		TEST(what_the_application_asks_for_is_carried_out_once),
		TEST(requests_of_the_application_survive_trouble),
		TEST(a_post_whose_answer_is_lost_is_said_to_be_missed),
		TEST(who_was_seen_is_written_down_in_a_few_statements),
		TEST(notes_that_wait_are_one_for_each_user),
		TEST(a_note_that_is_refused_is_lost_alone),
		TEST(a_mark_over_5000_messages_moves_at_once_and_the_rows_follow),
		TEST(deliveries_left_behind_go_on_at_the_next_start),
		TEST(a_database_that_is_not_there_at_the_start_is_said_once),
		TEST(the_queue_is_bounded_while_the_database_is_away),
		TEST(a_stop_of_the_server_under_traffic_loses_nothing),
		TEST(killed_servers_under_traffic_lose_nothing),
		TEST(sessions_killed_under_traffic_lose_nothing),
		TEST(requests_in_flight_fail_when_the_connection_is_lost),
		TEST(a_frozen_server_is_given_up_and_nothing_is_lost),
		TEST(a_commit_whose_answer_is_lost_is_stored_once_and_said_as_new),
		TEST(a_row_that_a_trigger_refuses_is_lost_alone),
		TEST(a_row_that_a_trigger_drops_is_refused),
		TEST(what_fails_at_commit_is_refused),
		TEST(a_locked_room_waits_and_the_others_do_not),
		TEST(a_room_that_somebody_else_creates_waits_alone),
		TEST(a_locked_table_costs_no_time_for_each_room),
		TEST(trouble_of_every_kind_loses_and_doubles_nothing),
		TEST(a_mark_waits_for_its_locked_room_and_others_do_not),
		TEST(a_mark_that_is_refused_is_refused_alone),
		TEST(lost_rights_are_said_loudly_and_messages_are_held),
		TEST(a_read_only_database_is_waited_for),
		TEST(a_schema_of_another_version_is_named),
		TEST(a_database_without_the_schema_says_what_to_run),
		TEST(a_schema_of_the_first_edition_is_named),
		TEST(one_users_message_stops_nobody),
		TEST(a_trigger_that_cannot_do_its_work_now_keeps_its_chat_waiting_and_nobody_else),
		TEST(a_delivery_that_is_refused_is_said_and_is_in_no_others_way),
		TEST(a_request_that_cannot_be_carried_out_keeps_nothing_else_waiting),
		TEST(a_mark_that_raises_what_would_be_held_is_refused_alone),
		TEST(the_epoch_is_said_once_and_survives_a_restart),
		TEST(a_database_made_anew_is_another_epoch),
		TEST(a_promoted_standby_serves_when_the_first_host_is_silent),
		TEST(target_session_attrs_find_the_promoted_standby),
		TEST(a_host_that_never_answers_is_passed_over),
		TEST(what_never_answers_is_named),
		TEST(idle_sessions_are_kept),
		TEST(a_pooler_in_transaction_mode_is_named),
		TEST(a_password_file_that_others_can_read_is_said_in_the_log_alone),
		TEST(a_slow_commit_is_said),
		TEST(a_slow_message_holds_up_nobody_in_another_room),
		TEST(a_full_queue_is_said_and_that_it_is_open_again),
		TEST(a_full_queue_of_requests_is_said_too),
		TEST(close_stores_what_waits),
		TEST(close_without_a_database_counts_what_was_lost_in_time),
		TEST(close_with_a_frozen_database_ends_in_time),
		TEST(close_without_anything_to_store_is_quick),
		TEST(stores_of_a_cluster_tell_each_other_what_they_store_and_say),
		TEST(a_connection_string_that_cannot_be_read_is_refused),
	};
	if (argc > 1) {
		cmocka_set_test_filter(argv[1]);
	}
	return cmocka_run_group_tests(tests, start_all, end_all);
}
