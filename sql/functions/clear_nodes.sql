-- Brokers that have been silent for 30 s go, with those who were connected to them and what is left of their
-- streams: called by brokers that enter, and once a second by those that are there.  These users were last seen when
-- their broker was.  Those of a cluster look after each other, and tell each other, as long as one of them lives (see
-- chat.node_beat()): then only those without a cluster go.
--
-- Locks: the rows that it takes away or changes, and advisory locks (7481, node) of brokers that do not live.  Where
-- one of these rows is locked by somebody else for longer than lock_timeout, all stays as it is.
-- Plan: a scan of chat.nodes, which is small; online_node.
create or replace function chat.clear_nodes() returns void
language plpgsql volatile
as $$
declare
	one_lives boolean;
begin
	if not exists (select from chat.nodes n where n.seen_at < clock_timestamp() - interval '30 s') then
		return;
	end if;
	one_lives := exists (
		select from chat.nodes n
		where n.in_cluster and n.gone_at is null and not pg_try_advisory_xact_lock(7481, n.node));
	perform chat.retire_node(n.node) from chat.nodes n
	where n.seen_at < clock_timestamp() - interval '30 s' and n.in_cluster and not one_lives;
	with gone as (
		delete from chat.nodes n where n.node in (
			select s.node from chat.nodes s
			where s.seen_at < clock_timestamp() - interval '30 s' and not (s.in_cluster and one_lives)
			for update skip locked)
		returning n.node, n.seen_at
	), went as (
		delete from chat.online o using gone where o.node = gone.node returning o.id, gone.seen_at
	)
	update chat.users u set seen_at = greatest(u.seen_at, l.seen_at)
	from (select went.id, max(went.seen_at) as seen_at from went group by went.id) l
	where u.id = l.id and u.id = any (array(
		select v.id from chat.users v join went on went.id = v.id order by v.id for update of v skip locked));
	perform chat.clear_streams();
exception when lock_not_available then
	-- A server process of a dead broker has not ended yet.
	null;
end;
$$;
