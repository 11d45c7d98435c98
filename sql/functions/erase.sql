-- Erases a user: what they wrote becomes deleted and loses its ref, and their reactions and names go.
--
-- One piece, for a transaction of its own; call it until it returns 0.  Bar them first, so that nothing new
-- comes.  The seqs stay; each chat hears the last `changed` of a piece.
--
-- Parameters: id.  most: how many messages a piece treats, at most.
-- Returns: how many messages it has looked at and treated; 0 at the end.
-- Raises: 22023 for an id that cannot be, or a number below 1.
-- Locks: the chats in which it changes something, until the transaction ends.
-- Plan: conversations_a_id and conversations_b_id; chat.messages by ranges of its primary key and, for
-- reactions, messages_room_change.  chat.erasures says how far the pieces have come.
create or replace function chat.erase(id text, most integer default 1000) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
	place record;
	c record;
	m record;
	looked integer := 0;
	last_changed bigint;
	number bigint;
	cleaned text;
begin
	perform chat.check_id(erase.id);
	perform chat.check_most(most);
	insert into chat.erasures (id) values (erase.id) on conflict do nothing;
	select room, seq into place from chat.erasures where id = erase.id for update;

	for c in
		select room from (
			select room from chat.conversations where a_id collate "POSIX" = erase.id
			union all
			select room from chat.conversations where b_id collate "POSIX" = erase.id
		) v
		where room >= place.room order by room
	loop
		exit when looked >= most;
		if c.room > place.room then
			place.room := c.room;
			place.seq := 0;
		end if;
		last_changed := null;
		select last_change into number from chat.conversations where room = c.room for update;
		for m in
			select seq, user_id, reactions, is_deleted, ref from chat.messages
			where room = c.room and seq > place.seq order by seq limit most - looked
		loop
			looked := looked + 1;
			place.seq := m.seq;
			cleaned := case when m.reactions is not null
				then chat.without_reactions(m.reactions, erase.id) end;
			if m.user_id = erase.id and (m.is_deleted is null or m.ref is not null) then
				number := number + 1;
				update chat.messages
				set text = '', data = null, reply_to = null, edited_at = null, reactions = null, ref = null,
					is_deleted = true, change = number
				where room = c.room and seq = m.seq;
				last_changed := m.seq;
			elsif m.user_id <> erase.id and cleaned is distinct from m.reactions then
				number := number + 1;
				update chat.messages set reactions = cleaned, change = number
				where room = c.room and seq = m.seq;
				last_changed := m.seq;
			end if;
		end loop;
		if last_changed is not null then
			update chat.conversations set last_change = number where room = c.room;
			insert into chat.requests (kind, room, seq) values ('t', c.room, last_changed);
		end if;
	end loop;

	if looked > 0 then
		update chat.erasures set room = place.room, seq = place.seq where id = erase.id;
	else
		delete from chat.erasures where id = erase.id;
		update chat.users set name = null, app_name = null, changed = pg_current_xact_id()::text::bigint
		where id = erase.id;
		delete from chat.requests r
		where r.kind = 'p' and split_part(r.room, '/', case when r.by_a then 1 else 2 end) = erase.id;
	end if;
	perform pg_notify('chat', '');
	return looked;
end;
$$;
