-- Stores a batch of messages: one call, one transaction.
--
-- A room that another session has locked is left out without waiting, and in a closed chat nothing is
-- stored.  A message that is found under its own key is known (its commit was in doubt); one whose sender
-- has stored the same `ref` in the room under another key is a repeat, also when that happened earlier
-- in this batch.  Both are answered in a closed chat too: they are stored.
--
-- Parameters:
--     rooms     the rooms of the batch, distinct, in ascending byte order
--     again     whether some of the messages may have been stored by an earlier call
--     and for each message
--     room_nos  which of `rooms`, from 1
--     by_a      whether the room's first user sent it
--     texts, refs (null: none), sent_ats, keys
--     datas, reply_tos (null: none); null instead of an array when no message of the batch has any
--     stream    in a cluster: the caller's; what is new is told to the other brokers, see chat.cut()
--     in_chats  who is in the chat: 1 the room's first user, 2 the second, added up; null: the caller does
--               not know
--     body      the messages as the other brokers are to have them; not looked at here
--
-- Returns: a row for each message, in no particular order:
--     no        the message, from 1
--     outcome   'n' new, 'k' known, 'r' a repeat; 'l' the room is locked, 'f' the chat is closed, and
--               nothing was done
--     seq       for 'n', 'k' and 'r'
--     text, sent_at, data, reply_to, edited_at, reactions, change, is_deleted
--               for 'k' and 'r': the message as it is by now; else null
--     a_muted, b_muted
--               whether that user has muted the chat; null for 'l'
-- Raises: whatever a constraint or trigger of the tables raises; then nothing is stored.  A trigger
-- that quietly drops a row counts as having refused it, because `seq` has no holes.  Also 23505 for a room
-- whose counter is behind its rows, and P0001 for several messages of which one made a trigger change its
-- room's row (it closes the chat, say).  chat.store_each() then finds the message, mends the counter, and
-- stores what that trigger is about.
-- CH001 when the stream is closed: the other brokers take this one for dead.
-- Locks: the rows of chat.conversations, in order, never waiting for one; then that of the stream.
-- Plan: chat.conversations by its primary key, and then by the place where the row was found, which no
-- other session can change while it is locked; repeats through messages_room_user_id_ref and messages_key.  Each
-- statement after the lock has a snapshot of its own and so sees what was committed until then.  Plans are
-- kept for the life of a session: the plugin's have the settings that make one good for tables of any size.
-- Subscripts of array variables cost the same at any index, and a loop over them less than a window
-- function over the rows.
create or replace function chat.store(
	rooms text[],
	again boolean,
	room_nos integer[],
	by_a boolean[],
	texts text[],
	refs text[],
	sent_ats timestamptz[],
	keys uuid[],
	datas text[],
	reply_tos bigint[],
	stream integer default null,
	in_chats smallint[] default null,
	body bytea default null)
