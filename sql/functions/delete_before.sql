-- Retention: deletes the oldest messages of each chat, as far as they were sent before a moment.
--
-- One piece, for a transaction of its own; call it until it returns null.  The seqs that remain, and the
-- next one, stay as they are, and counts stay true.  Connected clients are not told.
--
-- Parameters: at.  rooms: how many chats a piece looks at, at most.  after: what the last piece returned.
-- Returns: where to go on; null at the end.
-- Raises: 22023 for no moment, or a number below 1.
-- Locks: the chats of which it deletes, until the transaction ends.  One piece at a time: another waits
-- for that end, by an advisory lock.
-- Plan: primary keys of chat.conversations and chat.messages.  A piece deletes at most 1,000 messages, so it
-- is over soon, however large a chat is.
create or replace function chat.delete_before(at timestamptz, rooms integer default 100, after text default '')
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
	budget integer := 1000;
	done text := after; -- nothing is left to do up to and including this room
	c record;
	d record;
	looked integer := 0;
	cut boolean := false; -- the budget ended before the rooms did
begin
	perform chat.check_most(rooms);
	if at is null or after is null then
		raise exception 'chat: a moment and a place are needed' using errcode = '22023';
	end if;
	-- Each goes through the chats in an order of its own, and would wait in a circle with another one.
	perform pg_advisory_xact_lock(hashtext('mosquitto-chat pieces'));
	for c in
		select room from chat.conversations where room > delete_before.after collate "C"
		order by room limit rooms
	loop
		looked := looked + 1;
		-- Most chats have nothing to delete, and are not locked.
		if exists (select from (select sent_at from chat.messages where room = c.room
			order by seq limit 1) m where m.sent_at < at)
		then
			perform from chat.conversations where room = c.room for update;
			select * into d from chat.delete_oldest(c.room, at, budget);
			budget := budget - d.deleted;
			cut := budget <= 0;
			exit when not d.finished;
		end if;
		done := c.room;
		exit when cut;
	end loop;
	return case when cut or looked = rooms then done end;
end;
$$;

-- Deletes up to `most` of a room's oldest messages that were sent before a moment, and puts the
-- conversation right, whose row the caller has locked.  For chat.delete_before().
create or replace function chat.delete_oldest(
	room text, at timestamptz, most integer, out deleted integer, out finished boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	upto bigint; -- the last seq to go
	found_count integer;
	gone record;
begin
	-- The oldest that stays ends the row of those that go.
	select max(seq), count(*) into upto, found_count from (
		select seq, bool_and(sent_at < at) over (order by seq rows unbounded preceding) as goes
		from (
			select seq, sent_at from chat.messages where room = delete_oldest.room order by seq limit most
		) oldest
	) m where goes;
	deleted := found_count;
	finished := found_count < most;
	if found_count = 0 then
		return;
	end if;
	-- What goes is counted here: chat.note_deletion() need not note it.
	perform set_config('chat.counted_room', delete_oldest.room, true);
	with d as (
		delete from chat.messages where room = delete_oldest.room and seq <= upto
		returning seq, user_id, opponent_id
	)
	select count(*) filter (where d.opponent_id = v.a_id and d.seq > v.a_read) as for_a,
		count(*) filter (where d.opponent_id = v.b_id and d.seq > v.b_read) as for_b
	into gone from d, chat.conversations v where v.room = delete_oldest.room;
	update chat.conversations v
	set a_unread = greatest(a_unread - gone.for_a, 0), b_unread = greatest(b_unread - gone.for_b, 0),
		a_last_seq = case when a_last_seq <= upto then 0 else a_last_seq end,
		b_last_seq = case when b_last_seq <= upto then 0 else b_last_seq end
	where v.room = delete_oldest.room;
	perform set_config('chat.counted_room', '', true);
end;
$$;
