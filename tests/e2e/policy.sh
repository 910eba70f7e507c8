#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every bad policy gets a sentence that names file, line and remedy, and no program runs under it.
# shellcheck source=tests/e2e/lib.sh
# shellcheck disable=SC2016  # ${...} belongs to policies
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
[ -f "$library" ] || skip_all "no preload library was built"

bad=$scratch/bad.conf
kinds=0

# FILE:LINE: SENTENCE is what check says, and what a program that the policy would guard shows instead of running.
stops() { # PLACE PATTERN POLICY-FILE
	"$guardctl" check --policy "$3" >"$scratch/out" 2>"$scratch/err"
	local status=$?
	cat "$scratch/err"
	[ "$status" = 1 ] && [ ! -s "$scratch/out" ] || return
	grep -F "$1" "$scratch/err" | grep -v ' warning: ' | grep -qE -- "$2" || return
	rm -f "$scratch/ran"
	env LD_PRELOAD="$library" GUARD_POLICY="$3" touch "$scratch/ran" 2>"$scratch/err"
	status=$?
	cat "$scratch/err"
	[ "$status" = 126 ] && [ ! -e "$scratch/ran" ] && grep -F "$1" "$scratch/err" | grep -qE -- "$2"
}

# One kind of bad policy: all of the text, the line that is named, and what is said of it.
bad() { # SENTENCE LINE PATTERN TEXT
	kinds=$((kinds + 1))
	printf '%s\n' "$4" >"$bad"
	check "$1" stops "$bad:$2: " "$3" "$bad"
}

# The same for one rule, which begins in line 3 of the policy.
rule() { # SENTENCE PATTERN SECTION RULE
	bad "$1" 3 "$2" "version = 1;
$3 = (
  { $4 } );"
}

# Words
rule "an unknown key names the nearest" 'unknown key "alow" \(did you mean "allow"\?\)' files 'alow = "read"; path = "/a";'
rule "an unknown key like no other says where they are" '"colour".*check --keys' files 'deny = "read"; path = "/a"; colour = "red";'
rule "an unknown operation names the nearest" 'did you mean "write"' files 'deny = "wrte"; path = "/a";'
rule "an unknown operation like no other names all" '"kill": "process" has "signal", .* and "kernel"' process 'deny = "kill";'
rule "an operation of another section says where it belongs" '"connect" is an operation of "network".*move it' files 'deny = "connect"; path = "/a";'
rule "a key of another section says where it belongs" '"path" belongs in rules in "files"' network 'deny = "connect"; path = "/a";'
rule "an unknown error names the nearest" 'did you mean "EACCES"' files 'deny = "read"; path = "/a"; errno = "EACCESS";'
rule "an error number that is none gives an example" 'no error number 4000.*"EPERM"' files 'deny = "read"; path = "/a"; errno = 4000;'
bad "an unknown section names the nearest" 2 'did you mean "files"' 'version = 1;
fils = ( );'
bad "a word that is none of a key's names them all" 1 '"off", "audit" or "enforce" \(did you mean "enforce"' 'mode = "enforced";'
bad "a key of a rule at the top says where it belongs" 1 '"deny" belongs in rules' 'deny = "read";'
bad "a key of the top in a group says where it belongs" 2 '"mode" belongs in the top level' 'log = {
  mode = "audit"; };'
bad "an unknown default names the nearest" 1 'did you mean "network"' 'default = { netwrok = "deny"; };'

