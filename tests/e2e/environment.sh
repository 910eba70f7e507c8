#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Rules about the environment that a program gets (env): by the hooks, by the kernel door, and while a thread rewrites it.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
tries=${RACE_TRIES:-300}
hooked=$scratch/hooked
static=$scratch/static

build() { "${CC:-cc}" -O1 -D_GNU_SOURCE -pthread "$@" "$top_srcdir/tests/e2e/give.c"; }
build -o "$hooked" 2>/dev/null || skip_all "no compiler"
kinds=hooked
[ -z "$doorless" ] && build -static -o "$static" 2>/dev/null && kinds+=" static"

policy environment <<-END
	commands = (
	  { id = "foreign"; deny = "exec"; env = "{LD_PRELOAD,LD_AUDIT}"; },
	  { id = "option"; deny = "exec"; env = ["NODE_OPTIONS=*--require*", "PLACES=/denied/*"]; reason = "code of others"; },
	  { id = "one"; deny = "exec"; program = "true"; env = "ONLY_TRUE"; },
	  { id = "word"; deny = "exec"; env = "WORD=evil"; },
	  { id = "argument"; deny = "exec"; program = ["$hooked", "$static"]; args = ["look", "evil"]; }
	);
END
sed 's/^log/mode = "audit"; log/' "$scratch/environment.conf" >"$scratch/watched.conf"

give() { # KIND COMMAND...
	local kind=$1
	shift
	rm -rf "$sessions" && mkdir "$sessions"
	"$guardctl" run --policy "$scratch/environment.conf" -- "$scratch/$kind" "$@" 2>"$scratch/said"
}

# Refused with EACCES, told, and on record with the rule, the variable, and the door.
is_refused() { # KIND RULE VARIABLE COMMAND...
	local kind=$1 rule=$2 variable=$3 door=hook
	shift 3
	[ "$kind" = static ] && door=kernel
	same EACCES "$(give "$kind" run "$@")" || return
	grep -F "with ${variable%%=*} (rule $rule," "$scratch/said" || { cat "$scratch/said"; return 1; }
	"$guardctl" events --log "$sessions" --json --verdict deny |
		grep -F "\"env_vars\":\"$variable\"" | grep -F "\"rule\":{\"name\":\"$rule\"" | grep -F "\"door\":\"$door\"" ||
		{ "$guardctl" events --log "$sessions" --json; return 1; }
}

for kind in hooked static; do
	if [[ $kinds != *$kind* ]]; then
		skip "$kind: a foreign library is refused" "no kernel door, or no static libc"
		continue
	fi
	check "$kind: a foreign library is refused" is_refused $kind foreign LD_PRELOAD=/x.so /bin/true LD_PRELOAD=/x.so
	check "$kind: behind our own, too" is_refused $kind foreign LD_PRELOAD=/y.so /bin/true "LD_PRELOAD=$library /y.so"
	check "$kind: an auditor" is_refused $kind foreign LD_AUDIT=z.so /bin/true A=1 LD_AUDIT=z.so
	check "$kind: a value" is_refused $kind option "NODE_OPTIONS=--x --require /a/b.js" /bin/true "NODE_OPTIONS=--x --require /a/b.js"
	check "$kind: a part of a value" is_refused $kind option PLACES=/denied/b/c /bin/true PLACES=/a:/denied/b/c:/d
	check "$kind: of one program alone" is_refused $kind one ONLY_TRUE=1 /bin/true ONLY_TRUE=1
	check "$kind: secrets are not recorded" is_refused $kind option "NODE_OPTIONS=--require --token=[redacted]" \
		/bin/true "NODE_OPTIONS=--require --token=hunter2"
	check "$kind: another program runs with it" give $kind run /bin/pwd ONLY_TRUE=1
	check "$kind: our own library is not foreign" give $kind run /bin/true "LD_PRELOAD=$library"
	check "$kind: other values run" give $kind run /bin/true NODE_OPTIONS=--max-old-space-size=99 PLACES=/a:/b LD_LIBRARY_PATH=/x
	check "$kind: no environment at all runs" give $kind run /bin/true
done

python=/usr/bin/python3
ways() {
	"$python" - <<-'END'
		import os, subprocess
		os.environ["LD_AUDIT"] = "/x.so"
		def status(run):
		    try:
		        return run()
		    except PermissionError:
		        return "refused"
		print(status(lambda: os.posix_spawn("/bin/true", ["true"], os.environ)),
		      status(lambda: os.posix_spawn("/bin/true", ["true"], {"NODE_OPTIONS": "--require=x"})),
		      status(lambda: subprocess.run(["/bin/true"])), os.system("/bin/true"))
	END
}
export -f ways
export python scratch
check "what a program puts into its own environment reaches no child, by whatever call" \
	same "refused refused refused -1" "$(guarded environment bash -c ways 2>/dev/null)"
check "a shell's assignment in front of a command" bash -c "$(declare -f guarded)
	guarded environment bash -c 'LD_AUDIT=x.so /bin/true' 2>&1 | grep 'with LD_AUDIT (rule foreign,'"
rm -rf "$sessions" && mkdir "$sessions"
check "audit records it and refuses nothing" bash -c "$(declare -f guarded); guarded watched env LD_AUDIT=/x.so /bin/true 2>&1 | grep -v 'cannot be preloaded\|cannot be loaded'
	'$guardctl' events --log '$sessions' --json --verdict deny | grep -q '\"env_vars\":\"LD_AUDIT=/x.so\".*\"audit\":true'"
event=$("$guardctl" events --log "$sessions" --verdict deny | awk '{ print $5; exit }')
check "the event explains itself" bash -c "'$guardctl' explain --log '$sessions' '$event' | grep 'decided by foreign'"
check "a question asks with variables" bash -c "'$guardctl' explain --policy '$scratch/environment.conf' exec -- A=1 LD_AUDIT=x ls -l; [ \$? = 1 ]"
check "and without" "$guardctl" explain --policy "$scratch/environment.conf" exec -- A=1 ls -l LD_AUDIT=x

for kind in $kinds; do
	[ -n "$doorless" ] && continue
	for what in argv envp; do
		check "$kind: unguarded, a thread that rewrites $what gets through what is refused" refute "$scratch/$kind" race $what 300
		check "$kind: $tries programs whose $what a thread rewrites: none gets what is refused" give "$kind" race $what "$tries"
		check "$kind: and the refusals are on record" bash -c "'$guardctl' events --log '$sessions' --json --verdict deny | grep -q '\"exec\"'"
	done
done

check "the profile base refuses auditors and libraries of everybody's directories" bash -c "printf 'profiles = \"base\";' >'$scratch/base.conf'
	for variable in LD_AUDIT=/usr/lib/x.so LD_PRELOAD=/tmp/x.so 'LD_PRELOAD=/usr/lib/a.so /dev/shm/x.so' LD_PRELOAD=./x.so GCONV_PATH=.; do
		'$guardctl' explain --policy '$scratch/base.conf' exec -- \"\$variable\" true && echo \"\$variable\" && exit 1
	done; true"
check "and leaves alone what tools set for each other" bash -c "for variable in LD_PRELOAD=libfakeroot-sysv.so NODE_OPTIONS='--require ./pnp.cjs' \
		RUBYOPT=-rbundler/setup PYTHONPATH=/tmp/x BASH_ENV=/tmp/x LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2; do
		'$guardctl' explain --policy '$scratch/base.conf' exec -- \"\$variable\" true || exit
	done"
finish
