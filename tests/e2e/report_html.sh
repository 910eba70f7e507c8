#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The HTML report as a page: its size, what it says of itself, and what a real browser makes of it.
#
# The browser needs Chromium, Node.js and a build with --enable-html, which brings playwright-core and axe-core.
# GUARD_PICTURES=DIR leaves pictures of the pages there.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh"

python=/usr/bin/python3
[ -x $python ] || python=python3
names=$top_srcdir/tests/e2e/report_formats.py
packages=$top_builddir/tools/html/build

# A session whose names try to act, a good one, and copies of the latter with long logs.
mkdir "$scratch/shut" "$scratch/open" "$scratch/pages"
policy hostile <<END
files = ( { id = "shut"; deny = ["read", "delete", "create"]; path = "$scratch/shut/**"; reason = "not <yours> | 100%"; } );
END
$python "$names" touch "$scratch/shut"
(cd "$scratch" && guarded hostile $python "$names" act "$scratch/shut" "$scratch/open") 2>/dev/null
hostile=$(echo "$sessions"/2*)
policy good <<END
END
guarded good true
good=$(find "$sessions" -mindepth 1 -maxdepth 1 -name '2*' ! -path "$hostile")
long_session() { # NAME EVENTS
	cp -r "$good" "$scratch/$1" && rm "$scratch/$1"/events-* &&
		"$top_builddir/tests/bench/log_fill" "$scratch/$1" "$2" >/dev/null
}
long_session long 100000
page() { # NAME [ARGUMENT...]
	"$guardctl" report --format html "${@:2}" >"$scratch/pages/$1.html"
}

check "a page is written" page hostile "$hostile"
check "without events there is no block of them" bash -c '! "$@" | grep -q "<script type"' - \
	"$guardctl" report --format html --events 0 "$hostile"
check "more events than it can have are wrong usage" bash -c '"$@" 2>/dev/null; [ $? = 2 ]' - \
	"$guardctl" report --format html --events 1000001 "$hostile"

if ! grep -q '<script type="application/x-guard-events">' "$scratch/pages/hostile.html"; then
	check "a page without a script says so" grep -q "built without the page's script" "$scratch/pages/hostile.html"
	skip "the page in a browser" "guardctl was built without the page's script (--enable-html)"
	finish
fi
"$guardctl" events "$hostile" >"$scratch/events"
check "the page has each event as it was recorded" $python "$names" block "$scratch/pages/hostile.html" "$scratch/events"
check "a page that is cut says so" bash -c '"$@" | grep -q "This page has [0-9]* events; [0-9]* later ones are in the log only"' - \
	"$guardctl" report --format html --events 50 "$hostile"
check "and one that is not does not" refute grep -q "in the log only" "$scratch/pages/hostile.html"
long_session longest 1000000
check "a page of two sessions is written" page two "$hostile" "$good"
check "one of 100 000 events" page long "$scratch/long"
check "one of a million" page longest "$scratch/longest"
check "an event takes at most 15 bytes of 100 000" test "$(stat -c %s "$scratch/pages/long.html")" -le 1500000
check "and of a million" test "$(stat -c %s "$scratch/pages/longest.html")" -le 15000000

chromium=$(command -v chromium || command -v chromium-browser)
why=
[ -d "$packages/node_modules/playwright-core" ] || why="no playwright-core: it comes with ./configure --enable-html"
[ -n "$chromium" ] || why="no chromium"
command -v node >/dev/null || why="no node"
if [ -n "$why" ]; then
	skip "the page in a browser" "$why"
	finish
fi
timeout 400 node "$top_srcdir/tests/e2e/report_html.mjs" "$packages" "$chromium" "$scratch/pages" ${GUARD_PICTURES:+"$GUARD_PICTURES"} \
	>"$scratch/told" 2>&1
check "the browser's tests came to their end" test $? = 0
while IFS='|' read -r word sentence why; do
	case $word in
	pass) check "$sentence" true ;;
	fail) check "$sentence" same "" "$why" ;;
	*) echo "# $word $sentence" ;;
	esac
done <"$scratch/told"
finish
