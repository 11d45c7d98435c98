#include "task_kinds.h"

static const Oid types[] = {OID_TEXTS};

static const struct statement statement = {
	.name = "settle",
	.function = "chat.settle",
	.sql = "select chat.settle($1)",
	.takes_rows = true,
	.count = 1,
	.types = types,
};

static bool fill(struct params *params, struct task *const *tasks, size_t count)
{
	params_begin(params);
	params_array(params, OID_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		params_text(params, ((const struct settle_job *)tasks[i])->user_id);
	}
	return !params->failed;
}

/* How many it were is of no interest. */
static bool results(struct answer *answer, struct task **tasks, size_t count, struct items *out)
{
	(void)answer;
	for (size_t i = 0; i < count; i++) {
		items_append(out, &tasks[i]->item);
		tasks[i] = NULL;
	}
	return true;
}

const struct task_kind task_settle = {
	.statement = &statement,
	.params = fill,
	.results = results,
};
