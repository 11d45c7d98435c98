#include "worker.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define IN_SIZE (1024 * 1024)
#define OUTSTANDING_MAX 64     /* of one user; a power of two */
#define LOOK_NS 100000000      /* how often attempts are looked at */
#define ATTEMPT_NS 15000000000 /* an attempt to connect may take so long */
#define RETRY_NS 200000000
#define CLIENTS_PER_ADDRESS 20000 /* local ports are fewer than 2^16 */
#define NAME_MAX_LEN 32
#define TOPIC_MAX_LEN 64

enum state {
	STATE_IDLE,
	STATE_CONNECTING,
	STATE_UPGRADING,
	STATE_LOGIN,
	STATE_JOINING,
	STATE_READY,
	STATE_GONE,
};

struct client {
	int fd;
	enum state state;
	unsigned id;
	bool subscribed;
	bool has_unread;
	bool has_history;
	bool wants_out;
	uint16_t packet_id;
	struct frames frames;
	struct bytes left_in;  /* the beginning of a packet whose end has not come */
	struct bytes left_out; /* what the socket did not take */
	uint64_t begun;        /* the first attempt */
	uint64_t tried;        /* this attempt; in STATE_IDLE when to try again */
	uint32_t sent;
	uint32_t echoed; /* the highest own message heard */
	uint32_t heard;  /* and the highest of the peer */
	uint64_t seq;    /* of the chat */
	uint64_t *due;   /* when each outstanding message was due, by its number */
};

uint64_t steady_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec cpu;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
	return (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec;
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);
	if (memory == NULL) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	return memory;
}

/* Only this thread writes them. */
static void count_one(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

static bool speaking(const struct worker *worker)
{
	return worker->seen == PHASE_WARM || worker->seen == PHASE_MEASURE;
}

/* Who is who. */

static void chat_topic(const struct client *client, char topic[TOPIC_MAX_LEN])
{
	/* The shorter id first, so 9 and 10 are in order as they stand. */
	unsigned low = client->id % 2 == 1 ? client->id : client->id - 1;
	snprintf(topic, TOPIC_MAX_LEN, "chat/%u/%u", low, low + 1);
}

static void sign(const char *secret, const char *username, char password[48])
{
	unsigned char digest[32];
	unsigned len = sizeof(digest);
	HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)username,
		strlen(username), digest, &len);
	EVP_EncodeBlock((unsigned char *)password, digest, (int)len);
}

static void login(struct worker *worker, const struct client *client)
{
	char client_id[NAME_MAX_LEN];
	char username[2 * NAME_MAX_LEN];
	char password[48];
	snprintf(client_id, sizeof(client_id), "bench%u", client->id);
	snprintf(username, sizeof(username), "%u:user %u", client->id, client->id);
	bool chat = worker->plan->chat;
	if (chat) {
		sign(worker->plan->secret, username, password);
	}
	wire_connect(&worker->out, worker->plan->dialect, client_id, chat ? username : NULL,
		chat ? password : NULL);
}

static void join(struct worker *worker, const struct client *client)
{
	char lobby[TOPIC_MAX_LEN];
	char chat[TOPIC_MAX_LEN];
	snprintf(lobby, sizeof(lobby), "user/%u", client->id);
	chat_topic(client, chat);
	wire_subscribe(&worker->out, worker->plan->dialect, (const char *const[]){lobby, chat}, 2);
}

/* Sockets. */

static void listen_for(struct worker *worker, struct client *client, bool out)
{
	if (client->wants_out == out) {
		return;
	}
	client->wants_out = out;
	struct epoll_event event = {
		.events = EPOLLIN | (out ? (uint32_t)EPOLLOUT : 0), .data.ptr = client};
	epoll_ctl(worker->epoll, EPOLL_CTL_MOD, client->fd, &event);
}

static void hang_up(struct client *client)
{
	if (client->fd >= 0) {
		/* Without TIME_WAIT: the next run wants the ports. */
		struct linger linger = {.l_onoff = 1};
		setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		close(client->fd);
	}
	client->fd = -1;
	client->left_in.len = client->left_out.len = 0;
	client->frames = (struct frames){0};
}

