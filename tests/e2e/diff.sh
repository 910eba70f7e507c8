#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# guardctl diff: two runs of the same job are the same, whatever changes by itself; what is done otherwise is told.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"
export SHELL=/bin/bash # without it a shell asks libc, and that a daemon
[ -f "$library" ] || skip_all "no preload library was built"
python=/usr/bin/python3
[ -x $python ] || python=python3

mkdir "$scratch/shut" "$scratch/tmp" "$scratch/one" "$scratch/two"
echo x >"$scratch/shut/a"
policy main <<END
files = ( { id = "shut"; deny = "read"; path = "$scratch/shut/**"; } );
END
cat >"$scratch/job.sh" <<'END'
cat "$SHUT/a"
file=$(mktemp "$TMPDIR/tmp.XXXXXXXXXX") && rm "$file"
echo $$ >"$TMPDIR/job.pid.$$" && rm "$TMPDIR/job.pid.$$"
python3 -c 'import tempfile; tempfile.NamedTemporaryFile().close(); tempfile.TemporaryDirectory().cleanup()'
echo result >result.txt
cat "/proc/$$/comm"
END
run() { # DIRECTORY [MORE]: a session; prints its id
	(cd "$1" && TMPDIR=$scratch/tmp SHUT=$scratch/shut PATH=/usr/bin:/bin guarded main bash -c ". '$scratch/job.sh'; ${2-:}" >/dev/null 2>&1)
	"$guardctl" sessions --log "$sessions" | sed -n 's/^\(2[^ ]*\).*/\1/p' | head -n 1
}
base=$(run "$scratch/one")
again=$(run "$scratch/two")
other=$(run "$scratch/two" "cp result.txt extra.txt; ls '$scratch/shut/a' >>result.txt; sed -i s/x/y/ extra.txt
	head -c 1 '$scratch/shut/b'; exec $python -c 'import socket; socket.socket().connect_ex((\"127.0.0.1\", 9))'")
[ -n "$base" ] && [ "$base" != "$again" ] && [ "$again" != "$other" ] || exit 99

ends() { # STATUS PATTERN ARGUMENT...
	local expected=$1 pattern=$2 status
	shift 2
	"$guardctl" "$@" >"$scratch/out" 2>&1
	status=$?
	cat "$scratch/out"
	[ "$status" = "$expected" ] && grep -qE -- "$pattern" "$scratch/out"
}
check "the same job is the same" ends 0 '^no drift: the same 1 refused, 0 hosts, [0-9]+ programs, [0-9]+ objects$' \
	diff --log "$sessions" "$base" "$again"
check "another job is not" ends 1 '^drift: ' diff --log "$sessions" --top 0 "$base" "$other"
check "a new object is told" grep -qE '^  \+ <workspace>/extra.txt  .*create' "$scratch/out"
check "a new program is told" grep -qE '^  \+ .*/sed  \(1x, ' "$scratch/out"
check "a new host is told" grep -qF '+ 127.0.0.1:9  connect' "$scratch/out"
check "a new refusal is told" grep -qE '^  \+ read .*/shut/b, by shut  \(1x, ' "$scratch/out"
check "what is done otherwise is told" grep -qE '~ <workspace>/result.txt  read,.*, was write' "$scratch/out"
check "with an event that can be explained" bash -c '
	id=$(sed -n "s/.*shut\/b, by shut  (1x, \(.*\))/\1/p" "$1"); "$2" explain --log "$3" "$id" | grep -q "decided by shut"' - \
	"$scratch/out" "$guardctl" "$sessions"
check "the other way round it is gone" ends 1 '^  - <workspace>/extra.txt' diff --log "$sessions" --top 0 "$other" "$base"
check "a run is the newest if nothing else is said" ends 1 '^drift: ' diff --log "$sessions" "$base"
check "lists are cut, and say so" ends 1 'more \(--top 0 shows all\)' diff --log "$sessions" --top 1 "$base" "$other"
check "as JSON it is the same" bash -c '"$1" diff --json --log "$2" "$3" "$4" | '$python' -c "
import json, sys
drift = json.load(sys.stdin)
assert drift[\"drift\"] and drift[\"base\"] == sys.argv[1] and drift[\"not_compared\"] == 0
rows = {(l, r[\"change\"], r[\"name\"]) for l in (\"refused\", \"hosts\", \"programs\", \"objects\") for r in drift[l][\"changes\"]}
assert {(\"hosts\", \"new\", \"127.0.0.1:9\"), (\"objects\", \"new\", \"<workspace>/extra.txt\"),
        (\"objects\", \"changed\", \"<workspace>/result.txt\")} <= rows, rows
assert all(r[\"event\"].startswith(sys.argv[2]) for r in drift[\"hosts\"][\"changes\"])" "$3" "$4"' - \
	"$guardctl" "$sessions" "$base" "$other"
check "without drift JSON says so" ends 0 '"drift": false' diff --json --log "$sessions" "$base" "$again"
cp -r "$sessions/$again" "$scratch/lossy" && printf '\003' | dd of="$scratch/lossy/state" bs=1 seek=64 conv=notrunc status=none
check "what was lost is no agreement without a word" ends 0 '^no drift: .*, as far as the guard could see$' diff "$sessions/$base" "$scratch/lossy"
check "a session that is not there is no drift" ends 125 'no session "nowhere"' diff --log "$sessions" nowhere "$base"
check "nor is one that is missing on the command line" ends 2 'is missing' diff --log "$sessions"
check "three are too many" ends 2 'too many' diff a b c

check "a pipeline fails on drift" ends 1 'guardctl: session .*: [0-9]+ drift' report --log "$sessions" --fail-on drift --base "$base" "$other"
check "and not without" ends 0 . report --log "$sessions" --fail-on drift --base "$base" "$again"
check "a base that is not there is no finding" ends 125 'no session' report --log "$sessions" --fail-on drift --base nowhere "$again"
check "drift needs a base" ends 2 'go together' report --log "$sessions" --fail-on drift "$again"
check "a base needs drift" ends 2 'go together' report --log "$sessions" --base "$base" "$again"
finish
