-- chat.lobbies() for a plugin of the first edition.
--
-- Parameters, locks: those of chat.lobbies().
-- Returns: no, total, more, room, peer_id, count, seq, text, sent_at, ref.
-- Plan: that of chat.lobbies(), with the planner's settings that sessions of this edition have.
create or replace function chat.unread(ids text[])
returns table (no integer, total bigint, more boolean,
	room text, peer_id text, count bigint, seq bigint, text text, sent_at timestamptz, ref text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
	return query
	select l.no, l.total, l.more, l.room, l.peer_id, l.count, l.seq, l.text, l.sent_at, l.ref
	from chat.lobbies(ids) l;
end;
$$;
