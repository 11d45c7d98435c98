\ir prelude.sql
select test.save('k', array['1/2 a hello']);
grant usage on schema test to public;
create role somebody login;

\c - chat_plugin
select test.same('the plugin may ask for the version', chat.version(), 1);
select test.same('also for its own', chat.version(2), 2);
select test.same('it may save', (select count(*) from chat.save(array['1/2'], false, array[1],
	array[true], array['x'], array[null], array[now()], array[gen_random_uuid()])), 1::bigint);
select test.same('it may save one by one', (select count(*) from chat.save_each(array['1/2'], false,
	array[1], array[true], array['x'], array[null], array[now()], array[gen_random_uuid()])), 1::bigint);
select test.same('it may read pages', (select count(*) from chat.history(
	array['1/2'], array[null::bigint], array[null::bigint], array[10])), 3::bigint);
select test.same('it may read what is unread',
	(select total from chat.unread(array['2'])), 3::bigint);
select test.same('it may move markers',
	(select moved from chat.mark(array['1/2'], array['2'], array[1::bigint])), true);
select test.same('it may deliver', (select room from chat.deliver('')), null);

select test.fails('it cannot read messages', 'select * from chat.messages', '42501');
select test.fails('it cannot write messages', 'insert into chat.messages (room, seq, user_id,
	opponent_id, text) values (''1/2'', 9, ''1'', ''2'', ''x'')', '42501');
select test.fails('it cannot change messages', 'update chat.messages set text = ''''', '42501');
select test.fails('it cannot delete messages', 'delete from chat.messages', '42501');
select test.fails('it cannot empty tables', 'truncate chat.messages', '42501');
select test.fails('it cannot read conversations', 'select * from chat.conversations', '42501');
select test.fails('it cannot lock conversations',
	'lock table chat.conversations in access exclusive mode', '42501');
select test.fails('it cannot write conversations', 'insert into chat.conversations (room)
	values (''8/9'')', '42501');
select test.fails('it cannot read the versions', 'select * from chat.schema_version', '42501');
select test.fails('it cannot read what brokers tell each other', 'select * from chat.feed', '42501');
select test.fails('it cannot say where somebody is', 'insert into chat.places values (''1/2'', 1, true, '''')', '42501');
select test.fails('it cannot tell of what is not so', 'select chat.tell(1, ''m'')', '42501');
select test.fails('it cannot take brokers for dead', 'select chat.retire_node(1)', '42501');
select test.fails('it cannot adopt', 'select chat.adopt(array[''8/9''])', '42501');
select test.fails('it cannot store without the lock', $$select chat.store_one('1/2', 1, false, true,
	'x', null, now(), gen_random_uuid(), null, null)$$, '42501');
select test.fails('it cannot create in the schema', 'create table chat.t (i integer)', '42501');
select test.fails('it cannot replace a function', 'create or replace function chat.version()
	returns integer language sql as ''select 2''', '42501');
select test.fails('it cannot drop a function', 'drop function chat.version()', '42501');
select test.fails('it cannot create schemas', 'create schema s', '42501');
select test.fails('it cannot become the owner', 'set role postgres', '42501');
select test.fails('it cannot read files', 'select pg_read_file(''PG_VERSION'')', '42501');
select test.fails('it cannot run programs', 'copy (select 1) to program ''true''', '42501');

-- The owner's rights are not for objects that a caller puts in front.
create temporary table messages (room text);
select test.same('temporary tables mislead no function', (select count(*) from chat.history(
	array['1/2'], array[null::bigint], array[null::bigint], array[10])), 3::bigint);

\c - somebody
select test.fails('nobody else may call anything', 'select chat.version()', '42501');
select test.fails('nor listen in', 'select * from chat.cut(''{}'', ''{}'', false)', '42501');
select test.fails('nor forge', 'select chat.say(1, ''x'')', '42501');
\c - postgres

-- Rights that somebody granted by hand go away with the next installation.
grant all on chat.messages to chat_plugin;
grant execute on all functions in schema chat to public;
\ir :sql/install.sql
\c - chat_plugin
select test.fails('installing takes back what was granted', 'select * from chat.messages', '42501');
\c - postgres
select test.same('an application may call these, and nothing else', (select string_agg(distinct proname, ' ' order by proname)
	from pg_proc where pronamespace = 'chat'::regnamespace and has_function_privilege('chat_app', oid, 'execute')),
	'block close delete_before edit erase export inbox online open post remove revoke set_user take_away unblock unread_total');
select test.same('and has no right on a table', (select count(*) from pg_class where relnamespace = 'chat'::regnamespace
	and relkind in ('r', 'S') and (has_table_privilege('chat_app', oid, 'select, insert, update, delete')
	or relkind = 'S' and has_sequence_privilege('chat_app', oid, 'usage, select, update'))), 0::bigint);
select test.same('public may execute no function', (select count(*) from pg_proc
	where pronamespace = 'chat'::regnamespace
		and has_function_privilege('somebody', oid, 'execute')), 0::bigint);

select test.same('the role gives up before it holds others up', (select count(*)
	from pg_db_role_setting, unnest(setconfig) c where setrole = 'chat_plugin'::regrole
		and c ~ '^(statement_timeout|lock_timeout|idle_in_transaction_session_timeout)='), 3::bigint);
