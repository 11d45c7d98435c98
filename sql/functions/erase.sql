-- Erases a user: what they wrote becomes deleted and loses its ref, and their reactions and names go.
--
-- One piece, for a transaction of its own; call it until it returns 0.  Bar them first, so that nothing new
-- comes.  The seqs stay; each chat hears the last `changed` of a piece.
--
-- Parameters: id.  most: how many messages a piece treats, at most.
-- Returns: how many messages it has looked at and treated (1 when it has only come past chats without any);
--     0 at the end.
-- Raises: 22023 for an id that cannot be, or a number below 1.
-- Locks: the chats in which it treats messages, until the transaction ends.  One piece at a time: another waits
-- for that end, by an advisory lock.
-- Plan: the user's chats one after the other, a step each, by the primary key of chat.conversations and
-- conversations_b_id; chat.messages by ranges of its primary key.  So a piece takes no longer where there are
-- many chats or long ones.  chat.erasures says how far the pieces have come.
create or replace function chat.erase(id text, most integer default 1000) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
	place record;
	m record;
	looked integer := 0; -- at messages
	passed integer := 0; -- rooms
	upcoming text;
	finished boolean := false;
	last_changed bigint;
	number bigint;
	cleaned text;
begin
	perform chat.check_id(erase.id);
	perform chat.check_most(most);
	-- Each goes through the chats in an order of its own, and would wait in a circle with another one.
	perform pg_advisory_xact_lock(hashtext('mosquitto-chat pieces'));
	insert into chat.erasures (id) values (erase.id) on conflict do nothing;
	select room, seq into place from chat.erasures where id = erase.id for update;

	while looked < most and passed < most loop
		if not exists (select from chat.messages where room = place.room and seq > place.seq) then
			upcoming := chat.next_room(erase.id, place.room);
			finished := upcoming is null;
			exit when finished;
			place.room := upcoming;
			place.seq := 0;
			passed := passed + 1;
			continue;
		end if;
		last_changed := null;
		select last_change into number from chat.conversations where room = place.room for update;
		for m in
			select seq, user_id, reactions, is_deleted, ref from chat.messages
			where room = place.room and seq > place.seq order by seq limit most - looked
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
				where room = place.room and seq = m.seq;
				last_changed := m.seq;
			elsif m.user_id <> erase.id and cleaned is distinct from m.reactions then
				number := number + 1;
				update chat.messages set reactions = cleaned, change = number
				where room = place.room and seq = m.seq;
				last_changed := m.seq;
			end if;
		end loop;
		if last_changed is not null then
			update chat.conversations set last_change = number where room = place.room;
			insert into chat.requests (kind, room, seq) values ('t', place.room, last_changed);
		end if;
	end loop;

	if not finished or looked > 0 then
		update chat.erasures set room = place.room, seq = place.seq where id = erase.id;
		looked := greatest(looked, 1);
	else
		delete from chat.erasures where id = erase.id;
		update chat.users set name = null, app_name = null, changed = pg_current_xact_id()::text::bigint
		where id = erase.id;
		delete from chat.requests r
		where r.kind = 'p' and split_part(r.room, '/', case when r.by_a then 1 else 2 end) = erase.id;
		-- Each broker of a cluster clears away what it has told the others; of those that have ended nobody may.
		perform chat.clear_streams();
	end if;
	perform pg_notify('chat', '');
	return looked;
end;
$$;

-- The user's chat after this one: first those in which the user stands first, then the others.  For
-- chat.erase().
--
-- Parameters: id; after: a room of that user, or '' for the first.
-- Returns: its room; null: there is none.
-- Plan: a step on the primary key of chat.conversations, or on conversations_b_id.
create or replace function chat.next_room(id text, after text) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
	first_of_id constant text := next_room.id || '/';
	behind_id constant text := next_room.id || '0'; -- 0 comes after /
	found_room text;
begin
	if next_room.after = '' or starts_with(next_room.after, first_of_id) then
		select room into found_room from chat.conversations
		where room > case when next_room.after = '' then first_of_id else next_room.after end
			and room < behind_id
		order by room limit 1;
		if found then
			return found_room;
		end if;
		next_room.after := '';
	end if;
	select room into found_room from chat.conversations
	where b_id collate "POSIX" = next_room.id
		and a_id collate "ucs_basic" > split_part(next_room.after, '/', 1)
	order by a_id collate "ucs_basic" limit 1;
	return found_room;
end;
$$;
