#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A report of a long log shows at a terminal how far it is, and nowhere else.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"
[ -f "$library" ] || skip_all "no preload library was built"
# What looks for leaks at the end cannot do so under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0"
# The log is long where its reading takes long, on every machine.
slow=(strace -qq -o /dev/null -e trace=pread64 -e inject=pread64:delay_enter=30000)
python3 -c 'import os; os.openpty()' 2>/dev/null || skip_all "no terminal can be made here"
"${slow[@]}" true 2>/dev/null || skip_all "no strace that can delay system calls"

policy main <<END
END
guarded main true
session=$(echo "$sessions"/2*)
cp -r "$session" "$scratch/long" && rm "$scratch/long"/events-*
"$top_builddir/tests/bench/log_fill" "$scratch/long" 60000 2000 >/dev/null || exit 99
"$guardctl" report --top 3 "$scratch/long" >"$scratch/expected"

# At a terminal of 100 columns or of 40; standard output is a file.
at_terminal() { # COLUMNS DIALOGUE SESSION [ARGUMENT...]
	local columns=$1 dialogue=$2
	shift 2
	timeout -k 5 60 python3 "$top_srcdir/tests/e2e/terminal.py" sh -c \
		'stty cols "$1"; shift; "$@" report --top 3 "$session" >"$scratch/out"; echo the end' - "$columns" "$@" <<<"$dialogue"
}
export scratch session
session=$scratch/long
bar='expect \rreading the log \[#*\.+\] +[0-9]+ %'
check "a bar goes on while a long log is read" at_terminal 100 "$bar
$bar
expect \\r *\\rthe end
end 0" "${slow[@]}" "$guardctl"
check "and the report is what it is" same "$(cat "$scratch/expected")" "$(cat "$scratch/out")"
check "a narrow terminal gets the percentage" at_terminal 40 'expect \r *[0-9]+ %
expect \r *\rthe end
end 0' "${slow[@]}" "$guardctl"
# Nothing shall come before the end.
check "a log that is read at once has none" at_terminal 100 'expect ^the end
end 0' "$guardctl"
check "a file gets none" bash -c '"$@" report --top 3 "$session" 2>"$scratch/err" >"$scratch/out"; [ ! -s "$scratch/err" ]' - \
	"${slow[@]}" "$guardctl"
finish
