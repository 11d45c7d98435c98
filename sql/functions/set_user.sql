-- What the application says of a user: a name, and whether they are barred.
--
-- The name is shown while the user's latest login gave none.  A barred user cannot log in, and is thrown
-- out where they are connected.
--
-- Parameters: id.  name: at most 128 bytes without control characters, empty for none.  bar.  Null leaves
--     what is.
-- Raises: 22023 for what cannot be.
-- Locks: the user's row.
create or replace function chat.set_user(id text, name text default null, bar boolean default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform chat.check_id(id);
	if octet_length(name) > 128 or name ~ '[\u0001-\u001f\u007f-\u009f]' then
		raise exception 'chat: a name has at most 128 bytes and no control characters'
			using errcode = '22023';
	end if;
	insert into chat.users as u (id, app_name, is_barred, changed)
	values (id, name, coalesce(bar, false), pg_current_xact_id()::text::bigint)
	on conflict on constraint users_pkey do update
	set app_name = coalesce(excluded.app_name, u.app_name), is_barred = coalesce(bar, u.is_barred),
		changed = excluded.changed;
	perform pg_notify('chat', '');
end;
$$;
