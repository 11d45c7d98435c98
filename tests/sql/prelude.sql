-- What the scripts here have in common: the schema, and assertions whose names are sentences.
\ir :sql/install.sql

create schema test;

-- As the plugin's sessions have it; of each new session, because some scripts connect again.
select format('alter database %I set %s', current_database(), setting) from unnest(array[
	'plan_cache_mode = force_generic_plan', 'enable_seqscan = off', 'enable_bitmapscan = off',
	'enable_hashjoin = off', 'enable_mergejoin = off', 'jit = off']) setting \gexec
\c

-- Fails with the sentence unless both are the same.
create function test.same(sentence text, is_now anyelement, should_be anyelement) returns void
language plpgsql as $$
begin
	if is_now is distinct from should_be then
		raise exception '%: is %, should be %', sentence, is_now, should_be;
	end if;
end;
$$;

-- Fails unless the statement fails with that SQLSTATE.
create function test.fails(sentence text, statement text, code text) returns void
language plpgsql as $$
begin
	begin
		execute statement;
	exception when others then
		perform test.same(sentence, sqlstate::text, code);
		return;
	end;
	raise exception '%: it went well', sentence;
end;
$$;

-- Saves messages that are given as 'room by text [ref]', by is a or b; the key is the md5 of `key` and the
-- message's number.  Returns 'n1 n2 r1 k1 l x' in the order of the messages.
create function test.save(key text, messages text[], again boolean default false,
	function text default 'store') returns text
language plpgsql as $$
declare
	rooms text[];
	more text := case when function ~ '^store' then ', null, null' else '' end;
	answer text;
begin
	select array_agg(distinct split_part(m, ' ', 1) collate "C" order by
		split_part(m, ' ', 1) collate "C") into rooms from unnest(messages) m;
	execute format($q$select string_agg(s.outcome::text || coalesce(s.seq::text, ''), ' ' order by s.no)
	from (
		select array_agg(array_position($1, split_part(m, ' ', 1)) order by no) as room_nos,
			array_agg(split_part(m, ' ', 2) = 'a' order by no) as by_a,
			array_agg(split_part(m, ' ', 3) order by no) as texts,
			array_agg(nullif(split_part(m, ' ', 4), '') order by no) as refs,
			array_agg(now() order by no) as sent_ats,
			array_agg(md5($3 || no)::uuid order by no) as keys
		from unnest($4) with ordinality as m(m, no)
	) p, chat.%I($1, $2, p.room_nos, p.by_a, p.texts, p.refs, p.sent_ats, p.keys%s) s$q$, function, more)
	into answer using rooms, again, key, messages;
	return answer;
end;
$$;

-- The same messages, each in a call of its own.
create function test.save_alone(key text, messages text[], again boolean default false) returns text
language sql as $$
	select string_agg(test.save(key || no, array[m], again), ' ' order by no)
	from unnest(messages) with ordinality as g(m, no);
$$;

-- The invariants of the tables, after whatever was done.
create function test.sound() returns void
language plpgsql as $$
begin
	perform test.same('seq has no holes', (select count(*) from (
		select from chat.messages group by room having max(seq) <> count(*)) h), 0::bigint);
	perform test.same('a conversation knows its last seq', (select count(*)
		from chat.conversations c where last_seq <> coalesce((select max(seq)
			from chat.messages m where m.room = c.room), 0)), 0::bigint);
	perform test.same('unread is what the other user sent beyond the marker', (select count(*)
		from chat.conversations c
		where a_unread <> (select count(*) from chat.messages m
				where m.room = c.room and m.opponent_id = c.a_id and seq > c.a_read)
			or b_unread <> (select count(*) from chat.messages m
				where m.room = c.room and m.opponent_id = c.b_id and seq > c.b_read)),
		0::bigint);
	perform test.same('where something is unread, waiting says so', (select count(*)
		from chat.conversations where not a_waiting and a_unread > 0
			or not b_waiting and b_unread > 0), 0::bigint);
	perform test.same('the last of each user is their newest', (select count(*)
		from chat.conversations c
		where a_last_seq <> coalesce((select max(seq) from chat.messages m
				where m.room = c.room and m.user_id = c.a_id), 0)
			or b_last_seq <> coalesce((select max(seq) from chat.messages m
				where m.room = c.room and m.user_id = c.b_id), 0)),
		0::bigint);
	perform test.same('delivered rows stand up to where delivery has come', (select count(*)
		from chat.conversations c join chat.messages m using (room)
		where m.is_delivered <> (m.seq <= case when m.opponent_id = c.a_id
				then a_delivered else b_delivered end)
			and not following), 0::bigint);
end;
$$;