/* The connection is of no use any more: the next attempt follows, if there is one. */
static void fail(struct worker *worker, struct client *client)
{
	bool was_ready = client->state == STATE_READY;
	hang_up(client);
	if (client->state == STATE_GONE) {
		return;
	}
	if (was_ready) {
		if (worker->seen != PHASE_LEAVE) {
			count_one(&worker->lost_connections);
		}
		atomic_fetch_sub(&worker->ready, 1);
		client->state = STATE_GONE;
		return;
	}
	worker->failed_attempts++;
	worker->connecting--;
	client->state = STATE_IDLE;
	client->subscribed = client->has_unread = client->has_history = false;
	client->tried = steady_ns() + RETRY_NS;
}

static void dial(struct worker *worker, struct client *client)
{
	const struct plan *plan = worker->plan;
	client->tried = steady_ns();
	if (client->begun == 0) {
		client->begun = client->tried;
	}
	client->state = STATE_CONNECTING;
	worker->connecting++;
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0) {
		perror("socket");
		exit(2);
	}
	int yes = 1;
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
	struct sockaddr_in from = {.sin_family = AF_INET};
	from.sin_addr.s_addr =
		htonl(INADDR_LOOPBACK + 1 + (client->id - plan->first) / CLIENTS_PER_ADDRESS);
	if (bind(client->fd, (struct sockaddr *)&from, sizeof(from)) != 0) {
		perror("bind");
		exit(2);
	}
	client->wants_out = true;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
	epoll_ctl(worker->epoll, EPOLL_CTL_ADD, client->fd, &event);
	struct sockaddr_in to = plan->address;
	to.sin_port = plan->ports[(client->id - plan->first) % plan->brokers];
	if (connect(client->fd, (const struct sockaddr *)&to, sizeof(to)) != 0 &&
		errno != EINPROGRESS) {
		fail(worker, client);
	}
}

/* Sends what was written to worker->out, behind what waits already. */
static void flush(struct worker *worker, struct client *client)
{
	struct bytes *out = &worker->out;
	if (out->len == 0 || client->fd < 0) {
		out->len = 0;
		return;
	}
	ssize_t sent = 0;
	if (client->left_out.len == 0) {
		sent = send(client->fd, out->at, out->len, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN) {
			out->len = 0;
			fail(worker, client);
			return;
		}
		sent = sent < 0 ? 0 : sent;
	}
	if ((size_t)sent < out->len) {
		bytes_add(&client->left_out, out->at + sent, out->len - (size_t)sent);
		listen_for(worker, client, true);
	}
	out->len = 0;
}

static void resume_output(struct worker *worker, struct client *client)
{
	struct bytes *left = &client->left_out;
	ssize_t sent = send(client->fd, left->at, left->len, MSG_NOSIGNAL);
	if (sent < 0) {
		if (errno != EAGAIN) {
			fail(worker, client);
		}
		return;
	}
	memmove(left->at, left->at + sent, left->len - (size_t)sent);
	left->len -= (size_t)sent;
	if (left->len == 0) {
		listen_for(worker, client, false);
	}
}

/* Speaking. */

#define MARK_LEN 22 /* "~" id "." number, ten digits each: where a text says what it is */

/* Each user has a reaction of one's own, which comes and goes. */
#define REACT_BEFORE "{\"event\":\"react\",\"seq\":1,\"on\":"
#define REACT_ON_AT (sizeof(REACT_BEFORE) - 1)

static void put_number(char *at, uint32_t number)
{
	for (int i = 9; i >= 0; i--) {
		at[i] = (char)('0' + number % 10);
		number /= 10;
	}
}

/* Appends a message to worker->out. `due`: when it should be on its way. */
static void speak(struct worker *worker, struct client *client, uint64_t due)
{
	struct bytes *payload = &worker->payload;
	char topic[TOPIC_MAX_LEN];
	chat_topic(client, topic);
	client->sent++;
	client->due[client->sent & (OUTSTANDING_MAX - 1)] = due;
	/* The payload was written by worker_init, but for who and which. */
	char *mark = memchr(payload->at, '~', payload->len);
	put_number(mark + 1, client->id);
	put_number(mark + 12, client->sent);
	if (worker->plan->react && worker->plan->chat) {
		memcpy(payload->at + REACT_ON_AT, client->sent % 2 == 1 ? "true " : "false", 5);
	}
	if (++client->packet_id == 0) {
		client->packet_id = 1;
	}
	wire_publish(&worker->out, worker->plan->dialect, topic, payload->at, payload->len,
		worker->plan->qos, client->packet_id);
	count_one(&worker->sent);
}

