\ir prelude.sql

-- 'total more: room/peer=count@seq …', newest first.
create function test.unread(id text) returns text
language sql as $$
	select max(u.total) || ' ' || bool_or(u.more) || ': ' || coalesce(string_agg(
		u.room || ' ' || u.peer_id || '=' || u.count || '@' || u.seq, ', '), '')
	from chat.unread(array[id]) u;
$$;

select test.same('nothing is unread for a user whom nobody knows', test.unread('1'), '0 false: ');

select test.save('a', array['1/2 a x', '1/2 a x', '1/2 b x', '1/3 b x']);
select test.same('what others sent is unread', test.unread('1'), '2 false: 1/2 2=1@3, 1/3 3=1@1');
select test.same('one''s own is not', test.unread('3'), '0 false: ');
select test.same('last is the newest unread one, not the newest', test.unread('2'),
	'2 false: 1/2 1=2@2');

select test.save('b', array['1/3 b x']) from pg_sleep(0.01);
select test.same('the chat with the newest comes first', test.unread('1'),
	'3 false: 1/3 3=2@2, 1/2 2=1@3');
select chat.mark(array['1/3'], array['1'], array[2::bigint]);
select test.same('a chat that is read is gone', test.unread('1'), '1 false: 1/2 2=1@3');
select test.same('the last one comes whole', (select row(text, ref)::text
	from chat.unread(array['1'])), '(x,)');
select test.same('several users are answered in their order', (select string_agg(
	no || ':' || coalesce(room, '-'), ' ') from chat.unread(array['2', '9', '1', '2'])),
	'1:1/2 2:- 3:1/2 4:1/2');

select test.save('c' || i, array['50/' || (1000 + i) || ' b x', '50/' || (1000 + i) || ' b x'])
	from generate_series(1, 100) i;
select test.same('100 chats are listed', (select row(count(*), bool_or(more), max(total))::text
	from chat.unread(array['50'])), '(100,f,200)');
select test.save('d', array['50/2000 b x']) from pg_sleep(0.01);
select test.same('of more, the newest 100', (select row(count(*), bool_or(more), max(total),
	(array_agg(room))[1])::text from chat.unread(array['50'])), '(100,t,201,50/2000)');

-- A list ends before its texts pass 256,000 bytes.
insert into chat.messages (room, seq, user_id, opponent_id, text)
	select '60/' || (100 + i), 1, (100 + i)::text, '60', repeat('x', 16000)
	from generate_series(1, 20) i;
select chat.adopt(array_agg('60/' || (100 + i))) from generate_series(1, 20) i;
select test.same('16 texts of 16,000 bytes fit', (select row(count(*), bool_or(more),
	max(total))::text from chat.unread(array['60'])), '(16,t,20)');
select test.sound();
