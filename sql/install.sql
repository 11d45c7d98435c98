-- Creates schema `chat` or brings it up to date; running it again does no harm.
--
--     psql -v ON_ERROR_STOP=1 -f sql/install.sql
--
-- Run it as a role that may create schemas and roles.  That role owns the schema and its functions,
-- which run with its rights; the plugin logs in as `chat_plugin`, which may call them and nothing else.
-- Everything happens in one transaction.  A migration runs once, in the order of its number, and is
-- never edited after a release; functions are replaced each time.
\set ON_ERROR_STOP on
\set QUIET on


begin;
set local client_min_messages = warning;
-- Two installations at once would trip over each other.
select pg_advisory_xact_lock(hashtext('mosquitto-chat install')) \gset ignored_

\ir check_server.sql

create schema if not exists chat;

select to_regclass('chat.schema_version') is null as migrate \gset
\if :migrate
	\ir migrations/0001_tables.sql
	insert into chat.schema_version (version) values (1);
\endif

-- The next migration looks like this:
--     select not exists (select from chat.schema_version where version = 2) as migrate \gset
--     \if :migrate
--         \ir migrations/0002_what_it_does.sql
--         insert into chat.schema_version (version) values (2);
--     \endif

\ir functions/version.sql
\ir functions/adopt.sql
\ir functions/save_one.sql
\ir functions/save.sql
\ir functions/save_each.sql
\ir functions/history.sql
\ir functions/unread.sql
\ir functions/mark.sql
\ir functions/deliver.sql
\ir grants.sql
commit;
