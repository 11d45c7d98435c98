-- The one call a second of each broker: says that it lives, takes away what is left of those that do not, lets
-- the due flags follow what chat.take_away() told of, tells listeners of `chat_away` that something is due, and says
-- whether there is work.
--
-- Parameters: node: the broker's number, by chat.enter(); null: has none yet.
--     since: as for chat.news(); null: not asked.
-- Returns: requests, whether chat.carry_out() has something to do; news, whether chat.news() has;
--     alive: false when the broker was taken for dead, and has to enter again; site_decides, whether
--     the application has a chat.may_chat() of its own.
-- Locks: the broker's own row; conversations and rows of chat.away, never waiting for one; those of
-- chat.clear_nodes().
-- Plan: primary keys; away_fresh; conversations_due, at most 100 steps; users_changed,
-- conversations_changed.
create or replace function chat.poll(
	node integer, since bigint, out requests boolean, out news boolean, out alive boolean,
	out site_decides boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	told record;
	unused constant bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint; -- as in chat.news()
begin
	update chat.nodes n set seen_at = clock_timestamp() where n.node = poll.node;
	alive := found;
	perform chat.clear_nodes();

	if exists (select from chat.recounts) then
		perform chat.recount_noted(100);
	end if;

	perform chat.settle_due(200);
	for told in
		select room, of_a, seq from chat.away where fresh limit 1000 for update skip locked
	loop
		perform from chat.conversations where room = told.room for update skip locked;
		continue when not found;
		update chat.conversations
		set a_due = a_due and not (told.of_a and (b_last_seq <= told.seq or a_unread = 0)),
			b_due = b_due and not (not told.of_a and (a_last_seq <= told.seq or b_unread = 0))
		where room = told.room and case when told.of_a then a_due else b_due end;
		update chat.away set fresh = false where room = told.room and of_a = told.of_a;
	end loop;

	if exists (
		select from (
			select room, a_id as id, a_read as read
			from (select * from chat.conversations where a_due limit 1000) v
			where a_unread > 0 and closed = 0 and not a_muted limit 100
		) c
		cross join lateral (
			select sent_at from chat.messages where room = c.room and seq > c.read and opponent_id = c.id
			order by seq limit 1
		) m where m.sent_at <= clock_timestamp() - interval '10 s'
	) or exists (
		select from (
			select room, b_id as id, b_read as read
			from (select * from chat.conversations where b_due limit 1000) v
			where b_unread > 0 and closed = 0 and not b_muted limit 100
		) c
		cross join lateral (
			select sent_at from chat.messages where room = c.room and seq > c.read and opponent_id = c.id
			order by seq limit 1
		) m where m.sent_at <= clock_timestamp() - interval '10 s'
	) then
		perform pg_notify('chat_away', '');
	end if;

	site_decides := chat.site_decides();
	requests := exists (select from chat.requests);
	news := since is not null and (
		exists (select from chat.users where changed >= since and changed < unused)
		or exists (select from chat.conversations where changed >= since and changed < unused));
end;
$$;
