#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# guardctl explain says what the hooks then do; the refusal line says what would be allowed; every refusal has its program.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
[ -f "$library" ] || skip_all "no preload library was built"
python=/usr/bin/python3
[ -x $python ] || python=python3
shell=$(readlink -f /bin/sh)

mkdir "$scratch/data" "$scratch/work" "$scratch/bin"
echo x >"$scratch/data/db"
ln -s "$scratch/data" "$scratch/link"
printf '#!/bin/sh -e\nexit 0\n' >"$scratch/bin/third"
printf '#!%s two\n' "$scratch/bin/third" >"$scratch/bin/second"
printf '#!%s one\n' "$scratch/bin/second" >"$scratch/bin/first"
chmod +x "$scratch/bin/"*

policy main <<END
default = { files = "allow"; network = "deny"; commands = "allow"; process = "allow"; };
files = (
  { id = "volumes"; deny = ["write", "delete"];
    path = "$scratch/data/**"; except = "$scratch/data/tmp/**"; reason = "production volume"; },
  { id = "work"; allow = ["delete", "read"]; path = "$scratch/work/**"; label = "touched"; },
  { id = "twice"; allow = "delete"; path = "$scratch/data/**"; },
  { id = "tagged"; deny = "read"; path = "$scratch/data/**"; after = "touched"; },
  { id = "perl"; deny = "read"; path = "$scratch/work/**"; by = "perl"; errno = "EPERM"; } );
network = (
  { id = "model"; allow = "connect"; host = "api.example.com"; port = ["443", "8000-8001"]; },
  { id = "here"; allow = ["connect", "bind"]; address = "127.0.0.1"; },
  { id = "engine"; deny = "connect"; socket = ["/run/engine.sock", "@engine-*"]; } );
commands = (
  { id = "push"; deny = "exec"; program = "git"; args = ["push", "--force"]; },
  { id = "third"; deny = "exec"; program = "$scratch/bin/third"; } );
process = ( { id = "daemon"; deny = "signal"; program = "$scratch/bin/first"; } );
END

explain() { # STATUS ARGUMENT...
	local expected=$1 status
	shift
	"$guardctl" explain --policy "$scratch/main.conf" "$@" >"$scratch/out" 2>&1
	status=$?
	cat "$scratch/out"
	[ "$status" = "$expected" ]
}

says() { # STATUS PATTERN ARGUMENT...
	local status=$1 pattern=$2
	shift 2
	explain "$status" "$@" && grep -qE -- "$pattern" "$scratch/out"
}

line=$(grep -n 'id = "volumes"' "$scratch/main.conf" | cut -d: -f1)
check "a refusal names rule, place and reason" \
	says 1 "decided by volumes \($scratch/main.conf:$line\), deny \"write\" and \"delete\": production volume" delete "$scratch/data/db"
check "it shows the rule's text" grep -qF '{ id = "volumes"; deny = ["write", "delete"]; path =' "$scratch/out"
check "it names the allow rule that loses, and why" grep -q 'also *twice' "$scratch/out"
check "it says that deny goes over allow" grep -q 'deny goes over allow' "$scratch/out"
check "it says what is allowed instead" grep -qF "allowed    delete $scratch/data/tmp/**" "$scratch/out"
check "it says what may be done to the same object" grep -qE 'allowed    .*"read".* of the same' "$scratch/out"
check "it gives the line to add" grep -qF "to allow   add \"$scratch/data/db\" to the list except of the rule" "$scratch/out"
check "or the key, when it has none" says 1 "to allow   add except = \"$scratch/data/db\"; to the rule" --after touched read "$scratch/data/db"
check "a name through a link is the canonical one" says 1 "^refused: write $scratch/data/new" write "$scratch/link/new"
check "the line to add is good for any name" bash -c 'odd=$2/data/$3
	hint=$("$1" explain --policy "$2/main.conf" write "$odd" | sed -n "s/^  to allow   add \(.*\) to the list.*/\1/p")
	printf "files = ( { deny = \"all\"; path = \"%s/data/**\"; except = %s; } );\n" "$2" "$(sed "s/\\\\\\\\/\\\\/g" <<<"$hint")" >"$2/odd.conf"
	cat "$2/odd.conf"; "$1" explain --policy "$2/odd.conf" write "$odd"' - "$guardctl" "$scratch" $'$HOME ${x} "q" \\ *?[a]{b}'
