\ir prelude.sql
create extension dblink;
select dblink_connect('other', format('host=%s port=%s user=postgres dbname=postgres',
	:'HOST', :'PORT'));

-- What was told since, as 'stream.n kind ...' with streams counted from that of the node.
create function test.told(node integer, after bigint[] default '{}') returns text
language sql as $$
	select coalesce(string_agg(format('%s.%s %s %s', c.stream - node * 8, c.n, c.kind,
		coalesce(c.subject || ' ' || concat_ws(' ', c.seq, c.flag, c.word, c.count, c.total, c.text),
			concat_ws(' ', c.seqs::text, c.flags::text, c.body::text))), ', ' order by c.stream, c.n, c.subject, c.seq), '')
	from chat.cut(array(select node * 8 + w from generate_series(0, cardinality(after) - 1) w), after, false) c
	where c.stream between node * 8 and node * 8 + 7;
$$;
create function test.store(stream integer, key text, texts text[], in_chats integer[] default null,
	function text default 'store', sent_ref text default null) returns text
language plpgsql as $$
declare
	answer text;
begin
	execute format($q$select string_agg(s.outcome::text || coalesce(s.seq::text, ''), ' ' order by s.no)
	from chat.%I(array['1/2'], false, array_fill(1, array[cardinality($1)]),
		array_fill(true, array[cardinality($1)]), $1, array_fill($5, array[cardinality($1)]),
		array_fill(now(), array[cardinality($1)]),
		array(select md5($2 || t)::uuid from unnest($1) t), null, null, $3, $4, 'body') s$q$, function)
	into answer using texts, key, stream, in_chats::smallint[], sent_ref;
	return answer;
end;
$$;

-- Until the session that stood for the broker has ended.
create function test.await_end(node integer) returns void
language plpgsql as $$
begin
	for i in 1 .. 300 loop
		if not exists (select from pg_locks where locktype = 'advisory' and classid = 7481 and objid = node) then
			return;
		end if;
		perform pg_sleep(0.1);
	end loop;
	raise exception 'waited 30 s for the lock of broker % to be free', node;
end;
$$;

select node as one, feed_id from chat.node_enter('one', null) \gset
select node as two, feed_id as feed_id_two from dblink('other', $$select * from chat.node_enter('two', null)$$)
	as r(node integer, feed_id uuid) \gset
select test.same('brokers have numbers of their own', :one <> :two, true);
select test.same('and one feed', :'feed_id'::text, :'feed_id_two');
select test.same('a broker that the others have not missed keeps its number',
	(select node from chat.node_enter('one', :one)), :one);
select test.same('each stream begins at nothing', (select count(*) from chat.current_heads() where n <> 0), 0::bigint);
select test.same('twelve of them', (select count(*) from chat.current_heads()), 12::bigint);

-- Messages.
select test.same('one is stored', test.store(:one * 8, 'a', array['x'], array[3]), 'n1');
select test.same('several are', test.store(:one * 8 + 1, 'a', array['y', 'z'], array[1, 0]), 'n2 n3');
select test.same('and told, with who is in the chat', test.told(:one),
	'0.1 m {1} {3} \x626f6479, 1.1 m {2,3} {1,0} \x626f6479');
select test.same('one by one, too', test.store(:one * 8, 'b', array['x', 'y'], array[0, 2], 'store_each'), 'n4 n5');
select test.same('as one', test.told(:one, array[1, 1]), '0.2 m {4,5} {0,2} \x626f6479');
select test.same('what was stored before is not told', test.store(:one * 8, 'c', array['r'], null, 'store', 'ref')
	|| ' ' || test.store(:one * 8, 'd', array['r'], null, 'store', 'ref')
	|| ' ' || test.store(:one * 8, 'e', array['r', 'r'], null, 'store', 'ref'), 'n6 r6 r6 r6');
select test.same('but with something new', test.told(:one, array[2, 1]), '0.3 m {6} {0} \x626f6479');
select chat.mute(array['2'], array['1/2'], array[true], :one * 8 + 4);
insert into chat.places values ('1/2', :two, false, 'Ben');
select test.same('where the writer does not know, the places say who is in the chat',
	test.store(:one * 8, 'f', array['a', 'b'], array[1, null]), 'n7 n8');
