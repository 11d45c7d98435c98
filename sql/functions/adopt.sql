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
-- costs more: its messages are counted once.
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
declare
	created integer;
begin
	insert into chat.conversations (room, last_seq,
		a_read, a_unread, a_waiting, a_delivered, b_last_seq, b_last_at,
		b_read, b_unread, b_waiting, b_delivered, a_last_seq, a_last_at)
	select r.room, coalesce(m.last_seq, 0),
		coalesce(a.read, 0), coalesce(a.unread, 0), coalesce(a.unread, 0) > 0, coalesce(a.read, 0),
		coalesce(a.newest, 0), a.newest_at,
		coalesce(b.read, 0), coalesce(b.unread, 0), coalesce(b.unread, 0) > 0, coalesce(b.read, 0),
		coalesce(b.newest, 0), b.newest_at
	from unnest(rooms) as r(room)
	cross join lateral (
		select max(seq) as last_seq from chat.messages where room = r.room
	) m
	-- What is there for the first user, and for the second; not looked at in an empty room.
	left join lateral (
		select f.before as read, count(*) filter (where seq > f.before) as unread,
			max(seq) as newest, max(sent_at) as newest_at
		from chat.messages, lateral (
			select coalesce(min(seq) - 1, m.last_seq) as before from chat.messages
			where room = r.room and opponent_id = split_part(r.room, '/', 1)
				and not is_delivered
		) f
		where room = r.room and opponent_id = split_part(r.room, '/', 1)
		group by f.before
	) a on m.last_seq is not null
	left join lateral (
		select f.before as read, count(*) filter (where seq > f.before) as unread,
			max(seq) as newest, max(sent_at) as newest_at
		from chat.messages, lateral (
			select coalesce(min(seq) - 1, m.last_seq) as before from chat.messages
			where room = r.room and opponent_id = split_part(r.room, '/', 2)
				and not is_delivered
		) f
		where room = r.room and opponent_id = split_part(r.room, '/', 2)
		group by f.before
	) b on m.last_seq is not null
	where not exists (select from chat.conversations c where c.room = r.room)
	on conflict do nothing;
	get diagnostics created = row_count;
	return created;
end;
$$;
