#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The library offers exactly the functions of hooks.def, each of which the libc here has too, and needs libc alone.
. "$top_srcdir/tests/e2e/lib.sh"
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
check "the library needs libc alone" same "libc.so.6" \
	"$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux')"
check "its stack is not executable" refute grep -E 'GNU_STACK.*E ' <(readelf -lW "$library")
check "it has no text relocations" refute grep TEXTREL <(readelf -d "$library")
finish