select test.same('and whether it is muted', test.told(:one, array[3, 1]),
	'0.4 m {7,8} {5,6} \x626f6479, 4.1 u 1/2 6');
select test.same('without a cluster nothing is told', test.save('g', array['1/2 a x', '1/3 a x'])
	|| test.save('gg', array['1/2 a y']) || test.told(:one, array[4, 1, 0, 0, 1]), 'n9 n1n10');
delete from chat.places;

-- What else is committed.
select chat.mark(array['1/2', '1/3', '1/2'], array['2', '3', '1'], array[9, 1, 0]::bigint[], :one * 8 + 4);
select test.same('markers that moved are told', test.told(:one, array[4, 1, 0, 0, 1]),
	'4.2 r 1/2 9 2 1 1, 4.2 r 1/3 1 2 0 0');
select chat.change(array['1/2', '1/2', '1/2'], array[true, false, true], array['e', 'e', 'd']::"char"[], array[1, 1, 2]::bigint[],
	array['X', 'no', null], array[null, null, null], array[null, null, null], array[true, true, true],
	array[now(), now(), now()], :one * 8 + 4, array['r1', null, null]);
select test.same('changes that were made are told, with the message as it is by now',
	test.told(:one, array[4, 1, 0, 0, 2]), '4.3 g 1/2 1 1 r1 1 X, 4.3 g 1/2 2 1 2 ');
select chat.post('1', '2', 'posted');
select chat.edit('1', '2', 1, 'Y');
select kind from chat.carry_out(10, :one * 8 + 4);
select test.same('what the application has done is told', test.told(:one, array[4, 1, 0, 0, 3]),
	'4.4 q 1/2 11 4 posted, 4.5 g 1/2 1 0 3 Y');
select chat.seen(array['1', '2'], array['Ann', 'Ben'], array[true, true], array['2026-01-01Z', '2026-01-02Z']::timestamptz[],
	:one, :one * 8 + 4);
select test.same('who comes is told', test.told(:one, array[4, 1, 0, 0, 5]),
	'4.6 o 1 1767225600000 1 Ann, 4.6 o 2 1767312000000 1 Ben');
select chat.seen(array['1'], array['Ann'], array[true], array['2026-01-01Z']::timestamptz[], :two, null);
select chat.seen(array['1', '2'], array[null, null], array[false, false], array['2026-01-03Z', '2026-01-03Z']::timestamptz[],
	:one, :one * 8 + 4);
select test.same('who goes is online still where they are on another broker', test.told(:one, array[4, 1, 0, 0, 6]),
	'4.7 o 1 1767398400000 1 Ann, 4.7 o 2 1767398400000 0 Ben');

-- Places.
select test.same('nobody else is there', (select count(*) from chat.place(:one * 8 + 5, :one, array['1/2'], array[true],
	array['Ann'], array[true], 'p1')), 0::bigint);
select test.same('the second one hears of the first', (select room || by_a || name || (on_node = :one)
	from chat.place(:two * 8 + 5, :two, array['1/2', '3/4'], array[false, true], array['Ben', 'Cid'], array[true, true], 'p2')),
	'1/2trueAnntrue');
select test.same('the others hear of it', test.told(:two), '5.1 b \x7032');
select from chat.place(:two * 8 + 5, :two, array['1/2'], array[false], array['Ben'], array[false], 'p3');
select test.same('who has left is not there', (select string_agg(room || node - :one, ' ' order by room) from chat.places),
	'1/20 3/4' || :two - :one);

-- Versions of a row stay as long as somebody has an old snapshot.
select ctid::text as place from chat.heads where stream = :one * 8 + 5 \gset
select chat.say(:one * 8 + 5, 'x');
select test.same('telling changes no row that others look at', (select ctid::text from chat.heads where stream = :one * 8 + 5),
	:'place');

