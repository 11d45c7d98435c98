-- Once a second from each broker of a cluster: it lives; and who does not?
--
-- A broker is dead when the lock of its connection is free and it has been silent for a moment, or when it
-- has been silent for 3.5 s, whatever holds its lock.  Whoever has not been able to say for two seconds that
-- it lives itself judges nobody: it may be the server that stood still.  Nor does anybody soon after the
-- server's start.  Who was connected to a dead broker is offline 5 s later, unless they are back by then.
--
-- Parameters: me: the caller's number; lag_ms, resyncs: what it says of itself in chat.nodes.
-- Returns: alive: false when the others took the caller for dead; nodes: how many there are; dead_pids: server
--     processes of those that were found dead, as far as they began before dead_at: the caller is to end them,
--     because a stuck one would hold up others.
-- Raises: CH001, as chat.tell().
-- Locks: rows of chat.nodes; what chat.retire_node(), chat.tell() and chat.clear_streams() lock.
-- Plan: a scan of chat.nodes and chat.heads, which are small; primary keys.
create or replace function chat.node_beat(
	me integer, lag_ms integer, resyncs integer, out alive boolean, out nodes integer,
	out dead_pids integer[], out dead_at timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	d record;
	before timestamptz;
	may_judge boolean;
begin
	dead_pids := '{}';
	select n.seen_at into before from chat.nodes n where n.node = me and n.gone_at is null for update;
	alive := found;
	nodes := (select count(*) from chat.nodes n where n.in_cluster and n.gone_at is null);
	if not alive then
		return;
	end if;
	update chat.nodes n
	set seen_at = clock_timestamp(), lag_ms = node_beat.lag_ms, resyncs = node_beat.resyncs
	where n.node = me;
	may_judge := before > clock_timestamp() - interval '2 s'
		and pg_postmaster_start_time() < clock_timestamp() - interval '10 s';

	for d in
		select n.node, n.seen_at, n.seen_at < clock_timestamp() - interval '3.5 s' as is_silent
		from chat.nodes n
		where n.in_cluster and n.gone_at is null and n.node <> me and may_judge
			and n.seen_at < clock_timestamp() - interval '1.5 s'
	loop
		if pg_try_advisory_xact_lock(7481, d.node) or d.is_silent then
			dead_at := least(dead_at, d.seen_at);
			dead_pids := dead_pids || array(
				select n.pid from chat.nodes n where n.node = d.node and n.pid is not null
				union
				select h.pid from chat.heads h
				where h.stream between d.node * 8 and d.node * 8 + 7 and h.pid is not null);
			begin
				if chat.retire_node(d.node) then
					perform chat.tell(me * 8 + 5, 'd', array[d.node]::bigint[]);
				end if;
			exception when lock_not_available then
				-- Once its processes have ended.
				null;
			end;
		end if;
	end loop;

	for d in
		select n.node, n.seen_at from chat.nodes n
		where n.gone_at < clock_timestamp() - interval '5 s' for update skip locked
	loop
		perform chat.tell_offline(me * 8 + 5, d.node, d.seen_at);
		delete from chat.nodes n where n.node = d.node;
	end loop;

	-- Whoever has not read for so long is taken for dead, and asks for what it missed; after a moment in which
	-- the server stood still all may read first.
	if before < clock_timestamp() - interval '2 s' then
		return;
	end if;
	-- Not from the beginning: what was cleared away before may still be there for somebody with an old
	-- snapshot, and is not to be looked at each time.
	for d in
		select h.stream, h.n from chat.heads h
		where h.stream between me * 8 and me * 8 + 7 and (
			select f.at from chat.feed f where f.stream = h.stream and f.n > h.n order by f.n limit 1
		) < clock_timestamp() - interval '4 s'
		-- Whoever tells something waits for its commit with that row locked, which may take long.
		for update skip locked
	loop
		with old as (
			delete from chat.feed f
			where f.stream = d.stream and f.n > d.n and f.at < clock_timestamp() - interval '4 s'
			returning f.n
		)
		update chat.heads h set n = o.n from (select max(n) as n from old) o
		where h.stream = d.stream and o.n is not null;
	end loop;
	perform chat.clear_streams();
end;
$$;