static void make_payload(struct worker *worker)
{
	static const char react[] =
		REACT_BEFORE "false,\"reaction\":\"+1\",\"ref\":\"~0000000000.0000000000\"}";
	static const char before[] = "{\"event\":\"message\",\"text\":\"";
	static const char after[] = "\"}";
	struct bytes *payload = &worker->payload;
	if (worker->plan->react && worker->plan->chat) {
		bytes_add(payload, react, sizeof(react) - 1);
		return;
	}
	if (worker->plan->chat) {
		bytes_add(payload, before, sizeof(before) - 1);
	}
	size_t len = worker->plan->size < MARK_LEN ? MARK_LEN : worker->plan->size;
	bytes_reserve(payload, len);
	memset(payload->at + payload->len, 'x', len);
	payload->at[payload->len] = '~';
	payload->at[payload->len + 11] = '.';
	payload->len += len;
	if (worker->plan->chat) {
		bytes_add(payload, after, sizeof(after) - 1);
	}
}

/* Hearing. */

static uint64_t number_at(const char *at, const char *end)
{
	uint64_t number = 0;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (uint64_t)(*at - '0');
	}
	return number;
}

static const char *find(const struct packet *packet, const char *what)
{
	return memmem(packet->payload, packet->payload_len, what, strlen(what));
}

/* One more of a row of numbers that has to be without holes. */
static bool in_order(struct worker *worker, uint64_t last, uint64_t number)
{
	if (number == last) {
		worker->faults.duplicated++;
	} else if (number < last) {
		worker->faults.out_of_order++;
	} else if (number > last + 1) {
		worker->faults.gaps += number - last - 1;
	}
	return number > last;
}

static void heard_own(struct worker *worker, struct client *client, uint32_t number)
{
	if (!in_order(worker, client->echoed, number)) {
		return;
	}
	client->echoed = number;
	count_one(&worker->echoed);
	if (worker->seen == PHASE_MEASURE) {
		hist_add(&worker->echo, steady_ns() - client->due[number & (OUTSTANDING_MAX - 1)]);
	}
	if (worker->plan->mode == MODE_CLOSED && speaking(worker)) {
		speak(worker, client, steady_ns());
	}
}

/* Clients stand in pairs, so the peer is next to us. */
static struct client *peer_of(struct client *client)
{
	return client->id % 2 == 1 ? client + 1 : client - 1;
}

static void heard_peer(struct worker *worker, struct client *client, uint32_t number)
{
	const struct client *peer = peer_of(client);
	if (!in_order(worker, client->heard, number)) {
		return;
	}
	client->heard = number;
	count_one(&worker->delivered);
	if (worker->seen == PHASE_MEASURE && peer->sent - number < OUTSTANDING_MAX) {
		hist_add(&worker->peer, steady_ns() - peer->due[number & (OUTSTANDING_MAX - 1)]);
	}
}

/* A message, or a change of one.  `mark`: where it says whose and which it is; `number_label`:
 * before the number that the chat gave it. */
static void heard_marked(struct worker *worker, struct client *client, const struct packet *packet,
	const char *mark, const char *number_label)
{
	const char *end = packet->payload + packet->payload_len;
	if (mark == NULL || end - mark < MARK_LEN) {
		worker->faults.foreign++;
		return;
	}
	if (worker->plan->chat) {
		const char *at = find(packet, number_label);
		uint64_t seq = at == NULL ? 0 : number_at(at + strlen(number_label), end);
		in_order(worker, client->seq, seq);
		client->seq = seq;
	}
	uint32_t id = (uint32_t)number_at(mark + 1, end);
	uint32_t number = (uint32_t)number_at(mark + 12, end);
	if (id == client->id) {
		heard_own(worker, client, number);
	} else if (id == peer_of(client)->id) {
		heard_peer(worker, client, number);
	} else {
		worker->faults.foreign++;
	}
}

static void heard_message(struct worker *worker, struct client *client, const struct packet *packet)
{
	heard_marked(worker, client, packet, memchr(packet->payload, '~', packet->payload_len),
		"\"seq\":");
}

static void heard_changed(struct worker *worker, struct client *client, const struct packet *packet)
{
	static const char label[] = "\"ref\":\"";
	const char *ref = find(packet, label);
	heard_marked(worker, client, packet, ref == NULL ? NULL : ref + sizeof(label) - 1,
		"\"change\":");
}

