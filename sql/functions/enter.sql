-- A broker without a cluster enters: it gets a number of its own, under which chat.seen() notes who is connected to it.
--
-- Brokers that have been silent for a while go, with those who were connected to them.
--
-- Parameters: name, for those who look at chat.nodes.
-- Returns: the number, never used before.
-- Locks: the rows that it makes and takes away.
create or replace function chat.enter(name text) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
	entered integer := nextval('chat.node_ids');
begin
	perform chat.clear_nodes();
	insert into chat.nodes (node, pid, name, seen_at)
	values (entered, pg_backend_pid(), enter.name, clock_timestamp());
	return entered;
end;
$$;
