-- Stores a batch of messages as chat.save() does, but one by one, each in a subtransaction of its own:
-- for a batch with a message that the database refuses.
--
-- Parameters and locks: those of chat.save().
-- Returns: the same, and outcome 'x' for a refused message, whose text is then the SQLSTATE.  The
-- messages behind it are stored as if it had not been there.
-- Raises: what is not the fault of a message (locks, resources, rights, a lost connection), and what
-- fails at the commit; then nothing is stored.
-- Plan: for each message, the primary key of chat.conversations, and the index of its key or ref.
create or replace function chat.save_each(
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
#variable_conflict use_column
declare
	bases bigint[]; -- the last seq of each room, null where it is locked
	locked integer;
	m record;
	one record;
begin
	loop
		select array_agg(c.last_seq), count(c.last_seq) into bases, locked
		from unnest(rooms) as r(room)
		left join lateral (
			select last_seq from chat.conversations where room = r.room for update skip locked
		) c on true;
		exit when locked = cardinality(rooms) or chat.adopt(rooms) = 0;
	end loop;

	for m in
		select g.no::integer as no, g.room_no, g.by_a, g.text, g.ref, g.sent_at, g.key,
			rooms[g.room_no] as room
		from unnest(room_nos, by_a, texts, refs, sent_ats, keys)
			with ordinality as g(room_no, by_a, text, ref, sent_at, key, no)
	loop
		no := m.no;
		outcome := 'l';
		seq := null;
		text := null;
		sent_at := null;
		if bases[m.room_no] is null then
			return next;
			continue;
		end if;

		begin
			one := chat.save_one(m.room, bases[m.room_no], again, m.by_a, m.text, m.ref,
				m.sent_at, m.key);
			outcome := one.outcome;
			seq := one.seq;
			text := one.text;
			sent_at := one.sent_at;
			if outcome = 'n' then
				bases[m.room_no] := seq;
			end if;
		exception when others then
			-- What the plugin waits or holds for is not the message's fault.
			if sqlstate ~ '^(08|0A|25|26|28|3D|3F|42|53|57|58)|^(40001|40P01|55P03)$' then
				raise;
			end if;
			outcome := 'x';
			text := sqlstate;
		end;
		return next;
	end loop;
end;
$$;
