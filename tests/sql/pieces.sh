#!/bin/sh
# How long the pieces of chat.delete_before() and chat.erase() take with many messages, and that counts and
# seqs are right afterwards, with writers at work.
#
#     build/tests/sql/with_server sh tests/sql/pieces.sh [a tenth of all messages]
#
# By hand, because 10 million messages take a quarter of an hour and 5 GB.  Half of the messages are old: in small
# chats, in the 100,000 chats of one user, in one chat of a fifth of all messages, and in some of 10,000.
set -eu
tenth=${1:-1000000}
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
psql() { command psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
pgbench=$(command -v pgbench || ls /usr/lib/postgresql/*/bin/pgbench | tail -1)

psql -c "alter system set fsync = on" -c "alter system set max_wal_size = '8GB'" -c "select pg_reload_conf()" >"$work/ignored"
psql -f "$top/sql/install.sql"
echo "filling"
psql <<SQL
drop index chat.messages_key, chat.messages_room_user_id_ref, chat.messages_room_change,
	chat.conversations_a_id, chat.conversations_b_id, chat.conversations_a_due, chat.conversations_b_due;
-- Chats of so many messages each: in each tenth chat nothing is read, in the others all but the last message.
create function public.fill(rooms bigint, each bigint, a_of bigint, b_of bigint, step bigint) returns void language sql as \$\$
	insert into chat.messages (room, seq, user_id, opponent_id, text, ref, sent_at, is_delivered)
	select a || '/' || b, s, case s % 2 when 0 then a else b end, case s % 2 when 0 then b else a end,
		repeat('text ', 20), case when s % 2 = 0 then md5(a || ' ' || s) end,
		now() - case when s <= each / 2 then interval '60 days' else interval '1 day' end, i % 10 > 0 and s < each
	from generate_series(0, rooms - 1) i, generate_series(1, each) s,
		lateral (select (a_of + step * i)::text as a, (b_of + greatest(step, 1) * i)::text as b) r;
	insert into chat.conversations (room, last_seq, a_read, a_delivered, b_read, b_delivered, a_unread, a_waiting, b_unread,
		b_waiting, a_last_seq, b_last_seq, a_last_at, b_last_at)
	select a || '/' || b, each, a_read, a_read, b_read, b_read,
		case when i % 10 > 0 then each % 2 else (each + 1) / 2 end, true, case when i % 10 > 0 then (each + 1) % 2 else each / 2 end, true,
		each - each % 2, each - (each + 1) % 2, now() - interval '1 day', now() - interval '1 day'
	from generate_series(0, rooms - 1) i,
		lateral (select (a_of + step * i)::text as a, (b_of + greatest(step, 1) * i)::text as b,
			case when i % 10 > 0 then each - 1 else 0 end as a_read, case when i % 10 > 0 then each - 1 else 0 end as b_read) r;
\$\$;
select public.fill($tenth / 2, 10, 10000000, 10000001, 2);
select public.fill($tenth / 10, 10, 7, 20000000, 0);
select public.fill(1, $tenth * 2, 8, 9, 0);
select public.fill($tenth / 5000, 10000, 30000000, 30000001, 2);
SQL
psql -f "$top/sql/install.sql"
psql -c "vacuum analyze chat.messages" -c "vacuum analyze chat.conversations" -c checkpoint
psql <<SQL
create table public.seqs as select room, last_seq from chat.conversations;
-- A piece after the other, each a transaction.  Of a session Linux knows how long it has had a processor, and how
-- long it has waited for one.
create table public.pieces (what text, took float, worked float, waited float);
create procedure public.run(what text) language plpgsql as \$\$
declare
	place text := '';
	treated integer;
	t timestamptz;
	s float[];
	e float[];
begin
	loop
		t := clock_timestamp();
		s := string_to_array(rtrim(pg_read_file('/proc/self/schedstat'), E'\n'), ' ')::float[];
		if what = 'delete_before' then
			place := chat.delete_before(now() - interval '30 days', after => place);
		else
			treated := chat.erase(substr(what, 7));
		end if;
		commit;
		e := string_to_array(rtrim(pg_read_file('/proc/self/schedstat'), E'\n'), ' ')::float[];
		insert into public.pieces values (what, extract(epoch from clock_timestamp() - t) * 1000, (e[1] - s[1]) / 1e6,
			(e[2] - s[2]) / 1e6);
		commit;
		exit when case when what = 'delete_before' then place is null else treated = 0 end;
	end loop;
end;
\$\$;
SQL
cat >"$work/write.sql" <<SQL
\set a 10000000 + 2 * random(0, $tenth / 2 - 1)
select outcome from chat.store(array[:a || '/' || :a + 1], false, array[1], array[true], array['text'], array[null], array[now()],
	array[gen_random_uuid()], null, null);
select moved from chat.mark(array[:a || '/' || :a + 1], array[(:a + 1)::text], array[1000000000]);
select 1 from chat.poll(null, null);
SQL
"$pgbench" -n -f "$work/write.sql" -c 2 -R 50 -T 36000 >"$work/pgbench" 2>&1 &
writers=$!
for what in delete_before 'erase 7' 'erase 8'; do
	psql -c "call public.run('$what')"
done
kill $writers
wait $writers || true
psql -F ', ' <<SQL
select what, count(*) || ' pieces', 'ms of work: median ' || round(percentile_disc(0.5) within group (order by worked)::numeric, 1)
	|| ', p99.9 ' || round(percentile_disc(0.999) within group (order by worked)::numeric, 1) || ', most ' || round(max(worked)::numeric, 1),
	'with the disk: median ' || round(percentile_disc(0.5) within group (order by took - waited)::numeric, 1)
	|| ', p99.9 ' || round(percentile_disc(0.999) within group (order by took - waited)::numeric, 1) || ', most ' || round(max(took - waited)::numeric, 1),
	'over 100 ms with waits for a processor: ' || count(*) filter (where took > 100)
from public.pieces group by what order by what;
select 'messages left', count(*), 'of them deleted', count(*) filter (where is_deleted) from chat.messages;
select 'chats with a wrong count', count(*) from chat.conversations c
where room in (select room from chat.conversations tablesample bernoulli (2)) and (
	a_unread <> (select count(*) from chat.messages m where m.room = c.room and opponent_id = a_id and seq > a_read)
	or b_unread <> (select count(*) from chat.messages m where m.room = c.room and opponent_id = b_id and seq > b_read));
select 'chats whose last seq went back', count(*) from chat.conversations c join public.seqs s using (room) where c.last_seq < s.last_seq;
select 'rooms noted for a recount', count(*) from chat.recounts;
SQL
