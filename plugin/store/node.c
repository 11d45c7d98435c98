#include "node.h"

#include <stdio.h>
#include <unistd.h>

void node_default_name(char name[NODE_NAME_MAX])
{
	char host[64] = "";
	(void)gethostname(host, sizeof(host) - 1);
	snprintf(name, NODE_NAME_MAX, "%s:%d", host, (int)getpid());
}

int node_descriptor(const struct node *node)
{
	return node->in_cluster ? node->feed->fd : -1;
}

bool node_may_tell(const struct node *node)
{
	return !node->in_cluster || atomic_load(&node->number) != 0;
}

static void read_soon(struct node *node)
{
	atomic_fetch_add(&node->told, 1);
	wakeup_ring(node->feed);
}

bool node_is_alone(const struct node *node)
{
	return atomic_load(&node->nodes) == 1;
}

/* Whoever is alone rarely needs what its savers have told, and says so then: see chat_saved(). */
void node_told(struct node *node, int writer)
{
	if (node->in_cluster && (writer >= WRITER_LOADER || !node_is_alone(node))) {
		read_soon(node);
	}
}

void node_needs_news(struct node *node)
{
	if (node->in_cluster && node_is_alone(node)) {
		read_soon(node);
	}
}

void node_is_out(struct node *node, int32_t stream)
{
	int32_t number = stream / STREAMS_PER_NODE;
	if (atomic_compare_exchange_strong(&node->number, &number, 0)) {
		wakeup_ring(node->feed);
	}
}
