#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Another process flips a symbolic link between what is allowed and what is denied, as fast as it can, while a
# guarded one uses it. What was decided must be what is acted on: nothing denied may be read or changed, ever. By both doors;
# RACE_TRIES=100000 is the whole campaign, here and in door.sh, environment.sh.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
flip=$top_builddir/tests/e2e/flip
opens=${RACE_TRIES:-20000}
changes=$((opens < 48000 ? opens / 8 : 6000)) # of nine kinds, each on a file of its own
kinds=hooked
static=$scratch/flip.static
[ -z "$doorless" ] && "${CC:-cc}" -O1 -D_GNU_SOURCE -static -o "$static" "$top_srcdir/tests/e2e/flip.c" 2>/dev/null && kinds+=" static"

policy flip <<END
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
files = ( { id = "flipped"; deny = "all"; path = "$scratch/*/denied/**"; } );
END

# Run a command while LINK and LINK.other are being exchanged; its output goes to $scratch/said.
while_flipping() { # LINK COMMAND...
	local link=$1 flipper status
	shift
	"$flip" exchange "$link" "$link.other" >"$scratch/flips" &
	flipper=$!
	"$@" >"$scratch/said" 2>"$scratch/refusals"
	status=$?
	kill -TERM $flipper
	wait $flipper
	sed 's/^/# /' "$scratch/said" "$scratch/flips"
	return $status
}

# The number before WORD in a line that begins with WHAT.
number() { # WHAT WORD
	sed -nE "s/^$1: .*\\b([0-9]+) $2.*/\\1/p" "$scratch/said"
}

leaks() {
	sed -n 's/^read what is denied: //p' "$scratch/said"
}

# The race took place: both sides of the link were met often, and the only failures were refusals.
raced() { # WHAT
	[ "$(number "$1" "done")" -gt 100 ] && [ "$(number "$1" refused)" -gt 100 ] && same 0 "$(number "$1" failed)"
}

# By hooks, and by a program that has none.
run_hooked() { guarded flip "$flip" "$@"; }
run_static() { "$guardctl" run --policy "$scratch/flip.conf" -- "$static" "$@"; }

for kind in hooked static; do
	place=$scratch/$kind
	if [[ $kinds != *$kind* ]]; then
		skip "$kind: opens of a flipped link read nothing that is denied" "no kernel door, or no static libc"
		continue
	fi
	mkdir "$place"
	for dir in allowed denied safe; do
		"$flip" fill "$place/$dir" $dir "$changes"
	done
	ln -s allowed/file "$place/name" && ln -s denied/file "$place/name.other"
	ln -s allowed "$place/parent" && ln -s denied "$place/parent.other"

	while_flipping "$place/name" "$flip" open "$place/name" 20000
	check "$kind: unguarded, the race is lost: what is denied is read" test "$(leaks)" -gt 100

	while_flipping "$place/name" run_$kind open "$place/name" "$opens"
	check "$kind: $opens opens of a flipped link read nothing that is denied" same 0 "$(leaks)"
	check "$kind: they met both sides and failed by refusal alone" raced open

	while_flipping "$place/parent" run_$kind open "$place/parent/file" "$opens"
	check "$kind: $opens opens below a flipped directory read nothing that is denied" same 0 "$(leaks)"
	check "$kind: they met both sides and failed by refusal alone" raced open

	while_flipping "$place/parent" run_$kind change "$place/parent" "$place/safe" "$changes"
	check "$kind: no change below a flipped directory reaches what is denied" "$flip" audit "$place/denied" "$changes"
	for what in unlink rename bring-in take-out link truncate chmod create directory; do
		check "$kind: $what met both sides and failed by refusal alone" raced $what
	done
done
finish
