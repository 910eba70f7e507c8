#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# guardctl trace: what a trace viewer and a flame graph get is well-formed, and is what was recorded.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"
[ -f "$library" ] || skip_all "no preload library was built"
judge=$top_srcdir/tests/e2e/trace.py
python=/usr/bin/python3
[ -x $python ] || python=python3

mkdir "$scratch/shut" "$scratch/open"
policy hostile <<END
files = ( { id = "shut"; deny = ["read", "delete"]; path = "$scratch/shut/**"; reason = "not yours"; } );
END
echo x >"$scratch/shut/gone"
guarded hostile sh -c 'exec "$@"' - $python "$judge" act "$scratch/shut" "$scratch/open" >/dev/null 2>&1
session=$(echo "$sessions"/2*)
"$guardctl" events --json "$session" >"$scratch/events"

"$guardctl" trace "$session" >"$scratch/json"
check "the trace keeps to the format and has every event" $python "$judge" json "$scratch/json" "$scratch/events"
check "names are told as they are" $python "$judge" hostile "$scratch/json" "$scratch/shut"
check "--format json is the default" same "$(cat "$scratch/json")" "$("$guardctl" trace --format json --log "$sessions")"
"$guardctl" trace --format folded "$session" >"$scratch/folded"
check "folded stacks count every operation once" $python "$judge" folded "$scratch/folded" "$scratch/events"
check "a filter holds, and programs are told all the same" bash -c '"$@" | '$python' -c "
import json, sys
events = json.load(sys.stdin)[\"traceEvents\"]
assert {e[\"cat\"] for e in events if e[\"ph\"] == \"i\"} == {\"refused\"}
assert sum(e[\"ph\"] == \"B\" for e in events) >= 3"' - "$guardctl" trace --verdict deny "$session"
check "it holds for stacks" bash -c '"$@" >"$0" && [ -s "$0" ] && ! grep -v " (refused) [0-9]*$" "$0"' "$scratch/denied" \
	"$guardctl" trace --format folded --verdict deny "$session"
code() { # CODE ARGUMENT...
	local expected=$1
	shift
	"$guardctl" trace "$@" >/dev/null
	same "$expected" "$?"
}
check "an unknown form is wrong usage" code 2 --format svg "$session"
check "two sessions are too many" code 2 "$session" "$session"
check "a session that is not there is told" code 1 --log "$sessions" nowhere

mkdir "$scratch/long"
"$top_builddir/tests/bench/log_fill" "$scratch/long" 100000 20000 >/dev/null || exit 99
cp "$session/session.json" "$session/policy.img" "$scratch/long"
check "a long log is one trace" bash -c '"$@" | '$python' -c "
import json, sys
events = json.load(sys.stdin)[\"traceEvents\"]
assert sum(e[\"ph\"] in \"Bi\" for e in events) == 100000
assert sum(e[\"ph\"] == \"B\" for e in events) == sum(e[\"ph\"] == \"E\" for e in events) > 1000"' - "$guardctl" trace "$scratch/long"
check "a reader that goes away ends it" bash -c '"$@" | head -c 100 >/dev/null; [ "${PIPESTATUS[0]}" = 0 ]' - "$guardctl" trace "$scratch/long"
finish
