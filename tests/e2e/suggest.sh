#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# guardctl suggest: the policy it writes lets the same job run again, and nothing else; a ceiling stays one.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"
[ -f "$library" ] || skip_all "no preload library was built"
python=/usr/bin/python3
[ -x $python ] || python=python3

export HOME=$scratch/home PATH=/usr/bin:/bin SHELL=/bin/bash # what a shell does not find there it asks libc for
mkdir -p "$HOME/.ssh" "$scratch/work" "$scratch/tmp" "$scratch/data" "$scratch/shut" "$scratch/remote/deep/er" "$scratch/lib/a/b"
echo key >"$HOME/.ssh/id_rsa"
echo x >"$scratch/shut/a"
echo x >"$scratch/data/ledger"
echo odd >"$scratch/data/odd {name}*?[x]\\\"quoted\" 'too' \${HOME}"
echo odd >"$scratch/data/odd "$'two\nlines \x02 \xff \xc3\xbc'
for i in 1 2 3 4 5 6 7; do echo $i >"$scratch/remote/deep/er/$i"; done
policy record <<END
files = ( { id = "shut"; deny = "read"; path = "$scratch/shut/**"; reason = "not yours"; } );
END
cat >"$scratch/job.sh" <<'END'
file=$(mktemp "$TMPDIR/tmp.XXXXXXXXXX") && echo x >"$file" && rm "$file"
echo $$ >"$TMPDIR/job.pid.$$" && rm "$TMPDIR/job.pid.$$"
cat "$DATA/odd "* >out.txt
cat "$SHUT/a"
for i in 1 2 3 4 5; do cat "$DATA/../remote/deep/er/$i"; done >>out.txt
cat "$DATA/none"
python3 -c 'import tempfile; tempfile.NamedTemporaryFile().close()'
python3 -c 'import socket; server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen(); socket.create_connection(server.getsockname())'
exec python3 -c 'import socket; socket.socket().connect_ex(("127.0.0.1", 9)); socket.socket().bind(("127.0.0.1", 0))'
END
run() { # POLICY [MORE]
	(cd "$scratch/work" && TMPDIR=$scratch/tmp SHUT=$scratch/shut DATA=$scratch/data \
		guarded "$1" bash -c "${2-:}; . '$scratch/job.sh'" >"$scratch/ran" 2>&1)
}
newest() {
	"$guardctl" sessions --log "$sessions" | sed -n 's/^\(2[^ ]*\).*/\1/p' | head -n "${1-1}"
}
run record && run record && run record
mapfile -t runs < <(newest 3)
[ "${#runs[@]}" = 3 ] || exit 99
suggest() { # NAME ARGUMENT...: its sessions go to $sessions
	local name=$1
	shift
	"$guardctl" suggest --log "$sessions" "$@" >"$scratch/$name.conf" && echo "log = { directory = \"$sessions\"; };" >>"$scratch/$name.conf"
}
has() { # NAME PATTERN
	grep -qE -- "$2" "$scratch/$1.conf" || { cat "$scratch/$1.conf"; false; }
}
check "a policy is written" suggest new "${runs[@]}"
check "it is a good one" "$guardctl" check --strict --policy "$scratch/new.conf"
check "its comments hold the evidence" has new '# 3 names, [0-9]+x in 3 of 3 runs'
check "what changes is a pattern" has new '/tmp/tmp\.\*"'
check "what does not is a name" has new "\"$scratch/data/none\""
check "many names that were read allow the directory" has new "\"$scratch/remote/deep/er/\*\",  # 5 names"
check "ports of the kernel's choice are a range" has new 'port = \[.*"32768-65535"\]; address = "127.0.0.1"'
check "what was refused is a rule behind a #, with its reason" bash -c 'grep -A1 "^# { allow = \"read\"; path = \"$1/shut/a\"; }," "$2" |
	grep -q "^#   refused 3x in 3 of 3 runs by shut (record.conf:2): not yours"' - "$scratch" "$scratch/new.conf"
refused() { "$guardctl" events --log "$sessions" --verdict deny "$(newest)"; }
run new
check "and nothing of it is refused but what was" same "$(refused | awk '{ print $4, $6 }')" "read $scratch/shut/a"
check "its result is there" test -s "$scratch/work/out.txt"
check "a neighbour that was not read may be" bash -c '"$1" explain --policy "$2" read "$3"' - \
	"$guardctl" "$scratch/new.conf" "$scratch/remote/deep/er/7"
for wish in "read $HOME/.ssh/id_rsa" "write $scratch/data/ledger" "delete $scratch/remote/deep/er/1" "create $HOME/.bashrc" \
	"exec curl" "connect 192.0.2.1:443" "connect 127.0.0.1:10" "read $scratch/data/ledger" "write $scratch/work/other" "signal bash"; do
	# shellcheck disable=SC2086
	check "not allowed: ${wish//$scratch/}" bash -c 'cd "$2"; "$1" explain --policy "$3" ${@:4}; [ $? = 1 ]' - \
		"$guardctl" "$scratch/work" "$scratch/new.conf" $wish
done
run new "rm -f '$scratch/data/ledger'; : >'$scratch/data/ledger'; cat '$HOME/.ssh/id_rsa'; ls '$scratch'"
check "harm is refused" bash -c '[ -s "$1" ] && ! grep -qx key "$2"' - "$scratch/data/ledger" "$scratch/ran"

