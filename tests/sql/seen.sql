\ir prelude.sql
create extension dblink;
select dblink_connect('other', format('host=%s port=%s user=postgres dbname=postgres',
	:'HOST', :'PORT'));
set lock_timeout = '100ms';

-- 'name/seen' of a user, seconds of 2026.
create function test.user(id text) returns text
language sql as $$
	select coalesce(name, '-') || '/' || coalesce(extract(epoch from seen_at - '2026-01-01Z')::integer::text, '-')
	from chat.users u where u.id = $1;
$$;
-- Notes given as 'id name on|off seconds'; '-' stands for no name given.  Returns those to come again.
create function test.seen(notes text[], node integer default 1) returns text
language sql as $$
	select coalesce(string_agg(s.no::text, ' ' order by s.no), '') from (
		select array_agg(split_part(n, ' ', 1) order by no) as ids,
			array_agg(nullif(split_part(n, ' ', 2), '-') order by no) as names,
			array_agg(split_part(n, ' ', 3) = 'on' order by no) as onlines,
			array_agg('2026-01-01Z'::timestamptz + split_part(n, ' ', 4)::integer * interval '1 s'
				order by no) as ats
		from unnest(notes) with ordinality as g(n, no)
	) p, chat.seen(p.ids, p.names, p.onlines, p.ats, node) as s(no);
$$;
create function test.on(node integer) returns text
language sql as $$ select coalesce(string_agg(id, ' ' order by id), '') from chat.online o where o.node = $1; $$;

select test.same('users come', test.seen(array['2 Ben on 10', '1 Ada on 11', '3 - on 12']), '');
select test.same('with their names, and when', test.user('1') || ' ' || test.user('2') || ' ' || test.user('3'),
	'Ada/11 Ben/10 -/12');
select test.same('they are online', test.on(1), '1 2 3');
select test.same('one of them goes', test.seen(array['2 - off 20']), '');
select test.same('the name stays, and when it was', test.user('2'), 'Ben/20');
select test.same('the others are still there', test.on(1), '1 3');
select test.same('on another broker they are not', test.seen(array['1 Ada on 21', '2 Bob on 22'], 2), '');
select test.same('and come and go there by themselves', test.on(1) || ', ' || test.on(2), '1 3, 1 2');
select test.same('the latest name counts', test.user('2'), 'Bob/22');
select test.same('a name may become empty', test.seen(array['2  on 23']) || test.user('2'), '/23');
select test.same('of several notes about one user the last counts',
	test.seen(array['4 D on 30', '4 E on 31', '4 - off 32', '4 F off 33', '3 - off 34', '3 - on 35']), '');
select test.same('in every respect', test.user('4') || ' ' || test.on(1), 'F/33 1 2 3');
select test.same('time does not run backwards', test.seen(array['4 - off 20']) || test.user('4'), 'F/33');
select test.same('without a node nobody is online', test.seen(array['5 G on 40'], null) || test.user('5')
	|| (select count(*) from chat.online where id = '5'), 'G/400');

-- Only what differs is written.
create table test.before as select id, xmin::text as version from chat.users;
select test.seen(array['1 Ada on 59', '1 Ada on 60']);
select test.same('a login under the same name within a minute writes nothing', (select count(*)
	from chat.users u join test.before b using (id) where u.xmin::text <> b.version), 0::bigint);
select test.same('a later one does', test.seen(array['1 Ada on 100']) || test.user('1'), 'Ada/100');

-- Users that somebody has locked.
select dblink_exec('other', 'begin');
select * from dblink('other', $$select id from chat.users where id = '2' for update$$) as r(id text);
select * from dblink('other', $$insert into chat.users (id, app_name) values ('7', 'Gus') returning id$$)
	as r(id text);
select test.same('their notes come back, the others go through',
	test.seen(array['1 Ann on 200', '2 Bea on 200', '6 Fay on 200', '7 Gil on 200', '8 Hal on 200']), '2 4');
select test.same('they did', test.user('1') || ' ' || test.user('6') || ' ' || test.user('8'),
	'Ann/200 Fay/200 Hal/200');
select dblink_exec('other', 'commit');
select test.same('and then they can', test.seen(array['2 Bea on 201', '7 Gil on 201']) || test.user('2')
	|| ' ' || test.user('7'), 'Bea/201 Gil/201');
select test.same('what the application said of them stays', (select app_name from chat.users where id = '7'),
	'Gus');
