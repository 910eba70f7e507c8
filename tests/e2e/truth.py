#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold what the guard recorded against what strace saw.

    truth.py --guardctl FILE [--hooks-only] [--at-least SHARE] [--show N] -- COMMAND...

Runs COMMAND under the guard in audit mode, and all of it under strace. Every
mediated system call that succeeded in a process with hooks ought to have its
record, of the same thread, operation and object. What is left out:

  - what the dynamic loader does: everything before our constructor has mapped
    the session, and shared objects that dlopen brings in;
  - what the guard does for itself: descriptors that only hold (O_PATH), the
    session's own files, looking at a program before it runs, and listing by
    its descriptor a directory that was opened and recorded.

Prints a line a kind of call, then what had no record.
Exit status: 0 the share of calls with a record is at least SHARE (0.95),
1 it is not, 2 usage, 77 strace is missing.
"""
import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

POLICY = """version = 1;
mode = "audit";
default = {{ files = "allow"; network = "allow"; commands = "allow"; process = "allow"; }};
log = {{ directory = "{log}"; reads = "all"; required = false; }};
{kernel}
"""

# Which operations may stand in the record of a system call.
OPENS = {"open", "openat", "openat2", "creat"}
NAMES = {  # call: the operands that are names, as (directory argument or None, name argument, operation)
    "unlink": [(None, 0, "delete")], "rmdir": [(None, 0, "delete")], "unlinkat": [(0, 1, "delete")],
    "rename": [(None, 0, "delete"), (None, 1, "create")],
    "renameat": [(0, 1, "delete"), (2, 3, "create")], "renameat2": [(0, 1, "delete"), (2, 3, "create")],
    "link": [(None, 1, "create")], "linkat": [(2, 3, "create")],
    "symlink": [(None, 1, "create")], "symlinkat": [(1, 2, "create")],
    "mkdir": [(None, 0, "create")], "mkdirat": [(0, 1, "create")],
    "mknod": [(None, 0, "create")], "mknodat": [(0, 1, "create")],
}
EXECS = {"execve", "execveat"}
TRACED = sorted(OPENS | set(NAMES) | EXECS | {"connect", "chdir", "fchdir"})

CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)(?:<(.*)>)?(?: .*)?$")
SHARED_OBJECT = re.compile(r"\.so(\.[0-9.]+)?$|/ld\.so\.cache$")
# How the guard opens a file to look at it: hooks/program.c, hooks/peer.c.
OWN_LOOK = "O_RDONLY|O_NOCTTY|O_NONBLOCK|O_CLOEXEC"
# What it reads of processes that a signal is sent to, by another call than it opens a guest's files by: hooks/peer.c.
PEER = re.compile(r"^/proc(?:/\d+/(?:stat|comm))?$")


def split_arguments(text):
    """The arguments of a call, split at commas outside of quotes and brackets."""
    parts, depth, quoted, start, at = [], 0, False, 0, 0
    while at < len(text):
        c = text[at]
        if quoted:
            if c == "\\":
                at += 1
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        elif c in "([{<":
            depth += 1
        elif c in ")]}>":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    parts.append(text[start:].strip())
    return parts


def unescape(text):
    """What strace escapes, as the records show it."""
    return text.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")


def unquote(text):
    """The text of a quoted string."""
    return unescape(text[text.index('"') + 1:text.rindex('"')])


def annotation(argument):
    """What strace says a descriptor is, or None."""
    found = re.search(r"<(.*)>$", argument)
    return unescape(found.group(1)) if found else None


def is_own_listing(arguments):
    """scandir lists what its hook has opened by that descriptor's name: hooks/directory.c."""
    descriptor = re.match(r"\d+", arguments[0])
    return descriptor and unquote(arguments[1]) == "/proc/self/fd/" + descriptor.group()


def lexical(directory, name):
    return os.path.normpath(name if name.startswith("/") else os.path.join(directory or "/", name))


