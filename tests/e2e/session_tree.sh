#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One session is the whole tree: orphans, daemons, sessions in sessions, children with any environment.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

actor=$top_builddir/tests/e2e/actor
touch "$scratch/f"
mkdir "$scratch/shut" "$scratch/inner"
touch "$scratch/shut/f" "$scratch/inner/f"

policy tree <<END
files = ( { id = "shut"; deny = "all"; path = "$scratch/shut/**"; } );
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END
policy inner <<END
files = ( { id = "inner"; deny = "all"; path = "$scratch/inner/**"; } );
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END

await() { # COMMAND...
	for _ in {1..100}; do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
	echo "did not come: $*"
	return 1
}

# The newest session's events of one verdict name the path.
recorded() { # VERDICT PATH
	"$guardctl" events --log "$sessions" --verdict "$1" --json | grep -qF "\"$2\"" ||
		{ "$guardctl" events --log "$sessions" | tail -n 20; echo "no $1 of $2"; false; }
}

field() { # NAME: of the newest session's session.json
	local id
	id=$("$guardctl" sessions --log "$sessions" | awk '{ print $1; exit }')
	sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p" "$(find "$sessions" -path "*/$id/session.json")"
}

daemon_goes_on() {
	rm -f "$scratch/said" "$scratch/go"
	# A reader of its output does not wait for what the guard leaves behind.
	same "" "$(timeout 20 "${guard[@]}" "$actor" daemon /bin/bash -c "exec >/dev/null 2>&1
		for i in {1..100}; do [ -e '$scratch/go' ] && break; sleep 0.1; done; '$actor' files '$scratch' 30000 >'$scratch/said'
		cat '$scratch/shut/f'; '$actor' files '$scratch' 1 >>'$scratch/said'" 2>&1)" || return
	[ "$(field survivors)" -ge 1 ] && same 0 "$(field exit_code)" || return
	touch "$scratch/go"
	await test -s "$scratch/said"
	await grep -q '^1' <("$guardctl" events --log "$sessions" --verdict deny | wc -l)
	same "0 failed 0
0 failed 0" "$(cat "$scratch/said")"
	recorded deny "$scratch/shut/f" && "$guardctl" report --log "$sessions" | grep -q 'none lost'
}

# Nothing is left behind once the last survivor has ended.
server_ends() {
	local pid
	"${guard[@]}" "$actor" daemon /bin/bash -c 'exec >/dev/null 2>&1; sleep 1' || return
	pid=$(pgrep -f "(supervise|run) .*actor daemon /bin/bash -c exec >/dev/null 2>&1; sleep 1$" | tail -n 1)
	[ -n "$pid" ] || { echo "nobody serves the daemon"; return 1; }
	for _ in {1..150}; do [ -e "/proc/$pid" ] || return 0; sleep 0.1; done
	ps -p "$pid" -o pid,stat,args
	return 1
}

no_zombies() {
	# Ten orphans end while the program runs; the supervisor is their parent by then.
	same 0 "$("${guard[@]}" bash -c 'for i in {1..10}; do (sleep 0.1 &); done; sleep 0.6
		ps --ppid $PPID -o stat=,args= | grep -c "^Z"')"
}

program_sees_own_children() {
	same "10" "$("${guard[@]}" bash -c 'for i in {1..10}; do bash -c "exit 1" || echo; done | wc -l')"
}

nested() {
	# guardctl itself is never guarded, so it cannot be the first process of the outer session.
	"${guard[@]}" env "$guardctl" run --policy "$scratch/inner.conf" -- bash -c "cat '$scratch/shut/f'; cat '$scratch/inner/f'
		cat '$scratch/f' && exit 4" 2>"$scratch/err"
	same 4 $? || return
	same "2 0" "$(grep -c 'refused read' "$scratch/err") $(grep -vc 'refused read\|Permission denied' "$scratch/err")" || return
	same 2 "$("$guardctl" sessions --log "$sessions" | grep -c "$(date -u +%Y)")" || return
	# The inner session is the newer one; each holds what it refused.
	recorded deny "$scratch/inner/f" && recorded allow "$scratch/f"
}

too_deep() {
	local nest=("$guardctl" run --policy "$scratch/inner.conf" --)
	"${guard[@]}" env "${nest[@]}" "${nest[@]}" "${nest[@]}" bash -c 'exit 3'
	same 3 $? || return
	"${guard[@]}" env "${nest[@]}" "${nest[@]}" "${nest[@]}" "${nest[@]}" bash -c 'exit 3' 2>"$scratch/err"
	same 125 $? && grep -q 'no more are possible' "$scratch/err"
}

