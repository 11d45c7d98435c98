\ir prelude.sql

-- 'more: seqs', the nearest first; before and after as in the call.
create function test.page(room text, before bigint, after bigint, wanted integer) returns text
language sql as $$
	select bool_or(h.more)::text || ': ' || coalesce(string_agg(h.seq::text, ' '), '')
	from chat.pages(array[room], array[before], array[after], array[wanted]) h;
$$;

select test.save('k', array_agg('1/2 ' || case when i % 3 = 0 then 'b' else 'a' end || ' text' || i
	|| case when i = 7 then ' ref7' else '' end order by i)) from generate_series(1, 10) i;

select test.same('without a point the newest come', test.page('1/2', null, null, 3), 'true: 10 9 8');
select test.same('all of them when there are no more',
	test.page('1/2', null, null, 10), 'false: 10 9 8 7 6 5 4 3 2 1');
select test.same('before goes down', test.page('1/2', 5, null, 2), 'true: 4 3');
select test.same('down to the first', test.page('1/2', 5, null, 4), 'false: 4 3 2 1');
select test.same('before the first there is nothing', test.page('1/2', 1, null, 4), 'false: ');
select test.same('before beyond the last is the newest', test.page('1/2', 99, null, 2), 'true: 10 9');
select test.same('after goes up', test.page('1/2', null, 5, 2), 'true: 6 7');
select test.same('up to the last', test.page('1/2', null, 5, 5), 'false: 6 7 8 9 10');
select test.same('after 0 is from the first on', test.page('1/2', null, 0, 2), 'true: 1 2');
select test.same('after the last there is nothing', test.page('1/2', null, 10, 5), 'false: ');
select test.same('a room that does not exist is empty', test.page('8/9', null, null, 5), 'false: ');
select test.same('and has markers of 0', (select row(a_read, b_read)::text from chat.pages(
	array['8/9'], array[null::bigint], array[null::bigint], array[5])), '(0,0)');

select chat.mark(array['1/2', '1/2'], array['1', '2'], array[6, 8]);
select test.same('both markers come along, also without messages', (select row(a_read, b_read)::text
	from chat.pages(array['1/2'], array[1::bigint], array[null::bigint], array[5])), '(6,8)');
select test.same('a row says who, what and with which ref', (select row(by_a, text, ref)::text
	from chat.pages(array['1/2'], array[8::bigint], array[null::bigint], array[1])), '(t,text7,ref7)');
select test.same('or that the second user sent it', (select by_a
	from chat.pages(array['1/2'], array[7::bigint], array[null::bigint], array[1])), false);

select test.save('l', array['1/3 a x', '1/3 b y']);
select test.same('several requests are answered in their order', (select string_agg(
	no || ':' || coalesce(seq::text, '-'), ' ') from chat.pages(
		array['1/3', '8/9', '1/2', '1/3'], array[null, null, 3, null]::bigint[],
		array[null, null, null, 0]::bigint[], array[5, 5, 5, 1])), '1:2 1:1 2:- 3:2 3:1 4:1');

-- Pages end before their texts pass 256,000 bytes.
insert into chat.messages (room, seq, user_id, opponent_id, text)
	select '4/5', i, '4', '5', repeat('x', 16000) from generate_series(1, 20) i;
select test.same('16 texts of 16,000 bytes fit', test.page('4/5', null, null, 20),
	'true: 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5');
select test.same('upwards too', test.page('4/5', null, 0, 20),
	'true: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16');
select test.same('the limit still counts', test.page('4/5', null, null, 3), 'true: 20 19 18');
select test.same('exactly the rest is no more', test.page('4/5', 17, null, 20),
	'false: 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1');
insert into chat.messages (room, seq, user_id, opponent_id, text)
	values ('4/6', 1, '4', '6', 'x'), ('4/6', 2, '4', '6', repeat('ü', 150000));
select test.same('a page has one message at least, however large',
	test.page('4/6', null, null, 5), 'true: 2');

-- What a page says of the chat and of its messages.
select test.save('m', array['7/8 a x', '7/9 a x']);
select chat.seen(array['7', '8'], array['Ada', ''], array[true, false], array['2026-01-01', '2026-01-02']::timestamptz[],
	null);
select chat.set_user('8', 'Ben');
create function test.chat(room text) returns text
language sql as $$
	select row(last_change, closed, a_wrote, b_wrote, a_name, b_name, a_seen_at::date, b_seen_at::date)::text
	from chat.pages(array[room], array[null::bigint], array[null::bigint], array[1]);
$$;
select test.same('who has written, how they are called, and when they were last here', test.chat('7/8'),
	'(0,f,t,f,Ada,Ben,2026-01-01,2026-01-02)');
select test.same('of a chat without messages too', test.chat('8/9'), '(0,f,f,f,Ben,,2026-01-02,)');
update chat.conversations set closed = 2, last_change = 7 where room = '7/8';
select test.same('that it is closed, and its last change', test.chat('7/8'),
	'(7,t,t,f,Ada,Ben,2026-01-01,2026-01-02)');
select chat.store(array['7/9'], false, array[1, 1], array[true, true], array['x', 'y'], array[null, null],
	array[now(), now()], array[gen_random_uuid(), gen_random_uuid()], array['{"a": 1}', null],
	array[null, 1]::bigint[]);
select test.same('data and reply_to come along', (select string_agg(row(seq, text, data, reply_to)::text, ' ')
	from chat.pages(array['7/9'], array[null::bigint], array[1::bigint], array[9])),
	'(2,x,"{""a"": 1}",) (3,y,,1)');
update chat.messages set edited_at = '2026-01-03', reactions = '[]', change = 3 where room = '7/9' and seq = 1;
update chat.messages set text = '', change = 4, is_deleted = true where room = '7/9' and seq = 2;
select test.same('so does what has changed', (select string_agg(row(seq, text, edited_at::date, reactions, change,
	is_deleted)::text, ' ') from chat.pages(array['7/9'], array[3::bigint], array[null::bigint], array[9])),
	'(2,"",,,4,t) (1,x,2026-01-03,[],3,)');
update chat.messages set data = '{"a":"' || repeat('x', 8000) || '"}', reactions = repeat('y', 8000)
	where room = '4/5';
select test.same('bytes of data and reactions count', test.page('4/5', null, null, 20),
	'true: 20 19 18 17 16 15 14');
