\ir prelude.sql

-- Carries out; returns 'p1/2:1:text c1/2:1:text:change' in the order of the requests.
create function test.carry_out(most integer default 100) returns text
language sql as $$
	select string_agg(concat_ws(':', kind::text || room, seq, text, change, name), ' ')
	from chat.carry_out(most);
$$;

select test.save('a', array['1/2 a one']);
select chat.set_user('2', 'Ben');

-- Posts.
begin;
select chat.post('2', '1', 'nobody hears of this');
rollback;
select test.same('a transaction that rolls back leaves no trace', test.carry_out(), null);
select chat.post('2', '1', 'hello', 'r1');
select chat.post('2', '1', '', null, '{"order": 7}');
select chat.post('8', '9', 'to a chat that there is not');
select test.same('posts are stored in their order', test.carry_out(),
	'p1/2:2:hello:Ben p1/2:3::Ben p8/9:1:to a chat that there is not');
select test.same('once', test.carry_out(), null);
select test.same('as messages', (select string_agg(concat_ws(' ', user_id, opponent_id, text, ref, data), ', '
	order by seq) from chat.messages where room = '1/2' and seq > 1), '2 1 hello r1, 2 1  {"order": 7}');
select test.same('that count', (select a_unread || ' ' || a_due from chat.conversations where room = '1/2'), '2 true');
select chat.post('2', '1', 'again', 'r1');
select test.same('a ref that is stored posts nothing', test.carry_out(), null);
select chat.close('1', '2');
select chat.post('1', '2', 'all the same');
select test.same('a closed chat stops no post', test.carry_out(), 'p1/2:4:all the same');
select chat.open('1', '2');

-- Changes.
select chat.edit('2', '1', 2, 'HELLO');
select chat.edit('1', '2', 3, null, '{"order": 8}');
select chat.remove('1', '2', 1);
select chat.edit('1', '2', 1, 'not any more');
select chat.remove('1', '2', 99);
select chat.remove('7', '8', 1);
select chat.edit('1', '2', 3, null, 'null');
select test.same('changes are made in their order, what cannot be is passed over', test.carry_out(),
	'c1/2:2:HELLO:1 c1/2:3::2 c1/2:1::3');
select test.same('nothing is left', (select count(*) from chat.requests), 0::bigint);
select test.same('so many at a time', (select count(*) from (select chat.post('1', '2', 'x' || i)
	from generate_series(1, 5) i) p), 5::bigint);
select test.same('two', test.carry_out(2), 'p1/2:5:x1 p1/2:6:x2');
select test.same('the rest', test.carry_out(), 'p1/2:7:x3 p1/2:8:x4 p1/2:9:x5');
select test.sound();

-- What the tables refuse.
alter table chat.messages add constraint polite check (text not like '%rude%');
select chat.post('1', '2', 'rude');
select chat.post('1', '2', 'kind');
select test.same('a post that is refused goes, and the next one is stored', test.carry_out(),
	'x1/2:23514 p1/2:10:kind');
insert into chat.messages (room, seq, user_id, opponent_id, text) values ('1/2', 11, '1', '2', 'by hand');
select chat.post('1', '2', 'after it');
select test.same('a counter behind its rows goes on after them', test.carry_out(), 'p1/2:12:after it');

-- What is erased is told of as it stands.
select chat.erase('2', 1000);
select test.same('the last of a piece', (select string_agg(concat_ws(' ', kind, room, seq, is_deleted), ', ')
	from chat.carry_out(100)), 'c 1/2 3 t');

-- What cannot be.
select test.fails('nobody posts to themselves', $$select chat.post('1', '1', 'x')$$, '22023');
select test.fails('a post has a text or an object', $$select chat.post('1', '2', '')$$, '22023');
select test.fails('of at most 16 KiB', $$select chat.post('1', '2', repeat('ä', 8193))$$, '22023');
select test.fails('a null sender is none', $$select chat.post(null, '2', 'x')$$, '22023');
select test.fails('a ref has 64 characters', $$select chat.post('1', '2', 'x', repeat('x', 65))$$, '22023');
select test.fails('and one', $$select chat.post('1', '2', 'x', '')$$, '22023');
select test.fails('data is an object', $$select chat.post('1', '2', 'x', null, '[1]')$$, '22023');
select test.fails('of 8 KiB', $$select chat.post('1', '2', 'x', null, jsonb_build_object('a', repeat('x', 8190)))$$, '22023');
select test.fails('and of 16 levels', $$select chat.post('1', '2', 'x', null,
	(repeat('{"a":', 17) || '1' || repeat('}', 17))::jsonb)$$, '22023');
select test.fails('whatever they are', $$select chat.post('1', '2', 'x', null,
	(repeat('{"a":[', 9) || '1' || repeat(']}', 9))::jsonb)$$, '22023');
select chat.post('1', '2', 'x', null, (repeat('{"a":[', 8) || '1' || repeat(']}', 8))::jsonb);
select chat.post('1', '2', 'x', null, (repeat('{"a":', 16) || '"}{]["' || repeat('}', 16))::jsonb);
select test.same('16 it may have, whatever stands in its strings', (select count(*) from chat.carry_out(2)), 2::bigint);
select test.fails('an edit changes something', $$select chat.edit('1', '2', 1)$$, '22023');
select test.fails('and leaves something', $$select chat.edit('1', '2', 1, '', 'null')$$, '22023');
select test.fails('a seq is from 1', $$select chat.remove('1', '2', 0)$$, '22023');

-- The application's role may do this and nothing else.
create role shop login in role chat_app;
grant usage on schema test to public;
\c - shop
select chat.post('1', '2', 'from the shop');
select test.same('it reads the inbox', (select count(*) from chat.unread_total('2') t where t > 0), 1::bigint);
select test.fails('it reads no table', 'select * from chat.messages', '42501');
select test.fails('nor writes one', 'insert into chat.requests (kind, room) values (''r'', ''1/2'')', '42501');
select test.fails('nor does it carry out', 'select chat.carry_out(1)', '42501');
select test.fails('nor store', 'select chat.recount(''1/2'')', '42501');
