#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Where a session can be kept and joined, and what is said where it cannot: no program runs unguarded by accident.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

# Other users must reach them, wherever the build tree lies.
chmod 755 "$scratch"
mkdir "$scratch/bin" "$scratch/home" "$scratch/shut"
cp "$library" "$guardctl" "$top_builddir/tests/e2e/actor" "$scratch/bin"
library=$scratch/bin/libguard.so guardctl=$scratch/bin/guardctl actor=$scratch/bin/actor
echo text >"$scratch/f"
echo text >"$scratch/shut/f"
user=61234

allow='default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };'
shut="files = ( { id = \"shut\"; deny = \"all\"; path = \"$scratch/shut/**\"; } ); $allow"
policy free <<<"$shut"
echo "$shut $doorless" >"$scratch/default.conf" # no log.directory
{ echo "$shut"; echo 'kernel = { filter = "off"; };'; } >"$scratch/doorless.conf"

is_root() {
	[ "$(id -u)" = 0 ]
}

as_user=(setpriv --reuid "$user" --regid "$user" --clear-groups)

# In mounts of its own: the commands of the text.
mounted() { # TEXT ARGUMENT...
	unshare --mount bash -c "$@"
}

has_mounts() {
	is_root && mounted 'mount -t tmpfs none /mnt' 2>/dev/null
}

told() { # PATTERN
	grep -qE "$1" "$scratch/err" && return
	echo "not said: $1"
	cat "$scratch/err"
	return 1
}

ended_with() { # STATUS PATTERN COMMAND...: and stderr matches
	local status=$1 pattern=$2
	shift 2
	timeout -k 5 30 "$@" 2>"$scratch/err"
	same "$status" $? && told "$pattern"
}

not_run() { # PATTERN COMMAND...: 126, a sentence, and the program did not run; its words end in: touch FILE
	rm -f "$scratch/ran"
	ended_with 126 "$@" /bin/touch "$scratch/ran" && [ ! -e "$scratch/ran" ]
}

guards() { # COMMAND...: which refuses to read the shut file
	ended_with 1 'libguard: refused read' "$@" /bin/cat "$scratch/shut/f"
}

standard_closed() {
	local bare found
	bare=$(bash -c 'exec <&- >&- 2>&-; exec 9>"$1"; echo /proc/self/fd/* >&9' - "$scratch/bare"; cat "$scratch/bare")
	bash -c 'exec <&- >&- 2>&-; "$@"' - "${guard[@]}" bash -c 'exec 9>"$1"; echo /proc/self/fd/* >&9' - "$scratch/found" || return
	found=$(cat "$scratch/found")
	same "$bare" "$found"
}

limited() { # ULIMIT-OPTIONS COMMAND...
	(eval "ulimit $1" && shift && timeout -k 5 30 "$@")
}

# In a container, /tmp and /dev/shm are such places. Both doors are at work: cat is hooked, and its gate lies elsewhere.
nothing_runs_there() {
	mounted 'mount -t tmpfs -o noexec,mode=1777 none "$1" && shift && "$@"' - "$sessions" "${guard[@]}" \
		bash -c 'cat "$1/f" /proc/self/maps; cat "$1/shut/f"' - "$scratch" >"$scratch/out" 2>"$scratch/err"
	same 1 $? && grep -qx text "$scratch/out" && told 'libguard: refused read' || return
	[ -n "$doorless" ] || grep 'libguard-gate' "$scratch/out"
}

small_file_limit() {
	local words
	words=$(limited "-S -f 0" "${guard[@]}" /bin/cat "$scratch/f") || return
	same text "$words" || return
	# More than the first segment holds, which the supervisor must make whatever the program's limit is.
	words=$(limited "-S -f 8" "${guard[@]}" "$actor" files "$scratch" 9000) || return
	same "0 failed 0" "$words" || return
	# The program's own limit stays.
	limited "-S -f 1" "${guard[@]}" bash -c "ulimit -f; head -c 5000 /dev/zero >'$scratch/big'" >"$scratch/limit" 2>/dev/null
	same "1 1024" "$(cat "$scratch/limit") $(stat -c %s "$scratch/big")"
}

