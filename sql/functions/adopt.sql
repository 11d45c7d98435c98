-- Creates the conversations of rooms that have none yet.
--
-- A room whose messages came from elsewhere (an import, a restore of chat.messages alone) begins where
-- they end: `seq` goes on after the last, a user's marker stands before the first message to them that
-- is not delivered.  An operator may call it after an import; chat.save() calls it for every new room.
--
-- Parameters: rooms, distinct, each '<a>/<b>' as in the chat's topic.
-- Returns: how many were created.
-- Locks: the new rows.  Waits (lock_timeout) for another session that is creating one of them.
-- Plan: primary keys of chat.conversations and chat.messages.  Only a room that has messages already
-- costs more: its messages are read through once, by a range of the primary key.
create or replace function chat.adopt(rooms text[]) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
	c record;
	m record;
	created integer := 0;
	read_by_a bigint;
	read_by_b bigint;
begin
	for c in
		insert into chat.conversations (room, last_seq)
		select r.room, coalesce(m.last_seq, 0)
		from unnest(rooms) as r(room)
		cross join lateral (
			select max(seq) as last_seq from chat.messages where room = r.room
		) m
		-- A lateral with a limit cannot be turned into a join that reads the whole table.
		left join lateral (
			select true as found from chat.conversations where room = r.room limit 1
		) old on true
		where old.found is null
		on conflict do nothing
		returning room, a_id, b_id, last_seq
	loop
		created := created + 1;
		continue when c.last_seq = 0;

		select coalesce(min(seq) - 1, c.last_seq) into read_by_a from chat.messages
		where room = c.room and opponent_id = c.a_id and not is_delivered;
		select coalesce(min(seq) - 1, c.last_seq) into read_by_b from chat.messages
		where room = c.room and opponent_id = c.b_id and not is_delivered;
		select count(*) filter (where opponent_id = c.a_id and seq > read_by_a) as a_unread,
			count(*) filter (where opponent_id = c.b_id and seq > read_by_b) as b_unread,
			coalesce(max(seq) filter (where user_id = c.a_id), 0) as a_last_seq,
			coalesce(max(seq) filter (where user_id = c.b_id), 0) as b_last_seq,
			max(sent_at) filter (where user_id = c.a_id) as a_last_at,
			max(sent_at) filter (where user_id = c.b_id) as b_last_at
		into m from chat.messages where room = c.room;

		update chat.conversations
		set a_read = read_by_a, a_delivered = read_by_a,
			a_unread = m.a_unread, a_waiting = m.a_unread > 0,
			b_read = read_by_b, b_delivered = read_by_b,
			b_unread = m.b_unread, b_waiting = m.b_unread > 0,
			a_last_seq = m.a_last_seq, a_last_at = m.a_last_at,
			b_last_seq = m.b_last_seq, b_last_at = m.b_last_at
		where room = c.room;
	end loop;
	return created;
end;
$$;
