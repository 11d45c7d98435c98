-- Whether two users may begin a chat.  Not called by the application but replaced by it: the schema's
-- owner writes another body (create or replace function chat.may_chat), and an upgrade leaves that alone.
--
-- No broker of this version asks it yet.  It is to be asked when a chat without messages is subscribed to or written to; an answer holds for 10 s, or until
-- there is a message: from then on chat.close() decides.  What is not true closes the chat; an error, or
-- more than a second, makes the asking user try again.
--
-- Parameters: a, b: ids, as they stand in the chat's topic.
do $$
begin
	if to_regprocedure('chat.may_chat(text, text)') is null then
		create function chat.may_chat(a text, b text) returns boolean
		language sql stable
		set search_path = pg_catalog, pg_temp
		as 'select true';
	end if;
end;
$$;
