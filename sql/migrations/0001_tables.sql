-- The two tables, and the record of the migrations that made them.
--
-- Every primary key begins with `room`, so that the tables can be distributed by it.  Ids are ASCII
-- and compared byte for byte on the wire, hence collate "C" everywhere.

create table chat.schema_version (
	version integer primary key,
	installed_at timestamptz not null default now()
);

-- One row a message.  `room` is the chat's topic without `chat/`; `key` is the plugin's own id of the
-- message and never shown.
create table chat.messages (
	room text collate "C" not null,
	seq bigint not null check (seq > 0),
	user_id text collate "C" not null,
	opponent_id text collate "C" not null,
	text text not null,
	sent_at timestamptz not null default now(),
	is_delivered boolean not null default false,
	ref text collate "C",
	key uuid not null default gen_random_uuid(),
	primary key (room, seq)
);

-- Each query has to match one index only, so that a plan made while the tables were small cannot pick
-- another that looks as good then.  So these two have `room` in other collations that order the same,
-- and are for conditions that say so; `room` as it stands is for the primary key.
-- `key` comes first because keys of one start of the plugin ascend: the index grows at its end.
create unique index messages_key_room on chat.messages (key, room collate "ucs_basic");
create unique index messages_room_user_id_ref on chat.messages (room collate "POSIX", user_id, ref)
	where ref is not null;

-- One row a chat: it hands out `seq` under its row lock.  `a_` is about the user whose id stands first
-- in `room`, `b_` about the other.
--
-- A message to a chat that has unread ones already changes no column of an index or of an index's
-- predicate, so with the room that the fill factor leaves, its update stays within the page (HOT).
-- That is what `a_waiting` is for, which says no more than `a_unread > 0`.
create table chat.conversations (
	room text collate "C" primary key,
	a_id text collate "C" not null generated always as (split_part(room, '/', 1)) stored,
	b_id text collate "C" not null generated always as (split_part(room, '/', 2)) stored,
	last_seq bigint not null default 0,
	-- Read markers: everything up to and including this seq is read.
	a_read bigint not null default 0,
	b_read bigint not null default 0,
	-- Messages for that user beyond their marker.
	a_unread bigint not null default 0,
	b_unread bigint not null default 0,
	a_waiting boolean not null default false,
	b_waiting boolean not null default false,
	-- The newest message sent by that user; 0 when there is none.
	a_last_seq bigint not null default 0,
	b_last_seq bigint not null default 0,
	a_last_at timestamptz,
	b_last_at timestamptz,
	-- How far messages.is_delivered has followed that user's marker; `following` while one of the
	-- two lags behind.
	a_delivered bigint not null default 0,
	b_delivered bigint not null default 0,
	following boolean not null default false
) with (fillfactor = 50);

create index conversations_a_waiting on chat.conversations (a_id) where a_waiting;
create index conversations_b_waiting on chat.conversations (b_id) where b_waiting;
-- Not by `room`, which the primary key could give as well.
create index conversations_following on chat.conversations (b_id, room) where following;
