/* A process between the store and the server that can lose answers and cut connections. */
#ifndef CHAT_TESTS_PROXY_H
#define CHAT_TESTS_PROXY_H

#include <stdbool.h>
#include <sys/types.h>

struct proxy {
	pid_t pid;
	int control;
};

enum proxy_order {
	PROXY_PASS = 'p',
	PROXY_SWALLOW = 's', /* what the server says is lost; what the client says arrives */
	PROXY_CUT = 'c',     /* ends all connections; new ones pass */
};

/* Listens on a socket in `folder`/proxy as a server would. */
bool proxy_start(struct proxy *proxy, const char *folder);
/* Returns when it is in force. */
void proxy_order(const struct proxy *proxy, enum proxy_order order);
void proxy_stop(struct proxy *proxy);

#endif