# Types and numbers
rule "a number for a path says what it must be" '"path" must be a string or a list of strings' files 'deny = "read"; path = 5;'
rule "a text for a flag says what it must be" '"hide" must be true or false' files 'deny = "read"; path = "/a"; hide = "yes";'
rule "a list for a reason says what it must be" '"reason" must be one string' files 'deny = "read"; path = "/a"; reason = ["a", "b"];'
rule "a fraction says what it must be" '"over" must be a number' files 'deny = "read"; path = "/a"; over = 1.5; per = 1;'
rule "a list of both kinds says how to write it" 'mixes strings and numbers.*in quotes' network 'deny = "connect"; address = "any"; port = [80, "90-99"];'
rule "a number beyond 32 bits gives the largest" 'too large: the largest is 2147483647' files 'deny = "read"; path = "/a"; over = 99999999999; per = 1;'
rule "a negative number gives the range" '"over" is -3, it must be 0 to 1000000' files 'deny = "read"; path = "/a"; over = -3; per = 1;'
rule "a number outside its range gives the range" '"per" is 0, it must be 1 to 86400' files 'deny = "read"; path = "/a"; over = 3; per = 0;'
bad "another version gives the known one" 1 '"version" is 2, this guardctl knows 1' 'version = 2;'
bad "a group for a list of rules says what it must be" 1 '"files" must be a list of rules' 'files = { deny = "read"; };'
bad "a text for a rule says what it must be" 2 'a rule is a group' 'files = (
  "read" );'

# What a rule lacks or has too much of
rule "a rule without a verdict says what to write" 'no verdict: write deny = ... or allow' files 'path = "/a";'
rule "two verdicts say to make two rules" '"deny" and "allow": make two rules' files 'allow = "read"; deny = "read"; path = "/a";'
rule "a rule without an object names the key" 'covers nothing: it names no path' files 'deny = "read";'
rule "an empty list of objects covers nothing" '"path" is an empty list.*covers nothing' files 'deny = "read"; path = [];'
rule "an empty list of operations is said" '"deny" is an empty list' files 'deny = []; path = "/a";'
rule "over without per shows both" '"over" needs "per"' files 'deny = "delete"; path = "/a"; over = 3;'
rule "per without over shows both" '"per" needs "over"' files 'deny = "delete"; path = "/a"; per = 3;'
rule "a rule about commands without an object names the keys" 'covers nothing: it names no program or env' commands 'deny = "exec"; args = "-x";'
rule "variables belong to commands" '"env" belongs in rules in "commands"' files 'deny = "read"; path = "/a"; env = "A";'
rule "a variable without a name shows how one is written" '"=x" is no variable: write NAME, or NAME=VALUE' commands 'deny = "exec"; env = "=x";'
rule "a path for a variable too" '"/tmp/\*" is no variable' commands 'deny = "exec"; env = ["A=b", "/tmp/*"];'
rule "hide and errno contradict each other" '"hide" refuses with ENOENT: leave "errno" out' files 'deny = "read"; path = "/a"; hide = true; errno = "EPERM";'
rule "how to refuse contradicts allow" '"errno" says how to refuse, and this rule allows' files 'allow = "read"; path = "/a"; errno = "EPERM";'
rule "a port of a socket is said" '"socket" has no port' network 'deny = "connect"; socket = "/a"; port = 80;'
rule "ask is not available yet" '"ask" is not available yet' commands 'ask = "exec"; program = "a";'
rule "keep is not available yet" '"keep" is not available yet' files 'allow = "write"; path = "/a"; keep = true;'
bad "ask as a default is not available yet" 2 '"ask" is not available yet: write "deny" or "allow"' 'default = {
  files = "ask"; };'
bad "parts of the kernel that contradict each other" 1 'one without the other' 'kernel = { filter = "require"; supervisor = "off"; };'

# Patterns
rule "a relative path shows two absolute ones" 'relative: write "\$\{WORKSPACE\}/a/b" or "\*\*/a/b"' files 'deny = "read"; path = "a/b";'
rule "an empty path is said" 'an empty string names nothing' files 'deny = "read"; path = "";'
rule "dots in a path are said" '"\.\." in "/a/\.\./b": write the directory' files 'deny = "read"; path = "/a/../b";'
rule "an unset variable is said" '\$\{NO_SUCH_VARIABLE\} is not set.*set it' files 'deny = "read"; path = "${NO_SUCH_VARIABLE}/b";'
rule "a variable that does not end is said" 'a variable is written \$\{NAME\}' files 'deny = "read"; path = "${WORKSPACE/b";'
rule "a variable without braces is said" 'write \$\{NAME\} for a variable' files 'deny = "read"; path = "$HOME/b";'
rule "the home of another user is said" '"~" is the user.s own home only' files 'deny = "read"; path = "~bob/b";'
rule "a brace that does not close is said" '"\{" without "\}"' files 'deny = "read"; path = "/a/{b";'
rule "a bracket that does not close is said" '"\[" without "\]".*is a plain bracket' files 'deny = "read"; path = "/a/[b";'
rule "a range of characters backwards is said" 'the range "z-a" .* is empty' files 'deny = "read"; path = "/a/[z-a]";'
rule "a backslash at the end is said" 'a backslash with nothing to escape' files 'deny = "read"; path = "/a\\";'

