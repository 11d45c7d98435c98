-- The application posts a message by one user to another.
--
-- It is stored by whichever broker takes the request first, within a second of the commit (where no
-- broker runs: when one does), exactly once, and delivered like any other.  It gets its seq then.  No
-- closed chat stops it, nor a bar; nobody has to be connected.
--
-- Parameters: sender, recipient: ids.  text: up to 16 KiB; may be empty where there is data.
--     ref: 1 to 64 characters, or null; a ref that the sender has stored in this chat posts nothing.
--     data: an object of at most 8 KiB and 16 levels, or null.
-- Raises: 22023 for what the wire would not take either.
-- Locks: none that a chat waits for.
create or replace function chat.post(
	sender text,
	recipient text,
	text text,
	ref text default null,
	data jsonb default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
	room text := chat.room_of(sender, recipient);
begin
	perform chat.check_content(post.text, post.data);
	if length(post.ref) not between 1 and 64 then
		raise exception 'chat: a ref has 1 to 64 characters' using errcode = '22023';
	end if;
	insert into chat.requests (kind, room, by_a, text, ref, data)
	values ('p', room, split_part(room, '/', 1) = sender, coalesce(post.text, ''), post.ref,
		post.data::text);
	perform pg_notify('chat', '');
end;
$$;
