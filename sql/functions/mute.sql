-- Users mute chats, or no longer: from then on what comes there makes no noise.
--
-- Parameters, one element a request: ids (who), rooms, ons.  And stream: in a cluster the caller's; what is
-- kept is told to the other brokers.
-- Returns a row for each, in no particular order: no, from 1; outcome 'm' kept, 's' was so already, 'l' the
-- room is locked: try again, 'b' it is no chat of theirs in which something was said.
-- Locks: the rows of chat.conversations, in the order of their rooms, never waiting for one.
-- Plan: the primary key of chat.conversations.
create or replace function chat.mute(ids text[], rooms text[], ons boolean[], stream integer default null)
returns table (no integer, outcome "char")
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	asked record;
	c record;
	-- What comes behind a request that has to wait waits too, though the lock may be gone by then.
	locked_room text := '';
	told_rooms text[] := '{}';
	told_flags smallint[] := '{}';
begin
	for asked in
		select g.id, g.room, g.is_on, g.no::integer as no, split_part(g.room, '/', 1) = g.id as is_a
		from unnest(ids, rooms, ons) with ordinality as g(id, room, is_on, no)
		order by g.room collate "C", g.no
	loop
		no := asked.no;
		if asked.room = locked_room then
			outcome := 'l';
			return next;
			continue;
		end if;
		select case when asked.is_a then a_muted else b_muted end as muted into c
		from chat.conversations
		where room = asked.room and last_seq > 0 and (a_id = asked.id or b_id = asked.id)
		for update skip locked;
		if not found then
			outcome := case when exists (select from chat.conversations
				where room = asked.room and last_seq > 0 and (a_id = asked.id or b_id = asked.id))
				then 'l' else 'b' end;
		elsif c.muted = asked.is_on then
			outcome := 's';
		else
			outcome := 'm';
			update chat.conversations
			set a_muted = case when asked.is_a then asked.is_on else a_muted end,
				b_muted = case when asked.is_a then b_muted else asked.is_on end
			where room = asked.room;
			told_rooms := told_rooms || asked.room;
			told_flags := told_flags || (case when asked.is_a then 1 else 2 end
				+ asked.is_on::integer * 4)::smallint;
		end if;
		if outcome = 'l' then
			locked_room := asked.room;
		end if;
		return next;
	end loop;
	if stream is not null and told_rooms <> '{}' then
		perform chat.tell(stream, 'u', flags => told_flags, subjects => told_rooms);
	end if;
end;
$$;
