#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The commands that read: a real session, and everything that can be wrong with one. Damage is said and counted, what
# is whole is shown, nothing crashes.
#
# GUARD_VALGRIND=1 runs each of them under valgrind, where a leak or a wild read is a failure (./check valgrind).
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

damage=$top_srcdir/tests/e2e/damage.py
crash=$top_builddir/tests/e2e/crash
times=60
read_with=("$guardctl")
if [ -n "${GUARD_VALGRIND-}" ]; then
	read_with=(valgrind -q --error-exitcode=99 --leak-check=full "--errors-for-leak-kinds=definite,indirect"
		--suppressions="$top_srcdir/tests/e2e/valgrind.supp" "$guardctl")
	times=6
fi

# For check: the command ends with STATUS and says something that matches PATTERN.
ends() { # STATUS PATTERN COMMAND [ARGUMENT...]
	local status=$1 pattern=$2 output found
	shift 2
	output=$("${read_with[@]}" "$@" 2>&1)
	found=$?
	[ "$found" = "$status" ] || { printf 'exit status %s, not %s\n%s\n' "$found" "$status" "$output"; return 1; }
	grep -qE -- "$pattern" <<<"$output" || { printf 'no "%s" in:\n%s\n' "$pattern" "$output"; return 1; }
}

# A copy of the session under another name; prints its directory.
copy_of() { # NAME
	cp -r "$session" "$scratch/$1" && echo "$scratch/$1"
}

