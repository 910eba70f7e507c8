#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Refused operations are told with the line of Python that asked for them, in every version of Python that is here.
# What the log says is compared with what Python says itself.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"

agent=$scratch/agent.py
cp "$top_srcdir/tests/e2e/source_agent.py" "$agent"

world() {
	rm -rf "$scratch/world" "$sessions"
	mkdir -p "$sessions" "$scratch/world/kept/library/below/deeper"
	touch "$scratch/world/kept/library/below/deeper/file"
}

source_policy() { # NAME STACKS MODE
	cat >"$scratch/$1.conf" <<-END
		mode = "$3";
		log = { directory = "$sessions"; stacks = "$2"; };
		files = ( { id = "kept"; deny = ["delete", "create"]; path = "$scratch/world/kept/**"; } );
	END
}

# What the newest session's refusals tell: "CASE FILE LINE FUNCTION", a case being the file's last name.
told() {
	"$guardctl" report --log "$sessions" --json --top 0 | python3 -c '
import json, os, sys
for refusal in json.load(sys.stdin)["refused"]:
    source = refusal.get("source")
    case = refusal["object"].split("/kept/")[1].split("/")[0]
    if source:
        print(case, os.path.basename(source["file"]), source.get("line", 0), source["function"])
    else:
        print(case, "no source line")' | sort -u
}

cases() { # POLICY PYTHON
	world
	PYTHONIOENCODING=utf-8 PYTHONWARNINGS=ignore guarded "$1" timeout 60 "$2" "$agent" cases "$scratch/world" >"$scratch/expected" 2>"$scratch/errors" ||
		{ grep -v '^libguard: refused' "$scratch/errors"; return 1; }
	sort -u "$scratch/expected" >"$scratch/sorted"
}

same_lines() {
	[ "$(wc -l <"$scratch/sorted")" -ge 25 ] && told >"$scratch/told" && diff "$scratch/sorted" "$scratch/told"
}

# In a storm each event's file says which function asked for it.
storm_is_told() {
	"$guardctl" events --log "$sessions" --json --verdict deny | python3 -c '
import json, os, sys
count = 0
for line in sys.stdin:
    event = json.loads(line)
    origin = event["log"]["origin"]
    name = os.path.basename(event["file"]["path"])
    assert origin["function"] == name and origin["file"]["name"] == "<storm>", event
    assert 2 <= origin["file"]["line"] <= 8, event
    assert any(frame.endswith(" work") for frame in event["libguard"]["stack"]), event
    count += 1
assert count == 8 * 40, count'
}

storm() { # PYTHON
	world
	PYTHONWARNINGS=ignore guarded denied timeout 60 "$1" "$agent" storm "$scratch/world" 2>&1 | { ! grep -v '^libguard: refused'; } &&
		[ "${PIPESTATUS[0]}" = 0 ]
}

pythons() { # VERSION
	local python
	for python in /usr/bin/python"$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python"$1"; do
		[ -x "$python" ] && echo "$python"
	done
}

source_policy denied denied enforce
source_policy none none enforce
source_policy audit all audit

for version in 3.8 3.9 3.10 3.11 3.12 3.13 3.14; do
	mapfile -t found < <(pythons $version)
	[ ${#found[@]} -gt 0 ] || skip "refusals of Python $version are told with their source line" "no Python $version here"
	for python in "${found[@]}"; do
		check "$python: the agent's steps are refused" cases denied "$python"
		check "$python: each is told with file, line and function" same_lines
		check "$python: threads that are switched all the time lose nothing" storm "$python"
		check "$python: each of their refusals has its own line" storm_is_told
	done
done

first=$(for version in 3.11 3.12 3.13 3.10 3.9 3.8; do pythons $version; done | head -n 1)
if [ "$first" ]; then
	cases denied "$first" >/dev/null
	check "the report names the line" grep -qE "^ +source +[^ ]*agent.py:[0-9]+ in direct$" \
		<("$guardctl" report --log "$sessions" --top 0)
	check "the report says which line started a program" grep -qE "agent.py:[0-9]+ in cases, which started it" \
		<("$guardctl" report --log "$sessions" --top 0)
	check "code in no file is told with its caller" grep -qE "<made>:5 in made, from [^ ]*agent.py:[0-9]+ in refused" \
		<("$guardctl" report --log "$sessions" --top 0)
	check "nothing is told where the policy wants no stacks" bash -c "true && $(declare -f cases world guarded); $(declare -p scratch sessions agent library)
		cases none '$first' && ! '$guardctl' events --log '$sessions' --json | grep -q log.origin"
	world
	check "allowed operations are told where the policy wants all" bash -c "$(declare -f guarded); $(declare -p scratch library)
		guarded audit '$first' -c 'open(\"$scratch/world/new\", \"w\")' &&
		'$guardctl' events --log '$sessions' --json | grep -F '$scratch/world/new' | grep -q '<string>:1 <module>'"
fi

finish
