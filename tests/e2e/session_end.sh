#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How a guarded program ends, and which signals reach it: as if nobody stood between it and who started it.
# Every case by LD_PRELOAD alone and by guardctl run.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

actor=$top_builddir/tests/e2e/actor

policy free <<END
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END

# A shell cannot tell exit 137 from death by signal 9; the actor can.
ends() { # EXPECTED COMMAND...
	same "$1" "$(timeout -k 5 20 "$actor" wait "$(type -P "${guard[0]}")" "${guard[@]:1}" "${@:2}")"
}

all_statuses() {
	local status
	for status in 0 1 2 3 42 77 99 125 126 127 128 129 137 143 254 255; do
		ends "exit $status" "$actor" exit "$status" || return
	done
}

all_deaths() {
	local number
	for number in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 24 25 26 27 29 30 31 34 64; do
		ends "signal $number" "$actor" die "$number" || return
	done
}

# Start the actor in the background; sets pid, and descriptor 7 to what it says. It gives up by itself after 20 s.
start() { # WORD...
	local out=$scratch/said line
	mkfifo "$out"
	# A group of its own: in one that nobody of the session looks after (orphaned, as under setsid), TSTP stops nobody.
	set -m
	"${guard[@]}" "$actor" "$@" >"$out" &
	pid=$!
	set +m
	exec 7<"$out"
	rm "$out"
	read -r -t 20 line <&7
	same ready "$line"
}

says() { # LINE
	local line=nothing
	read -r -t 10 line <&7
	same "$1" "$line"
}

passes() { # SIGNAL...
	local number
	start catch $# "$@" || return
	for number in "$@"; do
		kill -"$number" "$pid"
		says "$number" || return
	done
	wait "$pid"
}

# The shell's jobs are groups, and Ctrl-C goes to a group: the program gets it itself, so nobody may pass it on, too.
group_gets_once() { # SIGNAL...
	local number
	start catch $# "$@" || return
	for number in "$@"; do
		kill -"$number" -- -"$pid"
		says "$number" || return
		sleep 0.1
	done
	wait "$pid"
}

# Two of them before the stand-in gets to look at either.
group_gets_each_once() {
	start catch 3 10 12 15 || return
	kill -STOP "$pid"
	kill -10 -- -"$pid"
	kill -12 -- -"$pid"
	says 10 && says 12 || return
	kill -CONT "$pid"
	sleep 0.3
	kill -15 "$pid"
	says 15 && wait "$pid"
}

killed_from_outside() {
	start catch 1 10 || return
	kill -9 "$(pgrep -P "$pid" actor)"
	wait "$pid"
	same 137 $?
}

queued_values() {
	start catch 1 40 || return
	env kill -40 -q 7 "$pid" || return
	says "40 with 7" && wait "$pid"
}

ignored_stay_ignored() {
	(trap '' TERM INT HUP && exec "${guard[@]}" bash -c 'kill -TERM $$; kill -INT $$; kill -HUP $$; exit 5')
	same 5 $?
}

blocked_stay_blocked() {
	local bare lines='Sig(Pnd|Blk|Ign|Cgt)'
	bare=$(grep -E "$lines" /proc/self/status)
	same "$bare" "$("${guard[@]}" grep -E "$lines" /proc/self/status)"
}

handles_and_goes_on() {
	rm -f "$scratch/handled"
	"${guard[@]}" bash -c 'trap "echo 15" TERM; echo ready; for i in {1..100}; do sleep 0.1; [ -e "$1" ] && exit 9; done' \
		- "$scratch/enough" >"$scratch/handled" &
	pid=$!
	for _ in {1..100}; do grep -qs ready "$scratch/handled" && break; sleep 0.1; done
	kill "$pid"
	for _ in {1..100}; do grep -q 15 "$scratch/handled" && break; sleep 0.1; done
	kill -0 "$pid" || return
	touch "$scratch/enough"
	wait "$pid"
	same 9 $?
	rm "$scratch/enough"
	grep -q 15 "$scratch/handled"
}

# What a program sends to its parent would have reached who started it; the stand-in must not die of it, nor send it back.
parent_signals() { # SIGNAL...
	local number
	for number in "$@"; do
		ends "exit 7" "$actor" tell "$number" || return
	done
}

own_group() {
	set -m
	"${guard[@]}" bash -c 'trap "exit 6" USR1; kill -USR1 0; sleep 10' &
	pid=$!
	set +m
	wait "$pid"
	same 6 $?
}

stopped_and_continued() { # SIGNAL
	local line
	start catch 1 10 || return
	child=$(pgrep -P "$pid" actor)
	kill -"$1" "$child"
	for _ in {1..50}; do line=$(ps -o stat= -p "$pid"); [[ $line == T* ]] && break; sleep 0.1; done
	[[ $line == T* ]] || { echo "the stand-in is $line"; kill -9 "$child"; return 1; }
	kill -CONT "$pid"
	for _ in {1..50}; do line=$(ps -o stat= -p "$child"); [[ $line == T* ]] || break; sleep 0.1; done
	kill -10 "$pid"
	says 10 && wait "$pid"
}

stop_from_outside() {
	local line
	start catch 1 10 || return
	child=$(pgrep -P "$pid" actor)
	kill -TSTP "$pid"
	for _ in {1..50}; do line=$(ps -o stat= -p "$child"); [[ $line == T* ]] && break; sleep 0.1; done
	[[ $line == T* ]] || { echo "the program is $line"; kill -9 "$child"; return 1; }
	kill -CONT "$pid"
	sleep 0.2
	kill -10 "$pid"
	says 10 && wait "$pid"
}

# An alarm outlives exec: the old way to limit a program's time.
alarm_before_exec() {
	same "signal 14" "$(timeout -k 5 20 "$actor" wait "$(type -P python3)" -c 'import os, signal, sys
signal.alarm(1)
os.execvp(sys.argv[1], sys.argv[1:])' "${guard[@]}" "$actor" catch 1 10 | tail -n 1)"
}

for how in preload run; do
	guard_by $how free
	check "$how: an exit status is passed on" all_statuses
	check "$how: a death by signal is passed on" all_deaths
	check "$how: a program killed from outside ends the stand-in alike" killed_from_outside
	check "$how: signals to the stand-in reach the program, once each" passes 1 2 3 10 12 14 15 18 20 21 22 23 28 29 34 64
	check "$how: a signal to the group reaches the program once" group_gets_once 1 2 3 10 12 15 28
	check "$how: so do two that come together" group_gets_each_once
	check "$how: a queued signal arrives" queued_values
	check "$how: ignored signals stay ignored" ignored_stay_ignored
	check "$how: signal mask and actions are as without a guard" blocked_stay_blocked
	check "$how: a handler runs and the program goes on" handles_and_goes_on
	check "$how: an alarm that was set before reaches the program" alarm_before_exec
	check "$how: a signal to the parent does not come back" parent_signals 1 2 10 12 15 28
	check "$how: a signal of the program to its own group reaches it" own_group
	check "$how: a stopped program stops its stand-in, which continues it" stopped_and_continued STOP
	check "$how: TSTP of the program is seen as well" stopped_and_continued TSTP
	check "$how: the stand-in stops and continues the program" stop_from_outside
done
finish