# Put other bytes into a file.
patch_file() { # FILE OFFSET PRINTF-FORMAT
	# shellcheck disable=SC2059 # the format is the bytes
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

policy real <<END
files = ( { id = "shut"; deny = ["read", "delete"]; path = "$scratch/shut/**"; reason = "not yours"; },
          { id = "named"; allow = "read"; path = "$scratch/open/label"; label = "seen"; } );
commands = ( { id = "no-id"; deny = "exec"; program = "id"; } );
END
mkdir "$scratch/shut" "$scratch/open"
echo secret >"$scratch/shut/file"
echo open >"$scratch/open/label"
cat >"$scratch/work.sh" <<END
cat "$scratch/open/label" >"$scratch/open/new"
mv "$scratch/open/new" "$scratch/open/newer"
cat "$scratch/shut/file"
rm -f "$scratch/shut/file"
id
python3 -c 'import socket; socket.socket().connect_ex(("127.0.0.1", 9))'
true
END
guarded real bash "$scratch/work.sh" 2>/dev/null
session=$(echo "$sessions"/2*)

# A real session.
check "check says yes to a good policy" ends 0 '' check --policy "$scratch/real.conf"
check "report tells the refusals with their rules" ends 0 'rule +shut \(real.conf:2\): not yours' report "$session"
check "report tells which program was refused" ends 0 'exec .*/id' report "$session"
check "report --json is JSON" bash -c '"$@" | python3 -m json.tool | grep -q "\"complete\": "' - \
	"${read_with[@]}" report --json "$session"
check "report --top 0 ends well" ends 0 refused report --top 0 --color always "$session"
check "events shows each" ends 0 'deny +delete +.*/shut/file  rule shut' events "$session"
check "each line of events --json is JSON" bash -c '"$@" | python3 -c "
import json, sys
assert sum(bool(json.loads(line)) for line in sys.stdin) > 10"' - "${read_with[@]}" events --json "$session"
check "events selects by operation, verdict, path and time" \
	ends 0 '^[^ ]+ +[0-9]+ deny +read .*/shut/file' events --log "$sessions" --operation read,delete --verdict deny \
	--path "$scratch/shut/**" --since 1h last
check "sessions lists it" ends 0 "$(basename "$session") .*work.sh" sessions --log "$sessions"

# Not a session.
mkdir "$scratch/empty" "$scratch/nothing" "$scratch/holds-empty"
mkdir "$scratch/holds-empty/20260102T030405-1"
for command in report events trace; do
	check "$command: no such session is a no" ends 1 'no session "nowhere"' $command --log "$sessions" nowhere
	check "$command: a directory without sessions is a no" ends 1 "no session in $scratch/empty" $command --log "$scratch/empty"
	check "$command: a log directory that does not exist is a no" \
		ends 1 'cannot read the sessions in /does/not/exist: No such file' $command --log /does/not/exist
	check "$command: a path that does not exist is a no" ends 1 'cannot open session ./nope: No such file' $command ./nope
	check "$command: an empty directory is no session" ends 125 'has no session.json' $command "$scratch/nothing"
	check "$command: an empty session is told" ends 125 'has no session.json' $command --log "$scratch/holds-empty"
	check "$command: a bad option is wrong usage" ends 2 'usage: guardctl '$command $command --nonsense
done
check "sessions: an empty session is listed" ends 0 'session.json cannot be read' sessions --log "$scratch/holds-empty"
check "sessions: a directory that does not exist is a no" ends 1 'No such file' sessions --log /does/not/exist

# session.json.
copy=$(copy_of no-json) && rm "$copy/session.json"
check "without session.json there is no telling" ends 125 'has no session.json' report "$copy"
copy=$(copy_of bad-json) && echo '{"format": 1, "argv": 7' >"$copy/session.json"
check "a damaged session.json is called so" ends 125 'session.json is damaged' report "$copy"
copy=$(copy_of new-json) && echo '{"format": 99}' >"$copy/session.json"
check "a session.json of a newer libguard is called so" ends 125 'written by a newer libguard' report "$copy"
copy=$(copy_of fifo-json) && rm "$copy/session.json" && mkfifo "$copy/session.json"
check "a FIFO in its place does not hang" ends 125 'session.json is damaged' report "$copy"
copy=$(copy_of hostile-json) && printf '{"format": 1, "mode": "\\u001b[31mred", "argv": ["\\u001b]0;x\\u0007"]}' >"$copy/session.json"
mkdir "$scratch/hostile" && mv "$copy" "$scratch/hostile/"
check "what a session says of itself commands no terminal" bash -c '! { "$@" sessions --log "$hostile"; "$@" report --log "$hostile"; } |
	grep -q "$(printf "\\033")"' - "${read_with[@]}"
export hostile=$scratch/hostile

# What decided, and what was counted.
copy=$(copy_of no-image) && rm -f "$copy/policy.img"
check "without policy.img rules have numbers" ends 0 'policy.img is missing, so rules are shown by number' report "$copy"
check "and in events" ends 0 'deny .* rule rule [0-9]' events "$copy"
check "and in JSON" ends 0 '"name": "rule [0-9]' report --json "$copy"
copy=$(copy_of bad-image) && chmod u+w "$copy/policy.img" && patch_file "$copy/policy.img" 900 'XXXX'
check "a damaged policy.img is not trusted" ends 0 'policy.img is damaged, so rules are shown by number' report "$copy"
copy=$(copy_of no-state) && rm "$copy/state"
check "without the counters losses are unknown" ends 0 'as far as the guard could see' report "$copy"
check "which is said" ends 0 'losses not known: the file "state" is missing or damaged' report "$copy"
copy=$(copy_of lost) && patch_file "$copy/state" 64 '\003\0\0\0\0\0\0\0'
check "lost records are told at the top" ends 0 '^  log .*, 3 lost' report "$copy"

# Segments.
copy=$(copy_of no-log) && rm "$copy"/events-*.log
check "a log that is gone is called so" ends 125 'has no event log' report "$copy"
copy=$(copy_of garbage) && head -c 100000 /dev/urandom >"$copy/events-0001.log"
check "a log of garbage is called so" ends 125 'no file of it is a segment' events "$copy"
copy=$(copy_of empty-log) && : >"$copy/events-0001.log"
check "an empty log file is called so" ends 125 'no file of it is a segment' events "$copy"
copy=$(copy_of newer) && patch_file "$copy/events-0001.log" 12 '\143'
check "a log of a newer version is called so" ends 125 'written by a newer libguard' report "$copy"
copy=$(copy_of other-order) && patch_file "$copy/events-0001.log" 0 '1GOLDRGU'
check "a log of the other byte order is called so" ends 125 'other byte order' report "$copy"
copy=$(copy_of fifo-log) && rm "$copy/events-0001.log" && mkfifo "$copy/events-0001.log"
check "a FIFO in a segment's place does not hang" ends 125 'no file of it is a segment' report "$copy"
copy=$(copy_of less) && patch_file "$copy/events-0001.log" 16 '\020\0'
check "a segment whose head says less hides nothing" same "$("$guardctl" events "$session")" \
	"$("${read_with[@]}" events "$copy")"
check "and is told" ends 0 '1 slot damaged' report "$copy"
copy=$(copy_of short) && truncate -s 60000 "$copy/events-0001.log"
check "a segment cut short is told" ends 0 '1 segment cut short' report "$copy"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null &&
	setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$guardctl" 2>/dev/null; then
	copy=$(copy_of closed) && chmod a+rx "$scratch" "$copy" && chmod a+r "$copy"/*
	chmod 0 "$copy/events-0001.log"
	check "a log that may not be read is called so" bash -c 'output=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$@" 2>&1)
		[ $? = 125 ] && grep -q "cannot read the event log in .*: Permission denied" <<<"$output"' - \
		"${read_with[@]}" report "$copy"
elif [ "$(id -u)" != 0 ]; then
	copy=$(copy_of closed) && chmod 0 "$copy/events-0001.log"
	check "a log that may not be read is called so" ends 125 'cannot read the event log in .*: Permission denied' report "$copy"
else
	skip "a log that may not be read is called so" "no setpriv, or guardctl is not open to others"
fi

# Several segments: one missing, one unreadable; what the others hold is there.
mkdir "$scratch/torn"
copy=$(copy_of many) && rm "$copy"/events-*.log
"$crash" write "$scratch/notes" 20 "$copy" 2>/dev/null
"$crash" fault "$scratch/notes" 1 "$scratch/torn" 2>/dev/null
if [ -e "$copy/events-0003.log" ]; then
	rm "$copy/events-0002.log"
	check "a missing segment is counted" ends 0 '1 segment missing' report "$copy"
	head -c 5000 /dev/urandom >"$copy/events-0002.log"
	check "an unreadable segment is counted, the next is read" ends 0 '1 segment unreadable' report "$copy"
else
	skip "a missing segment is counted" "the writers have filled too few segments"
fi
rm "$copy"/events-*.log && cp "$scratch/torn/events-0001.log" "$copy/"
check "torn records are counted" ends 0 '4 torn by writers that died' report "$copy"

# Anything, anywhere.
check "a log cut at any byte is read, and the loss is told" "$damage" cut "$session" "$times" "${read_with[@]}"
check "a log with other bytes is read" "$damage" flip "$session" "$times" "${read_with[@]}"
check "a session.json cut or with other bytes is read or refused" "$damage" json "$session" "$times" "${read_with[@]}"

# Standard output.
check "a full disk behind standard output is an error" bash -c '"$@" >/dev/full 2>/dev/null; [ $? = 125 ]' - \
	"${read_with[@]}" events "$session"
check "a reader that goes away is none" bash -c '"$@" | head -n 1 >/dev/null; [ "${PIPESTATUS[0]}" = 0 ]' - \
	"${read_with[@]}" events --json "$session"

# Policies that are wrong.
printf 'files = ( { deny = "read"; path = "/a" }; mode = 3 [ "x' >"$scratch/broken.conf"
check "check says where a policy is wrong" ends 1 'broken.conf:1: ' check --policy "$scratch/broken.conf"
printf 'fils = ();\nfiles = ( { deny = "reed"; path = "/a"; } );\n' >"$scratch/wrong.conf"
check "check names each error" ends 1 'did you mean "files"' check --policy "$scratch/wrong.conf"

finish
