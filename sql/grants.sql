-- Who may do what: `chat_plugin` may call the plugin's functions, whoever was granted `chat_app` those of the
-- application, and nobody else anything.
--
-- The functions run with the rights of the role that installs (security definer, search_path pinned),
-- so the plugin's role needs no right on a table.

do $$
begin
	if not exists (select from pg_roles where rolname = 'chat_plugin') then
		create role chat_plugin login;
	end if;
	if not exists (select from pg_roles where rolname = 'chat_app') then
		create role chat_app nologin;
	end if;
end;
$$;

revoke all on schema chat from public, chat_plugin, chat_app;
revoke all on all tables in schema chat from public, chat_plugin, chat_app;
revoke all on all sequences in schema chat from public, chat_plugin, chat_app;
revoke all on all functions in schema chat from public, chat_plugin, chat_app;

grant usage on schema chat to chat_plugin, chat_app;
grant execute on function
	chat.version(),
	chat.version(integer),
	chat.epoch(),
	chat.store(text[], boolean, integer[], boolean[], text[], text[], timestamptz[], uuid[], text[], bigint[],
		integer, smallint[], bytea),
	chat.store_each(text[], boolean, integer[], boolean[], text[], text[], timestamptz[], uuid[], text[],
		bigint[], integer, smallint[], bytea),
	chat.save(text[], boolean, integer[], boolean[], text[], text[], timestamptz[], uuid[]),
	chat.save_each(text[], boolean, integer[], boolean[], text[], text[], timestamptz[], uuid[]),
	chat.pages(text[], bigint[], bigint[], integer[]),
	chat.history(text[], bigint[], bigint[], integer[]),
	chat.lobbies(text[]),
	chat.settle(text[]),
	chat.chats(text[], integer[], text[]),
	chat.seen(text[], text[], boolean[], timestamptz[], integer, integer),
	chat.unread(text[]),
	chat.mark(text[], text[], bigint[], integer),
	chat.mark(text[], text[], bigint[]),
	chat.deliver(text),
	chat.deliver_next(text),
	chat.change(text[], boolean[], "char"[], bigint[], text[], text[], text[], boolean[], timestamptz[],
		integer, text[]),
	chat.changes(text[], bigint[], integer[]),
	chat.mute(text[], text[], boolean[], integer),
	chat.block_peer(text[], text[], boolean[]),
	chat.begun(text[]),
	chat.may(text[]),
	chat.enter(text),
	chat.poll(integer, bigint),
	chat.news(bigint),
	chat.carry_out(integer, integer),
	chat.node_enter(text, integer),
	chat.node_beat(integer, integer, integer),
	chat.node_leave(integer),
	chat.current_heads(),
	chat.place(integer, integer, text[], boolean[], text[], boolean[], bytea),
	chat.say(integer, bytea),
	chat.cut(integer[], bigint[], boolean)
to chat_plugin;

grant execute on function
	chat.post(text, text, text, text, jsonb),
	chat.edit(text, text, bigint, text, jsonb),
	chat.remove(text, text, bigint),
	chat.block(text, text),
	chat.unblock(text, text),
	chat.close(text, text),
	chat.open(text, text),
	chat.set_user(text, text, boolean),
	chat.revoke(text, timestamptz),
	chat.take_away(interval, integer),
	chat.inbox(text, integer, text),
	chat.unread_total(text),
	chat.online(text[]),
	chat.delete_before(timestamptz, integer, text),
	chat.erase(text, integer),
	chat.export(text)
to chat_app;

-- No statement of the plugin takes long; one that does must not hold what others wait for.  Only a
-- role that may alter chat_plugin can set these; without them the plugin still sets its own.
do $$
begin
	alter role chat_plugin set statement_timeout = '8s';
	alter role chat_plugin set lock_timeout = '250ms';
	alter role chat_plugin set idle_in_transaction_session_timeout = '10s';
exception when insufficient_privilege then
	raise notice 'chat: no right to set timeouts for the role chat_plugin';
end;
$$;
