-- Tells the other brokers of a cluster something, in the caller's transaction: so it is told if, and only
-- if, what it is about is committed.  They read it with chat.cut().  For functions that change something.
--
-- Parameters: stream: the caller's connection's; the others: a row of chat.feed.
-- Returns: the row's number in its stream.  (An assignment of it costs less than a `perform`.)
-- Raises: CH001 when the stream is closed or not there: the other brokers take this one for dead.
-- Locks: the stream's row of chat.heads, until the commit: so numbers are committed in their order, also
-- while a lost connection's last transaction is still running.
-- Plan: the primary keys of chat.heads and, from its end, of chat.feed.  The caller's rights and settings are in force; setting them again
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
	cleared bigint;
	writer integer;
	next_n bigint;
begin
	select h.n, h.pid into cleared, writer from chat.heads h
	where h.stream = tell.stream and h.open for update;
	if not found then
		raise exception 'chat: this broker is out of the cluster' using errcode = 'CH001';
	end if;
	if writer is distinct from pg_backend_pid() then
		update chat.heads h set pid = pg_backend_pid() where h.stream = tell.stream;
	end if;
	insert into chat.feed (stream, n, kind, seqs, flags, subjects, words, counts, totals, body)
	values (stream, 1 + coalesce((
			select f.n from chat.feed f where f.stream = tell.stream order by f.n desc limit 1
		), cleared), kind, seqs, flags, subjects, words, counts, totals, body)
	returning n into next_n;
	return next_n;
end;
$$;