/* The newest message of the page: the `seq` that the next one follows. */
static void heard_history(
	const struct worker *worker, struct client *client, const struct packet *packet)
{
	/* Of changes, the number of the last one; it stands behind the messages. */
	const char *label = worker->plan->react ? "\"change\":" : "\"seq\":";
	struct packet rest = *packet;
	const char *end = packet->payload + packet->payload_len;
	const char *at;
	client->has_history = true;
	client->seq = 0;
	while ((at = find(&rest, label)) != NULL) {
		rest.payload = at + strlen(label);
		rest.payload_len = (size_t)(end - rest.payload);
		client->seq = number_at(rest.payload, end);
	}
}

static bool is_event(const char *at, const struct packet *packet, const char *name)
{
	size_t len = strlen(name);
	size_t left = packet->payload_len - (size_t)(at - packet->payload);
	return left > len && memcmp(at, name, len) == 0 && at[len] == '"';
}

static void heard_event(struct worker *worker, struct client *client, const struct packet *packet)
{
	static const char label[] = "\"event\":\"";
	const char *at = find(packet, label);
	if (at == NULL) {
		worker->faults.foreign++;
		return;
	}
	at += sizeof(label) - 1;
	if (is_event(at, packet, "message")) {
		heard_message(worker, client, packet);
	} else if (is_event(at, packet, "changed")) {
		heard_changed(worker, client, packet);
	} else if (is_event(at, packet, "history")) {
		heard_history(worker, client, packet);
	} else if (is_event(at, packet, "unread")) {
		client->has_unread = true;
	} else if (is_event(at, packet, "error")) {
		if (worker->faults.errors++ == 0) {
			fprintf(stderr, "the first error: %.*s\n", (int)packet->payload_len,
				packet->payload);
		}
	} else {
		worker->other_events++;
	}
}

static void become_ready(struct worker *worker, struct client *client)
{
	uint64_t now = steady_ns();
	client->state = STATE_READY;
	worker->connecting--;
	hist_add(&worker->connect, now - client->begun);
	atomic_store(&worker->last_ready, now);
	atomic_fetch_add(&worker->ready, 1);
}

static bool has_joined(const struct worker *worker, const struct client *client)
{
	return client->subscribed &&
	       (!worker->plan->chat || (client->has_unread && client->has_history));
}

/* False: the connection is of no use any more. */
static bool take(struct worker *worker, struct client *client, const struct packet *packet)
{
	switch (packet->type) {
	case PACKET_CONNACK:
		if (packet->code != 0) {
			fprintf(stderr, "user %u: login refused, code %u\n", client->id,
				packet->code);
			return false;
		}
		client->state = STATE_JOINING;
		join(worker, client);
		client->subscribed = worker->plan->dialect.socketio;
		break;
	case PACKET_SUBACK:
		if (packet->code >= 0x80) {
			fprintf(stderr, "user %u: subscribe refused, code %u\n", client->id,
				packet->code);
			return false;
		}
		client->subscribed = true;
		atomic_store(&worker->last_subscribed, steady_ns());
		break;
	case PACKET_PUBLISH:
		if (packet->packet_id != 0) {
			wire_puback(&worker->out, worker->plan->dialect, packet->packet_id);
		}
		if (worker->plan->chat) {
			heard_event(worker, client, packet);
		} else {
			heard_message(worker, client, packet);
		}
		break;
	default:
		break;
	}
	if (client->state == STATE_JOINING && has_joined(worker, client)) {
		become_ready(worker, client);
	}
	return true;
}

/* Returns how many bytes were taken, SIZE_MAX when the connection is of no use any more. */
static size_t take_packets(
	struct worker *worker, struct client *client, const unsigned char *in, size_t len)
{
	size_t at = 0;
	for (;;) {
		struct packet packet;
		size_t took = wire_read(in + at, len - at, worker->plan->dialect, &packet);
		if (took == SIZE_MAX || (took > 0 && !take(worker, client, &packet))) {
			return SIZE_MAX;
		}
		if (took == 0) {
			return at;
		}
		at += took;
	}
}

/* Returns how many bytes the answer has, 0 when it is not complete, SIZE_MAX when it is a refusal.
 */
static size_t take_upgrade(
	struct worker *worker, struct client *client, const unsigned char *in, size_t len)
{
	const unsigned char *end = memmem(in, len, "\r\n\r\n", 4);
	if (end == NULL) {
		return 0;
	}
	if (len < 12 || memcmp(in, "HTTP/1.1 101", 12) != 0) {
		return SIZE_MAX;
	}
	client->state = STATE_LOGIN;
	login(worker, client);
	return (size_t)(end + 4 - in);
}

