-- What no function uses any longer; like indexes.sql without a lock on who writes.
drop index concurrently if exists chat.messages_key_room;
drop function if exists chat.save_one(text, bigint, boolean, boolean, text, text, timestamptz, uuid);
