#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A guarded program gets from libc's functions what an unguarded one gets: results, errors, order, cancellation, symbols.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

alike=$top_builddir/tests/e2e/alike
guest=$(cd "$top_builddir/tests/e2e" && pwd)/guest

policy open <<END
files = ( { id = "secret"; deny = "all"; path = "**/secret/**"; } );
network = ( { id = "server"; deny = "send"; address = "127.66.6.6"; } );
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END

policy plain <<END
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END

make_tree() { # DIRECTORY
	rm -rf "$1"
	mkdir -p "$1/tree/deep/deeper/deepest" "$1/tree/skipped/x" "$1/tree/empty" "$1/secret"
	echo f | tee "$1/file" "$1/tree/f" "$1/tree/deep/g" "$1/tree/deep/deeper/deepest/h" "$1/tree/skipped/x/i" \
		"$1/secret/f" "$1/open" >/dev/null
	ln -s tree "$1/to_dir"
	ln -s ../tree/f "$1/tree/to_f"
	ln -s ../../tree "$1/tree/deep/up"
	ln -s file "$1/to_file"
	ln -s nowhere "$1/dangling"
	ln -s loop "$1/loop"
}

compare_trees() { # [PREFIX...]
	make_tree "$scratch/work"
	"$alike" "$scratch/work" >"$scratch/bare" || return
	make_tree "$scratch/work"
	guarded plain "$@" "$alike" "$scratch/work" >"$scratch/guarded" || return
	diff "$scratch/bare" "$scratch/guarded"
}

run_guest() { # WORDS...
	make_tree "$scratch/work"
	(cd "$scratch/work" && guarded open "$guest" "$@" 2>"$scratch/err")
}

refusals() { # CALL: how many in the newest session
	"$guardctl" events --log "$sessions" --json --verdict deny | grep -c "\"call\": *\"$1\""
}

check "listing, walking, matching, resolving and temporary files give what they give unguarded" compare_trees
check "so they do where openat2 is missing" compare_trees "$top_builddir/tests/e2e/without" 437 38
check "a cancelled thread ends in a blocked call and runs its handlers" same \
	"$(make_tree "$scratch/work" && cd "$scratch/work" && "$guest" cancel)" "$(run_guest cancel)"
check "and it says so" same "open cancelled 1 cleaned 1, then open 1
connect cancelled 1 cleaned 1, then open 1
sendto cancelled 1 cleaned 1, then open 1" "$(run_guest cancel)"
check "file actions of posix_spawn are decided before it spawns" same "open EACCES
chdir and make EACCES
fchdir and open EACCES
allowed 0" "$(run_guest spawn)"
check "each of them is recorded" same 3 "$(refusals posix_spawn)"
check "a name server of the program's own is asked if the policy lets it" same "ask sent" "$(run_guest ask 127.0.0.1)"
check "and not if the policy does not" same "ask refused" "$(run_guest ask 127.66.6.6)"
check "that is recorded as a datagram that was not sent" same 1 "$(refusals res_query)"
check "functions got by dlsym from libc itself are the guard's" same \
	"handle 0 version 0 default 0 none 0 strlen 1" "$(run_guest symbols secret/f)"
check "and do what libc's do" same "handle 1 version 1 default 1 none 0 strlen 1" "$(run_guest symbols open)"
who_is_refused() {
	"$guardctl" events --log "$sessions" --json --verdict deny | sed -n 's/.*"pid": *\([0-9]*\),"thread".*/\1/p'
}
check "a child of vfork that is the first to do anything leaves its parent's number alone" same "$(run_guest share secret/f)" "$(who_is_refused)"

# What libc looks up for its caller, it looks up for the guest: RUNPATH is that of the library which calls.
cc=${CC:-cc}
mkdir -p "$scratch/lib/plugins"
cat >"$scratch/lib/plugin.c" <<END
int plugin(void) { return 42; }
END
cat >"$scratch/lib/host.c" <<END
#include <dlfcn.h>
int host(int flags)
{
	void *handle = dlopen("libplugin.so", RTLD_NOW | flags);
	int (*plugin)(void) = handle ? (int (*)(void))dlsym(handle, "plugin") : 0;
	return plugin ? plugin() : 0;
}
END
cat >"$scratch/lib/main.c" <<END
#include <stdio.h>
int host(int flags);
int config_init(void) { return 7; }
void *open(const char *name) { return (void *)name; }
int main(int argc, char **argv) { (void)argc; printf("%d %d %s\n", host(8), config_init(), (char *)open("own")); return 0; }
END
# shellcheck disable=SC2016 # $ORIGIN is the loader's
build_plugins() {
	cd "$scratch/lib" &&
		$cc -w -shared -fPIC -o plugins/libplugin.so plugin.c &&
		$cc -w -shared -fPIC -Wl,--enable-new-dtags,-rpath,'$ORIGIN/plugins' -o libhost.so host.c -ldl &&
		$cc -w -fno-builtin -rdynamic -Wl,-rpath,'$ORIGIN' -o main main.c -L. -lhost
}
if (build_plugins) >"$scratch/cc" 2>&1; then
	check "a library finds its plugins by its own RUNPATH; a program keeps its own open and config_init" same "42 7 own" \
		"$(guarded open "$scratch/lib/main" 2>&1)"
	check "the plugin is recorded by its file" bash -c "'$guardctl' events --log '$sessions' --json |
		grep '\"call\": *\"dlopen\"' | grep -q '$scratch/lib/plugins/libplugin.so'"
	mv "$scratch/lib/plugins" "$scratch/lib/secret" && ln -s secret "$scratch/lib/plugins"
	check "a plugin that a link leads to is judged by where it lies" same "0 7 own" \
		"$(guarded open "$scratch/lib/main" 2>/dev/null)"
	check "that is recorded" same 1 "$(refusals dlopen)"
else
	skip "a library finds its plugins by its own RUNPATH" "no C compiler"
fi
finish
