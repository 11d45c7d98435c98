-- The application edits anybody's message, in a closed chat too.
--
-- Carried out by a broker, like chat.post(): the chat hears `changed`.  A message that is not there or
-- deleted by then is passed over, and so is an edit that would leave neither text nor data.
--
-- Parameters: a, b: the chat's users in either order.  seq: which message.
--     text, data: null leaves what is; data 'null' removes the object.
-- Raises: 22023 for what the wire would not take either, or when there is nothing to change.
-- Locks: none that a chat waits for.
create or replace function chat.edit(
	a text,
	b text,
	seq bigint,
	text text default null,
	data jsonb default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
	room text := chat.room_of(a, b);
begin
	perform chat.check_seq(edit.seq);
	if edit.text is null and edit.data is null then
		raise exception 'chat: an edit gives a text, data, or both' using errcode = '22023';
	end if;
	perform chat.check_text(edit.text);
	if edit.data <> 'null' then
		perform chat.check_data(edit.data);
	end if;
	if edit.text = '' and edit.data = 'null' then
		raise exception 'chat: a message has a text or data' using errcode = '22023';
	end if;
	insert into chat.requests (kind, room, seq, text, data)
	values ('e', room, edit.seq, edit.text, edit.data::text);
	perform pg_notify('chat', '');
end;
$$;
