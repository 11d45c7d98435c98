\ir prelude.sql

-- Calls delete_before until its end; returns how many pieces it took.
create function test.delete_before(at timestamptz, rooms integer default 100) returns integer
language plpgsql as $$
declare
	place text := '';
	pieces integer := 0;
begin
	loop
		place := chat.delete_before(at, rooms, place);
		pieces := pieces + 1;
		exit when place is null;
	end loop;
	return pieces;
end;
$$;

-- What must hold when rows are gone: counts and lasts are those of what is left.
create function test.counts() returns void
language plpgsql as $$
begin
	perform test.same('unread is what is left beyond the marker', (select count(*) from chat.conversations c
		where a_unread <> (select count(*) from chat.messages m where m.room = c.room
				and m.opponent_id = c.a_id and seq > c.a_read)
			or b_unread <> (select count(*) from chat.messages m where m.room = c.room
				and m.opponent_id = c.b_id and seq > c.b_read)), 0::bigint);
	perform test.same('the last of each user is their newest that is left', (select count(*)
		from chat.conversations c
		where a_last_seq <> coalesce((select max(seq) from chat.messages m
				where m.room = c.room and m.user_id = c.a_id), 0)
			or b_last_seq <> coalesce((select max(seq) from chat.messages m
				where m.room = c.room and m.user_id = c.b_id), 0)), 0::bigint);
end;
$$;

select test.save('a', array['1/2 a one', '1/2 b two', '1/2 a three', '2/3 a x', '2/3 b y', '4/5 a z']);
update chat.messages set sent_at = now() - interval '2 days'
	where (room, seq) in (('1/2', 1), ('1/2', 2), ('2/3', 1), ('2/3', 2));
select test.same('a piece for all', test.delete_before(now() - interval '1 day'), 1);
select test.same('the oldest go', (select string_agg(room || ':' || seq, ' ' order by room, seq)
	from chat.messages), '1/2:3 4/5:1');
select test.counts();
select test.same('the next seq stays', test.save('b', array['1/2 b four', '2/3 a x']), 'n4 n3');
select test.counts();

-- A message that was sent before its elder neighbour stays with it.
select test.save('c', array['6/7 a 1', '6/7 a 2', '6/7 a 3']);
update chat.messages set sent_at = now() - interval '2 days' where room = '6/7' and seq in (1, 3);
select test.same('one piece', test.delete_before(now() - interval '1 day'), 1);
select test.same('only the oldest of a chat go', (select string_agg(seq::text, ' ' order by seq)
	from chat.messages where room = '6/7'), '2 3');
select test.counts();

-- Many rooms, and one that takes several pieces.
insert into chat.messages (room, seq, user_id, opponent_id, text, sent_at)
	select 'big/box', i, case when i % 2 = 0 then 'big' else 'box' end,
		case when i % 2 = 0 then 'box' else 'big' end, 'x', timestamptz '2020-01-01 00:00Z' + i * interval '1 s'
	from generate_series(1, 5000) i;
select chat.adopt(array['big/box']);
select test.same('1,000 messages are a piece', test.delete_before(timestamptz '2020-01-01 00:00Z' + interval '4500 s'), 5);
select test.same('the rest is there', (select min(seq) || ' ' || count(*) from chat.messages
	where room = 'big/box'), '4500 501');
select test.counts();
select test.same('what it deletes it has counted itself', (select count(*) from chat.recounts), 0::bigint);
delete from chat.messages where room = 'big/box' and seq = 4600;
select test.same('not what others delete', (select count(*) from chat.recounts), 1::bigint);
select chat.recount_noted(10);
select test.same('so many rooms are a piece', test.delete_before('2019-01-01', 2), 3);
select test.same('a room a piece ends too', test.delete_before(now() + interval '1 day', 1), 6);
select test.same('nothing is left', (select count(*) from chat.messages), 0::bigint);
select test.counts();

select test.fails('a moment is needed', 'select chat.delete_before(null)', '22023');
select test.fails('a piece has a room', 'select chat.delete_before(now(), 0)', '22023');

-- Erasing.
create function test.erase(id text, most integer) returns text
language plpgsql as $$
declare
	n integer;
	pieces text := '';
begin
	loop
		n := chat.erase(id, most);
		pieces := concat_ws(' ', nullif(pieces, ''), n);
		exit when n = 0;
	end loop;
	return pieces;
