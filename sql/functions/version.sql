-- What a plugin of the first edition asks for at connect: it works with 1 and with nothing else.
--
-- Returns: 1, because the functions of the first edition are still there; beyond the migrations that this
-- file knows, the number of the newest.
-- Locks: none beyond those of a read.
-- Plan: the primary key of chat.schema_version, backwards.
create or replace function chat.version() returns integer
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
	select case when max(version) <= 2 then 1 else max(version) end from chat.schema_version;
$$;
