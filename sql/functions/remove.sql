-- The application deletes anybody's message, in a closed chat too: its seq stays, and says so.
--
-- Carried out by a broker, like chat.post(): the chat hears `changed`.  A message that is not there or
-- deleted by then is passed over.
--
-- Parameters: a, b: the chat's users in either order.  seq: which message.
-- Raises: 22023 for ids and numbers that cannot be.
-- Locks: none that a chat waits for.
create or replace function chat.remove(a text, b text, seq bigint) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
	room text := chat.room_of(a, b);
begin
	perform chat.check_seq(remove.seq);
	insert into chat.requests (kind, room, seq) values ('r', room, remove.seq);
	perform pg_notify('chat', '');
end;
$$;
