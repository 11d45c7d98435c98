-- Takes back the flags that say that something waits for these users, where nothing does any longer and
-- nobody has written for a minute: chat.mark() leaves them.
--
-- Parameters: ids.
-- Returns: how many.
-- Locks: the rows of chat.conversations, never waiting for one.
-- Plan: conversations_a_waiting and conversations_b_waiting; then by the places of the rows.
create or replace function chat.settle(ids text[]) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	settled_a integer;
	settled_b integer;
begin
	update chat.conversations set a_waiting = false
	where ctid = any (array(
		select c.ctid from unnest(ids) as u(id), chat.conversations c
		where c.a_id = u.id and c.a_waiting and c.a_unread = 0
			and greatest(c.a_last_at, c.b_last_at) < now() - interval '1 minute'
		limit 1000 for update of c skip locked));
	get diagnostics settled_a = row_count;
	update chat.conversations set b_waiting = false
	where ctid = any (array(
		select c.ctid from unnest(ids) as u(id), chat.conversations c
		where c.b_id = u.id and c.b_waiting and c.b_unread = 0
			and greatest(c.a_last_at, c.b_last_at) < now() - interval '1 minute'
		limit 1000 for update of c skip locked));
	get diagnostics settled_b = row_count;
	return settled_a + settled_b;
end;
$$;
