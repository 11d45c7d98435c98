#!/bin/sh
# Every fuzz target at once for FUZZ_RUN_SECONDS; ends with a line of figures for each, and with
# failure when one has crashed (the input is then in <folder>/crashes).
#   hours.sh <folder> <corpora> <program>...
set -u
folder=$1
corpora=$2
shift 2

waiting=
for program in "$@"; do
	name=$(basename "$program" _fuzz)
	mkdir -p "$folder/found/$name" "$folder/crashes"
	"$program" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
		-artifact_prefix="$folder/crashes/$name-" -max_total_time="$FUZZ_RUN_SECONDS" \
		"$folder/found/$name" "$corpora/$name" >"$folder/$name.log" 2>&1 &
	waiting="$waiting $name:$!"
done

failed=0
for entry in $waiting; do
	name=${entry%%:*}
	result=good
	wait "${entry##*:}" || {
		result="CRASHED, see $folder/$name.log"
		failed=1
	}
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log")
	echo "fuzz $name: ${runs:-?} executions, $result"
done
exit "$failed"
