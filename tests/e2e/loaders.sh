#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The examples of doc/event-log.md load 100 000 events into what others have made, and the numbers are guardctl's own.
#
# DuckDB is looked for where npm puts what is installed for all, and below GUARD_NODE_MODULES.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"
[ -f "$library" ] || skip_all "no preload library was built"
judge=$top_srcdir/tests/e2e/loaders.py
python=/usr/bin/python3
[ -x $python ] || python=python3

# One session with a long log, and a guardctl that finds no other.
policy main <<END
END
guarded main true
mkdir "$scratch/bin" "$scratch/place" "$scratch/home" "$scratch/work"
cp -r "$sessions"/2* "$scratch/place/"
session=$(echo "$scratch/place"/2*)
rm "$session"/events-* && "$top_builddir/tests/bench/log_fill" "$session" 100000 20000 >/dev/null || exit 99
cat >"$scratch/bin/guardctl" <<END
#!/bin/sh
command=\$1
shift
exec "$guardctl" "\$command" --log "$scratch/place" "\$@"
END
chmod +x "$scratch/bin/guardctl"
ln -s "$top_srcdir/conf" "$scratch/work/conf"
"$scratch/bin/guardctl" report --json --top 0 >"$scratch/report"

run() { # TOOL: its example, and what came of it
	$python "$judge" example "$top_srcdir/doc/event-log.md" "$1" >"$scratch/$1.sh" || return
	(cd "$scratch/work" && HOME=$scratch/home PATH=$scratch/bin:$PATH TERM=dumb timeout 60 sh -eu "$scratch/$1.sh" >"$scratch/$1") || return
	$python "$judge" same "$1" "$scratch/$1" "$scratch/report"
}
sentence() { # TOOL
	echo "$1 finds the same files as guardctl report"
}

if command -v jq >/dev/null; then
	check "$(sentence jq)" run jq
else
	skip "$(sentence jq)" "no jq"
fi

if modules=$(node_modules_of @duckdb/node-api) && command -v node >/dev/null; then
	ln -s "$modules" "$scratch/work/node_modules"
	check "$(sentence DuckDB)" run DuckDB
else
	skip "$(sentence DuckDB)" "no Node.js with @duckdb/node-api, or GUARD_NODE_MODULES names no directory that has it"
fi

# A server of our own, on a port that is free now.
clickhouse_server() {
	local port
	port=$($python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	mkdir -p "$scratch/clickhouse/data" "$scratch/clickhouse/tmp"
	cat >"$scratch/clickhouse/config.xml" <<-END
		<yandex>
		<logger><level>error</level><log>$scratch/clickhouse/log</log><errorlog>$scratch/clickhouse/errors</errorlog></logger>
		<tcp_port>$port</tcp_port><listen_host>127.0.0.1</listen_host><mark_cache_size>1048576</mark_cache_size>
		<path>$scratch/clickhouse/data/</path><tmp_path>$scratch/clickhouse/tmp/</tmp_path>
		<users_config>$scratch/clickhouse/config.xml</users_config>
		<default_profile>default</default_profile><default_database>default</default_database>
		<users><default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
		<profiles><default/></profiles><quotas><default/></quotas>
		</yandex>
	END
	cat >"$scratch/bin/clickhouse-client" <<-END
		#!/bin/sh
		exec "$(command -v clickhouse-client)" --host 127.0.0.1 --port $port "\$@"
	END
	chmod +x "$scratch/bin/clickhouse-client"
	(cd "$scratch/clickhouse" && exec "$server" --config-file="$scratch/clickhouse/config.xml") >"$scratch/clickhouse/output" 2>&1 &
	server_pid=$!
	for ((i = 0; i < 100; i++)); do
		"$scratch/bin/clickhouse-client" --query "SELECT 1" >/dev/null 2>&1 && return
		kill -0 $server_pid 2>/dev/null || break
		sleep 0.1
	done
	cat "$scratch/clickhouse/output" "$scratch/clickhouse/errors"
	return 1
}
server=$(PATH=$PATH:/usr/sbin command -v clickhouse-server)
if [ -n "$server" ] && command -v clickhouse-client >/dev/null; then
	server_pid=
	if clickhouse_server >"$scratch/start"; then
		check "$(sentence ClickHouse)" run ClickHouse
	else
		check "a ClickHouse server starts" same "" "$(cat "$scratch/start")"
	fi
	[ -z "$server_pid" ] || { kill "$server_pid" && wait "$server_pid"; } 2>/dev/null
else
	skip "$(sentence ClickHouse)" "no clickhouse-server and clickhouse-client"
fi

if command -v lnav >/dev/null; then
	check "$(sentence lnav)" run lnav
	check "lnav shows what was done and by which rule" bash -c 'cd "$1" && HOME=$2 lnav -n events.json | grep -qE "^2[^ ]+ +[0-9]+ deny  [a-z]+ +/.*EACCES  rule "' - \
		"$scratch/work" "$scratch/home"
else
	skip "$(sentence lnav)" "no lnav"
fi
finish
