#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# doc/event-log.md is enough to read a log by: its example, run on a real session, finds what guardctl finds.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

doc=$top_srcdir/doc/event-log.md

policy plain <<END
files = ( { id = "shut"; deny = "read"; path = "$scratch/shut"; } );
END
long=$scratch/$(printf 'd%.0s' {1..200})/$(printf 'e%.0s' {1..200})
mkdir -p "$long" && echo x >"$long/file" && echo x >"$scratch/shut"
guarded plain sh -c "cat '$long/file' '$scratch/shut' && true; rm '$long/file'" >/dev/null 2>&1
session=$(echo "$sessions"/2*)

# "NANOSECONDS PID VERDICT PATH" of each operation on a file.
by_example() {
	sed -n '/^```python$/,/^```$/{/^```/d;p}' "$doc" >"$scratch/reader.py" &&
		python3 "$scratch/reader.py" "$session" | awk '$3 == 1 && $4 <= 5 { print $1, $2, $5, $6 }' | sort
}
by_guardctl() {
	"$guardctl" events --json "$session" | python3 -c '
import calendar, json, sys, time
for line in sys.stdin:
    event = json.loads(line)
    if "path" in event.get("file", {}):
        second, fraction = event["@timestamp"].rstrip("Z").split(".")
        second = calendar.timegm(time.strptime(second, "%Y-%m-%dT%H:%M:%S"))
        print("%d%s" % (second, fraction), event["process"]["pid"],
              ("allow", "deny", "ask").index(event["libguard"]["verdict"]), event["file"]["path"])' | sort
}

check "the session has events of more than one slot" bash -c "'$guardctl' events '$session' | grep -q '$long/file'"
check "and a refusal" bash -c "'$guardctl' events --verdict deny '$session' | grep -q '$scratch/shut'"
check "the example finds what guardctl finds" same "$(by_guardctl)" "$(by_example)"

# Numbers in the tables against the headers.
header() { # FILE NAME: the value of a #define, as the document spells it
	awk -v name="$2" '$1 == "#define" && $2 == name { sub(/u$/, "", $3); print $3 }' "$top_srcdir/libguard/record/$1"
}
mark() { # NAME
	header segment.h "MARK_$1" | sed 's/0000$//'
}
for name in RESERVED COMMITTED TAIL END; do
	check "the mark $name is told" grep -q "^| \`$(mark $name)\` " "$doc"
done
check "the version is told" grep -q "^# The event log, version $(header segment.h SEGMENT_VERSION)\$" "$doc"
for tag in PPID UID BYTES; do
	check "the tag $tag is told" grep -qE "^\| .*\b$(header segment.h NUMBER_$tag)\b.* \|" "$doc"
done
fields=$(sed -n '/^enum event_field {/,/^}/p' "$top_srcdir/libguard/record/event.h" | grep -c '^	FIELD_[A-Z]*[ ,=]')
check "each field of event.h has a row" same "$fields" "$(sed -n '/^| tag /,/^$/p' "$doc" | grep -cE '^\| ([1-9]|1[0-9]) \|')"

finish
