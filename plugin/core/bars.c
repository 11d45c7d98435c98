#include "bars.h"

#include <stdlib.h>

struct bar {
	struct table_link by_id;
	bool barred;
	int64_t revoked_before;
	uint32_t id_len;
	char id[];
};

static bool has_id(const struct table_link *link, const void *id)
{
	const struct bar *bar = TABLE_ELEMENT(link, struct bar, by_id);
	return slice_equal(slice_of(bar->id, bar->id_len), *(const struct slice *)id);
}

static struct bar *find(const struct bars *bars, struct slice id, uint64_t hash)
{
	struct table_link *link = table_find(&bars->by_id, hash, has_id, &id);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct bar, by_id);
}

static struct bar *add(struct bars *bars, struct slice id, uint64_t hash)
{
	struct bar *bar = calloc(1, sizeof(*bar) + id.len);
	if (bar != NULL) {
		bar->id_len = (uint32_t)id.len;
		memcpy(bar->id, id.bytes, id.len);
		table_add(&bars->by_id, &bar->by_id, hash);
	}
	return bar;
}

static void forget(struct bars *bars, struct bar *bar)
{
	table_remove(&bars->by_id, &bar->by_id);
	free(bar);
}

enum chat_error bars_set(struct bars *bars, struct slice id, bool barred, int64_t revoked_before)
{
	uint64_t hash = siphash(&bars->key, id);
	struct bar *bar = find(bars, id, hash);
	if (!barred && revoked_before == 0) {
		if (bar != NULL) {
			forget(bars, bar);
		}
		return CHAT_OK;
	}
	if (bar == NULL) {
		bar = add(bars, id, hash);
	}
	if (bar == NULL) {
		return CHAT_ENOMEM;
	}
	bar->barred = barred;
	bar->revoked_before = revoked_before;
	return CHAT_OK;
}

const char *bars_refusal(const struct bars *bars, struct slice id, int64_t issued_at)
{
	/* As a rule there are none. */
	if (bars->by_id.count == 0) {
		return NULL;
	}
	const struct bar *bar = find(bars, id, siphash(&bars->key, id));
	if (bar == NULL) {
		return NULL;
	}
	if (bar->barred) {
		return "the application has barred this user";
	}
	return issued_at < bar->revoked_before
	               ? "the application has revoked this token, or it does not say when it was issued"
	               : NULL;
}

void bars_finish(struct bars *bars)
{
	size_t at = 0;
	struct table_link *link;
	while ((link = table_any(&bars->by_id, &at)) != NULL) {
		forget(bars, TABLE_ELEMENT(link, struct bar, by_id));
	}
	table_finish(&bars->by_id);
}
