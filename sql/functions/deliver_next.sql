-- Lets messages.is_delivered follow a read marker, at most 1,000 messages a call.
--
-- The conversation says how far it came, so it goes on after a crash; the plugin calls it until it
-- returns null, at every connect and after a mark that asked for it.
--
-- Parameters: after, the room that the last call returned; '' to begin.
-- Returns: room, in which something was to do, null when there is none behind `after`; forward, whether
--     it came forward; refused, the SQLSTATE that a trigger or constraint of the application raised for
--     these messages, null for none.  Such a room does not come forward, and stays in the list.
-- Raises: locks and missing resources, which are nobody's fault.
-- Locks: the messages that it changes; then, without waiting, the row of the conversation.  When that
-- is locked it does not come forward, and the portion is done again later, which changes nothing.
-- Plan: conversations_following for the room, a range of the primary key of chat.messages.
create or replace function chat.deliver_next(
	after text, out room text, out forward boolean, out refused text)
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
declare
	c record;
	id text;
	of_a boolean;
	upto bigint;
begin
	select * into c from chat.conversations
	where following and (b_id, room) > (split_part(after, '/', 2) collate "C", after collate "C")
	order by b_id, room limit 1;
	room := c.room;
	forward := false;
	if not found then
		return;
	end if;
	of_a := c.a_delivered < c.a_read;
	id := case when of_a then c.a_id else c.b_id end;
	upto := case when of_a then least(c.a_read, c.a_delivered + 1000)
		else least(c.b_read, c.b_delivered + 1000) end;

	begin
		update chat.messages set is_delivered = true
		where room = c.room and seq > case when of_a then c.a_delivered else c.b_delivered end
			and seq <= upto and opponent_id = id and not is_delivered;

		perform from chat.conversations where room = c.room for update skip locked;
		if found then
			update chat.conversations
			set a_delivered = case when of_a then greatest(a_delivered, upto) else a_delivered end,
				b_delivered = case when of_a then b_delivered else greatest(b_delivered, upto) end
			where room = c.room;
			update chat.conversations set following = false
			where room = c.room and a_delivered >= a_read and b_delivered >= b_read;
			forward := true;
		end if;
	exception when others then
		if sqlstate ~ '^(53|58)|^(40001|40P01|55P03)$' then
			raise;
		end if;
		refused := sqlstate;
	end;
end;
$$;