# The network
rule "an address beyond 255 is said" '"300.1.1.1" is no address: .* 0 to 255' network 'deny = "connect"; address = "300.1.1.1";'
rule "a name for an address says how to write it" '"example.com" is no address: a name is written host' network 'deny = "connect"; address = "example.com";'
rule "an address for a host says how to write it" 'not a host: write address = "10.0.0.1"' network 'deny = "connect"; host = "10.0.0.1";'
rule "host bits in a network give the network" 'the network is 10.0.0.0/8' network 'deny = "connect"; address = "10.1.2.3/8";'
rule "a prefix too long gives the range" 'the prefix length is 0 to 32' network 'deny = "connect"; address = "10.0.0.0/33";'
rule "a network cut short is written out" 'such as 10.0.0.0/8' network 'deny = "connect"; address = "10/8";'
rule "a port beyond 65535 gives the range" '"70000" is no port: write 0 to 65535' network 'deny = "connect"; address = "any"; port = 70000;'
rule "a port range backwards is turned" '"90-80" is empty: write "80-90"' network 'deny = "connect"; address = "any"; port = "90-80";'
rule "a URL for a host gives the host" 'is a URL: write host = "a.b"' network 'deny = "connect"; host = "http://a.b/";'
rule "a host with a port gives both" 'write host = "a.b"; port = 80' network 'deny = "connect"; host = "a.b:80";'
rule "a wildcard inside a host is said" 'the one wildcard of hosts' network 'deny = "connect"; host = "a.*.b";'

# Names
rule "an id with a blank says what makes one" '"A b" is no id: a-z' files 'id = "A b"; deny = "read"; path = "/a";'
rule "a label with a blank says what makes one" '"A b" is no label: a-z' files 'allow = "read"; path = "/a"; label = "A b";'
rule "a reason of two lines is said" '"reason" is one line of text' files 'deny = "read"; path = "/a"; reason = "a\nb";'
bad "two rules of one id name both lines" 3 'the id "a" is already that of the rule in line 2: choose another' 'files = (
  { id = "a"; deny = "read"; path = "/a"; },
  { id = "a"; deny = "read"; path = "/b"; } );'
bad "a label that no rule gives names the nearest" 3 'no rule gives the label "secrte" \(did you mean "secret"' 'files = (
  { allow = "read"; path = "/a"; label = "secret"; },
  { deny = "read"; path = "/b"; after = "secrte"; } );'
bad "an unknown profile names the nearest and all" 1 'did you mean "base"\?\); there are "base"' 'profiles = [ "bsae" ];'
bad "a profile by its path is said" 1 'a plain word names one' 'profiles = [ "../base" ];'
bad "a profile twice is said" 1 '"base" is named twice' 'profiles = [ "base", "base" ];'
bad "an unknown rule in without names the nearest" 2 'did you mean "base/ssh-keys"' 'profiles = "base";
without = [ "base/ssh-kyes" ];'
bad "a rule of the policy in without is said" 2 'is a rule of this policy: remove' 'files = ( { id = "a"; deny = "read"; path = "/a"; } );
without = [ "a" ];'
bad "a built-in rule in without is said" 1 'built-in rules cannot be switched off' 'without = [ "builtin/policy" ];'
bad "a relative directory for the log is said" 1 '"directory" must be an absolute path' 'log = { directory = "here"; };'

# Profiles
mkdir "$scratch/profiles"
profile() { # SENTENCE LINE PATTERN TEXT
	kinds=$((kinds + 1))
	printf '%s\n' "$4" >"$scratch/profiles/mine.conf"
	echo 'profiles = "mine";' >"$bad"
	check "$1" stops "profiles/mine.conf:$2: " "$3" "$bad"
	rm "$scratch/profiles/mine.conf"
}
profile "a profile that names itself is said" 1 '"profiles" belongs in the top level of a policy' 'profiles = "mine";'
profile "a mode in a profile is said" 2 '"mode" belongs in the top level of a policy' 'version = 1;
mode = "off";'
profile "an error in a profile names the profile" 1 'did you mean "write"' 'files = ( { deny = "wrte"; path = "/a"; } );'

