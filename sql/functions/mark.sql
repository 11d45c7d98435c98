-- Moves read markers: "this user has read this room up to seq".
--
-- A marker only moves forward, and no further than the last message.  The messages that it passes are
-- marked delivered in the same transaction as long as the call stays within 1,000 of them; beyond
-- that the conversation is flagged and chat.deliver_next() follows.
--
-- The flag of a chat in which somebody writes is left as it is when nothing is unread any longer: the next
-- message would set it again, and each time in a new version of the row, in all indexes.  chat.settle()
-- takes it back later.
--
-- Parameters, one element a mark: rooms, ids (the users), seqs.  And stream: in a cluster the caller's; the
-- other brokers are told of the markers that moved.
-- Returns a row for each mark, in no particular order:
--     no      the mark, from 1
--     locked  another session holds the room: nothing was done, try again
--     moved   the marker moved; false also when there is no such room or the user is not in it
--     seq     where it stands now
--     count   unread messages left for the user in the room
--     total   and in all rooms, after all marks of this call
--     follow  chat.deliver_next() has something to do
-- Locks: the rows of chat.conversations, in order of room, never waiting for one; those of the
-- messages that are marked delivered.
-- Plan: chat.conversations by its primary key, and then by the place where the row was found, which no
-- one can change while it is locked; chat.messages by a range of its primary key, the shorter one of the
-- two that give the count; conversations_a_waiting and conversations_b_waiting for the total.  What is not
-- the usual case is asked for each mark: how many are unread behind one that is not at the end.
create or replace function chat.mark(rooms text[], ids text[], seqs bigint[], stream integer)
returns table (no integer, locked boolean, moved boolean, seq bigint, count bigint, total bigint,
	follow boolean)
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
	-- Of each mark, in order of room and user; null where the row is locked or not there.
	nos integer[];
	in_rooms text[];
	of_ids text[];
	wanted bigint[];
	is_a boolean[];
	places tid[];
	last_seqs bigint[];
	reads bigint[];
	counts bigint[];
	waitings boolean[]; -- the flag is up, and stays up for a while
	delivereds bigint[];
	totals bigint[];
	moveds boolean[];
	follows boolean[];
	-- What to write, of each user and room once.
	moving integer[] := '{}';
	budget bigint := 1000;
	target bigint;
