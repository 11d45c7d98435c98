-- chat.store() for a plugin of the first edition, which knows nothing of closed chats: its users' messages
-- to them are refused with SQLSTATE 42501.
--
-- Parameters, locks and what it raises: those of chat.store(), without `datas` and `reply_tos`.
-- Returns: no, outcome ('x' for 'f', with the SQLSTATE as its text), seq, text, sent_at.
-- Plan: that of chat.store(), with the planner's settings that sessions of this edition have.
create or replace function chat.save(
	rooms text[],
	again boolean,
	room_nos integer[],
	by_a boolean[],
	texts text[],
	refs text[],
	sent_ats timestamptz[],
	keys uuid[])
returns table (no integer, outcome "char", seq bigint, text text, sent_at timestamptz)
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
	select s.no, case s.outcome when 'f' then 'x' else s.outcome end, s.seq,
		case s.outcome when 'f' then '42501' else s.text end, s.sent_at
	from chat.store(rooms, again, room_nos, by_a, texts, refs, sent_ats, keys, null, null) s;
end;
$$;
