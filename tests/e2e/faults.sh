#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The supervisor is killed at random moments under load: nothing that is denied is done, nobody hangs, and what was
# committed is in the log. Many processes at once. FAULT_MOMENTS=200 and FAULT_PROCESSES=2000 are the whole campaign.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
moments=${FAULT_MOMENTS:-8}
processes=${FAULT_PROCESSES:-200}
crash=$top_builddir/tests/e2e/crash
static=$scratch/static
[ -n "$doorless" ] || "${CC:-cc}" -O1 -D_GNU_SOURCE -pthread -I"$top_srcdir" -static -o "$static" "$top_srcdir/tests/e2e/raw.c" 2>/dev/null ||
	static=

mkdir "$scratch/denied"
echo denied >"$scratch/denied/f"
policy load <<-END
	files = ( { id = "denied"; deny = "all"; path = "$scratch/denied/**"; } );
END
sed -i '1s/^log = {/log = { reads = "none";/' "$scratch/load.conf"

# What runs when the supervisor dies: writers that note what they have committed, and those who try what is denied.
cat >"$scratch/load" <<'END'
#!/bin/bash
cd "$1"
try() { # COMMAND...: until it ends; says so if it ever reads what is denied
	local i
	for i in {1..2000}; do "$@" 2>/dev/null | grep -q denied && touch leaked; done
}
try cat denied/f &
[ -z "$2" ] || try "$2" open "$1/denied/f" &
[ -z "$2" ] || try "$2" again 20 &
exec "$3" guest notes 4000
END
chmod +x "$scratch/load"

killed_at() { # SECONDS
	local pid result=0
	rm -rf "${sessions:?}"/* "$scratch/notes"
	set -m
	env LD_PRELOAD="$library" GUARD_POLICY="$scratch/load.conf" "$scratch/load" "$scratch" "$static" "$crash" >/dev/null 2>&1 &
	pid=$!
	set +m
	sleep "$1"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	sleep 0.1
	[ ! -e "$scratch/leaked" ] || { echo "what is denied was read"; result=1; }
	# Those who are left are of its group; whoever waits for an answer that does not come could not be killed.
	kill -KILL -- "-$pid" 2>/dev/null
	for _ in {1..100}; do kill -0 -- "-$pid" 2>/dev/null || break; sleep 0.05; done
	! kill -0 -- "-$pid" 2>/dev/null || { echo "somebody hangs:"; ps -o pid,stat,wchan:30,args -g "$pid"; result=1; }
	if [ -s "$scratch/notes" ] && ls -d "$sessions"/2* >/dev/null 2>&1; then
		"$crash" read "$scratch/notes" "$(echo "$sessions"/2*)" || result=1
		compared=$((compared + 1))
	fi
	return "$result"
}

campaign() {
	local i seconds failed=0
	compared=0
	for ((i = 0; i < moments; i++)); do
		printf -v seconds '0.%03d' $((RANDOM % 700))
		killed_at "$seconds" >"$scratch/moment" 2>&1 || { echo "killed after $seconds s:"; cat "$scratch/moment"; failed=1; }
	done
	echo "$compared of $moments logs compared"
	[ "$failed" = 0 ] && [ "$compared" -gt $((moments / 3)) ]
}
check "a supervisor killed at $moments moments under load: nothing denied is done, nobody hangs, no record is lost" campaign

crowd() {
	local out
	out=$(timeout 120 "${guard[@]}" bash -c 'for ((i = 0; i < $1; i++)); do (read -r line <"$2"; sleep 0.3; echo "$line") & done; wait' - \
		"$processes" "$scratch/f" 2>"$scratch/err" | sort | uniq -c | tr -s ' ')
	same " $processes text" "$out"
}
echo text >"$scratch/f"
for how in preload run; do
	guard_by $how load
	rm -rf "${sessions:?}"/*
	check "$how: $processes processes at once all run" crowd
	check "$how: and lose nothing" bash -c "'$guardctl' report --log '$sessions' | grep 'none lost'"
done
finish
