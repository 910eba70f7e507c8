#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every function of hooks.def that touches the network, programs, processes or the system: allowed where it may, refused
# where it may not, and recorded. Those that touch files: files.sh.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

calls=$top_builddir/tests/e2e/calls
"$calls" list | sort >"$scratch/cases"

policy open <<END
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END
policy shut <<END
files = (
  { id = "code"; deny = "load"; path = "/**"; },
  { id = "users"; deny = "read"; path = ["/etc/passwd", "/etc/group"]; }
);
network = (
  { id = "net"; deny = ["connect", "bind"]; address = "any"; },
  { id = "sending"; deny = "send"; address = "any"; port = 2; }, # the resolver here asks port 1
  { id = "names"; deny = "resolve"; host = ["guard.invalid", "*.arpa"]; }
);
commands = ( { id = "shell"; deny = "exec"; program = ["sh", "dash", "bash"]; } );
process = ( { id = "system"; deny = "all"; } );
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END

# Names of the functions in the newest session's events with a verdict.
recorded() { # VERDICT
	"$guardctl" events --log "$sessions" --json --verdict "$1" | python3 -c '
import json, sys
for line in sys.stdin:
    call = json.loads(line).get("libguard", {}).get("call")
    if call:
        print(call)' | sort -u
}

run() { # POLICY
	guarded "$1" "$calls" run >"$scratch/$1" 2>"$scratch/$1.err"
}

# Without privilege the kernel refuses reserved ports in the same words.
check "the cases run unguarded" bash -c "'$calls' run >'$scratch/bare' 2>/dev/null; grep -q ' passed' '$scratch/bare'"
[ "$(id -u)" != 0 ] || check "and none is refused" refute grep ' refused' "$scratch/bare"
check "they run where all is allowed" run open
recorded allow >"$scratch/open.calls"
check "nothing else is refused there" diff "$scratch/bare" "$scratch/open"
check "each call is recorded there" same "" "$(comm -23 "$scratch/cases" "$scratch/open.calls")"
check "they run where all is refused" run shut
recorded deny >"$scratch/shut.calls"
check "every one is refused there" same "" "$(grep -v ' refused' "$scratch/shut")"
check "each refusal is recorded" same "" "$(comm -23 "$scratch/cases" "$scratch/shut.calls")"
sed -i '1i mode = "audit";' "$scratch/shut.conf"
check "they run where refusals are only recorded" run shut
recorded deny >"$scratch/audit.calls"
check "nothing else is refused there" diff "$scratch/bare" "$scratch/shut"
check "each would-be refusal is recorded" same "" "$(comm -23 "$scratch/cases" "$scratch/audit.calls")"
finish
