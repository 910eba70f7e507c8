#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel = { supervisor; filter; landlock; }: each word of each with each of the others, on this machine and on machines
# that lack something. A session works and says what it lacks, or the program does not start and stderr says why.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
native=$top_builddir/tests/e2e/floor
without=$top_builddir/tests/e2e/without

mkdir "$scratch/work" "$scratch/outside"
door=no floor=no
[ -z "$doorless" ] && door=yes
has_floor && floor=yes

parts() { # SUPERVISOR FILTER LANDLOCK
	printf '%s\n' "default = { files = \"deny\"; network = \"allow\"; commands = \"allow\"; process = \"allow\"; };
files = ( { allow = [\"read\", \"load\", \"attr\"]; path = [\"/\", \"/**\"]; }, { allow = \"all\"; path = [\"$scratch/work/**\", \"/dev/**\"]; } );
process = ( { deny = [\"trace\", \"mount\"]; } );
kernel = { trust = \"fast\"; supervisor = \"$1\"; filter = \"$2\"; landlock = \"$3\"; };" | GUARD_TEST_FLOOR='' policy parts
}

# Allowed and refused as ever; through the gate as the floor has it.
works() { # HAS-DOOR HAS-FLOOR
	local found doors held expected=ok
	[ "$2" = yes ] && expected=EACCES
	rm -f "$scratch/work/f" "$scratch/outside/f"
	found=$(timeout 20 "${prefix[@]}" env LD_PRELOAD="$library" GUARD_POLICY="$scratch/parts.conf" bash -c '
		echo x >"$1/work/f" && cat "$1/work/f"; mkdir "$1/outside/refused"; "$2" make "$1/outside/f"' - "$scratch" "$native" 2>"$scratch/err")
	same "x $expected" "${found//$'\n'/ }" || { cat "$scratch/err"; return 1; }
	[ "$2" = yes ] && [ -e "$scratch/outside/f" ] && return 1
	grep -q "refused create $scratch/outside/refused" "$scratch/err" || { cat "$scratch/err"; return 1; }
	"$guardctl" report --log "$sessions" >"$scratch/report"
	doors='weaker .*no kernel door' held=none
	[ "$1" = no ] || doors='doors: hooks, kernel door'
	[ "$2" = no ] || held=Landlock
	grep -q "$doors" "$scratch/report" || { cat "$scratch/report"; return 1; }
	grep -qE "^  floor  *$held" "$scratch/report" || { cat "$scratch/report"; return 1; }
}

# It says why it does not start, and starts nothing.
does_not_start() { # REGEX
	timeout 20 "${prefix[@]}" env LD_PRELOAD="$library" GUARD_POLICY="$scratch/parts.conf" touch "$scratch/work/started" 2>"$scratch/err"
	same 126 $? || return
	[ ! -e "$scratch/work/started" ] || return
	grep -E "$1" "$scratch/err" || { cat "$scratch/err"; return 1; }
}

every_word() { # WHERE HAS-DOOR HAS-FLOOR
	local supervisor filter landlock
	for supervisor in auto require off; do
		for filter in auto require off; do
			for landlock in auto require off; do
				local words="$1: supervisor $supervisor, filter $filter, landlock $landlock" both="$supervisor $filter"
				local has_door=$2 has_floor=$3
				parts $supervisor $filter $landlock
				[[ $both == *off* ]] && has_door=no
				[ $landlock = off ] && has_floor=no
				if [[ $both == *require* && $both == *off* ]]; then
					check "$words: contradict each other" does_not_start 'one without the other'
				elif [[ $both == *require* && $has_door = no ]]; then
					check "$words: does not start" does_not_start "requires the kernel's filter"
				elif [ $landlock = require ] && [ "$has_floor" = no ]; then
					check "$words: does not start" does_not_start 'requires Landlock'
				else
					check "$words: works" works "$has_door" "$has_floor"
				fi
			done
		done
	done
}

prefix=()
every_word "this machine" $door $floor

# Numbers of calls, on this machine.
number() { echo "#include <asm/unistd.h>" | "${CC:-cc}" -E -dM - | awk -v name="__NR_$1" '$2 == name { print $3 }'; }

# WHERE NUMBER ERRNO DOOR FLOOR: what a machine has that lacks this
lacks() {
	prefix=("$without" "$2" "$3")
	for words in "auto auto auto" "auto auto require" "require require auto" "auto auto off" "off off auto"; do
		# shellcheck disable=SC2086 # three words
		set -- "$1" "$2" "$3" "$4" "$5" $words
		local has_door=$4 has_floor=$5
		[ "$6" = off ] && has_door=no
		[ "$8" = off ] && has_floor=no
		parts "$6" "$7" "$8"
		if [ "$6" = require ] && [ "$has_door" = no ]; then
			check "$1: $words: does not start" does_not_start "requires the kernel's filter"
		elif [ "$8" = require ] && [ "$has_floor" = no ]; then
			check "$1: $words: does not start" does_not_start 'requires Landlock'
		else
			check "$1: $words: works" works "$has_door" "$has_floor"
		fi
	done
}

if [ -z "$(number seccomp)" ]; then
	skip "machines that lack something" "no compiler, or no kernel headers"
else
	for error in 38:ENOSYS 1:EPERM 16:EBUSY; do
		lacks "seccomp fails with ${error#*:}" "$(number seccomp)" "${error%:*}" no $floor
	done
	for error in 38:ENOSYS 1:EPERM 95:EOPNOTSUPP; do
		lacks "landlock_create_ruleset fails with ${error#*:}" 444 "${error%:*}" $door no
	done
	for error in 1:EPERM 7:E2BIG 38:ENOSYS; do
		lacks "landlock_restrict_self fails with ${error#*:}" 446 "${error%:*}" $door no
	done
	lacks "landlock_add_rule fails with EPERM" 445 1 $door no
	lacks "no_new_privs fails with EPERM" "$(number prctl):38" 1 no no
	for error in 38:ENOSYS 1:EPERM; do
		lacks "openat2 fails with ${error#*:}" 437 "${error%:*}" $door $floor
	done
fi
finish
