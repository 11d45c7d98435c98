-- Pages of several chats: for each request the messages nearest to the point asked for.
--
-- Parameters, one element a request:
--     rooms    which chat
--     befores  only messages with a lower seq, the newest of them; null: not asked
--     afters   only messages with a higher seq, the oldest of them; null: not asked
--     limits   at most so many
-- With neither `before` nor `after` a request is for the newest messages.
--
-- Returns, ordered by request and then by the distance from the point asked for, one row a message;
-- a request without messages gets one row whose seq is null.
--     no              the request, from 1
--     a_read, b_read  both users' markers, 0 for nothing
--     more            there are further messages in that direction
--     by_a            whether the room's first user sent it
-- A page ends before its texts pass 256,000 bytes, though never before its first message.
-- Locks: none beyond those of a read.
-- Plan: for each request, limit + 1 steps on the primary key of chat.messages, so the size of the
-- chat does not matter; chat.conversations by its primary key.
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
#variable_conflict use_column
begin
	return query
	select q.no::integer, coalesce(c.a_read, 0), coalesce(c.b_read, 0), coalesce(p.more, false),
		p.seq, p.user_id = split_part(q.room, '/', 1), p.text, p.sent_at, p.ref
	from unnest(rooms, befores, afters, limits)
		with ordinality as q(room, before, after, wanted, no)
	left join lateral (
		select a_read, b_read from chat.conversations where room = q.room limit 1
	) c on true
	left join lateral (
		select f.*, f.found > f.kept as more
		from (
			select t.*, count(*) over () as found,
				count(*) filter (where t.nth = 1 or t.nth <= q.wanted and t.bytes <= 256000)
					over () as kept
			from (
				select s.*, row_number() over w as nth,
					sum(octet_length(s.text)) over w as bytes
				from (
					(select seq, user_id, text, sent_at, ref from chat.messages
					where q.after is null and room = q.room
						and seq < coalesce(q.before, 9223372036854775807)
					order by seq desc limit q.wanted + 1)
					union all
					(select seq, user_id, text, sent_at, ref from chat.messages
					where room = q.room and seq > q.after
					order by seq limit q.wanted + 1)
				) s
				window w as (order by case when q.after is null then -s.seq else s.seq end
					rows unbounded preceding)
			) t
		) f
		where f.nth <= f.kept
	) p on true
	order by q.no, p.nth;
end;
$$;
