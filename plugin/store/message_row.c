#include "message_row.h"

#include <string.h>

void message_row(struct message *message, struct row *row, int first)
{
	message->text = row_text(row, first);
	message->sent_at = row_time(row, first + 1);
	message->ref = row_text_or_empty(row, first + 2);
	message->data = row_text_or_empty(row, first + 3);
	message->reply_to = row_int8_or(row, first + 4, 0);
	message->edited_at = row_time_or(row, first + 5, 0);
	message->reactions = row_text_or_empty(row, first + 6);
	message->change = row_int8_or(row, first + 7, 0);
	message->deleted = row_bool_or_false(row, first + 8);
}

struct slice room_user(struct slice room, bool is_a)
{
	const char *slash = memchr(room.bytes, '/', room.len);
	size_t len = slash == NULL ? room.len : (size_t)(slash - room.bytes);
	return is_a || slash == NULL ? slice_of(room.bytes, len) : slice_from(room, len + 1);
}

bool room_user_is_a(struct slice room, struct slice user_id)
{
	return slice_starts(room, user_id) && room.len > user_id.len &&
	       room.bytes[user_id.len] == '/';
}