# Syntax
bad "broken syntax shows the line" 2 'syntax error: look for .* at or before: files = \( \{ deny = ;' 'version = 1;
files = ( { deny = ; path = "/a"; } );'
bad "a string that does not end names its beginning" 2 'string does not end' 'version = 1;
mode = "audit;
'
bad "a comment that does not end names its beginning" 1 'comment does not end' '/* version
 = 1;'
bad "a bracket that does not close is syntax" 3 'syntax error' 'files = (
  { deny = "read"; path = "/a"; }'
bad "a key twice is said" 2 'twice in one group: keep one' 'mode = "audit";
mode = "audit";'
bad "an included file is said" 1 'includes no files: name a profile' '@include "x"'
bad "brackets without end are said" 1 'nested too deeply' "x = $(printf '(%.0s' {1..40});"

# Bytes and files
raw() { # SENTENCE LINE PATTERN PRINTF-FORMAT
	kinds=$((kinds + 1))
	# shellcheck disable=SC2059
	printf "$4" >"$bad"
	check "$1" stops "$bad:$2: " "$3" "$bad"
}
raw "a NUL byte is said" 2 'a NUL byte: this is not text' 'version = 1;\nmode = "au\0dit";\n'
raw "a byte that is no UTF-8 says how to write it" 2 'no UTF-8: in a string it is written \\xff' 'version = 1;\nmode = "\xff";\n'
raw "a byte order mark is said" 1 'byte order mark' '\xef\xbb\xbfversion = 1;\n'
raw "an empty file allows nothing" 1 'the policy is empty' ''
raw "a file of comments allows nothing" 1 'the policy is empty' '# version = 1;\n# and no line end'
raw "a control character is syntax" 1 'syntax error' 'version\x01 = 1;\n'

file() { # SENTENCE PATTERN PATH
	kinds=$((kinds + 1))
	check "$1" stops "$3:" "$2" "$3"
}
file "a missing file is said" 'cannot read the policy: No such file' "$scratch/none.conf"
file "a directory is said" 'cannot read the policy: Is a directory; name a file in it' "$scratch/profiles"
truncate -s 65M "$scratch/huge.conf"
file "a huge file is said" 'more than 64 MiB' "$scratch/huge.conf"
ln -s loop.conf "$scratch/loop.conf"
file "a link to itself is said" 'Too many levels of symbolic links' "$scratch/loop.conf"
mkfifo "$scratch/pipe.conf"
file "a pipe that nobody writes to does not hold up" 'the policy is empty' "$scratch/pipe.conf"
echo 'version = 1;' >"$scratch/closed.conf"
chmod 0 "$scratch/closed.conf"
if [ ! -r "$scratch/closed.conf" ]; then
	file "an unreadable file is said" 'Permission denied; let this user read it' "$scratch/closed.conf"
elif setpriv --reuid 65534 --clear-groups true 2>/dev/null && [ "$(id -u)" = 0 ]; then
	kinds=$((kinds + 1))
	check "an unreadable file is said" bash -c "chmod 755 '$scratch'; PATH_TO=\$(mktemp -d) && cp '$guardctl' \"\$PATH_TO\" &&
		chmod 755 \"\$PATH_TO\"; setpriv --reuid 65534 --clear-groups \"\$PATH_TO/guardctl\" check --policy '$scratch/closed.conf' \
		>\"\$PATH_TO/out\" 2>&1; status=\$?; cat \"\$PATH_TO/out\"; grep -qF '$scratch/closed.conf: cannot read the policy: Permission denied; let this user read it' \
		\"\$PATH_TO/out\" && [ \$status = 1 ]; result=\$?; rm -r \"\$PATH_TO\"; exit \$result"
else
	skip "an unreadable file is said" "root reads everything here"
fi

