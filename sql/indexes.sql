-- The indexes that a live database gets without a lock on its writers.  Each statement is a transaction
-- of its own, and all of them may be run again.
--
-- Each query has to match one index only: see migrations/0001_tables.sql.

-- What an interrupted run has left half-made.
select format('drop index concurrently chat.%I', c.relname)
from pg_index i join pg_class c on c.oid = i.indexrelid
where not i.indisvalid and c.relnamespace = 'chat'::regnamespace
order by c.relname \gexec

-- A message with a `ref` is known by that; so a message costs two indexes.
create unique index concurrently if not exists messages_key
	on chat.messages (key, room collate "ucs_basic") where ref is null;

-- Changes of a room since a number.
create index concurrently if not exists messages_room_change
	on chat.messages (room collate "ucs_basic", change) where change is not null;

-- All conversations of a user.
create index concurrently if not exists conversations_a_id on chat.conversations (a_id collate "POSIX");
-- Those in which the user is the second one in an order, too; the others have that by the primary key.
-- (By a_id, not by room: no other query is to find all that it wants in here.)
create index concurrently if not exists conversations_b_id
	on chat.conversations (b_id collate "POSIX", a_id collate "ucs_basic");

-- What may have to be told to people who are away.
create index concurrently if not exists conversations_a_due
	on chat.conversations (room collate "POSIX") where a_due;
create index concurrently if not exists conversations_b_due
	on chat.conversations (room collate "POSIX") where b_due;

-- What a broker has not heard of yet.
create index concurrently if not exists conversations_changed
	on chat.conversations (changed) where changed is not null;
