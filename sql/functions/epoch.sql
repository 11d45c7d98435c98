-- The epoch of this database: a short string that is another one when the database may have gone back in time:
-- a standby that was promoted, a backup that was restored, a database or table that was made anew.
--
-- The plugin asks at connect; clients that hear of another epoch begin anew.
--
-- Returns: 16 hexadecimal digits, made of the cluster's system identifier, its timeline, and the oids of the
-- database and of chat.messages.  A standby says what the server says that it follows.
-- Locks: none beyond those of a read.
-- Plan: no table but the catalogue.
create or replace function chat.epoch() returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
	select lpad(to_hex(hashtextextended(concat_ws('/',
		(select system_identifier from pg_control_system()),
		case when pg_is_in_recovery()
			-- Nothing says what a standby follows now but what it has written down.
			then (select timeline_id from pg_control_checkpoint())
			else ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer
		end,
		(select oid from pg_database where datname = current_database()),
		'chat.messages'::regclass::oid), 0)), 16, '0');
$$;
