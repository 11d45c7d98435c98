-- What the first edition's plugin calls.
\ir prelude.sql

select test.same('it saves', test.save('a', array['1/2 a x', '1/3 b x r', '1/2 b y'], false, 'save'), 'n1 n1 n2');
select test.same('it saves one by one', test.save('b', array['1/2 a z', '1/3 b x r'], false, 'save_each'),
	'n3 r1');
select test.same('it finds what it saved', test.save('a', array['1/2 a x', '1/3 b x r', '1/2 b y'], true,
	'save'), 'k1 k1 k2');
select test.same('a repeat brings the stored text and time', (select row(s.text, s.sent_at)::text
	from chat.save(array['1/3'], false, array[1], array[false], array['other'], array['r'],
		array['2001-01-01'::timestamptz], array[gen_random_uuid()]) s),
	(select row(text, sent_at)::text from chat.messages where room = '1/3'));
select test.same('the next one comes behind those of this edition', test.save('c', array['1/2 a x']), 'n4');
select test.same('and the other way round', test.save('d', array['1/2 a x'], false, 'save'), 'n5');

-- It has no word for a closed chat.
update chat.conversations set closed = 4 where room = '1/2';
select test.same('a message to a closed chat is refused, and the others are stored', test.save('e',
	array['1/2 a x', '1/3 a x'], false, 'save'), 'x n2');
select test.same('so is one alone', (select row(outcome, text)::text from chat.save(array['1/2'], false,
	array[1], array[true], array['x'], array[null], array[now()], array[gen_random_uuid()])), '(x,42501)');
select test.same('one by one too', test.save('f', array['1/2 a x', '1/3 a x'], false, 'save_each'), 'x n3');
select test.sound();

alter table chat.messages add constraint no_poison check (text <> 'poison');
select test.same('what the tables refuse, it hears of by its SQLSTATE', (select s.text from chat.save_each(
	array['1/3'], false, array[1], array[true], array['poison'], array[null], array[now()],
	array[gen_random_uuid()]) s), '23514');

select test.same('it reads pages', (select string_agg(row(no, a_read, b_read, more, seq, by_a, text)::text, ' ')
	from chat.history(array['1/3'], array[null::bigint], array[null::bigint], array[2])),
	'(1,0,0,t,3,t,x) (1,0,0,t,2,t,x)');
select test.same('and what is unread', (select string_agg(row(no, total, more, room, peer_id, count, seq, text)::text,
	' ') from chat.unread(array['1'])), '(1,2,f,1/2,2,1,2,y) (1,2,f,1/3,3,1,1,x)');
