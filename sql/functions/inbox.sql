-- All chats of a user in which something was said, the one with the newest message first: a page.
--
-- Parameters: id.  most: rows at most, no more than 100.  after: `next` of the last row of an earlier page.
-- Returns: chat, its topic; peer_id and peer_name (as shown, or null); count, what is unread; the last
--     message, where retention left one: seq, sent_at, text, data; next, for `after`.
-- Raises: 22023 for an id that cannot be, a number below 1, or an `after` that is not one.
-- Locks and plan: those of chat.chats().
create or replace function chat.inbox(id text, most integer default 50, after text default null)
returns table (chat text, peer_id text, peer_name text, count bigint, seq bigint, sent_at timestamptz,
	text text, data text, next text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
	perform chat.check_id(inbox.id);
	perform chat.check_most(most);
	if exists (select from chat.chats(array[inbox.id], array[0], array[inbox.after]) c where c.more is null) then
		raise exception 'chat: after is what an earlier page gave as next' using errcode = '22023';
	end if;
	return query
	select 'chat/' || c.room, c.peer_id, c.name, c.count, c.seq, c.sent_at, c.text, c.data, c.next
	from chat.chats(array[inbox.id], array[least(most, 100)], array[inbox.after]) c
	where c.room is not null;
end;
$$;

-- How many unread messages a user has in all chats: the number of a badge.
--
-- Parameters: id.
-- Raises: 22023 for an id that cannot be.
-- Locks: none beyond those of a read.
-- Plan: conversations_a_waiting and conversations_b_waiting.
create or replace function chat.unread_total(id text) returns bigint
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
	perform chat.check_id(id);
	return (select coalesce(sum(w.unread), 0)::bigint from (
		select c.a_unread as unread from chat.conversations c where c.a_id = unread_total.id and c.a_waiting
		union all
		select c.b_unread from chat.conversations c where c.b_id = unread_total.id and c.b_waiting
	) w);
end;
$$;
