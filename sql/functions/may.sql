-- Asks chat.may_chat() about chats in which nothing was said.
--
-- Parameters: rooms.
-- Returns a row for each, in no particular order: no, from 1; may, which is never null.
-- Raises: whatever the site's function raises.  The caller bounds the time.
-- Locks: none, but what the site's function takes.
create or replace function chat.may(rooms text[]) returns table (no integer, may boolean)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
	select g.no::integer, coalesce(chat.may_chat(split_part(g.room, '/', 1), split_part(g.room, '/', 2)), false)
	from unnest(rooms) with ordinality as g(room, no);
$$;
