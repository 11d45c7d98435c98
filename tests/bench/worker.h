/* One thread of the load generator with its share of the clients: an epoll loop that connects them,
 * lets them speak, and checks what they hear.
 *
 * Users come in pairs (1 and 2, 3 and 4, …), each pair in one chat, each user subscribed to lobby
 * and chat.  A worker has both users of a pair. */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hist.h"
#include "wire.h"

#define BROKERS_MAX 8

enum mode {
	MODE_CLOSED, /* each user has one message outstanding */
	MODE_RATE,   /* so many a second in all, whatever comes back */
	MODE_STORM,  /* connect, and that is all */
	MODE_IDLE,   /* connect, and stay */
};

/* What all workers do now; the main thread moves it on. */
enum phase {
	PHASE_CONNECT,
	PHASE_QUIET, /* all are ready, nobody speaks */
	PHASE_WARM,
	PHASE_MEASURE,
	PHASE_DRAIN, /* nobody begins a message */
	PHASE_LEAVE,
};

struct plan {
	bool chat; /* the plugin answers; otherwise the broker relays */
	struct dialect dialect;
	enum mode mode;
	struct sockaddr_in address;   /* without the port */
	in_port_t ports[BROKERS_MAX]; /* users go to them in turn: a pair's two to neighbours */
	unsigned brokers;
	const char *host; /* for the upgrade: "address:port" */
	const char *secret;
	unsigned users;
	unsigned first; /* id of the first user, odd */
	unsigned threads;
	unsigned at_once; /* connects on their way, in all; 0: no bound */
	unsigned rate;
	unsigned size; /* bytes of a message */
	bool react;    /* instead of messages, to the chat's first one: on and off */
	int qos;
	bool spin; /* never sleep: the broker then has nobody to wake */
};

/* Everything that must be 0. */
struct faults {
	uint64_t duplicated;
	uint64_t out_of_order;
	uint64_t gaps;    /* messages that were skipped, by the senders' numbers or by `seq` */
	uint64_t errors;  /* `error` events */
	uint64_t foreign; /* messages that we did not send */
};

struct worker {
	const struct plan *plan;
	_Atomic enum phase *phase;
	unsigned index;
	struct client *clients;
	unsigned count;
	/* Read by the main thread at any time. */
	_Atomic unsigned ready;
	_Atomic uint64_t sent;
	_Atomic uint64_t echoed;
	_Atomic uint64_t delivered;
	_Atomic uint64_t lost_connections;
	_Atomic uint64_t cpu_ns;
	_Atomic uint64_t last_subscribed; /* steady ns */
	_Atomic uint64_t last_ready;
	/* To be read when the thread has ended, or by itself. */
	struct faults faults;
	uint64_t failed_attempts;
	uint64_t other_events;
	uint64_t held_back;  /* in MODE_RATE, because too many of that user were outstanding */
	struct hist connect; /* from the first connect() to ready */
	struct hist echo;
	struct hist peer;
	/* The loop's own. */
	int epoll;
	int timer;
	unsigned next_connect;
	unsigned connecting;
	unsigned next_speaker;
	uint64_t next_due;
	uint64_t next_look;
	enum phase seen;
	struct bytes out;
	struct bytes payload;
	unsigned char *in;
};

uint64_t steady_ns(void);

/* Makes the clients of worker `index`; running out of memory ends the program. */
void worker_init(
	struct worker *worker, const struct plan *plan, _Atomic enum phase *phase, unsigned index);
void worker_finish(struct worker *worker);

/* The thread: `arg` is the worker.  Ends after PHASE_LEAVE. */
void *worker_run(void *arg);

#endif
