/* The store with a journal against a real server: what it promises while the store is killed, while
 * the database is away for longer than the memory lasts, and across starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <libpq-fe.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wakeup.h"
#include "proxy.h"
#include "server.h"
#include "session.h"
#include "store.h"

#define HEARD_MAX 60000
#define WAIT_MS 120000
/* So long a store may take to end, and what ends before that has not waited for it. */
#define CLOSE_MS 5000
#define ROOMS 5

static struct server server;

struct heard {
	enum saved_as as;
	int64_t seq;
	client_serial from;
	char room[16];
	char text[32];
};

/* A store with a journal, and what it said. */
struct bench {
	struct store *store;
	PGconn *admin;
	char database[32];
	char folder[64];
	size_t queue_limit;
	int limit_mib;
	int sync_ms;
	uint64_t start; /* rises with each: keys are unique */
	uint64_t keys;
	struct heard *saved;
	size_t saved_count;
	size_t news; /* of them */
	bool answering;
	size_t lines;
	char log[8192];
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
	if (b->saved_count == HEARD_MAX) {
		abort();
	}
	struct heard *heard = &b->saved[b->saved_count++];
	heard->as = as;
	heard->seq = message->seq;
	heard->from = message->from;
	b->news += as == SAVED_NEW;
	copy(heard->room, sizeof(heard->room), message->room);
	copy(heard->text, sizeof(heard->text), message->text);
}

static void on_page(void *arg, uint64_t ticket, const struct page *page)
{
	(void)arg;
	(void)ticket;
	(void)page;
}

static void on_unread(void *arg, uint64_t ticket, const struct unread *unread)
{
	(void)arg;
	(void)ticket;
	(void)unread;
}

static void on_load_failed(void *arg, uint64_t ticket)
{
	(void)arg;
	(void)ticket;
}

static void on_marked(void *arg, const struct mark *mark, const struct marked *result)
{
	(void)arg;
	(void)mark;
	(void)result;
}

static void on_mark_failed(void *arg, const struct mark *mark, bool for_good)
{
	(void)arg;
	(void)mark;
	(void)for_good;
}

static void on_answering(void *arg, bool yes)
{
	((struct bench *)arg)->answering = yes;
}

static void on_log(void *arg, enum store_level level, const char *line)
{
	struct bench *b = arg;
	size_t len = strlen(b->log);
	(void)level;
	b->lines++;
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
	.log = on_log,
};

