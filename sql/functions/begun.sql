-- Chats in which something was said: chat.may_chat() is not asked about them any more.
--
-- Parameters: rooms.
-- Returns a row for each such room, in no particular order: no, from 1.
-- Locks: none beyond those of a read.
-- Plan: the primary keys of chat.conversations and chat.messages, a step on each.  It brings the planner's
-- settings along: the sessions that ask chat.may_chat() have none of their own.
create or replace function chat.begun(rooms text[]) returns table (no integer)
language sql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
	select g.no::integer
	from unnest(rooms) with ordinality as g(room, no)
	left join lateral (
		select last_seq from chat.conversations where room = g.room limit 1
	) c on true
	left join lateral (
		select true as found from chat.messages where room = g.room limit 1
	) m on true
	where c.last_seq > 0 or m.found;
$$;