returns table (no integer, outcome "char", seq bigint, text text, sent_at timestamptz, data text,
	reply_to bigint, edited_at timestamptz, reactions text, change bigint, is_deleted boolean,
	a_muted boolean, b_muted boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	-- Of each room: where its row is, its last seq (null when it is locked or closed), and `closed` with
	-- 8 and 16 for who has muted it (null when it is locked).
	places tid[];
	lasts bigint[];
	flags integer[];
	locked bigint;
	-- Messages that are not to be stored: they were before, or come earlier in the batch too.
	repeated bigint[];
	come_twice boolean;
	seqs bigint[]; -- null for what is not stored
	fresh integer := 0;
	stored integer;
	counted integer; -- rooms
	base bigint;
	one record;
	told bigint;
begin
	-- A batch of one is the usual one as long as little goes on, and then somebody waits for it.
	if cardinality(keys) = 1 then
		loop
			select case when closed = 0 then last_seq end, a_muted, b_muted into base, a_muted, b_muted
			from chat.conversations where room = rooms[1] for update skip locked;
			exit when found or chat.adopt(rooms) = 0;
		end loop;
		no := 1;
		outcome := 'l';
		if found then
			one := chat.store_one(rooms[1], base, again, by_a[1], texts[1], refs[1],
				sent_ats[1], keys[1], datas[1], reply_tos[1]);
			outcome := one.outcome;
			seq := one.seq;
			if outcome <> 'n' then
				text := one.text;
				sent_at := one.sent_at;
				data := one.data;
				reply_to := one.reply_to;
				edited_at := one.edited_at;
				reactions := one.reactions;
				change := one.change;
				is_deleted := one.is_deleted;
			elsif stream is not null then
				told := chat.tell_stored(stream, rooms, room_nos, by_a, array[seq],
					array[a_muted::integer * 8 + b_muted::integer * 16], in_chats, body);
			end if;
		end if;
		return next;
		return;
	end if;

	loop
		-- The rows are locked in the order of `rooms`, which is the outer side of the join.
		select array_agg(c.place), array_agg(c.last_seq), array_agg(c.flags), count(c.place)
		into places, lasts, flags, locked
		from unnest(rooms) as r(room)
		left join lateral (
			select ctid as place, case when closed = 0 then last_seq end as last_seq,
				closed + a_muted::integer * 8 + b_muted::integer * 16 as flags
			from chat.conversations where room = r.room for update skip locked
		) c on true;
		exit when locked = cardinality(rooms) or chat.adopt(rooms) = 0;
	end loop;

	select array_agg(m.no) filter (where m.is_stored), count(distinct m.ref_hash) < count(m.ref_hash)
	into repeated, come_twice
	from (
		select m.no, hashtextextended(m.ref, m.room_no * 2 + m.by_a::integer) as ref_hash,
			m.ref is not null and exists (select from chat.messages
				where room collate "POSIX" = rooms[m.room_no] and ref = m.ref
					and user_id = split_part(rooms[m.room_no], '/', case when m.by_a then 1 else 2 end))
			or again and exists (select from chat.messages
				where key = m.key and room collate "ucs_basic" = rooms[m.room_no] and ref is null)
			as is_stored
		from unnest(room_nos, by_a, refs, keys) with ordinality as m(room_no, by_a, ref, key, no)
	) m;
	-- Seeing that no ref comes twice in the batch costs less than sorting out which.
	if come_twice then
		select repeated || array_agg(m.no) into repeated
		from (
			select no, row_number() over (partition by room_no, by_a, ref collate "C" order by no) as nth
			from unnest(room_nos, by_a, refs) with ordinality as m(room_no, by_a, ref, no)
			where ref is not null
		) m
		where m.nth > 1;
	end if;

	for i in 1 .. cardinality(keys) loop
		if repeated is null or i <> all (repeated) then
			seqs[i] := lasts[room_nos[i]] + 1;
			lasts[room_nos[i]] := seqs[i];
		else
			seqs[i] := null;
		end if;
	end loop;

	insert into chat.messages (room, seq, user_id, opponent_id, text, sent_at, ref, key, data, reply_to)
	select rooms[room_no], seq, split_part(rooms[room_no], '/', case when by_a then 1 else 2 end),
		split_part(rooms[room_no], '/', case when by_a then 2 else 1 end), text, sent_at, ref, key,
		data, reply_to
	from unnest(room_nos, seqs, by_a, texts, sent_ats, refs, keys, datas, reply_tos)
		as m(room_no, seq, by_a, text, sent_at, ref, key, data, reply_to)
	where seq is not null;
	get diagnostics stored = row_count;

	update chat.conversations c
	set last_seq = m.last_seq,
		a_unread = a_unread + m.for_a, a_waiting = a_waiting or m.for_a > 0,
		b_unread = b_unread + m.for_b, b_waiting = b_waiting or m.for_b > 0,
		a_due = a_due or m.for_a > 0 and not a_muted,
		b_due = b_due or m.for_b > 0 and not b_muted,
		a_last_seq = coalesce(m.a_last_seq, c.a_last_seq),
		a_last_at = coalesce(m.a_last_at, c.a_last_at),
		b_last_seq = coalesce(m.b_last_seq, c.b_last_seq),
		b_last_at = coalesce(m.b_last_at, c.b_last_at)
	from (
		select places[room_no] as place, max(seq) as last_seq,
			count(*) filter (where not by_a) as for_a, count(*) filter (where by_a) as for_b,
			max(seq) filter (where by_a) as a_last_seq,
			max(sent_at) filter (where by_a) as a_last_at,
			max(seq) filter (where not by_a) as b_last_seq,
			max(sent_at) filter (where not by_a) as b_last_at
		from unnest(room_nos, seqs, by_a, sent_ats) as m(room_no, seq, by_a, sent_at)
		where seq is not null
		group by room_no
	) m
	where c.ctid = m.place;
	get diagnostics counted = row_count;
	if counted < cardinality(rooms)
		and counted < (select count(distinct room_nos[i]) from generate_subscripts(seqs, 1) i where seqs[i] is not null)
	then
		raise exception 'a trigger of chat.messages has changed the row of a conversation';
	end if;

	return query
	select m.no::integer, 'n'::"char", m.seq, null::text, null::timestamptz, null::text, null::bigint,
		null::timestamptz, null::text, null::bigint, null::boolean,
		flags[m.room_no] & 8 > 0, flags[m.room_no] & 16 > 0
	from unnest(room_nos, seqs) with ordinality as m(room_no, seq, no)
	where m.seq is not null;
	get diagnostics fresh = row_count;
	if fresh <> stored then
		raise exception 'a trigger of chat.messages dropped a row without an error';
	end if;
	if stream is not null and fresh > 0 then
		told := chat.tell_stored(stream, rooms, room_nos, by_a, seqs, flags, in_chats, body);
	end if;
	if fresh = cardinality(keys) then
		return;
	end if;

	-- What is left: the repeats, those of this batch included, and what could not be stored.  A message that
	-- somebody has deleted since it was found is tried again.
	return query
	select m.no::integer, case when s.key = m.key then 'k' when s.key is not null then 'r'
			when flags[m.room_no] & 7 > 0 then 'f' else 'l' end::"char",
		s.seq, s.text, s.sent_at, s.data, s.reply_to, s.edited_at, s.reactions, s.change, s.is_deleted,
		flags[m.room_no] & 8 > 0, flags[m.room_no] & 16 > 0
	from unnest(room_nos, by_a, refs, keys, seqs) with ordinality as m(room_no, by_a, ref, key, seq, no)
	left join lateral (
		select * from chat.messages
		where m.ref is not null and room collate "POSIX" = rooms[m.room_no] and ref = m.ref
			and user_id = split_part(rooms[m.room_no], '/', case when m.by_a then 1 else 2 end)
		union all
		select * from chat.messages
		where again and key = m.key and room collate "ucs_basic" = rooms[m.room_no] and ref is null
		limit 1
	) s on flags[m.room_no] is not null
	where m.seq is null;
end;
$$;
