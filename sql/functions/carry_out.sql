-- Carries out what the application has asked for by chat.post(), chat.edit(), chat.remove() and
-- chat.erase(): each request goes in the transaction that does it, so it is done exactly once.
--
-- One broker at a time does this, in the order of the requests; the others get no rows meanwhile.  A room
-- that somebody has locked keeps its requests for the next call, and so does one whose request came to a
-- lock, or to a trigger that cannot do its work now (it asks another server, say); those of other rooms
-- are carried out.  A request that the tables refuse is dropped.
--
-- Parameters: most, how many requests at most (a thousand are looked at); stream: in a cluster the caller's,
--     the other brokers are told.
-- Returns a row for each request that somebody is to hear of:
--     kind     'p' a message was posted, 'c' a message has changed, 'x' a request was refused for good,
--              'w' one has to wait; text is then the SQLSTATE
--     room, seq, and the message as it is: by_a (the room's first user sent it), text, sent_at, ref, data,
--     reply_to, edited_at, reactions, change, is_deleted
--     and with 'p': name (the sender's, as shown), a_muted, b_muted
-- Raises: missing resources; then all of them stay.
-- Locks: an advisory lock that says who carries out, for this transaction; the rows of chat.conversations,
-- never waiting for one; those of the requests.
-- Plan: primary keys; what chat.store_one() and chat.change_one() use.
create or replace function chat.carry_out(most integer, stream integer default null)
returns table (kind "char", room text, seq bigint, by_a boolean, text text, sent_at timestamptz, ref text,
	data text, reply_to bigint, edited_at timestamptz, reactions text, change bigint, is_deleted boolean,
	name text, a_muted boolean, b_muted boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	request record;
	c record;
	left_for_later text[] := '{}';
	violated text;
	done integer := 0;
begin
	if not pg_try_advisory_xact_lock(hashtext('mosquitto-chat carry out')) then
		return;
	end if;
	for request in
		select * from chat.requests order by no for update skip locked limit 1000
	loop
		exit when done >= most;
		continue when request.room = any (left_for_later);
		if request.kind = 'p' then
			perform chat.adopt(array[request.room]);
			-- The application may have written rows itself.
			perform chat.recount(v.room) from chat.conversations v
			where v.room = request.room
				and exists (select from chat.messages m where m.room = v.room and m.seq > v.last_seq)
			for update skip locked;
		end if;
		select v.last_seq, v.closed, v.a_muted, v.b_muted into c
		from chat.conversations v where v.room = request.room for update skip locked;
		if not found and exists (select from chat.conversations v where v.room = request.room) then
			left_for_later := left_for_later || request.room;
			continue;
		end if;

		room := request.room;
		begin
			if request.kind = 'p' then
				by_a := request.by_a;
				ref := request.ref;
				a_muted := c.a_muted;
				b_muted := c.b_muted;
				text := request.text;
				data := request.data;
				sent_at := clock_timestamp();
				reply_to := null;
				edited_at := null;
				reactions := null;
				change := null;
				is_deleted := false;
				select case d.outcome when 'n' then 'p' end, d.seq, coalesce(nullif(u.name, ''), u.app_name)
				into kind, seq, name
				from chat.store_one(request.room, c.last_seq, false, request.by_a, request.text, request.ref,
					sent_at, gen_random_uuid(), request.data, null) d
				left join chat.users u
					on u.id = split_part(request.room, '/', case when request.by_a then 1 else 2 end);
			else
				-- 't' tells what chat.erase() has changed: an edit of nothing, which gives the message
				-- as it stands.
				seq := request.seq;
				name := null;
				a_muted := null;
				b_muted := null;
				select case when d.outcome = 'c' or (request.kind = 't' and d.by_a is not null) then 'c' end,
					d.by_a, d.text, d.sent_at, d.ref, d.data, d.reply_to, d.edited_at, d.message_reactions,
					d.change, d.is_deleted
				into kind, by_a, text, sent_at, ref, data, reply_to, edited_at, reactions, change, is_deleted
				from chat.change_one(request.room, c.closed, null,
					case when request.kind = 'r' then 'd' else 'e' end::"char", request.seq,
					request.text, request.data, null, null, clock_timestamp()) d;
			end if;
			delete from chat.requests where no = request.no;
			done := done + 1;
			continue when kind is null;
			if stream is not null and kind = 'p' then
				perform chat.tell(stream, 'q', array[seq], array[
					coalesce((select bit_or(case when p.by_a then 1 else 2 end) from chat.places p
						where p.room = request.room), 0)
					+ case when by_a and b_muted or not by_a and a_muted then 4 else 0 end]::smallint[],
					array[request.room], array[name]);
			elsif stream is not null then
				perform chat.tell(stream, 'g', array[seq], array[0]::smallint[], array[request.room],
					array[null]::text[], array[change]);
			end if;
		exception when others then
			get stacked diagnostics violated = constraint_name;
			if sqlstate ~ '^(53|58|CH001)' then
				raise;
			elsif violated = 'messages_pkey' then
				-- The room's counter is behind its rows.
				perform chat.recount(request.room);
				left_for_later := left_for_later || request.room;
				continue;
			end if;
			seq := request.seq;
			text := sqlstate;
			if sqlstate ~ '^(08|25|26|57)|^(40001|40P01|55P03)$' then
				kind := 'w';
				left_for_later := left_for_later || request.room;
			else
				kind := 'x';
				delete from chat.requests where no = request.no;
				done := done + 1;
			end if;
		end;
		return next;
	end loop;
end;
$$;
