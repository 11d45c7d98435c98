-- Users block others by themselves, or no longer; as chat.block() and chat.unblock() by the application.
--
-- Parameters, one element a request: ids (who), rooms (the chats with those whom they block), ons.
-- Returns a row for each, in no particular order: no, from 1; outcome 'k' kept, 's' was so already, 'l' the
-- room is locked: try again, 'f' they block 1,000 others already.
-- Locks: the rows of chat.conversations, in the order of their rooms, never waiting for one.
-- Plan: chat.conversations by its primary key, and by conversations_a_id and conversations_b_id for the
-- count, which only a new block asks for.
create or replace function chat.block_peer(ids text[], rooms text[], ons boolean[])
returns table (no integer, outcome "char")
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	most constant integer := 1000;
	asked record;
	c record;
	-- What comes behind a request that has to wait waits too, though the lock may be gone by then.
	locked_room text := '';
begin
	for asked in
		select g.id, g.room, g.is_on, g.no::integer as no,
			case when split_part(g.room, '/', 1) = g.id then 1 else 2 end as bit
		from unnest(ids, rooms, ons) with ordinality as g(id, room, is_on, no)
		order by g.room collate "C", g.no
	loop
		no := asked.no;
		if asked.room = locked_room then
			outcome := 'l';
			return next;
			continue;
		end if;
		if asked.is_on then
			perform chat.adopt(array[asked.room]);
		end if;
		select closed & asked.bit > 0 as blocks into c from chat.conversations
		where room = asked.room for update skip locked;
		if not found then
			outcome := case when exists (select from chat.conversations where room = asked.room)
				then 'l' else 's' end;
		elsif c.blocks = asked.is_on then
			outcome := 's';
		elsif asked.is_on and most <= (
			select count(*) from (
				select from chat.conversations where a_id collate "POSIX" = asked.id and closed & 1 > 0
				union all
				select from chat.conversations where b_id collate "POSIX" = asked.id and closed & 2 > 0
				limit most
			) b)
		then
			outcome := 'f';
		else
			outcome := 'k';
			perform chat.set_closed(asked.room, asked.bit, asked.is_on);
		end if;
		if outcome = 'l' then
			locked_room := asked.room;
		end if;
		return next;
	end loop;
end;
$$;