# One that cannot be raised stops the log, and so the program; who has the right to raise it does not notice.
hard_file_limit() {
	local said status
	said=$(limited "-f 0" "${guard[@]}" /bin/true 2>&1)
	status=$?
	[ "$status" = 0 ] || { echo "$said" >"$scratch/err" && same 126 "$status" && told 'File too large.*ulimit -f'; }
}

few_descriptors() {
	same text "$(limited "-S -n 8" "${guard[@]}" /bin/cat "$scratch/f")" || return
	limited "-n 3" "${guard[@]}" /bin/cat "$scratch/f" 2>"$scratch/err"
	[ $? -ge 125 ] && told 'open files|shared librar'
}

little_memory() {
	same text "$(limited "-v 60000" "${guard[@]}" /bin/cat "$scratch/f")"
}

survives_removal() {
	rm -f "$scratch/gone"
	rm -rf "${sessions:?}"/*
	"${guard[@]}" bash -c 'touch "$1"; for i in {1..100}; do [ -e "$1" ] || break; sleep 0.1; done
		read -r line <"$2"; echo "$line"; /bin/touch "$3"; exit 9' - "$scratch/gone" "$scratch/f" "$scratch/ran" \
		>"$scratch/out" 2>"$scratch/err" &
	rm -f "$scratch/ran"
	for _ in {1..100}; do [ -e "$scratch/gone" ] && break; sleep 0.1; done
	rm -rf "${sessions:?}"/*
	rm "$scratch/gone"
	wait $!
	# The program goes on; what it starts cannot join and says so, and the supervisor says what is lost.
	same "9 text" "$? $(cat "$scratch/out")" && [ ! -e "$scratch/ran" ] || return
	told 'cannot be joined' && told 'session.json'
}

supervisor_killed() {
	rm -f "$scratch/program"
	"${guard[@]}" bash -c 'echo $$ >"$1.new"; mv "$1.new" "$1"; sleep 20' - "$scratch/program" 2>/dev/null &
	for _ in {1..100}; do [ -e "$scratch/program" ] && break; sleep 0.1; done
	kill -9 $!
	wait $! 2>/dev/null
	same 137 $? || return
	for _ in {1..50}; do [ -e "/proc/$(cat "$scratch/program")" ] || break; sleep 0.1; done
	[ ! -e "/proc/$(cat "$scratch/program")" ] || { echo "the program outlived its supervisor"; return 1; }
	"$guardctl" sessions --log "$sessions" | sed -n 1p | grep -q 'ended unexpectedly: its supervisor is gone' &&
		"$guardctl" report --log "$sessions" | grep -q 'ended unexpectedly'
}

for how in preload run; do
	guard_by $how free
	check "$how: closed standard descriptors stay closed" standard_closed
	check "$how: a limit on file size is the program's, not the log's" small_file_limit
	check "$how: a hard limit on file size is overcome or named" hard_file_limit
	check "$how: few descriptors are enough" few_descriptors
	check "$how: little address space is enough" little_memory
	check "$how: a session whose directory is removed goes on, and nothing joins unguarded" survives_removal
	check "$how: a supervisor killed takes the program along, and the session says so" supervisor_killed
	guard_by $how none
	check "$how: no program runs when its policy is missing" not_run 'none\.conf' "${guard[@]}"
done

mkdir -p "$scratch/alone/all/of/it"
cp "$library" "$scratch/alone/all/of/it"
if [ -x "$(sed -n "s/^bindir = //p" "$top_builddir/Makefile" | head -n 1)/guardctl" ] || [ -x /usr/local/bin/guardctl ]; then
	skip "no program runs without guardctl" "guardctl is installed"
else
	check "no program runs without guardctl" not_run 'no guardctl near .*install it beside' \
		env LD_PRELOAD="$scratch/alone/all/of/it/libguard.so" GUARD_POLICY="$scratch/free.conf"
fi
cp "$guardctl" "$scratch/alone/all/of/it" && rm "$scratch/alone/all/of/it/libguard.so"
check "guardctl without the library runs nothing" ended_with 125 'no libguard.so' "$scratch/alone/all/of/it/guardctl" run -- /bin/true

check "a log directory that is a file is refused with its name" not_run "no session can be kept in $scratch/f " \
	"$guardctl" run --policy "$scratch/default.conf" --log "$scratch/f" --
check "a log directory with a colon is refused" not_run "no session can be kept in .*a:b" \
	"$guardctl" run --policy "$scratch/default.conf" --log "$scratch/a:b" --

# Users without rights.
if is_root && "${as_user[@]}" true 2>/dev/null; then
	trap 'rm -rf /tmp/libguard-'$user' /dev/shm/libguard-'$user'; chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
	mkdir "$scratch/locked"
	printf 'log = { directory = "%s"; };\n%s\n' "$scratch/locked" "$shut" >"$scratch/locked.conf"
	printf 'log = { directory = "%s"; required = false; };\n%s\n' "$scratch/locked" "$shut" >"$scratch/optional.conf"
	few_processes() {
		local count said status
		for count in 1 2 3 4; do
			said=$("${as_user[@]}" bash -c 'ulimit -u "$1"; shift; exec "$@"' - "$count" env HOME=/nonexistent "${guard[@]}" \
				/bin/cat "$scratch/f" 2>&1)
			status=$?
			[ "$status" = 0 ] && { same text "$(grep -v 'no kernel door: no process more' <<<"$said")" || return; continue; }
			[ "$status" -ge 125 ] || return
			echo "$said" >"$scratch/err"
			told 'cannot fork|limit on processes' || return
		done
	}
	for how in preload run; do
		guard_by $how locked
		check "$how: no program runs when the log's directory cannot be written" \
			not_run "no session can be kept in $scratch/locked \(Permission denied\); name a writable" "${as_user[@]}" "${guard[@]}"
		guard_by $how optional
		check "$how: a log that is not required goes elsewhere and says so" \
			ended_with 0 "cannot be kept in $scratch/locked \(Permission denied\); this one is /tmp/libguard-$user" \
			"${as_user[@]}" env HOME=/nonexistent "${guard[@]}" /bin/true
		guard_by $how default
		check "$how: a user without a home has a session" guards "${as_user[@]}" env HOME=/nonexistent "${guard[@]}"
		check "$how: and another one" guards "${as_user[@]}" env HOME=/nonexistent "${guard[@]}"
		check "$how: nothing is said of it" same "" "$("${as_user[@]}" env HOME=/nonexistent "${guard[@]}" /bin/true 2>&1)"
		check "$how: a limit on processes is enough or named" few_processes
		check "$how: a home that cannot be written is no obstacle" guards "${as_user[@]}" env HOME="$scratch/home" "${guard[@]}"
		check "$how: nor is none in the environment" guards "${as_user[@]}" env -u HOME "${guard[@]}"
	done
	check "what stands under a user's name in /tmp is not trusted" bash -c "rm -rf /tmp/libguard-$user &&
		ln -s '$scratch/home' /tmp/libguard-$user && chmod 777 '$scratch/home' &&
		setpriv --reuid $user --regid $user --clear-groups env HOME=/nonexistent '$guardctl' run \
		--policy '$scratch/default.conf' -- /bin/true; rm /tmp/libguard-$user; [ -z \"\$(ls '$scratch/home')\" ]"

	cp /bin/cat "$scratch/bin/setuid-cat" && chmod 4755 "$scratch/bin/setuid-cat"
	setuid_guarded() { # the filter needs no_new_privs: the bit means nothing, and the program is guarded like any other
		local log=/tmp/libguard-$user
		rm -rf "$log"
		refute "${as_user[@]}" env HOME=/nonexistent "${guard[@]}" bash -c "'$scratch/bin/setuid-cat' '$scratch/shut/f'; exit" 2>"$scratch/err" || return
		told 'refused read'
	}
	setuid_program() {
		local log=/tmp/libguard-$user
		rm -rf "$log"
		# It does what it does without us, and its start is on record as not covered.
		same text "$("${as_user[@]}" env HOME=/nonexistent "${guard[@]}" bash -c "'$scratch/bin/setuid-cat' '$scratch/shut/f'; exit 0")" || return
		"$guardctl" report --log "$log" >"$scratch/err"
		told setuid
	}
	if [ "$("${as_user[@]}" "$scratch/bin/setuid-cat" /proc/self/status | sed -n 's/^Uid:[[:space:]]*[0-9]*[[:space:]]*//p' | cut -c1)" = 0 ]; then
		for how in preload run; do
			guard_by $how default
			if [ -z "$doorless" ]; then
				check "$how: a setuid program rises to nothing under the kernel door, and is guarded" setuid_guarded
			else
				skip "$how: a setuid program rises to nothing under the kernel door, and is guarded" "no kernel door here"
			fi
			guard_by $how doorless
			check "$how: without it, it is left alone and recorded as not covered" setuid_program
		done
	else
		skip "a setuid program is left alone and recorded as not covered" "set-user-id has no effect here"
	fi
else
	skip "users without rights have sessions" "not root, or no setpriv"
fi

# Mounts that are full or read-only.
full_at_start() {
	mounted 'mount -t tmpfs -o size=600k none "$1" && shift && "$@"' - "$sessions" "${guard[@]}" /bin/touch "$scratch/ran"
}

full_later() { # the first segment has room, the next one has not
	mounted 'mount -t tmpfs -o size=1700k none "$1" && shift && "$@" && "$0" report --log "$SESSIONS"' "$guardctl" "$sessions" \
		"${guard[@]}" "$actor" files "$scratch" 20000 >"$scratch/out"
	same 0 $? || return
	# Nothing dies. What cannot be recorded is refused, and counted.
	cp "$scratch/out" "$scratch/err"
	told '^[1-9][0-9]* failed' && told 'log .*[1-9][0-9]* lost'
}

read_only_root() {
	mounted 'mount -t tmpfs none /dev/shm && mount -o remount,bind,ro / && ! touch /var/log/x 2>/dev/null || exit 77
		export HOME=/root
		for i in 1 2; do "$@" || exit; done; ls -d /dev/shm/libguard-0/2*' - "${guard[@]}" /bin/cat "$scratch/f" >"$scratch/out"
	same 0 $? && same "text text 2" "$(grep text "$scratch/out" | tr '\n' ' ')$(grep -c shm "$scratch/out")"
}

# grep names files by the descriptor of their directory; proc(5) is not there to say which that is.
names_without_proc() {
	mkdir -p "$scratch/mix" && echo text | tee "$scratch/mix/yes" >"$scratch/mix/no"
	policy mix <<<"files = ( { id = \"no\"; deny = \"all\"; path = \"$scratch/mix/no\"; } ); $allow"
	mounted 'mount -t tmpfs none /proc && LD_PRELOAD=$1 GUARD_POLICY=$2 exec grep -rs text "$3"' - "$library" "$scratch/mix.conf" "$scratch/mix" >"$scratch/out" 2>"$scratch/err"
	same "$scratch/mix/yes:text" "$(cat "$scratch/out")" || { cat "$scratch/err"; return 1; }
	"$guardctl" events --log "$sessions" --verdict deny --json | grep -F "\"$scratch/mix/no\""
}

if has_mounts; then
	export SESSIONS=$sessions
	check "without /proc what a directory's descriptor leads to is decided" names_without_proc
	for how in preload run; do
		guard_by $how free
		check "$how: no program runs when the disk is full" bash -c "rm -f '$scratch/ran'; $(declare -f mounted full_at_start)
			guard=($(printf '%q ' "${guard[@]}")) sessions='$sessions' scratch='$scratch'
			full_at_start 2>'$scratch/err'; [ \$? = 126 ] && [ ! -e '$scratch/ran' ] && grep 'No space left' '$scratch/err'"
		check "$how: a disk that fills up loses records, not the program" full_later
		check "$how: a session works where no file may be run" nothing_runs_there
		guard_by $how default
		check "$how: sessions are kept where the root is read-only" read_only_root
	done
else
	skip "full disks and read-only roots" "no right to mount"
fi
finish
