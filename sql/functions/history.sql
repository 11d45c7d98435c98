-- chat.pages() for a plugin of the first edition.
--
-- Parameters, locks: those of chat.pages().
-- Returns: no, a_read, b_read, more, seq, by_a, text, sent_at, ref.
-- Plan: that of chat.pages(), with the planner's settings that sessions of this edition have.
create or replace function chat.history(
	rooms text[],
	befores bigint[],
	afters bigint[],
	limits integer[])
returns table (no integer, a_read bigint, b_read bigint, more boolean,
	seq bigint, by_a boolean, text text, sent_at timestamptz, ref text)
language plpgsql stable security definer
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
	select p.no, p.a_read, p.b_read, p.more, p.seq, p.by_a, p.text, p.sent_at, p.ref
	from chat.pages(rooms, befores, afters, limits) p;
end;
$$;
