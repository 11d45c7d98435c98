#!/bin/sh
# How long writers wait while install.sql upgrades a database of the first edition that is in use.
#
#     build/tests/sql/with_server sh tests/sql/live_migration.sh [messages] [conversations]
#
# By hand, because 10 million messages in a million conversations take ten minutes and 8 GB.  Writers store
# messages as the first edition's plugin does, from before the upgrade until after it; then the longest waits
# are printed, and what every row of the tables has kept.
set -eu
messages=${1:-10000000}
conversations=${2:-1000000}
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
psql() { command psql -Xq -v ON_ERROR_STOP=1 "$@"; }
pgbench=$(command -v pgbench || ls /usr/lib/postgresql/*/bin/pgbench | tail -1)

git -C "$top" archive 714b8fe sql | tar x -C "$work"
psql -f "$work/sql/install.sql"
# Locks are measured, not the disk.
psql -c "alter system set max_wal_size = '8GB'" -c "alter system set synchronous_commit = off" \
	-c "select pg_reload_conf()" >"$work/ignored"

echo "filling: $messages messages in $conversations conversations"
psql <<SQL
drop index chat.messages_key_room, chat.messages_room_user_id_ref;
insert into chat.messages (room, seq, user_id, opponent_id, text, ref)
	select a || '/' || a + 1, s, case s % 2 when 0 then a else a + 1 end, case s % 2 when 0 then a + 1 else a end,
		repeat('text ', 20), case when s % 2 = 0 then md5(a || ' ' || s) end
	from generate_series(0, $conversations - 1) i, lateral (select 1000000 + 2 * i as a) r,
		generate_series(1, $messages / $conversations) s;
insert into chat.conversations (room, last_seq, a_unread, a_waiting, a_last_seq, b_last_seq, a_last_at, b_last_at)
	select a || '/' || a + 1, $messages / $conversations, 1, true, $messages / $conversations,
		$messages / $conversations, now(), now()
	from generate_series(0, $conversations - 1) i, lateral (select 1000000 + 2 * i as a) r;
create unique index messages_key_room on chat.messages (key, room collate "ucs_basic");
create unique index messages_room_user_id_ref on chat.messages (room collate "POSIX", user_id, ref)
	where ref is not null;
vacuum analyze chat.messages, chat.conversations;
create table public.before as
	select pg_relation_filenode('chat.messages') as messages, pg_relation_filenode('chat.conversations') as conversations;
SQL

cat >"$work/write.sql" <<SQL
\set a 1000000 + 2 * random(0, $conversations - 1)
select * from chat.save(array[:a || '/' || :a + 1], false, array[1], array[true], array['text'],
	array[md5(random()::text)], array[now()], array[gen_random_uuid()]);
SQL
# At a rate, so that a wait holds up few.
"$pgbench" -n -f "$work/write.sql" -c 4 -j 1 -R 400 -T 3600 -l --log-prefix="$work/log" >"$work/pgbench" 2>&1 &
writers=$!
sleep 5
started=$(date +%s)
psql -f "$top/sql/install.sql"
ended=$(date +%s)
sleep 5
kill $writers
wait $writers || true

echo "install.sql took $((ended - started)) s; messages of the longest waits, in ms:"
# client, transaction, latency in us, script, epoch, us, lag
cat "$work"/log* | awk 'NF == 7' | sort -k3,3nr | head -5 | awk -v s="$started" '{printf "%8.0f ms, %d s after the start\n", $3 / 1000, $5 - s}'
awk 'NF == 7 {n++; if ($3 > 1000000) slow++} END {printf "%d messages stored, %d of them took over a second\n", n, slow}' "$work"/log*
grep -c "ERROR" "$work/pgbench" || true
psql -At -c "select 'tables were rewritten: ' || (messages <> pg_relation_filenode('chat.messages')
	or conversations <> pg_relation_filenode('chat.conversations')) from public.before" \
	-c "select 'version ' || chat.version(2)" \
	-c "select 'counters are right: ' || not exists (select from chat.conversations c
		where last_seq <> (select max(seq) from chat.messages m where m.room = c.room))"
