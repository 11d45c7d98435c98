-- Carries out what the application has asked for by chat.post(), chat.edit(), chat.remove() and
-- chat.erase(): each request goes in the transaction that does it, so it is done exactly once.
--
-- One broker at a time does this, in the order of the requests; the others get no rows meanwhile.  A room
-- that somebody has locked keeps its requests for the next call.  A request that the tables refuse is
-- dropped.
--
-- Parameters: most, how many requests at most.
-- Returns a row for each request that somebody is to hear of:
--     kind     'p' a message was posted, 'c' a message has changed, 'x' a request was refused for good;
--              text is then the SQLSTATE
--     room, seq, and the message as it is: by_a (the room's first user sent it), text, sent_at, ref, data,
--     reply_to, edited_at, reactions, change, is_deleted
--     and with 'p': name (the sender's, as shown), a_muted, b_muted
-- Raises: what is not the fault of a request; then all of them stay.
-- Locks: an advisory lock that says who carries out, for this transaction; the rows of chat.conversations,
-- never waiting for one; those of the requests.
create or replace function chat.carry_out(most integer)
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
	done record;
	passed_over text[] := '{}';
begin
	if not pg_try_advisory_xact_lock(hashtext('mosquitto-chat carry out')) then
		return;
	end if;
	for request in
		select * from chat.requests order by no for update skip locked limit most
	loop
		continue when request.room = any (passed_over);
		if request.kind = 'p' then
			perform chat.adopt(array[request.room]);
		end if;
		select v.last_seq, v.closed, v.a_muted, v.b_muted, v.a_id, v.b_id into c
		from chat.conversations v where v.room = request.room for update skip locked;
		if not found and exists (select from chat.conversations v where v.room = request.room) then
			passed_over := passed_over || request.room;
			continue;
		end if;
		delete from chat.requests where no = request.no;
		continue when c.last_seq is null;

		room := request.room;
		reply_to := null;
		edited_at := null;
		reactions := null;
		change := null;
		is_deleted := false;
		name := null;
		a_muted := null;
		b_muted := null;
		begin
			if request.kind = 'p' then
				select * into done from chat.store_one(request.room, c.last_seq, false, request.by_a,
					request.text, request.ref, clock_timestamp(), gen_random_uuid(), request.data, null);
				continue when done.outcome <> 'n';
				kind := 'p';
				seq := done.seq;
				by_a := request.by_a;
				text := request.text;
				sent_at := done.sent_at;
				ref := request.ref;
				data := request.data;
				name := (select coalesce(nullif(u.name, ''), u.app_name) from chat.users u
					where u.id = case when request.by_a then c.a_id else c.b_id end);
				a_muted := c.a_muted;
				b_muted := c.b_muted;
			else
				-- 't' tells what chat.erase() has changed: an edit of nothing, which gives the message
				-- as it stands.
				select * into done from chat.change_one(request.room, c.closed, null,
					case when request.kind = 'r' then 'd' else 'e' end, request.seq,
					request.text, request.data, null, null, clock_timestamp());
				continue when done.outcome <> 'c' and not (request.kind = 't' and done.by_a is not null);
				kind := 'c';
				seq := request.seq;
				by_a := done.by_a;
				text := done.text;
				sent_at := done.sent_at;
				ref := done.ref;
				data := done.data;
				reply_to := done.reply_to;
				edited_at := done.edited_at;
				reactions := done.message_reactions;
				change := done.change;
				is_deleted := done.is_deleted;
			end if;
		exception when others then
			if sqlstate ~ '^(08|0A|25|26|28|3D|3F|42|53|57|58)|^(40001|40P01|55P03)$' then
				raise;
			end if;
			kind := 'x';
			seq := request.seq;
			text := sqlstate;
		end;
		return next;
	end loop;
end;
$$;
