#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Native frames are told by function and line while the build that was recorded is there, and as recorded when not.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"
[ -f "$library" ] || skip_all "no preload library was built"
# What looks for leaks at the end cannot do so under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0"
grep -q '^#define HAVE_ELFUTILS_LIBDWFL_H 1' "$top_builddir/config.h" || skip_all "built without elfutils' headers (libdw-dev)"
ldconfig -p | grep -q 'libdw\.so\.1 ' || skip_all "no libdw.so.1 here"
ldconfig -p | grep -q 'libunwind\.so\.8 ' || skip_all "no libunwind here, so nothing is recorded"
command -v cc objcopy strip >/dev/null || skip_all "no cc, objcopy or strip here"

mkdir "$scratch/shut" "$scratch/bin"
cat >"$scratch/agent.c" <<'END'
#include <unistd.h>
int outer(const char *name);
static int inner(const char *name)
{
	int result = unlink(name);
	return result + 1;
}
int outer(const char *name)
{
	return inner(name) * 2;
}
int main(int argc, char **argv)
{
	return argc > 1 ? outer(argv[1]) & 1 : EXTRA;
}
END
build() { # NAME [OPTION...]
	(cd "$scratch" && cc -g -O0 -fno-omit-frame-pointer -funwind-tables -Wl,--build-id -DEXTRA=0 "${@:2}" -o "$scratch/$1" agent.c)
}
build bin/agent || skip_all "cc makes no program here"
policy main <<END
files = ( { id = "shut"; deny = "delete"; path = "$scratch/shut/**"; } );
log = { directory = "$sessions"; native = true; };
END
sed -i 1d "$scratch/main.conf" # the directory stands in the policy's own log section
guarded main "$scratch/bin/agent" "$scratch/shut/file" 2>/dev/null
session=$(echo "$sessions"/2*)
cp "$scratch/bin/agent" "$scratch/kept"

told() { # WHERE: as the frames of inner, outer and main
	"$guardctl" report "$session" >"$scratch/report"
	cat "$scratch/report"
	grep -qE "^ +native +$1" "$scratch/report"
}
explained() { # PATTERN
	local id
	id=$("$guardctl" report "$session" | sed -n 's/^ *event *//p')
	"$guardctl" explain --log "$sessions" "$id" >"$scratch/explained"
	cat "$scratch/explained"
	grep -qE "$1" "$scratch/explained"
}
lines="inner at .*agent\.c:5, from outer at .*agent\.c:10, from main at .*agent\.c:14$"
check "report tells function and line" told "$lines"
check "explain tells each frame" explained '^ *from +outer at .*/agent\.c:10$'
check "JSON has both, and the frame" bash -c '"$@" | python3 -c "
import json, re, sys
frames = json.load(sys.stdin)[\"refused\"][0][\"native\"]
assert [(f[\"function\"], f[\"line\"]) for f in frames[:3]] == [(\"inner\", 5), (\"outer\", 10), (\"main\", 14)], frames
assert all(re.fullmatch(r\"(-|/.*)\+0x[0-9a-f]+\", f[\"frame\"]) for f in frames), frames"' - "$guardctl" report --json "$session"

# Debug information in a file of its own.
objcopy --only-keep-debug "$scratch/kept" "$scratch/agent.debug"
strip -s "$scratch/bin/agent"
as_recorded='-\+0x[0-9a-f]+, from -\+0x[0-9a-f]+, from -\+0x[0-9a-f]+$'
check "a program without symbols is told as recorded" told "$as_recorded"
mkdir "$scratch/bin/.debug" && cp "$scratch/agent.debug" "$scratch/bin/.debug/"
(cd "$scratch/bin/.debug" && objcopy --add-gnu-debuglink=agent.debug "$scratch/bin/agent")
check "its debug file is found beside it" told "$lines"

# Another build, none, and what is no program.
build bin/agent -DMORE -O1 -DEXTRA=7
rm -r "$scratch/bin/.debug"
check "another build is not taken for it" told "$as_recorded"
rm "$scratch/bin/agent"
check "nor is nothing" told "$as_recorded"
mkfifo "$scratch/bin/agent"
check "a pipe in its place does not hang" told "$as_recorded"
rm "$scratch/bin/agent"
head -c 3000 "$scratch/kept" >"$scratch/bin/agent"
check "nor does half a file" told "$as_recorded"

# The reading process can do nothing else.
cp "$scratch/kept" "$scratch/bin/agent"
if strace -f -qq -o "$scratch/calls" "$guardctl" report "$session" >/dev/null 2>&1 && [ -s "$scratch/calls" ]; then
	check "what reads binaries gives up all else" bash -c '
		reader=$(sed -n "s/^\([0-9]*\) .*PR_SET_SECCOMP.*= 0$/\1/p" "$1") && [ -n "$reader" ] &&
		sed "1,/PR_SET_SECCOMP/d" "$1" | grep "^$reader " | grep "bin/agent" | grep -q O_RDONLY' - "$scratch/calls"
	check "and asks nobody on the network" bash -c '! grep -E "AF_INET|connect\(" "$1"' - "$scratch/calls"
else
	skip "what reads binaries gives up all else" "no strace that works here"
fi
finish
