-- Creates schema `chat` or brings it up to date; running it again does no harm.
--
--     psql -v ON_ERROR_STOP=1 -f sql/install.sql
--
-- Run it as a role that may create schemas and roles.  That role owns the schema and its functions,
-- which run with its rights; the plugin logs in as `chat_plugin`, which may call them and nothing else.
--
-- It works on a live database, in three steps: what is quick in one transaction, then the indexes of tables
-- that may be large without holding up who writes to them, then the functions in another transaction.  So it
-- cannot run inside a transaction (psql -1).  Whatever ends it early, running it again completes it.
-- A migration runs once, in the order of its number, and is never edited after a release; functions are
-- replaced each time.
\set ON_ERROR_STOP on
\set QUIET on

select current_setting('client_min_messages') as chat_messages_before,
	current_setting('lock_timeout') as chat_lock_timeout_before,
	current_setting('statement_timeout') as chat_statement_timeout_before \gset
set client_min_messages = warning;
set lock_timeout = 0;
set statement_timeout = 0;

\ir check_server.sql
\ir wait_for_turn.sql

begin;
create schema if not exists chat;
select to_regclass('chat.schema_version') is null as migrate \gset
\if :migrate
	\ir migrations/0001_tables.sql
	insert into chat.schema_version (version) values (1);
\endif

select not exists (select from chat.schema_version where version = 2) as migrate \gset
\if :migrate
	\ir functions/note_deletion.sql
	\ir migrations/0002_second_edition.sql
	insert into chat.schema_version (version) values (2);
\endif
-- A plugin of the first edition may ask at any time.
\ir functions/version.sql
commit;

\ir indexes.sql

begin;
\ir functions/version_for.sql
\ir functions/epoch.sql
\ir functions/note_deletion.sql
\ir functions/adopt.sql
\ir functions/recount.sql
\ir functions/recount_noted.sql
\ir functions/tell.sql
\ir functions/tell_stored.sql
\ir functions/is_online.sql
\ir functions/tell_seen.sql
\ir functions/tell_offline.sql
\ir functions/store_one.sql
\ir functions/store.sql
\ir functions/store_each.sql
\ir functions/save.sql
\ir functions/save_each.sql
\ir functions/may_chat.sql
\ir functions/site_decides.sql
\ir functions/begun.sql
\ir functions/may.sql
\ir functions/pages.sql
\ir functions/history.sql
\ir functions/lobbies.sql
\ir functions/settle.sql
\ir functions/settle_due.sql
\ir functions/unread.sql
\ir functions/chats.sql
\ir functions/seen.sql
\ir functions/mark.sql
\ir functions/deliver_next.sql
\ir functions/deliver.sql
\ir functions/reactions.sql
\ir functions/change_one.sql
\ir functions/change.sql
\ir functions/changes.sql
\ir functions/mute.sql
\ir functions/close.sql
\ir functions/block_peer.sql
\ir functions/news.sql
\ir functions/carry_out.sql
\ir functions/say.sql
\ir functions/retire_node.sql
\ir functions/clear_streams.sql
\ir functions/clear_nodes.sql
\ir functions/enter.sql
\ir functions/node_enter.sql
\ir functions/node_beat.sql
\ir functions/node_leave.sql
\ir functions/current_heads.sql
\ir functions/place.sql
\ir functions/cut.sql
\ir functions/poll.sql
\ir functions/arguments.sql
\ir functions/post.sql
\ir functions/edit.sql
\ir functions/remove.sql
\ir functions/block.sql
\ir functions/set_user.sql
\ir functions/revoke.sql
\ir functions/take_away.sql
\ir functions/inbox.sql
\ir functions/online.sql
\ir functions/delete_before.sql
\ir functions/erase.sql
\ir functions/export.sql
\ir grants.sql
commit;

\ir drop_replaced.sql

select set_config('client_min_messages', :'chat_messages_before', false),
	set_config('lock_timeout', :'chat_lock_timeout_before', false),
	set_config('statement_timeout', :'chat_statement_timeout_before', false),
	pg_advisory_unlock(hashtext('mosquitto-chat install')) \gset ignored_
