-- Reactions as they are stored: a JSON array as on the wire, [{"reaction":"…","by":["1","2"]}], both levels
-- in the order in which they came; null for none.  For the functions of this schema only.

-- The reactions after one of a user has come or gone.  The same as before when it was so already.
create or replace function chat.reacted(reactions text, by_user text, reaction text, is_on boolean)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
	with entries as (
		select e.no, e.entry ->> 'reaction' as reaction,
			array(select jsonb_array_elements_text(e.entry -> 'by')) as users
		from jsonb_array_elements(coalesce(reacted.reactions, '[]')::jsonb) with ordinality as e(entry, no)
	), moved as (
		select no, reaction, case
			when reaction collate "C" <> reacted.reaction then users
			when not is_on then array_remove(users, by_user)
			when by_user = any (users) then users
			else users || by_user end as users
		from entries
		union all
		select 1 + (select count(*) from entries), reacted.reaction, array[by_user]
		where is_on and not exists (select from entries where reaction collate "C" = reacted.reaction)
	)
	select '[' || string_agg(format('{"reaction":%s,"by":%s}', to_json(reaction), to_json(users)), ','
		order by no) || ']'
	from moved where cardinality(users) > 0;
$$;

-- How many different reactions are this user's.
create or replace function chat.reactions_of(reactions text, by_user text) returns bigint
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
	select count(*) from jsonb_array_elements(coalesce(reactions, '[]')::jsonb) e
	where e -> 'by' ? by_user;
$$;

-- Without any of this user's.
create or replace function chat.without_reactions(reactions text, by_user text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
	select '[' || string_agg(format('{"reaction":%s,"by":%s}', e.entry -> 'reaction', to_json(u.users)), ','
		order by e.no) || ']'
	from jsonb_array_elements(coalesce(reactions, '[]')::jsonb) with ordinality as e(entry, no)
	cross join lateral (
		select array_remove(array(select jsonb_array_elements_text(e.entry -> 'by')), by_user) as users
	) u
	where cardinality(u.users) > 0;
$$;
