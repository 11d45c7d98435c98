-- Tells the brokers of a cluster which of these users are online now, under which name, and when they
-- were last.
--
-- Parameters: stream: the caller's; ids.  The caller has written what is to be told.
-- Raises, locks: those of chat.tell().
-- Plan: primary keys.
create or replace function chat.tell_seen(stream integer, ids text[]) returns void
language plpgsql volatile
as $$
begin
	if cardinality(ids) > 0 then
		perform chat.tell(stream, 'o', array_agg((extract(epoch from u.seen_at) * 1000)::bigint),
			array_agg(case when chat.is_online(u.id) then 1 else 0 end::smallint),
			array_agg(u.id::text), array_agg(coalesce(nullif(u.name, ''), u.app_name, '')))
		from chat.users u where u.id = any (ids)
		having count(*) > 0;
	end if;
end;
$$;