class Thread:
    """The trace of one thread, read into operations."""

    def __init__(self, log):
        self.log = log
        self.guarded = False  # has the constructor mapped the session?
        self.is_tool = False  # guardctl itself, which maps a session too
        self.cwd = None
        self.operations = []

    def add(self, call, operations, thing):
        self.operations.append((call, operations, thing))

    def file(self, path):
        """The object of a record: links resolved but for the last name."""
        parent, last = os.path.split(path)
        return os.path.join(os.path.realpath(parent), last)

    def open(self, call, arguments, target):
        flags = next((argument for argument in arguments if "O_" in argument), "")
        if target is None or "O_PATH" in flags:
            return
        target = unescape(target.removesuffix(" (deleted)").removesuffix("(deleted)"))
        if target.startswith(self.log):
            self.guarded |= target.endswith(".log") and not self.is_tool
            return
        if not target.startswith("/") or SHARED_OBJECT.search(target):
            return
        if call == "openat2" and OWN_LOOK in flags:
            return
        if call == "openat" and (is_own_listing(arguments) or PEER.match(target)):
            return
        self.add(call, ("create", "write", "read") if "O_CREAT" in flags else ("read", "write"), target)

    def connect(self, arguments):
        address = arguments[1]
        inet = re.search(r"sin6?_port=htons\((\d+)\).*?(?:inet_addr\(\"|AF_INET6, \")([^\"]+)\"", address)
        path = re.search(r'sun_path=(@?"[^"]*")', address)
        if inet:
            host = inet.group(2)
            self.add("connect", ("connect",), (f"[{host}]" if ":" in host else host) + ":" + inet.group(1))
        elif path:
            name = unquote(path.group(1))
            self.add("connect", ("connect",), "@" + name if path.group(1)[0] == "@" else os.path.realpath(name))

    def line(self, text):
        found = CALL.match(text)
        if not found:
            return
        call, rest, result, target = found.groups()
        arguments = split_arguments(rest)
        for argument in arguments:
            if argument.startswith("AT_FDCWD<"):
                self.cwd = annotation(argument)
        if call in EXECS and int(result) == 0:
            program = os.path.basename(unquote(arguments[0] if call == "execve" else arguments[1]))
            if self.guarded:
                self.add(call, ("exec",), ("program", program))
            self.guarded = False
            self.is_tool = program == "guardctl"
            return
        succeeded = int(result) >= 0 or (call == "connect" and "EINPROGRESS" in text)
        if not succeeded:
            return
        if call == "chdir":
            self.cwd = lexical(self.cwd, unquote(arguments[0]))
        elif call == "fchdir":
            self.cwd = annotation(arguments[0])
        elif call in OPENS:
            before = self.guarded
            count = len(self.operations)
            self.open(call, arguments, target)
            if not before:
                del self.operations[count:]
        elif not self.guarded:
            return
        elif call == "connect":
            self.connect(arguments)
        elif call in NAMES:
            for directory, name, operation in NAMES[call]:
                start = self.cwd if directory is None else annotation(arguments[directory])
                self.add(call, (operation,), self.file(lexical(start, unquote(arguments[name]))))


def read_trace(folder, log):
    """{thread: operations}, {thread: who started it}; a forked child goes on where its parent stood."""
    threads, started_by = {}, {}
    files = {int(name.split(".")[-1]): os.path.join(folder, name) for name in os.listdir(folder)}
    for tid, name in files.items():
        with open(name, errors="replace") as lines:
            for line in lines:
                found = re.match(r"^(?:clone3?|v?fork)\(.*\) += (\d+)", line)
                if found:
                    started_by[int(found.group(1))] = tid
    def thread_of(tid):
        if tid not in threads:
            thread = threads[tid] = Thread(log)
            parent = started_by.get(tid)
            if parent in files:
                thread_of(parent)
            # A child starts guarded if its parent was when it forked: the parent's last exec had a constructor.
            thread.guarded = parent in threads and threads[parent].was_guarded
            thread.is_tool = parent in threads and threads[parent].is_tool
            thread.cwd = threads[parent].cwd if parent in threads else None
            thread.was_guarded = thread.guarded
            with open(files[tid], errors="replace") as lines:
                for line in lines:
                    thread.line(line.rstrip("\n"))
                    thread.was_guarded |= thread.guarded
        return threads[tid]
    for tid in sorted(files):
        thread_of(tid)
    return {tid: thread.operations for tid, thread in threads.items()}, started_by


