# SPDX-License-Identifier: Apache-2.0
"""Runs a command at a terminal of its own and talks with it.

    terminal.py COMMAND [ARGUMENT...] <SCRIPT

Lines of SCRIPT: "send TEXT" types it, with Python's escapes (\\r, \\x03 is Ctrl-C, \\x1a is Ctrl-Z); "expect REGEX"
waits for output, from where the last one ended; "refuse REGEX" wants none of it within half a second; "end STATUS"
waits for the command to end; "hangup" takes the terminal away. Fails with a sentence, and with all output, when something does not come in 10 seconds.
"""
import os
import pty
import re
import select
import signal
import sys
import time


class Terminal:
    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.seen = ""
        self.at = 0

    def read(self, seconds):
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.seen += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern, seconds=10):
        end = time.monotonic() + seconds
        while True:
            match = re.compile(pattern).search(self.seen, self.at)
            if match:
                self.at = match.end()
                return True
            if time.monotonic() > end or (not self.read(end - time.monotonic()) and time.monotonic() < end):
                match = re.compile(pattern).search(self.seen, self.at)
                return bool(match)

    def end(self, status, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.fd < 0:
                time.sleep(0.05)
            else:
                self.read(0.05)
            pid, found = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                found = os.waitstatus_to_exitcode(found)
                return found == status or f"it ended with {found}"
        return "it did not end"


def main():
    terminal = Terminal(sys.argv[1:])
    fault = None
    for line in sys.stdin.read().splitlines():
        verb, _, text = line.partition(" ")
        if verb == "send":
            os.write(terminal.fd, text.encode().decode("unicode_escape").encode())
        elif verb == "hangup":
            os.close(terminal.fd)
            terminal.fd = -1
        elif verb == "expect" and not terminal.expect(text):
            fault = f"did not come: {text}"
        elif verb == "refuse" and terminal.expect(text, 0.5):
            fault = f"came: {text}"
        elif verb == "end":
            ended = terminal.end(int(text))
            fault = None if ended is True else f"not {text}: {ended}"
        if fault:
            break
    if fault:
        print(fault)
        print(terminal.seen.replace("\r", ""))
    if terminal.pid:
        os.kill(terminal.pid, signal.SIGHUP)
        os.close(terminal.fd)
        fault = fault or "the command was still running"
    sys.exit(1 if fault else 0)


main()
