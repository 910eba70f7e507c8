# SPDX-License-Identifier: Apache-2.0
"""Judges what guardctl trace writes.

    trace.py act SHUT OPEN               does what is recorded: a thread, children, hostile names
    trace.py json FILE EVENTS            FILE keeps to the trace event format and has the events of EVENTS (guardctl events --json)
    trace.py hostile FILE SHUT           FILE names each refused object as it is
    trace.py folded FILE EVENTS          so do folded stacks
"""
import json
import os
import re
import subprocess
import sys
import threading

NAMES = [b"two\nlines", b'quo"te\\', b"semi;colon 7", b"\x1b[31mred", b"no\xffutf8", "\u202eright".encode(), b"</script>",
         b"x" * 200, "\u00fc".encode() * 100]


def act(shut, opened):
    for name in NAMES:
        try:
            open(os.path.join(os.fsencode(shut), name))
        except OSError:
            pass
    thread = threading.Thread(target=lambda: open(os.path.join(opened, "by-a-thread"), "w").close())
    thread.start()
    thread.join()
    subprocess.run(["sh", "-c", 'rm -f "$1"; exec cat "$2"', "sh", os.path.join(shut, "gone"), os.path.join(opened, "by-a-thread")],
                   stderr=subprocess.DEVNULL, check=False)
    child = os.fork()
    if child == 0:
        try:
            open(os.path.join(opened, "by-a-fork"), "w").close()
            os.unlink(os.path.join(shut, "gone"))
        except OSError:
            os._exit(0)
    os.waitpid(child, 0)


def told(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def shown(data):
    return data.decode("utf-8", "replace")


def check_json(path, events_path):
    with open(path, encoding="utf-8") as file:
        trace = json.load(file)
    events = trace["traceEvents"]
    processes, threads, open_in, last, latest = {}, set(), {}, {}, {}
    for event in events:
        pid, tid, phase = event["pid"], event["tid"], event["ph"]
        assert phase in "MBEiC", event
        if phase == "M":
            if event["name"] == "process_name":
                processes[pid] = event["args"]["name"]
            else:
                assert event["name"] == "thread_name", event
                threads.add((pid, tid))
            assert event["args"]["name"], event
            continue
        assert pid in processes, f"no process of {event}"
        assert phase == "C" or (pid, tid) in threads, f"no thread of {event}"
        assert event["ts"] >= 0, event
        if phase in "BE":
            assert event["ts"] >= last.get((pid, tid), 0), f"goes back: {event}"
            last[pid, tid] = event["ts"]
            open_in[pid, tid] = open_in.get((pid, tid), 0) + (1 if phase == "B" else -1)
            assert open_in[pid, tid] in (0, 1), event
        if phase == "i" and pid == tid and open_in.get((pid, tid)):
            assert event["ts"] >= last[pid, tid], f"not within its program: {event}"
            latest[pid, tid] = max(event["ts"], latest.get((pid, tid), 0))
        if phase == "E":
            assert event["ts"] >= latest.get((pid, tid), 0), f"ends before what it did: {event}"
        else:
            assert event["name"] and len(event["name"].encode()) < 130, event
        if phase == "i":
            assert event["s"] in "tp" and (event["s"] == "p") == (event["cat"] == "refused" or event["name"].startswith("not covered")), event
    assert not any(open_in.values()), open_in
    expected = told(events_path)
    ids = {event["args"]["event"]: event for event in events if event["ph"] in "Bi"}
    assert list(ids) == [event["event"]["id"] for event in expected], "not the events of the log"
    refused = [event for event in events if event.get("cat") == "refused"]
    assert len(refused) == sum(e["event"]["kind"] == "alert" for e in expected) > 0
    for event in refused:
        args = event["args"]
        assert event["name"].startswith("refused: ") and args["verdict"] == "deny" and args["error"] == "EACCES", event
        assert args["rule"] == "shut" and args["place"].endswith("hostile.conf:2") and args["reason"] == "not yours", event
        assert "trace.py:" in args["source"], event
    counts = [event["args"]["count"] for event in events if event["ph"] == "C"]
    assert counts == list(range(1, len(refused) + 1)), counts
    spans = [event["name"] for event in events if event["ph"] == "B"]
    assert len(spans) == 5 and spans[1].startswith("python3") and spans[3:] == ["rm", "cat"], spans
    assert any(pid != tid for pid, tid in threads), "no other thread"
    assert any(name.startswith("part of ") for name in processes.values()), processes


def check_hostile(path, shut):
    with open(path, encoding="utf-8") as file:
        found = {event["args"].get("object") for event in json.load(file)["traceEvents"] if event["ph"] == "i"}
    for name in NAMES:
        assert f"{shut}/{shown(name)}" in found, name


def check_folded(path, events_path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    assert lines.pop() == ""
    total, refused, shell = 0, 0, []
    for line in lines:
        match = re.fullmatch(r"([^;]+(?:;[^;]+)*) ([0-9]+)", line)
        assert match and line.isprintable(), line
        total += int(match[2])
        frames = match[1].split(";")
        if frames[-1].endswith(" (refused)"):
            refused += int(match[2])
        if "rm" in frames and frames[-1].startswith("delete"):
            shell = frames
    operations = [event for event in told(events_path) if "outcome" in event["event"]]
    assert total == len(operations), (total, len(operations))
    assert refused == sum(e["event"]["kind"] == "alert" for e in operations) > 0
    # The shell stands behind the line that started it, and rm behind the shell.
    line = [i for i, frame in enumerate(shell) if frame.endswith(" act")]
    assert shell[1].startswith("python3") and line and line[-1] < shell.index("rm") - 1, shell


if __name__ == "__main__":
    {"act": act, "json": check_json, "hostile": check_hostile, "folded": check_folded}[sys.argv[1]](*sys.argv[2:])