static void wake(void *arg)
{
	(void)arg;
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

static struct store *try_open(struct bench *b, const char *host, char reason[STORE_REASON_MAX])
{
	char conninfo[256];
	snprintf(conninfo, sizeof(conninfo),
		"host=%s port=" SERVER_PORT " user=chat_plugin dbname=%s", host, b->database);
	struct store_options options = {
		.conninfo = conninfo,
		.queue_limit = b->queue_limit,
		.wake = wake,
		.wake_arg = b,
		.journal = b->folder,
		.journal_sync_ms = b->sync_ms,
		.journal_limit_mib = b->limit_mib,
	};
	b->start++;
	b->saved_count = b->news = b->lines = 0;
	b->log[0] = '\0';
	return store_open(&options, reason);
}

static void open_at(struct bench *b, const char *host)
{
	char reason[STORE_REASON_MAX];
	b->store = try_open(b, host, reason);
	if (b->store == NULL) {
		fail_msg("%s", reason);
	}
}

static void open_store(struct bench *b)
{
	open_at(b, server.folder);
}

/* What still waits then. */
static size_t close_store(struct bench *b)
{
	size_t left = store_close(b->store, CLOSE_MS);
	b->store = NULL;
	return left;
}

static struct message message(struct bench *b, const char *room, const char *text)
{
	const char *slash = strchr(room, '/');
	assert_non_null(slash);
	struct message m = {
		.room = slice_str(room),
		.user_id = slice_of(room, (size_t)(slash - room)),
		.opponent_id = slice_str(slash + 1),
		.name = SLICE("somebody"),
		.text = slice_str(text),
		.sent_at = 1795334400123,
		.from = 7,
	};
	b->keys++;
	memcpy(m.key, &b->start, sizeof(b->start));
	memcpy(m.key + 8, &b->keys, sizeof(b->keys));
	return m;
}

static void save(struct bench *b, const char *room, const char *text)
{
	struct message m = message(b, room, text);
	assert_int_equal(store_save(b->store, &m), CHAT_OK);
}

/* Texts 0, 1, 2, … in each of ROOMS rooms, in turns; no draining. */
static void save_many(struct bench *b, int from, int count)
{
	char room[32];
	char text[32];
	for (int i = from; i < from + count; i++) {
		snprintf(room, sizeof(room), "1/%d", 100 + i % ROOMS);
		snprintf(text, sizeof(text), "%d", i / ROOMS);
		save(b, room, text);
	}
}

static void assert_stored_once_and_in_order(struct bench *b, int64_t count)
{
	assert_int_equal(session_number(b->admin, "select count(*) from chat.messages"), count);
	assert_int_equal(session_number(b->admin, "select count(*) from chat.messages"
						  " where seq <> text::bigint + 1"),
		0);
}

/* And each is said once. */
static void assert_all_said(struct bench *b, int64_t count)
{
	/* However slow: as long as there is more of them. */
	while (b->saved_count < (size_t)count) {
		size_t before = b->saved_count;
		until(b, b->saved_count > before);
	}
	until(b, store_waiting(b->store) == 0);
	assert_int_equal(b->saved_count, count);
	for (size_t i = 0; i < b->saved_count; i++) {
		assert_int_equal(b->saved[i].as, SAVED_NEW);
		assert_int_equal(b->saved[i].seq, atoll(b->saved[i].text) + 1);
	}
	assert_stored_once_and_in_order(b, count);
}

static void stop_server(struct bench *b)
{
	PQfinish(b->admin);
	b->admin = NULL;
	server_stop(&server, SIGINT);
}

static void start_server(struct bench *b)
{
	assert_true(server_start(&server));
	b->admin = session_open(&server, b->database);
}

static int set_up(void **state)
{
	static int number_of_test;
	struct bench *b = calloc(1, sizeof(*b));
	char sql[128];
	assert_non_null(b);
	b->saved = calloc(HEARD_MAX, sizeof(*b->saved));
	assert_non_null(b->saved);
	b->queue_limit = 10000;
	b->limit_mib = 64;
	b->sync_ms = 10;
	PGconn *pg = session_open(&server, "postgres");
	snprintf(b->database, sizeof(b->database), "journal%d", ++number_of_test);
	snprintf(sql, sizeof(sql), "create database %s template chat", b->database);
	session_run(pg, sql);
	PQfinish(pg);
	snprintf(b->folder, sizeof(b->folder), "/tmp/store-journal-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	b->admin = session_open(&server, b->database);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	const char *const remove[] = {"rm", "-rf", b->folder, NULL};
	store_close(b->store, 1000);
	PQfinish(b->admin);
	assert_int_equal(server_run(remove, true), 0);
	free(b->saved);
	free(b);
	return 0;
}

static void what_cannot_be_stored_before_the_end_is_stored_after_the_next_start(void **state)
{
	struct bench *b = *state;
	stop_server(b);
	open_store(b);
	save_many(b, 0, 500);
	int64_t began = clock_ms();
	assert_int_equal(close_store(b), 500);
	assert_in_range(clock_ms() - began, 0, CLOSE_MS - 1000);
	open_store(b);
	assert_int_equal(store_waiting(b->store), 500);
	/* New ones stand behind the old ones. */
	save_many(b, 500, 500);
	start_server(b);
	assert_all_said(b, 1000);
	assert_int_equal(b->saved[0].from, 0);
	assert_int_equal(b->saved[999].from, 7);
	assert_int_equal(close_store(b), 0);
	open_store(b);
	assert_int_equal(store_waiting(b->store), 0);
}

static void with_each_message_synced_it_is_the_same(void **state)
{
	struct bench *b = *state;
	b->sync_ms = 0;
	what_cannot_be_stored_before_the_end_is_stored_after_the_next_start(state);
}

static void memory_is_bounded_while_the_database_is_away(void **state)
{
	struct bench *b = *state;
	b->queue_limit = 100;
	stop_server(b);
	open_store(b);
	save_many(b, 0, 1000);
	struct mallinfo2 before = mallinfo2();
	save_many(b, 1000, 40000);
	struct mallinfo2 after = mallinfo2();
	assert_true(after.uordblks < before.uordblks + 100000);
	assert_int_equal(store_waiting(b->store), 41000);
	start_server(b);
	assert_all_said(b, 41000);
	until(b, strstr(b->log, "back, 41000 messages waited") != NULL);
}

static void under_traffic_beyond_the_memory_the_order_is_kept(void **state)
{
	struct bench *b = *state;
	b->queue_limit = 10;
	open_store(b);
	for (int i = 0; i < 200; i++) {
		save_many(b, i * 100, 100);
		drain(b);
		pause_ms(i % 10);
	}
	assert_all_said(b, 20000);
}

static void a_full_journal_refuses_and_goes_on_when_there_is_room(void **state)
{
	struct bench *b = *state;
	b->queue_limit = 100;
	b->limit_mib = 1;
	stop_server(b);
	open_store(b);
	int count = 0;
	char room[32];
	char text[32];
	for (;; count++) {
		snprintf(room, sizeof(room), "1/%d", 100 + count % ROOMS);
		snprintf(text, sizeof(text), "%d", count / ROOMS);
		struct message m = message(b, room, text);
		enum chat_error error = store_save(b->store, &m);
		if (error != CHAT_OK) {
			assert_int_equal(error, CHAT_EBUSY);
			break;
		}
		assert_true(count < 100000);
	}
	assert_true(count > 8000);
	assert_int_equal(store_waiting(b->store), count);
	start_server(b);
	assert_all_said(b, count);
	save_many(b, count, 100);
	assert_all_said(b, count + 100);
}

static void a_locked_room_does_not_fill_the_journal(void **state)
{
	struct bench *b = *state;
	b->limit_mib = 1;
	open_store(b);
	save(b, "1/2", "0");
	until(b, b->saved_count == 1);
	PGconn *other = session_open(&server, b->database);
	session_run(other, "begin; select from chat.conversations where room = '1/2' for update");
	for (int i = 0; i < 20; i++) {
		char text[32];
		snprintf(text, sizeof(text), "%d", i + 1);
		save(b, "1/2", text);
		save_many(b, i * 1000, 1000);
		until(b, b->saved_count == (size_t)(i + 1) * 1000 + 1);
		/* The files of the others go, by and by. */
		until(b, store_stats(b->store).journal_bytes < 768 * 1024);
	}
	assert_int_equal(store_waiting(b->store), 20);
	session_run(other, "rollback");
	PQfinish(other);
	assert_all_said(b, 20021);
}

static void what_was_stored_before_the_end_is_not_said_again(void **state)
{
	struct bench *b = *state;
	char folder[64];
	const char *const keep[] = {"cp", "-a", b->folder, folder, NULL};
	snprintf(folder, sizeof(folder), "%.50s.kept", b->folder);
	stop_server(b);
	open_store(b);
	save_many(b, 0, 50);
	assert_int_equal(close_store(b), 50);
	assert_int_equal(server_run(keep, true), 0);
	start_server(b);
	open_store(b);
	assert_all_said(b, 50);
	assert_int_equal(close_store(b), 0);
	/* As if the broker had been killed right behind the commit. */
	char original[64];
	const char *const remove[] = {"rm", "-rf", original, NULL};
	snprintf(original, sizeof(original), "%s", b->folder);
	snprintf(b->folder, sizeof(b->folder), "%s", folder);
	assert_int_equal(server_run(remove, true), 0);
	open_store(b);
	save_many(b, 50, 5);
	/* A message stops waiting a moment before it is said. */
	until(b, b->saved_count >= 5);
	until(b, store_waiting(b->store) == 0);
	assert_int_equal(b->saved_count, 5);
	assert_stored_once_and_in_order(b, 55);
}

static void a_replayed_commit_in_doubt_is_said(void **state)
{
	struct bench *b = *state;
	struct proxy proxy;
	char folder[80];
	stop_server(b);
	open_store(b);
	save_many(b, 0, 20);
	assert_int_equal(close_store(b), 20);
	start_server(b);
	session_run(b->admin, "create function slow() returns trigger language plpgsql as $$ begin"
			      " perform pg_sleep(2); return null; end $$;"
			      " create trigger slow before insert on chat.messages"
			      " execute function slow()");
	assert_true(proxy_start(&proxy, server.folder));
	snprintf(folder, sizeof(folder), "%s/proxy", server.folder);
	open_at(b, folder);
	until(b, b->answering);
	until(b, session_number(b->admin, "select count(*) from pg_stat_activity"
					  " where wait_event = 'PgSleep'") > 0);
	proxy_order(&proxy, PROXY_SWALLOW);
	/* Perhaps not all of them: what the first batch leaves waits for its answer. */
	until(b, session_number(b->admin, "select count(*) from chat.messages") > 0);
	assert_int_equal(b->saved_count, 0);
	proxy_order(&proxy, PROXY_CUT);
	assert_all_said(b, 20);
	proxy_stop(&proxy);
}

static void a_repeat_of_what_waits_from_before_is_stored_once(void **state)
{
	struct bench *b = *state;
	stop_server(b);
	open_store(b);
	struct message first = message(b, "1/100", "0");
	first.ref = SLICE("r");
	assert_int_equal(store_save(b->store, &first), CHAT_OK);
	assert_int_equal(close_store(b), 1);
	open_store(b);
	struct message again = message(b, "1/100", "1");
	again.ref = SLICE("r");
	again.from = 99;
	assert_int_equal(store_save(b->store, &again), CHAT_OK);
	start_server(b);
	until(b, b->saved_count == 2);
	assert_int_equal(b->saved[0].as, SAVED_NEW);
	assert_int_equal(b->saved[1].as, SAVED_REPEAT);
	assert_int_equal(b->saved[1].from, 99);
	assert_string_equal(b->saved[1].text, "0");
	assert_stored_once_and_in_order(b, 1);
}

static void a_replayed_message_that_is_refused_is_said_to_nobody(void **state)
{
	struct bench *b = *state;
	session_run(b->admin, "alter table chat.messages add check (text <> 'poison')");
	stop_server(b);
	open_store(b);
	save(b, "1/100", "0");
	save(b, "1/100", "poison");
	save(b, "1/100", "1");
	assert_int_equal(close_store(b), 3);
	start_server(b);
	open_store(b);
	assert_all_said(b, 2);
	assert_int_equal(close_store(b), 0);
	open_store(b);
	assert_int_equal(store_waiting(b->store), 0);
}

/* A message that waits keeps the file, and with it what was settled in there. */
static void what_was_refused_or_repeated_is_not_stored_after_the_next_start(void **state)
{
	struct bench *b = *state;
	open_store(b);
	save(b, "1/2", "0");
	struct message first = message(b, "1/100", "0");
	first.ref = SLICE("r");
	assert_int_equal(store_save(b->store, &first), CHAT_OK);
	until(b, b->saved_count == 2);
	PGconn *other = session_open(&server, b->database);
	session_run(b->admin,
		"alter table chat.messages add constraint clean check (text <> 'poison')");
	session_run(other, "begin; select from chat.conversations where room = '1/2' for update");
	save(b, "1/2", "1");
	save(b, "1/101", "poison");
	struct message again = message(b, "1/100", "1");
	again.ref = SLICE("r");
	assert_int_equal(store_save(b->store, &again), CHAT_OK);
	until(b, b->saved_count == 4);
	assert_int_equal(close_store(b), 1);

	session_run(other, "rollback");
	PQfinish(other);
	session_run(b->admin, "alter table chat.messages drop constraint clean;"
			      " update chat.messages set ref = null");
	open_store(b);
	until(b, store_waiting(b->store) == 0);
	until(b, b->saved_count == 1);
	assert_string_equal(b->saved[0].room, "1/2");
	assert_stored_once_and_in_order(b, 3);
}

static void two_stores_cannot_share_a_journal(void **state)
{
	struct bench *b = *state;
	char reason[STORE_REASON_MAX];
	open_store(b);
	assert_null(try_open(b, server.folder, reason));
	assert_non_null(strstr(reason, "is there another broker"));
}

/* ---- kill -9 */

struct progress {
	_Atomic int64_t accepted; /* store_save has said yes to so many */
};

static void write_until_killed(struct bench *b, struct progress *progress, int from, unsigned seed)
{
	/* What the parent has is not ours to close. */
	open_store(b);
	for (int i = from;; i++) {
		save_many(b, i, 1);
		atomic_store(&progress->accepted, i + 1);
		if (rand_r(&seed) % 30 == 0) {
			drain(b);
			b->saved_count = 0;
		}
		if (rand_r(&seed) % 200 == 0) {
			pause_ms(rand_r(&seed) % 20);
		}
	}
}

static void a_killed_store_loses_and_doubles_nothing(void **state)
{
	struct bench *b = *state;
	struct progress *progress =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(progress, MAP_FAILED);
	int from = 0;
	/* The long form: CHAT_TEST_KILLS=200. */
	const char *kills = getenv("CHAT_TEST_KILLS");
	int rounds = kills == NULL ? 20 : atoi(kills);
	for (int round = 0; round < rounds; round++) {
		/* Small enough to spill, sometimes. */
		b->queue_limit = round % 2 == 0 ? 50 : 10000;
		b->start = (uint64_t)round * 1000;
		atomic_store(&progress->accepted, from);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			write_until_killed(b, progress, from, (unsigned)round);
			_exit(0);
		}
		pause_ms(100 + round * 37 % 200);
		kill(pid, SIGKILL);
		int status;
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		/* The message that was being accepted may be there or not. */
		b->start += 500;
		open_store(b);
		until(b, store_waiting(b->store) == 0);
		assert_int_equal(close_store(b), 0);
		int64_t stored = session_number(b->admin, "select count(*) from chat.messages");
		assert_in_range(stored, progress->accepted, progress->accepted + 1);
		from = (int)stored;
	}
	assert_stored_once_and_in_order(b, from);
	assert_int_equal(session_number(b->admin,
				 "select count(*) - count(distinct key) from chat.messages"),
		0);
	print_message("%d kills, %d messages: lost 0, stored twice 0\n", rounds, from);
	munmap(progress, 4096);
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
		TEST(what_cannot_be_stored_before_the_end_is_stored_after_the_next_start),
		TEST(with_each_message_synced_it_is_the_same),
		TEST(memory_is_bounded_while_the_database_is_away),
		TEST(under_traffic_beyond_the_memory_the_order_is_kept),
		TEST(a_full_journal_refuses_and_goes_on_when_there_is_room),
		TEST(a_locked_room_does_not_fill_the_journal),
		TEST(what_was_stored_before_the_end_is_not_said_again),
		TEST(a_replayed_commit_in_doubt_is_said),
		TEST(a_repeat_of_what_waits_from_before_is_stored_once),
		TEST(a_replayed_message_that_is_refused_is_said_to_nobody),
		TEST(what_was_refused_or_repeated_is_not_stored_after_the_next_start),
		TEST(two_stores_cannot_share_a_journal),
		TEST(a_killed_store_loses_and_doubles_nothing),
	};
	if (argc > 1) {
		cmocka_set_test_filter(argv[1]);
	}
	return cmocka_run_group_tests(tests, start_all, end_all);
}
