#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The demo agent under the guard: its work is done, the harm is refused, and the report names each refusal's rule.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
[ -f "$library" ] || skip_all "no preload library was built"
demo=$top_srcdir/tests/demo
python=/usr/bin/python3
[ -x $python ] || python=python3

# The harmful steps' rules, from the scenario itself.
rules() {
	$python -c 'import json, sys; print("\n".join(sorted({s["rule"] for s in json.load(open(sys.argv[1])) if "rule" in s})))' \
		"$demo/scenario.json"
}

refusals() { # WORLD: the rules that refused something in the session
	"$guardctl" report --json --log "$1/sessions" | $python -c '
import json, sys
report = json.load(sys.stdin)
print("\n".join(sorted({refused["rule"]["name"] for refused in report["refused"]})))'
}

text_report() { # WORLD
	"$guardctl" report --log "$1/sessions"
}

try() { # WORLD-NAME HOW PREFIX...
	local world=$scratch/$1 how=$2
	shift 2
	check "$how: the work is done and no harm" "$demo/run" --world "$world" "$@"
	check "$how: the report names every rule that refused" same "$(rules)" "$(refusals "$world")"
	check "$how: the report can be written" eval "text_report '$world' >'$world.report'"
	for rule in $(rules); do
		check "$how: the text report names $rule" grep -qF "$rule" "$world.report"
	done
}

check "unguarded, the same agent does harm" refute "$demo/run"
try preload "LD_PRELOAD" env LD_PRELOAD="$library" GUARD_POLICY="$demo/guard.conf"
try run "guardctl run" "$guardctl" run --policy "$demo/guard.conf" --
finish
