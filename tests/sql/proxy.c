#include "proxy.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

#define PAIRS_MAX 8

struct pair {
	int client;
	int server;
};

struct state {
	char folder[64];
	int control;
	int listener;
	bool swallow;
	struct pair pairs[PAIRS_MAX];
	size_t count;
};

static struct sockaddr_un address(const char *folder)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	snprintf(at.sun_path, sizeof(at.sun_path), "%.80s/.s.PGSQL." SERVER_PORT, folder);
	return at;
}

static void accept_pair(struct state *state)
{
	struct sockaddr_un at = address(state->folder);
	int client = accept(state->listener, NULL, NULL);
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	if (client < 0 || server < 0 || state->count == PAIRS_MAX ||
		connect(server, (struct sockaddr *)&at, sizeof(at)) != 0) {
		close(client);
		close(server);
		return;
	}
	state->pairs[state->count++] = (struct pair){client, server};
}

static void end_pair(struct state *state, size_t i)
{
	close(state->pairs[i].client);
	close(state->pairs[i].server);
	state->pairs[i] = state->pairs[--state->count];
}

/* False: the end. */
static bool pass(int from, int to, bool swallow)
{
	char bytes[65536];
	ssize_t n = read(from, bytes, sizeof(bytes));
	for (ssize_t sent = 0; !swallow && sent < n;) {
		ssize_t now = write(to, bytes + sent, (size_t)(n - sent));
		if (now <= 0) {
			return false;
		}
		sent += now;
	}
	return n > 0;
}

static void obey(struct state *state)
{
	char order;
	if (read(state->control, &order, 1) != 1) {
		_exit(0);
	}
	state->swallow = order == PROXY_SWALLOW;
	while (order == PROXY_CUT && state->count > 0) {
		end_pair(state, 0);
	}
	(void)!write(state->control, &order, 1);
}

static void turn(struct state *state)
{
	struct pollfd fds[2 + 2 * PAIRS_MAX] = {
		{.fd = state->control, .events = POLLIN},
		{.fd = state->listener, .events = POLLIN},
	};
	size_t count = state->count;
	for (size_t i = 0; i < count; i++) {
		fds[2 + 2 * i] = (struct pollfd){.fd = state->pairs[i].client, .events = POLLIN};
		fds[3 + 2 * i] = (struct pollfd){.fd = state->pairs[i].server, .events = POLLIN};
	}
	poll(fds, 2 + 2 * count, -1);
	/* From the last to the first: ending one moves the last into its place. */
	for (size_t i = count; i-- > 0;) {
		struct pair p = state->pairs[i];
		bool alive = fds[2 + 2 * i].revents == 0 || pass(p.client, p.server, false);
		alive = alive &&
		        (fds[3 + 2 * i].revents == 0 || pass(p.server, p.client, state->swallow));
		if (!alive) {
			end_pair(state, i);
		}
	}
	if (fds[0].revents != 0) {
		obey(state);
	}
	if (fds[1].revents != 0) {
		accept_pair(state);
	}
}

bool proxy_start(struct proxy *proxy, const char *folder)
{
	struct state state = {0};
	char own[80];
	int control[2];
	snprintf(state.folder, sizeof(state.folder), "%s", folder);
	snprintf(own, sizeof(own), "%.60s/proxy", folder);
	mkdir(own, 0700);
	struct sockaddr_un at = address(own);
	unlink(at.sun_path);
	state.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (state.listener < 0 || bind(state.listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
		listen(state.listener, 16) != 0 ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, control) != 0) {
		return false;
	}
	proxy->pid = fork();
	if (proxy->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		close(control[0]);
		state.control = control[1];
		for (;;) {
			turn(&state);
		}
	}
	close(state.listener);
	close(control[1]);
	proxy->control = control[0];
	return proxy->pid > 0;
}

void proxy_order(const struct proxy *proxy, enum proxy_order order)
{
	char byte = (char)order;
	(void)!write(proxy->control, &byte, 1);
	(void)!read(proxy->control, &byte, 1);
}

void proxy_stop(struct proxy *proxy)
{
	close(proxy->control);
	kill(proxy->pid, SIGKILL);
	waitpid(proxy->pid, NULL, 0);
}
