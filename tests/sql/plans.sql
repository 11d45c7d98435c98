-- How many rows each function touches in a chat of a million messages, once with plans that were made
-- when the tables were empty and nobody has analyzed them since, once with plans made afterwards.
\ir prelude.sql
alter table chat.messages set (autovacuum_enabled = off);
alter table chat.conversations set (autovacuum_enabled = off);

-- What the transaction has touched so far.
create function test.touched(tab text) returns bigint
language sql as $$
	select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
	where schemaname = 'chat' and relname = tab;
$$;

-- Fails when the statement touches more rows of the tables than that.
create function test.touches(sentence text, statement text, of_messages bigint,
	of_conversations bigint) returns void
language plpgsql as $$
declare
	m bigint := test.touched('messages');
	c bigint := test.touched('conversations');
begin
	execute statement;
	m := test.touched('messages') - m;
	c := test.touched('conversations') - c;
	if m > of_messages or c > of_conversations then
		raise exception '%: touches % messages, % conversations', sentence, m, c;
	end if;
end;
$$;

create function test.all_touch_little(round text) returns void
language plpgsql as $$
begin
	perform test.touches('a batch', format($q$select test.save('%s',
		array['1/2 a x r', '1/2 b x', '1/2 a x r', '1/99 a x r'])$q$, round), 10, 20);
	perform test.touches('a batch in doubt', format($q$select test.save('%s',
		array['1/2 a x r', '1/2 b x', '1/2 a x r', '1/99 a x r'], true)$q$, round), 20, 20);
	perform test.touches('a message alone', format($q$select test.save('%s alone',
		array['1/2 a x r%1$s'])$q$, round), 2, 4);
	perform test.touches('a message alone, in doubt', format($q$select test.save('%s alone',
		array['1/2 a x r%1$s'], true)$q$, round), 2, 2);
	perform test.touches('repeats', format($q$select test.save('%s again',
		array['1/2 a x r', '1/99 a x r'])$q$, round), 10, 20);
	perform test.touches('one by one', format($q$select test.save('%s each',
		array['1/2 a x', '1/2 b x r1', '1/99 a x r'], true, 'store_each')$q$, round), 20, 20);
	perform test.touches('rooms in which something was said', $q$select chat.begun(array['1/2', '3/99999'])$q$, 2, 4);
	perform test.touches('the newest page', $q$select chat.pages(array['1/2'],
		array[null::bigint], array[null::bigint], array[50])$q$, 51, 2);
	perform test.touches('a page in the middle', $q$select chat.pages(array['1/2'],
		array[500000::bigint], array[null::bigint], array[50])$q$, 51, 2);
	perform test.touches('a page upwards', $q$select chat.pages(array['1/2'],
		array[null::bigint], array[500000::bigint], array[50])$q$, 51, 2);
	perform test.touches('unread of one chat of a hundred thousand',
		$q$select chat.lobbies(array['1'])$q$, 20, 40);
	perform test.touches('unread of somebody else', $q$select chat.lobbies(array['77'])$q$, 2, 4);
	perform test.touches('the chats of one who has two', $q$select chat.chats(array['2'], array[50],
		array[null])$q$, 4, 8);
	perform test.touches('flags of one who has read all', $q$select chat.settle(array['77'])$q$, 0, 8);
	perform test.touches('flags of who is away', $q$select chat.settle_due(10)$q$, 0, 80);
	perform test.touches('a piece of an erasure, in one of a hundred thousand chats',
		$q$select chat.erase('1', 10)$q$, 100, 60);
	perform test.touches('logins', $q$select chat.seen(array['1', '2'], array['x', 'y'], array[true, false],
		array[now(), now()], 1)$q$, 0, 0);
	perform test.touches('deletions that are noted', $q$select chat.recount_noted(10)$q$, 0, 0);
	perform test.touches('a mark near the beginning', $q$select chat.mark(array['1/2'],
		array['2'], (select array[b_read + 20] from chat.conversations where room = '1/2'))$q$,
		50, 40);
	perform test.touches('a mark near the end', $q$select chat.mark(array['1/2'],
		array['1'], (select array[last_seq - 20] from chat.conversations where room = '1/2'))$q$,
		50, 40);
	perform test.touches('a mark at the end', $q$select chat.mark(array['1/2'],
		array['1'], array[2000000::bigint])$q$, 50, 40);
	perform test.touches('a portion to deliver', $q$select chat.deliver('')$q$, 1001, 10);
	perform test.touches('nothing to deliver', $q$select chat.deliver('8/9')$q$, 0, 0);
	perform test.touches('a new chat', format($q$select test.save('%s new',
		array['7/%s a x'])$q$, round, 100 + length(round)), 2, 10);
end;
$$;

create function test.fill() returns void
language sql as $$
	insert into chat.messages (room, seq, user_id, opponent_id, text, ref)
		select '1/2', i, case i % 2 when 0 then '1' else '2' end,
			case i % 2 when 0 then '2' else '1' end, 'text', 'ref' || i
		from generate_series(1, 1000000) i;
	-- The first user has talked to a hundred thousand others, and read what they said.
	insert into chat.messages (room, seq, user_id, opponent_id, text, is_delivered, ref)
		select '1/' || i, 1, i::text, '1', 'text', true, 'r'
		from generate_series(100000, 199999) i;
	insert into chat.conversations (room, last_seq, a_read, a_delivered, b_last_seq, b_last_at)
		select '1/' || i, 1, 1, 1, 1, now() from generate_series(100000, 199999) i;
	select chat.adopt(array['1/2']);
$$;

-- Plans of empty tables.
select test.all_touch_little('a');
delete from chat.messages;
delete from chat.conversations;
select test.fill();
select test.all_touch_little('bb');

-- Plans of tables that hold a little, analyzed.
\c
delete from chat.messages;
delete from chat.conversations;
vacuum full chat.messages;
vacuum full chat.conversations;
select test.save('some', array['3/4 a x ref']);
analyze chat.messages;
analyze chat.conversations;
select test.all_touch_little('ccc');
delete from chat.messages;
delete from chat.conversations;
select test.fill();
select test.all_touch_little('dddd');

-- Plans of the full tables.
\c
analyze chat.messages;
analyze chat.conversations;
select test.all_touch_little('eeeee');
