#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Writers killed at any moment: what was committed is read back, what was torn is skipped and counted.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

crash=$top_builddir/tests/e2e/crash
rounds=${CRASH_ROUNDS:-150}

policy record <<END
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
log = { directory = "$sessions"; };
END
sed -i 1d "$scratch/record.conf"

mkdir "$scratch/write" "$scratch/early" "$scratch/fault"
check "four writers live and are killed $rounds times" "$crash" write "$scratch/write.notes" "$rounds" "$scratch/write"
check "each record they committed is read back once, whole and in order" "$crash" read "$scratch/write.notes" "$scratch/write"

check "writers die in the middle of a record" "$crash" fault "$scratch/fault.notes" 20 "$scratch/fault"
check "each torn record is counted, its neighbours are read" "$crash" read "$scratch/fault.notes" "$scratch/fault"

check "writers note more than they have committed" "$crash" early "$scratch/early.notes" 5 "$scratch/early"
check "the comparison finds records that are missing" refute "$crash" read "$scratch/early.notes" "$scratch/early"

guest() { # ROUNDS
	guarded record "$crash" guest "$scratch/guest.notes" "$1"
}
check "four guarded programs live and are killed $rounds times" guest "$rounds"
check "each call that returned is recorded once, whole and in order" \
	"$crash" read "$scratch/guest.notes" "$(echo "$sessions"/2*)"
check "the session's report says that nothing was lost" bash -c \
	"'$guardctl' report --log '$sessions' --json | grep -q '\"lost\": 0'"

finish
