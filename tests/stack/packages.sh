# shellcheck shell=sh disable=SC2034
# What the scripts of this repository need from Debian and from npm, installed where it is missing.
# Sourced, not run.  Nothing here asks for a password, or for the network, when all is there.

PACKAGES_BUILD="gcc libc6-dev make cmake ninja-build pkg-config
	mosquitto-dev libmosquitto-dev libpq-dev libssl-dev libcjson-dev uthash-dev"
PACKAGES_RUN="mosquitto postgresql nodejs npm ca-certificates"
# With clang come the fuzzers; then come what the application's side is in, and phones' libraries.
PACKAGES_TEST="libcmocka-dev pgbouncer haproxy iproute2 clang libclang-rt-14-dev llvm mosquitto-clients
	chromium fonts-dejavu-core procps
	openssl ruby python3 php-cli
	ruby-railties ruby-actionpack ruby-activejob ruby-activerecord ruby-pg ruby-webrick
	python3-django python3-psycopg2 musl-tools
	libpaho-mqtt-dev python3-paho-mqtt"

# Node as the machine has it counts, whoever installed it, from this version on.
NODE_OLDEST=18

say() {
	printf '%s\n' "mosquitto-chat: $*" >&2
}

node_is_new_enough() {
	command -v node >/dev/null 2>&1 || return 1
	node -e "process.exit(Number(process.versions.node.split('.')[0]) >= $NODE_OLDEST ? 0 : 1)"
}

is_installed() {
	case $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) in
	installed) return 0 ;;
	*) return 1 ;;
	esac
}

# Whether what we want of a package is there, from that package or from somewhere else.
is_there() {
	case $1 in
	nodejs) node_is_new_enough ;;
	npm) command -v npm >/dev/null 2>&1 ;;
	postgresql) is_installed postgresql || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ;;
	pkg-config) command -v pkg-config >/dev/null 2>&1 ;;
	*) is_installed "$1" ;;
	esac
}

# Runs as root, with sudo where we are not root.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# Run as root by need_packages, in a shell of its own.  Debian starts mosquitto and a first
# PostgreSQL cluster as soon as their packages are in (and, without systemd, the message bus that comes
# with chromium).  Nobody asked for those, so while this runs they are held back: by a policy for these
# services alone, and by a drop-in for postgresql-common.  Both go away again; a policy that the
# machine has of its own stays and is obeyed.
# shellcheck disable=SC2016
INSTALL_SCRIPT='
set -eu
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/mosquitto-chat.conf
made_policy= made_cluster= made_folders=
undo() {
	if [ -n "$made_policy" ]; then rm -f "$policy"; fi
	if [ -n "$made_cluster" ]; then rm -f "$cluster"; fi
	if [ -n "$made_folders" ]; then
		rmdir /etc/postgresql-common/createcluster.d /etc/postgresql-common 2>/dev/null || :
	fi
}
trap undo EXIT
trap "exit 129" HUP
trap "exit 130" INT
trap "exit 143" TERM
if [ ! -e "$policy" ] && [ ! -L "$policy" ]; then
	made_policy=yes
	services="mosquitto*|postgresql*|pgbouncer*|haproxy*"
	[ -e /usr/bin/dbus-daemon ] || services="$services|dbus*"
	printf "%s\n" "#!/bin/sh" "case \$1 in $services) exit 101 ;; esac" "exit 0" >"$policy"
	chmod 755 "$policy"
fi
if [ ! -e /etc/postgresql-common ]; then
	made_folders=yes made_cluster=yes
	mkdir -p "${cluster%/*}"
	printf "%s\n" "create_main_cluster = false" >"$cluster"
fi
export DEBIAN_FRONTEND=noninteractive
# A list of somebody else that cannot be fetched is no reason to stop.
apt-get update -q || echo "mosquitto-chat: going on without that" >&2
apt-get install -y -q --no-install-recommends \
	-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
'

# need_packages <package>...
need_packages() {
	missing=
	for package in "$@"; do
		is_there "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null 2>&1; then
		say "this machine has no apt-get; install by hand what these Debian packages are called there:$missing"
		return 1
	fi
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
		say "packages are missing, and there is no sudo; as root:"
		say "	apt-get install --no-install-recommends$missing"
		return 1
	fi
	say "installing Debian packages:$missing"
	# shellcheck disable=SC2086 # a list of words
	as_root sh -c "$INSTALL_SCRIPT" install $missing
	for package in "$@"; do
		if ! is_there "$package"; then
			say "$package is installed, but something older is found before it: $(command -v node)"
			return 1
		fi
	done
}

# need_node_packages <folder> [npm ci's options]: what the folder's package-lock.json says.
need_node_packages() {
	folder=$1
	shift
	stamp=$folder/node_modules/.installed-from
	wanted=$(cat "$folder/package-lock.json" && printf '%s\n' "$*")
	if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
		return 0
	fi
	say "installing the npm packages of ${folder#"$PWD"/}"
	npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error "$@"
	printf '%s\n' "$wanted" >"$stamp"
}
