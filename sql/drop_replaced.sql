-- What no function uses any longer; like indexes.sql without a lock on who writes.
--
-- A function of the release before stays until the next release, though nothing calls it any more: a call that is
-- under way while it goes ends with an internal error (SQLSTATE XX000), and the message is refused.  So
-- chat.save_one() of the first edition is still there.
drop index concurrently if exists chat.messages_key_room;
