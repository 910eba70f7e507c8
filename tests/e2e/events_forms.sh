#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Events in each form, held against the names that the schemas publish, and followed while they come.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"
[ -f "$library" ] || skip_all "no preload library was built"
judge=$top_srcdir/tests/e2e/events_forms.py
table=$top_srcdir/tests/e2e/fields.tsv
python=/usr/bin/python3
[ -x $python ] || python=python3

mkdir "$scratch/shut"
echo x >"$scratch/shut/"$'two\nlines "quoted" \\u0000 \xff'
echo x >"$scratch/label"
policy main <<END
files = ( { id = "shut"; deny = "read"; path = "$scratch/shut/**"; reason = "not \\"yours\\""; },
          { id = "marks"; allow = "read"; path = "$scratch/label"; label = "secret"; } );
network = ( { id = "far"; deny = "connect"; address = "192.0.2.0/24"; } );
log = { directory = "$sessions"; stacks = "all"; };
END
sed -i 1d "$scratch/main.conf" # the directory stands in the policy's own log section
cat >"$scratch/agent.py" <<'END'
import os, socket, subprocess, sys
try:
    for name in os.listdir(os.fsencode(sys.argv[1] + "/shut")): pass
except OSError: pass
for name in (b"two\nlines \"quoted\" \\u0000 \xff",):
    try: open(os.fsencode(sys.argv[1]) + b"/shut/" + name)
    except OSError: pass
open(sys.argv[1] + "/label").read()
os.rename(sys.argv[1] + "/label", sys.argv[1] + "/label2")
socket.socket().connect_ex(("127.0.0.1", 9))
socket.socket().connect_ex(("192.0.2.1", 443))
socket.socket().bind(("127.0.0.1", 0))
socket.socket(socket.AF_INET6).connect_ex(("::1", 9))
socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1] + "/socket")
try: socket.getaddrinfo("localhost", 80)
except OSError: pass
subprocess.run(["sh", "-c", "kill -0 $PPID; exit 0", "a b", "\\u0000", ""])
END
guarded main $python "$scratch/agent.py" "$scratch" 2>/dev/null
session=$(echo "$sessions"/2*)

for form in json ocsf otlp; do
	"$guardctl" events --keys --format $form >"$scratch/$form.keys"
	"$guardctl" events --format $form "$session" >"$scratch/$form"
	check "the names of $form are the published ones, and none is a part of another" \
		$python "$judge" names "$table" $form "$scratch/$form.keys"
	check "each line of $form has what the schema asks for, and nothing else" $python "$judge" $form "$table" "$scratch/$form"
done
check "all forms tell the same" $python "$judge" same "$scratch/json" "$scratch/ocsf" "$scratch/otlp"
check "--json is --format json" same "$("$guardctl" events --json "$session")" "$(cat "$scratch/json")"
check "--format text is the default" same "$("$guardctl" events "$session")" "$("$guardctl" events --format text "$session")"
check "text has fixed columns" bash -c '! "$@" | grep -vqE "^[0-9:.]{15} [ 0-9]{7} (allow|deny |ask  |-    ) [a-z]{4,9} +[0-9]+\.[0-9]+ +[^ ]"' - \
	"$guardctl" events "$session"
code() { # CODE ARGUMENT...
	local expected=$1
	shift
	"$guardctl" events "$@"
	same "$expected" "$?"
}
check "an unknown format is wrong usage" code 2 --format xml
check "--keys looks at no session" code 2 --keys "$session"

# Live.
mkfifo "$scratch/go"
guarded main bash -c "cat '$scratch/label2'; read -r line <'$scratch/go'; cat '$scratch/agent.py'" >/dev/null &
guest=$!
seen() { # PATTERN FILE: within ten seconds
	for ((i = 0; i < 100; i++)); do
		grep -qE -- "$1" "$2" 2>/dev/null && return
		sleep 0.1
	done
	cat "$2"
	return 1
}
live=
for ((i = 0; i < 100; i++)); do
	live=$(find "$sessions" -mindepth 1 -maxdepth 1 -name '2*' ! -path "$session")
	[ -n "$live" ] && [ -s "$live/session.json" ] && break
	sleep 0.1
done
timeout 30 "$guardctl" events --follow "$live" >"$scratch/live.text" &
text=$!
timeout 30 "$guardctl" events --follow --json --operation read "$live" >"$scratch/live.json" &
json=$!
check "what has happened is shown while the session goes on" seen 'allow read .*/label2' "$scratch/live.text"
check "as JSON, too" seen '"path":".*/label2"' "$scratch/live.json"
check "what has not is not" bash -c 'kill -0 "$2" && ! grep -q agent.py "$1"' - "$scratch/live.json" "$guest"
echo go >"$scratch/go"
check "what happens then is shown" seen 'agent.py' "$scratch/live.json"
wait $guest
wait $text
check "it ends with the session" same 0 "$?"
wait $json
check "in every form" same 0 "$?"
check "and has shown all of it" same "$("$guardctl" events "$live")" "$(cat "$scratch/live.text")"
check "filters hold" same "$("$guardctl" events --json --operation read "$live")" "$(cat "$scratch/live.json")"
check "a session that is over is shown, and that is all" bash -c 'timeout 10 "$@" | wc -l | grep -qx "$(wc -l <"$0")"' "$scratch/json" \
	"$guardctl" events --follow "$session"
finish
