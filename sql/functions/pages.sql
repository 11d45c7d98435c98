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
--     no                    the request, from 1
--     a_read, b_read        both users' markers, 0 for nothing
--     more                  there are further messages in that direction
--     last_change           the number of the chat's latest change, 0 for none
--     closed                whether the chat is closed
--     undecided             nothing was ever said here, and it is for chat.may_chat() to say whether it is
--     a_wrote, b_wrote      whether that user has ever written here
--     a_name, b_name        as shown; null: none
--     a_seen_at, b_seen_at  when that user was last connected; null: not known
--     a_online, b_online    in a cluster: whether that user is connected to any broker
--     by_a                  whether the room's first user sent the message
--     seq, text, sent_at, ref, data, reply_to, edited_at, reactions, change, is_deleted
-- A page ends before its messages pass 256,000 bytes, though never before its first one.
-- Locks: none beyond those of a read.
-- Plan: for each request, limit + 1 steps on the primary key of chat.messages, so the size of the
-- chat does not matter; chat.conversations and chat.users by their primary keys.
create or replace function chat.pages(
	rooms text[],
	befores bigint[],
	afters bigint[],
	limits integer[])
returns table (no integer, a_read bigint, b_read bigint, more boolean, last_change bigint, closed boolean,
	undecided boolean, a_wrote boolean, b_wrote boolean, a_name text, b_name text, a_seen_at timestamptz,
	b_seen_at timestamptz, a_online boolean, b_online boolean, seq bigint, by_a boolean, text text, sent_at timestamptz, ref text, data text,
	reply_to bigint, edited_at timestamptz, reactions text, change bigint, is_deleted boolean)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	in_cluster boolean := exists (select from chat.feed_id);
begin
	return query
	select q.no::integer, coalesce(c.a_read, 0), coalesce(c.b_read, 0), coalesce(p.more, false),
		coalesce(c.last_change, 0), coalesce(c.closed <> 0, false),
		p.seq is null and coalesce(c.last_seq, 0) = 0 and coalesce(c.closed, 0) = 0
			and (select chat.site_decides()),
		c.a_last_at is not null, c.b_last_at is not null,
		coalesce(nullif(a.name, ''), a.app_name), coalesce(nullif(b.name, ''), b.app_name),
		a.seen_at, b.seen_at,
		o.a_online, o.b_online,
		p.seq, p.user_id = split_part(q.room, '/', 1), p.text, p.sent_at, p.ref, p.data, p.reply_to,
		p.edited_at, p.reactions, p.change, p.is_deleted
	from unnest(rooms, befores, afters, limits)
		with ordinality as q(room, before, after, wanted, no)
	left join lateral (
		select a_read, b_read, last_seq, last_change, closed, a_last_at, b_last_at
		from chat.conversations where room = q.room limit 1
	) c on true
	left join lateral (
		select name, app_name, seen_at from chat.users where id = split_part(q.room, '/', 1) limit 1
	) a on true
	left join lateral (
		select name, app_name, seen_at from chat.users where id = split_part(q.room, '/', 2) limit 1
	) b on true
	-- Once a request, and not for each of its messages.
	cross join lateral (
		select in_cluster and chat.is_online(split_part(q.room, '/', 1)) as a_online,
			in_cluster and chat.is_online(split_part(q.room, '/', 2)) as b_online
		limit 1
	) o
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
					(select seq, user_id, text, sent_at, ref, data, reply_to, edited_at, reactions, change,
						is_deleted
					from chat.messages
					where q.after is null and room = q.room
						and seq < coalesce(q.before, 9223372036854775807)
					order by seq desc limit q.wanted + 1)
					union all
					(select seq, user_id, text, sent_at, ref, data, reply_to, edited_at, reactions, change,
						is_deleted
					from chat.messages
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