check "a link itself is what is deleted" says 0 "^allowed: delete $scratch/link\$" delete "$scratch/link"
check "an exception is told" says 0 'it excepts this' delete "$scratch/data/tmp/x"
check "a label that is not carried is told" says 0 'once the session carries "touched"' read "$scratch/data/db"
check "with the label the rule decides" says 1 'decided by tagged' --after touched read "$scratch/data/db"
check "labels that an operation gives are told" says 0 'label *"touched"' read "$scratch/work/x"
check "a program that acts is told from others" says 1 'error      EPERM' --by perl read "$scratch/work/x"
check "without it the rule is not asked" says 0 'it is about certain programs' read "$scratch/work/x"
check "a default decides what no rule covers" says 1 'the default for network decides, which is deny' connect 192.0.2.1:80
check "a default's refusal gives the rule to add" grep -qF \
	'to allow   network = ( { allow = "connect"; address = "192.0.2.1"; port = 80; } );' "$scratch/out"
check "and what is allowed instead" grep -qF 'allowed    connect api.example.com port 443,8000-8001, 127.0.0.1' "$scratch/out"
check "a host is asked for by its name" says 0 '^allowed: resolve api.example.com' connect api.example.com:8001
check "another port is another answer" says 1 'it is about other ports' connect api.example.com:80
check "every spelling of an address is one" says 0 '^allowed: connect 127.0.0.1:80' connect '[::ffff:127.0.0.1]:80'
check "a socket is asked for by its path" says 1 'decided by engine' connect /run/engine.sock
check "an abstract one by its name" says 1 'decided by engine' connect @engine-7
check "a host of its own" says 1 '^refused: resolve other.example' resolve Other.Example.
check "arguments decide about a command" says 1 'decided by push' exec -- git push --force
check "other arguments are another answer" says 0 'it is about other arguments' exec -- git push
check "an interpreter's interpreter is asked for" says 1 "^refused: exec $scratch/bin/third two $scratch/bin/second one" \
	exec "$scratch/bin/first"
check "an operation on a process is asked for" says 1 'decided by daemon' signal "$scratch/bin/first"
check "every operation of the table is known" bash -c "for verb in \$(sed -n 's/^VERB([A-Z]*, *\"\\([a-z]*\\)\".*/\\1/p' \
	'$top_srcdir/libguard/verbs.def'); do object=$scratch/x
	case \$verb in connect|bind|send) object=127.0.0.1:80 ;; resolve) object=a.example ;; esac
	'$guardctl' explain --policy '$scratch/main.conf' \$verb \$object >/dev/null; [ \$? -le 1 ] || exit 1; done"