-- A commit takes long.
update chat.feed set at = at - interval '4 s' where stream in (:one * 8, :one * 8 + 1);
select dblink_exec('other', 'begin');
select * from dblink('other', format('select stream from chat.heads where stream = %s for update', :one * 8)) as r(stream integer);
set lock_timeout = '250ms';
update chat.nodes set seen_at = clock_timestamp() where node in (:one, :two);
select test.same('whoever waits for one says all the same that it lives', (select alive from chat.node_beat(:one, 0, 0)), true);
reset lock_timeout;
select dblink_exec('other', 'rollback');
select test.same('and clears away what others do not hold', (select string_agg(distinct (stream - :one * 8)::text, ' ')
	from chat.feed where stream in (:one * 8, :one * 8 + 1)), '0');
update chat.nodes set seen_at = clock_timestamp() where node in (:one, :two);
select from chat.node_beat(:one, 0, 0);
select test.same('the rest the next time', (select count(*) from chat.feed where stream = :one * 8), 0::bigint);

-- A broker dies.  What was told before is not to go while this runs, however slow the machine.
update chat.feed set at = clock_timestamp() + interval '1 h';
update chat.nodes set seen_at = clock_timestamp() where node = :two;
select test.same('as long as it lives nobody is dead', (select alive::text || nodes || dead_pids::text
	from chat.node_beat(:one, 7, 8)), 'true2{}');
select test.same('what a broker says of itself is there to be looked at',
	(select lag_ms || ' ' || resyncs from chat.nodes where node = :one), '7 8');
select chat.seen(array['5', '1'], array['Eve', 'Ann'], array[true, true], array['2026-01-01Z', '2026-01-01Z']::timestamptz[], :two, null);
select chat.seen(array['1'], array['Ann'], array[true], array['2026-01-01Z']::timestamptz[], :one, null);
update chat.nodes set seen_at = clock_timestamp() - interval '2 s' where node = :two;
select test.same('soon after a start of the server nobody is', (select dead_pids::text from chat.node_beat(:one, 0, 0)), '{}');
select pg_sleep(greatest(0, extract(epoch from pg_postmaster_start_time() + interval '10.1 s' - clock_timestamp())));
update chat.nodes set seen_at = clock_timestamp() - interval '2 s' where node = :two;
update chat.nodes set seen_at = clock_timestamp() where node = :one;
select test.same('nor whoever holds its lock', (select dead_pids::text from chat.node_beat(:one, 0, 0)), '{}');
update chat.nodes set seen_at = clock_timestamp() - interval '3 s' where node = :one;
update chat.nodes set seen_at = clock_timestamp() - interval '9 s' where node = :two;
select test.same('who was silent too judges nobody', (select dead_pids::text from chat.node_beat(:one, 0, 0)), '{}');
select test.same('who is silent for longer is dead, and its process is named',
	(select ((select pid from chat.nodes where node = :two) = any (dead_pids))::text from chat.node_beat(:one, 0, 0)), 'true');
select test.same('its streams are closed', (select bool_or(open) from chat.heads where stream / 8 = :two), false);
select test.same('nobody is in a chat there', (select count(*) from chat.places where node = :two), 0::bigint);
select test.same('the others are told', test.told(:one, array[4, 1, 0, 0, 7, 2]), '5.3 d {' || :two || '}');
select test.same('what it told before is still read', test.told(:two), '5.1 b \x7032, 5.2 b \x7033');
select test.fails('it stores nothing any more', format('select test.store(%s, ''h'', array[''x''])', :two * 8), 'CH001');
select test.fails('nor several', format('select test.store(%s, ''h'', array[''x'', ''y''])', :two * 8), 'CH001');
select test.same('nothing is', (select last_seq from chat.conversations where room = '1/2'), 11::bigint);
select test.same('it hears that it is out', (select alive from chat.node_beat(:two, 0, 0)), false);
select test.same('who was connected to it is still online', chat.is_online('5'), true);
update chat.nodes set gone_at = gone_at - interval '5 s' where node = :two;
select from chat.node_beat(:one, 0, 0);
select test.same('for a while', chat.is_online('5'), false);
select test.same('which is told of those who are nowhere else', regexp_replace(test.told(:one, array[4, 1, 0, 0, 7, 3]), ' \d+ 0', ' at 0'),
	'5.4 o 5 at 0 Eve');
select node as three from dblink('other', format($$select node from chat.node_enter('two', %s)$$, :two))
	as r(node integer) \gset
