#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every function of hooks.def that touches files: allowed where it may, refused where it may not, and recorded.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

probe=$top_builddir/tests/e2e/probe
without=$top_builddir/tests/e2e/without

# The calls of the newest session's events with a verdict: "CALL OPERATION", sorted.
calls() { # VERDICT
	"$guardctl" events --log "$sessions" --json --verdict "$1" | python3 -c '
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    call = event.get("libguard", {}).get("call")
    if call:
        print(call)' | sort -u
}

make_worlds() {
	rm -rf "$scratch/open" "$scratch/shut"
	mkdir "$scratch/open" "$scratch/shut"
	"$probe" make "$scratch/open" && "$probe" make "$scratch/shut"
}

run_probe() { # NAME-OF-RUN [PREFIX...]
	local run=$1
	shift
	make_worlds || return
	guarded files "$@" "$probe" run "$scratch/open" >"$scratch/$run.open" 2>/dev/null || return
	calls allow >"$scratch/$run.allowed"
	guarded files "$@" "$probe" run "$scratch/shut" >"$scratch/$run.shut" 2>/dev/null || return
	calls deny >"$scratch/$run.refused"
}

all_ok() { # FILE
	! grep -v ' ok$' "$1"
}

all_refused() { # FILE
	! grep -v ' EACCES$' "$1"
}

policy files <<END
files = ( { id = "shut"; deny = "all"; path = ["$scratch/shut/**", "/dev/{shm,mqueue}/*libguard-shut-*"]; } );
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END

"$probe" list | sort >"$scratch/cases"

check "every case runs unguarded" bash -c "rm -rf '$scratch/bare'; mkdir '$scratch/bare'; '$probe' make '$scratch/bare' &&
	! '$probe' run '$scratch/bare' | grep -v ' ok$'"
check "the probe runs under the guard" run_probe plain
check "what the policy allows succeeds" all_ok "$scratch/plain.open"
check "what the policy denies is refused with EACCES" all_refused "$scratch/plain.shut"
check "each allowed call is recorded" diff "$scratch/cases" "$scratch/plain.allowed"
check "each refused call is recorded" diff "$scratch/cases" "$scratch/plain.refused"
check "nothing changed where everything is refused" bash -c "cd '$scratch/shut' && for case in *; do
	[ \"\$(ls \$case | tr '\n' ' ')\" = 'empty file link other ' ] && grep -q secret \$case/file || exit 1; done"

for errno in 38 1; do
	if "$without" 437 $errno true 2>/dev/null; then
		check "the probe runs where openat2 fails with errno $errno" run_probe "no$errno" "$without" 437 $errno
		check "what is allowed succeeds there" all_ok "$scratch/no$errno.open"
		check "what is denied is refused there" all_refused "$scratch/no$errno.shut"
		check "each refusal is recorded there" diff "$scratch/cases" "$scratch/no$errno.refused"
	else
		skip "the probe runs where openat2 fails with errno $errno" "seccomp filters are not available"
	fi
done

# What lies in no directory of the test's own.
policy temporary <<END
files = ( { id = "temporary"; deny = "create"; path = "/tmp/tmpf*"; } );
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END
check "a temporary stream is refused where its file may not be made" bash -c "LD_PRELOAD='$library' \
	GUARD_POLICY='$scratch/temporary.conf' '$probe' tmpfile 2>/dev/null | grep -qx 'tmpfile EACCES'"
check "that is recorded" same tmpfile "$(calls deny)"
check "a temporary stream works where it may, and leaves no name" bash -c "LD_PRELOAD='$library' \
	GUARD_POLICY='$scratch/files.conf' '$probe' tmpfile 2>/dev/null | grep -qx 'tmpfile ok'"

# Hidden objects are absent for queries too.
mkdir "$scratch/hidden" && echo x >"$scratch/hidden/f"
policy hide <<END
files = ( { id = "hidden"; deny = "all"; path = "$scratch/hidden/**"; hide = true; } );
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END
check "a hidden file is absent for open" bash -c "guardctl=; LD_PRELOAD='$library' GUARD_POLICY='$scratch/hide.conf' \
	python3 -c 'open(\"$scratch/hidden/f\")' 2>&1 | grep -q FileNotFoundError"
check "a hidden file is absent for stat and access" bash -c "LD_PRELOAD='$library' GUARD_POLICY='$scratch/hide.conf' \
	python3 -c 'import os; assert not os.path.exists(\"$scratch/hidden/f\") and not os.access(\"$scratch/hidden/f\", 0)'"

# Names that lead elsewhere.
mkdir -p "$scratch/work/deep"
ln -s "$scratch/shut/open/file" "$scratch/work/to_file"
ln -s "$scratch/shut" "$scratch/work/to_dir"
ln -s to_dir "$scratch/work/twice"
make_worlds
refuses() { # COMMAND...
	refute guarded files "$@" && calls deny | grep -q .
}
check "a link to a denied file is refused" refuses cat "$scratch/work/to_file"
check "a link to a denied directory is refused" refuses cat "$scratch/work/twice/open/file"
check "dots behind a link lead where the kernel goes" refuses cat "$scratch/work/to_dir/open/../open/file"
check "a name below /proc/self/root is refused" refuses cat "/proc/self/root$scratch/shut/open/file"
check "a name below /proc/self/cwd is refused" bash -c "cd '$scratch' && ! LD_PRELOAD='$library' \
	GUARD_POLICY='$scratch/files.conf' cat /proc/self/cwd/shut/open/file 2>/dev/null"
check "a descriptor's name is judged by its file" bash -c "exec 5<'$scratch/shut/open/file' && ! LD_PRELOAD='$library' \
	GUARD_POLICY='$scratch/files.conf' cat /dev/fd/5 2>/dev/null"
check "a pipe by its /dev/stdin name stays open to its owner" bash -c "echo piped | LD_PRELOAD='$library' \
	GUARD_POLICY='$scratch/files.conf' cat /dev/stdin | grep -q piped"
check "a directory above a denied one cannot be moved away" refuses mv "$scratch/shut" "$scratch/moved"
mkdir -p "$scratch/above/shut"
check "making through a link that leads nowhere is judged by its target" bash -c "ln -s '$scratch/shut/new' '$scratch/work/dangling' &&
	! LD_PRELOAD='$library' GUARD_POLICY='$scratch/files.conf' sh -c ': >\"$scratch/work/dangling\"' 2>/dev/null &&
	[ ! -e '$scratch/shut/new' ]"

finish
