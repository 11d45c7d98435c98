\ir prelude.sql

create function test.away(older interval default '10 s', most integer default 100) returns text
language sql as $$
	select string_agg(concat_ws(':', user_id, chat, peer_id, peer_name, count, seq, text), ' ' order by chat, user_id)
	from chat.take_away(older, most);
$$;

-- All that stands in the tables becomes so much older.
create function test.pass(how_long interval) returns void
language sql as $$
	update chat.messages set sent_at = sent_at - how_long;
	update chat.conversations set a_last_at = a_last_at - how_long, b_last_at = b_last_at - how_long;
$$;

create function test.due() returns text
language sql as $$
	select string_agg(room || concat_ws('', case when a_due then ' a' end, case when b_due then ' b' end), ', '
		order by room) from chat.conversations where a_due or b_due;
$$;

select test.save('a', array['1/2 a one', '1/2 a two', '1/3 b x']);
update chat.conversations set a_due = a_unread > 0, b_due = b_unread > 0;
select chat.set_user('1', 'Ann');
select test.same('what just came is not due', test.away(), null);
select test.pass('11 s');
select test.same('10 s later it is, with the newest', test.away(), '2:chat/1/2:1:Ann:2:2:two 1:chat/1/3:3:1:1:x');
select test.same('once', test.away(), null);
select test.same('the flags follow by a poll', test.due(), '1/2 b, 1/3 a');
select from chat.poll(null, null);
select test.same('they have', test.due(), null);

-- What comes later is told of anew.
select test.save('b', array['1/2 a three']);
update chat.conversations set b_due = true where room = '1/2';
select test.pass('11 s');
select test.same('a later message is due again, with all that is unread', test.away(), '2:chat/1/2:1:Ann:3:3:three');
select test.save('c', array['1/2 a four']);
select from chat.poll(null, null);
select test.same('what came meanwhile keeps the flag', test.due(), '1/2 b');
select test.pass('11 s');
select test.same('and is told of', test.away(), '2:chat/1/2:1:Ann:4:4:four');
select from chat.poll(null, null);

-- A rollback gives it back.
select test.save('d', array['1/2 a five']);
update chat.conversations set b_due = true where room = '1/2';
select test.pass('11 s');
begin;
select test.same('taken', test.away(), '2:chat/1/2:1:Ann:5:5:five');
rollback;
select test.same('given back, taken again', test.away(), '2:chat/1/2:1:Ann:5:5:five');
select from chat.poll(null, null);

-- Who reads is not told.
select test.save('e', array['1/2 a six']);
update chat.conversations set b_due = true where room = '1/2';
select chat.mark(array['1/2'], array['2'], array[6::bigint]);
select test.pass('11 s');
select test.same('what was read is not due', test.away(), null);
select from chat.poll(null, null);
select test.same('in a chat that goes on the flag stays', test.due(), '1/2 b');
select test.pass('1 min');
select test.same('still nothing is due', test.away(), null);
select from chat.poll(null, null);
select test.same('and in a quiet one the flag goes', test.due(), null);

-- Deleted, muted, closed.
select test.save('f', array['4/5 a x', '4/6 a y', '4/7 a z', '4/8 a p', '4/8 a q']);
update chat.conversations set b_due = true where room like '4/%';
select chat.mute(array['5'], array['4/5'], array[true]);
select chat.close('4', '6');
select chat.change(array['4/7', '4/8'], array[true, true], array['d', 'd']::"char"[], array[1, 2]::bigint[],
	array[null, null], array[null, null], array[null, null], array[true, true], array[now(), now()]);
select test.pass('11 s');
select test.same('neither muted nor closed chats, nor one whose messages are deleted', test.away(),
	'8:chat/4/8:4:2:1:p');
select test.same('what was passed over stays so', (select count(*) from chat.take_away('0 s', 1)), 0::bigint);
select test.save('g', array['4/11 a 1', '4/12 a 2']);
update chat.conversations set b_due = true where room in ('4/11', '4/12');
select test.same('at most so many', (select count(*) from chat.take_away('0 s', 1)), 1::bigint);
select test.same('the others stay for the next', (select count(*) from chat.take_away('0 s')), 1::bigint);

select test.fails('a number is from 1', 'select chat.take_away(''1 s'', 0)', '22023');
select test.fails('an interval is from 0', 'select chat.take_away(''-1 s'')', '22023');

-- Who is online.
select chat.enter('one') as node \gset
insert into chat.online (id, node) values ('1', :node), ('2', :node + 1);
insert into chat.users (id, seen_at) values ('2', '2026-01-01 00:00Z');
select test.same('online is who is connected to a broker that lives', (select string_agg(
	concat_ws(' ', user_id, online, seen_at at time zone 'UTC'), ', ' order by user_id)
	from chat.online(array['1', '2', '3'])), '1 t, 2 f 2026-01-01 00:00:00, 3 f');
update chat.nodes set seen_at = now() - interval '31 s';
select test.same('a broker that is silent has nobody', (select bool_or(online) from chat.online(array['1'])), false);
select test.same('a poll brings it back', (select alive from chat.poll(:node, null)), true);
select test.same('with its people', (select bool_or(online) from chat.online(array['1'])), true);
update chat.nodes set seen_at = '2026-01-02 00:00Z';
insert into chat.users (id, name, seen_at) values ('1', 'Ann', '2026-01-01 00:00Z')
	on conflict (id) do update set seen_at = excluded.seen_at;
select chat.enter('two');
select test.same('who enters clears the dead away', (select alive from chat.poll(:node, null)), false);
select test.same('with their people', (select count(*) from chat.online where id = '1'), 0::bigint);
select test.same('who were last seen when their broker was', (select string_agg(concat_ws(' ', id,
	seen_at at time zone 'UTC'), ', ' order by id) from chat.users where id in ('1', '2')),
	'1 2026-01-02 00:00:00, 2 2026-01-01 00:00:00');

-- More chats than a server has places for locks.
insert into chat.messages (room, seq, user_id, opponent_id, text)
	select '90000/' || i, 1, '90000', i::text, 'x' from generate_series(100000, 119999) i;
insert into chat.conversations (room, last_seq, a_last_seq, a_last_at, b_unread, b_waiting, b_due)
	select room, seq, seq, sent_at, 1, true, true from chat.messages where room like '90000/%';
select test.same('who wrote just now is passed over', (select count(*) from chat.take_away('1 min')), 0::bigint);
select test.same('the first of those who waited are told of', (select count(*) from chat.take_away('0 s', 5)), 5::bigint);
update chat.conversations set b_read = last_seq, b_unread = 0, a_last_at = a_last_at - interval '1 h' where room like '90000/%';
select test.same('nor is anything told of what was read by now', (select count(*) from chat.take_away('0 s')), 0::bigint);
