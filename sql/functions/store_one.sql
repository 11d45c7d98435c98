-- Stores one message in a room whose row the caller has locked: for chat.store() when a message is
-- alone, for chat.store_each(), and for chat.carry_out().
--
-- Its statements are simple, so starting them costs little.  Those of chat.store() store many messages at
-- a third of the cost each, and one alone at twice the cost.
--
-- Parameters: room; last_seq, the room's last, null when the chat is closed; the others as in chat.store(),
--     for one message.
-- Returns: outcome 'n', 'k', 'r' or 'f'; seq and sent_at with the first three; with 'k' and 'r' the
--     rest of the message as it is by now.
-- Raises: whatever a constraint or trigger of the tables raises.  A trigger that quietly drops the row
-- counts as having refused it, because `seq` has no holes.
-- Locks: none beyond those of what it writes.
-- Plan: messages_key, messages_room_user_id_ref, chat.conversations by its primary key.  The caller's rights
-- and settings are in force; setting them again would cost another 3 %.
create or replace function chat.store_one(
	room text,
	last_seq bigint,
	again boolean,
	by_a boolean,
	new_text text,
	ref text,
	new_sent_at timestamptz,
	key uuid,
	new_data text,
	new_reply_to bigint,
	out outcome "char",
	out seq bigint,
	out text text,
	out sent_at timestamptz,
	out data text,
	out reply_to bigint,
	out edited_at timestamptz,
	out reactions text,
	out change bigint,
	out is_deleted boolean)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
	sender text := split_part(room, '/', case when by_a then 1 else 2 end);
	receiver text := split_part(room, '/', case when by_a then 2 else 1 end);
	stored_key uuid;
begin
	if again then
		select m.key, m.seq, m.text, m.sent_at, m.data, m.reply_to, m.edited_at, m.reactions, m.change,
			m.is_deleted
		into stored_key, seq, text, sent_at, data, reply_to, edited_at, reactions, change, is_deleted
		from chat.messages m
		where m.key = store_one.key and m.room collate "ucs_basic" = store_one.room and m.ref is null;
	end if;
	if seq is null and ref is not null then
		select m.key, m.seq, m.text, m.sent_at, m.data, m.reply_to, m.edited_at, m.reactions, m.change,
			m.is_deleted
		into stored_key, seq, text, sent_at, data, reply_to, edited_at, reactions, change, is_deleted
		from chat.messages m
		where m.room collate "POSIX" = store_one.room and m.user_id = sender and m.ref = store_one.ref;
	end if;
	if seq is not null then
		outcome := case when stored_key = key then 'k' else 'r' end;
		return;
	end if;
	if last_seq is null then
		outcome := 'f';
		return;
	end if;

	outcome := 'n';
	seq := last_seq + 1;
	sent_at := new_sent_at;
	insert into chat.messages (room, seq, user_id, opponent_id, text, sent_at, ref, key, data, reply_to)
	values (room, seq, sender, receiver, new_text, new_sent_at, ref, key, new_data, new_reply_to);
	if not found then
		raise exception 'a trigger of chat.messages dropped a row without an error';
	end if;
	if by_a then
		update chat.conversations c
		set last_seq = store_one.seq, a_last_seq = store_one.seq, a_last_at = new_sent_at,
			b_unread = b_unread + 1, b_waiting = true, b_due = b_due or not b_muted
		where c.room = store_one.room;
	else
		update chat.conversations c
		set last_seq = store_one.seq, b_last_seq = store_one.seq, b_last_at = new_sent_at,
			a_unread = a_unread + 1, a_waiting = true, a_due = a_due or not a_muted
		where c.room = store_one.room;
	end if;
end;
$$;
