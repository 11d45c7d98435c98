-- Whether two users may begin a chat.  Not called by the application but replaced by it: the schema's
-- owner writes another body (create or replace function chat.may_chat), and an upgrade leaves that alone.
--
-- Brokers ask it when a chat in which nothing was ever said is subscribed to or written to; an answer holds
-- for 10 s, or until there is a message: from then on chat.close() decides.  What is not true closes the
-- chat; an error, or more than a second, makes the asking user try again, and delays nobody else.  Each
-- broker asks on up to four connections of its own, which it opens when there is something to ask.
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
