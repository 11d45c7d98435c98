\ir prelude.sql

select test.same('messages are numbered in their order, each room for itself',
	test.save('a', array['1/2 a x', '1/3 b x', '1/2 b x', '1/2 a x', '1/3 a x']), 'n1 n1 n2 n3 n2');
select test.same('the next batch goes on where the last ended',
	test.save('b', array['1/3 a x', '1/2 b x']), 'n3 n4');
select test.sound();

select test.same('a row has both users, is not delivered, and its text',
	(select row(user_id, opponent_id, is_delivered, text, ref)::text from chat.messages
	where room = '1/3' and seq = 1), '(3,1,f,x,)');
select test.same('sending moves no marker', (select a_read + b_read from chat.conversations
	where room = '1/2'), 0::bigint);

-- Repeats.
select test.same('a ref is stored once', test.save('c', array['5/6 a first r']), 'n1');
select test.same('its repeat finds it', test.save('d', array['5/6 a again r']), 'r1');
select test.same('a repeat brings the stored text', (select s.text from chat.store(array['5/6'],
	false, array[1], array[true], array['again'], array['r'], array[now()],
	array[gen_random_uuid()], null, null) s), 'first');
select test.same('a repeat brings the stored time', (select s.sent_at from chat.store(array['5/6'],
	false, array[1], array[true], array['again'], array['r'], array['2001-01-01'::timestamptz],
	array[gen_random_uuid()], null, null) s), (select sent_at from chat.messages where room = '5/6'));
select test.same('the other user may use the same ref', test.save('e', array['5/6 b x r']), 'n2');
select test.same('so may the same user elsewhere', test.save('f', array['5/7 a x r']), 'n1');
select test.same('within one batch the later one is the repeat, and takes no number',
	test.save('g', array['5/8 a x r', '5/8 a y r', '5/8 b z r', '5/8 a w', '5/8 a v r']),
	'n1 r1 n2 n3 r1');
select test.same('refs differ byte by byte',
	test.save('h', array['5/9 a x R', '5/9 a x r', E'5/9 a x e\u0301', E'5/9 a x \u00e9']),
	'n1 n2 n3 n4');
select test.same('a repeat of the stored and one of the batch go together',
	test.save('i', array['5/6 a x r', '5/6 a x q', '5/6 a x q']), 'r1 n3 r3');
select test.sound();

-- Commits in doubt.
select test.same('what is found under its own key is known, and not stored again',
	test.save('a', array['1/2 a x', '1/3 b x', '1/2 b x', '1/2 a x', '1/3 a x'], true),
	'k1 k1 k2 k3 k2');
select test.same('half of a batch may have been stored',
	test.save('j', array['7/8 a x', '7/8 b x r']), 'n1 n2');
select test.same('then the rest goes on behind it',
	test.save('j', array['7/8 a x', '7/8 b x r', '7/8 a y', '7/8 a y r'], true), 'k1 k2 n3 n4');
select test.same('with a ref it is found without being in doubt too',
	test.save('d2', array['7/8 b x r']), 'r2');
select test.same('and under its own key it is then no repeat',
	test.save('j', array['7/8 a x', '7/8 b x r'], true), 'k1 k2');
select test.fails('a statement of a connection given up, which comes late, stores nothing',
	$$select test.save('a', array['1/2 a x', '1/9 b x'])$$, '23505');
select test.same('nor does the rest of it', (select count(*) from chat.messages
	where room = '1/9'), 0::bigint);
select test.sound();

select test.fails('alone neither', $$select test.save('a', array['1/2 a x'])$$, '23505');

-- A message alone goes another way.
select test.same('alone it is numbered, by room', test.save_alone('k', array['8/9 a x', '8/9 b x r',
	'8/10 a x r', '8/9 a x r', '8/9 a y']), 'n1 n2 n1 n3 n4');
select test.same('alone it is a repeat by its ref, of either user', test.save_alone('l',
	array['8/9 b other r', '8/10 a other r', '8/9 a other r', '8/9 b x R']), 'r2 r1 r3 n5');
select test.same('alone it brings the stored text and time', (select row(s.text, s.sent_at)::text
	from chat.store(array['8/9'], false, array[1], array[false], array['other'], array['r'],
	array['2001-01-01'::timestamptz], array[gen_random_uuid()], null, null) s),
	(select row(text, sent_at)::text from chat.messages where room = '8/9' and seq = 2));
select test.same('alone and in doubt it is known, with a ref and without', test.save_alone('k',
	array['8/9 a x', '8/9 b x r'], true), 'k1 k2');
select test.same('with a ref it is known without being in doubt too', test.save_alone('k',
	array['8/11 a x', '8/9 b x r']), 'n1 k2');
select test.same('alone and in doubt, but never stored, it is new', test.save_alone('m',
	array['8/9 a x', '8/9 b x r3'], true), 'n6 n7');
select test.sound();

-- Large texts, many rows.
select test.same('a thousand rows are one call', (select string_agg(distinct s.outcome::text, '')
	from (select array_agg(no) as nos, array_agg(true) as by_a, array_agg('x'::text) as texts,
		array_agg(case when no % 2 = 0 then no::text end) as refs,
		array_agg(now()) as ats, array_agg(gen_random_uuid()) as keys,
		(select array_agg('1/' || (10000 + n) order by n) from generate_series(1, 1000) n) as rooms
	from generate_series(1, 1000) no) p,
	chat.store(p.rooms, false, p.nos, p.by_a, p.texts, p.refs, p.ats, p.keys, null, null) s), 'n');
select s.seq from chat.store(array['2/3'], false, array[1], array[true], array[(select string_agg(
	md5(i::text), '') from generate_series(1, 512) i)], array[null], array[now()],
	array[gen_random_uuid()], null, null) s;
select test.same('a text of 16 KiB is kept', (select length(text) from chat.messages where room = '2/3'),
	16384);
select test.sound();

-- Refusals.
create function refuse() returns trigger language plpgsql as $$
begin
	raise exception 'no' using errcode = 'check_violation';
end;
$$;
create trigger refuse before insert on chat.messages for each row
	when (new.text = 'poison') execute function refuse();
select test.fails('a refused row fails its batch',
	$$select test.save('p', array['3/4 a x', '3/4 a poison'])$$, '23514');
select test.same('of which nothing is stored', (select count(*) from chat.messages
	where room = '3/4'), 0::bigint);
select test.fails('a refused message alone fails its call',
	$$select test.save('p', array['3/4 a poison'])$$, '23514');
select test.same('nothing of either is stored', (select count(*) from chat.conversations
	where room = '3/4'), 0::bigint);
drop trigger refuse on chat.messages;

create function drop_row() returns trigger language plpgsql as 'begin return null; end';
create trigger drop_row before insert on chat.messages for each row
	when (new.text = 'drop') execute function drop_row();
select test.fails('a row that a trigger drops fails its batch',
	$$select test.save('q', array['3/4 a x', '3/4 a drop'])$$, 'P0001');
select test.fails('and so does one alone', $$select test.save('q', array['3/4 a drop'])$$, 'P0001');
drop trigger drop_row on chat.messages;
select test.same('the numbers go on without a hole', test.save('r', array['3/4 a x']), 'n1');
select test.sound();
