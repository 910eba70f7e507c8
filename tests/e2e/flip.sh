#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Another process flips a symbolic link between what is allowed and what is denied, as fast as it can, while a
# guarded one uses it. What was decided must be what is acted on: nothing denied may be read or changed, ever.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
flip=$top_builddir/tests/e2e/flip
opens=${FLIP_OPENS:-100000}
changes=${FLIP_CHANGES:-6000}

policy flip <<END
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
files = ( { id = "flipped"; deny = "all"; path = "$scratch/denied/**"; } );
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

for dir in allowed denied safe; do
	"$flip" fill "$scratch/$dir" $dir "$changes"
done
ln -s allowed/file "$scratch/name" && ln -s denied/file "$scratch/name.other"
ln -s allowed "$scratch/parent" && ln -s denied "$scratch/parent.other"

while_flipping "$scratch/name" "$flip" open "$scratch/name" 20000
check "unguarded, the race is lost: what is denied is read" test "$(leaks)" -gt 100

while_flipping "$scratch/name" guarded flip "$flip" open "$scratch/name" "$opens"
check "$opens opens of a flipped link read nothing that is denied" same 0 "$(leaks)"
check "they met both sides and failed by refusal alone" raced open

while_flipping "$scratch/parent" guarded flip "$flip" open "$scratch/parent/file" "$opens"
check "$opens opens below a flipped directory read nothing that is denied" same 0 "$(leaks)"
check "they met both sides and failed by refusal alone" raced open

while_flipping "$scratch/parent" guarded flip "$flip" change "$scratch/parent" "$scratch/safe" "$changes"
check "no change below a flipped directory reaches what is denied" "$flip" audit "$scratch/denied" "$changes"
for what in unlink rename bring-in take-out link truncate chmod create directory; do
	check "$what met both sides and failed by refusal alone" raced $what
done
finish
