\ir prelude.sql

select test.same('a plugin of the first edition is told that the schema is its own', chat.version(), 1);
select test.same('so is one of this edition', chat.version(2), 2);
select test.same('a plugin that is newer is told what the schema is', chat.version(3), 2);
select test.save('k', array['1/2 a hello', '1/2 b hi']);

\ir :sql/install.sql
select test.same('installing again keeps what is stored',
	(select count(*) from chat.messages), 2::bigint);
select test.same('installing again records no migration twice',
	(select array_agg(version order by version) from chat.schema_version), array[1, 2]);
select test.same('settings of the session are as before',
	current_setting('client_min_messages') || ' ' || current_setting('lock_timeout'), 'notice 0');
select test.same('no lock stays behind', (select count(*) from pg_locks where locktype = 'advisory'),
	0::bigint);

-- A release that adds a migration, and a database that has not got it.
insert into chat.schema_version (version) values (3);
select test.same('with a newer schema a plugin is too old', chat.version(2), 3);
select test.same('one of the first edition too', chat.version(), 3);
\set ON_ERROR_STOP off
\ir :sql/install.sql
\set ON_ERROR_STOP on
select test.same('a newer schema is left as it is', chat.version(2), 3);
delete from chat.schema_version where version = 3;

drop function chat.history(text[], bigint[], bigint[], integer[]);
\ir :sql/install.sql
select test.same('functions come back', (select count(*) from chat.history(
	array['1/2'], array[null::bigint], array[null::bigint], array[10])), 2::bigint);

-- The others run inside of these.
select test.same('every function that somebody may call pins its search_path', (select count(*)
	from pg_proc where pronamespace = 'chat'::regnamespace
		and not exists (select from unnest(proconfig) c where c like 'search_path=%')
		and (has_function_privilege('chat_plugin', oid, 'execute')
			or has_function_privilege('chat_app', oid, 'execute'))), 0::bigint);
select test.same('every function that somebody may call runs with the rights of its owner', (select count(*)
	from pg_proc where pronamespace = 'chat'::regnamespace and not prosecdef
		and (has_function_privilege('chat_plugin', oid, 'execute')
			or has_function_privilege('chat_app', oid, 'execute'))), 0::bigint);

-- Columns that people fill in by hand.
insert into chat.messages (room, seq, user_id, opponent_id, text) values ('3/4', 1, '3', '4', 'x');
insert into chat.conversations (room) values ('10/9@a');
select test.same('a conversation knows its users from its room',
	(select a_id || ' ' || b_id from chat.conversations where room = '10/9@a'), '10 9@a');

-- Somebody who is no superuser, owns the database and may create roles, installs too.
create role owner login createrole;
create database others owner owner;
\c others owner
\ir :sql/install.sql
select 1 / (chat.version(2) = 2)::integer as chat_is_there \gset

-- A database whose encoding could not hold what people write.
\c postgres postgres
create database latin encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0;
\c latin
\set ON_ERROR_STOP off
\ir :sql/install.sql
rollback;
\set ON_ERROR_STOP on
select 1 / (to_regnamespace('chat') is null)::integer as nothing_was_installed \gset
