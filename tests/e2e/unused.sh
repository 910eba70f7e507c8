#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# guardctl check --unused: names the rules that nothing used, and no other.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"
[ -f "$library" ] || skip_all "no preload library was built"

mkdir "$scratch/shut" "$scratch/tmp"
echo x >"$scratch/label"
policy main <<END
files = (
  { id = "used"; deny = "read"; path = "$scratch/shut/**"; },
  { id = "also"; allow = "read"; path = "$scratch/shut/a"; },
  { id = "marks"; allow = "read"; path = "$scratch/label"; label = "secret"; },
  { id = "after"; deny = "create"; path = "$scratch/tmp/**"; after = "secret"; },
  { id = "before"; deny = "delete"; path = "$scratch/tmp/**"; after = "secret"; },
  { id = "counts"; deny = "read"; path = "$scratch/label"; over = 100; per = 60; },
  { id = "never"; deny = "read"; path = "$scratch/never"; },
  { id = "excepted"; deny = "read"; path = "$scratch/lab*"; except = "$scratch/label"; },
  { id = "second"; allow = "write"; path = "\${WORKSPACE}/second"; } );
commands = (
  { id = "push"; deny = "exec"; program = "git"; args = ["push", "--force"]; },
  { id = "by"; deny = "exec"; program = "cat"; by = "nobody"; } );
network = ( { id = "far"; deny = "connect"; address = "192.0.2.0/24"; } );
END
guarded main bash -c "rm -f '$scratch/tmp/none'; cat '$scratch/shut/a'; cat '$scratch/label'; : >'$scratch/tmp/new'; git push --force" 2>/dev/null
(cd "$scratch/tmp" && guarded main bash -c ": >>second") 2>/dev/null
mapfile -t runs < <("$guardctl" sessions --log "$sessions" | sed -n 's/^\(2[^ ]*\).*/\1/p')
[ "${#runs[@]}" = 2 ] || exit 99

unused() { # STATUS EXPECTED ARGUMENT...: the rules' ids
	local expected=$1 ids=$2 status
	shift 2
	"$guardctl" check --unused --policy "$scratch/main.conf" --log "$sessions" "$@" >"$scratch/out" 2>&1
	status=$?
	cat "$scratch/out"
	[ "$status" = "$expected" ] && same "$ids" "$(sed -n 's/.*: rule \([a-z]*\) is not used$/\1/p' "$scratch/out" | tr '\n' ' ')"
}
check "rules that nothing used are named" unused 0 'before never excepted second far by ' "${runs[1]}"
check "with file and line" grep -qx "$scratch/main.conf:9: rule never is not used" "$scratch/out"
check "and how many they are" grep -qE '^.*/main.conf: 6 of [0-9]+ rules are not used by [0-9]+ operations in 1 run$' "$scratch/out"
check "what one of two runs used is used" unused 0 'before never excepted far by ' "${runs[@]}"
check "the newest run is the default" unused 0 'used also marks after before counts never excepted far push by '
check "--strict makes it a finding" unused 1 'before never excepted far by ' --strict "${runs[@]}"
sed -i '/before\|never\|excepted/d; /"by"/d; /network/d; s/"--force"\]; },/"--force"]; } );/' "$scratch/main.conf"
check "without them there is none" unused 0 '' --strict "${runs[@]}"
echo 'files = ( { deny = "read"; path = "x"; } );' >"$scratch/bad.conf"
check "a policy with errors is a no" bash -c '"$1" check --unused --policy "$2" --log "$3" 2>"$2.err"; [ $? = 1 ] && grep -q bad.conf:1: "$2.err"' - \
	"$guardctl" "$scratch/bad.conf" "$sessions"
check "a run that is not there is no answer" bash -c '"$1" check --unused --log "$2" nowhere; [ $? = 125 ]' - "$guardctl" "$sessions"
check "runs need --unused" bash -c '"$1" check last 2>/dev/null; [ $? = 2 ]' - "$guardctl"
check "--keys and --unused exclude each other" bash -c '"$1" check --keys --unused 2>/dev/null; [ $? = 2 ]' - "$guardctl"
finish
