-- All chats of several users in which something was said, the one with the newest message first: pages.
--
-- Parameters, one element a request:
--     ids     whose
--     limits  at most so many chats
--     afters  `next` of the last row of the page before; null: from the newest on
-- A chat that gets a message meanwhile moves to the front, and may be missing in a later page; no other is,
-- and none comes twice.
--
-- Returns, ordered by request and then from the newest chat on, one row a chat; a request without any gets
-- one row whose room is null.
--     no              the request, from 1
--     room, peer_id, name (the peer's, as shown; null: none)
--     count           unread messages
--     a_read, b_read  both users' markers
--     muted, blocked  by this user
--     closed          by whoever it may be
--     more            there are further chats; null: `after` is no such string
--     next            for `after`
--     and the newest message that is left, seq is null when none is: seq, by_a (the room's first user sent
--     it), text, sent_at, ref, data, reply_to, edited_at, reactions, change, is_deleted
-- A page ends before its messages pass 256,000 bytes, though never before its first chat.
-- Locks: none beyond those of a read; where unread messages were deleted, those of chat.recount_noted().
-- Plan: conversations_a_id and conversations_b_id: all conversations of the user are looked at and sorted,
-- because an index by time would be written with each message.  Messages by their primary key, for the page
-- only.
create or replace function chat.chats(ids text[], limits integer[], afters text[])
returns table (no integer, room text, peer_id text, name text, count bigint, a_read bigint, b_read bigint,
	muted boolean, blocked boolean, closed boolean, more boolean, next text,
	seq bigint, by_a boolean, text text, sent_at timestamptz, ref text, data text, reply_to bigint,
	edited_at timestamptz, reactions text, change bigint, is_deleted boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	if exists (select from chat.recounts) then
		perform chat.recount_noted(100);
	end if;
	return query
	select q.no::integer, p.room, p.peer_id, coalesce(nullif(u.name, ''), u.app_name), p.unread, p.a_read,
		p.b_read, p.muted, p.blocked, p.closed,
		case when q.after is null or a.at is not null then coalesce(p.found > p.kept, false) end,
		(extract(epoch from p.last_at) * 1000000)::bigint || '/' || p.room,
		p.seq, p.user_id = split_part(p.room, '/', 1), p.text, p.sent_at, p.ref, p.data, p.reply_to,
		p.edited_at, p.reactions, p.change, p.is_deleted
	from unnest(ids, limits, afters) with ordinality as q(id, wanted, after, no)
	cross join lateral (
		select case when q.after ~ '^[0-9]{1,16}/[^/]+/[^/]+$' then timestamptz 'epoch'
				+ split_part(q.after, '/', 1)::bigint * interval '1 microsecond' end as at,
			substr(q.after, strpos(q.after, '/') + 1) as room
		offset 0 -- once for a request, not once for a conversation
	) a
	left join lateral (
		select t.*, count(*) over () as found,
			count(*) filter (where t.nth = 1 or t.nth <= q.wanted and t.bytes <= 256000) over () as kept
		from (
			select n.*, m.*, row_number() over w as nth,
				sum(octet_length(m.text) + coalesce(octet_length(m.data), 0)
					+ coalesce(octet_length(m.reactions), 0)) over w as bytes
			from (
				select *
				from (
					select room, b_id as peer_id, greatest(a_last_at, b_last_at) as last_at,
						a_unread as unread, a_read, b_read, a_muted as muted, closed & 1 > 0 as blocked,
						closed > 0 as closed
					from chat.conversations where a_id collate "POSIX" = q.id
					union all
					select room, a_id, greatest(a_last_at, b_last_at), b_unread, a_read, b_read, b_muted,
						closed & 2 > 0, closed > 0
					from chat.conversations where b_id collate "POSIX" = q.id
				) c
				where c.last_at is not null and (q.after is null
					or c.last_at < a.at or c.last_at = a.at and c.room > a.room collate "C")
				order by c.last_at desc, c.room limit q.wanted + 1
			) n
			left join lateral (
				select seq, user_id, text, sent_at, ref, data, reply_to, edited_at, reactions, change,
					is_deleted
				from chat.messages where room = n.room order by seq desc limit 1
			) m on true
			window w as (order by n.last_at desc, n.room rows unbounded preceding)
		) t
	) p on p.nth <= p.kept
	left join lateral (
		select name, app_name from chat.users where id = p.peer_id limit 1
	) u on true
	order by q.no, p.nth;
end;
$$;
