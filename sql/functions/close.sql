-- Closed chats: nobody writes in them, and neither user is told of the other's presence or read marks.

-- Sets or clears one of the reasons for which a chat is closed.  For the functions of this schema.
--
-- Parameters: reason: 1 the room's first user blocks, 2 the second does, 4 the application has closed it.
-- Returns: whether it is otherwise than before.
-- Locks: the row of chat.conversations, which it waits for and which no message to this chat can be
-- stored without: so once this has committed, nothing more is.
create or replace function chat.set_closed(room text, reason integer, is_closed boolean) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	before smallint;
	after smallint;
	now_changed bigint := pg_current_xact_id()::text::bigint;
begin
	perform chat.adopt(array[set_closed.room]);
	select closed into before from chat.conversations where room = set_closed.room for update;
	after := case when is_closed then before | reason else before & ~reason end;
	if after = before then
		return false;
	end if;
	update chat.conversations
	set closed = after, changed = now_changed,
		a_block_changed = case when reason = 1 then now_changed else a_block_changed end,
		b_block_changed = case when reason = 2 then now_changed else b_block_changed end
	where room = set_closed.room;
	perform pg_notify('chat', '');
	return true;
end;
$$;

-- The application closes a chat, or opens it again; opening lifts no block of a user.
--
-- Parameters: a, b: the chat's users in either order.
-- Raises: 22023 for ids that cannot be.
-- Locks: the chat, until the transaction ends.
create or replace function chat.close(a text, b text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
	perform chat.set_closed(chat.room_of(a, b), 4, true);
end;
$$;

create or replace function chat.open(a text, b text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
	perform chat.set_closed(chat.room_of(a, b), 4, false);
end;
$$;
