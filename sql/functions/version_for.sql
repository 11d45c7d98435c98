-- What a plugin asks for at connect: does the schema serve a plugin that was built for this version?
--
-- Parameters: plugin, the version that it was built for.
-- Returns: the same number when the schema serves it, else that of its newest migration; so a higher answer
-- says that the plugin is too old, a lower one that the schema is.
-- Locks: none beyond those of a read.
-- Plan: the primary key of chat.schema_version, backwards.
create or replace function chat.version(plugin integer) returns integer
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
	select case when max(version) = 2 and plugin in (1, 2) then plugin else max(version) end
	from chat.schema_version;
$$;
