#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A program is what will run, by whatever name: its copies, hard links and unnamed files, and what a loader is told to
# run. A socket that writes addresses itself is judged by all of them. A directory may lie deeper than a name is long.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
python=/usr/bin/python3
loader=$(sed -n 's/.* \(\/[^ ]*ld-linux[^ ]*\)$/\1/p' /proc/self/maps | head -n 1)
for loader in "$loader" /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1; do
	[ -e "$loader" ] && break
done

mkdir "$scratch/bin" "$scratch/work"
cp /bin/true "$scratch/bin/denied"
cp /bin/true "$scratch/bin/other" && printf 'more' >>"$scratch/bin/other"
cp /bin/true "$scratch/bin/same-size" && printf 'X' | dd of="$scratch/bin/same-size" bs=1 seek=900 conv=notrunc status=none
cp /bin/echo "$scratch/bin/tool"
policy identity <<-END
	commands = (
	  { id = "denied"; deny = "exec"; program = "$scratch/bin/denied"; },
	  { id = "force"; deny = "exec"; program = "$scratch/bin/tool"; args = ["push", "--force"]; }
	);
END
sed 's/^log/mode = "audit"; log/' "$scratch/identity.conf" >"$scratch/watched.conf"

# The command is refused: it cannot be run, and the record names the rule.
is_refused() { # RULE COMMAND...
	local rule=$1 status
	shift
	rm -rf "$sessions" && mkdir "$sessions"
	guarded identity "$@" 2>"$scratch/said"
	status=$?
	[ "$status" = 126 ] && "$guardctl" events --log "$sessions" --json | grep '"exec"' | grep '"failure"' >"$scratch/refused" &&
		grep -q "\"$rule\"" "$scratch/refused"
}

runs() { # COMMAND...
	guarded identity "$@"
}

# Run FILE's content from a descriptor that no name leads to; 126 when it is refused.
unnamed() { # HOW FILE
	cat >"$scratch/unnamed.py" <<-'END'
		import os, sys
		how, name, work = sys.argv[1:4]
		data = open(name, "rb").read()
		if how == "memfd":
		    fd = os.memfd_create("x")
		elif how == "tmpfile":
		    fd = os.open(work, os.O_TMPFILE | os.O_RDWR, 0o700)
		else:
		    fd = os.open(work + "/gone", os.O_CREAT | os.O_RDWR, 0o700)
		os.write(fd, data)
		again = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
		if how == "deleted":
		    os.unlink(work + "/gone")
		os.close(fd)
		try:
		    os.execve(again, ["x"], os.environ)
		except PermissionError:
		    sys.exit(126)
	END
	"$python" "$scratch/unnamed.py" "$1" "$2" "$scratch/work"
}
export -f unnamed
export scratch python

sh_run=(/bin/sh -c '"$@"' sh)
check "the program itself is refused" is_refused denied "${sh_run[@]}" "$scratch/bin/denied"
cp "$scratch/bin/denied" "$scratch/work/copy"
check "a copy of it is refused" is_refused denied "${sh_run[@]}" "$scratch/work/copy"
ln "$scratch/bin/denied" "$scratch/work/hard"
check "a hard link of it is refused" is_refused denied "${sh_run[@]}" "$scratch/work/hard"
ln -s "$scratch/work/copy" "$scratch/work/soft"
check "a symbolic link to a copy is refused" is_refused denied "${sh_run[@]}" "$scratch/work/soft"
printf '#!%s\n' "$scratch/work/copy" >"$scratch/work/script" && chmod +x "$scratch/work/script"
check "a script that a copy interprets is refused" is_refused denied "${sh_run[@]}" "$scratch/work/script"
check "another program is not, longer by some bytes" runs "${sh_run[@]}" "$scratch/bin/other"
check "nor is one of the same size that differs" runs "${sh_run[@]}" "$scratch/bin/same-size"
for how in memfd tmpfile deleted; do
	check "its content without a name is refused ($how)" is_refused denied bash -c "unnamed $how '$scratch/bin/denied'"
	check "other content without a name runs ($how)" runs bash -c "unnamed $how '$scratch/bin/other'"
done
cp "$scratch/bin/tool" "$scratch/work/tool"
check "rules about words hold for a copy too" is_refused force "${sh_run[@]}" "$scratch/work/tool" push --force
check "and for nothing else it is told" runs "${sh_run[@]}" "$scratch/work/tool" push

