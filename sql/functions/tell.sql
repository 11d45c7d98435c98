-- Tells the other brokers of a cluster something, in the caller's transaction: so it is told if, and only
-- if, what it is about is committed.  They read it with chat.cut().  For functions that change something.
--
-- Parameters: stream: the caller's connection's; the others: a row of chat.feed.
-- Returns: the row's number in its stream.  (An assignment of it costs less than a `perform`.)
-- Raises: CH001 when the stream is closed or not there: the other brokers take this one for dead.
-- Locks: the stream's row of chat.heads, until the commit: so numbers are committed in their order, also
-- while a lost connection's last transaction is still running.
-- Plan: the primary key of chat.heads.  The caller's rights and settings are in force; setting them again
-- would cost as much as the rest.
create or replace function chat.tell(
	stream integer,
	kind "char",
	seqs bigint[] default null,
	flags smallint[] default null,
	subjects text[] default null,
	words text[] default null,
	counts bigint[] default null,
	totals bigint[] default null,
	body bytea default null)
returns bigint
language plpgsql volatile
as $$
#variable_conflict use_variable
declare
	next_n bigint;
begin
	update chat.heads h set n = h.n + 1, pid = pg_backend_pid()
	where h.stream = tell.stream and h.open
	returning h.n into next_n;
	if next_n is null then
		raise exception 'chat: this broker is out of the cluster' using errcode = 'CH001';
	end if;
	insert into chat.feed (stream, n, kind, seqs, flags, subjects, words, counts, totals, body)
	values (stream, next_n, kind, seqs, flags, subjects, words, counts, totals, body);
	return next_n;
end;
$$;