select test.same('it comes back under another number', :three > :two, true);
select dblink_disconnect('other');
update chat.nodes set seen_at = clock_timestamp() - interval '2 s' where node = :three;
select test.await_end(:three);
select test.same('where the lock is free it is dead sooner', (select (dead_pids <> '{}')::text from chat.node_beat(:one, 0, 0)), 'true');

select node as four from chat.node_enter('four', null) \gset
select chat.node_leave(:four);
select test.same('who leaves says so', test.told(:four), '5.1 d {' || :four || '}');
select test.same('and is out', (select alive from chat.node_beat(:four, 0, 0)), false);

-- What everybody has read goes.
update chat.feed set at = clock_timestamp() - interval '4 s' where stream / 8 = :two;
update chat.nodes set seen_at = clock_timestamp() - interval '3 s' where node = :one;
select from chat.node_beat(:one, 0, 0);
select test.same('not when the server may have stood still', (select count(*) > 0 from chat.heads where stream / 8 = :two), true);
update chat.nodes set seen_at = clock_timestamp() where node = :one;
select from chat.node_beat(:one, 0, 0);
select test.same('the streams of the dead go', (select count(*) from chat.heads where stream / 8 = :two), 0::bigint);
select test.same('its own stay', (select count(*) from chat.heads where stream / 8 = :one), 6::bigint);
update chat.feed set at = clock_timestamp() - interval '4 s' where stream / 8 = :one;
update chat.nodes set seen_at = clock_timestamp() where node = :one;
select from chat.node_beat(:one, 0, 0);
select test.same('without what is old', test.told(:one), '');

-- What is left of the last ones goes when any other broker looks.  The locks of this session stand in nobody's way here.
create function test.left(node integer) returns text
language sql as $$
	select concat_ws(' ', (select count(*) from chat.nodes n where n.node = $1),
		(select count(*) from chat.online o where o.node = $1), (select count(*) from chat.places p where p.node = $1),
		(select count(*) from chat.heads h where h.stream / 8 = $1), (select count(*) from chat.feed f where f.stream / 8 = $1));
$$;
select dblink_connect('other', format('host=%s port=%s user=postgres dbname=postgres', :'HOST', :'PORT'));
select node as five from dblink('other', $$select node from chat.node_enter('five', null)$$) as r(node integer) \gset
select chat.enter('plain') as plain \gset
select chat.enter('restarted') as restarted \gset
select chat.seen(array['6'], array['Fay'], array[true], array['2026-01-01Z']::timestamptz[], :restarted);
select chat.seen(array['7'], array['Gil'], array[true], array['2026-01-01Z']::timestamptz[], :five, :five * 8 + 4);
select from chat.place(:five * 8 + 5, :five, array['6/7'], array[false], array['Gil'], array[true], 'p4');
update chat.feed set at = at - interval '31 s' where stream / 8 = :five;
update chat.nodes set seen_at = clock_timestamp() - interval '29 s' where node in (:restarted, :five);
select from chat.poll(:plain, null);
select test.same('who was silent for a moment stays', test.left(:restarted), '1 1 0 0 0');
update chat.nodes set seen_at = clock_timestamp() - interval '31 s' where node in (:restarted, :five);
select seen_at as seen from chat.nodes where node = :five \gset
select from chat.poll(:plain, null);
select test.same('who was for longer goes', test.left(:restarted), '0 0 0 0 0');
select test.same('but as long as a connection of the cluster lives, its brokers judge each other', test.left(:five), '1 1 1 6 2');
select dblink_disconnect('other');
select test.await_end(:five);
select from chat.poll(:plain, null);
select test.same('then nothing is left of them', test.left(:five), '0 0 0 0 0');
select test.same('their users were last seen when they were', seen_at, :'seen') from chat.users where id = '7';

-- A page of messages.
set track_functions = 'all';
begin;
select test.same('a page has its messages', (select count(*) > 3 from chat.pages(array['1/2'], array[null::bigint],
	array[null::bigint], array[50])), true);
select test.same('and is asked once for each of both users whether they are online', (select calls
	from pg_stat_xact_user_functions where funcid = 'chat.is_online(text)'::regprocedure), 2::bigint);
commit;
select test.sound();
