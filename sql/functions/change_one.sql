-- One change, in a room whose row the caller has locked: for chat.change() and chat.carry_out().
--
-- Parameters: room_closed: the room's `closed`, which stops users and not the application; the others as
--     in chat.change(), for one change.
-- Returns: what chat.change() says.
-- Locks: the message's row; the room's is the caller's.
create or replace function chat.change_one(
	room text,
	room_closed smallint,
	asker_is_a boolean,
	kind "char",
	seq bigint,
	new_text text,
	new_data text,
	reaction text,
	is_on boolean,
	at timestamptz,
	out outcome "char",
	out reason text,
	out by_a boolean,
	out text text,
	out sent_at timestamptz,
	out ref text,
	out data text,
	out reply_to bigint,
	out edited_at timestamptz,
	out message_reactions text,
	out change bigint,
	out is_deleted boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	a_id text := split_part(room, '/', 1);
	asker text := split_part(room, '/', case when asker_is_a then 1 else 2 end);
	m record;
begin
	if asker_is_a is not null and room_closed <> 0 then
		outcome := 'f';
		return;
	end if;
	select s.user_id, s.text, s.sent_at, s.ref, s.data, s.reply_to, s.edited_at, s.reactions, s.change,
		coalesce(s.is_deleted, false) as is_deleted
	into m from chat.messages s where s.room = change_one.room and s.seq = change_one.seq for update;
	if not found then
		outcome := 'b';
		reason := 'seq';
		return;
	end if;
	by_a := m.user_id = a_id;
	text := m.text;
	sent_at := m.sent_at;
	ref := m.ref;
	data := m.data;
	reply_to := m.reply_to;
	edited_at := m.edited_at;
	message_reactions := m.reactions;
	change := m.change;
	is_deleted := m.is_deleted;

	if kind <> 'r' and asker_is_a is not null and by_a <> asker_is_a then
		outcome := 'f';
		return;
	elsif kind <> 'd' and m.is_deleted then
		outcome := 'b';
		reason := 'deleted';
		return;
	end if;

	if kind = 'e' then
		text := coalesce(new_text, m.text);
		data := case when new_data = 'null' then null else coalesce(new_data, m.data) end;
		if text = '' and data is null then
			outcome := 'b';
			reason := 'text';
			return;
		end if;
		if text is distinct from m.text or data is distinct from m.data then
			edited_at := at;
		end if;
	elsif kind = 'd' then
		text := '';
		data := null;
		reply_to := null;
		edited_at := null;
		message_reactions := null;
		is_deleted := true;
	else
		message_reactions := chat.reacted(m.reactions, asker, reaction, is_on);
		if is_on and chat.reactions_of(message_reactions, asker) > 6 then
			outcome := 'b';
			reason := 'reaction';
			return;
		end if;
	end if;

	outcome := 's';
	if text is distinct from m.text or data is distinct from m.data or is_deleted <> m.is_deleted
		or message_reactions is distinct from m.reactions
	then
		outcome := 'c';
		update chat.conversations c set last_change = c.last_change + 1
		where c.room = change_one.room returning c.last_change into change;
		update chat.messages s
		set text = change_one.text, data = change_one.data, reply_to = change_one.reply_to,
			edited_at = change_one.edited_at, reactions = message_reactions,
			change = change_one.change, is_deleted = nullif(change_one.is_deleted, false)
		where s.room = change_one.room and s.seq = change_one.seq;
		if not found then
			raise exception 'a trigger of chat.messages dropped a change without an error';
		end if;
	end if;
end;
$$;