check "the answer as JSON" bash -c "'$guardctl' explain --policy '$scratch/main.conf' --json delete '$scratch/data/db' | $python -c '
import json, sys
answer = json.load(sys.stdin)
(step,) = answer[\"operations\"]
assert answer[\"verdict\"] == step[\"verdict\"] == \"deny\" and step[\"error\"] == \"EACCES\", answer
assert [(r[\"id\"], r[\"applies\"], r[\"decides\"]) for r in step[\"rules\"]] == \
	[(\"volumes\", True, True), (\"twice\", True, False)], step'"

usage() { # PATTERN ARGUMENT...
	local pattern=$1
	shift
	explain 2 "$@" && grep -qE -- "guardctl: .*$pattern" "$scratch/out"
}
check "no operation is a usage error" usage 'operation is missing'
check "an unknown operation names the nearest" usage 'did you mean "delete"' delte x
check "no object is a usage error" usage 'read PATH' read
check "two paths are a usage error" usage 'one argument too many' read a b
check "an address without a port is a usage error" usage 'HOST:PORT' connect 10.0.0.1
check "a port beyond 65535 is a usage error" usage 'HOST:PORT' connect a:70000
check "an address is not resolved" usage 'is an address' resolve 10.0.0.1
check "an unknown label names the nearest" usage 'did you mean "touched"' --after tuched read x
check "an unknown program is a usage error" usage 'no program "nosuch"' --by nosuch read x
check "a policy with errors is no answer" bash -c "echo 'mode = 1;' >'$scratch/bad.conf'
	'$guardctl' explain --policy '$scratch/bad.conf' read x; [ \$? = 125 ]"

# What explain says is what happens.
refused() { # OPERATION COMMAND...: refused events of that operation, and no other
	local operation=$1
	shift
	guarded main "$@" 2>"$scratch/err"
	"$guardctl" events --log "$sessions" --json --verdict deny >"$scratch/events"
	cat "$scratch/err" "$scratch/events"
	[ -s "$scratch/events" ] && ! grep -v "\"action\":\"$operation\"" "$scratch/events"
}
executable() { # PATH-IN-EVENT: every one there is
	$python -c '
import functools, json, sys
for line in sys.stdin:
    print(functools.reduce(dict.__getitem__, sys.argv[1].split("."), json.loads(line)))' "$1" <"$scratch/events" | sort -u
}
check "what is explained as refused is refused" refused delete rm -f "$scratch/data/db"
check "the refusal line says rule, reason and what is allowed" grep -qF "libguard: refused delete $scratch/data/db (rule volumes, \
main.conf:$line: production volume; allowed: delete $scratch/data/tmp/**)" "$scratch/err"
check "the line of a default says what is allowed" bash -c "LD_PRELOAD='$library' GUARD_POLICY='$scratch/main.conf' $python -c '
import socket
try: socket.socket().connect((\"192.0.2.1\", 80))
except PermissionError: pass' 2>&1 | grep -F 'no rule allows it; allowed: connect api.example.com port 443,8000-8001, 127.0.0.1)'"
long=$(printf 'x%.0s' {1..200})
check "a long name leaves room for the rule and stays one line" bash -c "mkdir -p '$scratch/data/$long/$long/$long'
	LD_PRELOAD='$library' GUARD_POLICY='$scratch/main.conf' rmdir '$scratch/data/$long/$long/$long' 2>&1 |
	awk '/^libguard: / { n++; if (length(\$0) > 1023 || !/volumes/ || !/allowed: delete/) exit 1 } END { exit n != 1 }'"
check "a name with a line end makes no second line" bash -c "LD_PRELOAD='$library' GUARD_POLICY='$scratch/main.conf' \
	rm -f '$scratch/data/a
libguard: b' 2>&1 | grep -qF 'a\\x0alibguard: b (rule volumes'"
check "the refused event names its program" same "$(readlink -f "$(command -v rm)")" "$(executable process.executable)"
check "an interpreter's interpreter is refused" refused exec env "$scratch/bin/first"
check "and it is the one that the event names" same "$scratch/bin/third" "$(executable process.executable)"
check "a fork that ran nothing yet is its parent's program" refused exec sh -c "git push --force; true"
check "the refused event names that program" same "$shell" "$(executable process.parent.executable)"
check "so does the report" bash -c "'$guardctl' report --log '$sessions' | grep -q 'by *$shell'"
policy plain <<END
END
check "every program of a chain is recorded" bash -c "LD_PRELOAD='$library' GUARD_POLICY='$scratch/plain.conf' env '$scratch/bin/first' &&
	[ \"\$('$guardctl' events --log '$sessions' --operation exec | awk '{ print \$NF }' | xargs -n1 basename | tail -n4 | tr '\n' ' ')\" \
	= 'first second third $(basename "$shell") ' ]"
finish
