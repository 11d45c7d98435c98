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
	stored record;
	inserted integer;
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
			rooms[g.room_no] as room,
			split_part(rooms[g.room_no], '/', case when g.by_a then 1 else 2 end) as user_id,
			split_part(rooms[g.room_no], '/', case when g.by_a then 2 else 1 end) as opponent_id
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

		select s.seq, s.text, s.sent_at, s.key into stored from chat.messages s
		where again and s.key = m.key and s.room collate "ucs_basic" = m.room;
		if not found and m.ref is not null then
			select s.seq, s.text, s.sent_at, s.key into stored from chat.messages s
			where s.room collate "POSIX" = m.room and s.user_id = m.user_id and s.ref = m.ref;
		end if;
		if stored.seq is not null then
			outcome := case when stored.key = m.key then 'k' else 'r' end;
			seq := stored.seq;
			text := stored.text;
			sent_at := stored.sent_at;
			return next;
			continue;
		end if;

		begin
			insert into chat.messages (room, seq, user_id, opponent_id, text, sent_at, ref, key)
			values (m.room, bases[m.room_no] + 1, m.user_id, m.opponent_id, m.text, m.sent_at,
				m.ref, m.key);
			get diagnostics inserted = row_count;
			if inserted = 0 then
				raise exception 'a trigger of chat.messages dropped a row without an error';
			end if;
			update chat.conversations
			set last_seq = last_seq + 1,
				a_unread = a_unread + (not m.by_a)::integer, a_waiting = a_waiting or not m.by_a,
				b_unread = b_unread + m.by_a::integer, b_waiting = b_waiting or m.by_a,
				a_last_seq = case when m.by_a then last_seq + 1 else a_last_seq end,
				a_last_at = case when m.by_a then m.sent_at else a_last_at end,
				b_last_seq = case when m.by_a then b_last_seq else last_seq + 1 end,
				b_last_at = case when m.by_a then b_last_at else m.sent_at end
			where room = m.room;
			bases[m.room_no] := bases[m.room_no] + 1;
			outcome := 'n';
			seq := bases[m.room_no];
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
