-- Tells the other brokers of a cluster of messages that the caller has stored: for chat.store().
--
-- Parameters: those of chat.store(); seqs: null for what is not new; room_flags: of each room, 8 and 16 when its
--     first or second user has muted it.
-- Raises, locks: those of chat.tell().
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
returns void
language plpgsql volatile
as $$
declare
	flags smallint[];
begin
	select array_agg(
			coalesce(m.in_chat, (
				select bit_or(case when p.by_a then 1 else 2 end)
				from chat.places p where p.room = rooms[m.room_no]), 0)
			+ case when room_flags[m.room_no] & case when m.by_a then 16 else 8 end > 0 then 4 else 0 end
			order by m.no)
	into flags
	from unnest(room_nos, by_a, in_chats) with ordinality as m(room_no, by_a, in_chat, no);
	perform chat.tell(stream, 'm', seqs, flags, body => body);
end;
$$;
