#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What help, manual, completion and the shipped policy say is what the tables have.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

page=$top_srcdir/doc/guardctl.1.scd
completion=$top_srcdir/tools/guardctl.bash
mapfile -t commands < <(sed -n 's/^COMMAND(\(.*\))$/\1/p' "$top_srcdir/tools/commands.def" | grep -vx supervise)

# The options that a command's help shows, one a line.
options_of() { # COMMAND
	"$guardctl" "$1" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
}

in_manual() { # COMMAND
	local option
	sed -n "/^\*guardctl $1\*/,/^\*guardctl /p" "$page" >"$scratch/section"
	[ -s "$scratch/section" ] || return
	for option in $(options_of "$1"); do
		grep -qF -- "*$option*" "$scratch/section" || { echo "$option is missing"; return 1; }
	done
}

# What the completion offers, asked as bash would ask it.
completed() { # WORD...
	bash -c '. "$1"; shift; COMP_WORDS=(guardctl "$@"); COMP_CWORD=$#; _guardctl; printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$completion" "$@"
}

in_completion() { # COMMAND
	completed "" | grep -qx "$1" || return
	same "$({ options_of "$1"; echo --help; } | sort)" "$(completed "$1" -- | sort)"
}

[ "${#commands[@]}" -ge 6 ] || exit 99
for command in "${commands[@]}"; do
	check "$command has a section in the manual with its options" in_manual "$command"
	check "$command and its options are completed" in_completion "$command"
done

# Line up "place key" of the table and of what a page or a policy shows.
python=/usr/bin/python3
[ -x $python ] || python=python3
table_keys() {
	"$guardctl" check --keys | $python -c '
import sys
rule = {"files", "network", "commands", "process"}
for line in sys.stdin:
    places, key = line.split("\t")[:2]
    places = set(places.split(","))
    if rule <= places:
        places = places - rule | {"rule"}
    for place in places:
        print(place, key)' | sort
}

page_keys() {
	(cd "$top_srcdir" && awk -f doc/tables.awk libguard/policy.def libguard/verbs.def doc/guard.conf.5.scd) | $python -c '
import re, sys
place = None
names = {"a policy": "top", "every rule": "rule"}
for line in sys.stdin:
    head = re.match(r"## Of (?:rules in )?(.*)", line)
    if head:
        place = names.get(head[1], head[1])
    key = re.match(r"\*(\w+)\* = ", line)
    if key:
        print(place, key[1])' | sort
}

# A key of a rule may stand in the list of keys at the top of the rules, or in any rule, also one behind a "#".
policy_keys() {
	$python - "$top_srcdir/conf/guard.conf" <<-'END' | sort
		import re, sys
		sections = {"files", "network", "commands", "process"}
		place, seen = "top", set()
		for line in open(sys.argv[1]):
		    listed = re.match(r"#   ([a-z, ]+?)  +\S", line)
		    if listed:
		        seen |= {("rule", key) for key in listed[1].split(", ")}
		    later = re.search(r"`(\w+)` and `(\w+)` are words of a later version", line)
		    if later:
		        seen |= {("rule", later[1]), ("rule", later[2])}
		    text = re.sub(r'"[^"]*"', '""', line)
		    text = re.sub(r"#[^{=]*$", "", text)
		    top = re.match(r"(\w+) *= *", text)
		    if top:
		        seen.add(("top", top[1]))
		        opens = re.match(r"\w+ *= *[{(]$", text.strip())
		        place = top[1] if opens else "top"
		        text = text[top.end():]
		    elif re.match(r"[})];", text):
		        place = "top"
		    if place != "top":
		        seen |= {(place, key) for key in re.findall(r"\b([a-z_]+) *= ", text)}
		common = {key for place, key in seen if place == "rule"}
		for place, key in seen:
		    if not (place in sections and key in common):
		        print(place, key)
	END
}

check "the table has all places" test "$(table_keys | cut -d' ' -f1 | sort -u | wc -l)" = 10
check "guard.conf(5) shows exactly the keys of the table" same "$(table_keys | grep -v '^profile ')" "$(page_keys)"
check "conf/guard.conf shows exactly the keys of the table" same "$(table_keys | grep -v '^profile ')" "$(policy_keys)"
# The rules and settings behind a "#" of conf/guard.conf, made part of it.
uncomment() {
	$python - "$top_srcdir/conf/guard.conf" <<-'END'
		import re, sys
		text = open(sys.argv[1]).read()
		text = re.sub(r"(?m)^# (\{|directory |  reason = )", r"\1", text)
		print(re.sub(r"\}(\s*\n\s*)\{", r"},\1{", text))
	END
}
uncomment >"$scratch/examples.conf"
check "there are examples in conf/guard.conf" test "$(grep -c '^{ id = ' "$scratch/examples.conf")" -ge 10
mkdir "$scratch/profiles"
cp "$top_srcdir"/conf/profiles/*.conf "$scratch/profiles"
check "and they compile" "$guardctl" check --policy "$scratch/examples.conf"

if [ -f "$top_builddir/doc/guard.conf.5" ]; then
	check "the built page is of this table" bash -c "for key in \$('$guardctl' check --keys | cut -f2 | sort -u); do
		grep -q \"^.*\\\\\\\\fB\$key\\\\\\\\fR = \" '$top_builddir/doc/guard.conf.5' || { echo \"\$key\"; exit 1; }; done"
else
	skip "the built page is of this table" "no page was built"
fi
finish
