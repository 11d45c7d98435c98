-- How far each stream is: where a broker that enters begins to read.
--
-- Returns: stream, n.
-- Locks: none beyond those of a read.
create or replace function chat.current_heads() returns table (stream integer, n bigint)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
	select h.stream, coalesce((
		select f.n from chat.feed f where f.stream = h.stream order by f.n desc limit 1), h.n)
	from chat.heads h;
$$;
