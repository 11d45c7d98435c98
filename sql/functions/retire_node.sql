-- Takes a broker out of the cluster, or what is left of it: nobody is in a chat there any more, and it
-- writes no more.  What it has committed is still read.  Who was connected to it counts for a while, because
-- clients come back soon: see chat.node_beat().
--
-- Parameters: node.
-- Returns: false when it is out already.
-- Locks: its row of chat.nodes, and those of its streams and places.
-- Plan: primary keys; places_node.
create or replace function chat.retire_node(node integer) returns boolean
language plpgsql volatile
as $$
begin
	update chat.nodes n set gone_at = clock_timestamp()
	where n.node = retire_node.node and n.gone_at is null;
	if not found then
		return false;
	end if;
	update chat.heads h set open = false
	where h.stream between retire_node.node * 8 and retire_node.node * 8 + 7;
	delete from chat.places p where p.node = retire_node.node;
	return true;
end;
$$;
