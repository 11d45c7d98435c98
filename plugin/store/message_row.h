/* A message in a row of a result: the same columns in each statement that returns some. */
#ifndef CHAT_MESSAGE_ROW_H
#define CHAT_MESSAGE_ROW_H

#include <stdbool.h>

#include "message.h"
#include "pgbinary.h"

/* In this order, from some column on. */
#define MESSAGE_COLUMNS                                                                            \
	"text, sent_at, ref, data, reply_to, edited_at, reactions, change, is_deleted"
#define MESSAGE_COLUMNS_COUNT 9

/* Fills these in; slices point into the result.  What is not there sets `wrong`. */
void message_row(struct message *message, struct row *row, int first);

/* The user of "<a>/<b>" that stands first, or the other. */
struct slice room_user(struct slice room, bool is_a);
/* Does this user stand first? */
bool room_user_is_a(struct slice room, struct slice user_id);

#endif
