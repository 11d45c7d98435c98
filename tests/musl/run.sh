#!/bin/sh
# Does the plugin compile with musl, which Alpine has, and do the parts work there that ask most of
# the system's library?  Only those that need no other library are run: Debian's are built for glibc.
#
# usage: run.sh <folder for what is made>
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
made=$1
mkdir -p "$made/include/openssl"

# musl-gcc looks at musl's headers alone; these do not say which library they are for.
ln -sf /usr/include/openssl/*.h /usr/include/*/openssl/*.h "$made/include/openssl/"
ln -sf /usr/include/postgresql/*.h /usr/include/mosquitto*.h /usr/include/ut*.h "$made/include/"
ln -sfn /usr/include/cjson "$made/include/cjson"
rm -f "$made"/include/utime.h "$made"/include/utmp*.h

compile() {
	musl-gcc -std=c11 -D_GNU_SOURCE -DCHAT_VERSION='"of a test"' -O1 -fPIC -Wall -Wextra \
		-Werror=implicit-function-declaration -I"$top/tests/musl" -I"$top/tests/unit" \
		-I"$top/plugin/core" -I"$top/plugin/store" -I"$top/plugin/journal" \
		-I"$top/plugin/broker" -isystem "$made/include" "$@"
}

for file in "$top"/plugin/*/*.c; do
	compile -c "$file" -o "$made/$(basename "$file" .c).o"
done
echo "compiles: $(find "$made" -name '*.o' | wc -l) files"

ar rcs "$made/all.a" "$made"/*.o

# run_test <test> [functions of the library that it stands in for]: links what the test needs.
run_test() {
	name=$1
	shift
	wrapped=
	for function in "$@"; do
		wrapped="$wrapped -Wl,--wrap=$function"
	done
	# shellcheck disable=SC2086 # a list of words
	compile "$top/tests/unit/${name}_test.c" "$made/all.a" -pthread $wrapped -o "$made/${name}_test"
	echo "-- $name"
	"$made/${name}_test"
}
run_test wake
run_test accept_watch
run_test conf_check
run_test table calloc
run_test queue
run_test journal pwrite fdatasync
