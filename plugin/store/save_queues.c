#include "save_queues.h"

/* A batch of so many is large enough to be cheap. */
#define MANY 8

static bool init_one(struct save_queue *queue)
{
	if (!wakeup_init(&queue->wakeup)) {
		return false;
	}
	if (!queue_init(&queue->in, SIZE_MAX, &queue->wakeup)) {
		wakeup_finish(&queue->wakeup);
		return false;
	}
	return true;
}

static void finish_one(struct save_queue *queue)
{
	struct items left = queue_take_all(&queue->in);
	jobs_free(&left);
	queue_finish(&queue->in);
	wakeup_finish(&queue->wakeup);
}

bool save_queues_init(struct save_queues *queues)
{
	*queues = (struct save_queues){0};
	for (size_t i = 0; i < SAVERS; i++) {
		if (!init_one(&queues->each[i])) {
			while (i-- > 0) {
				finish_one(&queues->each[i]);
			}
			return false;
		}
	}
	return true;
}

void save_queues_finish(struct save_queues *queues)
{
	for (size_t i = 0; i < SAVERS; i++) {
		finish_one(&queues->each[i]);
	}
}

/* Who chooses which rooms meet gains nothing: they are then stored by one saver, as all were
 * before there were several. */
static uint16_t place_of(struct slice room)
{
	return (uint16_t)(slice_hash(room) % SAVE_PLACES);
}

/* For a room of which there are no messages. */
static uint32_t choose(const struct save_queues *queues)
{
	const struct save_queue *first = &queues->each[0];
	if (atomic_load(&first->at_hand) >= MANY || atomic_load(&first->lately) >= MANY) {
		return 0;
	}
	for (uint32_t i = 0; i < SAVERS; i++) {
		if (atomic_load(&queues->each[i].idle)) {
			return i;
		}
	}
	return 0;
}

void save_queues_put(struct save_queues *queues, struct save_job *job)
{
	job->room_place = place_of(job->message.room);
	_Atomic uint32_t *saver = &queues->places[job->room_place].saver;
	/* Nobody else counts up, so at zero it stays there. */
	if (atomic_fetch_add(&queues->places[job->room_place].count, 1) == 0) {
		atomic_store(saver, choose(queues));
	}
	struct save_queue *queue = &queues->each[atomic_load(saver)];
	atomic_fetch_add(&queue->at_hand, 1);
	/* It has no limit, and is open as long as there are savers. */
	(void)!queue_put(&queue->in, &job->item);
}

void save_queue_batch(struct save_queue *queue, size_t count)
{
	size_t lately = atomic_load(&queue->lately);
	lately -= (lately + MANY - 1) / MANY;
	atomic_store(&queue->lately, count > lately ? count : lately);
}

void save_queues_heard(struct save_queues *queues, const struct save_job *job)
{
	atomic_fetch_sub(&queues->places[job->room_place].count, 1);
}
