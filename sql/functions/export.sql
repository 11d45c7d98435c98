-- All that is known of a user, for somebody who asks for it.
--
-- Parameters: id.
-- Returns: JSON objects with `what`: one `user` (where there is something), `chat` for each in which
--     something was said, `message` for each that they wrote, as on the wire and with its `chat`.
-- Raises: 22023 for an id that cannot be.
-- Locks: none beyond those of a read.
-- Plan: conversations_a_id and conversations_b_id; for each chat its messages, by the primary key.
create or replace function chat.export(id text) returns setof json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
	c record;
begin
	perform chat.check_id(export.id);
	return query
	select json_strip_nulls(json_build_object('what', 'user', 'user_id', u.id,
		'name', coalesce(nullif(u.name, ''), u.app_name), 'seen_at', chat.wire_time(u.seen_at),
		'barred', nullif(u.is_barred, false), 'revoked_before', chat.wire_time(u.revoked_before)))
	from chat.users u where u.id = export.id;
	for c in
		select room, b_id as peer_id, a_read as read, a_unread as unread, a_muted as muted,
			closed & 1 > 0 as blocks
		from chat.conversations where a_id collate "POSIX" = export.id
		union all
		select room, a_id, b_read, b_unread, b_muted, closed & 2 > 0
		from chat.conversations where b_id collate "POSIX" = export.id
		order by room
	loop
		return next json_strip_nulls(json_build_object('what', 'chat', 'chat', 'chat/' || c.room,
			'peer_id', c.peer_id, 'read', c.read, 'count', c.unread, 'muted', nullif(c.muted, false),
			'blocked', nullif(c.blocks, false)));
		-- The object last, as it was sent: its own nulls are its own.
		return query
		select (left(json_strip_nulls(json_build_object('what', 'message', 'chat', 'chat/' || c.room,
			'seq', m.seq, 'user_id', m.user_id, 'text', m.text, 'sent_at', chat.wire_time(m.sent_at),
			'ref', m.ref, 'reply_to', m.reply_to, 'edited_at', chat.wire_time(m.edited_at),
			'reactions', m.reactions::json, 'change', m.change, 'deleted', m.is_deleted))::text, -1)
			|| coalesce(',"data":' || m.data, '') || '}')::json
		from chat.messages m where m.room = c.room and m.user_id = export.id
		order by m.seq;
	end loop;
end;
$$;

-- A moment as the wire writes it: RFC 3339 in UTC, with milliseconds.
create or replace function chat.wire_time(at timestamptz) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
	select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
$$;
