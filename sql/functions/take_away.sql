-- What to tell people who are away, by push or by e-mail: each chat in which somebody has unread messages
-- that came after the last call which told of that chat, the first of them at least so old.
--
-- Taken with the caller's commit, given back by its rollback; several workers never get the same one.
-- Muted and closed chats never come, nor one whose unread messages are all deleted.
--
-- Parameters: older_than: how long the first message has to have waited.  most: how many rows at most; each
--     is a lock until the transaction ends, and a server has places for some thousands.
-- Returns: user_id, who is away; chat, its topic; peer_id and peer_name, who wrote (the name as shown, or
--     null); count, unread messages of that chat; and the newest of them that is not deleted: seq, sent_at,
--     text, data.
-- Raises: 22023 for a number below 1 or an interval below 0.
-- Locks: no conversation, so the caller may take its time.  A try-lock for each chat and user, and the row
-- in chat.away, until the transaction ends; the due flags follow by chat.poll() after the commit.
-- Plan: conversations_due; chat.messages by ranges of its primary key, of which the first step is wanted.
create or replace function chat.take_away(older_than interval default '10 s', most integer default 100)
returns table (user_id text, chat text, peer_id text, peer_name text, count bigint, seq bigint,
	sent_at timestamptz, text text, data text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
	-- One that reads and writes at this moment keeps the flag: it would be set again at once.
	settled constant interval := '1 min';
	in_vain_max constant integer := 1000; -- chats of which there is nothing to tell any more
	due record;
	told bigint;
	first_at timestamptz;
	newest record;
	taken integer := 0;
	locked integer := 0;
begin
	perform chat.check_most(most);
	if older_than is null or older_than < interval '0' then
		raise exception 'chat: the interval is not one' using errcode = '22023';
	end if;
	for due in
		select room, true as of_a, a_id as user_id, b_id as peer_id, a_unread as unread, a_read as read,
			b_last_seq as last_seq, b_last_at as last_at, a_muted as muted, closed
		from chat.conversations where a_due
		union all
		select room, false, b_id, a_id, b_unread, b_read, a_last_seq, a_last_at, b_muted, closed
		from chat.conversations where b_due
	loop
		exit when taken >= most or locked - taken >= in_vain_max;
		continue when due.closed <> 0 or (due.unread = 0 and due.last_at > now() - settled);
		told := coalesce((select seq from chat.away where room = due.room and of_a = due.of_a), 0);
		continue when told >= due.last_seq and told > 0;
		if due.unread > 0 and not due.muted then
			select m.sent_at into first_at from chat.messages m
			where m.room = due.room and m.seq > greatest(due.read, told) and m.opponent_id = due.user_id
			order by m.seq limit 1;
			continue when found and first_at > now() - older_than;
		end if;
		-- Last of all, because each lock has a place in the server's memory until the transaction ends.
		continue when not pg_try_advisory_xact_lock(
			hashtext('mosquitto-chat away'), hashtext(due.room || due.of_a));
		locked := locked + 1;
		-- Another worker may have told of it a moment ago.
		continue when told <> coalesce((select seq from chat.away where room = due.room and of_a = due.of_a), 0);
		if due.unread > 0 and not due.muted then
			select m.seq, m.sent_at, m.text, m.data into newest from chat.messages m
			where m.room = due.room and m.seq > due.read and m.opponent_id = due.user_id
				and m.is_deleted is null
			order by m.seq desc limit 1;
			if found and newest.seq > told then
				user_id := due.user_id;
				chat := 'chat/' || due.room;
				peer_id := due.peer_id;
				peer_name := (select coalesce(nullif(u.name, ''), u.app_name) from chat.users u
					where u.id = due.peer_id);
				count := due.unread;
				seq := newest.seq;
				sent_at := newest.sent_at;
				text := newest.text;
				data := newest.data;
				taken := taken + 1;
				return next;
			end if;
		end if;
		insert into chat.away (room, of_a, seq) values (due.room, due.of_a, due.last_seq)
		on conflict on constraint away_pkey do update set seq = excluded.seq, fresh = true;
	end loop;
end;
$$;
