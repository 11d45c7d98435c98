-- Stores a batch of messages as chat.store() does, but one by one, each in a subtransaction of its own:
-- for a batch with a message that the database refuses.
--
-- A room whose counter is behind its rows, because the application has written some itself, takes them in
-- and goes on.
--
-- Parameters and locks: those of chat.store().
-- Returns: the same, and outcome 'x' for a refused message, whose text is then the SQLSTATE.  The
-- messages behind it are stored as if it had not been there.
-- Raises: what is not the fault of a message, and what fails at the commit; then nothing is stored.  Locks,
-- resources and a lost connection are nobody's fault.  Missing rights, tables, columns and the like are the
-- schema's when the statements fail without any rows too; else a trigger of the application has raised
-- that for this message.
-- Plan: for each message, the primary key of chat.conversations, and the index of its key or ref.
create or replace function chat.store_each(
	rooms text[],
	again boolean,
	room_nos integer[],
	by_a boolean[],
	texts text[],
	refs text[],
	sent_ats timestamptz[],
	keys uuid[],
	datas text[],
	reply_tos bigint[],
	stream integer default null,
	in_chats smallint[] default null,
	body bytea default null)
returns table (no integer, outcome "char", seq bigint, text text, sent_at timestamptz, data text,
	reply_to bigint, edited_at timestamptz, reactions text, change bigint, is_deleted boolean,
	a_muted boolean, b_muted boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	free text[]; -- the rooms that are locked by this call
	violated text;
	one record;
	-- Of each message, as in chat.store().
	seqs bigint[] := array_fill(null::bigint, array[cardinality(keys)]);
	flags integer[] := array_fill(null::integer, array[cardinality(rooms)]);
	fresh integer := 0;
begin
	perform chat.store('{}', false, '{}', '{}', '{}', '{}', '{}', '{}', null, null);

	perform chat.adopt(rooms);
	select array_agg(c.room) into free
	from unnest(rooms) as r(room)
	cross join lateral (
		select room from chat.conversations where room = r.room for update skip locked
	) c;

	for i in 1 .. cardinality(keys) loop
		no := i;
		if free is null or rooms[room_nos[i]] <> all (free) then
			outcome := 'l';
			text := null;
			return next;
			continue;
		end if;
		for attempt in 1 .. 2 loop
			begin
				select s.* into one
				from chat.store(rooms[room_nos[i]:room_nos[i]], again, array[1], by_a[i:i], texts[i:i],
					refs[i:i], sent_ats[i:i], keys[i:i], datas[i:i], reply_tos[i:i]) s;
				return query
				select i, one.outcome, one.seq, one.text, one.sent_at, one.data, one.reply_to, one.edited_at,
					one.reactions, one.change, one.is_deleted, one.a_muted, one.b_muted;
				if one.outcome = 'n' then
					fresh := fresh + 1;
					seqs[i] := one.seq;
					flags[room_nos[i]] := one.a_muted::integer * 8 + one.b_muted::integer * 16;
				end if;
				exit;
			exception when others then
				get stacked diagnostics violated = constraint_name;
				if sqlstate ~ '^(08|25|26|53|57|58)|^(40001|40P01|55P03)$' then
					raise;
				end if;
				outcome := 'x';
				text := sqlstate;
			end;
			if attempt = 1 and violated = 'messages_pkey' then
				perform chat.recount(rooms[room_nos[i]]);
			else
				return next;
				exit;
			end if;
		end loop;
	end loop;
	if stream is not null and fresh > 0 then
		perform chat.tell_stored(stream, rooms, room_nos, by_a, seqs, flags, in_chats, body);
	end if;
end;
$$;
