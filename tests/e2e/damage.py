#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damage a copy of a session again and again; after each time the reading commands must still behave.

    damage.py cut|flip|json SESSION TIMES COMMAND...

cut     events-0001.log ends at a byte, spread over what was written
flip    some bytes of events-0001.log are others
json    session.json is cut, then has other bytes

COMMAND... and "report", "events" or "sessions" is what is run. To behave is to end with 0 or 125 (with a sentence on
stderr), to read no more records than there were, and to say so where some were lost; and "verify" is to find every
change of what is sealed, and no other. Exit status 1: it did not.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

SLOT = 128
LOSSES = ("torn", "damaged", "missing_segments", "unreadable_segments", "short_segments")


def run(command, session):
    done = subprocess.run([*command, session], stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    if done.returncode not in (0, 125):
        return f"{command[-1]} ended with {done.returncode}: {done.stderr[-400:]!r}", done
    if done.returncode == 125 and b"guardctl: " not in done.stderr:
        return f"{command[-1]} failed without a word", done
    return None, done


def is_sealed_change(how, data, damaged):
    """All is sealed but the second half of the log's head, its counter."""
    if len(data) != len(damaged):
        return True
    changed = [at for at in range(len(data)) if data[at] != damaged[at]]
    return any(how == "json" or not 64 <= at < 128 for at in changed)


def verify(command, session, expected):
    done = subprocess.run([*command, "verify", "--json", session], stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    if done.returncode != expected or bool(json.loads(done.stdout)["findings"]) != bool(expected):
        return [f"verify ended with {done.returncode}: {done.stdout[-400:]!r} {done.stderr[-400:]!r}"]
    return []


def records(output):
    lines = output.splitlines()
    for line in lines:
        json.loads(line)
    return len(lines)


def used_bytes(log):
    """The slots in use, by their mark."""
    used = max((at for at in range(SLOT, len(log), SLOT) if log[at:at + 4] != b"\0\0\0\0"), default=SLOT)
    return used + SLOT


def flip(random_, data, limit):
    damaged = bytearray(data)
    for _ in range(random_.randint(1, 4)):
        # Anywhere, in the file's head, or where a slot says what it is.
        slot = random_.randrange(max(limit // SLOT, 1)) * SLOT
        at = random_.choice((random_.randrange(limit), random_.randrange(SLOT), slot + random_.randrange(16)))
        damaged[min(at, limit - 1)] = random_.choice((0, 1, 0x7f, 0xff, random_.randrange(256)))
    return bytes(damaged)


def damaged_copies(how, data, used, times):
    random_ = random.Random(1)
    for i in range(times):
        if how == "flip" or (how == "json" and i % 2):
            yield flip(random_, data, used)
        else:
            yield data[:used * i // times]
    if how == "cut":
        yield data[:-1]


def main():
    how, session, times, command = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    place = tempfile.mkdtemp(prefix="libguard-damage.")
    copy = os.path.join(place, "20260102T030405-1")
    shutil.copytree(session, copy)
    name = "session.json" if how == "json" else "events-0001.log"
    with open(os.path.join(session, name), "rb") as file:
        data = file.read()
    whole = records(run([*command, "events", "--json"], session)[1].stdout)
    faults = []
    for damaged in damaged_copies(how, data, len(data) if how == "json" else used_bytes(data), times):
        with open(os.path.join(copy, name), "wb") as file:
            file.write(damaged)
        fault, events = run([*command, "events", "--json"], copy)
        faults += [fault] if fault else []
        if not fault and records(events.stdout) > whole:
            faults.append("events shows more than there was")
        fault, report = run([*command, "report", "--json"], copy)
        faults += [fault] if fault else []
        if not fault and report.returncode == 0 and records(events.stdout) < whole and \
                not any(json.loads(report.stdout)["coverage"][loss] for loss in LOSSES):
            faults.append(f"{whole - records(events.stdout)} records are missing and the report does not say so")
        fault, trace = run([*command, "trace"], copy)
        faults += [fault] if fault else []
        if not fault and trace.returncode == 0:
            json.loads(trace.stdout)
        for others in ["report"], ["trace", "--format", "folded"]:
            fault = run([*command, *others], copy)[0]
            faults += [fault] if fault else []
        faults += verify(command, copy, int(is_sealed_change(how, data, damaged)))
        fault = run([*command, "sessions", "--log"], place)[0]
        faults += [fault] if fault else []
        if faults:
            print(f"{how}: {len(damaged)} bytes: {faults}", file=sys.stderr)
            break
    shutil.rmtree(place)
    sys.exit(bool(faults) or whole == 0)


main()
