\ir prelude.sql

-- 'moved seq count total', and 'follow' if so, for one mark.
create function test.mark(room text, id text, seq bigint) returns text
language sql as $$
	select concat_ws(' ', m.moved::text, m.seq, m.count, m.total, case when m.follow then 'follow' end,
		case when m.locked then 'locked' end)
	from chat.mark(array[room], array[id], array[seq]) m;
$$;

-- In 1/2 the second user sends every third message.
select test.save('a', array_agg('1/2 ' || case when i % 3 = 0 then 'b' else 'a' end || ' x'
	order by i)) from generate_series(1, 30) i;
select test.save('b', array['2/3 b x', '2/3 b x', '2/3 a x']);

select test.same('a marker moves', test.mark('1/2', '2', 3), 'true 3 18 20');
select test.same('the messages it passes are delivered', (select array_agg(seq order by seq)::text
	from chat.messages where room = '1/2' and is_delivered), '{1,2}');
select test.same('it does not move back', test.mark('1/2', '2', 2), 'false 3 18 20');
select test.same('nor where it stands', test.mark('1/2', '2', 3), 'false 3 18 20');
select test.same('near the end the other side is counted', test.mark('1/2', '2', 27),
	'true 27 2 4');
select test.same('beyond the last counts as the last', test.mark('1/2', '2', 1000), 'true 30 0 2');
select test.same('that is all delivered', (select count(*) from chat.messages
	where room = '1/2' and is_delivered <> (opponent_id = '2')), 0::bigint);
select test.same('the other user''s marker is their own', test.mark('1/2', '1', 6), 'true 6 8 8');
select test.same('in a room that does not exist nothing moves', test.mark('8/9', '8', 1),
	'false 0 0 0');
select test.same('nor for somebody who is not in the room', test.mark('1/2', '3', 1),
	'false 0 0 1');
select test.sound();

select test.same('several marks are answered each', (select string_agg(
	concat_ws(' ', no, moved::text, seq, count, total), ', ' order by no)
	from chat.mark(array['2/3', '1/2', '1/2'], array['2', '1', '1'], array[1, 9, 8]::bigint[])),
	'1 true 1 1 1, 2 true 9 7 7, 3 false 9 7 7');
select test.sound();

select test.same('no marks are no trouble', (select count(*)::text from chat.mark('{}', '{}', '{}')), '0');

select test.same('what comes after the marker is unread again',
	test.save('c', array['1/2 a x']), 'n31');
select test.same('and counted from there', test.mark('1/2', '2', 31), 'true 31 0 1');
select test.same('a marker of 0 moves nothing', test.mark('2/3', '3', 0), 'false 0 1 1');
select test.sound();

-- Where there is more to deliver than one transaction should change.
insert into chat.messages (room, seq, user_id, opponent_id, text)
	select '4/5', i, '4', '5', 'x' from generate_series(1, 5000) i;
select chat.adopt(array['4/5']);
select test.same('1,000 are delivered at once', test.mark('4/5', '5', 1000), 'true 1000 4000 4000');
select test.same('they are', (select count(*) from chat.messages
	where room = '4/5' and is_delivered), 1000::bigint);
select test.same('beyond that the marker moves and the rows follow', test.mark('4/5', '5', 4000),
	'true 4000 1000 1000 follow');
select test.same('they have not yet', (select count(*) from chat.messages
	where room = '4/5' and is_delivered), 1000::bigint);
select test.same('as long as they have not, no mark can do it at once',
	test.mark('4/5', '5', 4001), 'true 4001 999 999 follow');
select test.same('the conversation says so', (select following from chat.conversations
	where room = '4/5'), true);