def read_records(guardctl, log):
    """{thread: [(operation, object)]}, and the threads of hooked processes' records."""
    records = collections.defaultdict(list)
    run = subprocess.run([guardctl, "events", "--log", log, "--json"], capture_output=True, text=True, check=True)
    for line in run.stdout.splitlines():
        event = json.loads(line)
        action = event["event"]["action"]
        if action not in ("read", "write", "create", "delete", "exec", "connect"):
            continue
        if event["event"].get("outcome") == "failure":
            continue
        if action == "exec":
            thing = ("program", os.path.basename(event["process"]["executable"]))
        elif action == "connect":
            where = event.get("destination", {})
            thing = where.get("address") or where.get("ip", "")
            if "port" in where:
                thing = (f"[{thing}]" if ":" in thing else thing) + f":{where['port']}"
            thing = event.get("file", {}).get("path", thing)
        else:
            thing = event["file"]["path"]
        records[event["process"]["thread"]["id"]].append((action, thing))
    return records


def take_program(records):
    """Take out the record of a program whatever its name: a script's interpreter runs by another, and some have many."""
    key = next((key for key, count in records.items() if key[0] == "exec" and count > 0), None)
    if key is None:
        return False
    records[key] -= 1
    return True


def compare(truth, started_by, records):
    """Calls without a record, and counts by call."""
    missing, seen, total = [], collections.Counter(), collections.Counter()
    unused = {tid: collections.Counter(records.get(tid, [])) for tid in truth}
    for tid, operations in sorted(truth.items(), reverse=True):
        left = unused[tid]
        for call, verbs, thing in operations:
            total[call] += 1
            for verb in verbs:
                if left[(verb, thing)] > 0:
                    left[(verb, thing)] -= 1
                    seen[call] += 1
                    break
            else:
                # What popen, system and posix_spawn run is recorded by who calls them.
                if call in EXECS and (take_program(left) or take_program(unused.get(started_by.get(tid), {}))):
                    seen[call] += 1
                else:
                    missing.append((call, thing, tid))
    return missing, seen, total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guardctl", required=True)
    parser.add_argument("--hooks-only", action="store_true", help="without the kernel door")
    parser.add_argument("--at-least", type=float, default=0.95)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--keep", help="keep trace and log in this folder")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("no command")
    if not shutil.which("strace"):
        sys.exit(77)
    scratch = options.keep or tempfile.mkdtemp(prefix="libguard-truth.")
    trace, log = os.path.join(scratch, "trace"), os.path.join(os.path.realpath(scratch), "log")
    os.makedirs(trace)
    os.makedirs(log)
    policy = os.path.join(scratch, "audit.conf")
    with open(policy, "w") as out:
        out.write(POLICY.format(log=log, kernel='kernel = { filter = "off"; };' if options.hooks_only else ""))
    run = subprocess.run(["strace", "-ff", "-y", "-qq", "-s", "5000", "-o", os.path.join(trace, "t"),
                          "-e", "trace=" + ",".join(TRACED + ["clone", "clone3", "fork", "vfork"]), "-e", "signal=none",
                          options.guardctl, "run", "--policy", policy, "--", *command], stdin=subprocess.DEVNULL)
    missing, seen, total = compare(*read_trace(trace, log), read_records(options.guardctl, log))
    if not options.keep:
        shutil.rmtree(scratch, ignore_errors=True)
    for call in sorted(total):
        print(f"{call:<12} {total[call]:>8} calls {seen[call]:>8} recorded")
    share = sum(seen.values()) / max(1, sum(total.values()))
    print(f"share {share:.4f} of {sum(total.values())} calls are recorded; exit status {run.returncode}")
    for (call, thing), count in collections.Counter((call, thing) for call, thing, _ in missing).most_common(options.show):
        print(f"without a record: {count}x {call} {thing}")
    sys.exit(0 if share >= options.at_least and total else 1)


if __name__ == "__main__":
    main()
