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
--     total   and in all rooms
--     follow  chat.deliver_next() has something to do
-- Locks: the rows of chat.conversations, in order of room, never waiting for one; those of the
-- messages that are marked delivered.
-- Plan: chat.conversations by its primary key; chat.messages by a range of its primary key, the
-- shorter one of the two that give the count; conversations_a_waiting and conversations_b_waiting
-- for the total.
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
	m record;
	c record;
	target bigint;
	unread bigint;
	budget bigint := 1000;
	at_once boolean;
	waiting boolean;
	-- Of those that moved.
	told_rooms text[] := '{}';
	told_flags smallint[] := '{}';
	told_seqs bigint[] := '{}';
	told_counts bigint[] := '{}';
	told_totals bigint[] := '{}';
begin
	if exists (select from chat.recounts) then
		perform chat.recount_noted(100);
	end if;
	for m in
		select r.room, r.id, r.seq, r.no::integer as no, split_part(r.room, '/', 1) = r.id as is_a
		from unnest(rooms, ids, seqs) with ordinality as r(room, id, seq, no)
		order by r.room collate "C", r.no
	loop
		no := m.no;
		locked := false;
		moved := false;
		follow := false;
		select last_seq, following, case when m.is_a then a_read else b_read end as read,
			case when m.is_a then a_unread else b_unread end as unread,
			case when m.is_a then a_waiting else b_waiting end as waiting,
			case when m.is_a then a_delivered else b_delivered end as delivered,
			greatest(a_last_at, b_last_at) > now() - interval '1 minute' as is_live
		into c from chat.conversations
		where room = m.room and (a_id = m.id or b_id = m.id)
		for update skip locked;
		if not found then
			locked := exists (select from chat.conversations
				where room = m.room and (a_id = m.id or b_id = m.id));
			seq := 0;
			count := 0;
		else
			target := least(m.seq, c.last_seq);
			moved := target > c.read;
			seq := greatest(target, c.read);
			count := c.unread;
		end if;

		if moved then
			if target = c.last_seq or c.unread = 0 then
				count := 0;
			elsif target - c.read <= c.last_seq - target then
				select greatest(c.unread - count(*), 0) into unread from chat.messages
				where room = m.room and seq > c.read and seq <= target and opponent_id = m.id;
				count := unread;
			else
				select count(*) into unread from chat.messages
				where room = m.room and seq > target and opponent_id = m.id;
				count := unread;
			end if;
			waiting := count > 0 or c.waiting and c.is_live;
			at_once := target - c.delivered <= budget;
			if at_once then
				budget := budget - (target - c.delivered);
				update chat.messages set is_delivered = true
				where room = m.room and seq > c.delivered and seq <= target
					and opponent_id = m.id and not is_delivered;
			end if;
			follow := not at_once;
			if m.is_a then
				update chat.conversations
				set a_read = target, a_unread = count, a_waiting = waiting,
					a_delivered = case when at_once then target else a_delivered end,
					following = following or not at_once
				where room = m.room;
			else
				update chat.conversations
				set b_read = target, b_unread = count, b_waiting = waiting,
					b_delivered = case when at_once then target else b_delivered end,
					following = following or not at_once
				where room = m.room;
			end if;
		end if;

		select coalesce(sum(w.unread), 0)::bigint into total from (
			select a_unread as unread from chat.conversations where a_id = m.id and a_waiting
			union all
			select b_unread from chat.conversations where b_id = m.id and b_waiting
		) w;
		if moved and stream is not null then
			told_rooms := told_rooms || m.room;
			told_flags := told_flags || case when m.is_a then 1 else 2 end::smallint;
			told_seqs := told_seqs || seq;
			told_counts := told_counts || count;
			told_totals := told_totals || total;
		end if;
		return next;
	end loop;
	if told_rooms <> '{}' then
		perform chat.tell(stream, 'r', told_seqs, told_flags, told_rooms, counts => told_counts,
			totals => told_totals);
	end if;
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
