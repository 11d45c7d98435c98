-- Takes away the streams of brokers that are out, once everybody has had the time to read them.
--
-- Locks: the rows that it takes away.
-- Plan: a scan of chat.heads, which is small; the primary key of chat.feed.
create or replace function chat.clear_streams() returns void
language sql volatile
as $$
	delete from chat.feed f using chat.heads h
	where f.stream = h.stream and not h.open and f.at < clock_timestamp() - interval '4 s';
	delete from chat.heads h
	where not h.open and not exists (select from chat.feed f where f.stream = h.stream);
$$;
