#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What strace saw real programs do, and what was recorded of it: at least 95 of 100 calls by the hooks alone, for libc itself
# opens the time zone and the databases of hosts and services, behind every hook; all of them by the kernel door.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
command -v strace >/dev/null || skip_all "no strace here"
strace -o /dev/null true 2>/dev/null || skip_all "processes cannot be traced here"
export LC_ALL=C.UTF-8
cd "$scratch" || exit 99

recorded() { # COMMAND...
	python3 "$top_srcdir/tests/e2e/truth.py" --guardctl "$guardctl" --hooks-only -- "$@"
}

all_recorded() { # COMMAND...
	python3 "$top_srcdir/tests/e2e/truth.py" --guardctl "$guardctl" --at-least 1 -- "$@"
}

cat >"$scratch/work.sh" <<-'END'
	set -e
	mkdir -p a/b/c
	for i in 1 2 3; do echo $i >a/$i; cp a/$i a/b/$i; done
	ln a/1 a/hard; ln -s 1 a/soft; mv a/2 a/two; cat a/* >/dev/null 2>&1 || true
	chmod 600 a/1; touch a/3; find a -name '*' >/dev/null; rm -r a
END
cat >"$scratch/work.py" <<-'END'
	import ctypes, glob, json, os, shutil, signal, socket, subprocess, tempfile
	folder = tempfile.mkdtemp(dir=".")
	open(folder + "/a", "w").write(json.dumps([1]))
	os.link(folder + "/a", folder + "/b")
	os.symlink("a", folder + "/c")
	os.rename(folder + "/b", folder + "/d")
	shutil.copytree(folder, folder + "x", symlinks=True)
	glob.glob(folder + "/**", recursive=True)
	subprocess.run(["true"], check=True)
	subprocess.run("cat a >b", shell=True, cwd=folder, check=True)
	open(folder + "/\N{GREEK CAPITAL LETTER OMEGA}", "w").close()
	found = ctypes.c_void_p()
	assert ctypes.CDLL(None).scandir(folder.encode(), ctypes.byref(found), None, None) > 0
	assert os.system("true") == 0 and os.popen("echo x").read() == "x\n"
	sleeper = subprocess.Popen(["sleep", "60"], start_new_session=True)
	os.killpg(sleeper.pid, signal.SIGTERM), sleeper.wait()
	listener = socket.create_server(("127.0.0.1", 0))
	socket.create_connection(listener.getsockname())
	shutil.rmtree(folder), shutil.rmtree(folder + "x")
END
printf '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { puts("x"); }\n' >"$scratch/work.c"
printf 'work: work.c\n\t%s -o $@ $<\nclean:\n\trm work\n' "${CC:-cc}" >"$scratch/Makefile"

check "a shell script" recorded sh work.sh
check "Python" recorded /usr/bin/python3 work.py
check "make, a compiler, a linker" recorded make work clean
check "tar" recorded sh -c "tar cf t.tar -C '$top_srcdir' libguard/core libguard/policy && mkdir t && tar xf t.tar -C t && rm -r t"
if command -v git >/dev/null; then
	check "git" recorded sh -c 'git init -q g && cd g && cp ../work.c . && git add . &&
		git -c user.name=n -c user.email=e@example.org commit -qm m && git status && git log >/dev/null'
else
	skip "git" "no git here"
fi
check "users and groups" recorded sh -c 'id root && ls -l /etc >/dev/null && getent group 0'
check "calls that libc makes by itself are missed by the hooks" refute recorded getent protocols tcp
if has_door; then
	check "the kernel door has them" all_recorded getent protocols tcp
	check "and all of a shell script" all_recorded sh work.sh
	check "and all of Python" all_recorded /usr/bin/python3 work.py
else
	skip "the kernel door has them" "no kernel door here"
fi
finish
