#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The seal: what the supervisor hashes while a log grows is verified, and every kind of damage is found and named.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
scribble=$top_builddir/tests/e2e/scribble

# For check: verify ends with STATUS and says something that matches PATTERN.
verifies() { # STATUS PATTERN [ARGUMENT...]
	local status=$1 pattern=$2 output found
	shift 2
	output=$("$guardctl" verify "$@" 2>&1)
	found=$?
	[ "$found" = "$status" ] || { printf 'exit status %s, not %s\n%s\n' "$found" "$status" "$output"; return 1; }
	grep -qE -- "$pattern" <<<"$output" || { printf 'no "%s" in:\n%s\n' "$pattern" "$output"; return 1; }
}

# One fact of --json.
fact() { # SESSION KEY
	"$guardctl" verify --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"
}

newest() {
	find "$sessions" -name session.json -printf '%T@ %h\n' | sort -n | tail -n 1 | cut -d' ' -f2
}

# A copy of the session to damage.
copy_of() { # NAME
	cp -r "$session" "$scratch/$1" && chmod -R u+w "$scratch/$1" && echo "$scratch/$1"
}

# Change one byte of a file.
flip_byte() { # FILE OFFSET
	python3 -c 'import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(int(sys.argv[2]))
    file.write(bytes([byte ^ 1]))' "$@"
}

# Line N of the seal, from 1; and the number of the first line of a kind.
line_of() { # SESSION KIND [NTH]
	grep -n "^$2 " "$1/seal" | sed -n "${3:-1}p" | cut -d: -f1
}

policy plain <<<'default = { files = "allow"; };'
policy off <<<'default = { files = "allow"; }; kernel = { filter = "off"; };'

# A guest with native code of its own, which writes to its mapping of the log. These take a while: looked at below.
scribblers=()
sessions=$scratch/aside && mkdir "$sessions"
policy aside <<<'default = { files = "allow"; };'
sessions=$scratch/sessions
for what in alter torn late; do
	guarded aside bash -c 'echo "$GUARD_SESSION" >"$0.session"; exec "$@"' "$scratch/$what" \
		"$scribble" $what 5500 >"$scratch/$what.out" 2>/dev/null &
	scribblers+=($!)
done

# Whole sessions, both ways in, with and without the kernel door.
for how in preload run; do
	for name in plain off; do
		guard_by $how $name
		"${guard[@]}" bash -c 'ls / >/dev/null; cat /etc/passwd >/dev/null' 2>/dev/null
		check "$how, $name: a session is sealed to its end" verifies 0 '^intact: [0-9]+ records in [1-9][0-9]* sealed block' "$(newest)"
		check "$how, $name: with its end, and nothing left over" same "True 0 0" \
			"$(fact "$(newest)" ended) $(fact "$(newest)" unsealed) $(fact "$(newest)" torn)"
		check "$how, $name: every record is sealed" same "$("$guardctl" events "$(newest)" | wc -l)" "$(fact "$(newest)" records)"
	done
done
check "the seal is its user's alone" same 600 "$(stat -c %a "$(newest)/seal")"

# Several blocks, and several segments: the log grows, is sealed, and grows again.
cat >"$scratch/many.py" <<'END'
import sys, time
for seconds in map(float, sys.argv[1:]):
    for _ in range(9000):
        open("/etc/passwd").close()
    time.sleep(seconds)
END
guarded plain python3 "$scratch/many.py" 1.3 0
session=$(newest)
check "several segments were filled" test -e "$session/events-0002.log"
check "they are sealed in several blocks" test "$(fact "$session" blocks)" -ge 4
check "the first of them while the program ran, soon after they were written" test "$(fact "$session" lag_ms)" -lt 5000
check "and every record is" same "$("$guardctl" events "$session" | wc -l)" "$(fact "$session" records)"
check "the newest session is the default" verifies 0 '^intact: ' --log "$sessions"
check "a copy is verified like the session" verifies 0 '^intact: ' "$(copy_of same)"

# The verifier of doc/event-log.md finds the same.
sed -n '/^```py$/,/^```$/{/^```/d;p}' "$top_srcdir/doc/event-log.md" >"$scratch/verifier.py"
check "the verifier in doc/event-log.md finds the same chain" same "$(fact "$session" chain)" "$(python3 "$scratch/verifier.py" "$session")"
check "report tells when the log was sealed" \
	bash -c '"$0" report "$1" | grep -q "^  seal  *[0-9]* blocks of the log, the last sealed at .*; guardctl verify checks it$"' "$guardctl" "$session"

