-- What waits for each of several users: their chats with unread messages, the newest first.
--
-- Parameters: ids, one a request.
-- Returns, ordered by request and then from the newest chat on, one row a chat, at most 100 and none
-- that would take the messages past 256,000 bytes (though at least one); a user for whom nothing waits
-- gets one row whose room is null.
--     no       the request, from 1
--     total    unread messages in all chats
--     more     there are further chats
--     in_vain  so many chats were looked at in which nothing waits any longer: chat.settle() is to be called
--     room, peer_id, name (the peer's, as shown; null: none), count, muted (by this user), and the newest
--     unread message: seq, text, sent_at, ref, data, reply_to, edited_at, reactions, change, is_deleted
-- Locks: none beyond those of a read; where unread messages were deleted, those of chat.recount_noted().
-- Plan: conversations_a_waiting and conversations_b_waiting, so that it costs what the user has unread,
-- not what they ever had; the messages through their primary key, from the newest on.
create or replace function chat.lobbies(ids text[])
returns table (no integer, total bigint, more boolean, in_vain bigint,
	room text, peer_id text, name text, count bigint, muted boolean,
	seq bigint, text text, sent_at timestamptz, ref text, data text, reply_to bigint, edited_at timestamptz,
	reactions text, change bigint, is_deleted boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	if exists (select from chat.recounts) then
		perform chat.recount_noted(100);
	end if;
	return query
	select q.no::integer, coalesce(p.total, 0)::bigint, coalesce(p.chats > 100 or p.listed > p.kept, false),
		coalesce(p.in_vain, 0),
		case when p.seq is not null then p.room end, p.user_id, coalesce(nullif(u.name, ''), u.app_name),
		case when p.seq is not null then p.unread end, case when p.seq is not null then p.muted end,
		p.seq, p.text, p.sent_at, p.ref, p.data, p.reply_to, p.edited_at, p.reactions, p.change,
		p.is_deleted
	from unnest(ids) with ordinality as q(id, no)
	left join lateral (
		select t.*, count(t.seq) over () as listed,
			count(t.seq) filter (where t.nth = 1 or t.bytes <= 256000) over () as kept
		from (
			select n.total, n.chats, n.in_vain, n.room, n.unread, n.muted, m.*, row_number() over w as nth,
				sum(octet_length(m.text) + coalesce(octet_length(m.data), 0)
					+ coalesce(octet_length(m.reactions), 0)) over w as bytes
			from (
				select w.*, sum(w.unread) over () as total,
					count(*) filter (where w.unread > 0) over () as chats,
					count(*) filter (where w.unread = 0 and w.any_at < now() - interval '1 minute')
						over () as in_vain
				from (
					select room, a_read as read, a_unread as unread, a_muted as muted,
						b_last_seq as last_seq, b_last_at as last_at, greatest(a_last_at, b_last_at) as any_at
					from chat.conversations where a_id = q.id and a_waiting
					union all
					select room, b_read, b_unread, b_muted, a_last_seq, a_last_at,
						greatest(a_last_at, b_last_at)
					from chat.conversations where b_id = q.id and b_waiting
				) w
				order by w.unread = 0, w.last_at desc, w.room limit 100
			) n
			left join lateral (
				select seq, user_id, text, sent_at, ref, data, reply_to, edited_at, reactions, change,
					is_deleted
				from chat.messages
				where room = n.room and seq <= n.last_seq and seq > n.read and opponent_id = q.id
				order by seq desc limit 1
			) m on n.unread > 0
			window w as (order by m.seq is null, n.last_at desc, n.room rows unbounded preceding)
		) t
	) p on p.nth <= greatest(p.kept, 1)
	left join lateral (
		select name, app_name from chat.users where id = p.user_id limit 1
	) u on true
	order by q.no, p.nth;
end;
$$;
