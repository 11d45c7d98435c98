\ir prelude.sql

select test.same('rooms that are not there are created', chat.adopt(array['1/2', '1/3']), 2);
select test.same('those that are there are left alone', chat.adopt(array['1/2', '1/4']), 1);

-- Messages that came from elsewhere.
insert into chat.messages (room, seq, user_id, opponent_id, text, is_delivered)
	select '5/6', i, case i % 2 when 0 then '5' else '6' end, case i % 2 when 0 then '6' else '5' end,
		'x', i <= 6 from generate_series(1, 10) i;
select test.same('saving goes on behind them', test.save('k', array['5/6 a x']), 'n11');
select test.same('what was delivered is read, the rest unread', (select row(a_read, a_unread,
	b_read, b_unread)::text from chat.conversations where room = '5/6'), '(6,2,7,3)');
select test.sound();

insert into chat.messages (room, seq, user_id, opponent_id, text, is_delivered)
	values ('7/8', 1, '7', '8', 'x', true), ('7/8', 2, '7', '8', 'y', true);
select chat.adopt(array['7/8']);
select test.same('when nothing waits, everything is read', (select row(a_read, b_read, b_unread,
	b_waiting)::text from chat.conversations where room = '7/8'), '(2,2,0,f)');
select test.sound();

-- A room that somebody has locked looks new to chat.store(): that must not cost much.
begin;
select idx_scan as looked_for from pg_stat_xact_user_tables where relid = 'chat.messages'::regclass \gset
select chat.adopt(array['1/2', '1/3', '5/6']);
select test.same('the messages of rooms that are there are not looked for', (select idx_scan
	from pg_stat_xact_user_tables where relid = 'chat.messages'::regclass), :looked_for::bigint);
commit;