# What was sealed, and was changed.
copy=$(copy_of flipped) && flip_byte "$copy/events-0001.log" $((128 * 100 + 50))
check "a byte in a record" verifies 1 '^altered: segment 1, events 1\.[0-9]+ to 1\.[0-9]+ \([0-9]+ records, sealed between .* and ' "$copy"
check "the other blocks are told to be whole" verifies 1 '^  intact +[1-9][0-9]* records in [1-9]' "$copy"
check "which that verifier sees, too" bash -c '! python3 "$0" "$1" 2>&1 | grep -qx "[0-9a-f]*" && python3 "$0" "$1" 2>&1 |
	grep -q "AssertionError: altered: block 1"' "$scratch/verifier.py" "$copy"
check "and JSON tells the place" same "altered 1 True" "$("$guardctl" verify --json "$copy" | python3 -c 'import json, sys
found = json.load(sys.stdin)["findings"]
first = found[0]
print(first["kind"], len(found), first["segment"] == 1 and first["first_slot"] <= 100 < first["first_slot"] + first["slots"])')"
copy=$(copy_of later) && flip_byte "$copy/events-0002.log" $((128 * 3000 + 50))
check "a byte in a later segment" verifies 1 '^altered: segment 2, ' "$copy"
copy=$(copy_of head) && flip_byte "$copy/events-0001.log" 24
check "a byte in a segment's head" verifies 1 '^altered: segment 1, events 1\.1 to ' "$copy"
copy=$(copy_of counter) && flip_byte "$copy/events-0001.log" 64
check "but the counter of its slots is nothing that is sealed" verifies 0 '^intact: ' "$copy"
for file in policy.conf policy.img session.json; do
	copy=$(copy_of "file-$file") && flip_byte "$copy/$file" 10
	check "a byte in $file" verifies 1 "^altered: $file, sealed at " "$copy"
done
copy=$(copy_of gone) && rm "$copy/policy.img"
check "policy.img is gone" verifies 1 '^altered: policy.img, sealed at ' "$copy"

# What was cut, removed, added.
copy=$(copy_of cut) && truncate -s 500000 "$copy/events-0001.log"
check "a segment cut short" verifies 1 '^cut: segment 1, events 1\.[0-9]+ to 1\.8191 \([0-9]+ records' "$copy"
last=$(find "$session" -name 'events-*.log' | sort | tail -n 1)
copy=$(copy_of tail-cut) && truncate -s -128 "$copy/$(basename "$last")"
check "a segment cut where nothing was written yet" verifies 1 "^cut: segment $((10#$(basename "$last" | tr -dc 0-9)))" "$copy"
copy=$(copy_of missing) && rm "$copy/events-0001.log"
check "a segment removed" verifies 1 '^missing: events-0001.log: segment 1, events 1\.1 to 1\.8191 \([0-9]+ records' "$copy"
copy=$(copy_of fifo) && rm "$copy/events-0001.log" && mkfifo "$copy/events-0001.log"
check "a FIFO in a segment's place" verifies 1 '^missing: events-0001.log' "$copy"
copy=$(copy_of longer) && tail -c 128 "$session/events-0001.log" >>"$copy/events-0001.log"
check "a segment made longer" verifies 1 '^added: segment 1 is longer' "$copy"
copy=$(copy_of planted) && cp "$copy/events-0001.log" "$copy/events-0099.log" && printf '\143' |
	dd of="$copy/events-0099.log" bs=1 seek=20 conv=notrunc status=none
check "a segment that nobody sealed" verifies 1 '^added: [0-9]+ records behind the end' "$copy"
copy=$(copy_of appended) && python3 - "$copy/$(basename "$last")" <<'END'
import struct, sys
with open(sys.argv[1], "r+b") as file:
    log = bytearray(file.read())
    used = struct.unpack_from("<Q", log, 64)[0]
    first = log[128:256]
    log[(used + 1) * 128:(used + 2) * 128] = struct.pack("<I", 0x434d0001) + first[4:]
    struct.pack_into("<Q", log, 64, used + 1)
    file.seek(0)
    file.write(log)
END
check "a record appended" verifies 1 '^added: 1 record behind the end' "$copy"