check "there are at least 40 kinds of bad policies here" test "$kinds" -ge 40
check "all errors of a policy are said at once, in the order of its lines" bash -c "
	printf 'mode = \"x\";\nfiles = (\n { deny = \"wrte\"; path = \"/a\"; },\n { deny = \"read\"; path = \"b\"; } );\n' >'$bad'
	[ \"\$('$guardctl' check --policy '$bad' 2>&1 | grep -v warning | sed 's/.*bad.conf:\([0-9]*\):.*/\1/' | tr '\n' ' ')\" = '1 3 4 ' ]"
printf 'files = ( { deny = "wrte"; path = "/a"; } );\n' >"$bad"
check "guardctl run starts no program under a bad policy" bash -c "'$guardctl' run --policy '$bad' -- touch '$scratch/ran'
	[ \$? = 126 ] && [ ! -e '$scratch/ran' ]"
printf '%s' 'version = 1; # no line end' >"$scratch/good.conf"
check "a comment may end a policy" "$guardctl" check --policy "$scratch/good.conf"
check "a policy may come through a pipe" bash -c "'$guardctl' check --policy <(sleep 0.1; echo 'version = 1;')"

# Warnings
warned() { # STATUS PATTERN TEXT [OPTION...]
	local expected=$1 pattern=$2 status
	printf '%s\n' "$3" >"$scratch/warn.conf"
	shift 3
	"$guardctl" check --policy "$scratch/warn.conf" "$@" >"$scratch/out" 2>&1
	status=$?
	cat "$scratch/out"
	[ "$status" = "$expected" ] && grep -qE "$pattern" "$scratch/out"
}
shadowed='default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
files = ( { id = "no"; deny = "all"; path = "/a/**"; },
  { id = "yes"; allow = "read"; path = "/a/b"; } );'
check "a warning is no error" warned 0 'warn.conf:3: warning: rule "yes" allows nothing: rule "no"' "$shadowed"
check "with --strict it is one" warned 1 'not ok: 1 warning' "$shadowed" --strict
check "the shipped policy and its profiles compile, without a warning" "$guardctl" check --strict --policy "$top_srcdir/conf/guard.conf"

# Options
usage() { # PATTERN COMMAND-LINE...
	local pattern=$1 status
	shift
	"$guardctl" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	status=$?
	cat "$scratch/out" "$scratch/err"
	[ "$status" = 2 ] && [ ! -s "$scratch/out" ] && head -n1 "$scratch/err" | grep -qE "^guardctl: .*$pattern"
}
check "no command is a usage error" bash -c "'$guardctl' >/dev/null 2>&1; [ \$? = 2 ]"
check "an unknown command names the nearest" usage 'no command "chek" \(did you mean "check"\?\)' chek
for command in run check explain report events sessions; do
	check "$command: an unknown option names the nearest" usage 'unknown option "--hepl" \(did you mean "--help"\?\)' $command --hepl
	check "$command: an unknown letter is said" usage 'unknown option "-z"' $command -z
done
for option in "run --policy" "run --log" "check --policy" "explain --by" "report --log" "report --top" "events --pid" "sessions --log"; do
	# shellcheck disable=SC2086
	check "$option without its argument is said" usage "option \"${option#* }\" needs an argument" $option
done
check "an argument too many of a flag is said" usage 'option "--json" takes no argument' report --json=3
check "check: an argument too many is said" usage 'a policy follows --policy' check guard.conf
check "check --keys looks at no policy" usage '--keys looks at no policy' check --keys --strict
check "run: no program is said" usage 'needs a command' run --
check "report: a bad number is said" usage '"x"' report --top x
check "report: a bad colour names all" usage 'auto, always or never' report --color blue
check "events: a bad pid is said" usage '"x" is no pid' events --pid x
check "events: a bad verdict names all" usage 'allow, deny or ask' events --verdict no
check "events: a bad operation names the nearest" usage 'did you mean "read"' events --operation raed
check "events: a bad time is said" usage '"zz" is no time' events --since zz
check "events: a session too many is said" usage 'one session too many' events a b
check "sessions: an argument too many is said" usage 'one argument too many' sessions a
check "supervise is not for people" usage 'people want guardctl run' supervise
finish
