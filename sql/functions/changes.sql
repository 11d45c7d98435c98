-- What changed in several chats: for each request the messages whose last change is behind a number.
--
-- Parameters, one element a request: rooms; sinces, a change number, 0 for all; limits, at most so many.
-- Returns, ordered by request and then by change, one row a message; a request without any gets one row
-- whose seq is null.
--     no           the request, from 1
--     last_change  the chat's latest change number
--     more         there are further ones
--     and the message: seq, by_a (the room's first user sent it), text, sent_at, ref, data, reply_to,
--     edited_at, reactions, change, is_deleted
-- A page ends before its texts pass 256,000 bytes, though never before its first message.
-- Locks: none beyond those of a read.
-- Plan: for each request, limit + 1 steps on messages_room_change; chat.conversations by its primary key.
create or replace function chat.changes(rooms text[], sinces bigint[], limits integer[])
returns table (no integer, last_change bigint, more boolean, seq bigint, by_a boolean, text text,
	sent_at timestamptz, ref text, data text, reply_to bigint, edited_at timestamptz, reactions text,
	change bigint, is_deleted boolean)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	return query
	select q.no::integer, coalesce(c.last_change, 0), coalesce(p.more, false),
		p.seq, p.user_id = split_part(q.room, '/', 1), p.text, p.sent_at, p.ref, p.data, p.reply_to,
		p.edited_at, p.reactions, p.change, coalesce(p.is_deleted, false)
	from unnest(rooms, sinces, limits) with ordinality as q(room, since, wanted, no)
	left join lateral (
		select last_change from chat.conversations where room = q.room limit 1
	) c on true
	left join lateral (
		select f.*, f.found > f.kept as more
		from (
			select t.*, count(*) over () as found,
				count(*) filter (where t.nth = 1 or t.nth <= q.wanted and t.bytes <= 256000)
					over () as kept
			from (
				select s.*, row_number() over w as nth,
					sum(octet_length(s.text) + coalesce(octet_length(s.data), 0)
						+ coalesce(octet_length(s.reactions), 0)) over w as bytes
				from (
					select seq, user_id, text, sent_at, ref, data, reply_to, edited_at, reactions,
						change, is_deleted
					from chat.messages
					where room collate "ucs_basic" = q.room and change > q.since
					order by change limit q.wanted + 1
				) s
				window w as (order by s.change rows unbounded preceding)
			) t
		) f
		where f.nth <= f.kept
	) p on true
	order by q.no, p.nth;
end;
$$;
