-- What the application writes and deletes behind the functions' back.
\ir prelude.sql
select test.save('a', array_agg('1/2 a text' || i)) from generate_series(1, 5) i;
select test.save('b', array['1/3 b x', '1/3 b y', '2/3 b z']);

-- 'count total' of the second user in 1/2.
create function test.counts() returns text
language sql as $$
	select count || ' ' || total from chat.unread(array['2']) where room = '1/2';
$$;
select test.same('five are unread', test.counts(), '5 6');

delete from chat.messages where room = '1/2' and seq in (2, 4);
select test.same('deleting takes no lock on the chat, and counts nothing yet', (select b_unread
	from chat.conversations where room = '1/2'), 5::bigint);
select test.same('who asks what is unread hears what is left', test.counts(), '3 4');
select test.same('then nothing is noted any longer', (select count(*) from chat.recounts), 0::bigint);
select test.save('c', array['1/2 a x']);
delete from chat.messages where room = '1/2' and seq = 6;
select test.same('who asks for all chats too', (select count from chat.chats(array['2'], array[9], array[null])
	where room = '1/2'), 3::bigint);
select test.save('d', array['1/2 b x', '1/3 a y']);

delete from chat.messages where room = '1/2' and seq = 5;
select test.same('so does a read marker', (select count || ' ' || total
	from chat.mark(array['1/2'], array['2'], array[1::bigint])), '1 2');
delete from chat.messages where room = '1/2' and seq = 3;
select test.same('one in another chat does too', (select total
	from chat.mark(array['2/3'], array['2'], array[0::bigint])), 1::bigint);
select test.same('a chat of which nothing is left unread is not listed', test.counts(), null);
select test.same('seq goes on behind what was deleted', test.save('e', array['1/2 a x']), 'n8');
select test.same('which is unread', test.counts(), '1 2');

delete from chat.messages where room = '1/2' and is_delivered;
select test.same('what is read may go without a note', (select count(*) from chat.recounts), 0::bigint);
begin;
delete from chat.messages where room = '1/2' and seq = 8;
rollback;
select test.same('what was not deleted after all neither', (select count(*) from chat.recounts), 0::bigint);

delete from chat.messages where room = '1/2' and seq = 8;
select chat.poll(1, null);
select test.same('a broker''s poll puts it right, where nobody asks', (select row(b_unread,
	(select count(*) from chat.recounts))::text from chat.conversations where room = '1/2'), '(0,0)');

-- By hand.
delete from chat.messages where room = '1/3';
select test.same('recount puts it right at once', chat.recount('1/3'), true);
select test.same('counts and last messages', (select row(last_seq, a_unread, b_unread, a_last_seq, b_last_seq,
	a_last_at is not null)::text from chat.conversations where room = '1/3'), '(3,0,0,0,0,t)');
select test.same('what is noted still does no harm', chat.recount_noted(10), 1);
select test.same('a room without anything has no conversation', chat.recount('7/8'), false);
insert into chat.messages (room, seq, user_id, opponent_id, text) values ('7/8', 4, '7', '8', 'x');
select test.same('one that has messages gets it', chat.recount('7/8'), true);
select test.same('from there on', test.save('f', array['7/8 b x']), 'n5');

-- The application writes a message itself, and the counter is behind.
insert into chat.messages (room, seq, user_id, opponent_id, text)
	select '2/3', i, '3', '2', 'own' from generate_series(2, 4) i;
select test.fails('then the number is taken', $$select test.save('g', array['2/3 a x'])$$, '23505');
select test.fails('in a batch too', $$select test.save('g', array['2/3 a x', '2/4 a x'])$$, '23505');
select test.same('one by one it goes on behind the rows', test.save('g', array['2/3 a x', '2/4 a x', '2/3 b y'],
	false, 'store_each'), 'n5 n1 n6');
select test.same('which are unread as any', (select a_unread from chat.conversations where room = '2/3'),
	5::bigint);
select test.same('and then as usual', test.save('h', array['2/3 a x', '2/4 a x']), 'n7 n2');
