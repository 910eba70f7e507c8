#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Root's session goes on under other users and other roots, and is closed to everybody who is not part of it.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

[ "$(id -u)" = 0 ] || skip_all "not root"
setpriv --reuid 61234 --regid 61234 --clear-groups true 2>/dev/null || skip_all "no setpriv, or no right to change the user"

# Other users must reach them, wherever the build tree lies; and may list where sessions are kept.
chmod 755 "$scratch" "$sessions"
mkdir "$scratch/bin" "$scratch/shut"
cp "$library" "$guardctl" "$top_builddir/tests/e2e/actor" "$scratch/bin"
library=$scratch/bin/libguard.so guardctl=$scratch/bin/guardctl actor=$scratch/bin/actor
echo text >"$scratch/f"
echo text >"$scratch/shut/f"
user=61234 stranger=61235

policy free <<END
files = ( { id = "shut"; deny = "all"; path = "$scratch/shut/**"; } );
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END

recorded() { # VERDICT PATH
	"$guardctl" events --log "$sessions" --verdict "$1" --json | grep -qF "\"$2\"" ||
		{ "$guardctl" events --log "$sessions" | tail -n 20; echo "no $1 of $2"; false; }
}

joins_as_user() { # COMMAND...
	"${guard[@]}" "$@" /bin/cat "$scratch/f" "$scratch/shut/f" >"$scratch/out" 2>"$scratch/err"
	same text "$(cat "$scratch/out")" && recorded allow "$scratch/f" && recorded deny "$scratch/shut/f" &&
		grep -q 'libguard: refused read' "$scratch/err"
}

# Far more records than the segment that root had mapped holds: the user maps the next ones himself.
changes_without_exec() {
	same "0 failed 0" "$("${guard[@]}" "$actor" user "$user" "$scratch" 60000)" || return
	"$guardctl" report --log "$sessions" | grep -q 'none lost'
}

serves_user_daemon() {
	rm -f "$scratch/go" "$scratch/open/said"
	mkdir -p "$scratch/open" && chmod 777 "$scratch/open"
	"${guard[@]}" "$actor" daemon "$actor" as "$user" /bin/bash -c "exec >/dev/null 2>&1
		for i in {1..100}; do [ -e '$scratch/go' ] && break; sleep 0.1; done
		'$actor' files '$scratch' 60000 >'$scratch/open/said'" || return
	touch "$scratch/go"
	for _ in {1..100}; do [ -s "$scratch/open/said" ] && break; sleep 0.1; done
	same "0 failed 0" "$(cat "$scratch/open/said")" && "$guardctl" report --log "$sessions" | grep -q 'none lost'
}

# The stranger is not part of the session. He knows all there is to know: its id but for its secret end.
stranger() { # COMMAND...
	setpriv --reuid "$stranger" --regid "$stranger" --clear-groups "$@" 2>/dev/null
}

closed_to_strangers() {
	local directory program
	rm -f "$scratch/program"
	"${guard[@]}" bash -c 'echo $$ >"$1.new"; mv "$1.new" "$1"
		for i in {1..100}; do [ -e "$1" ] || break; sleep 0.1; done' - "$scratch/program" &
	for _ in {1..100}; do [ -e "$scratch/program" ] && break; sleep 0.1; done
	program=$(cat "$scratch/program")
	directory=$(tr '\0' '\n' <"/proc/$program/environ" | sed -n 's/^GUARD_SESSION=//p')
	[ -n "$directory" ] || directory=$(find "$sessions" -name '2*' | tail -n 1)
	refute stranger cat "/proc/$program/environ" || return
	refute stranger cat "/proc/$program/maps" || return
	refute stranger ls "$(dirname "$directory")" || return
	refute stranger ls "$directory" || return
	same "" "$(stranger find "$sessions" -name '2*')" || return
	same "" "$(stranger "$guardctl" sessions --log "$sessions")" || return
	# No process shows the name to all by its command line.
	refute grep -aqF "${directory##*-}" /proc/[0-9]*/cmdline || return
	# What could not be read even by the name: who ran what, and the policy's text.
	refute stranger cat "$directory/session.json" || return
	refute stranger cat "$directory/policy.conf" || return
	refute stranger touch "$directory/x" || return
	refute stranger rm -f "$directory/state" || return
	rm "$scratch/program"
	wait
}

