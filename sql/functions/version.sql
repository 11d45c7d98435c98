-- The version of the schema: the number of its newest migration.
--
-- The plugin asks at connect and says what to run when it is not the one it was built for.
--
-- Returns: the version.
-- Locks: none beyond those of a read.
-- Plan: the primary key of chat.schema_version, backwards.
create or replace function chat.version() returns integer
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
	select max(version) from chat.schema_version;
$$;
