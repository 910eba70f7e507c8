#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Limits on descriptors, memory and processes that are hit, in the guest and in the supervisor: what is denied is not done,
# nobody hangs, and a guest finds its own limits as it finds them unguarded.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

hooked=$scratch/hooked
static=$scratch/static
build() { "${CC:-cc}" -O1 -D_GNU_SOURCE "$@" "$top_srcdir/tests/e2e/limits.c"; }
build -o "$hooked" 2>/dev/null || skip_all "no compiler"
[ -z "$doorless" ] && build -static -o "$static" 2>/dev/null || static=

# Another user must reach them, wherever the build tree lies.
chmod 755 "$scratch"
mkdir "$scratch/denied" "$scratch/work" "$scratch/bin"
cp "$library" "$guardctl" "$scratch/bin"
library=$scratch/bin/libguard.so guardctl=$scratch/bin/guardctl
echo denied >"$scratch/denied/f"
echo text >"$scratch/f"
policy limits <<-END
	files = ( { id = "denied"; deny = "all"; path = "$scratch/denied/**"; } );
	default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END

# Who has the right to raises the supervisor's limits.
bound=(setpriv --bounding-set -sys_resource)
"${bound[@]}" true 2>/dev/null || bound=()

limited() { # ULIMIT-OPTIONS COMMAND...
	(eval "ulimit $1" && shift && exec "${bound[@]}" timeout -k 5 20 "$@")
}

# Whatever the limit, a program runs and is refused, or does not run.
at_each() { # OPTION VALUE...
	local option=$1 value found status
	shift
	for value in "$@"; do
		found=$(limited "$option $value" "${guard[@]}" /bin/cat "$scratch/f" "$scratch/denied/f" 2>"$scratch/err")
		status=$?
		[[ $status =~ ^(1|12[567]|139)$ && $found != *denied* ]] || { echo "$option $value: $status $found"; cat "$scratch/err"; return 1; }
		[ "$status" != 1 ] || [ "$found" = text ] || grep -qE 'Too many|memory' "$scratch/err" ||
			{ echo "$option $value: $found"; cat "$scratch/err"; return 1; }
	done
}

for how in preload run; do
	guard_by $how limits
	check "$how: at each limit on descriptors a program runs guarded or not at all" at_each -n 3 4 5 6 7 8 9 10 11 12 13 14 16 20 32
	check "$how: at each limit on memory too" at_each -v 4000 8000 12000 20000 30000 60000
done

guard_by run limits
alike() { # PROGRAM WORD
	same "$(cd "$scratch/work" && "$1" "$2" 2>&1)" "$(cd "$scratch/work" && "${guard[@]}" "$1" "$2" 2>&1)"
}
for kind in hooked static; do
	[ -n "${!kind}" ] || { skip "$kind: a program finds its own limits" "no kernel door, or no static libc"; continue; }
	check "$kind: a file grows to the program's own limit on sizes" alike "${!kind}" sizes
	check "$kind: without a number for its descriptor nothing is made or emptied" alike "${!kind}" numbers
done

# More guests wait than the supervisor has descriptors or threads for. What they wait for comes from a guest, too.
crowd() { # NUMBER COMMAND...
	local number=$1
	shift
	rm -f "$scratch/fifo"
	mkfifo -m 666 "$scratch/fifo"
	timeout -k 5 40 "$@" bash -c '
		for ((i = 0; i < $1; i++)); do "$2" wait "$3/fifo" & done
		sleep 1
		exec 3<>"$3/fifo"
		wait
		exec 3>&-
		read -r line <"$3/f"
		echo "$line"
		read -r line <"$3/denied/f"
		echo "$line"' - "$number" "$static" "$scratch" >"$scratch/said" 2>"$scratch/err"
	sort "$scratch/said" | uniq -c | awk '{ print $2 }' | tr '\n' ' '
}
no_file_for_all() {
	same "ENFILE fed text " "$(crowd 40 bash -c 'ulimit -n 48 && exec "$@"' - "${bound[@]}" "${guard[@]}")" || { cat "$scratch/err"; return 1; }
	grep "refused read $scratch/denied/f" "$scratch/err" >"$scratch/refused"
}
no_thread_for_all() {
	local user=(setpriv --reuid 61235 --regid 61235 --clear-groups)
	mkdir -m 777 "$scratch/theirs"
	sed "s#$sessions#$scratch/theirs#" "$scratch/limits.conf" >"$scratch/theirs.conf"
	guard_by run theirs
	same "ENFILE fed text " "$(crowd 10 "${user[@]}" bash -c 'ulimit -u 21 && exec "$@"' - "${guard[@]}")" || { cat "$scratch/err"; return 1; }
}

# The supervisor's own limits are lowered while it works.
lowered() { # PRLIMIT-OPTION
	local supervisor found
	rm -f "$scratch/go" "$scratch/on"
	timeout -k 5 40 "${guard[@]}" bash -c 'touch "$1/on"; until [ -e "$1/go" ]; do read -rt 0.05 <>"$1/fifo"; done
		for i in {1..30}; do "$2" wait "$1/denied/f" & /bin/cat "$1/denied/f"; read -r line <"$1/f"; done; wait; echo "$line"' \
		- "$scratch" "$static" >"$scratch/said" 2>"$scratch/err" &
	for _ in {1..100}; do [ -e "$scratch/on" ] && break; sleep 0.1; done
	supervisor=$(cat /proc/$!/task/*/children)
	prlimit --pid "${supervisor%% *}" "$1" || return
	touch "$scratch/go"
	wait $! || { echo "status $?"; cat "$scratch/err"; return 1; }
	found=$(sort -u "$scratch/said" | tr '\n' ' ')
	[[ $found != *denied* && $found != *fed* && $found == *text* ]] || { echo "$found"; cat "$scratch/err"; return 1; }
}

if [ -z "$static" ]; then
	skip "many guests wait" "no kernel door, or no static libc"
else
	check "where all descriptors are held by those who wait, others are told so and nobody hangs" no_file_for_all
	if [ "$(id -u)" = 0 ] && setpriv --reuid 61235 --clear-groups --regid 61235 true 2>/dev/null; then
		check "where no thread can be begun for those who wait, one of them gives up and nobody hangs" no_thread_for_all
	else
		skip "where no thread can be begun for those who wait, one of them gives up" "not root, or no setpriv"
	fi
	guard_by run limits
	for option in --nofile=3 --nofile=14 --as=1000000 --nproc=1; do
		check "a supervisor whose $option binds it later lets nothing through and lets nobody hang" lowered $option
	done
fi
finish
