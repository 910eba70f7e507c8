#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The kernel door: what comes through no hook is decided and recorded by the supervisor, and what was decided is done.
. "$top_srcdir/tests/e2e/lib.sh"
without=$top_builddir/tests/e2e/without
raw=$scratch/raw
static=$scratch/static
tries=${RACE_TRIES:-20000}

build() { "${CC:-cc}" -O1 -D_GNU_SOURCE -pthread -I"$top_srcdir" "$@"; }
build -static -x c -o "$static" - <<<'int main(void) { return 0; }' 2>/dev/null || skip_all "no compiler, or no static libc"
build -o "$raw" "$top_srcdir/tests/e2e/raw.c" && build -static -o "$static" "$top_srcdir/tests/e2e/raw.c" || exit 99
[ -z "$doorless" ] || skip_all "no kernel door here"

mkdir "$scratch/denied" "$scratch/allowed"
reset() {
	echo denied >"$scratch/denied/f" && echo allowed >"$scratch/allowed/f"
	rm -rf "$scratch/denied/new" "$scratch/allowed/new" "$scratch/allowed/moved"
	ln -sf /target "$scratch/denied/link"
}
reset
rules="default = { files = \"allow\"; network = \"allow\"; commands = \"allow\"; process = \"allow\"; };
files = ( { id = \"denied\"; deny = \"all\"; path = \"$scratch/denied/**\"; }, { id = \"key\"; deny = \"all\"; path = \"**/*.key\"; } );
network = ( { id = \"port\"; deny = \"connect\"; address = \"127.0.0.1\"; port = 9; } );
commands = ( { id = \"tool\"; deny = \"exec\"; program = \"$scratch/denied-tool\"; } );"
cp /bin/true "$scratch/denied-tool"
policy door <<<"$rules"
for trust in fast strict; do
	policy $trust <<<"$rules kernel = { trust = \"$trust\"; filter = \"require\"; };"
done
policy off <<<"$rules kernel = { filter = \"off\"; };"
policy required <<<"$rules kernel = { filter = \"require\"; };"

run_static() { "$guardctl" run --policy "$scratch/door.conf" -- "$static" "$@" 2>"$scratch/err"; }
run_raw() { guarded door "$raw" "$@" 2>"$scratch/err"; }

# Refused with EACCES, told, and on record as the kernel door's.
refused_by_door() { # RUNNER VERB OBJECT COMMAND...
	local runner=$1 verb=$2 object=$3
	shift 3
	same EACCES "$($runner "$@")" || return
	grep -q "refused $verb $object " "$scratch/err" || { cat "$scratch/err"; return 1; }
	"$guardctl" events --log "$sessions" --json --verdict deny | grep "\"action\":\"$verb\".*\"door\":\"kernel\"" ||
		{ "$guardctl" events --log "$sessions" --json; false; }
}

# The process of the kernel door's record is the one that asked.
names_process() {
	guarded door sh -c 'echo $$ >"$0" && exec "$@"' "$scratch/asker" "$@" >/dev/null 2>&1
	"$guardctl" events --log "$sessions" --json --verdict deny | grep -q "\"pid\":$(cat "$scratch/asker")[,}].*\"door\":\"kernel\"" ||
		{ cat "$scratch/asker"; "$guardctl" events --log "$sessions" --json --verdict deny; false; }
}

for how in static raw; do
	runner=run_$how
	check "$how: reading is refused and recorded" refused_by_door $runner read "$scratch/denied/f" open "$scratch/denied/f"
	check "$how: deleting too" refused_by_door $runner delete "$scratch/denied/f" unlink "$scratch/denied/f"
	check "$how: making a name" refused_by_door $runner create "$scratch/denied/new" mkdir "$scratch/denied/new"
	check "$how: changing attributes" refused_by_door $runner attr "$scratch/denied/f" chmod "$scratch/denied/f"
	check "$how: truncating" refused_by_door $runner write "$scratch/denied/f" truncate "$scratch/denied/f"
	check "$how: reading a link" refused_by_door $runner read "$scratch/denied/link" readlink "$scratch/denied/link"
	check "$how: moving away" refused_by_door $runner delete "$scratch/denied/f" rename "$scratch/denied/f" "$scratch/allowed/moved"
	check "$how: connecting" refused_by_door $runner connect 127.0.0.1:9 connect 9
	check "$how: running a program" refused_by_door $runner exec "$scratch/denied-tool" exec "$scratch/denied-tool"
	check "$how: the record of that names its process" names_process "${!how}" exec "$scratch/denied-tool"
	check "$how: nothing of it has happened" same "denied 1" "$(cat "$scratch/denied/f") $(find "$scratch/denied" -name f | wc -l)"
	check "$how: what is allowed works: open" same allowed "$($runner open "$scratch/allowed/f")"
	check "$how: mkdir, with the umask" bash -c "umask 027; $(declare -f run_static run_raw guarded)
		guardctl='$guardctl' library='$library' scratch='$scratch' static='$static' raw='$raw'
		$runner mkdir '$scratch/allowed/new' && [ \"\$(stat -c %a '$scratch/allowed/new')\" = 750 ]"
	check "$how: relative names" same allowed "$(cd "$scratch/allowed" && $runner open f)"
	check "$how: what lies deeper than PATH_MAX has its name" same EACCES "$(mkdir "$scratch/$how.deep"; $runner deep "$scratch/$how.deep")"
	check "$how: rename" same ok "$($runner rename "$scratch/allowed/f" "$scratch/allowed/moved")"
	check "$how: /proc/self is its own" same "$how" "$($runner readlink /proc/self/exe | sed 's#.*/##')"
	check "$how: errors are the kernel's" same "ENOENT ENOTDIR" "$($runner open "$scratch/none") $($runner open "$scratch/denied-tool/x")"
	check "$how: rings are not there" same ENOSYS "$($runner ring)"
	if [ "$(uname -m)" = x86_64 ]; then
		check "$how: nor is the 32-bit entry" same ENOSYS "$($runner old "$scratch/allowed/moved")"
	fi
	mkdir -p "$scratch/others" && echo allowed >"$scratch/others/f"
	check "$how: unguarded, a thread that rewrites a name gets what is denied opened" refute "${!how}" rewrite "$scratch/denied/f" "$scratch/others/f" 20000
	check "$how: $tries opens of a name that a thread rewrites read nothing that is denied" \
		$runner rewrite "$scratch/denied/f" "$scratch/others/f" "$tries"
	reset
done

for trust in fast strict; do
	check "trust = $trust: a hooked program works, and is refused" eval \
		"guarded $trust cat '$scratch/allowed/f' && refute guarded $trust cat '$scratch/denied/f'"
done
check "what a hook has recorded is not recorded twice" eval \
	"guarded door rm -f '$scratch/denied/f' 2>/dev/null; same 1 \"\$('$guardctl' events --log '$sessions' | grep -c 'deny  *delete')\""
check "the report tells how a static program was covered" eval \
	"run_static open '$scratch/allowed/f' >/dev/null; '$guardctl' report --log '$sessions' | grep -E 'doors: hooks, kernel door'"

# Without it.
number=$(awk '/define __NR_seccomp /{print $3}' <<<"$(echo '#include <asm/unistd.h>' | "${CC:-cc}" -E -dM -)")
declare -A words=([38]=ENOSYS [1]=EPERM [16]=EBUSY)
for error in 38 1 16; do
	check "${words[$error]}: auto goes on with the hooks alone, and says so once" eval \
		"'$without' $number $error '$guardctl' run --policy '$scratch/door.conf' -- /bin/cat '$scratch/allowed/f' 2>'$scratch/err' &&
		same 1 \"\$(grep -c 'no kernel door' '$scratch/err')\" && '$guardctl' report --log '$sessions' | grep 'weaker.*no kernel door'"
	check "${words[$error]}: the hooks refuse all the same" eval \
		"refute '$without' $number $error '$guardctl' run --policy '$scratch/door.conf' -- /bin/cat '$scratch/denied/f' 2>'$scratch/err' &&
		grep 'refused read $scratch/denied/f (rule denied' '$scratch/err'"
	check "${words[$error]}: require refuses to start" eval \
		"'$without' $number $error '$guardctl' run --policy '$scratch/required.conf' -- /bin/touch '$scratch/ran' 2>'$scratch/err'
		same 126 \$? && [ ! -e '$scratch/ran' ] && grep -q 'requires the kernel' '$scratch/err'"
done
check "off: no filter, nothing said" eval \
	"same '0 ' \"\$('$guardctl' run --policy '$scratch/off.conf' -- grep -m1 Seccomp: /proc/self/status | tr -dc 0-9) \$(guarded off true 2>&1)\""

# A container's profile lets nobody unshare anything. The threads of the door have places of their own all the same.
number=$(awk '/define __NR_unshare /{print $3}' <<<"$(echo '#include <asm/unistd.h>' | "${CC:-cc}" -E -dM -)")
apart() {
	"$without" "$number" 1 "$guardctl" run --policy "$scratch/required.conf" -- bash -c \
		'cd "$1" && for i in {1..40}; do "$2" open f & done; cd /; wait; "$2" open "$3"' - "$scratch/allowed" "$static" "$scratch/denied/f" \
		2>"$scratch/err" | sort | uniq -c | awk '{ print $2, $1 }'
}
check "without unshare(2) each guest is served where it is" same $'EACCES 1\nallowed 40' "$(echo allowed >"$scratch/allowed/f"; apart)"

# The supervisor's death.
left_alone() {
	local supervisor
	guarded door bash -c 'echo $PPID; exec >/dev/null 2>&1; for i in {1..100}; do sleep 0.1; done' >"$scratch/pid" &
	for _ in {1..50}; do [ -s "$scratch/pid" ] && break; sleep 0.1; done
	supervisor=$(cat "$scratch/pid")
	kill -KILL "$supervisor"
	wait $! 2>/dev/null
	sleep 0.2
	[ ! -e "/proc/$supervisor" ]
}
check "a supervisor that is killed takes the program along" left_alone
finish