# The chain itself.
copy=$(copy_of line) && sed -i "$(line_of "$session" block 2)d" "$copy/seal"
check "a line taken out of the seal" verifies 1 "^chain altered: line $(line_of "$session" block 2) of seal" "$copy"
check "leaves a gap" verifies 1 '^gap: segment 1, events 1\.[0-9]+ to 1\.[0-9]+ .*: no good line' "$copy"
copy=$(copy_of edited) && sed -i "$(line_of "$session" block 1)s/ \([0-9]*\) \([0-9a-f]\{64\}\) / 1\1 \2 /" "$copy/seal"
check "a line that was edited" verifies 1 "^chain altered: line $(line_of "$session" block 1) of seal" "$copy"
check "and what it covered" verifies 1 '^gap: segment 1, events 1\.1 to 1\.[0-9]+ ' "$copy"
check "are the only findings" same 2 "$(fact "$copy" found)"
copy=$(copy_of swapped) && sed -i "$(line_of "$session" block 2){h;d};$(line_of "$session" block 3)G" "$copy/seal"
check "lines in another order" verifies 1 '^chain altered: lines ' "$copy"
copy=$(copy_of noise) && sed -i "$(line_of "$session" block 2)s/^/x/" "$copy/seal"
check "a line that is none" verifies 1 "^chain altered: line" "$copy"
copy=$(copy_of headless) && sed -i 1d "$copy/seal"
check "no first line" verifies 1 '^chain altered: line 1 of seal' "$copy"
copy=$(copy_of endless) && sed -i '$d' "$copy/seal"
check "the tail cut off" verifies 1 '^no end: .* the end of the seal is cut off; sealed up to ' "$copy"
copy=$(copy_of torn-line) && truncate -s -10 "$copy/seal"
check "cut in a line" verifies 1 '^chain altered: line' "$copy"
copy=$(copy_of more) && sed -n 2p "$session/seal" >>"$copy/seal"
check "a line appended" verifies 1 '^chain altered: line' "$copy"
copy=$(copy_of emptied) && : >"$copy/seal"
check "an empty seal" verifies 1 '^chain altered: line 1 of seal' "$copy"
copy=$(copy_of directory) && rm "$copy/seal" && mkdir "$copy/seal"
check "a directory in its place" verifies 1 '^chain altered: ' "$copy"
copy=$(copy_of newer) && sed -i '1s/^start 1 /start 2 /' "$copy/seal"
check "a seal of a newer version is called so" verifies 125 'sealed by a newer libguard' "$copy"
copy=$(copy_of unsealed) && rm "$copy/seal"
check "a session without a seal is not called intact" verifies 1 '^not sealed: ' "$copy"

# Somebody makes a new chain over a changed log: only a hash kept elsewhere tells.
chain=$(fact "$session" chain)
copy=$(copy_of forged) && flip_byte "$copy/events-0001.log" $((128 * 100 + 50)) && python3 - "$copy" <<'END'
import hashlib, sys
place, link, lines = sys.argv[1], "", []
for line in open(place + "/seal"):
    words = line.split()[:-1]
    if words[0] == "block":
        segment, first, count = map(int, words[1:4])
        with open(f"{place}/events-{segment:04}.log", "rb") as file:
            log = file.read()
        slots = log[first * 128:(first + count) * 128]
        words[5] = hashlib.sha256(slots if first else log[:64] + slots[128:]).hexdigest()
    body = " ".join(words)
    link = hashlib.sha256((link + body).encode()).hexdigest()
    lines.append(f"{body} {link}\n")
open(place + "/seal", "w").writelines(lines)
END
check "a new chain over another log looks intact" verifies 0 '^intact: ' "$copy"
check "but has another hash" verifies 1 '^not that chain: ' --expect "$chain" "$copy"
check "which the true one has" verifies 0 '^intact: ' --expect "$chain" "$session"
check "half a hash is wrong usage" verifies 2 'takes a hash' --expect 1234 "$session"
check "no such session is a failure, and no finding" verifies 125 'no session "nowhere"' --log "$sessions" nowhere

# Through both doors the guest is refused to touch it.
guarded plain bash -c "seal=\$GUARD_SESSION/seal; echo x >>\"\$seal\"; rm -f \"\$seal\"; mv \"\$seal\" \"$scratch/seal\"" 2>/dev/null
check "writing it is refused by the hooks" bash -c '"$0" events --json "$1" | grep -q "\"action\":\"write\".*/seal\".*builtin/session"' "$guardctl" "$(newest)"
check "so is deleting it" bash -c '"$0" events --json "$1" | grep -q "\"action\":\"delete\".*/seal\".*builtin/session"' "$guardctl" "$(newest)"
check "and the session is intact" verifies 0 '^intact: ' "$(newest)"
raw=$scratch/raw
if ! "${CC:-cc}" -static -D_GNU_SOURCE -pthread -I"$top_srcdir" -o "$raw" "$top_srcdir/tests/e2e/raw.c" 2>/dev/null; then
	skip "who has removed the seal has gained nothing" "no compiler, or no static libc"
