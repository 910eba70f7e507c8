# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For tests/e2e/*.sh: TAP, a scratch directory, and running things under the guard.
#
#   . "$top_srcdir/tests/e2e/lib.sh"
#   check "a sentence that can be false" command [argument...]
#   finish
#
# Sets scratch (removed at the end), guardctl, library and sessions (where policies made by `policy` keep their log).

: "${top_srcdir:?run by make check}" "${top_builddir:?run by make check}"
guardctl=$top_builddir/guardctl
library=$top_builddir/.libs/libguard.so
export guardctl library
unset LD_PRELOAD GUARD_SESSION GUARD_POLICY

scratch=$(mktemp -d "${TMPDIR:-/tmp}/libguard-test.XXXXXX") || exit 99
scratch=$(cd "$scratch" && pwd -P)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
sessions=$scratch/sessions
mkdir "$sessions"

tap_count=0 tap_failures=0

# Passes when the command succeeds; what it printed is shown when it does not.
check() { # SENTENCE COMMAND...
	local sentence=$1 output status
	shift
	tap_count=$((tap_count + 1))
	output=$("$@" 2>&1 </dev/null)
	status=$?
	if [ $status = 0 ]; then
		echo "ok $tap_count - $sentence"
	else
		echo "not ok $tap_count - $sentence"
		printf 'status %d of: %s\n%s\n' $status "$*" "$output" | head -n 60 | sed 's/^/# /'
		tap_failures=$((tap_failures + 1))
	fi
}

# For check: succeeds when the command does not.
refute() { # COMMAND...
	! "$@"
}

skip() { # SENTENCE REASON
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

skip_all() { # REASON
	echo "1..0 # SKIP $1"
	exit 0
}

# For check: succeeds when the two texts are equal, else prints both.
same() { # EXPECTED FOUND
	[ "$1" = "$2" ] || { printf 'expected:\n%s\nfound:\n%s\n' "$1" "$2"; false; }
}

# Has this machine the kernel door, and here?
has_door() {
	local status
	mkdir "$scratch/probe" && printf 'log = { directory = "%s"; };\nkernel = { filter = "require"; };\n' "$scratch/probe" >"$scratch/probe/conf" &&
		"$guardctl" run --policy "$scratch/probe/conf" -- /bin/true >/dev/null 2>&1
	status=$?
	rm -rf "$scratch/probe"
	return $status
}

# Where it has none, a policy that does not care says so: each session would tell on stderr what it lacks.
doorless=
has_door || doorless='kernel = { filter = "off"; };'

# Has it Landlock?
has_floor() {
	local status
	mkdir "$scratch/probe" && printf 'log = { directory = "%s"; };\nkernel = { filter = "off"; landlock = "require"; };\n' \
		"$scratch/probe" >"$scratch/probe/conf" && "$guardctl" run --policy "$scratch/probe/conf" -- /bin/true >/dev/null 2>&1
	status=$?
	rm -rf "$scratch/probe"
	return $status
}

# With GUARD_TEST_FLOOR every policy gets a floor (make check-nofloor): it must make no difference.
with_floor() { # TEXT
	local files process text=$1
	files="{ id = \"floor\"; deny = [\"write\", \"create\", \"delete\"]; path = \"/**\";
		except = [\"$scratch/**\", \"/dev/**\", \"/tmp/**\", \"/proc/**\"]; }"
	process='{ id = "floor-needs"; deny = ["trace", "mount"]; }'
	[[ $text == *files\ =* ]] && text=${text/files = (/files = ( $files,} || text+=$'\n'"files = ( $files );"
	[[ $text == *process\ =\ \(* ]] && text=${text/process = (/process = ( $process,} || text+=$'\n'"process = ( $process );"
	echo "$text"
}

# Write a policy, its rules on stdin; its sessions go to $sessions.
policy() { # NAME
	local text
	text=$(cat)
	[[ $text == *kernel\ =* ]] || text+=$'\n'$doorless
	[ -z "${GUARD_TEST_FLOOR-}" ] || text=$(with_floor "$text")
	printf 'log = { directory = "%s"; };\n%s\n' "$sessions" "$text" >"$scratch/$1.conf"
}

# Run a command under the guard, as a user would.
guarded() { # NAME COMMAND...
	local file=$scratch/$1.conf
	shift
	env LD_PRELOAD="$library" GUARD_POLICY="$file" "$@"
}

# shellcheck disable=SC2034 # guard is for the scripts
# Both ways to a session: sets the array guard to the words before a command.
guard_by() { # preload|run NAME
	case $1 in
	preload) guard=(env LD_PRELOAD="$library" GUARD_POLICY="$scratch/$2.conf") ;;
	run) guard=("$guardctl" run --policy "$scratch/$2.conf" --) ;;
	esac
}

# Print the directory in which an npm package lies, among GUARD_NODE_MODULES and those that are installed for all.
node_modules_of() { # PACKAGE
	local place
	for place in "${GUARD_NODE_MODULES-}" /usr/local/lib/node_modules /usr/lib/node_modules /usr/share/nodejs; do
		[ -e "$place/$1/package.json" ] && echo "$place" && return
	done
	return 1
}

finish() {
	echo "1..$tap_count"
	exit $((tap_failures > 0))
}
