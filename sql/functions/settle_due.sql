-- Takes back flags that say that somebody away has to be told something, where all is read and nobody has
-- written for a minute: chat.mark() leaves them.
--
-- Parameters: most, how many flags to look at, of each of the two; the next call looks at what is left.
-- Returns: how many it took back.
-- Locks: the rows of chat.conversations, never waiting for one.
-- Plan: conversations_a_due and conversations_b_due, from the beginning; then by the places of the rows.
create or replace function chat.settle_due(most integer) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	settled_a integer;
	settled_b integer;
begin
	update chat.conversations set a_due = false
	where ctid = any (array(
		select c.ctid from (
			select room from chat.conversations where a_due limit most
		) due, lateral (
			select ctid from chat.conversations
			where room = due.room and a_due and a_unread = 0
				and greatest(a_last_at, b_last_at) < now() - interval '1 minute'
			for update skip locked
		) c));
	get diagnostics settled_a = row_count;
	update chat.conversations set b_due = false
	where ctid = any (array(
		select c.ctid from (
			select room from chat.conversations where b_due limit most
		) due, lateral (
			select ctid from chat.conversations
			where room = due.room and b_due and b_unread = 0
				and greatest(a_last_at, b_last_at) < now() - interval '1 minute'
			for update skip locked
		) c));
	get diagnostics settled_b = row_count;
	return settled_a + settled_b;
end;
$$;