end;
$$;
select test.save('e', array['1/2 a secret r1', '1/2 b hello r2', '1/2 a secret r3', '1/3 b secret', '1/3 a x']);
select chat.set_user('1', 'Secret');
update chat.users set name = 'secret' where id = '1';
select chat.change(array['1/2', '1/2'], array[true, false], array['r', 'r']::"char"[], array[6, 6]::bigint[],
	array[null, null], array[null, null], array['x', 'y'], array[true, true], array[now(), now()]);
select chat.post('1', '2', 'secret');
select test.same('pieces say what they looked at', test.erase('1', 2), '2 2 1 0');
select test.same('no word of theirs is left', (select count(*) from (
	select row_to_json(m)::text as t from chat.messages m where user_id = '1' or reactions is not null
	union all select row_to_json(u)::text from chat.users u
	union all select row_to_json(r)::text from chat.requests r) a
	where t ilike '%secret%' or t like '%"ref":"r%' and t like '%"user_id":"1"%'), 0::bigint);
select test.same('their reactions are gone, those of others stay', (select reactions from chat.messages
	where room = '1/2' and seq = 6), '[{"reaction":"y","by":["2"]}]');
select test.same('the other''s words stay', (select text from chat.messages where room = '1/2' and seq = 6),
	'hello');
select test.same('what is deleted says so and has a number', (select string_agg(concat_ws(':', seq, change), ' '
	order by seq) from chat.messages where room = '1/2' and is_deleted), '5:3 7:5');
select test.same('each piece tells each chat of its last change', (select string_agg(kind::text || room || ':' || seq, ' '
	order by no) from chat.requests), 't1/2:6 t1/2:7 t1/3:2');
select test.same('twice is once', test.erase('1', 1000), '5 0');
select test.same('without new numbers', (select last_change from chat.conversations where room = '1/2'), 5::bigint);

-- In all chats, whichever place the user has in them, also ids that begin alike.
select test.save('f', array['5/50 a x', '5/51 a x', '3/5 b x', '4/5 b x', '50/51 a x', '5_/51 a x', '15/50 b x']);
select chat.close('5', '60');
select test.same('a piece comes past so many chats', test.erase('5', 1), '1 1 1 1 1 1 1 1 1 0');
select test.same('all theirs are gone, and no one else''s', (select string_agg(room, ' ' order by room) from chat.messages
	where is_deleted and user_id <> '1'), '3/5 4/5 5/50 5/51');

-- What is known of somebody.
select chat.set_user('2', 'Ben');
select chat.change(array['1/2'], array[false], array['e']::"char"[], array[6::bigint],
	array[null], array['{"a":null}'], array[null], array[true], array[now()]);
update chat.messages set sent_at = '2026-01-02 03:04:05.678Z', edited_at = '2026-01-02 03:04:06Z'
	where room = '1/2' and seq = 6;
select test.same('an export has it all', (select string_agg(e::text, E'\n') from chat.export('2') e),
$${"what":"user","user_id":"2","name":"Ben"}
{"what":"chat","chat":"chat/1/2","peer_id":"1","read":0,"count":2}
{"what":"message","chat":"chat/1/2","seq":6,"user_id":"2","text":"hello","sent_at":"2026-01-02T03:04:05.678Z","ref":"r2","edited_at":"2026-01-02T03:04:06.000Z","reactions":[{"reaction":"y","by":["2"]}],"change":6,"data":{"a":null}}
{"what":"chat","chat":"chat/2/3","peer_id":"3","read":0,"count":0}$$);
select test.fails('an id is needed', 'select chat.erase(null)', '22023');
select test.fails('and one that can be', 'select chat.export(''a b'')', '22023');

-- Pieces go through the chats in different orders.
create extension if not exists dblink;
select dblink_connect('other', format('host=%s port=%s user=postgres dbname=postgres', :'HOST', :'PORT'));
select dblink_exec('other', 'begin');
select * from dblink('other', $$select chat.erase('1')$$) as piece(treated integer);
set lock_timeout = '100ms';
select test.fails('a piece waits for the one before it', $$select chat.delete_before('2000-01-01')$$, '55P03');
select test.fails('whatever it does', $$select chat.erase('2')$$, '55P03');
reset lock_timeout;
select dblink_exec('other', 'rollback');
select dblink_disconnect('other');
