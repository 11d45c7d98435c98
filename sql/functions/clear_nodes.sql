-- Brokers that have been silent for a while go, with those who were connected to them: for brokers that
-- enter.  These users were last seen when their broker was.  Those of a cluster look after each other by themselves, as long as there are any.
--
-- Locks: the rows that it takes away or changes, never waiting for one.
-- Plan: a scan of chat.nodes, which is small; online_node.
create or replace function chat.clear_nodes() returns void
language plpgsql volatile
as $$
begin
	perform chat.retire_node(n.node) from chat.nodes n
	where n.seen_at < clock_timestamp() - interval '30 s' and n.in_cluster;
	with gone as (
		delete from chat.nodes n where n.node in (
			select s.node from chat.nodes s
			where s.seen_at < clock_timestamp() - interval '30 s' for update skip locked)
		returning n.node, n.seen_at
	), went as (
		delete from chat.online o using gone where o.node = gone.node returning o.id, gone.seen_at
	)
	update chat.users u set seen_at = greatest(u.seen_at, l.seen_at)
	from (select went.id, max(went.seen_at) as seen_at from went group by went.id) l
	where u.id = l.id and u.id = any (array(
		select v.id from chat.users v join went on went.id = v.id order by v.id for update of v skip locked));
end;
$$;
