-- Changes stored messages: edits, deletions and reactions, in the order given.
--
-- Each change gets the next change number of its room, under the row lock that chat.store() takes too.
-- What is so already changes nothing and takes no number, so repeating is harmless.
--
-- Parameters, one element a change:
--     rooms, seqs  which message
--     by_as        whether the room's first user asks; null: the application
--     kinds        'e' edit, 'd' delete, 'r' react
--     texts, datas edit: null leaves what is; data 'null' removes the object
--     reactions, ons  react: which one, and whether it comes or goes
--     ats          when the plugin took it
-- and in a cluster, where the other brokers are told: stream, the caller's, and refs, the changes' own.
-- Returns a row for each change, in no particular order:
--     no       the change, from 1
--     outcome  'c' changed, 's' was so already, 'l' the room is locked: try again, 'f' the chat is closed
--              or the message is not theirs, 'b' it cannot be; then reason says what is wrong:
--              'seq', 'deleted', 'text', 'reaction'
--     and with 'c' and 's' the message as it is now: by_a (its sender), text, sent_at, ref, data,
--     reply_to, edited_at, reactions, change (null: none), is_deleted
-- Raises: whatever a constraint or trigger of the tables raises; then nothing is changed.
-- Locks: the rows of chat.conversations, in the order of their rooms, never waiting for one; those of the
-- messages.
-- Plan: primary keys of chat.conversations and chat.messages.
create or replace function chat.change(
	rooms text[],
	by_as boolean[],
	kinds "char"[],
	seqs bigint[],
	texts text[],
	datas text[],
	reactions text[],
	ons boolean[],
	ats timestamptz[],
	stream integer default null,
	refs text[] default null)
returns table (no integer, outcome "char", reason text, by_a boolean, text text, sent_at timestamptz,
	ref text, data text, reply_to bigint, edited_at timestamptz, message_reactions text, change bigint,
	is_deleted boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	asked record;
	room_closed smallint;
	-- What comes behind a change that has to wait waits too, though the lock may be gone by then.
	locked_room text := '';
	-- Of those that were made.
	told_rooms text[] := '{}';
	told_seqs bigint[] := '{}';
	told_flags smallint[] := '{}';
	told_refs text[] := '{}';
	told_changes bigint[] := '{}';
begin
	for asked in
		select g.room, g.by_a, g.kind, g.seq, g.text, g.data, g.reaction, g.is_on, g.at, g.no::integer as no
		from unnest(rooms, by_as, kinds, seqs, texts, datas, reactions, ons, ats)
			with ordinality as g(room, by_a, kind, seq, text, data, reaction, is_on, at, no)
		order by g.room collate "C", g.no
	loop
		no := asked.no;
		reason := null;
		if asked.room = locked_room then
			outcome := 'l';
			return next;
			continue;
		end if;
		select closed into room_closed from chat.conversations
		where room = asked.room for update skip locked;
		if found then
			select c.* into outcome, reason, by_a, text, sent_at, ref, data, reply_to, edited_at,
				message_reactions, change, is_deleted
			from chat.change_one(asked.room, room_closed, asked.by_a, asked.kind, asked.seq, asked.text,
				asked.data, asked.reaction, asked.is_on, asked.at) c;
		elsif exists (select from chat.conversations where room = asked.room) then
			outcome := 'l';
			locked_room := asked.room;
		else
			outcome := 'b';
			reason := 'seq';
		end if;
		if outcome = 'c' and stream is not null then
			told_rooms := told_rooms || asked.room;
			told_seqs := told_seqs || asked.seq;
			told_flags := told_flags
				|| case when asked.by_a then 1 when not asked.by_a then 2 else 0 end::smallint;
			told_refs := told_refs || refs[asked.no];
			told_changes := told_changes || change;
		end if;
		return next;
	end loop;
	if told_rooms <> '{}' then
		perform chat.tell(stream, 'g', told_seqs, told_flags, told_rooms, told_refs, told_changes);
	end if;
end;
$$;
