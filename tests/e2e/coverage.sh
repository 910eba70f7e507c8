#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every operation has one record, each process its coverage: what a hook recorded is not recorded again by the kernel door,
# and what runs without hooks is told with the reason.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
[ -z "$doorless" ] || skip_all "no kernel door here"

build() { "${CC:-cc}" -O1 "$@"; }
actor=$scratch/actor static=$scratch/static
build -o "$actor" "$top_srcdir/tests/e2e/coverage.c" -ldl -pthread 2>/dev/null || skip_all "no compiler"
build -static -DIS_STATIC -o "$static" "$top_srcdir/tests/e2e/coverage.c" 2>/dev/null || static=
cd "$scratch" || exit 99
mkdir list && for name in action first second list/entry; do echo x >$name; done
echo 'int coverage_object;' | build -shared -fPIC -x c -o object.so - || exit 99
cp /bin/true counted && cp /bin/true other
cat >all.conf <<-END
	mode = "audit";
	default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
	log = { directory = "$sessions"; reads = "all"; };
END
policy over <<-END
	default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
	commands = ( { id = "many"; deny = "exec"; program = "$scratch/counted"; over = 3; per = 600; } );
END

run() { # POLICY COMMAND...
	local name=$1
	shift
	rm -rf "${sessions:?}"/*
	"$guardctl" run --policy "$scratch/$name.conf" -- "$@"
}

# The last session's events, a line each: door, what happened, object, words or why it has no hooks, pid, parent.
events() {
	"$guardctl" events --log "$sessions" --json | python3 -c '
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    process, guard = event["process"], event.get("libguard", {})
    what = event["event"]["action"]
    name = event.get("file", {}).get("path") or process.get("executable") or "-"
    print(guard.get("door"), what, event["event"].get("outcome", "-"), name, "|".join(process.get("args", [])) or "-",
          guard.get("coverage", "-"), process["pid"], process.get("parent", {}).get("pid", "-"))'
}

one() { # PATTERN: one record, and it is the hook's
	same "1 hook" "$(grep -cE "$1" found) $(grep -m1 -E "$1" found | cut -d' ' -f1)" || { grep -E "$1" found; false; }
}

check "what hooks decide and libc does works" run all "$actor" once
events >found
for word in one two '.*: three' '.*: four'; do
	check "one record of the program started with ${word#.\*}" one "^[a-z]+ exec success [^ ]+ [^ ]*${word// /.}"
done
check "one record of the shell that expands a word" one ' exec success .*five'
check "one record of what a file action opens" one " read success $scratch/action "
check "one record of a file that is reopened" one " read success $scratch/second "
check "one record of a directory that is listed" one " read success $scratch/list "
check "one record of a library that is loaded" one " load success $scratch/object.so "
check "one record of a semaphore" one " create success /dev/shm/sem.libguard-coverage "
check "one record of a change of identity" one " identity success "
check "no file of a locale is recorded twice in a process" same "" \
	"$(grep -E ' read success .*/LC_' found | cut -d' ' -f4,7 | sort | uniq -d)"
check "Python's subprocess" run all /usr/bin/python3 -c 'import subprocess, os
subprocess.run(["/bin/true", "run"]); subprocess.run("/bin/true shell", shell=True); os.system("/bin/true system")
os.waitpid(os.posix_spawn("/bin/true", ["true", "spawn"], os.environ), 0)'
events >found
for word in '/bin/true|run' '/bin/sh|-c|/bin/true shell' 'sh|-c|/bin/true system' 'true|spawn'; do
	check "one record of $word" same "1 hook" "$(grep -F " exec success " found | grep -cF " $word ") $(
		grep -F " exec success " found | grep -m1 -F " $word " | cut -d' ' -f1)"
done

check "a rule counts what libc starts for a hook once" same 3 "$(run over "$actor" spawn 5 "$scratch/counted" 2>/dev/null)"
check "and the refusals are on record" same 2 "$("$guardctl" events --log "$sessions" | grep -c 'deny  *exec')"

# Whose children are whose.
cat >sub.sh <<-'END'
	x=$(/bin/true a; (/bin/true b; env /bin/true c); /bin/true d)
	echo "$x"
	# What libc asks for a shell on its own, such as who its user is, is no hook's.
	for i in {1..200}; do read -r x <sub.sh; done
END
check "a shell with subshells" run all bash sub.sh
check "what subshells run hangs below the shell" same "  bash sub.sh
    /bin/true a
    /bin/true b
    env /bin/true c
      /bin/true c
    /bin/true d" "$("$guardctl" report --log "$sessions" | sed -n '/^Programs/,/^$/{/^ /p}')"
check "the report tells what share the hooks recorded" eval \
	"'$guardctl' report --log '$sessions' | grep -E 'by hooks +(9[5-9]|100)\.[0-9] % of what programs with hooks did'"
for format in markdown html; do
	check "so does $format" eval "'$guardctl' report --log '$sessions' --format $format | grep -qE '(9[5-9]|100)\.[0-9] % of what programs'"
done
check "and JSON" eval "'$guardctl' report --log '$sessions' --json | python3 -c 'import json, sys
found = json.load(sys.stdin)[\"coverage\"]
sys.exit(not (found[\"hooks_per_mille\"] >= 950 and found[\"hooked_by_hooks\"] > 0 and found[\"by_loaders\"] > 0))'"

# A session of the version before: its counters lie where they did.
old_session() {
	local state
	state=$(echo "$sessions"/*/state) && printf '\1' | dd of="$state" bs=1 seek=8 conv=notrunc status=none &&
		"$guardctl" report --log "$sessions" | grep -q 'none lost'
}
check "the counters of an older session are read" old_session

# Programs without hooks.
covered() { # NAME COVERAGE
	same 1 "$(events | grep ' process-uncovered ' | grep -c " [^ ]*/$1 .* $2 ")"
}
if [ -n "$static" ]; then
	check "a static program, first of its session" run all "$static" read action
	check "it is told" covered static static
	check "a program without environment" run all "$static" empty "$actor" read action
	check "it is told why no hook is in it" covered actor no-env
	check "a program whose library is missing" run all "$static" fake "$actor" read action
	check "that is noticed" covered actor not-loaded
	check "the report tells it" eval "'$guardctl' report --log '$sessions' | grep 'should have been loaded and was not'"
	check "a static program that libc starts" run all "$actor" spawn 1 "$static"
	check "is told once" covered static static
	check "with its own number, below who started it" eval "read -r pid parent <<<\"\$(events | awk '/ process-uncovered /{print \$7, \$8}')\"
		events | awk '/ process-start /{print \$7}' | grep -qx \"\$parent\" && [ \"\$pid\" != \"\$parent\" ]"
else
	skip "programs without hooks are told" "no static libc"
fi
if command -v go >/dev/null; then
	printf 'package main\nimport "os"\nfunc main() { os.ReadFile("action") }\n' >main.go
	if CGO_ENABLED=0 GOFLAGS=-mod=mod GOCACHE=$scratch/gocache go build -o goprogram main.go 2>/dev/null; then
		check "a Go program" run all bash -c './goprogram; :'
		check "is told" covered goprogram static
		check "what it does is recorded by the kernel door" eval "events | grep -q '^kernel read success $scratch/action '"
	else
		skip "a Go program is told" "go cannot build here"
	fi
else
	skip "a Go program is told" "no go here"
fi
check "a text without #! is no program" eval "printf 'true\n' >text && chmod +x text && run all env ./text && refute grep -q uncovered <(events)"
finish
