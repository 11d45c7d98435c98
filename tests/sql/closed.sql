\ir prelude.sql

create function test.closed(in_room text) returns integer
language sql as $$ select closed::integer from chat.conversations where room = in_room; $$;

select test.save('a', array['1/2 a one']);

-- Bits.
select chat.block('2', '1');
select test.same('the second user blocks', test.closed('1/2'), 2);
select chat.block('1', '2');
select chat.close('2', '1');
select test.same('all three at once', test.closed('1/2'), 7);
select chat.unblock('2', '1');
select chat.open('1', '2');
select test.same('each lifts its own', test.closed('1/2'), 1);
select chat.unblock('1', '2');
select test.same('and the chat is open', test.closed('1/2'), 0);
select chat.block('9', '10');
select test.same('a chat in which nothing was said can be closed', test.closed('9/10'), 1);
select test.same('it has no message', (select last_seq from chat.conversations where room = '9/10'),
	0::bigint);
select test.fails('nobody blocks themselves', 'select chat.block(''1'', ''1'')', '22023');
select test.fails('an id is an id', 'select chat.close(''1'', ''a b'')', '22023');
select test.fails('null is none', 'select chat.open(null, ''1'')', '22023');

-- By the users themselves.
create function test.block(id text, in_room text, is_on boolean) returns text
language sql as $$ select outcome::text from chat.block_peer(array[id], array[in_room], array[is_on]); $$;
select test.same('a user blocks another', test.block('1', '1/2', true), 'k');
select test.same('twice is once', test.block('1', '1/2', true), 's');
select test.same('it is the same block', test.closed('1/2'), 1);
select test.same('and lifts it', test.block('1', '1/2', false), 'k');
select test.same('what is not there is lifted already', test.block('1', '1/2', false), 's');
select test.same('where there is no chat too', test.block('1', '1/77', false), 's');
select test.same('without making one', (select count(*) from chat.conversations where room = '1/77'), 0::bigint);
select test.same('1,000 can be blocked', (select string_agg(distinct outcome::text, '')
	from chat.block_peer(array_fill('x'::text, array[1000]),
		(select array_agg('x/' || i order by i) from generate_series(10000, 10999) i),
		array_fill(true, array[1000]))), 'k');
select test.same('and no more', test.block('x', 'x/99999', true), 'f');
select test.same('one less makes room for another', test.block('x', 'x/10000', false)
	|| test.block('x', 'x/99999', true), 'kk');

-- Mutes.
create function test.mute(id text, in_room text, is_on boolean) returns text
language sql as $$ select outcome::text from chat.mute(array[id], array[in_room], array[is_on]); $$;
select test.same('a chat is muted', test.mute('2', '1/2', true), 'm');
select test.same('for that user alone', (select (a_muted, b_muted)::text from chat.conversations
	where room = '1/2'), '(f,t)');
select test.same('once', test.mute('2', '1/2', true), 's');
select test.same('and no longer', test.mute('2', '1/2', false), 'm');
select test.same('not one in which nothing was said', test.mute('9', '9/10', true), 'b');
select test.same('nor one of others', test.mute('3', '1/2', true), 'b');

-- News.
select next as since from chat.news(null) where kind = 'n' \gset
select chat.set_user('5', 'Eve');
select chat.set_user('6', null, true);
select chat.revoke('7', '2026-01-01 00:00Z');
select chat.close('1', '2');
select chat.block('2', '1');
select test.same('news tell what was decided', (select string_agg(concat_ws(' ', kind, id, name, is_barred,
	revoked_before at time zone 'UTC', room, closed, blocks), ', ' order by kind, id)
	from chat.news(:since) where kind <> 'n'),
	'b 2 1/2 t, c 1/2 6, u 5 Eve f, u 6 t, u 7 f 2026-01-01 00:00:00');
select next as since from chat.news(:since) where kind = 'n' \gset
select test.same('and no more after that', (select count(*) from chat.news(:since) where kind <> 'n'), 0::bigint);
select test.same('a broker that starts hears of all who are barred or revoked', (select string_agg(id, ' ' order by id)
	from chat.news(null) where kind = 'u'), '6 7');