begin
	if exists (select from chat.recounts) then
		perform chat.recount_noted(100);
	end if;
	-- The rows are locked in the order of the outer side of the join.
	select array_agg(m.no), array_agg(m.room), array_agg(m.id), array_agg(m.seq), array_agg(m.is_a),
		array_agg(c.place), array_agg(c.last_seq), array_agg(c.read), array_agg(c.unread),
		array_agg(c.waiting), array_agg(c.delivered)
	into nos, in_rooms, of_ids, wanted, is_a, places, last_seqs, reads, counts, waitings, delivereds
	from (
		select r.no::integer, r.room, r.id, r.seq, split_part(r.room, '/', 1) = r.id as is_a
		from unnest(rooms, ids, seqs) with ordinality as r(room, id, seq, no)
		order by r.room collate "C", r.id collate "C", r.no
	) m
	left join lateral (
		select ctid as place, last_seq, case when m.is_a then a_read else b_read end as read,
			case when m.is_a then a_unread else b_unread end as unread,
			case when m.is_a then a_waiting else b_waiting end
				and greatest(a_last_at, b_last_at) > now() - interval '1 minute' as waiting,
			case when m.is_a then a_delivered else b_delivered end as delivered
		from chat.conversations where room = m.room and (a_id = m.id or b_id = m.id)
		for update skip locked
	) c on true;

	for i in 1 .. cardinality(rooms) loop
		moveds[i] := false;
		follows[i] := false;
		if in_rooms[i] = in_rooms[i - 1] and of_ids[i] = of_ids[i - 1] then
			-- As the mark before has left it.
			reads[i] := reads[i - 1];
			counts[i] := counts[i - 1];
			delivereds[i] := delivereds[i - 1];
		end if;
		target := least(wanted[i], last_seqs[i]);
		if target > reads[i] then
			if target = last_seqs[i] or counts[i] = 0 then
				counts[i] := 0;
			elsif target - reads[i] <= last_seqs[i] - target then
				counts[i] := greatest(0, counts[i] - (select count(*) from chat.messages
					where room = in_rooms[i] and seq > reads[i] and seq <= target and opponent_id = of_ids[i]));
			else
				counts[i] := (select count(*) from chat.messages
					where room = in_rooms[i] and seq > target and opponent_id = of_ids[i]);
			end if;
			if in_rooms[i] = in_rooms[moving[cardinality(moving)]]
				and of_ids[i] = of_ids[moving[cardinality(moving)]] then
				moving[cardinality(moving)] := i;
			else
				moving := moving || i;
			end if;
			moveds[i] := true;
			reads[i] := target;
			follows[i] := target - delivereds[i] > budget;
			if not follows[i] then
				budget := budget - (target - delivereds[i]);
				-- By itself: joined with all marks of the call, an empty table's plan would read them all.
				update chat.messages set is_delivered = true
				where room = in_rooms[i] and seq > delivereds[i] and seq <= target
					and opponent_id = of_ids[i] and not is_delivered;
				delivereds[i] := target;
			end if;
		end if;
	end loop;

	if moving <> '{}' then
		update chat.conversations c
		set a_read = coalesce(m.a_read, c.a_read), b_read = coalesce(m.b_read, c.b_read),
			a_unread = coalesce(m.a_count, a_unread), b_unread = coalesce(m.b_count, b_unread),
			a_waiting = coalesce(m.a_waiting, c.a_waiting), b_waiting = coalesce(m.b_waiting, c.b_waiting),
			a_delivered = coalesce(m.a_delivered, c.a_delivered),
			b_delivered = coalesce(m.b_delivered, c.b_delivered),
			following = following or m.follows
		from (
			select places[i] as place,
				max(reads[i]) filter (where is_a[i]) as a_read,
				max(reads[i]) filter (where not is_a[i]) as b_read,
				max(counts[i]) filter (where is_a[i]) as a_count,
				max(counts[i]) filter (where not is_a[i]) as b_count,
				bool_or(counts[i] > 0 or waitings[i]) filter (where is_a[i]) as a_waiting,
				bool_or(counts[i] > 0 or waitings[i]) filter (where not is_a[i]) as b_waiting,
				max(delivereds[i]) filter (where is_a[i]) as a_delivered,
				max(delivereds[i]) filter (where not is_a[i]) as b_delivered,
				bool_or(follows[i]) as follows
			from unnest(moving) as m(i)
			group by places[i]
		) m
		where c.ctid = m.place;
	end if;

	select array_agg(t.total) into totals
	from unnest(of_ids) as m(id)
	cross join lateral (
		select coalesce(sum(w.unread), 0)::bigint as total from (
			select a_unread as unread from chat.conversations where a_id = m.id and a_waiting
			union all
			select b_unread from chat.conversations where b_id = m.id and b_waiting
		) w
	) t;

	if stream is not null and moving <> '{}' then
		perform chat.tell(stream, 'r', array_agg(reads[i]), array_agg((case when is_a[i] then 1 else 2 end)::smallint),
			array_agg(in_rooms[i]), counts => array_agg(counts[i]), totals => array_agg(totals[i]))
		from unnest(moving) as m(i);
	end if;
	for i in 1 .. cardinality(rooms) loop
		no := nos[i];
		locked := places[i] is null and exists (select from chat.conversations
			where room = in_rooms[i] and (a_id = of_ids[i] or b_id = of_ids[i]));
		moved := moveds[i];
		seq := coalesce(reads[i], 0);
		count := coalesce(counts[i], 0);
		total := totals[i];
		follow := follows[i];
		return next;
	end loop;
end;
$$;

-- The same for a plugin of the first edition.
create or replace function chat.mark(rooms text[], ids text[], seqs bigint[])
returns table (no integer, locked boolean, moved boolean, seq bigint, count bigint, total bigint,
	follow boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
	return query select * from chat.mark(rooms, ids, seqs, null);
end;
$$;