/* What came in, behind what was left of the last time. */
static void take_input(struct worker *worker, struct client *client, size_t old, size_t fresh)
{
	unsigned char *in = worker->in;
	size_t len = old + fresh;
	size_t took = 0;
	if (client->state == STATE_UPGRADING) {
		took = take_upgrade(worker, client, in, len);
		bool more = took > 0 && took != SIZE_MAX && took < len;
		if (more && worker->plan->dialect.socketio) {
			memmove(in, in + took, len - took);
			take_input(worker, client, 0, len - took);
			return;
		}
		if (more) {
			took = SIZE_MAX; /* nobody has anything to say before the login */
		}
	} else {
		if (worker->plan->dialect.ws) {
			fresh = frames_strip(&client->frames, in + old, fresh);
		}
		len = old + fresh;
		took = fresh == SIZE_MAX ? SIZE_MAX : take_packets(worker, client, in, len);
	}
	if (took == SIZE_MAX) {
		worker->out.len = 0;
		fail(worker, client);
		return;
	}
	client->left_in.len = 0;
	if (took < len) {
		bytes_add(&client->left_in, in + took, len - took);
	}
	flush(worker, client);
}

static void on_readable(struct worker *worker, struct client *client)
{
	size_t old = client->left_in.len;
	if (old > 0) {
		memcpy(worker->in, client->left_in.at, old);
	}
	ssize_t fresh = recv(client->fd, worker->in + old, IN_SIZE - old, 0);
	if (fresh < 0 && errno == EAGAIN) {
		return;
	}
	if (fresh <= 0) {
		fail(worker, client);
		return;
	}
	take_input(worker, client, old, (size_t)fresh);
}

static void on_connected(struct worker *worker, struct client *client)
{
	int error = 0;
	socklen_t len = sizeof(error);
	getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		fail(worker, client);
		return;
	}
	listen_for(worker, client, false);
	if (worker->plan->dialect.ws) {
		client->state = STATE_UPGRADING;
		wire_upgrade(&worker->out, worker->plan->dialect, worker->plan->host);
	} else {
		client->state = STATE_LOGIN;
		login(worker, client);
	}
	flush(worker, client);
}

static void on_event(struct worker *worker, struct client *client, uint32_t events)
{
	if (client->fd < 0) {
		return;
	}
	if (client->state == STATE_CONNECTING) {
		on_connected(worker, client);
		return;
	}
	if ((events & EPOLLOUT) != 0 && client->left_out.len > 0) {
		resume_output(worker, client);
	}
	if (client->fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
		on_readable(worker, client);
	}
}

/* The loop. */

static unsigned share_of(unsigned whole, const struct worker *worker)
{
	unsigned threads = worker->plan->threads;
	return (whole + threads - 1 - worker->index) / threads;
}

static void connect_more(struct worker *worker)
{
	unsigned at_once = worker->plan->at_once == 0 ? worker->count
	                                              : share_of(worker->plan->at_once, worker);
	at_once = at_once == 0 ? 1 : at_once;
	while (worker->next_connect < worker->count && worker->connecting < at_once) {
		dial(worker, &worker->clients[worker->next_connect++]);
	}
}

/* Attempts that take too long, and those that are due again. */
static void look_at_attempts(struct worker *worker)
{
	uint64_t now = steady_ns();
	if (now < worker->next_look) {
		return;
	}
	worker->next_look = now + LOOK_NS;
	for (unsigned i = 0; i < worker->next_connect; i++) {
		struct client *client = &worker->clients[i];
		bool trying = client->state > STATE_IDLE && client->state < STATE_READY;
		if (client->state == STATE_IDLE && now >= client->tried) {
			dial(worker, client);
		} else if (trying && now - client->tried > ATTEMPT_NS) {
			fail(worker, client);
		}
	}
}

static void all_speak(struct worker *worker)
{
	for (unsigned i = 0; i < worker->count; i++) {
		struct client *client = &worker->clients[i];
		if (client->state == STATE_READY) {
			speak(worker, client, steady_ns());
			flush(worker, client);
		}
	}
}

static uint64_t interval_ns(const struct worker *worker)
{
	return UINT64_C(1000000000) * worker->plan->threads / worker->plan->rate;
}

