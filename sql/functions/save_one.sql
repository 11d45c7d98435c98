-- Stores one message in a room whose row the caller has locked: for chat.save() when the message is
-- alone, and for chat.save_each().
--
-- Its statements are simple, so starting them costs little.  That of chat.save() stores many messages at
-- a third of the cost each, and one alone at twice the cost.
--
-- Parameters: room, and last_seq, the room's last; the others as in chat.save(), for one message.
-- Returns: outcome 'n', 'k' or 'r', and with it what chat.save() says.
-- Raises: whatever a constraint or trigger of the tables raises.  A trigger that quietly drops the row
-- counts as having refused it, because `seq` has no holes.
-- Locks: none beyond those of what it writes.
-- Plan: messages_key_room, messages_room_user_id_ref, chat.conversations by its primary key.  The caller's
-- settings are in force; setting them again would cost another 3 %.
create or replace function chat.save_one(
	room text,
	last_seq bigint,
	again boolean,
	by_a boolean,
	new_text text,
	ref text,
	new_sent_at timestamptz,
	key uuid,
	out outcome "char",
	out seq bigint,
	out text text,
	out sent_at timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	sender text := split_part(room, '/', case when by_a then 1 else 2 end);
	receiver text := split_part(room, '/', case when by_a then 2 else 1 end);
	stored_key uuid;
begin
	if again then
		select m.seq, m.key into seq, stored_key from chat.messages m
		where m.key = save_one.key and m.room collate "ucs_basic" = save_one.room;
	end if;
	if seq is null and ref is not null then
		select m.seq, m.text, m.sent_at, m.key into seq, text, sent_at, stored_key
		from chat.messages m
		where m.room collate "POSIX" = save_one.room and m.user_id = sender
			and m.ref = save_one.ref;
	end if;
	if seq is not null then
		outcome := case when stored_key = key then 'k' else 'r' end;
		return;
	end if;

	outcome := 'n';
	seq := last_seq + 1;
	insert into chat.messages (room, seq, user_id, opponent_id, text, sent_at, ref, key)
	values (room, seq, sender, receiver, new_text, new_sent_at, ref, key);
	if not found then
		raise exception 'a trigger of chat.messages dropped a row without an error';
	end if;
	update chat.conversations c
	set last_seq = save_one.seq,
		a_unread = a_unread + (not by_a)::integer, a_waiting = a_waiting or not by_a,
		b_unread = b_unread + by_a::integer, b_waiting = b_waiting or by_a,
		a_last_seq = case when by_a then save_one.seq else a_last_seq end,
		a_last_at = case when by_a then new_sent_at else a_last_at end,
		b_last_seq = case when by_a then b_last_seq else save_one.seq end,
		b_last_at = case when by_a then b_last_at else new_sent_at end
	where c.room = save_one.room;
end;
$$;