else
	"$guardctl" run --policy "$scratch/off.conf" -- bash -c 'echo "$GUARD_SESSION"; "$0" unlink "$GUARD_SESSION/seal"; sleep 1.2' \
		"$raw" >"$scratch/out" 2>/dev/null
	check "without a kernel door raw system calls remove the seal" same ok "$(tail -n 1 "$scratch/out")"
	check "who has removed the seal has gained nothing" verifies 0 '^intact: [1-9]' "$(head -n 1 "$scratch/out")"
	"$guardctl" run --policy "$scratch/off.conf" -- bash -c 'echo "$GUARD_SESSION"; "$0" truncate "$GUARD_SESSION/seal"; true' \
		"$raw" >"$scratch/out" 2>/dev/null
	check "who has emptied it is found out" verifies 1 '^chain altered: lines? 1 ' "$(head -n 1 "$scratch/out")"
fi
if [ -n "$doorless" ] || [ ! -x "$raw" ]; then
	skip "raw system calls to it are refused by the kernel door" "no kernel door here, no compiler, or no static libc"
else
	"$guardctl" run --policy "$scratch/plain.conf" -- bash -c '"$0" truncate "$GUARD_SESSION/seal"; "$0" unlink "$GUARD_SESSION/seal"' \
		"$raw" >"$scratch/out" 2>/dev/null
	check "raw system calls to it are refused by the kernel door" bash -c 'test "$("$0" events --json --verdict deny "$1" |
		grep -c "/seal\".*\"door\":\"kernel\"")" = 2' "$guardctl" "$(newest)"
	check "and fail" same "EACCES EACCES" "$(tr '\n' ' ' <"$scratch/out" | sed 's/ $//')"
	check "and that session is intact, too" verifies 0 '^intact: ' "$(newest)"
fi

# The guests that write to their mapping, but not unseen.
wait "${scribblers[@]}"
check "a guest writes to the log behind the seal" grep -x 'altered 1.21' "$scratch/alter.out"
check "and is found out" verifies 1 '^altered: segment 1, events 1\.1 to ' "$(cat "$scratch/alter.session")"
session=$(cat "$scratch/torn.session")
check "a record that is never finished is left out" same 1 "$(grep -c "^hole 1 $(sed 's/left //' "$scratch/torn.out") 1 " "$session/seal")"
check "it holds up those behind it, but not to the end" test \
	"$(line_of "$session" hole)" -lt "$(line_of "$session" block 2)" -a "$(line_of "$session" block 2)" -lt "$(line_of "$session" file 3)"
check "it is counted, and the log is intact" verifies 0 '^  torn +1 record was not finished when sealed$' "$session"
check "what is finished later is told to be unprotected" \
	verifies 0 'torn +1 record .*, 1 finished later: not protected' "$(cat "$scratch/late.session")"

# A session that goes on, one whose supervisor is killed, one that is survived.
mkfifo "$scratch/go" "$scratch/stop"
guarded off bash -c 'ls / >/dev/null; read -r line <"$1"; ls /usr >/dev/null; read -r line <"$2"; exec sleep 20' - "$scratch/go" "$scratch/stop" 2>/dev/null &
guest=$!
sleep 2
session=$(newest)
check "a running session is intact as far as it is sealed" verifies 0 '^  end +none yet' "$session"
before=$(fact "$session" chain)
check "its records are sealed while it runs" test "$(fact "$session" records)" -gt 2
switches() {
	cat "/proc/$(sed -n 's/.*"supervisor": *\([0-9]*\).*/\1/p' "$session/session.json")/task/"*/status | grep ctxt_switches
}
idle=$(switches)
sleep 1.5
check "where nothing is recorded its supervisor sleeps" same "$idle" "$(switches)"
echo >"$scratch/go"
sleep 1.8
check "it is sealed on when it goes on" verifies 0 'expected +line [0-9]+ of [0-9]+: up to there' --expect "$before" "$session"
echo >"$scratch/stop"
kill -KILL "$(sed -n 's/.*"supervisor": *\([0-9]*\).*/\1/p' "$session/session.json")"
wait $guest 2>/dev/null
# The program dies with it, a moment later.
for _ in $(seq 50); do
	[ "$("$guardctl" verify --json "$session" | grep -c '"state": "joined"')" = 1 ] || break
	sleep 0.1
done
check "the end is missing when the supervisor was killed" verifies 1 '^no end: the session is over, and its supervisor was killed' "$session"
check "what was sealed is still verified" verifies 1 '^  intact +[1-9]' "$session"
guarded plain bash -c 'setsid bash -c "sleep 1; ls / >/dev/null" >/dev/null 2>&1 &' 2>/dev/null
session=$(newest)
check "a session that is survived has no end yet" verifies 0 '^  end +none yet' "$session"
for _ in $(seq 80); do
	[ "$(fact "$session" ended)" = False ] || break
	sleep 0.1
done
check "what survivors record is sealed, too" verifies 0 '^intact: ' "$session"
check "to the end" same "True $("$guardctl" events "$session" | wc -l)" "$(fact "$session" ended) $(fact "$session" records)"
finish
