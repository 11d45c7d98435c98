-- Puts the conversations right of which unread messages were deleted, as chat.note_deletion() has noted.
--
-- Parameters: most, how many rooms at most.
-- Returns: in how many that was done.  A room that somebody has locked is left for the next call.
-- Locks: the rows of chat.conversations, never waiting for one.
-- Plan: chat.recounts, which is nearly always empty; then that of chat.recount().
create or replace function chat.recount_noted(most integer) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	noted record;
	done integer := 0;
begin
	for noted in select distinct room from chat.recounts limit most loop
		perform from chat.conversations where room = noted.room for update skip locked;
		continue when not found
			and exists (select from chat.conversations where room = noted.room);
		-- First the note, then the count, which sees everything whose note is gone.
		delete from chat.recounts where room = noted.room;
		if chat.recount(noted.room) then
			done := done + 1;
		end if;
	end loop;
	return done;
end;
$$;
