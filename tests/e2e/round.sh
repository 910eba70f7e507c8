#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ways round the guard that were tried, and are closed: calls that mean more than they say, or mean it another time.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
hooked=$scratch/hooked
static=$scratch/static

build() { "${CC:-cc}" -O1 -D_GNU_SOURCE -pthread "$top_srcdir/tests/e2e/round.c" "$@"; }
build -o "$hooked" || exit 99
[ -z "$doorless" ] || skip_all "no kernel door here"
build -static -o "$static" 2>/dev/null || skip_all "no static libc"

mkdir -p "$scratch/denied" "$scratch/work/a/b" "$scratch/work/below"
"${CC:-cc}" -o "$scratch/by-loader" -Wl,--dynamic-linker="$scratch/tool" -x c - <<<'int main(void) { return 0; }' &&
	{ cat "$static" && echo; } >"$scratch/tool" && chmod +x "$scratch/tool" || exit 99
echo secret >"$scratch/denied/f" && echo kept >"$scratch/kept" && echo secret >"$scratch/work/below/f"
python3 - "$scratch" <<'END' &
import os, signal, socket, sys
held = []
for name in "denied/socket", "work/socket":
    held.append(socket.socket(socket.AF_UNIX))
    held[-1].bind(f"{sys.argv[1]}/{name}")
    held[-1].listen(4096)
ends = os.pipe()
with open(f"{sys.argv[1]}/pipe.new", "w") as out:
    print(f"/proc/{os.getpid()}/fd/{ends[0]}", file=out)
os.rename(f"{sys.argv[1]}/pipe.new", f"{sys.argv[1]}/pipe")
signal.pause()
END
outsider=$!
trap 'kill $outsider; chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
for _ in {1..100}; do [ -e "$scratch/pipe" ] && break; sleep 0.1; done

policy round <<END
files = (
  { id = "denied"; deny = ["read", "write", "create", "delete", "attr"]; path = "$scratch/denied/**"; },
  { id = "below"; deny = "read"; path = "$scratch/work/below/f"; },
  { id = "kept"; deny = "attr"; path = "$scratch/kept"; }
);
network = (
  { id = "address"; deny = "all"; address = "127.66.6.6"; },
  { id = "dial"; deny = "connect"; address = "127.0.0.1"; port = 9; },
  { id = "place"; deny = "bind"; address = "0.0.0.0"; port = 7790; },
  { id = "socket"; deny = "connect"; socket = "$scratch/denied/*"; }
);
commands = ( { id = "tool"; deny = "exec"; program = "$scratch/tool"; } );
process = ( { id = "system"; deny = ["trace", "kernel"]; } );
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END

# The supervisor leads the group.
run_static() { setsid -w "$guardctl" run --policy "$scratch/round.conf" -- "$static" "$@" 2>"$scratch/err"; }
run_hooked() { setsid -w env LD_PRELOAD="$library" GUARD_POLICY="$scratch/round.conf" "$hooked" "$@" 2>"$scratch/err"; }

# Refused, and on record.
refused() { # RUNNER VERB WORD...
	local runner=$1 verb=$2
	shift 2
	same EACCES "$($runner "$@")" || { cat "$scratch/err"; return 1; }
	"$guardctl" events --log "$sessions" --json --verdict deny | grep -q "\"action\":\"$verb\"" ||
		{ "$guardctl" events --log "$sessions" --json; false; }
}

