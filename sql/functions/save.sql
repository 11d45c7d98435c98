-- Stores a batch of messages: one call, one transaction.
--
-- A room that another session has locked is left out without waiting.  A message that is found under
-- its own key is known (its commit was in doubt); one whose sender has stored the same `ref` in
-- the room under another key is a repeat, also when that happened earlier in this batch.
--
-- Parameters:
--     rooms     the rooms of the batch, distinct, in ascending byte order
--     again     whether some of the messages may have been stored by an earlier call
--     and for each message
--     room_nos  which of `rooms`, from 1
--     by_a      whether the room's first user sent it
--     texts, refs (null: none), sent_ats, keys
--
-- Returns: a row for each message, in no particular order: `no` counts from 1; outcome 'n' is new, 'k'
-- known, 'r' a repeat (then text and sent_at are the stored ones), 'l' that the room was locked and nothing was
-- done; seq except for 'l'.
-- Raises: whatever a constraint or trigger of the tables raises; then nothing is stored.  A trigger
-- that quietly drops a row counts as having refused it, because `seq` has no holes.
-- Locks: the rows of chat.conversations, in order, never waiting for one.
-- Plan: chat.conversations by its primary key; repeats through messages_room_user_id_ref and
-- messages_key_room.  Each statement after the lock has a snapshot of its own and so sees what was
-- committed until then.  A plan made while the tables are small must still be good when they are
-- large: hence lateral subqueries with a limit, and `= any (array[...])` in the update, neither of which
-- can become a join over a whole table.
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
#variable_conflict use_column
declare
	bases bigint[]; -- the last seq of each room, null where it is locked
	locked integer;
	answered integer;
	repeated integer;
	base bigint;
	alone record;
begin
	-- A batch of one is the usual one as long as little goes on, and then somebody waits for it.
	if cardinality(keys) = 1 then
		loop
			select last_seq into base from chat.conversations
			where room = rooms[1] for update skip locked;
			exit when found or chat.adopt(rooms) = 0;
		end loop;
		no := 1;
		outcome := 'l';
		if base is not null then
			alone := chat.save_one(rooms[1], base, again, by_a[1], texts[1], refs[1],
				sent_ats[1], keys[1]);
			outcome := alone.outcome;
			seq := alone.seq;
			text := alone.text;
			sent_at := alone.sent_at;
		end if;
		return next;
		return;
	end if;

	loop
		-- The rows are locked in the order of `rooms`, which is the outer side of the join.
		select array_agg(c.last_seq), count(c.last_seq) into bases, locked
		from unnest(rooms) as r(room)
		left join lateral (
			select last_seq from chat.conversations where room = r.room for update skip locked
		) c on true;
		exit when locked = cardinality(rooms) or chat.adopt(rooms) = 0;
	end loop;

	return query
	with given as materialized (
		select m.no::integer as no, m.room_no, m.by_a, m.text, m.ref, m.sent_at, m.key,
			rooms[m.room_no] as room, bases[m.room_no] as base
		from unnest(room_nos, by_a, texts, refs, sent_ats, keys)
			with ordinality as m(room_no, by_a, text, ref, sent_at, key, no)
	), looked as materialized (
		select g.*,
			g.ref is null or 1 = row_number() over (
				partition by g.room_no, g.by_a, g.ref collate "C" order by g.no) as is_first,
			coalesce(k.seq, case when r.key = g.key then r.seq end) as stored_seq,
			k.seq is null and r.seq is null as is_unknown
		from given g
		left join lateral (
			select seq from chat.messages
			where again and key = g.key and room collate "ucs_basic" = g.room
			limit 1
		) k on true
		left join lateral (
			select seq, key from chat.messages
			where g.ref is not null and room collate "POSIX" = g.room and ref = g.ref
				and user_id = split_part(g.room, '/', case when g.by_a then 1 else 2 end)
			limit 1
		) r on true
		where g.base is not null
	), fresh as materialized (
		select l.*, l.base + row_number() over (partition by l.room_no order by l.no) as seq
		from looked l
		where l.is_unknown and l.is_first
	), stored as (
		insert into chat.messages (room, seq, user_id, opponent_id, text, sent_at, ref, key)
		select room, seq, split_part(room, '/', case when by_a then 1 else 2 end),
			split_part(room, '/', case when by_a then 2 else 1 end), text, sent_at, ref, key
		from fresh
		returning 1
	), counted as (
		update chat.conversations c
		set last_seq = f.last_seq,
			a_unread = a_unread + f.for_a, a_waiting = a_waiting or f.for_a > 0,
			b_unread = b_unread + f.for_b, b_waiting = b_waiting or f.for_b > 0,
			a_last_seq = coalesce(f.a_last_seq, c.a_last_seq),
			a_last_at = coalesce(f.a_last_at, c.a_last_at),
			b_last_seq = coalesce(f.b_last_seq, c.b_last_seq),
			b_last_at = coalesce(f.b_last_at, c.b_last_at)
		from (
			select room, max(seq) as last_seq,
				count(*) filter (where not by_a) as for_a, count(*) filter (where by_a) as for_b,
				max(seq) filter (where by_a) as a_last_seq,
				max(sent_at) filter (where by_a) as a_last_at,
				max(seq) filter (where not by_a) as b_last_seq,
				max(sent_at) filter (where not by_a) as b_last_at
			from fresh group by room
		) f
		where c.room = any (array[f.room])
	)
	select no, 'n'::"char", seq, null::text, null::timestamptz from fresh
	where (select count(*) from stored) = (select count(*) from fresh)
	union all
	select no, 'k', stored_seq, null, null from looked where stored_seq is not null;

	get diagnostics answered = row_count;
	if answered = cardinality(keys) then
		return;
	end if;

	-- What is left are repeats, those of this batch included, and locked rooms.
	return query
	select m.no::integer, 'r'::"char", s.seq, s.text, s.sent_at
	from unnest(room_nos, by_a, refs, keys) with ordinality as m(room_no, by_a, ref, key, no)
	cross join lateral (
		select seq, text, sent_at, key from chat.messages
		where room collate "POSIX" = rooms[m.room_no] and ref = m.ref
			and user_id = split_part(rooms[m.room_no], '/', case when m.by_a then 1 else 2 end)
		limit 1
	) s
	where bases[m.room_no] is not null and s.key <> m.key
	union all
	select m.no::integer, 'l', null, null, null
	from unnest(room_nos) with ordinality as m(room_no, no)
	where bases[m.room_no] is null;

	get diagnostics repeated = row_count;
	if answered + repeated <> cardinality(keys) then
		raise exception 'a trigger of chat.messages dropped a row without an error';
	end if;
end;
$$;
