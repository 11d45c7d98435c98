-- What the brokers of a cluster have told since: a consistent cut through all streams.
--
-- It is one statement, so it has one snapshot.  Whatever it shows of a stream it shows of all others what was
-- committed before: in a room it never shows a message without those before it.
--
-- Parameters: streams, afters: how far the caller has read which streams; it begins with others at 0.
--     wake: the caller has told something, and the others are woken (listeners of `chat_feed`).
-- Returns rows, those of a stream ordered by n, not all when they are more than 5,000: a caller that gets
-- so many has missed too much, and asks for what it needs otherwise.
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
-- primary key.  Sessions that turn off sequential scans get the same plan while the tables are empty.  Most
-- rows of chat.feed are messages, which a loop passes on for a quarter of what a join with the rest costs.
create or replace function chat.cut(streams integer[], afters bigint[], wake boolean)
returns table (stream integer, n bigint, kind "char", age integer, seqs bigint[], flags smallint[], body bytea,
	subject text, seq bigint, flag smallint, word text, count bigint, total bigint,
	by_a boolean, text text, sent_at timestamptz, ref text, data text, reply_to bigint,
	edited_at timestamptz, reactions text, change bigint, is_deleted boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	f record;
	things integer := 0;
begin
	if wake then
		perform pg_notify('chat_feed', '');
	end if;
	-- One statement, whose snapshot stays that of its beginning.
	for f in
		select x.*, (extract(epoch from clock_timestamp() - x.at) * 1000)::integer as age
		from chat.heads h
		cross join lateral (
			select * from chat.feed
			where stream = h.stream and n > coalesce(afters[array_position(streams, h.stream)], 0)
			order by n
		) x
		limit 5001
	loop
		stream := f.stream;
		n := f.n;
		kind := f.kind;
		age := f.age;
		seqs := f.seqs;
		flags := f.flags;
		body := f.body;
		if f.subjects is null then
			return next;
			continue;
		end if;
		seqs := null;
		flags := null;
		if kind in ('q', 'g') then
			return query
			select f.stream, f.n, f.kind, f.age, seqs, flags, body,
				e.subject, e.seq, e.flag, e.word, e.count, e.total,
				m.user_id = split_part(m.room, '/', 1), m.text, m.sent_at, m.ref, m.data, m.reply_to,
				m.edited_at, m.reactions, m.change, m.is_deleted
			from unnest(f.subjects, f.seqs, f.flags, f.words, f.counts, f.totals)
				e(subject, seq, flag, word, count, total)
			left join chat.messages m on m.room = e.subject and m.seq = e.seq;
		else
			for i in 1 .. cardinality(f.subjects) loop
				subject := f.subjects[i];
				seq := f.seqs[i];
				flag := f.flags[i];
				word := f.words[i];
				count := f.counts[i];
				total := f.totals[i];
				return next;
			end loop;
			subject := null;
			seq := null;
			flag := null;
			word := null;
			count := null;
			total := null;
		end if;
		things := things + cardinality(f.subjects);
		exit when things > 5000;
	end loop;
end;
$$;
