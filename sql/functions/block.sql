-- One user blocks another, or no longer: the chat of the two is closed while one of them does.  Those who
-- are connected as `blocker` hear of it, the other one is not told.
--
-- Parameters: ids.
-- Raises: 22023 for ids that cannot be.
-- Locks: the chat, until the transaction ends.
create or replace function chat.block(blocker text, blocked text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
	room text := chat.room_of(blocker, blocked);
begin
	perform chat.set_closed(room, case when split_part(room, '/', 1) = blocker then 1 else 2 end, true);
end;
$$;

create or replace function chat.unblock(blocker text, blocked text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
	room text := chat.room_of(blocker, blocked);
begin
	perform chat.set_closed(room, case when split_part(room, '/', 1) = blocker then 1 else 2 end, false);
end;
$$;
