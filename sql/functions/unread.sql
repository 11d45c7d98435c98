-- What waits for each of several users: their chats with unread messages, the newest first.
--
-- Parameters: ids, one a request.
-- Returns, ordered by request and then from the newest chat on, one row a chat, at most 100 and none
-- that would take the texts past 256,000 bytes (though at least one); a user for whom nothing waits
-- gets one row whose room is null.
--     no     the request, from 1
--     total  unread messages in all chats
--     more   there are further chats
--     peer_id, count, and the newest unread message: seq, text, sent_at, ref
-- Locks: none beyond those of a read.
-- Plan: conversations_a_waiting and conversations_b_waiting, so that it costs what the user has unread,
-- not what they ever had; the messages through their primary key.
create or replace function chat.unread(ids text[])
returns table (no integer, total bigint, more boolean,
	room text, peer_id text, count bigint, seq bigint, text text, sent_at timestamptz, ref text)
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
	select q.no::integer, coalesce(p.total, 0)::bigint, coalesce(p.chats > p.kept, false),
		p.room, p.peer_id, p.unread, p.last_seq, p.text, p.sent_at, p.ref
	from unnest(ids) with ordinality as q(id, no)
	left join lateral (
		select t.*, count(*) filter (where t.nth = 1 or t.bytes <= 256000) over () as kept
		from (
			select n.*, m.text, m.sent_at, m.ref, row_number() over w as nth,
				sum(octet_length(m.text)) over w as bytes
			from (
				select w.*, sum(w.unread) over () as total, count(*) over () as chats
				from (
					select room, b_id as peer_id, a_unread as unread,
						b_last_seq as last_seq, b_last_at as last_at
					from chat.conversations where a_id = q.id and a_waiting
					union all
					select room, a_id, b_unread, a_last_seq, a_last_at
					from chat.conversations where b_id = q.id and b_waiting
				) w
				order by w.last_at desc, w.room limit 100
			) n
			cross join lateral (
				select text, sent_at, ref from chat.messages
				where room = n.room and seq = n.last_seq limit 1
			) m
			window w as (order by n.last_at desc, n.room rows unbounded preceding)
		) t
	) p on p.nth <= p.kept
	order by q.no, p.nth;
end;
$$;
