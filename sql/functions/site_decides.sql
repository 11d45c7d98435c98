-- Whether the application has written a chat.may_chat() of its own.  For the functions of this schema.
--
-- Returns: false where it is still the one of may_chat.sql, or was dropped.
-- Plan: pg_proc by its oid.
create or replace function chat.site_decides() returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
	select exists (
		select from pg_proc
		where oid = to_regprocedure('chat.may_chat(text, text)') and prosrc <> 'select true');
$$;
