\ir prelude.sql

insert into chat.messages (room, seq, user_id, opponent_id, text)
	select room, i, '4', split_part(room, '/', 2), 'x'
	from generate_series(1, 2500) i, unnest(array['4/5', '4/6']) room;
select chat.adopt(array['4/5', '4/6']);
select test.same('with nothing to follow there is nothing to do',
	(select d::text from chat.deliver_next('') d), '(,f,)');

select chat.mark(array['4/5', '4/6'], array['5', '6'], array[2500, 2200]::bigint[]);
select test.same('a call does at most 1,000', (select d::text from chat.deliver_next('') d), '(4/5,t,)');
select test.same('and it did', (select count(*) from chat.messages where is_delivered), 1000::bigint);
select test.same('the next room is next', (select d::text from chat.deliver_next('4/5') d), '(4/6,t,)');
select test.same('then the list is at its end', (select d::text from chat.deliver_next('4/6') d), '(,f,)');
select test.same('it begins again', (select d::text from chat.deliver_next('') d), '(4/5,t,)');
select test.same('until all is done', (select d::text from chat.deliver_next('') d), '(4/5,t,)');
select test.same('of that room', (select count(*) from chat.messages
	where room = '4/5' and is_delivered), 2500::bigint);
select test.same('which is then no longer in the list', (select d::text from chat.deliver_next('') d),
	'(4/6,t,)');
select chat.deliver_next('');
select test.same('all have followed', (select count(*) from chat.conversations where following),
	0::bigint);
select test.same('up to the marker and no further', (select max(seq) from chat.messages
	where room = '4/6' and is_delivered), 2200::bigint);
select test.sound();

-- Both users at once.
insert into chat.messages (room, seq, user_id, opponent_id, text)
	select '7/8', i, case i % 2 when 0 then '7' else '8' end, case i % 2 when 0 then '8' else '7' end,
		'x' from generate_series(1, 3000) i;
select chat.adopt(array['7/8']);
select chat.mark(array['7/8', '7/8'], array['7', '8'], array[3000, 2000]::bigint[]);
select chat.deliver_next('') from generate_series(1, 5);
select test.same('each user''s messages follow their own marker', (select count(*)
	from chat.messages where room = '7/8'
		and is_delivered <> (opponent_id = '7' or seq <= 2000)), 0::bigint);
select test.same('and then nothing is left', (select d::text from chat.deliver_next('') d), '(,f,)');
select test.sound();

-- What a trigger of the application does not let pass.
create function test.refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
create trigger refuse before update on chat.messages for each row when (new.room = '7/8')
	execute function test.refuse();
insert into chat.messages (room, seq, user_id, opponent_id, text)
	select '7/9', i, '7', '9', 'x' from generate_series(1, 1500) i
	union all select '7/8', 4000, '7', '8', 'x';
select chat.recount('7/8'), chat.adopt(array['7/9']);
select chat.mark(array['7/8', '7/9'], array['8', '9'], array[4000, 1500]::bigint[]);
select test.same('is said with its SQLSTATE', (select d::text from chat.deliver_next('') d), '(7/8,f,P0001)');
select test.same('and keeps its place in the list', (select following and b_delivered < b_read
	from chat.conversations where room = '7/8'), true);
select test.same('the next room is not in its way', (select d::text from chat.deliver_next('7/8') d), '(7/9,t,)');

select test.same('a plugin of the first edition passes it over', (select d::text from chat.deliver('') d), '(7/8,f)');
