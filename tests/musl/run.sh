#!/bin/sh
# Does the plugin compile with musl, which Alpine has, is it loaded there, and do the parts work that ask
# most of the system's library?  Only those that need no other library are run: Debian's are built for
# glibc, so when the plugin is loaded, what it wants of them is there by name only.
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

# names_of <what nm is to list> <file>...
names_of() {
	nm "$@" | awk 'NF > 1 { sub(/@.*/, "", $NF); print $NF }' | sort -u
}

libraries=$(cc -print-file-name=libpq.so && cc -print-file-name=libcrypto.so && cc -print-file-name=libcjson.so)
names_of -u "$made"/*.o >"$made/wanted"
# shellcheck disable=SC2086 # a list of files
{
	names_of -D --defined-only $libraries
	grep '^mosquitto_' "$made/wanted"
} | sort -u | comm -12 - "$made/wanted" >"$made/of_others"
mkdir -p "$made/load"
sed 's/.*/void &(void); void &(void) {}/' "$made/of_others" >"$made/load/others.c"
musl-gcc -w -shared -fPIC "$made/load/others.c" -o "$made/load/others.so"
# What neither musl nor they have is an error here.
musl-gcc -shared -Wl,-z,defs "$made"/*.o "$made/load/others.so" -Wl,-rpath,"$made/load" -pthread -o "$made/load/plugin.so"
compile "$top/tests/musl/load.c" -o "$made/load/load"
"$made/load/load" "$made/load/plugin.so"

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
