#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The disk of the log is full: no SIGBUS, no hang; losses are counted and told, or what cannot be recorded is refused.
# A small tmpfs in a mount namespace of this script's own is the disk.
if [ -z "${GUARD_TEST_NAMESPACE-}" ]; then
	export GUARD_TEST_NAMESPACE=1
	unshare -m true 2>/dev/null && exec unshare -m "$0"
	unshare -Urm true 2>/dev/null && exec unshare -Urm "$0"
	echo "1..0 # SKIP mount namespaces are not available"
	exit 0
fi
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
mount -t tmpfs -o size=1m tmpfs "$sessions" 2>/dev/null || skip_all "a tmpfs cannot be mounted"

guest=$scratch/guest.py
cat >"$guest" <<'END'
"""Remove NUMBER files that are not there; print how often each error came, and whether the last was another."""
import collections, errno, os, sys, time

filler = sys.argv[2] if len(sys.argv) > 2 else None
seen = collections.Counter()
if filler:
    try:
        with open(filler, "wb") as file:
            while True:
                file.write(bytes(65536))
                file.flush()
    except OSError:
        pass

def remove(name):
    try:
        os.unlink(name)
    except OSError as error:
        seen[errno.errorcode[error.errno]] += 1
        last = errno.errorcode[error.errno]
    return last

for i in range(int(sys.argv[1])):
    last = remove("/not-there-%d" % i)
if filler:
    os.unlink(filler)
    time.sleep(2.5)
    last = remove("/after-it-was-emptied")
print(*sorted("%s=%d" % item for item in seen.items()), "last=" + last)
END

# Begin with an empty disk of SIZE.
disk() { # SIZE [TYPE]
	umount "$sessions" && mount -t "${2-tmpfs}" -o "size=$1" none "$sessions"
}

full_policy() { # NAME REQUIRED
	cat >"$scratch/$1.conf" <<-END
		default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
		log = { directory = "$sessions"; required = $2; };
	END
}
full_policy counts false
full_policy refuses true

run_guest() { # POLICY NUMBER [FILLER]: its output in guest.out, what the guard said in guest.err
	guarded "$1" timeout 120 python3 -S "$guest" "${@:2}" >"$scratch/guest.out" 2>"$scratch/guest.err" || {
		echo "exit status $?"
		tail -n 5 "$scratch/guest.err"
		return 1
	}
}

says() { # FILE PATTERN
	grep -E -- "$2" "$scratch/$1" || { head -n 20 "$scratch/$1"; return 1; }
}

report() { # KEY of report --json's coverage
	"$guardctl" report --json --log "$sessions" | python3 -c "import json, sys; print(json.load(sys.stdin)['coverage']['$1'])"
}

recorded() {
	"$guardctl" events --log "$sessions" --path '/not-there-*' | grep -c ' delete '
}

# Each of the 30 000 is recorded or counted as lost; a few other operations may be lost too.
all_accounted_for() {
	local lost recorded
	lost=$(report lost) recorded=$(recorded)
	echo "$recorded recorded, $lost lost"
	[ "$lost" -gt 0 ] && [ "$recorded" -gt 5000 ] && [ $((lost + recorded)) -ge 30000 ] &&
		[ $((lost + recorded)) -lt 30500 ]
}

# Room for the first segment and not for the second.
disk 3m
check "losses counted: a guest goes on when the log is full" run_guest counts 30000
check "losses counted: the guest notices nothing" says guest.out '^ENOENT=30000 last=ENOENT$'
check "losses counted: the supervisor says that the log cannot grow" says guest.err 'the log of .* cannot grow: No space left on device'
check "losses counted: each operation is recorded or lost" all_accounted_for
"$guardctl" report --log "$sessions" >"$scratch/report"
check "losses counted: the report says so at its top" bash -c "head -n 7 '$scratch/report' | grep -E '^  log .*, [0-9]+ lost'"
check "losses counted: and that it did not see all" says report '^Nothing was refused, .* as far as the guard could see'

disk 3m
check "record required: a guest goes on when the log is full" run_guest refuses 30000
check "record required: what cannot be recorded is refused with EIO" says guest.out '^EIO=[0-9]+ ENOENT=[0-9]+ last=EIO$'
check "record required: the guard says why" says guest.err 'refused delete /not-there-[0-9]+ \(the event log is full and the policy requires it\)'
check "record required: the report says that records were lost" [ "$(report lost)" -gt 0 ]
check "record required: and is not complete" same False "$(report complete)"

# Filled by somebody else while the session runs, and emptied again.
disk 8m
check "filled from outside: no SIGBUS in what is mapped" run_guest counts 30000 "$sessions/filler"
check "filled from outside: the guest notices nothing" says guest.out '^ENOENT=30001 last=ENOENT$'
check "filled from outside: losses are counted" all_accounted_for
check "emptied again: recording goes on" bash -c "'$guardctl' events --log '$sessions' | grep -q /after-it-was-emptied"

# No room for a session at all.
disk 200k
check "no room at all: the program is not started" bash -c "'$guardctl' run --policy '$scratch/refuses.conf' -- touch '$scratch/ran' \
	2>'$scratch/guest.err'; [ \$? = 126 ] && [ ! -e '$scratch/ran' ]"
check "no room at all: it is said why" says guest.err 'no session can be kept in .* \(No space left on device\)'
check "no room at all: nothing is left behind" same "" "$(ls -A "$sessions")"

# A file system that knows no fallocate(2).
if disk 64m ramfs 2>/dev/null; then
	check "without fallocate a session is recorded" run_guest refuses 100
	check "without fallocate all of it is" same 100 "$(recorded)"
else
	skip "without fallocate a session is recorded" "ramfs cannot be mounted"
	mount -t tmpfs none "$sessions"
fi

umount "$sessions"
finish
