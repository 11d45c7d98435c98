-- Messages that change, closed chats, users and who of them is online, requests of the application.
--
-- It runs on a live database: new columns are nullable or have a constant default, so that no row is
-- rewritten, and it waits for the tables' locks in short tries, so that nobody waits behind it for long.
-- Indexes of the old tables come afterwards, without a lock: see ../indexes.sql.

do $$
begin
	begin
		-- Then an autovacuum that is in the way gives up in time.
		perform set_config('deadlock_timeout', '100ms', true);
	exception when insufficient_privilege then
		null;
	end;
	perform set_config('lock_timeout', '400ms', true);
	for attempt in 1 .. 60 loop
		begin
			-- In the order of those who write.
			lock table chat.conversations, chat.messages in access exclusive mode;
			exit;
		exception when lock_not_available or deadlock_detected then
			if attempt = 60 then
				raise exception 'chat: the tables are in use by a long transaction, nothing was changed'
					using errcode = 'lock_not_available',
					hint = 'Look for it in pg_stat_activity (a backup, a report), and run install.sql again.';
			end if;
		end;
		perform pg_sleep(0.6);
	end loop;
	perform set_config('lock_timeout', '0', true);
end;
$$;

-- Null says nothing: a plain message has none of these.
alter table chat.messages
	-- The application's own JSON object, as it was sent.
	add column data text,
	-- A seq of the same room.
	add column reply_to bigint,
	add column edited_at timestamptz,
	-- A JSON array as on the wire: [{"reaction":"…","by":["1","2"]}].
	add column reactions text,
	-- The number of the message's last change in its room.
	add column change bigint,
	-- Then `text` is empty, and only `ref` and `change` are left of the others.
	add column is_deleted boolean;

alter table chat.conversations
	-- Numbers the changes of the room's messages, as last_seq does the messages.
	add column last_change bigint not null default 0,
	-- By whom the chat is closed: 1 its first user, 2 its second, 4 the application; added up.
	add column closed smallint not null default 0,
	-- The transactions (their ids) that changed `closed` last, and each user's own block: by these
	-- chat.news() finds what is new, in whatever order transactions commit.
	add column changed bigint,
	add column a_block_changed bigint,
	add column b_block_changed bigint,
	add column a_muted boolean not null default false,
	add column b_muted boolean not null default false,
	-- Something came for that user which chat.take_away() has not told of yet.  Like a_waiting this
	-- may stay behind when it is no longer so.
	add column a_due boolean not null default false,
	add column b_due boolean not null default false;

-- Who has ever logged in or was named by the application.
create table chat.users (
	id text collate "C" primary key,
	-- By the latest login; null or empty: it gave none.
	name text,
	-- By chat.set_user().  Shown is coalesce(nullif(name, ''), app_name).
	app_name text,
	-- When they were last connected.
	seen_at timestamptz,
	is_barred boolean not null default false,
	-- Tokens issued before are refused.
	revoked_before timestamptz,
	-- The transaction that changed app_name, is_barred or revoked_before last, as in chat.conversations.
	changed bigint
) with (fillfactor = 80);
create index users_changed on chat.users (changed) where changed is not null;

-- The brokers that are alive, and who is connected to each.  A crash of the server empties these
-- tables, as it ends the brokers' connections, and the brokers fill them again.
--
-- A number is one stay of one broker, and is not used again for a long time.
create sequence chat.node_ids as integer maxvalue 200000000 cycle;
create unlogged table chat.nodes (
	node integer primary key,
	-- The server process of a connection that lives as long as the broker does; null: not known.
	pid integer,
	name text,
	seen_at timestamptz not null default now(),
	-- It has plugin_opt_cluster; then it holds an advisory lock (7481, node) as long as it lives.
	in_cluster boolean not null default false,
	-- When it was found dead: soon nobody is connected to it any more.
	gone_at timestamptz,
	-- By its own account: the age of the oldest news when it read them, lately, and how often it had to
	-- ask for what it had missed.
	lag_ms integer not null default 0,
	resyncs integer not null default 0
) with (fillfactor = 10);
create unlogged table chat.online (
	id text collate "C" not null,
	node integer not null,
	primary key (id, node)
);
create index online_node on chat.online (node);

-- What brokers of a cluster tell each other.  Each of a broker's connections that writes has a stream of
-- its own, node * 8 + writer; `n` counts in it, without holes, in the order of the commits.
create unlogged table chat.heads (
	stream integer primary key,
	-- How far it has been cleared away.  Its last number stands in chat.feed: a row here is locked by
	-- whoever tells, and not changed, because all versions of it stay as long as somebody has an old
	-- snapshot.
	n bigint not null default 0,
	-- The server process that wrote last.
	pid integer,
	-- A dead broker's streams are closed: what it has committed is still read, and it writes no more.
	open boolean not null default true
) with (fillfactor = 10);
create unlogged table chat.feed (
	stream integer not null,
	n bigint not null,
	at timestamptz not null default clock_timestamp(),
	-- Kinds, and what of the rest they have: see functions/cut.sql.
	kind "char" not null,
	seqs bigint[],
	flags smallint[],
	subjects text[],
	words text[],
	counts bigint[],
	totals bigint[],
	body bytea,
	primary key (stream, n)
);
alter table chat.feed alter column body set storage external;
-- One row.  Another id, or none: what stood in these tables is lost.
create unlogged table chat.feed_id (id uuid not null);
-- Who is in which chat, on which broker of a cluster.
create unlogged table chat.places (
	room text collate "C" not null,
	node integer not null,
	-- It is the room's first user.
	by_a boolean not null,
	name text not null,
	primary key (room, node, by_a)
);
create index places_node on chat.places (node);

-- What the application has asked for and no broker has taken yet.
create table chat.requests (
	no bigint generated always as identity primary key,
	-- 'p' post, 'e' edit, 'r' remove, 't' tell of a message that chat.erase() has changed
	kind "char" not null,
	room text collate "C" not null,
	-- post: the room's first user is the sender
	by_a boolean,
	seq bigint,
	text text,
	ref text collate "C",
	data text,
	at timestamptz not null default now()
);

-- How far chat.take_away() has told a user of a room.  `fresh` until the conversation's due flag has
-- followed.
create table chat.away (
	room text collate "C" not null,
	of_a boolean not null,
	seq bigint not null,
	fresh boolean not null default true,
	primary key (room, of_a)
) with (fillfactor = 80);
create index away_fresh on chat.away (of_a, room) where fresh;

-- How far chat.erase() has come with a user.
create table chat.erasures (
	id text collate "C" primary key,
	room text collate "C" not null default '',
	seq bigint not null default 0
);

-- Rooms of which unread messages were deleted: their counts have to be put right.  A row for each
-- transaction that did, so that none waits for another.
create table chat.recounts (
	room text collate "C" not null,
	xid bigint not null default txid_current(),
	primary key (room, xid)
);

-- What is read is delivered, soon: so the usual retention, of old messages, pays nothing for this.
create trigger messages_deleted after delete on chat.messages for each row
	when (not old.is_delivered) execute function chat.note_deletion();
