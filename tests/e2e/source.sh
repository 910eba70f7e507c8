#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Refused operations are told with the line of Python or JavaScript that asked for them, in every version that is here.
# What the log says is compared with what the language says itself.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

agent=$scratch/agent.py
cp "$top_srcdir/tests/e2e/source_agent.py" "$agent"

world() {
	rm -rf "$scratch/world" "$sessions"
	mkdir -p "$sessions" "$scratch/world/kept/library/below/deeper"
	touch "$scratch/world/kept/library/below/deeper/file"
}

source_policy() { # NAME STACKS MODE [MORE]
	cat >"$scratch/$1.conf" <<-END
		mode = "$3";
		log = { directory = "$sessions"; stacks = "$2"; $4 };
		files = ( { id = "kept"; deny = ["delete", "create"]; path = "$scratch/world/kept/**"; } );
		$doorless
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
assert count == 8 * (40 + 5), count'
}

storm() { # POLICY PYTHON
	world
	PYTHONWARNINGS=ignore guarded "$1" timeout 60 "$2" "$agent" storm "$scratch/world" 2>&1 | { ! grep -v '^libguard: refused'; } &&
		[ "${PIPESTATUS[0]}" = 0 ]
}

# The outermost frame of the program itself lies in it, and its build-id is that of the file.
native_is_told() { # PYTHON
	"$guardctl" events --log "$sessions" --json --verdict deny >"$scratch/events"
	python3 - "$scratch/events" "$(readelf -n "$(realpath "$1")" | awk '/Build ID/ { print $3 }')" <<-'END'
		import json, re, sys
		with_stack = 0
		for line in open(sys.argv[1]):
		    frames = json.loads(line)["libguard"].get("native_stack", [])
		    assert len(frames) <= 16 and all(re.match(r"(\S+\+)?0x[0-9a-f]+( ([0-9a-f]+|-))?$", frame) for frame in frames), frames
		    with_stack += any(re.search(r"libc\.so\.6\+0x[0-9a-f]+ [0-9a-f]{40}$", frame) for frame in frames)
		    own = [frame.split()[1] for frame in frames if frame.startswith("-+")]
		    assert set(own) <= {sys.argv[2]}, own
		assert with_stack > 100, with_stack
	END
}

pythons() { # VERSION
	local python
	for python in /usr/bin/python"$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python"$1"; do
		[ -x "$python" ] && echo "$python"
	done
}

source_policy denied denied enforce
source_policy none none enforce
source_policy native denied enforce 'native = true;'
source_policy audit all audit

for version in 3.8 3.9 3.10 3.11 3.12 3.13 3.14; do
	mapfile -t found < <(pythons $version)
	[ ${#found[@]} -gt 0 ] || skip "refusals of Python $version are told with their source line" "no Python $version here"
	for python in "${found[@]}"; do
		check "$python: the agent's steps are refused" cases denied "$python"
		check "$python: each is told with file, line and function" same_lines
		check "$python: threads that are switched all the time lose nothing" storm denied "$python"
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
	if [ -e "$(ldconfig -p | awk '/libunwind\.so\.8 / { print $NF; exit }')" ]; then
		check "threads that fork while others walk the native stack go on" storm native "$first"
		check "nor do they lose source lines" storm_is_told
		check "native frames name the file, the place in it and its build" native_is_told "$first"
	else
		skip "native frames name the file, the place in it and its build" "no libunwind here"
	fi
	world
	check "allowed operations are told where the policy wants all" bash -c "$(declare -f guarded); $(declare -p scratch library)
		guarded audit '$first' -c 'open(\"$scratch/world/new\", \"w\")' &&
		'$guardctl' events --log '$sessions' --json | grep -F '$scratch/world/new' | grep -q '<string>:1 <module>'"
fi

# JavaScript. Versions whose interface is not known are told nothing of. NODES names further programs to try.
nodes() {
	local node
	for node in $(type -ap node | xargs -r realpath | sort -u) ${NODES-}; do
		case $("$node" -p process.versions.v8 2>/dev/null) in
		10.2.* | 11.3.* | 12.4.* | 13.6.*) echo "$node" ;;
		esac
	done
}

node_cases() { # NODE
	world
	guarded denied timeout 60 "$1" "$top_srcdir/tests/e2e/source_agent.js" "$scratch/world" >"$scratch/expected" 2>"$scratch/errors" ||
		{ grep -v '^libguard: refused' "$scratch/errors"; return 1; }
	sort -u "$scratch/expected" >"$scratch/sorted"
	[ "$(wc -l <"$scratch/sorted")" = 9 ] && told >"$scratch/told" && diff "$scratch/sorted" "$scratch/told"
}

# os.freemem() reads a file; V8's compiled code calls it without leave to use the heap, the interpreter with it.
node_storm() { # NODE
	world
	cat >"$scratch/fast.conf" <<-END
		log = { directory = "$sessions"; };
		files = ( { id = "kept"; deny = "read"; path = "/proc/meminfo"; } );
	END
	guarded fast timeout 60 "$1" --max-semi-space-size=1 -e '
		const os = require("os");
		let heap = [];
		function hot() { os.freemem(); }
		for (let i = 0; i < 15000; i++) {
			hot();
			heap.push({ i });
			if (heap.length > 1000) heap = [];
		}' 2>"$scratch/errors" && "$guardctl" report --log "$sessions" --json | python3 -c '
import json, sys
refused = json.load(sys.stdin)["refused"]
assert sum(refusal["count"] for refusal in refused) >= 15000, refused
lines = {refusal["source"]["function"]: refusal["count"] for refusal in refused if "source" in refusal}
assert set(lines) == {"hot"}, lines'
}

mapfile -t found < <(nodes)
[ ${#found[@]} -gt 0 ] || skip "refusals of Node.js are told with their source line" "no Node.js of a known version here"
for node in "${found[@]}"; do
	check "$node: refusals are told with file, line and function" node_cases "$node"
	check "$node: V8 is not asked where its heap may not be used" node_storm "$node"
done

finish
