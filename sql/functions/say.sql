-- Tells the other brokers of a cluster what a broker says by itself, that somebody types, say.
--
-- Parameters: stream: the caller's; body: as they are to have it.
-- Raises, locks: those of chat.tell().
-- Plan: that of chat.tell().
create or replace function chat.say(stream integer, body bytea) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
	perform chat.tell(stream, 'b', body => body);
end;
$$;
