-- What the application, or a user on another broker, has decided since a broker looked last.
--
-- A row carries the number of the transaction that changed it.  Transactions commit in another order than
-- they began, so the next look begins with the oldest one that was still running at this look: then
-- nothing is missed, however long a transaction takes, and some rows come again, which does no harm.
--
-- Parameters: since: the `next` of an earlier call; null for the first, which brings all users who are
--     barred or whose tokens are revoked.
-- Returns rows, the first of which is of kind 'n':
--     kind 'n'  next: the `since` of the next call
--     kind 'u'  id, name (shown while the latest login gave none), is_barred, revoked_before
--     kind 'c'  room, closed (bits as in chat.conversations)
--     kind 'b'  id has blocked the other user of `room`, or no longer: blocks
--     and in 'u', 'c' and 'b' change, by which a row that comes again is recognised
-- Locks: none beyond those of a read.
-- Plan: users_changed and conversations_changed; at the first call, a scan of chat.users.
create or replace function chat.news(since bigint)
returns table (kind "char", next bigint, id text, name text, is_barred boolean, revoked_before timestamptz,
	room text, closed smallint, blocks boolean, change bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	-- Beyond this are numbers of another server, from which the tables were dumped: these are no news here.
	unused constant bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
begin
	-- Read before the rows are: what commits in between comes again.
	kind := 'n';
	next := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
	return next;
	if since is null then
		return query
		select 'u'::"char", null::bigint, id, app_name, is_barred, revoked_before,
			null::text, null::smallint, null::boolean, changed
		from chat.users where is_barred or revoked_before is not null;
		return;
	end if;
	return query
	select 'u'::"char", null::bigint, id, app_name, is_barred, revoked_before,
		null::text, null::smallint, null::boolean, changed
	from chat.users where changed >= since and changed < unused
	union all
	select 'c', null, null, null, null, null, room, closed, null, changed
	from chat.conversations where changed >= since and changed < unused
	union all
	select 'b', null, a_id, null, null, null, room, null, closed & 1 > 0, a_block_changed
	from chat.conversations where changed >= since and changed < unused and a_block_changed >= since
	union all
	select 'b', null, b_id, null, null, null, room, null, closed & 2 > 0, b_block_changed
	from chat.conversations where changed >= since and changed < unused and b_block_changed >= since;
end;
$$;
