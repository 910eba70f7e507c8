#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Job control at a real terminal: an interactive shell finds a guarded program to be a job like any other, and is a
# shell like any other under the guard.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

python3 -c 'import pty, os; os.close(pty.openpty()[0])' 2>/dev/null || skip_all "no python3, or no pty can be opened"

policy free <<END
default = { files = "allow"; network = "allow"; commands = "allow"; process = "allow"; };
END

export HISTFILE='' TERM=dumb INPUTRC=/dev/null
echo 'PS1="ready> "' >"$scratch/rc"
bash=(bash --rcfile "$scratch/rc" --noediting -i)

# Talk with a command at a terminal, the script on stdin.
talk() { # COMMAND...
	timeout -k 5 60 python3 "$top_srcdir/tests/e2e/terminal.py" "$@" <<<"$dialogue"
}

# A bare shell that runs a guarded program as its job; $guarded is the command line's beginning.
shell_with_job() {
	talk env rc="$scratch/rc" guarded="${guard[*]}" "${bash[@]}"
}

guarded_shell() {
	talk "${guard[@]}" "${bash[@]}"
}

for how in preload run; do
	guard_by $how free

	dialogue='expect ready>
send $guarded bash -c '"'echo on; exec sleep 100'"'\r
expect \non
send \x03
expect ready>
send echo status $?\r
expect status 130
send exit 3\r
end 3'
	check "$how: Ctrl-C ends a program in the foreground" shell_with_job

	dialogue='expect ready>
send $guarded bash -c '"'trap \"echo caught; exit 5\" INT; echo on; for i in {1..99}; do sleep 0.1; done'"'\r
expect \non
send \x03
expect caught
expect ready>
send echo status $?\r
expect status 5
send exit\r
end 0'
	check "$how: a program that handles Ctrl-C does so once" shell_with_job

	dialogue='expect ready>
send $guarded bash -c '"'trap \"echo winch\" WINCH; trap \"echo quit\" QUIT; echo on; for i in {1..20}; do sleep 0.1; done; exit 4'"'\r
expect \non
send \x1c
expect quit
refuse quit
expect ready>
send echo status $?\r
expect status 4
send exit\r
end 0'
	check "$how: Ctrl-\\ reaches a program that handles it" shell_with_job

	dialogue='expect ready>
send $guarded cat\r
send one\r
expect one\r\none
send \x1a
expect Stopped
expect ready>
send jobs\r
expect Stopped +.*cat
send fg\r
send two\r
expect two(.|\s)*two
send \x04
expect ready>
send echo status $?\r
expect status 0
send exit\r
end 0'
	check "$how: Ctrl-Z stops a program, fg continues it" shell_with_job

	dialogue='expect ready>
send $guarded bash -c '"'for i in {1..25}; do echo tick \$i; sleep 0.1; done'"'\r
expect tick 3
send \x1a
expect Stopped
refuse tick \d
send bg\r
expect tick \d
send wait; echo status $?\r
expect tick 25
expect status 0
send exit\r
end 0'
	check "$how: bg lets a stopped program go on in the background" shell_with_job

	dialogue='expect ready>
send $guarded cat &\r
expect ready>
refuse Stopped
send \r
expect Stopped
send fg\r
send line\r
expect line(.|\s)*line
send \x04
expect ready>
send exit\r
end 0'
	check "$how: reading the terminal from the background stops a program until fg" shell_with_job

	dialogue='expect ready>
send $guarded sleep 100 | cat\r
refuse nothing
send \x1a
expect Stopped
send kill %1; fg\r
expect ready>
send jobs; echo none\r
refuse Stopped
send exit\r
end 0'
	check "$how: a pipeline with a guarded program is one job" shell_with_job

	dialogue='expect ready>
send $guarded setsid -w bash -c '"'exit 6'"'; echo status $?\r
expect status 6
send $guarded setsid -f bash -c '"'sleep 0.3; echo late'"'; echo status $?\r
expect status 0
expect late
send exit\r
end 0'
	check "$how: a program that leaves the terminal's session runs on" shell_with_job

	dialogue='expect ready>
send sleep 100\r
refuse nothing
send \x1a
expect Stopped
send jobs\r
expect Stopped +sleep 100
send kill %1; sleep 0.5\r
expect ready>
send \r
expect Terminated
send cat\r
send line\r
expect line(.|\s)*line
send \x03
expect ready>
send echo status $?\r
expect status 130
send exit 9\r
end 9'
	check "$how: an interactive shell under the guard controls its jobs" guarded_shell

	dialogue='expect ready>
send stty size < /dev/tty; tty; ps -o stat= -p $$\r
expect /dev/pts
expect Ss?\+
send suspend -f\r
refuse ready>
end 1'
	dialogue='expect ready>
send tty; echo $(ps -o tpgid= -p $$) $(ps -o pgid= -p $$)\r
expect /dev/pts/[0-9]+\r\n([0-9]+) \1\r
send exit\r
end 0'
	check "$how: a guarded shell owns its terminal" guarded_shell

	dialogue='expect ready>
send $guarded bash --rcfile $rc --noediting -i\r
expect ready>
send echo inner $SHLVL\r
expect inner
send suspend\r
expect Stopped
expect ready>
send fg\r
refuse exit
send echo back\r
expect \nback
send exit 8\r
expect exit\r\nready>
send echo status $?\r
expect status 8
send exit\r
end 0'
	check "$how: suspend in a guarded shell gives the terminal back, fg returns" shell_with_job

	dialogue='expect on
hangup
end 12'
	check "$how: a hang-up of the terminal reaches a program at its head" talk "${guard[@]}" \
		bash -c 'trap "exit 12" HUP; echo on; for i in {1..80}; do sleep 0.1; done'

	dialogue='expect on
hangup
end -1'
	check "$how: and ends one that does not handle it" talk "${guard[@]}" bash -c 'echo on; exec sleep 20'
done
finish