# Who can list or replace the sessions of a place is not let in, and nobody is let in there.
closed_in_foreign_place() {
	local out
	rm -rf "$scratch/foreign"
	mkdir -m 755 "$scratch/foreign" && chown "$stranger" "$scratch/foreign"
	"$guardctl" run --policy "$scratch/free.conf" --log "$scratch/foreign" -- /bin/true || return
	out=$(stranger find "$scratch/foreign" -name '2*' -perm /077)
	same "" "$out" && "$guardctl" report --log "$scratch/foreign" | grep -q 'change their user cannot join' || return
	"$guardctl" run --policy "$scratch/free.conf" --log "$scratch/foreign" -- "$actor" as "$user" /bin/touch "$scratch/open/x" \
		2>"$scratch/err"
	same 126 $? && grep -q 'cannot be joined' "$scratch/err" && [ ! -e "$scratch/open/x" ]
}

unlisted_is_a_trap() { # of somebody who may write to the place
	rm -rf "$scratch/trap"
	mkdir -m 1777 "$scratch/trap" && chmod 1777 "$scratch/trap"
	stranger mkdir -m 777 "$scratch/trap/unlisted" || return
	"$guardctl" run --policy "$scratch/free.conf" --log "$scratch/trap" -- /bin/true || return
	same "" "$(ls -A "$scratch/trap/unlisted")" && same "" "$(find "$scratch/trap" -name '2*' -perm /077)" || return
	rm -rf "$scratch/trap/unlisted"
	stranger ln -s "$scratch/open" "$scratch/trap/unlisted" || return
	"$guardctl" run --policy "$scratch/free.conf" --log "$scratch/trap" -- /bin/true || return
	same "" "$(find "$scratch/open" "$scratch/trap" -name '2*' -perm /077)"
}

for how in preload run; do
	guard_by $how free
	check "$how: a program that drops to another user stays in the session" joins_as_user "$actor" as "$user"
	check "$how: so does one started by setpriv" joins_as_user setpriv --reuid $user --regid $user --clear-groups
	if su -s /bin/sh nobody -c true 2>/dev/null; then
		# su takes one text for a command.
		check "$how: so does one started by su" joins_as_user bash -c 'exec su -s /bin/sh nobody -c "exec $*"' -
	else
		skip "$how: so does one started by su" "su does not work here"
	fi
	check "$how: a change of user without exec keeps recording" changes_without_exec
	check "$how: a daemon of another user is served" serves_user_daemon
	check "$how: a user who is not part of a session finds nothing of it" closed_to_strangers
done
check "a place whose owner is another user lets nobody in" closed_in_foreign_place
check "a directory that somebody else put into the place is not used" unlisted_is_a_trap

# Other roots.
make_root() {
	local file
	rm -rf "$scratch/root"
	mkdir -p "$scratch/root/proc" "$scratch/root$scratch"
	for file in /bin/cat $(ldd /bin/cat | grep -o '/[^ ]*'); do
		mkdir -p "$scratch/root$(dirname "$file")" && cp -L "$file" "$scratch/root$file" || return
	done
	echo inside >"$scratch/root/f"
}

uncovered_root() {
	same inside "$("${guard[@]}" chroot "$scratch/root" /bin/cat /f 2>/dev/null)" || return
	# ld.so says that it has no library, the log says that there is a program without one.
	"$guardctl" report --log "$sessions" | grep -iE 'not covered|kernel only|no library|without the library' | grep -q . ||
		{ "$guardctl" report --log "$sessions"; false; }
}

unjoined_root() {
	mkdir -p "$scratch/root$scratch/bin" && cp "$library" "$scratch/root$library"
	for file in $(ldd "$library" | grep -o '/[^ ]*'); do
		mkdir -p "$scratch/root$(dirname "$file")" && cp -L "$file" "$scratch/root$file"
	done
	"${guard[@]}" chroot "$scratch/root" /bin/cat /f 2>"$scratch/err" >"$scratch/out"
	same "126 " "$? $(cat "$scratch/out")" && grep -q 'cannot be joined' "$scratch/err"
}

covered_root() {
	unshare --mount bash -c 'mkdir -p "$1$2" && mount --bind "$2" "$1$2" && mount -t proc none "$1/proc" || exit 77
		root=$1; shift 2; "$@" chroot "$root" /bin/cat /f' - "$scratch/root" "$sessions" "${guard[@]}" >"$scratch/out"
	same "0 inside" "$? $(cat "$scratch/out")" || return
	# Names are the ones outside.
	recorded allow "$scratch/root/f"
}

if make_root && chroot "$scratch/root" /bin/cat /f >/dev/null 2>&1; then
	for how in preload run; do
		guard_by $how free
		rm -rf "$scratch/root$scratch/bin"
		check "$how: a program in a root without the library is recorded as not covered" uncovered_root
		check "$how: with the library and without the session it does not run" unjoined_root
		if unshare --mount true 2>/dev/null; then
			check "$how: with both it is guarded, under the names outside" covered_root
		else
			skip "$how: with both it is guarded, under the names outside" "no right to mount"
		fi
	done
else
	skip "programs in other roots" "chroot does not work here"
fi
finish
