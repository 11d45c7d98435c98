#include "remotes.h"

#include <stdlib.h>
#include <string.h>

#include "message.h"

const struct remote *remotes_find(const struct remote *list, bool by_a)
{
	while (list != NULL && list->by_a != by_a) {
		list = list->next;
	}
	return list;
}

/* The link that leads to it; to NULL when it is not there. */
static struct remote **link_to(struct remote **list, int32_t node, bool by_a)
{
	while (*list != NULL && ((*list)->node != node || (*list)->by_a != by_a)) {
		list = &(*list)->next;
	}
	return list;
}

bool remotes_add(struct remote **list, int32_t node, bool by_a, struct slice name)
{
	struct remote **link = link_to(list, node, by_a);
	if (*link != NULL) {
		(*link)->is_old = false;
		return false;
	}
	struct remote *remote =
		name.len > NAME_MAX_BYTES ? NULL : malloc(sizeof(*remote) + name.len);
	if (remote == NULL) {
		return false;
	}
	*remote = (struct remote){.node = node, .by_a = by_a, .name_len = (uint32_t)name.len};
	if (name.len > 0) {
		memcpy(remote->name, name.bytes, name.len);
	}
	*link = remote;
	return true;
}

bool remotes_remove(struct remote **list, int32_t node, bool by_a)
{
	struct remote **link = link_to(list, node, by_a);
	struct remote *remote = *link;
	if (remote == NULL) {
		return false;
	}
	*link = remote->next;
	free(remote);
	return true;
}

void remotes_age(struct remote *list)
{
	for (; list != NULL; list = list->next) {
		list->is_old = true;
	}
}

const struct remote *remotes_outdated(const struct remote *list, int32_t node)
{
	while (list != NULL && (node == 0 ? !list->is_old : list->node != node)) {
		list = list->next;
	}
	return list;
}

void remotes_free(struct remote **list)
{
	while (*list != NULL) {
		struct remote *remote = *list;
		*list = remote->next;
		free(remote);
	}
}
