-- Whether the user is connected to any broker that is alive.
--
-- Parameters: id.
-- Locks: none beyond those of a read.
-- Plan: primary keys of chat.online and chat.nodes.
create or replace function chat.is_online(id text) returns boolean
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
	select exists (
		select from chat.online o join chat.nodes n using (node)
		where o.id = is_online.id and n.seen_at > clock_timestamp() - interval '30 s');
$$;
