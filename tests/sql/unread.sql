\ir prelude.sql

-- 'total more: room/peer=count@seq …', newest first.
create function test.unread(id text) returns text
language sql as $$
	select max(u.total) || ' ' || bool_or(u.more) || ': ' || coalesce(string_agg(
		u.room || ' ' || u.peer_id || '=' || u.count || '@' || u.seq, ', '), '')
	from chat.lobbies(array[id]) u;
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
	from chat.lobbies(array['1'])), '(x,)');
select test.same('several users are answered in their order', (select string_agg(
	no || ':' || coalesce(room, '-'), ' ') from chat.lobbies(array['2', '9', '1', '2'])),
	'1:1/2 2:- 3:1/2 4:1/2');

select test.save('c' || i, array['50/' || (1000 + i) || ' b x', '50/' || (1000 + i) || ' b x'])
	from generate_series(1, 100) i;
select test.same('100 chats are listed', (select row(count(*), bool_or(more), max(total))::text
	from chat.lobbies(array['50'])), '(100,f,200)');
select test.save('d', array['50/2000 b x']) from pg_sleep(0.01);
select test.same('of more, the newest 100', (select row(count(*), bool_or(more), max(total),
	(array_agg(room))[1])::text from chat.lobbies(array['50'])), '(100,t,201,50/2000)');

-- A list ends before its texts pass 256,000 bytes.
insert into chat.messages (room, seq, user_id, opponent_id, text)
	select '60/' || (100 + i), 1, (100 + i)::text, '60', repeat('x', 16000)
	from generate_series(1, 20) i;
select chat.adopt(array_agg('60/' || (100 + i))) from generate_series(1, 20) i;
select test.same('16 texts of 16,000 bytes fit', (select row(count(*), bool_or(more),
	max(total))::text from chat.lobbies(array['60'])), '(16,t,20)');
select test.sound();

-- Names, and what a message has besides its text.
select chat.seen(array['1', '2'], array['Ada', null], array[true, true], array[now(), now()], null);
select test.same('the peer''s name comes along', (select name from chat.lobbies(array['2'])), 'Ada');
update chat.conversations set b_muted = true where room = '1/2';
update chat.messages set data = '{}', reply_to = 1, edited_at = now(), reactions = '[]', change = 2,
	is_deleted = true where room = '1/2' and seq = 2;
select test.same('and all of the message, and that it is muted', (select row(muted, data, reply_to,
	edited_at is not null, reactions, change, is_deleted)::text from chat.lobbies(array['2'])),
	'(t,{},1,t,[],2,t)');

-- Deleted where no trigger fires, as while a replica catches up.
set session_replication_role = replica;
delete from chat.messages where room = '1/2' and seq = 2;
select test.same('the newest unread message that is left', test.unread('2'), '2 false: 1/2 1=2@1');
delete from chat.messages where room = '1/2' and seq = 1;
select test.same('a chat without any is not listed, and is not more', test.unread('2'), '2 false: ');
set session_replication_role = origin;

-- Flags that say that something waits, where nothing does.
create function test.vain(id text) returns bigint
language sql as $$ select max(in_vain) from chat.lobbies(array[id]); $$;
select test.save('v', array['70/71 a x', '70/72 a x', '71/73 b x']);
select chat.mark(array['70/71', '71/73'], array['71', '71'], array[9, 9]::bigint[]);
select test.same('a mark leaves the flag of a live chat', (select count(*) from chat.conversations
	where room in ('70/71', '71/73') and (a_waiting or b_waiting)), 2::bigint);
select test.same('which then is not looked at in vain', test.vain('71'), 0::bigint);
select test.same('nor taken back', chat.settle(array['71']), 0);
update chat.conversations set a_last_at = a_last_at - interval '2 min', b_last_at = b_last_at - interval '2 min';
select test.same('after a minute it is', test.vain('71'), 2::bigint);
select test.same('and there is nothing unread', test.unread('71'), '0 false: ');
select test.same('then it is taken back', chat.settle(array['71', '72']), 2);
select test.same('but not where something waits', test.unread('72'), '1 false: 70/72 70=1@1');
select test.same('nothing is looked at in vain any longer', test.vain('71'), 0::bigint);
select chat.mark(array['70/72'], array['72'], array[9]::bigint[]);
select test.same('a mark takes the flag of a chat that is not live', (select b_waiting from chat.conversations
	where room = '70/72'), false);

-- The same of who has to be told something while away.
create function test.due() returns text
language sql as $$
	select coalesce(string_agg(room, ' ' order by room), '') from chat.conversations where a_due or b_due;
$$;
update chat.conversations set a_due = false, b_due = false;
select test.save('w', array['80/81 a x', '80/82 b x', '80/83 a x', '80/84 b x']);
update chat.conversations set a_last_at = a_last_at - interval '2 min', b_last_at = b_last_at - interval '2 min'
	where room in ('80/81', '80/82', '80/83');
select chat.mark(array['80/81', '80/82', '80/84'], array['81', '80', '80'], array[9, 9, 9]::bigint[]);
select test.same('whoever reads is due for a while', test.due(), '80/81 80/82 80/83 80/84');
select test.same('a call looks at so many of each kind', chat.settle_due(1), 2);
select test.same('what is unread stays due, and what is read this minute', test.due(), '80/83 80/84');
select test.same('then nothing is to be taken back', chat.settle_due(99), 0);
