#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every bad policy gets a sentence that names file, line and remedy, and no program runs under it.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"

# A policy of one rule section, and what check must say of it.
says() { # EXPECTED TEXT
	printf '%s\n' "$2" >"$scratch/bad.conf"
	local status
	"$guardctl" check --policy "$scratch/bad.conf" >"$scratch/out" 2>"$scratch/err"
	status=$?
	cat "$scratch/err"
	[ "$status" = 1 ] && grep -qE "^$scratch/bad\.conf:[0-9]+: .*$1" "$scratch/err"
}

check "an unknown key names the nearest" says 'did you mean "allow"' 'files = ( { alow = "read"; path = "/a"; } );'
check "an unknown operation names the nearest" says 'did you mean "write"' 'files = ( { deny = "wrte"; path = "/a"; } );'
check "an operation of another section is said" says 'connect' 'files = ( { deny = "connect"; path = "/a"; } );'
check "a rule without a verdict is said" says '.' 'files = ( { path = "/a"; } );'
check "two verdicts in a rule are said" says '.' 'files = ( { allow = "read"; deny = "read"; path = "/a"; } );'
check "a rule that covers nothing is said" says '.' 'files = ( { deny = "read"; path = []; } );'
check "a rule without an object is said" says '.' 'files = ( { deny = "read"; } );'
check "a relative path is said" says 'relative' 'files = ( { deny = "read"; path = "a/b"; } );'
check "an unset variable is said" says 'not set' 'files = ( { deny = "read"; path = "${NO_SUCH_VARIABLE}/b"; } );'
check "dots in a path are said" says '.' 'files = ( { deny = "read"; path = "/a/../b"; } );'
check "an unbalanced brace is said" says '.' 'files = ( { deny = "read"; path = "/a/{b"; } );'
check "an empty path is said" says 'empty' 'files = ( { deny = "read"; path = ""; } );'
check "a bad address is said" says '.' 'network = ( { deny = "connect"; address = "300.1.1.1"; } );'
check "host bits in a range are said" says '.' 'network = ( { deny = "connect"; address = "10.1.2.3/8"; } );'
check "a bad port is said" says '.' 'network = ( { deny = "connect"; address = "any"; port = 70000; } );'
check "a port range backwards is said" says '.' 'network = ( { deny = "connect"; address = "any"; port = "90-80"; } );'
check "a URL for a host is said" says '.' 'network = ( { deny = "connect"; host = "http://a.b/"; } );'
check "over without per is said" says 'per' 'files = ( { deny = "delete"; path = "/a"; over = 3; } );'
check "a bad errno is said" says '.' 'files = ( { deny = "read"; path = "/a"; errno = "ENOTHING"; } );'
check "ask is not available yet" says 'not available yet' 'commands = ( { ask = "exec"; program = "a"; } );'
check "keep is not available yet" says 'not available yet' 'files = ( { allow = "write"; path = "/a"; keep = true; } );'
check "a bad mode is said" says 'mode|enforce' 'mode = "enforced";'
check "an unknown section names the nearest" says 'did you mean "files"' 'fils = ( );'
check "an unknown profile is said" says 'profile' 'profiles = [ "bsae" ];'
check "an unknown rule in without is said" says '.' 'without = [ "base/nothing" ];'
check "two rules of one id are said" says '.' 'files = ( { id = "a"; deny = "read"; path = "/a"; }, { id = "a"; deny = "read"; path = "/b"; } );'
check "a bad id is said" says '.' 'files = ( { id = "A b"; deny = "read"; path = "/a"; } );'
check "broken syntax is said" says '.' 'files = ( { deny = ; path = "/a"; } );'
check "a key twice is said" says '.' 'mode = "audit"; mode = "audit";'
check "a text for a list of rules is said" says '.' 'files = "all";'
check "a missing file is said" bash -c "! '$guardctl' check --policy '$scratch/none.conf' 2>&1 | grep -q ok"
check "a bad option is a usage error" bash -c "'$guardctl' check --polcy x; [ \$? = 2 ]"

printf 'files = ( { deny = "wrte"; path = "/a"; } );\n' >"$scratch/bad.conf"
check "no program starts under a bad policy" bash -c "LD_PRELOAD='$library' GUARD_POLICY='$scratch/bad.conf' \
	env touch '$scratch/ran'; [ \$? = 126 ] && [ ! -e '$scratch/ran' ]"
check "guardctl run starts none either" bash -c "'$guardctl' run --policy '$scratch/bad.conf' -- touch '$scratch/ran'
	[ \$? = 126 ] && [ ! -e '$scratch/ran' ]"
check "the shipped policy and its profiles compile" "$guardctl" check --policy "$top_srcdir/conf/guard.conf"
finish
