#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The floor: code that has found gate and cookie does not get below it, and what the policy allows never meets it.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
native=$top_builddir/tests/e2e/floor
probe=$top_builddir/tests/e2e/probe

has_floor || skip_all "no Landlock here"

mkdir -p "$scratch/work/a" "$scratch/work/b" "$scratch/second" "$scratch/outside" "$scratch/open"
echo kept >"$scratch/outside/f"

# All pass the filter on the library's word.
rules() { # NAME LANDLOCK [DIRECTORY]
	policy "$1" <<END
default = { files = "deny"; network = "deny"; commands = "allow"; process = "allow"; };
files = (
  { id = "look"; allow = ["read", "load", "attr"]; path = ["/", "/**"]; },
  { id = "work"; allow = "all"; path = ["$scratch/work/**", "$scratch/second/**", "/dev/**"${3:+, \"$3/**\"}]; },
  { id = "key"; deny = "all"; path = "$scratch/work/**/*.key"; }
);
network = (
  { id = "local"; allow = ["connect", "bind"]; address = "127.0.0.1"; port = ["8000-8003"]; },
  { id = "sockets"; allow = ["connect", "bind"]; socket = ["$scratch/work/**", "/{run,var/run}/nscd/socket"]; }
);
process = ( { id = "system"; deny = ["trace", "mount", "namespace"]; } );
kernel = { trust = "fast"; landlock = "$2"; ${doorless:+filter = \"off\";} };
END
}
rules on require
rules off off
rules missing require "$scratch/open/later"

# What native code gets outside: with the floor, and without, where the same is done.
meets() { # ERROR COMMAND...
	local error=$1
	shift
	[ ! -e "$scratch/outside/new" ] && same ok "$(guarded off "$native" "$@" 2>&1)" || return
	rm -f "$scratch/outside/new" "$scratch/work/moved" && echo kept >"$scratch/outside/f"
	same "$error" "$(guarded on "$native" "$@" 2>&1)"
}

check "the hooks refuse what is outside" eval "refute guarded on mkdir '$scratch/outside/new' 2>'$scratch/err' &&
	grep 'refused create $scratch/outside/new (the default' '$scratch/err'"
check "through the gate, a file cannot be made outside; without the floor it can" meets EACCES make "$scratch/outside/new"
check "nor one be changed" meets EACCES make "$scratch/outside/f"
check "nor removed" meets EACCES unlink "$scratch/outside/f"
check "nor moved into a place where it may be changed" meets EACCES rename "$scratch/outside/f" "$scratch/work/moved"
check "it is as it was" same kept "$(cat "$scratch/outside/f")"
check "inside, it can do what the hooks refuse: that the kernel cannot tell" same ok "$(guarded on "$native" make "$scratch/work/a/x.key")"
check "a port that no rule names is not reached" eval \
	"same ECONNREFUSED \"\$(guarded off '$native' connect 8009)\" && same EACCES \"\$(guarded on '$native' connect 8009)\""
check "one that a rule names is" same ECONNREFUSED "$(guarded on "$native" connect 8002)"
python3 -c '
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind("\0" + sys.argv[1]); s.listen(); print("ready", flush=True); time.sleep(20)' \
	"libguard-test-$$" >"$scratch/ready" &
listener=$!
for _ in {1..50}; do [ -s "$scratch/ready" ] && break; sleep 0.1; done
check "an abstract socket outside is not reached" meets EPERM abstract "libguard-test-$$"
kill "$listener"
check "a session that is traced from inside is not: not even the supervisor can be looked at" refute \
	guarded on bash -c "readlink \"/proc/\$PPID/exe\""

# What is allowed.
all_calls() { # NAME
	rm -rf "$scratch/work/probe" && mkdir "$scratch/work/probe" && "$probe" make "$scratch/work/probe" &&
		guarded "$1" "$probe" run "$scratch/work/probe"
}
# The kernel has one place for message queues, and where it is not mounted only who may mount it can name it.
queues='^$'
guarded on true && "$guardctl" report --log "$sessions" | grep -q 'message queues never' && queues=mq_
check "every call on files does what it does without the floor" eval \
	"all_calls on | grep -v '$queues' >'$scratch/on.calls'; all_calls off | grep -v '$queues' >'$scratch/off.calls'
	same '' \"\$(grep -v ' ok\$' '$scratch/on.calls')\" && grep -q 'open ok' '$scratch/on.calls' && diff '$scratch/on.calls' '$scratch/off.calls'"
cat >"$scratch/workload" <<'END'
set -e
cd "$1/work"
mkdir -p build/deep && echo 1 >build/deep/f && mv build/deep/f "$1/second/f" && mv "$1/second/f" b/f && ln b/f a/g && ln -s f b/l
mv b "$1/second/b" && mv "$1/second/b" b && rm -rf build && mkdir build && echo 2 >build/again && echo 3 >>build/again
truncate -s 0 build/again && mkfifo build/fifo && (echo fifo >build/fifo & cat build/fifo) && cp -a b c && chmod 600 c/f && touch c/f
mkdir "$1/work/x y" && mv -T a/g "$1/work/x y/g" && echo null >/dev/null && echo shm >/dev/shm/libguard-floor.$$ && rm /dev/shm/libguard-floor.$$
rm -rf c "x y" build
python3 - <<'PY'
import os, pty, socket, tempfile, threading
with open("of", "w") as f:
    f.write("1")
os.replace("of", "b/of")
os.close(os.open(".", os.O_TMPFILE | os.O_RDWR))
os.link("b/of", "linked")
r, w = os.pipe()
os.close(os.open("/proc/self/fd/%d" % w, os.O_WRONLY))
if os.environ["TERMINALS"]:
    main, side = pty.openpty()
    os.close(os.open(os.ttyname(side), os.O_RDWR | os.O_NOCTTY))
u = socket.socket(socket.AF_UNIX)
u.bind("sock")
u.listen()
socket.socket(socket.AF_UNIX).connect("sock")
t = socket.socket()
t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
for port in range(8000, 8004):
    try:
        t.bind(("127.0.0.1", port))
        break
    except OSError as e:
        if e.errno != 98:
            raise
t.listen()
c = socket.create_connection(t.getsockname())
pid = os.fork()
if pid == 0:
    os._exit(3)
os.waitpid(pid, 0)
os.kill(os.getppid(), 0)
os.remove("sock")
os.rename("linked", "a/linked")
PY
sleep 5 & kill $! && ! wait $!
echo done
END
TERMINALS=$(python3 -c 'import pty; pty.openpty(); print(1)' 2>/dev/null)
export TERMINALS
check "a workload of all kinds runs as if there were none" eval \
	"same done \"\$(guarded on bash '$scratch/workload' '$scratch' | tail -1)\" &&
	same '' \"\$('$guardctl' events --log '$sessions' --verdict deny)\""
check "what a rule names and is not there yet may come, and be filled then" eval \
	"guarded missing bash -c 'until [ -e \"\$1/later\" ]; do sleep 0.1; done; echo x >\"\$1/later/f\"' - '$scratch/open' &
	sleep 0.3; mkdir '$scratch/open/later'; wait \$! && grep x '$scratch/open/later/f'"
check "inside another session, both floors hold" eval \
	"guarded on '$guardctl' run --policy '$scratch/on.conf' --log '$scratch/work' -- bash -c 'echo x >\"\$1/work/f\" && \"\$2\" make \"\$1/outside/new\"' - '$scratch' '$native' |
	grep EACCES"

# What is said of it.
says() { # SENTENCE RULES
	policy told <<<"$2"
	guarded told true && "$guardctl" report --log "$sessions" | grep -E "^  floor  *$1"
}
closed='files = ( { id = "all"; deny = ["write", "create", "delete"]; path = "/**"; except = ["'$scratch'/work/**", "/dev/null"]; },
	{ id = "key"; deny = "write"; path = "'$scratch'/work/k"; } );'
needs='process = ( { id = "needs"; deny = ["trace", "mount"]; } );'
check "the report tells what it holds" says "Landlock [0-9]+: files change below 2 directories \(1 rule refuses more there\)(, message queues never.*)?$" "$closed $needs"
check "ports, signals and sockets too" says \
	"Landlock [0-9]+: files change anywhere \(.*\); TCP connects to 2 ports; TCP binds to 0 ports; no signals outside; no abstract sockets outside" \
	'default = { network = "deny"; process = "deny"; }; network = ( { allow = "connect"; address = "any"; port = 443; } );'
check "nothing to hold" says "none: the policy allows changes wherever no rule refuses them" "$needs"
check "a policy that lets somebody trace" says "none: the policy lets somebody trace" "$closed"
check "one that lets somebody mount" says "none: the policy lets somebody mount" "$closed process = ( { deny = \"trace\"; } );"
check "names that may begin anywhere" says "none: the policy allows changes at the top" \
	"default = { files = \"deny\"; }; files = ( { allow = [\"read\", \"load\"]; path = \"/**\"; }, { allow = \"all\"; path = \"**/*.o\"; } ); $needs"
check "rules on signals that must see who gets them" says "none: rules on signals tell by path" \
	"$closed process = ( { deny = [\"trace\", \"mount\"]; }, { deny = \"signal\"; program = \"/usr/sbin/sshd\"; } );"
check "audit refuses nothing" says "none: the policy only audits" "mode = \"audit\"; $closed $needs"
check "off" says "none: the policy switches it off" "$closed $needs kernel = { landlock = \"off\"; ${doorless:+filter = \"off\";} };"
check "the other forms of the report tell it as well" eval "policy told <<<'$closed $needs' && guarded told true &&
	'$guardctl' report --log '$sessions' --format json | grep '\"floor\": *\"Landlock' && '$guardctl' report --log '$sessions' --format markdown | grep 'floor.*Landlock' &&
	'$guardctl' report --log '$sessions' --format html | grep -q 'Landlock '"
finish
