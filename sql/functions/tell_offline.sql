-- Nobody is connected to a broker any more that has been dead for a while: who is on no other one is
-- offline, and the others are told: for chat.node_beat().
--
-- Parameters: stream: the caller's; node: the dead one; at: when it was last seen.
-- Raises, locks: those of chat.tell(); the rows of chat.online and chat.users that it changes; of the latter
-- it waits for none, and leaves those that are locked as they are.
-- Plan: online_node; primary keys.
create or replace function chat.tell_offline(stream integer, node integer, at timestamptz) returns void
language plpgsql volatile
as $$
declare
	ids text[];
begin
	with went as (
		delete from chat.online o where o.node = tell_offline.node returning o.id
	)
	select array_agg(went.id) into ids from went
	where not exists (
		select from chat.online o join chat.nodes n using (node)
		where o.id = went.id and o.node <> tell_offline.node);
	update chat.users u set seen_at = greatest(u.seen_at, at)
	where u.id = any (array(
		select v.id from chat.users v where v.id = any (ids) order by v.id for update skip locked));
	for i in 0 .. coalesce(cardinality(ids), 0) / 1000 loop
		perform chat.tell_seen(stream, ids[i * 1000 + 1 : i * 1000 + 1000]);
	end loop;
end;
$$;
