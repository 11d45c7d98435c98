/* This broker's place in a cluster, as the threads of its store share it.  The feed's thread enters
 * the cluster; the others write under the number that it got, and ring it when they have told the
 * other brokers something. */
#ifndef CHAT_NODE_H
#define CHAT_NODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wakeup.h"

/* Every connection that writes has a stream of its own: chat.tell() counts in it without holes, in
 * the order of the commits. */
#define STREAMS_PER_NODE 8
#define WRITER_SAVER(number) (number) /* four at most */
#define WRITER_LOADER 4
#define WRITER_FEED 5

/* All zero is no cluster. */
struct node {
	bool in_cluster;        /* plugin_opt_cluster; set before the threads start */
	struct wakeup *feed;    /* of the feed's thread; likewise */
	_Atomic int32_t number; /* 0: it has to enter first, or again */
	_Atomic bool split;     /* see agreement.h */
	_Atomic int32_t nodes;  /* in the cluster; 0: not known yet */
	_Atomic uint64_t
		told; /* counts what the feed's thread is soon to read, and wake others for */
};

/* What others see in chat.nodes where the operator gave no name: host and process. */
#define NODE_NAME_MAX 96
void node_default_name(char name[NODE_NAME_MAX]);

/* A descriptor that whoever writes has to keep, to ring it; -1: none. */
int node_descriptor(const struct node *node);

/* Whether a statement that tells may run: there is no cluster, or this broker is in it. */
bool node_may_tell(const struct node *node);

/* Nobody else is in the cluster. */
bool node_is_alone(const struct node *node);

/* A statement that tells has succeeded, of this writer. */
void node_told(struct node *node, int writer);

/* Something that a statement has told is needed here, now. */
void node_needs_news(struct node *node);

/* The database says that this stream is closed: the broker has to enter again, unless it has. */
void node_is_out(struct node *node, int32_t stream);

#endif