static void start_clock(struct worker *worker)
{
	worker->next_due =
		steady_ns() + interval_ns(worker) * worker->index / worker->plan->threads;
}

/* Sends what is due, each in its turn; sets the timer for the next. */
static void speak_on_time(struct worker *worker)
{
	while (worker->next_due <= steady_ns()) {
		struct client *client = &worker->clients[worker->next_speaker];
		worker->next_speaker = (worker->next_speaker + 1) % worker->count;
		if (client->sent - client->echoed >= OUTSTANDING_MAX) {
			worker->held_back++;
		} else if (client->state == STATE_READY) {
			speak(worker, client, worker->next_due);
			flush(worker, client);
		}
		worker->next_due += interval_ns(worker);
	}
	struct itimerspec at = {
		.it_value = {.tv_sec = (time_t)(worker->next_due / 1000000000u),
			.tv_nsec = (long)(worker->next_due % 1000000000u)},
	};
	timerfd_settime(worker->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void see_phase(struct worker *worker)
{
	enum phase phase = atomic_load(worker->phase);
	if (phase == worker->seen) {
		return;
	}
	bool spoke = speaking(worker);
	worker->seen = phase;
	if (spoke || !speaking(worker)) {
		return;
	}
	if (worker->plan->mode == MODE_CLOSED) {
		all_speak(worker);
	} else if (worker->plan->mode == MODE_RATE) {
		start_clock(worker);
	}
}

static void turn(struct worker *worker)
{
	struct epoll_event events[256];
	int count = epoll_wait(worker->epoll, events, 256, worker->plan->spin ? 0 : 20);
	see_phase(worker);
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == NULL) {
			uint64_t times;
			(void)!read(worker->timer, &times, sizeof(times));
		} else {
			on_event(worker, events[i].data.ptr, events[i].events);
		}
	}
	if (worker->seen == PHASE_CONNECT) {
		connect_more(worker);
		look_at_attempts(worker);
	} else if (speaking(worker) && worker->plan->mode == MODE_RATE) {
		speak_on_time(worker);
	}
	atomic_store_explicit(&worker->cpu_ns, thread_cpu_ns(), memory_order_relaxed);
}

/* Takes leave of the broker, and waits a little for it to hang up. */
static void leave(struct worker *worker)
{
	for (unsigned i = 0; i < worker->count; i++) {
		struct client *client = &worker->clients[i];
		if (client->state == STATE_READY) {
			wire_disconnect(&worker->out, worker->plan->dialect);
			flush(worker, client);
		}
	}
	uint64_t until = steady_ns() + UINT64_C(3000000000);
	while (atomic_load(&worker->ready) > 0 && steady_ns() < until) {
		turn(worker);
	}
	for (unsigned i = 0; i < worker->count; i++) {
		hang_up(&worker->clients[i]);
	}
}

void *worker_run(void *arg)
{
	struct worker *worker = arg;
	while (worker->seen != PHASE_LEAVE) {
		turn(worker);
	}
	leave(worker);
	return NULL;
}

void worker_init(
	struct worker *worker, const struct plan *plan, _Atomic enum phase *phase, unsigned index)
{
	*worker = (struct worker){.plan = plan, .phase = phase, .index = index};
	worker->count = 2 * share_of(plan->users / 2, worker);
	worker->clients = allocate(worker->count, sizeof(*worker->clients));
	worker->in = allocate(1, IN_SIZE);
	bool speaks = plan->mode == MODE_CLOSED || plan->mode == MODE_RATE;
	for (unsigned i = 0; i < worker->count; i++) {
		struct client *client = &worker->clients[i];
		client->fd = -1;
		client->id = plan->first + 2 * (i / 2 * plan->threads + index) + i % 2;
		client->due = allocate(speaks ? OUTSTANDING_MAX : 1, sizeof(*client->due));
	}
	make_payload(worker);
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	worker->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN};
	if (worker->epoll < 0 || worker->timer < 0 ||
		epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->timer, &event) != 0) {
		perror("epoll or timer");
		exit(2);
	}
}

void worker_finish(struct worker *worker)
{
	for (unsigned i = 0; i < worker->count; i++) {
		struct client *client = &worker->clients[i];
		free(client->left_in.at);
		free(client->left_out.at);
		free(client->due);
	}
	free(worker->clients);
	free(worker->in);
	free(worker->out.at);
	free(worker->payload.at);
	close(worker->epoll);
	close(worker->timer);
}
