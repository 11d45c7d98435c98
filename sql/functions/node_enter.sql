-- A broker enters the cluster, on the connection by whose life the others see that it lives.
--
-- Parameters: name, for those who look at chat.nodes; before: the number that it had, null: none.
-- Returns: node, its number: the one that it had, when the others have not noticed that it was away;
--     feed_id: another one than before says that everything that the brokers told each other is lost.
-- Locks: an advisory lock (7481, node) for the session; the row of chat.feed_id, for the first one.  An
-- earlier connection that still holds the lock of `before` is waited for as long as lock_timeout says.
create or replace function chat.node_enter(
	name text, before integer, out node integer, out feed_id uuid)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	is_retired boolean;
begin
	select id into feed_id from chat.feed_id;
	if not found then
		lock table chat.feed_id in exclusive mode;
		insert into chat.feed_id select gen_random_uuid() where not exists (select from chat.feed_id);
		select id into feed_id from chat.feed_id;
	end if;
	if exists (select from chat.nodes n where n.node = before and n.gone_at is null) then
		begin
			perform pg_advisory_lock(7481, before);
			update chat.nodes n set pid = pg_backend_pid(), seen_at = clock_timestamp()
			where n.node = before and n.gone_at is null;
			if found then
				node := before;
				return;
			end if;
			perform pg_advisory_unlock(7481, before);
		exception when lock_not_available then
			null;
		end;
	end if;
	perform chat.clear_nodes();
	is_retired := chat.retire_node(before);
	node := nextval('chat.node_ids');
	perform pg_advisory_lock(7481, node_enter.node);
	insert into chat.heads (stream) select node_enter.node * 8 + w from generate_series(0, 5) w;
	insert into chat.nodes (node, pid, name, seen_at, in_cluster)
	values (node_enter.node, pg_backend_pid(), node_enter.name, clock_timestamp(), true);
	if is_retired then
		perform chat.tell(node_enter.node * 8 + 5, 'd', array[before]::bigint[]);
	end if;
end;
$$;
