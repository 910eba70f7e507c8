#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The id of an event: the same in events and every form of the report, and guardctl explain takes it.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"
[ -f "$library" ] || skip_all "no preload library was built"
python=/usr/bin/python3
[ -x $python ] || python=python3

mkdir "$scratch/shut"
echo x >"$scratch/shut/a"
echo x >"$scratch/label"
policy main <<END
files = (
  { id = "shut"; deny = ["read", "delete"]; path = "$scratch/shut/**"; reason = "not yours"; },
  { id = "marked"; allow = "read"; path = "$scratch/label"; label = "secret"; },
  { id = "after"; deny = "create"; path = "$scratch/later"; after = "secret"; },
  { id = "many"; deny = "delete"; path = "$scratch/none/**"; over = 2; per = 60; } );
commands = ( { id = "push"; deny = "exec"; program = "git"; args = ["push", "--force"]; } );
network = ( { id = "far"; deny = "connect"; address = "192.0.2.0/24"; port = 443; } );
END
guarded main bash -c "cat '$scratch/shut/a'; cat '$scratch/label'; : >'$scratch/later'; git push --force
	rm '$scratch/none/1'; rm '$scratch/none/2'; rm '$scratch/none/3'
	exec $python -c 'import socket; socket.socket().connect((\"192.0.2.1\", 443))'" >/dev/null 2>&1
session=$(echo "$sessions"/2*)
name=$(basename "$session")
"$guardctl" events --json "$session" >"$scratch/events"

# The id of the refused event of an operation.
id_of() { # OPERATION
	$python -c '
import json, sys
(found,) = [e for e in map(json.loads, sys.stdin) if e["event"]["action"] == sys.argv[1] and e.get("libguard", {}).get("verdict") == "deny"]
print(found["event"]["id"])' "$1" <"$scratch/events"
}
explain() { # STATUS PATTERN ARGUMENT...
	local expected=$1 pattern=$2 status
	shift 2
	"$guardctl" explain "$@" >"$scratch/out" 2>&1
	status=$?
	cat "$scratch/out"
	[ "$status" = "$expected" ] && grep -qE -- "$pattern" "$scratch/out"
}

check "every event has an id of its own" $python -c '
import json, re, sys
ids = [json.loads(line)["event"]["id"] for line in open(sys.argv[1])]
assert len(ids) > 20 and len(ids) == len(set(ids))
assert all(re.fullmatch(re.escape(sys.argv[2]) + r":1\.\d+", id) for id in ids), ids[0]' "$scratch/events" "$name"
check "it is the place of the record in the log" $python -c '
import json, struct, sys
log = open(sys.argv[2] + "/events-0001.log", "rb").read()
for line in open(sys.argv[1]):
    event = json.loads(line)
    at = 128 * int(event["event"]["id"].rsplit(".", 1)[1])
    mark, pid = struct.unpack_from("<I", log, at)[0], struct.unpack_from("<I", log, at + 16)[0]
    assert mark >> 16 == 0x434d and pid == event["process"]["pid"], (event, hex(mark), pid)' "$scratch/events" "$session"
check "the text of events shows its end" same "$(id_of read | sed 's/.*://')" \
	"$("$guardctl" events --verdict deny --operation read "$session" | awk '{ print $5 }')"
for format in text json markdown sarif junit csv github; do
	check "report in $format shows it" bash -c '"$1" report --format "$2" "$3" | sed "s|&#58;|:|g" | grep -qF "$4"' - \
		"$guardctl" $format "$session" "$(id_of connect)"
done

# Back from the id.
export XDG_STATE_HOME=$scratch/nothing
check "a refused read is explained" explain 1 "decided by shut \(.*main.conf:3\), deny \"read\" and \"delete\": not yours" \
	--log "$sessions" "$(id_of read)"
check "with who did it" grep -qE '^  by +/.*/cat$' "$scratch/out"
check "and the line to add" grep -qF "to allow   add except = \"$scratch/shut/a\"; to the rule" "$scratch/out"
check "and the text of the rule" grep -qF '{ id = "shut"; deny = ["read", "delete"];' "$scratch/out"
check "labels of that moment count" explain 1 'decided by after' --log "$sessions" "$(id_of create)"
check "so does a counter of that moment" explain 1 'decided by many' --log "$sessions" "$(id_of delete)"
check "which asking again would not reach" grep -q 'asked again now the answer is another' "$scratch/out"
check "arguments are asked for" explain 1 'decided by push' --log "$sessions" "$(id_of exec)"
check "an address is asked for, with the agent's line" explain 1 'source +<string>:1' --log "$sessions" "$(id_of connect)"
check "and its rule is found" grep -q 'decided by far' "$scratch/out"
check "the short form is of the newest session" explain 1 'decided by far' --log "$sessions" "$(id_of connect | sed 's/.*://')"
check "the beginning of a session will do" explain 1 'decided by far' --log "$sessions" "${name:0:15}:$(id_of connect | sed 's/.*://')"
check "so will its path" explain 1 'decided by far' "$session:$(id_of connect | sed 's/.*://')"
allowed=$(grep '"action":"read"' "$scratch/events" | grep -F "$scratch/label" | sed 's/.*"id":"\([^"]*\)".*/\1/')
check "an allowed event is explained too" explain 0 'decided by marked' --log "$sessions" "$allowed"
policy other <<END
files = ( { id = "stricter"; deny = "read"; path = "$scratch/label"; } );
END
check "under another policy the answer is that policy's" explain 1 'decided by stricter' --policy "$scratch/other.conf" \
	--log "$sessions" "$allowed"
check "as JSON" bash -c '"$1" explain --json --log "$2" "$3" | '$python' -c "
import json, sys
answer = json.load(sys.stdin)
(step,) = answer[\"operations\"]
assert answer[\"event\"][\"id\"] == sys.argv[1] and answer[\"verdict\"] == \"deny\" and answer[\"event\"][\"program\"].endswith(\"/cat\")
assert [(r[\"id\"], r[\"line\"], r[\"decides\"]) for r in step[\"rules\"]] == [(\"shut\", 3, True)], step" "$3"' - \
	"$guardctl" "$sessions" "$(id_of read)"
check "an event that is not there is a no" explain 1 'there is no event' --log "$sessions" "$name:1.99999"
check "a slot inside a record is no event" explain 1 'there is no event' --log "$sessions" "$name:7.1"
check "a session that is not there is a no" explain 1 'no session' --log "$sessions" "nowhere:1.1"
host=$(grep -m 1 "\"process-start\"" "$scratch/events" | sed "s/.*\"event\":{\"id\":\"\([^\"]*\)\".*/\1/")
check "what is no operation is told" explain 1 'is no operation that was decided' --log "$sessions" "$host"
check "an event and --by exclude each other" explain 2 'says itself' --by cat "$name:1.1"
check "--log needs an event" explain 2 'goes with an event' --log "$sessions" read /x
cp -r "$session" "$scratch/copy" && rm -f "$scratch/copy/policy.img"
check "without the image there is --policy" explain 125 'policy.img is missing; explain it under another with --policy' "$scratch/copy:1.$(id_of read | sed 's/.*\.//')"
cp "$session/policy.img" "$scratch/copy/" && rm -f "$scratch/copy/policy.conf" && mkfifo "$scratch/copy/policy.conf"
check "without the text the rule has its place" explain 1 'decided by shut' "$scratch/copy:1.$(id_of read | sed 's/.*\.//')"
finish
