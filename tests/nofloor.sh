#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make check-nofloor: what a session does on machines that lack a part of the kernel, or have it refused. A few scripts,
# each with one call failing for the script and all it runs; and once more where every policy has a floor. TAP, a line a
# script and machine; what failed is shown.
: "${top_srcdir:?run by make}" "${top_builddir:?run by make}"
without=$top_builddir/tests/e2e/without
log=$(mktemp) || exit 99
trap 'rm -f "$log"' EXIT
count=0 failures=0

run() { # SENTENCE SCRIPT [PREFIX...]
	local sentence=$1 script=$2 failed
	shift 2
	count=$((count + 1))
	timeout 300 "$@" "$top_srcdir/tests/e2e/$script.sh" >"$log" 2>&1
	local status=$?
	failed=$(grep -c '^not ok' "$log")
	if [ $status = 0 ]; then
		echo "ok $count - $sentence: $script ($(grep -c '^ok' "$log") cases, $(grep -c '# SKIP' "$log") skipped)"
	else
		echo "not ok $count - $sentence: $script (status $status, $failed failed)"
		grep -A 15 '^not ok' "$log" | sed 's/^/# /'
		failures=$((failures + 1))
	fi
}

number() { echo "#include <asm/unistd.h>" | "${CC:-cc}" -E -dM - | awk -v name="__NR_$1" '$2 == name { print $3 }'; }

seccomp=$(number seccomp) prctl=$(number prctl)
[ -n "$seccomp" ] || { echo "1..0 # SKIP no compiler, or no kernel headers"; exit 0; }

# call, errno, what it is like, scripts
while read -r call error name scripts; do
	for script in $scripts; do
		run "$name" "$script" "$without" "$call" "$error"
	done
done <<END
$seccomp 38 seccomp-ENOSYS files calls session_end floor
$seccomp 1 seccomp-EPERM files
$seccomp 16 seccomp-EBUSY files kernel_parts
444 38 landlock_create_ruleset-ENOSYS files calls session_end kernel_parts
444 95 landlock_create_ruleset-EOPNOTSUPP files
446 1 landlock_restrict_self-EPERM files
437 38 openat2-ENOSYS files calls floor
437 1 openat2-EPERM files
$prctl:38 1 no_new_privs-EPERM files
END
export GUARD_TEST_FLOOR=1
for script in files session_end session_tree session_terminal; do
	run "a floor everywhere" "$script" env
done
echo "1..$count"
exit $((failures > 0))
