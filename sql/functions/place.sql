-- Says who came to which chat on this broker, or left it, and asks who is there on others.
--
-- Two who come to one chat at the same moment on two brokers: each is in the other's answer, or in what the
-- other reads next with chat.cut().
--
-- Parameters: stream: the caller's; node: the broker's number; and for each: rooms, sides (true: the room's
--     first user), names, here (false: left); body: the same as the others are to have it.
-- Returns: room, node, by_a, name of those who are in these rooms on other brokers.
-- Raises: CH001, as chat.tell().
-- Locks: that of chat.tell(); its own rows of chat.places.
-- Plan: the primary key of chat.places.  The last statement has a snapshot of its own.
create or replace function chat.place(
	stream integer,
	node integer,
	rooms text[],
	sides boolean[],
	names text[],
	here boolean[],
	body bytea)
returns table (room text, on_node integer, by_a boolean, name text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	perform chat.tell(stream, 'b', body => body);
	for i in 1 .. cardinality(rooms) loop
		if here[i] then
			insert into chat.places as p (room, node, by_a, name)
			values (rooms[i], place.node, sides[i], names[i])
			on conflict on constraint places_pkey do update set name = excluded.name;
		else
			delete from chat.places p
			where p.room = rooms[i] and p.node = place.node and p.by_a = sides[i];
		end if;
	end loop;
	return query
	select p.room, p.node, p.by_a, p.name
	from unnest(rooms) r(room)
	cross join lateral (select * from chat.places x where x.room = r.room and x.node <> place.node) p;
end;
$$;
