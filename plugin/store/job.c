#include "job.h"

#include <libpq-fe.h>
#include <stdlib.h>

static struct slice keep(char **at, struct slice s)
{
	struct slice kept = {*at, s.len};
	if (s.len > 0) {
		memcpy(*at, s.bytes, s.len);
	}
	*at += s.len;
	return kept;
}

struct save_job *job_save(const struct message *m)
{
	size_t size = m->room.len + m->user_id.len + m->opponent_id.len + m->name.len +
	              m->text.len + m->ref.len + m->data.len + m->reactions.len;
	struct save_job *job = malloc(sizeof(*job) + size);
	if (job == NULL) {
		return NULL;
	}
	*job = (struct save_job){
		.item = {.kind = JOB_SAVE},
		.message = *m,
		.as = SAVED_REJECTED,
	};
	char *at = job->bytes;
	job->message.room = keep(&at, m->room);
	job->message.user_id = keep(&at, m->user_id);
	job->message.opponent_id = keep(&at, m->opponent_id);
	job->message.name = keep(&at, m->name);
	job->message.text = keep(&at, m->text);
	job->message.ref = keep(&at, m->ref);
	job->message.data = keep(&at, m->data);
	job->message.reactions = keep(&at, m->reactions);
	return job;
}

struct save_job *job_save_as(const struct save_job *job, const struct message *message)
{
	struct save_job *other = job_save(message);
	if (other != NULL) {
		struct message kept = other->message;
		*other = *job;
		other->item.next = NULL;
		other->message = kept;
	}
	return other;
}

struct load_job *job_load(const struct load *load, int64_t now)
{
	size_t size = load->room.len + load->user_id.len + load->cursor.len;
	struct load_job *job = malloc(sizeof(*job) + size);
	if (job == NULL) {
		return NULL;
	}
	job->task = (struct task){.item = {.kind = JOB_LOAD}, .since = now};
	job->load = *load;
	char *at = job->bytes;
	job->load.room = keep(&at, load->room);
	job->load.user_id = keep(&at, load->user_id);
	job->load.cursor = keep(&at, load->cursor);
	return job;
}

struct mark_job *job_mark(const struct mark *mark, int64_t now)
{
	struct mark_job *job = malloc(sizeof(*job) + mark->room.len + mark->user_id.len);
	if (job == NULL) {
		return NULL;
	}
	*job = (struct mark_job){
		.task = {.item = {.kind = JOB_MARK}, .since = now},
		.mark = *mark,
	};
	char *at = job->bytes;
	job->mark.room = keep(&at, mark->room);
	job->mark.user_id = keep(&at, mark->user_id);
	return job;
}

struct change_job *job_change(const struct change *change, int64_t now)
{
	size_t size = change->room.len + change->user_id.len + change->text.len + change->data.len +
	              change->reaction.len + change->ref.len;
	struct change_job *job = malloc(sizeof(*job) + size);
	if (job == NULL) {
		return NULL;
	}
	*job = (struct change_job){
		.task = {.item = {.kind = JOB_CHANGE}, .since = now},
		.change = *change,
		.lost = true,
	};
	char *at = job->bytes;
	job->change.room = keep(&at, change->room);
	job->change.user_id = keep(&at, change->user_id);
	job->change.text = keep(&at, change->text);
	job->change.data = keep(&at, change->data);
	job->change.reaction = keep(&at, change->reaction);
	job->change.ref = keep(&at, change->ref);
	return job;
}

struct ask_job *job_ask(struct slice room, int64_t now)
{
	struct ask_job *job = malloc(sizeof(*job) + room.len);
	if (job != NULL) {
		*job = (struct ask_job){
			.item = {.kind = JOB_ASK}, .since = now, .permit = PERMIT_FAILED};
		char *at = job->bytes;
		job->room = keep(&at, room);
	}
	return job;
}

struct settle_job *job_settle(struct slice user_id)
{
	struct settle_job *job = malloc(sizeof(*job) + user_id.len);
	if (job != NULL) {
		*job = (struct settle_job){.task = {.item = {.kind = JOB_SETTLE}}};
		char *at = job->bytes;
		job->user_id = keep(&at, user_id);
	}
	return job;
}

struct seen_job *job_seen(const struct user_seen *seen)
{
	struct seen_job *job = malloc(sizeof(*job) + seen->user_id.len + seen->name.len);
	if (job != NULL) {
		*job = (struct seen_job){.item = {.kind = JOB_SEEN}, .seen = *seen};
		char *at = job->bytes;
		job->seen.user_id = keep(&at, seen->user_id);
		job->seen.name = keep(&at, seen->name);
	}
	return job;
}

struct news_job *job_news(const struct node_news *news)
{
	size_t size = news->room.len + news->user_id.len + news->name.len + news->client_id.len;
	struct news_job *job = malloc(sizeof(*job) + size);
	if (job != NULL) {
		*job = (struct news_job){.item = {.kind = JOB_NEWS}, .news = *news};
		char *at = job->bytes;
		job->news.room = keep(&at, news->room);
		job->news.user_id = keep(&at, news->user_id);
		job->news.name = keep(&at, news->name);
		job->news.client_id = keep(&at, news->client_id);
	}
	return job;
}

struct answer *answer_make(_Atomic size_t *undrained)
{
	struct answer *answer = malloc(sizeof(*answer));
	if (answer != NULL) {
		*answer = (struct answer){.undrained = undrained};
		atomic_init(&answer->holders, 1);
	}
	return answer;
}

void answer_set(struct answer *answer, void *result)
{
	answer->result = result;
	answer->size = PQresultMemorySize(result);
	atomic_fetch_add(answer->undrained, answer->size);
}

void answer_hold(struct answer *answer)
{
	atomic_fetch_add(&answer->holders, 1);
}

void answer_release(struct answer *answer)
{
	if (answer != NULL && atomic_fetch_sub(&answer->holders, 1) == 1) {
		atomic_fetch_sub(answer->undrained, answer->size);
		PQclear(answer->result);
		free(answer);
	}
}

/* What an item holds on to. */
struct held {
	struct load_job *asked;
	struct answer *answer;
};

static struct held held_by(const struct item *item)
{
	switch ((enum job_kind)item->kind) {
	case JOB_PAGE:
	case JOB_CHANGES:
	case JOB_UNREAD:
	case JOB_CHATS: {
		const struct load_answer *to = (const struct load_answer *)item;
		return (struct held){to->asked, to->answer};
	}
	case JOB_OUTSIDE:
		return (struct held){.answer = ((const struct outside_job *)item)->answer};
	case JOB_NEWS:
		return (struct held){.answer = ((const struct news_job *)item)->answer};
	case JOB_CHANGE:
		return (struct held){.answer = ((const struct change_job *)item)->answer};
	default:
		return (struct held){0};
	}
}

void job_free(struct item *item)
{
	if (item == NULL) {
		return;
	}
	struct held held = held_by(item);
	answer_release(held.answer);
	free(held.asked);
	free(item);
}

void jobs_free(struct items *items)
{
	struct item *item;
	while ((item = items_shift(items)) != NULL) {
		job_free(item);
	}
}
