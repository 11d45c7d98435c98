#!/bin/sh
# What chat.take_away() costs a message whose recipient reads: the same messages and read marks with its flags
# and without them, in turns.
#
#     build/tests/sql/with_server sh tests/sql/away_cost.sh [messages of a turn] [pairs of turns of each]
#
# By hand, because times mean something only side by side.
set -eu
messages=${1:-10000}
turns=${2:-4}
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
psql() { command psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

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

# One message, and who gets it reads it, so many times.  Of a session Linux knows how long it has had a processor.
psql <<SQL
create procedure public.talk(messages integer) language plpgsql as \$\$
declare
	a text;
	b text;
begin
	for i in 1 .. messages loop
		a := (1000000 + 2 * (i * 7919 % 10000))::text;
		b := (a::bigint + 1)::text;
		perform chat.store(array[a || '/' || b], false, array[1], array[true], array['a text of a usual length, which somebody reads'],
			array[null], array[now()], array[gen_random_uuid()], null, null);
		commit;
		perform chat.mark(array[a || '/' || b], array[b], array[1000000000]);
		commit;
	end loop;
end;
\$\$;
SQL
PGOPTIONS="-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
export PGOPTIONS
# The first messages set the flags.
psql -c "select count(*) from generate_series(0, 9999) i, lateral chat.store(array[1000000 + 2 * i || '/' || 1000001 + 2 * i], false, array[1, 1],
	array[true, false], array['x', 'x'], array[null, null], array[now(), now()], array[gen_random_uuid(), gen_random_uuid()], null, null)" \
	-c "vacuum analyze chat.conversations" -c "vacuum analyze chat.messages" >"$work/ignored"

turn() {
	psql -c "vacuum chat.conversations" -c "vacuum chat.messages" -c checkpoint
	psql -F ' ' <<SQL | tee -a "$work/figures"
call public.talk(200);
select split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint as worked, pg_current_wal_insert_lsn() as wal \\gset
select pg_stat_force_next_flush() \\gset ignored_
select n_tup_upd as updates, n_tup_hot_upd as hot from pg_stat_user_tables where relname = 'conversations' \\gset
call public.talk($messages);
select split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint - :worked as worked \\gset
select pg_stat_force_next_flush() \\gset ignored_
select '$1', $messages, round(:worked / 1000.0 / $messages, 1), round((pg_current_wal_insert_lsn() - :'wal') / $messages),
	round((n_tup_upd - :updates)::numeric / $messages, 3), round(100.0 * (n_tup_hot_upd - :hot) / (n_tup_upd - :updates), 2)
from pg_stat_user_tables where relname = 'conversations';
SQL
}
echo "flags  messages  us of a processor  WAL bytes  updates of the conversation (each a message)  % of them HOT"
for i in $(seq "$turns"); do
	turn with
	psql -f "$work/without.sql"
	turn without
	turn without
	psql -f "$work/with.sql"
	turn with
done
# median <with or without> <column>
median() {
	awk -v k="$1" -v c="$2" '$1 == k {print $c}' "$work/figures" | sort -n |
		awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'
}
echo "medians of the turns:"
for kind in with without; do
	echo "$kind: $(median $kind 3) us of a processor, $(median $kind 4) bytes of WAL, $(median $kind 6) % HOT"
done
