-- A broker leaves the cluster, because it ends: the others need not find out.
--
-- Parameters: me: its number.
-- Raises, locks: those of chat.tell() and chat.retire_node().
-- Plan: that of chat.retire_node().
create or replace function chat.node_leave(me integer) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
	perform chat.tell(me * 8 + 5, 'd', array[me]::bigint[]);
	perform chat.retire_node(me);
	perform pg_notify('chat_feed', '');
end;
$$;