concurrent() {
	local pids=() pid i
	rm -rf "${sessions:?}"/*
	for i in {1..10}; do
		"${guard[@]}" bash -c "for j in 1 2 3; do cat '$scratch/f'; done; cat '$scratch/shut/f' 2>/dev/null; exit $i" 2>/dev/null &
		pids+=($!)
	done
	for i in {1..10}; do
		wait "${pids[i - 1]}"
		same "$i" $? || return
	done
	same 10 "$("$guardctl" sessions --log "$sessions" | grep -c 'exit status')" || return
	for pid in $("$guardctl" sessions --log "$sessions" | awk '{ print $1 }'); do
		same 1 "$("$guardctl" events --log "$sessions" --verdict deny "$pid" | grep -c "$scratch/shut/f")" || return
	done
}

joins() { # COMMAND...: runs cat on the shut file in some roundabout way
	refute "${guard[@]}" "$@" 2>"$scratch/err" && recorded deny "$scratch/shut/f" && grep -q 'libguard: refused read' "$scratch/err"
}

joins_after_unset() {
	joins bash -c "unset LD_PRELOAD GUARD_SESSION; cat '$scratch/shut/f'" &&
		joins bash -c "LD_PRELOAD=/nowhere.so GUARD_SESSION=/nowhere cat '$scratch/shut/f'" &&
		joins python3 -c "import os; os.environ.clear(); os.execv('/bin/cat', ['cat', '$scratch/shut/f'])" &&
		joins python3 -c "import subprocess, sys; sys.exit(subprocess.call(['/bin/cat', '$scratch/shut/f'], env={}))"
}

foreign_preload() {
	local other=$top_builddir/tests/e2e/beside.so
	${CC:-cc} -shared -fPIC -o "$scratch/beside.so" -x c - <<'END' || return
#include <unistd.h>
__attribute__((constructor)) static void here(void)
{
	static const char text[] = "beside\n";
	if (write(1, text, sizeof text - 1) < 0)
		_exit(1);
}
END
	other=$scratch/beside.so
	same "beside
beside" "$(LD_PRELOAD="$library:$other" GUARD_POLICY=$scratch/tree.conf bash -c "exec env cat '$scratch/f'" | tail -n 2)" || return
	same "beside" "$(LD_PRELOAD="$other $library" GUARD_POLICY=$scratch/tree.conf /bin/cat "$scratch/f")" || return
	same "beside" "$("$guardctl" run --policy "$scratch/tree.conf" -- env LD_PRELOAD="$other" cat "$scratch/f")"
}

relative_preload() {
	(cd "$(dirname "$library")" && LD_PRELOAD=./libguard.so GUARD_POLICY=$scratch/tree.conf \
		bash -c "cd / && cat '$scratch/shut/f'") 2>"$scratch/err"
	[ $? = 1 ] && recorded deny "$scratch/shut/f" || return
	cp "$scratch/tree.conf" "$scratch/relative.conf"
	(cd "$scratch" && LD_PRELOAD=$library GUARD_POLICY=relative.conf bash -c "cd / && cat '$scratch/shut/f'") 2>"$scratch/err"
	[ $? = 1 ] && recorded deny "$scratch/shut/f"
}

descriptors_as_bare() {
	local bare
	bare=$(bash -c 'echo /proc/self/fd/*')
	same "$bare" "$("${guard[@]}" bash -c 'echo /proc/self/fd/*')"
}

parent_is_supervisor() {
	"${guard[@]}" bash -c '[ "$(cat /proc/$PPID/comm)" = guardctl ]'
}

# Whoever is named by /etc/ld.so.preload is loaded into guardctl as well.
for how in preload run; do
	guard_by $how tree
	check "$how: a daemon is guarded and recorded after the first process ended" daemon_goes_on
	check "$how: what serves a daemon ends after it" server_ends
	check "$how: orphans leave no zombies" no_zombies
	check "$how: a program waits for its own children" program_sees_own_children
	check "$how: the supervisor is the program's parent" parent_is_supervisor
	check "$how: a program finds the descriptors it would have without a guard" descriptors_as_bare
	rm -rf "${sessions:?}"/*
	check "$how: a session in a session: both decide, both record" nested
	check "$how: as many as four nest, the fifth is refused with a sentence" too_deep
	check "$how: ten sessions at once keep apart" concurrent
	check "$how: env -i leads to a guarded child" joins env -i /bin/cat "$scratch/shut/f"
	check "$how: execve without an environment leads to a guarded child" joins "$actor" bare /bin/cat "$scratch/shut/f"
	check "$how: execve with a foreign environment leads to a guarded child" joins "$actor" foreign /bin/cat "$scratch/shut/f"
	check "$how: closing all descriptors leads to a guarded child" joins "$actor" shut /bin/cat "$scratch/shut/f"
	check "$how: unset variables lead to a guarded child" joins_after_unset
done
check "other preloaded libraries stay" foreign_preload
check "relative names of library and policy hold after cd" relative_preload

# As process 1 of a container.
inner_init() { # OPTIONS...
	timeout -k 5 30 unshare --pid --fork "$@" "${guard[@]}" bash -c '[ "$(cat /proc/self/comm)" = bash ]
		for i in 1 2 3; do (sleep 0.1 &); done; sleep 0.5
		cat '"'$scratch/shut/f'"'; exit 41' 2>"$scratch/err"
	same 41 $? && recorded deny "$scratch/shut/f" && same 41 "$(field exit_code)"
}

# /proc then tells of other processes by these numbers.
stops_without_proc() {
	same "stopped 19, ended 6" "$(timeout -k 5 30 unshare --pid --fork python3 -c 'import os, sys
pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, stopped = os.waitpid(pid, os.WUNTRACED)
print("stopped", os.WSTOPSIG(stopped) if os.WIFSTOPPED(stopped) else None, end=", ")
os.kill(pid, 18)
print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' "${guard[@]}" bash -c 'kill -STOP $$; exit 6')"
}

init_dies() {
	timeout -k 5 30 unshare --pid --fork --mount-proc "${guard[@]}" "$actor" die 15
	same 143 $? && same 143 "$(field exit_code)"
}

# docker stop: TERM to process 1, which must end what it runs.
init_is_stopped() {
	local pid inner
	rm -f "$scratch/on"
	unshare --pid --fork --mount-proc "${guard[@]}" bash -c 'trap "exit 17" TERM; echo on; for i in {1..100}; do sleep 0.1; done' \
		>"$scratch/on" &
	pid=$!
	await grep -q on "$scratch/on" || return
	inner=$(pgrep -P "$pid")
	kill "$inner"
	wait "$pid"
	same 17 $?
}

init_default_term() {
	local pid
	rm -f "$scratch/on"
	unshare --pid --fork --mount-proc "${guard[@]}" bash -c 'echo on; exec sleep 30' >"$scratch/on" &
	pid=$!
	await grep -q on "$scratch/on" || return
	kill "$(pgrep -P "$pid")"
	wait "$pid"
	same 143 $?
}

init_takes_daemons_along() {
	timeout -k 5 30 unshare --pid --fork --mount-proc "${guard[@]}" bash -c "'$actor' daemon /bin/sleep 50; exit 0"
	same "0 0 1" "$? $(field exit_code) $(field survivors)"
}

# A subshell runs no program of its own; what it starts hangs below the shell.
hangs_below_the_shell() {
	guarded tree bash -c 'x=$( (cat /dev/null; /bin/echo deep); true); (true; ls / >/dev/null); echo "$x"' >/dev/null
	"$guardctl" report --log "$sessions" >"$scratch/report"
	for program in cat /bin/echo ls; do
		grep -q "^    $program" "$scratch/report" || { cat "$scratch/report"; return 1; }
	done
}
check "what subshells start hangs below their shell in the report" hangs_below_the_shell

# The kernel names the script, whose name is longer than its interpreter's.
passes_on_from_a_script() {
	local script=$scratch/a-directory-with-a-long-name/a-script-with-a-long-name
	mkdir -p "${script%/*}"
	printf '#!/bin/sh\ncat "%s/shut/f"\n' "$scratch" >"$script" && chmod +x "$script"
	refute guarded tree "$script" 2>"$scratch/err"
	refute grep -F 'ld.so' "$scratch/err" && recorded deny "$scratch/shut/f"
}
check "what a script with a long name runs is guarded" passes_on_from_a_script

if unshare --pid --fork --mount-proc true 2>/dev/null; then
	for how in preload run; do
		guard_by $how tree
		check "$how: process 1 of a pid namespace stands in" inner_init --mount-proc
		check "$how: process 1 without its own /proc stands in" inner_init
		check "$how: a stop is seen where /proc is another namespace's" stops_without_proc
		check "$how: process 1 passes a death by signal on as 128 + n" init_dies
		check "$how: TERM to process 1 reaches the program" init_is_stopped
		check "$how: TERM to process 1 ends a program that does not handle it" init_default_term
		check "$how: process 1 ends although daemons are left" init_takes_daemons_along
	done
else
	skip "process 1 of a pid namespace stands in" "no right to make a pid namespace"
fi
finish
