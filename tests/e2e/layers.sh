#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The rooms of ARCHITECTURE.md: a file includes only what lies below it.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
cd "$top_srcdir" || exit 99

# Includes of a room's files that lead neither to itself, nor to the rooms below it, nor to a table.
strays() { # ROOM BELOW...
	local rooms
	rooms=$(printf '|%s' "$@")
	grep -rnE '^[[:space:]]*#[[:space:]]*include "' --include='*.[ch]' "libguard/$1" |
		grep -vE "include \"libguard/((${rooms#|})/[^/]+|[^/]+\.def|door_names\.h)\""
}

check "core includes only itself" refute strays core
check "policy includes core" refute strays policy core
check "record includes core" refute strays record core
check "kernel includes core, policy, record" refute strays kernel core policy record
check "session includes core, policy, record, kernel" refute strays session core policy record kernel
check "hooks include the whole engine, and no tool" refute strays hooks core policy record kernel session
check "the kernel door includes the whole engine and the hooks, and no tool" refute strays door core policy record kernel session hooks
check "tools never include the hooks" refute grep -rn 'include "libguard/hooks/' --include='*.[ch]' tools

# Files that include a system header, but for those meant to.
others() { # HEADERS FILES ROOM... (two patterns)
	local headers=$1 files=$2
	shift 2
	grep -rlE "include <($headers)\.h>" --include='*.[ch]' "$@" | grep -vE "^($files)$"
}

check "libconfig is used by the policy loader alone" refute others libconfig 'tools/policy_[a-z_]+\.[ch]' libguard tools
check "libunwind is used by the stack walker alone" refute others libunwind 'libguard/record/stack\.[ch]' libguard tools
check "elfutils is used by what reads debug information alone" refute others 'elfutils/[a-z]+' 'tools/dwarf\.[ch]' libguard tools
check "nettle is used by what seals the log alone" refute others 'nettle/[a-z0-9]+' 'tools/seal\.[ch]' libguard tools
check "zlib is used by the packer alone" refute others zlib 'tools/packer\.[ch]' libguard tools
check "no hook needs stdio or the heap" refute others 'stdio|malloc' 'libguard/(record/reader\.c|door/[a-z]+\.c|hooks/hook\.h|hooks/[a-z_]+\.c)' libguard
finish
