-- Who of several users is connected now, on any broker, and when each was last.
--
-- A broker that died counts for 30 s.
--
-- Parameters: ids, at most 10,000.
-- Returns: a row for each id: user_id, online, seen_at (null while online, or when never).
-- Raises: 22023 for an id that cannot be, or too many.
-- Locks: none beyond those of a read.
-- Plan: primary keys of chat.online, chat.nodes and chat.users.
create or replace function chat.online(ids text[])
returns table (user_id text, online boolean, seen_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	id text;
begin
	if ids is null or cardinality(ids) > 10000 then
		raise exception 'chat: at most 10,000 ids' using errcode = '22023';
	end if;
	foreach id in array ids loop
		perform chat.check_id(id);
	end loop;
	return query
	select q.id, o.is_on, case when not o.is_on then u.seen_at end
	from unnest(ids) as q(id)
	cross join lateral (
		select exists (
			select from chat.online c join chat.nodes n using (node)
			where c.id = q.id and n.seen_at > clock_timestamp() - interval '30 s'
		) as is_on
	) o
	left join chat.users u on u.id = q.id;
end;
$$;
