-- Several sessions at once.
\ir prelude.sql
create extension dblink;
select dblink_connect('other', format('host=%s port=%s user=postgres dbname=postgres',
	:'HOST', :'PORT'));
set lock_timeout = '250ms';

select test.save('a', array['1/2 a x', '1/3 a x', '1/4 a x']);
select dblink_exec('other', 'begin');
select * from dblink('other', $$select room from chat.conversations where room = '1/3'
	for update$$) as r(room text);
select test.same('a locked room is left out, the others are stored',
	test.save('b', array['1/2 a x', '1/3 a x', '1/4 a x', '1/3 b x', '1/5 a x']), 'n2 l n2 l n1');
select test.same('so is a message alone', test.save('b2', array['1/3 a x']), 'l');
select test.same('a mark in a locked room says so', (select m::text
	from chat.mark(array['1/3'], array['3'], array[1::bigint]) m), '(1,t,f,0,0,1,f)');
select dblink_exec('other', 'commit');
select test.same('afterwards it is as any', test.save('c', array['1/3 a x']), 'n2');
select test.sound();

-- Another session that stores.
select dblink_exec('other', 'begin');
select * from dblink('other', $$select test.save('d', array['1/2 a first r'])$$) as r(r text);
select test.same('its room is locked until it commits', test.save('e', array['1/2 a again r']), 'l');
select dblink_exec('other', 'commit');
select test.same('then what it stored is there', test.save('e', array['1/2 a again r', '1/2 b x']),
	'r3 n4');
select dblink_exec('other', 'begin');
select * from dblink('other', $$select test.save('f', array['1/2 a x r9'])$$) as r(r text);
select dblink_exec('other', 'rollback');
select test.same('what it takes back leaves no hole', test.save('g', array['1/2 a x r9']), 'n5');

-- Another session that creates the same room.
select dblink_exec('other', 'begin');
select * from dblink('other', $$select test.save('h', array['7/8 a x'])$$) as r(r text);
select test.fails('a room that somebody is creating is waited for a moment',
	$$select test.save('i', array['7/8 a x', '7/8 b x'])$$, '55P03');
select test.fails('by a message alone too', $$select test.save('i', array['7/8 a x'])$$, '55P03');
select dblink_exec('other', 'commit');
select test.same('then it is there', test.save('i', array['7/8 a x']), 'n2');
select test.sound();

-- Delivery does not wait for the conversation.
insert into chat.messages (room, seq, user_id, opponent_id, text)
	select '4/5', i, '4', '5', 'x' from generate_series(1, 2000) i;
select chat.adopt(array['4/5']);
select chat.mark(array['4/5'], array['5'], array[2000::bigint]);
select dblink_exec('other', 'begin');
select * from dblink('other', $$select room from chat.conversations where room = '4/5'
	for update$$) as r(room text);
select test.same('without its conversation it does not come forward',
	(select d::text from chat.deliver('') d), '(4/5,f)');
select dblink_exec('other', 'commit');
select test.same('and then it does', (select d::text from chat.deliver('') d), '(4/5,t)');
select chat.deliver('');
select test.same('all have followed', (select count(*) from chat.messages
	where room = '4/5' and not is_delivered), 0::bigint);
select test.sound();

-- Four sessions in the same few rooms: save, repeat, mark and deliver, in any order of rooms.
create procedure test.traffic(me text)
language plpgsql as $$
declare
	n integer;
begin
	for i in 1 .. 300 loop
		n := (random() * 1000)::integer;
		perform test.save(me || i, array['20/' || 21 + n % 5 || ' a x ' || 'r' || i,
			'20/' || 21 + n % 3 || ' b x', '20/' || 21 + n % 7 || ' a x ' || 'q' || n]);
		commit;
		perform chat.mark(array['20/' || 27 - n % 7, '20/' || 21 + n % 7],
			array['20', (21 + n % 7)::text], array[n % 90, n]::bigint[]);
		commit;
		perform chat.deliver('');
		commit;
	end loop;
end;
$$;
select dblink_connect('s' || i, format('host=%s port=%s user=postgres dbname=postgres',
	:'HOST', :'PORT')) from generate_series(1, 4) i;
-- Rooms that two sessions create at the same moment are the traffic's own affair.
select chat.adopt(array_agg('20/' || i)) from generate_series(21, 27) i;
select dblink_send_query('s' || i, format('call test.traffic(%L)', 's' || i))
	from generate_series(1, 4) i;
select r.* from generate_series(1, 4) i, lateral (
	select * from dblink_get_result('s' || i) as r(status text)) r;
select test.same('no session failed', (select string_agg(dblink_error_message('s' || i), ' ')
	from generate_series(1, 4) i), 'OK OK OK OK');
select test.same('every ref is stored once', (select count(*) from (select from chat.messages
	where ref is not null group by room, user_id, ref having count(*) > 1) twice), 0::bigint);
select chat.deliver(room) from chat.conversations where following;
select test.sound();