select chat.set_user('6', null, false);
select chat.revoke('7', null);
select test.same('and of their end', (select string_agg(concat_ws(' ', id, is_barred, revoked_before), ', '
	order by id) from chat.news(:since) where kind = 'u'), '6 f, 7 f');
select test.same('a user keeps the name that nobody changed', (select app_name from chat.users where id = '5'),
	'Eve');
select chat.set_user('5', '');
select test.same('an empty name is none', (select coalesce(nullif(name, ''), nullif(app_name, '')) from chat.users
	where id = '5'), null);

-- Of tables that were dumped on another server the numbers of transactions may be ahead of this one's.
select next as since from chat.news(null) where kind = 'n' \gset
update chat.users set changed = 1000000000000 + changed;
update chat.conversations set changed = 1000000000000 + changed;
select test.same('what another server has decided before is no news', (select news::text from chat.poll(null, :since)), 'false');
select test.same('and is not read each time', (select count(*) from chat.news(:since) where kind <> 'n'), 0::bigint);
select chat.set_user('7', 'Gus');
select chat.close('2', '3');
select test.same('what is decided here is', (select news::text from chat.poll(null, :since)), 'true');
select test.same('and it alone', (select string_agg(concat_ws(' ', kind, id, room), ', ' order by kind, id)
	from chat.news(:since) where kind <> 'n'), 'c 2/3, u 7');
select chat.open('2', '3');

select test.fails('a name has no control characters', $$select chat.set_user('5', E'a\nb')$$, '22023');
select test.fails('and 128 bytes', $$select chat.set_user('5', repeat('ä', 65))$$, '22023');

-- Whether two may begin.
create function test.undecided(in_room text) returns boolean
language sql as $$ select undecided from chat.pages(array[in_room], array[null::bigint], array[null::bigint], array[1]) $$;
select test.same('without a function of the site nothing is undecided', test.undecided('8/9'), false);
select test.same('and brokers hear that', (select site_decides from chat.poll(null, null)), false);
select test.same('everybody may chat with everybody', (select bool_and(may) from chat.may(array['1/2', '8/9'])), true);
create or replace function chat.may_chat(a text, b text) returns boolean
	language sql as $$ select case when a <> '8' then a < b end $$;
select test.same('until the site says otherwise, and null is no', (select string_agg(may::text, ' ' order by no)
	from chat.may(array['1/2', '8/9'])), 'true false');
select test.same('brokers hear that the site decides', (select site_decides from chat.poll(null, null)), true);
select test.same('of a chat in which nothing was said', test.undecided('8/9'), true);
select test.same('also when there is a row of it', (select test.undecided(room) from chat.conversations
	where last_seq = 0 and closed = 0 limit 1), true);
select test.same('but not of one that is closed', test.undecided('9/10'), false);
select test.same('nor of one with messages', test.undecided('1/2'), false);
select test.same('whatever page is asked for', (select bool_or(undecided)
	from chat.pages(array['1/2'], array[null::bigint], array[99::bigint], array[1])), false);
select test.save('a', array['2/3 a one']);
delete from chat.messages where room = '2/3';
select test.same('nor of one whose messages are gone', test.undecided('2/3'), false);
insert into chat.messages (room, seq, user_id, opponent_id, text, sent_at, key)
	values ('2/4', 1, '2', '4', 'imported', now(), gen_random_uuid());
select test.same('nor of one whose messages came without a row', test.undecided('2/4'), false);
select test.same('these have begun, the others have not', (select string_agg(no::text, ' ' order by no)
	from chat.begun(array['1/2', '8/9', '2/3', '9/10', '2/4'])), '1 3 5');
\ir :sql/install.sql
select test.same('which no upgrade takes back', (select may from chat.may(array['8/9'])), false);
drop function chat.may_chat(text, text);
select test.same('one that is gone decides nothing', chat.site_decides(), false);
select test.same('and nothing fails because of it', test.undecided('8/9'), false);
\ir :sql/install.sql
select test.same('an upgrade makes it again', (select may from chat.may(array['8/9'])), true);
