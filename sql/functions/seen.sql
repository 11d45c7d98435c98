-- Notes who is connected to a broker, under which name, and when they were last.
--
-- Parameters, one element a note; of several about one user the last one counts:
--     ids      whom
--     names    by the latest login; '' none, null: leave what is
--     onlines  whether they are connected to this broker
--     ats      when that was
-- and node, the broker's number; null: it has none, and who is online is not noted; stream: in a cluster
-- the caller's, the other brokers are told.
-- Returns: the numbers of the notes that have to come again, because somebody has locked the user.
-- Locks: rows of chat.users, in order of id, never waiting for one.  Only a user who is about to be created
-- elsewhere is waited for (lock_timeout); that note comes back, the others go through.
-- Plan: primary keys of chat.users and chat.online.  Of a user who is there, and whose name is the same,
-- a login writes a row at most once a minute.
create or replace function chat.seen(
	ids text[],
	names text[],
	onlines boolean[],
	ats timestamptz[],
	node integer,
	stream integer default null)
returns setof integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	absent record;
	again integer[];
begin
	for absent in
		with latest as materialized (
			select distinct on (g.id collate "C") g.*
			from unnest(ids, names, onlines, ats) with ordinality as g(id, name, online, at, no)
			order by g.id collate "C", g.no desc
		), looked as materialized (
			select l.*, u.name as name_before, u.seen_at as seen_before, u.found
			from latest l
			left join lateral (
				select true as found, name, seen_at from chat.users where id = l.id for update skip locked
			) u on true
		), noted as (
			update chat.users u
			set name = coalesce(l.name, u.name), seen_at = greatest(u.seen_at, l.at)
			from looked l
			where u.id = any (array[l.id]) and l.found
				and (coalesce(l.name <> l.name_before, l.name is not null and l.name_before is null)
					or not l.online or l.seen_before is null
					or l.seen_before < l.at - interval '1 minute')
		), came as (
			insert into chat.online (id, node)
			select id, seen.node from latest where online and seen.node is not null
			on conflict do nothing
		), went as (
			delete from chat.online o using latest l
			where not l.online and o.id = any (array[l.id]) and o.node = seen.node
		)
		select id, name, at, no::integer as no from looked where found is null order by id collate "C"
	loop
		if exists (select from chat.users where id = absent.id) then
			return next absent.no;
			again := again || absent.no;
			continue;
		end if;
		begin
			insert into chat.users (id, name, seen_at) values (absent.id, absent.name, absent.at)
			on conflict do nothing;
			if not found then
				return next absent.no;
				again := again || absent.no;
			end if;
		exception when lock_not_available then
			return next absent.no;
			again := again || absent.no;
		end;
	end loop;
	if stream is not null then
		-- Their rows are locked by now: so of two brokers that a user leaves at once the second one tells.
		perform chat.tell_seen(stream, array(
			select distinct id from unnest(ids) with ordinality as g(id, no)
			where again is null or no <> all (again)));
	end if;
end;
$$;
