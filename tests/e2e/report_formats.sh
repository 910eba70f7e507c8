#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The report in every form, of a session whose names try to act in it. What each form's own reader finds is compared
# with what was done.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

judge=$top_srcdir/tests/e2e/report_formats.py
python=/usr/bin/python3
[ -x $python ] || python=python3

mkdir "$scratch/shut" "$scratch/open"
policy hostile <<END
files = ( { id = "shut"; deny = ["read", "delete", "create"]; path = "$scratch/shut/**"; reason = "not <yours> | 100%"; } );
END
$python "$judge" touch "$scratch/shut"
(cd "$scratch" && guarded hostile $python "$judge" act "$scratch/shut" "$scratch/open") 2>/dev/null
session=$(echo "$sessions"/2*)
policy good <<END
END
guarded good true
good=$(find "$sessions" -mindepth 1 -maxdepth 1 -name '2*' ! -path "$session")

for format in text html markdown csv junit github sarif json; do
	"$guardctl" report --format $format --top 0 "$session" >"$scratch/$format"
done
for format in text html markdown csv junit github; do
	check "$format has no byte that acts" $python "$judge" inert "$scratch/$format"
done
check "JSON tells each refused name as it is" $python "$judge" json "$scratch/json" "$scratch/shut"
check "CSV is one table, and no cell is a formula" $python "$judge" csv "$scratch/csv" "$scratch/shut"
check "JUnit is XML, with a failure for each refusal" $python "$judge" junit "$scratch/junit" "$scratch/shut"
check "Markdown has no HTML, link or cell of a name" $python "$judge" markdown "$scratch/markdown"
check "HTML has no element, attribute or link of a name" $python "$judge" html "$scratch/html" "$scratch/shut"
check "each annotation is one line of one command" $python "$judge" github "$scratch/github"
check "annotations are at the agent's source line" grep -q '^::error file=.*report_formats.py,line=[0-9]*,title=' "$scratch/github"
check "SARIF has what the schema requires" $python "$judge" sarif "$scratch/sarif" "$scratch/hostile.conf"
# A copy of the schema is in an npm package that checks others' files by it.
schema=${GUARD_SARIF_SCHEMA-}
[ -n "$schema" ] || schema=$(node_modules_of @microsoft/jest-sarif)/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json
if ! $python -c 'import jsonschema' 2>/dev/null; then
	skip "SARIF is valid by the published schema" "no python3-jsonschema"
elif [ ! -f "$schema" ]; then
	skip "SARIF is valid by the published schema" "no copy of it: neither GUARD_SARIF_SCHEMA nor npm's @microsoft/jest-sarif"
else
	check "SARIF is valid by the published schema" $python "$judge" schema "$scratch/sarif" "$schema"
	sed 's/"version": "2.1.0"/"other": 1/' "$scratch/sarif" >"$scratch/other.sarif"
	check "one without its version is not" bash -c '"$@" 2>&1 | grep -q "ValidationError"' - \
		$python "$judge" schema "$scratch/other.sarif" "$schema"
fi

# The same run again has the same fingerprints.
(cd "$scratch" && guarded hostile $python "$judge" act "$scratch/shut" "$scratch/open") 2>/dev/null
fingerprints() { grep -o '"refusal/v1": "[0-9a-f]*"' | sort; }
check "fingerprints stay from run to run" same "$(fingerprints <"$scratch/sarif")" \
	"$("$guardctl" report --format sarif --log "$sessions" last | fingerprints)"

for format in text html markdown csv junit github sarif json; do
	"$guardctl" report --escape ascii --format $format --top 0 "$session" >"$scratch/ascii.$format"
	check "$format in ASCII has nothing else" bash -c '! LC_ALL=C grep -qP "[\x80-\xff]" "$1" && grep -qE "[uU0x]\{?0*fc" "$1"' - "$scratch/ascii.$format"
done
check "JSON in ASCII is the same JSON" $python "$judge" same_json "$scratch/json" "$scratch/ascii.json"

# Groups.
check "a group shows the count of all it has" $python "$judge" group "$scratch/text" "$scratch/json"
for by in rule program object operation source; do
	check "refusals are told together by $by" bash -c '"$@" | grep -q "^Refused"' - \
		"$guardctl" report --group-by $by "$session"
done
check "an unknown group is wrong usage" bash -c '"$@" 2>/dev/null; [ $? = 2 ]' - "$guardctl" report --group-by colour "$session"

# Several sessions, filters.
check "SARIF of two sessions has two runs" bash -c '"$@" | python3 -c "
import json, sys
assert len(json.load(sys.stdin)[\"runs\"]) == 2"' - "$guardctl" report --format sarif "$session" "$good"
check "--all tells every session" bash -c '[ "$("$@" | grep -c "<testsuite ")" = 3 ]' - \
	"$guardctl" report --all --log "$sessions" --format junit
check "a filter holds for the report" bash -c '"$@" | python3 -c "
import json, sys
report = json.load(sys.stdin)
assert report[\"refused\"] and all(x[\"operation\"] == \"delete\" for x in report[\"refused\"]), report"' - \
	"$guardctl" report --json --operation delete "$session"

# Exit codes of --fail-on.
code() { # CODE ARGUMENT...
	local expected=$1
	shift
	"$guardctl" report "$@" >/dev/null
	same "$expected" "$?"
}
check "without --fail-on the status is 0" code 0 "$session"
check "refused fails" code 1 --fail-on refused "$session"
check "what was not asked for does not" code 0 --fail-on lost,uncovered "$session"
check "a good session is good" code 0 --fail-on refused,lost,uncovered "$good"
check "one of two is enough" code 1 --fail-on refused "$session" "$good"
cp -r "$good" "$scratch/lossy" && printf '\003' | dd of="$scratch/lossy/state" bs=1 seek=64 conv=notrunc status=none
check "lost records fail" code 1 --fail-on lost "$scratch/lossy"
check "a session that is not there is no finding" code 125 --fail-on refused --log "$sessions" nowhere
check "an unknown word is wrong usage" code 2 --fail-on everything "$session"

# Size.
policy many <<END
files = ( { id = "shut"; deny = "read"; path = "$scratch/shut/**"; reason = "no"; } );
END
mkdir "$scratch/open/many"
guarded many $python "$judge" many "$scratch/open/many" 2>/dev/null
many=$("$guardctl" sessions --log "$sessions" | sed -n 's/^\(2[^ ]*\).*/\1/p' | head -n 1)
"$guardctl" report --format markdown --top 0 --log "$sessions" "$many" >"$scratch/long.md"
check "Markdown is cut below 900 KB" test "$(stat -c %s "$scratch/long.md")" -le 900000
check "and says so" grep -q 'Cut: [0-9]* lines' "$scratch/long.md"

# The jobs of conf/ci.
check "the commands of the GitHub job run" $python "$judge" job "$top_srcdir/conf/ci/github.yml" "$scratch/job" "$guardctl"
check "the commands of the GitLab job run" $python "$judge" job "$top_srcdir/conf/ci/gitlab.yml" "$scratch/job2" "$guardctl"
finish
