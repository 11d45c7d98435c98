-- Refuses a user's tokens that were issued before a moment, and ends the connections made with them.
--
-- The moment is compared with a token's `iat` in whole seconds: one of the same second is good.  A token
-- that does not say when it was issued (a JWT without `iat`, every signed name) is refused.
--
-- Parameters: id.  before: the last call counts; null lifts it.
-- Raises: 22023 for an id that cannot be, or a moment without end.
-- Locks: the user's row.
create or replace function chat.revoke(id text, before timestamptz default now()) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform chat.check_id(id);
	if not isfinite(before) then
		raise exception 'chat: the moment is not one' using errcode = '22023';
	end if;
	insert into chat.users (id, revoked_before, changed)
	values (id, before, pg_current_xact_id()::text::bigint)
	on conflict on constraint users_pkey do update
	set revoked_before = excluded.revoked_before, changed = excluded.changed;
	perform pg_notify('chat', '');
end;
$$;
