/* The kinds of task that there are, each in a file of its own: a call of one of the schema's
 * functions, tasks to parameters, rows to what became of them.  No connection, no thread, no clock.
 */
#ifndef CHAT_TASK_KINDS_H
#define CHAT_TASK_KINDS_H

#include "tasks.h"

extern const struct task_kind task_mark;    /* mark_job: chat.mark */
extern const struct task_kind task_change;  /* change_job: chat.change */
extern const struct task_kind task_mute;    /* load_job: chat.mute */
extern const struct task_kind task_block;   /* load_job: chat.block_peer */
extern const struct task_kind task_unread;  /* load_job: chat.lobbies */
extern const struct task_kind task_history; /* load_job: chat.pages */
extern const struct task_kind task_changes; /* load_job: chat.changes */
extern const struct task_kind task_chats;   /* load_job: chat.chats */
extern const struct task_kind task_settle;  /* settle_job: chat.settle */

#endif
