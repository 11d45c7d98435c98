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
	created integer := 0;
begin
	for c in
		insert into chat.conversations (room, last_seq)
		select r.room, coalesce(m.last_seq, 0)
		-- Without their messages, which only new rooms are looked for; and neither a lateral with a limit nor
		-- a subquery with an offset is turned into a join that reads the whole table.
		from (
			select r.room
			from unnest(rooms) as r(room)
			left join lateral (
				select true as found from chat.conversations where room = r.room limit 1
			) old on true
			where old.found is null
			offset 0
		) r
		cross join lateral (
			select max(seq) as last_seq from chat.messages where room = r.room
		) m
		on conflict do nothing
		returning room, a_id, b_id, last_seq
	loop
		created := created + 1;
		continue when c.last_seq = 0;
		update chat.conversations
		set a_read = m.a_read, a_delivered = m.a_read, b_read = m.b_read, b_delivered = m.b_read
		from (
			select coalesce(min(seq) filter (where opponent_id = c.a_id) - 1, c.last_seq) as a_read,
				coalesce(min(seq) filter (where opponent_id = c.b_id) - 1, c.last_seq) as b_read
			from chat.messages where room = c.room and not is_delivered
		) m
		where room = c.room;
		perform chat.recount(c.room);
	end loop;
	return created;
end;
$$;
