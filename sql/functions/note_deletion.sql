-- The trigger that notes of which rooms unread messages are deleted, whoever does it.
--
-- It takes no lock that a chat could wait for, however long the deleting transaction is: the counts
-- are put right by chat.recount_noted() once it has committed.
--
-- Locks: none beyond its own row in chat.recounts.
-- Plan: the primary key of chat.recounts.
create or replace function chat.note_deletion() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
	-- chat.delete_before() counts what it deletes.
	if current_setting('chat.counted_room', true) = old.room then
		return null;
	end if;
	insert into chat.recounts (room) values (old.room) on conflict do nothing;
	return null;
end;
$$;
