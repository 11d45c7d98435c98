-- What the brokers of a cluster have told since: a consistent cut through all streams.
--
-- It is one statement, so it has one snapshot.  Whatever it shows of a stream it shows of all others what was
-- committed before: in a room it never shows a message without those before it.
--
-- Parameters: streams, afters: how far the caller has read which streams; it begins with others at 0.
--     wake: the caller has told something, and the others are woken (listeners of `chat_feed`).
-- Returns rows, those of a stream ordered by n, at most 5,001: a caller that gets that many has missed too
-- much, and asks for what it needs otherwise.
--     stream, n, kind
--     age       ms since it was told
--     kind 'm'  messages: seqs (null: not new) and flags of each (1 and 2: the room's first, second user is in
--               the chat, 4: whom it is for has muted it), body
--     kind 'b'  what brokers say by themselves: body
--     kind 'd'  a broker is dead: seqs[1] is its number
-- and, a row for each thing:
--     kind 'q'  the application has posted a message: subject (the room), seq, flag as above, word (the
--               sender's name), and the message as it is now
--     kind 'g'  a message has changed: subject (the room), seq, flag (1, 2: by the room's first, second user),
--               word (the change's ref), count (its number), and the message as it is now
--     kind 'r'  somebody has read: subject (the room), flag (1, 2: its first, second user), seq, count, total
--     kind 'o'  somebody is online (flag 1) or not: subject (the user), seq (when they last were, in ms), word
--               (their name)
--     kind 'u'  somebody has muted a chat (flag 4) or no longer: subject (the room), flag 1, 2 (which user)
-- and by_a, text, sent_at, ref, data, reply_to, edited_at, reactions, change, is_deleted of a message.
-- Locks: none beyond those of a read.
-- Plan: a scan of chat.heads, which is small; ranges of the primary key of chat.feed; chat.messages by its
-- primary key.  Sessions that turn off sequential scans get the same plan while the tables are empty.
create or replace function chat.cut(streams integer[], afters bigint[], wake boolean)
returns table (stream integer, n bigint, kind "char", age integer, seqs bigint[], flags smallint[], body bytea,
	subject text, seq bigint, flag smallint, word text, count bigint, total bigint,
	by_a boolean, text text, sent_at timestamptz, ref text, data text, reply_to bigint,
	edited_at timestamptz, reactions text, change bigint, is_deleted boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	if wake then
		perform pg_notify('chat_feed', '');
	end if;
	return query
	select f.stream, f.n, f.kind, (extract(epoch from clock_timestamp() - f.at) * 1000)::integer,
		case when e.subject is null then f.seqs end, case when e.subject is null then f.flags end, f.body,
		e.subject, e.seq, e.flag, e.word, e.count, e.total,
		m.user_id = split_part(m.room, '/', 1), m.text, m.sent_at, m.ref, m.data, m.reply_to, m.edited_at,
		m.reactions, m.change, m.is_deleted
	from chat.heads h
	left join unnest(streams, afters) c(stream, after) on c.stream = h.stream
	cross join lateral (
		select * from chat.feed x where x.stream = h.stream and x.n > coalesce(c.after, 0) order by x.n
	) f
	left join lateral unnest(f.subjects, f.seqs, f.flags, f.words, f.counts, f.totals)
		e(subject, seq, flag, word, count, total) on f.subjects is not null
	left join lateral (
		select * from chat.messages x where x.room = e.subject and x.seq = e.seq limit 1
	) m on f.kind in ('q', 'g')
	limit 5001;
end;
$$;
