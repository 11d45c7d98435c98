\ir prelude.sql

-- 'more: room=count@seq …', newest first; `after` as in the call.
create function test.chats(id text, wanted integer, after text default null) returns text
language sql as $$
	select coalesce(bool_and(c.more)::text, 'null') || ': ' || coalesce(string_agg(
		c.room || '=' || c.count || '@' || coalesce(c.seq::text, '-'), ' '), '')
	from chat.chats(array[id], array[wanted], array[after]) c;
$$;
-- The `next` of a page.
create function test.next(id text, wanted integer, after text default null) returns text
language sql as $$
	select (array_agg(c.next))[count(*)] from chat.chats(array[id], array[wanted], array[after]) c;
$$;

select test.same('a user whom nobody knows has none', test.chats('1', 10), 'false: ');
select test.save('a' || i, array['1/' || i || ' b x']) from generate_series(2, 6) i, pg_sleep(0.002);
update chat.conversations set b_last_at = '2026-01-01 00:00:00Z'::timestamptz
	+ split_part(room, '/', 2)::integer * interval '1.000001 s';
select test.save('b', array['2/3 a y']);
select test.same('all chats, the newest first', test.chats('1', 10),
	'false: 1/6=1@1 1/5=1@1 1/4=1@1 1/3=1@1 1/2=1@1');
select test.same('of the second user too', test.chats('3', 10), 'false: 2/3=1@1 1/3=0@1');
select chat.mark(array['1/5'], array['1'], array[1::bigint]);
select test.same('what is read stays', test.chats('1', 2), 'true: 1/6=1@1 1/5=0@1');

select test.same('next goes on there', test.chats('1', 2, test.next('1', 2)), 'true: 1/4=1@1 1/3=1@1');
select test.same('to the end', test.chats('1', 2, test.next('1', 2, test.next('1', 2))), 'false: 1/2=1@1');
select test.same('behind the end there is nothing', test.chats('1', 2, test.next('1', 10)), 'false: ');
create table test.cursor as select test.next('1', 2) as next;
select test.save('c', array['1/3 b newer']);
select test.same('a chat that gets a message meanwhile is at the front', test.chats('1', 1), 'true: 1/3=2@2');
select test.same('and the others are where they were', test.chats('1', 10, (select next from test.cursor)),
	'false: 1/4=1@1 1/2=1@1');
update chat.conversations set b_last_at = '2026-02-02' where a_id = '1';
select test.same('of one moment they are sorted by room, and none is missed or comes twice',
	test.chats('1', 3) || ' ' || test.chats('1', 9, test.next('1', 3)),
	'true: 1/2=1@1 1/3=2@2 1/4=1@1 false: 1/5=0@1 1/6=1@1');

select test.same('an `after` that is none is said', test.chats('1', 2, after), 'null: ')
from unnest(array['', 'x', '1', '-1/1/2', '99999999999999999999/1/2', '1/2', '1/a/b/c']) after;

-- What a row says.
select chat.seen(array['5', '1'], array['Eve', 'Ada'], array[true, true], array[now(), now()], null);
update chat.conversations set a_muted = true, closed = 1 where room = '1/5';
select test.save('d', array['1/6 a z']);
select test.same('who, under which name, what of it is read, muted, and blocked by me', (select row(peer_id,
	name, a_read, b_read, muted, blocked, closed, by_a, text)::text from chat.chats(array['1'], array[9],
	array[null]) where room = '1/5'), '(5,Eve,1,0,t,t,t,f,x)');
select test.same('the peer has neither muted nor blocked it', (select row(peer_id, name, muted, blocked, closed)::text
	from chat.chats(array['5'], array[9], array[null])), '(1,Ada,f,f,t)');
delete from chat.messages where room = '1/6' and seq = 2;
select test.same('the newest message that is left', (select row(seq, by_a, text)::text from chat.chats(
	array['1'], array[9], array[null]) where room = '1/6'), '(1,f,x)');
delete from chat.messages where room = '1/6';
select test.same('a chat without any is there all the same', (select row(peer_id, seq, text)::text
	from chat.chats(array['1'], array[9], array[null]) where room = '1/6'), '(6,,)');
select chat.adopt(array['1/7']);
select test.same('one in which nothing was ever said is not', (select count(*) from chat.chats(array['1'],
	array[99], array[null]) where room = '1/7'), 0::bigint);
select test.same('several users are answered in their order', (select string_agg(no || ':' || coalesce(room,
	'-'), ' ') from chat.chats(array['3', '9', '2'], array[1, 5, 1], array[null, null, null])),
	'1:2/3 2:- 3:2/3');

-- Pages end before their messages pass 256,000 bytes.
select chat.store(array['8/9'], false, array[1], array[true], array['x'], array[null], array[now()],
	array[gen_random_uuid()], array['{"a":"' || repeat('x', 200000) || '"}'], array[null::bigint]);
select test.save('e', array['7/8 b ' || repeat('x', 60000)]) from pg_sleep(0.002);
select test.same('bytes of data count', test.chats('8', 9), 'true: 7/8=0@1');
select test.same('a page has one chat at least', test.chats('8', 9, test.next('8', 9)), 'false: 8/9=0@1');

-- The same for the application.
create function test.inbox(id text, most integer, after text default null) returns text
language sql as $$
	select string_agg(concat_ws(' ', chat, peer_id, coalesce(peer_name, '-'), count, coalesce(seq::text, '-'), coalesce(text, '-')), ', ')
	from chat.inbox(id, most, after);
$$;
select chat.post('1', '5', '', null, '{"order": 7}');
select chat.carry_out(10);
select test.same('an inbox has what the user''s list has', test.inbox('1', 2), 'chat/1/5 5 Eve 0 2 , chat/1/6 6 - 0 - -');
select test.same('and goes on with next', test.inbox('1', 1, (select next from chat.inbox('1', 1))), 'chat/1/6 6 - 0 - -');
select test.same('objects come as they were given', (select data from chat.inbox('1', 1)), '{"order": 7}');
select test.same('who has no chat has an empty one', test.inbox('99', 10), null);
select test.same('the badge is the sum', (select chat.unread_total('1') = sum(count) from chat.inbox('1', 100)), true);
select test.fails('an id is needed', 'select chat.inbox(null)', '22023');
select test.fails('a page has a row', 'select chat.inbox(''1'', 0)', '22023');
select test.fails('after is what a page gave', 'select chat.inbox(''1'', 1, ''x'')', '22023');
select test.fails('a badge is somebody''s', 'select chat.unread_total(''a b'')', '22023');
