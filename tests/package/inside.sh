#!/bin/sh
# Runs in the bare Debian: see run.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
broker=

on_exit() {
	if [ "$1" != 0 ]; then
		echo "failed; the broker says:"
		tail -20 /broker.log
	fi
}
trap 'on_exit $?' EXIT

say() {
	printf -- '-- %s\n' "$*"
}

# until_true <what> <command>...
until_true() {
	what=$1
	shift
	for _ in $(seq 100); do
		if "$@" >/dev/null 2>&1; then
			return 0
		fi
		sleep 0.2
	done
	echo "waited 20 s for $what"
	return 1
}

as_postgres() {
	su postgres -s /bin/sh -c "$*"
}

start_broker() {
	# What an earlier one has said would be taken for this one's.
	rm -f /var/log/mosquitto/mosquitto.log
	mosquitto -c /etc/mosquitto/mosquitto.conf >/broker.log 2>&1 &
	broker=$!
	until_true "the database" grep -q 'chat: database: connected' /broker.log /var/log/mosquitto/mosquitto.log
}

stop_broker() {
	kill "$broker"
	wait "$broker"
}

# sign <id:name>
sign() {
	printf %s "$1" | openssl dgst -sha256 -hmac "$(cat /etc/mosquitto/chat.secret)" -binary | base64
}

# chat <text>: Ann says it, and Ben hears it.
chat() {
	mosquitto_sub -u 2:Ben -P "$(sign 2:Ben)" -t chat/1/2 -W 20 >/heard &
	listener=$!
	until_true "Ben to be in the chat" grep -q presence_state /heard
	mosquitto_pub -u 1:Ann -P "$(sign 1:Ann)" -t chat/1/2 -q 1 -m "{\"event\":\"message\",\"text\":\"$1\"}"
	until_true "the message" grep -q "\"event\":\"message\".*\"text\":\"$1\"" /heard
	kill "$listener"
	wait "$listener" 2>/dev/null || :
}

ip link set lo up
rm -rf /var/lib/postgresql/15/main /etc/postgresql/15/main /var/log/mosquitto/mosquitto.log
pg_createcluster 15 main >/dev/null
pg_ctlcluster 15 main start
as_postgres createdb -E UTF8 -T template0 app
dpkg --purge mosquitto-chat >/dev/null 2>&1 || :
rm -f /etc/mosquitto/conf.d/chat.conf /etc/mosquitto/chat.*

say "installs"
dpkg -i /package.deb >/dev/null
plugin=$(ls /usr/lib/*/mosquitto_chat.so)
test -s /usr/share/man/man7/mosquitto-chat.7.gz || test -e /etc/dpkg/dpkg.cfg.d/docker
grep -q LimitNOFILE /usr/lib/systemd/system/mosquitto.service.d/mosquitto-chat.conf

say "is set up as OPERATING.md says"
cd /
as_postgres psql -q -v ON_ERROR_STOP=1 -d app -f /usr/share/mosquitto-chat/sql/install.sql
password=$(openssl rand -hex 24)
echo "alter role chat_plugin login password '$password'" | as_postgres psql -q -d app
echo "127.0.0.1:5432:app:chat_plugin:$password" |
	install -m 0600 -o mosquitto -g mosquitto /dev/stdin /etc/mosquitto/chat.pgpass
openssl rand -hex 32 | install -m 0640 -o root -g mosquitto /dev/stdin /etc/mosquitto/chat.secret
cp /usr/share/doc/mosquitto-chat/mosquitto.conf.example /etc/mosquitto/conf.d/chat.conf
sed -i "s#^plugin /.*#plugin $plugin#" /etc/mosquitto/conf.d/chat.conf
mkdir -p /run/mosquitto
chown mosquitto: /run/mosquitto

say "chats"
start_broker
chat one

say "is upgraded under the running broker, which goes on"
dpkg -i /package.deb >/dev/null
as_postgres psql -q -v ON_ERROR_STOP=1 -d app -f /usr/share/mosquitto-chat/sql/install.sql
chat two
stop_broker
start_broker
chat three
test "$(as_postgres "psql -Atq -d app -c 'select count(*) from chat.messages'")" = 3

say "is removed and purged"
stop_broker
dpkg --remove mosquitto-chat >/dev/null
test ! -e "$plugin"
test ! -e /usr/share/mosquitto-chat
dpkg --purge mosquitto-chat
rm /etc/mosquitto/conf.d/chat.conf
mosquitto -c /etc/mosquitto/mosquitto.conf >/broker.log 2>&1 &
broker=$!
until_true "the broker without it" mosquitto_pub -t ordinary -m x
stop_broker
pg_ctlcluster 15 main stop -m immediate
