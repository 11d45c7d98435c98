#!/bin/sh
# What chat.take_away() costs a message whose recipient reads: the same messages and read marks with its flags
# and without them, in turns.
#
#     build/tests/sql/with_server sh tests/sql/away_cost.sh [seconds of a turn] [pairs of turns of each]
#
# By hand, because times mean something only side by side on a machine that does nothing else.
set -eu
seconds=${1:-10}
turns=${2:-4}
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
psql() { command psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
pgbench=$(command -v pgbench || ls /usr/lib/postgresql/*/bin/pgbench | tail -1)

# What the functions cost, not the disk; and of the log what each message adds, not whole pages.
psql -c "alter system set fsync = off" -c "alter system set full_page_writes = off" -c "alter system set autovacuum = off" -c "select pg_reload_conf()" >"$work/ignored"
psql -f "$top/sql/install.sql"
# The functions as they are, and without the lines and parts of lines about the flags.
psql >"$work/with.sql" <<SQL
select pg_get_functiondef(oid) || ';' from pg_proc where pronamespace = 'chat'::regnamespace and proname in ('store', 'store_one');
select pg_get_indexdef(c.oid) || ';' from pg_class c where c.relname in ('conversations_a_due', 'conversations_b_due');
SQL
{
	echo 'drop index chat.conversations_a_due, chat.conversations_b_due;'
	sed -E '/^CREATE INDEX/d; s/, ([ab])_due = \1_due or not \1_muted//; /^\s*[ab]_due = .*,$/d' "$work/with.sql"
} >"$work/without.sql"
if grep -q '_due =' "$work/without.sql" || [ "$(grep -c '_due =' "$work/with.sql")" -ne 4 ]; then
	echo "the functions are not as this script knows them" >&2
	exit 1
fi

# One message from each side to the other, and who gets it reads it.
cat >"$work/talk.sql" <<SQL
\set a 1000000 + 2 * random(0, 9999)
select outcome from chat.store(array[:a || '/' || :a + 1], false, array[1], array[true], array['a text of a usual length, which somebody reads'],
	array[null], array[now()], array[gen_random_uuid()], null, null);
select seq from chat.mark(array[:a || '/' || :a + 1], array[(:a + 1)::text], array[1000000000]);
SQL
PGOPTIONS="-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
export PGOPTIONS
# The first messages set the flags.
psql -c "select count(*) from generate_series(0, 9999) i, lateral chat.store(array[1000000 + 2 * i || '/' || 1000001 + 2 * i], false, array[1, 1],
	array[true, false], array['x', 'x'], array[null, null], array[now(), now()], array[gen_random_uuid(), gen_random_uuid()], null, null)" \
	-c "vacuum analyze chat.conversations" -c "vacuum analyze chat.messages" >"$work/ignored"

turn() {
	psql -c "vacuum chat.conversations" -c "vacuum chat.messages" -c checkpoint
	before=$(psql -c "select pg_current_wal_insert_lsn(), n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'conversations'")
	"$pgbench" -n -M prepared -f "$work/talk.sql" -c 1 -T "$seconds" >"$work/pgbench"
	sleep 1.5
	messages=$(sed -n 's/^number of transactions actually processed: //p' "$work/pgbench")
	latency=$(sed -n 's/^latency average = \(.*\) ms$/\1/p' "$work/pgbench")
	psql -F ' ' -c "select '$1', '$messages', (1000 * $latency)::integer,
		((pg_current_wal_insert_lsn() - '$(echo "$before" | cut -d'|' -f1)') / $messages)::integer,
		round((n_tup_upd - $(echo "$before" | cut -d'|' -f2))::numeric / $messages, 3),
		round(100.0 * (n_tup_hot_upd - $(echo "$before" | cut -d'|' -f3)) / (n_tup_upd - $(echo "$before" | cut -d'|' -f2)), 2)
		from pg_stat_user_tables where relname = 'conversations'" | tee -a "$work/figures"
}
echo "flags  messages  us  WAL bytes  updates of the conversation (each a message)  % of them HOT"
for i in $(seq "$turns"); do
	turn with
	psql -f "$work/without.sql"
	turn without
	turn without
	psql -f "$work/with.sql"
	turn with
done
# The median of the turns.
for kind in with without; do
	awk -v k="$kind" '$1 == k' "$work/figures" | sort -n -k3,3 | awk -v k="$kind" '
		{us[NR] = $3; wal += $4; hot += $6}
		END {printf "%s: %d us, %d bytes of WAL, %.2f %% HOT\n", k, (us[int((NR + 1) / 2)] + us[int(NR / 2) + 1]) / 2, wal / NR, hot / NR}'
done
