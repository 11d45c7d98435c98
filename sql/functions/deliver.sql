-- chat.deliver_next() as plugins of the first edition call it, which hear nothing of a room that is refused.
--
-- Parameters, locks and plan: those of chat.deliver_next().
-- Returns: room and forward.
create or replace function chat.deliver(after text, out room text, out forward boolean)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
	select d.room, d.forward from chat.deliver_next(after) d;
$$;
