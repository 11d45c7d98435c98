-- Tells the other brokers of a cluster of messages that the caller has stored: for chat.store().
--
-- Parameters: those of chat.store(); seqs: null for what is not new; room_flags: of each room, 8 and 16 when its
--     first or second user has muted it.
-- Returns, raises, locks: those of chat.tell().
-- Plan: the primary key of chat.places, for rooms of which the caller does not know who is there.
create or replace function chat.tell_stored(
	stream integer,
	rooms text[],
	room_nos integer[],
	by_a boolean[],
	seqs bigint[],
	room_flags integer[],
	in_chats smallint[],
	body bytea)
returns bigint
language plpgsql volatile
as $$
declare
	flags smallint[];
	flag integer;
	any_muted boolean := false;
begin
	foreach flag in array room_flags loop
		any_muted := any_muted or flag >= 8;
	end loop;
	-- So it is as a rule, and then they need not be put together anew.
	if in_chats is not null and not any_muted and array_position(in_chats, null) is null then
		return chat.tell(stream, 'm', seqs, in_chats, body => body);
	end if;
	select array_agg(
			coalesce(m.in_chat, (
				select bit_or(case when p.by_a then 1 else 2 end)
				from chat.places p where p.room = rooms[m.room_no]), 0)
			+ case when room_flags[m.room_no] & case when m.by_a then 16 else 8 end > 0 then 4 else 0 end
			order by m.no)
	into flags
	from unnest(room_nos, by_a, in_chats) with ordinality as m(room_no, by_a, in_chat, no);
	return chat.tell(stream, 'm', seqs, flags, body => body);
end;
$$;