# base holds, whatever was done.
run record "cat '$HOME/.ssh/id_rsa'"
suggest based "$(newest)"
check "what base refuses is not allowed" has based '^#   refused 1x in 1 of 1 runs by base/ssh-keys \(base.conf:[0-9]+\): private ssh keys'
check "one run is told to be little" has based '# One run shows little'
check "that policy is a good one, too" "$guardctl" check --policy "$scratch/based.conf"

policy quiet <<END
END
sed -i '1s/log = {/log = { reads = "none";/' "$scratch/quiet.conf"
run quiet
suggest silent "$(newest)"
check "reads that were not recorded are told to be missing" has silent '^# In 1 of the runs not all reads were recorded'

# A ceiling.
cat >"$scratch/ceiling.conf" <<END
profiles = ["base"];
default = { files = "allow"; network = "deny"; };
files = (
  { id = "data"; deny = ["read", "write"]; # all of it
    path = "$scratch/data/**"; except = "$scratch/data/none"; reason = "data }"; },
  { id = "later"; deny = "delete"; path = "$scratch/tmp/keep"; after = "marked"; },
  { id = "marks"; allow = "read"; path = "$scratch/marks"; label = "marked"; } );
network = ( { id = "python"; allow = "connect"; address = "127.0.0.0/8"; by = "python3*"; } );
END
check "under a ceiling a policy is written" suggest under --ceiling "$scratch/ceiling.conf" "${runs[@]}"
check "it is a good one under a ceiling" "$guardctl" check --policy "$scratch/under.conf"
check "the ceiling's rules that refuse are in it" has under '^  \{ id = "data"; deny = \["read", "write"\]; path = .* reason = "data \}"; \},  # of the ceiling'
check "with what their conditions need" has under '\{ id = "marks"; allow = "read"'
check "what it refuses is a rule behind a #" has under '^#   refused 3x in 3 of 3 runs by data \(ceiling.conf:[0-9]+\): data \}'
check "what it does not allow, too" has under '^#   refused 6x in 3 of 3 runs by default for network'
check "what one program may is for that one" has under 'allow = "connect"; port = .*\b9\b.*; by = ".*/python3[^"]*"; address = "127.0.0.1"'
check "beyond the ceiling nothing is allowed" bash -c '"$1" explain --policy "$2" read "$3"; [ $? = 1 ]' - \
	"$guardctl" "$scratch/under.conf" "$scratch/data/odd"
run under

check "the rest of the job runs" same "$(refused | awk '{ print $4, $6 }' | sort | uniq | sed "s|$scratch||" | cut -d' ' -f1-2)" \
	"$(printf '%s\n' 'bind 127.0.0.1:0' 'read /data' 'read /data/odd' 'read /shut/a' | sort)"

# A ceiling that allows names and words one by one: no pattern is wider.
cat >"$scratch/narrow-ceiling.conf" <<END
default = { files = "deny"; commands = "deny"; network = "allow"; process = "allow"; };
files = (
  { allow = ["read", "load"]; path = ["/usr/**", "/etc/**", "/lib/**", "/dev/**", "/proc/**", "$scratch", "$scratch/job.sh"]; },
  { allow = "write"; path = ["/dev/null", "/dev/tty"]; },
  { allow = "read"; path = "$scratch/remote/deep/er/[1-5]"; },
  { allow = ["write", "create", "delete", "read"]; path = ["$scratch/tmp/tmp.*", "\${WORKSPACE}/out.txt"]; } );
commands = (
  { allow = "exec"; program = ["mktemp", "rm", "bash"]; },
  { allow = "exec"; program = "cat"; args = "**/er/*"; },
  { allow = "exec"; program = "python3*"; args = "-c"; by = "bash"; } );
END
check "under a narrow ceiling a policy is written" suggest narrow --ceiling "$scratch/narrow-ceiling.conf" "${runs[@]}"
check "it is a good one, too" "$guardctl" check --policy "$scratch/narrow.conf"
check "names that the ceiling lists are not made a pattern" bash -c 'grep -qF "\"$2/remote/deep/er/5\"" "$1" && ! grep -qF "er/*\"" "$1"' - \
	"$scratch/narrow.conf" "$scratch"
check "a pattern of the ceiling stays one" has narrow "/tmp/tmp\.\*\""
check "one that it does not have is none" refute has narrow "job\.pid\.\*"
check "a directory is allowed as far as the ceiling goes" has narrow '"/usr/lib/[^"]*\*"'
check "a program keeps the words that the ceiling asks for" has narrow 'args = ".*/er/1"; program = ".*/cat"'
check "and who runs it" has narrow 'args = \["-c", .*by = ".*/bash"; program = ".*/python3'
beyond() { # OPERATION OBJECT...
	"$guardctl" explain --policy "$scratch/narrow.conf" "$@"
	[ $? = 1 ]
}
check "nothing else may be read" beyond read "$scratch/remote/deep/er/6"
check "nothing else may be run" beyond exec -- cat /etc/hostname
check "nothing else may be made" beyond create "$scratch/tmp/job.pid.1"

ends() { # STATUS PATTERN ARGUMENT...
	local expected=$1 pattern=$2 status
	shift 2
	"$guardctl" "$@" >"$scratch/out" 2>&1
	status=$?
	cat "$scratch/out"
	[ "$status" = "$expected" ] && grep -qE -- "$pattern" "$scratch/out"
}
check "a session that is not there is a no" ends 1 'no session "nowhere"' suggest --log "$sessions" nowhere
check "a ceiling with errors is none" ends 125 'no such file|cannot' suggest --log "$sessions" --ceiling "$scratch/none.conf" "${runs[0]}"
check "a run without a word is the newest" ends 0 '^version  = 1;' suggest --log "$sessions"
finish
