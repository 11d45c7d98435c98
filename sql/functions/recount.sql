-- Puts a conversation right: its counts, and each user's last message.
--
-- For messages that were written or deleted by SQL.  What is deleted is noted by a trigger, and put right by
-- whoever reads the counts next (lists, read markers), or within a second by a broker; this is for what was
-- written, and for who does not want to wait.
--
-- `seq` only goes up: where the counter is behind the rows, it goes on after them.  Read markers stay.
--
-- Parameters: room.
-- Returns: whether there is such a conversation; one is made for a room that has only messages.
-- Locks: the row of the conversation.
-- Plan: a range of the primary key of chat.messages, from the lower read marker on; and from the end down to
-- the newest message of each user.
create or replace function chat.recount(room text) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
	c record;
	m record;
	a_last record;
	b_last record;
begin
	perform from chat.conversations where room = recount.room for update;
	if not found then
		return exists (select from chat.messages where room = recount.room)
			and chat.adopt(array[recount.room]) >= 0;
	end if;
	-- After the lock, so that everything is seen that was committed until then.
	select * into c from chat.conversations where room = recount.room;
	select count(*) filter (where opponent_id = c.a_id and seq > c.a_read) as a_unread,
		count(*) filter (where opponent_id = c.b_id and seq > c.b_read) as b_unread,
		max(seq) as last_seq
	into m from chat.messages
	where room = recount.room and seq > least(c.a_read, c.b_read);
	select seq, sent_at into a_last from chat.messages
	where room = recount.room and user_id = c.a_id order by seq desc limit 1;
	select seq, sent_at into b_last from chat.messages
	where room = recount.room and user_id = c.b_id order by seq desc limit 1;

	update chat.conversations
	set last_seq = greatest(c.last_seq, m.last_seq),
		a_unread = m.a_unread, a_waiting = a_waiting or m.a_unread > 0,
		b_unread = m.b_unread, b_waiting = b_waiting or m.b_unread > 0,
		-- A user who has nothing left has written here all the same.
		a_last_seq = coalesce(a_last.seq, 0), a_last_at = coalesce(a_last.sent_at, a_last_at),
		b_last_seq = coalesce(b_last.seq, 0), b_last_at = coalesce(b_last.sent_at, b_last_at)
	where room = recount.room;
	return true;
end;
$$;
