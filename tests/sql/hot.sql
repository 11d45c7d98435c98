-- A chat in which both write and read: its row stays in its page (a HOT update), so that neither the indexes
-- of chat.conversations nor dead rows grow with the messages.
\ir prelude.sql
alter table chat.conversations set (autovacuum_enabled = off);

create procedure test.talk(first integer, last integer)
language plpgsql as $$
begin
	for i in first .. last loop
		perform test.save('t' || i, array_agg('1/' || r || case when i % 2 = 0 then ' a' else ' b' end || ' x ref' || i
			order by r)) from generate_series(1000, 1099) r;
		commit;
		perform chat.mark(array_agg('1/' || r), array_agg(case when i % 2 = 0 then r::text else '1' end),
			array_agg(i::bigint)) from generate_series(1000, 1099) r;
		commit;
	end loop;
end;
$$;
call test.talk(1, 2);
select pg_sleep(1.2);
create table test.before as
	select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'conversations';
call test.talk(3, 22);
-- What a session has counted is known to others a second later.
select pg_sleep(1.2);
select s.n_tup_upd - b.n_tup_upd as updates, s.n_tup_hot_upd - b.n_tup_hot_upd as hot,
	pg_relation_size('chat.conversations') / 8192 as pages
from pg_stat_user_tables s, test.before b where relname = 'conversations' \gset
select test.same('there were two updates a message', :updates >= 4000, true);
select test.same('of which nine in ten stay in the page', :hot >= :updates * 0.9, true);
select test.same('the table does not grow with the messages',
	pg_relation_size('chat.conversations') <= 12 * 8192, true);
