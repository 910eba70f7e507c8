#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The library offers exactly the functions of hooks.def, each of which the libc here has too, and needs libc alone.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
[ -f "$library" ] || skip_all "no preload library was built"

# Names of the table's rows, as the preprocessor sees them on this machine.
table_names() {
	printf '%s\n' '#include "config.h"' '#define HOOK(result, name, ...) <name>' '#define QUERY HOOK' '#define PASS HOOK' \
		'#define CUSTOM(name) <name>' '#define NEXT CUSTOM' '#include "libguard/hooks.def"' |
		${CPP:-cc -E} -P -I"$top_builddir" -I"$top_srcdir" - | grep -oE '<[A-Za-z0-9_]+>' | tr -d '<>' | sort -u
}

library_names() {
	nm -D --defined-only "$library" | awk '{ print $NF }' | sort -u
}

libc_names() {
	local libc
	libc=$(ldd "$library" | awk '/libc\./ { print $3 }')
	nm -D --defined-only "$libc" | awk '{ sub(/@.*/, "", $NF); print $NF }' | sort -u
}

table_names >"$scratch/table"
library_names >"$scratch/library"
libc_names >"$scratch/libc"

check "hooks.def has rows" test -s "$scratch/table"
check "the library exports the names of hooks.def and nothing else" diff "$scratch/table" "$scratch/library"
check "the libc here has every one of them" same "" "$(comm -23 "$scratch/table" "$scratch/libc")"
# What libc itself says it can do: read from its code.
libc=$(ldd "$library" | awk '/libc\.so/ { print $3 }')
if ! command -v objdump >/dev/null || [ "$(uname -m)" != x86_64 ]; then
	skip "each function of libc that reaches a mediated system call has a row, or a reason" "needs objdump and x86-64"
elif ! python3 "$top_srcdir/tests/e2e/reach.py" "$libc" >"$scratch/reach" 2>"$scratch/err"; then
	check "libc's code can be read" same "" "$(cat "$scratch/err")"
else
	# Names without a row and without a reason, those that came after glibc 2.36 apart.
	python3 - "$scratch" "$top_srcdir/tests/e2e/entries.tsv" <<'END'
import fnmatch
import sys
scratch, table = sys.argv[1:]
rows = set(open(f"{scratch}/table").read().split())
reasons = [line.split("\t")[0] for line in open(table) if not line.startswith("#")]
with open(f"{scratch}/missing", "w") as missing, open(f"{scratch}/later", "w") as later:
    for line in open(f"{scratch}/reach"):
        name, version, calls = line.rstrip("\n").split("\t")
        if name in rows or any(fnmatch.fnmatchcase(name, reason) for reason in reasons):
            continue
        number = version.removeprefix("GLIBC_2.")
        known = not number.replace(".", "").isdigit() or float(number) <= 36
        print(name, calls, file=missing if known else later)
END
	check "the code of libc shows what it must" grep -q '^unlink	.*unlink' "$scratch/reach"
	check "each function of libc that reaches a mediated system call has a row, or a reason" same "" \
		"$(cat "$scratch/missing")"
	if [ -s "$scratch/later" ]; then
		skip "functions newer than glibc 2.36 have a row" "not looked at yet: $(cut -d' ' -f1 "$scratch/later" | tr '\n' ' ')"
	fi
fi
check "the library needs libc alone" same "libc.so.6" \
	"$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux')"
check "its stack is not executable" refute grep -E 'GNU_STACK.*E ' <(readelf -lW "$library")
check "it has no text relocations" refute grep TEXTREL <(readelf -d "$library")
finish