for how in static hooked; do
	runner=run_$how
	check "$how: an address that says AF_UNSPEC is sent to as what it is" refused $runner send unspec-send 127.66.6.6 7777
	check "$how: also in a message" refused $runner send unspec-message 127.66.6.6 7777
	check "$how: and bound" refused $runner bind unspec-bind 0.0.0.0 7790
	check "$how: data that connects (TCP fast open)" refused $runner connect fast-send 127.0.0.1 9
	check "$how: also in a message" refused $runner connect fast-message 127.0.0.1 9
	check "$how: a source route leads anywhere" refused $runner send route-option
	check "$how: also one of a message" refused $runner send route-message 127.0.0.1 7777
	check "$how: a socket by its descriptor's link" refused $runner connect unix-link "$scratch/denied/socket"
	ln -sf "$scratch/work/socket" "$scratch/work/one" && ln -sf "$scratch/denied/socket" "$scratch/work/two"
	check "$how: a link to sockets that changes" same 0 "$($runner unix-race "$scratch/work/one" "$scratch/work/two" "$scratch/denied/socket" 3000)"
	check "$how: a socket that may be reached is" same ok "$($runner unix-link "$scratch/work/socket")"
	ln -sfn "$scratch/work/below" "$scratch/work/one" && ln -sfn "$scratch/denied" "$scratch/work/two"
	check "$how: a socket is bound where it was judged" eval \
		"$runner bind-race '$scratch/work/one' '$scratch/work/two' '$scratch/work/below' 3000; [ ! -e '$scratch/denied/s' ]"
	check "$how: what /proc/self leads to is its own" refused $runner create bind-here "$scratch/denied"
	check "$how: and is bound there" eval "same ok \"\$($runner bind-here '$scratch/work')\" && rm '$scratch/work/here'"
	check "$how: openat2's flags that change" same 0 "$($runner flags-race "$scratch/denied/f" 5000)"
	check "$how: a directory that moves while its .. is asked for" same 0 \
		"$($runner climb-race "/sys/kernel/../..$scratch/work/a/b/../f" "$scratch/work/a/b" "$scratch/work/below/b" 20000)"
	check "$how: what may not be read is not moved to where it may be" refused $runner read moved "$scratch/work/below/f" "$scratch/work/f"
	check "$how: what may not be changed gets no other name" refused $runner attr linked "$scratch/kept" "$scratch/work/kept"
	touch "$scratch/work/one-name"
	check "$how: anything else may be moved" same ok "$($runner moved "$scratch/work/one-name" "$scratch/work/other-name")"
	check "$how: and linked" same ok "$($runner linked "$scratch/work/other-name" "$scratch/work/one-name")"
	rm -f "$scratch/work/one-name" "$scratch/work/other-name"
	check "$how: a device by a name of one's own" refused $runner kernel device "$scratch/work/device"
	check "$how: a program that the kernel starts as another one's loader" refused $runner exec run "$scratch/by-loader"
	check "$how: another process's pipe" refused $runner trace other-pipe "$(cat "$scratch/pipe")"
	check "$how: an ioctl that changes what is known of a file" refused $runner attr version "$scratch/kept"
	check "$how: the supervisor owns no descriptor's signals" refused $runner signal owner
	check "$how: nor by a structure" refused $runner signal owner-in-memory
	check "$how: nor a socket's" refused $runner signal owner-of-socket
	check "$how: one's own are" same ok "$($runner own-owner)"
	check "$how: its limits are not set" refused $runner signal limit
	check "$how: one's own are" same ok "$($runner own-limit)"
	if grep -q '^[|/]' /proc/sys/kernel/core_pattern; then
		skip "$how: what the kernel writes of a program that ends badly" "not written into its directory here"
	else
		check "$how: what the kernel writes of a program that ends badly" eval \
			"refused $runner create core '$scratch/denied' && same '' \"\$(ls '$scratch/denied' | grep core)\""
	fi
	check "$how: nor its priority" refused $runner signal priority
	check "$how: nor what is killed first" refused $runner signal oom
	check "$how: nor is its group killed by descriptor" refused $runner signal group
	check "$how: nor is it looked into by counters" refused $runner trace watch
	check "$how: what gives its parent a grip is tracing" refused $runner trace grip
	check "$how: the clock's rate is read, and not set" refused $runner kernel tune
	check "$how: also of one clock" refused $runner kernel tune-clock
	check "$how: what is done for a thread is done when the first one has ended" same ok \
		"$($runner first-ends 127.0.0.1 7777 "$scratch/work/first")"
	check "$how: on its own descriptors" same "600 644" "$($runner own-files "$scratch/work/own1" "$scratch/work/own2")"
	rm -f "$scratch"/work/own*
done

# A program that shuts itself in stays in, whoever acts for it; and what it starts has hooks all the same.
shut_in() { # RUNNER COMMAND...
	local runner=$1
	shift
	$runner jail "$scratch/work" bash -c '"$1" change "$2/work/new" "$2/new"; (setsid "$1" change "$2/new" "$2/work/new" &); sleep 0.2
		touch "$2/work/f" && rm "$2/work/f"; touch "$2/f" 2>/dev/null || echo EACCES' - "$@"
}
"$hooked" jail "$scratch/work" true
case $? in
0)
	for how in static hooked; do
		for inner in static hooked; do
			check "$how, then $inner: under Landlock's rules of its own" same "ok EACCES EACCES ok EACCES" \
				"$(shut_in run_$how "${!inner}" "$scratch" | xargs)"
		done
	done
	;;
*) skip "a program that shuts itself in stays in" "no Landlock here" ;;
esac
finish