cp "$loader" "$scratch/work/loader"
for ld in "$loader" "$scratch/work/loader"; do
	check "${ld##*/}: the program that a loader is told to run is refused" is_refused denied "${sh_run[@]}" "$ld" "$scratch/bin/denied"
	check "${ld##*/}: behind options too" is_refused denied "${sh_run[@]}" "$ld" --argv0 x --library-path /lib --inhibit-cache "$scratch/work/copy"
	check "${ld##*/}: its words are the program's" is_refused force "${sh_run[@]}" "$ld" -- "$scratch/bin/tool" push --force
	check "${ld##*/}: a bare name, which only the loader can find, is refused" is_refused "failed closed" "${sh_run[@]}" "$ld" denied
	check "${ld##*/}: others run" runs "${sh_run[@]}" "$ld" "$scratch/bin/tool" push
	check "${ld##*/}: and listing libraries runs nothing" runs "${sh_run[@]}" "$ld" --list "$scratch/bin/denied"
done
# What a rule about the original does not refuse is not refused to a copy, also where only what is named is allowed.
policy narrow <<-END
	default = { commands = "deny"; };
	commands = (
	  { id = "here"; allow = "exec"; program = ["$scratch/work/**", "/usr/bin/**", "/bin/**"]; },
	  { id = "force"; deny = "exec"; program = "$scratch/bin/tool"; args = ["push", "--force"]; }
	);
END
check "a copy of a program that a rule narrows may do the rest" guarded narrow "${sh_run[@]}" "$scratch/work/tool" push
check "and not what the rule refuses" refute guarded narrow "${sh_run[@]}" "$scratch/work/tool" push --force

check "audit records it and refuses nothing" bash -c "$(declare -f guarded); rm -rf '$sessions'; mkdir '$sessions'
	guarded watched /bin/sh -c '$scratch/work/copy; $scratch/bin/tool x' &&
	'$guardctl' events --log '$sessions' --json | grep -F '$scratch/work/copy' | grep -q '\"denied\"'"

# Packet sockets.
policy nowhere <<-END
	network = ( { id = "there"; deny = "all"; address = "192.0.2.7"; } );
END
policy anywhere <<-END
	network = ( { id = "bind-only"; deny = "bind"; address = "192.0.2.7"; } );
END
cat >"$scratch/raw.py" <<-'END'
	import socket, sys
	for make in (lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
	             lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
	             lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).setsockopt(0, 3, 1)):
	    try:
	        make()
	        print("made")
	    except PermissionError as error:
	        print(error.strerror)
	socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
END
if "$python" "$scratch/raw.py" | grep -q "not permitted"; then
	skip "sockets that write addresses themselves are refused" "packet sockets need CAP_NET_RAW"
else
	check "sockets that write addresses themselves are refused where an address is" \
		same $'Permission denied\nPermission denied\nPermission denied' "$(guarded nowhere "$python" "$scratch/raw.py" 2>/dev/null)"
	check "the record says so" bash -c "'$guardctl' events --log '$sessions' | grep -c 'anywhere' | grep -qx 3"
	check "they are made where none is refused" same $'made\nmade\nmade' "$(guarded anywhere "$python" "$scratch/raw.py" 2>/dev/null)"
fi

# Deeper than PATH_MAX.
policy deep <<-END
	files = ( { id = "kept"; deny = "all"; path = "$scratch/deep/**/kept"; } );
END
cat >"$scratch/deep.py" <<-'END'
	import os, sys, threading
	os.chdir(sys.argv[1])
	if sys.argv[2] == "threads":
	    threading.Thread(target=threading.Event().wait, daemon=True).start()
	for _ in range(28):
	    os.makedirs("d" * 200, exist_ok=True)
	    os.chdir("d" * 200)
	with open("file", "w") as out:
	    out.write("x")
	os.rename("file", "other")
	os.mkdir("sub")
	fd = os.open("sub", os.O_RDONLY)
	os.close(os.open("below", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
	os.unlink("sub/below")
	os.rmdir("sub")
	os.unlink("other")
	for refused in (lambda: open("kept", "w"), lambda: os.mkdir("kept")):
	    try:
	        refused()
	        sys.exit("not refused")
	    except PermissionError:
	        pass
END
for how in alone threads; do
	mkdir -p "$scratch/deep"
	check "a directory deeper than PATH_MAX can be worked in, and is judged by its name ($how)" \
		guarded deep "$python" "$scratch/deep.py" "$scratch/deep" $how
done
rm -rf "$scratch/deep"
finish
