# SPDX-License-Identifier: Apache-2.0
"""What must not grow: a decision with the rules, a report's memory with the events; and what one event costs."""
import os
import re
import shutil
import statistics
import subprocess
import time

from table import kilobytes, nanoseconds

ROWS = ["event", "decision", "report"]

EVENT_BUDGET_NS = 150
DECISION_BUDGET = 1.2  # 100 000 rules against 10
REPORT_BUDGET_S = 5
EVENTS_BUDGET = 3e6  # a second, as JSON Lines
REPORT_GROWTH = 1.1  # of memory, ten times the events
SMALL, LARGE = 1_000_000, 10_000_000
EVENT_BYTES = 256  # of a segment, on average


class Failure(Exception):
    pass


def result(row, title, unit, small, large, figure, budget, shown, met):
    """SMALL and LARGE are the two sizes' numbers; FIGURE is what the budget holds."""
    show = {"ns": nanoseconds, "s": lambda value: f"{value:.2f} s", "kB": kilobytes}[unit]
    return {"row": row, "title": title, "unit": unit, "small": small, "large": large, "figure": figure,
            "budget": budget, "met": met, "shown": [show(small), show(large), *shown]}


def output(argv):
    run = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode != 0:
        raise Failure(f"{argv[0]}: status {run.returncode}: {(run.stderr or run.stdout).strip()[-400:]}")
    return run.stdout


def numbers(pattern, text):
    found = re.findall(pattern, text)
    if not found:
        raise Failure(f"nothing like '{pattern}' in: {text.strip()[-400:]}")
    return [float(number) for number in found]


def event(programs, scratch, rounds):
    """One event written, by one process and by two into one log."""
    runs = [numbers(r"(\d+) ns median", output([os.path.join(programs, "event"), scratch])) for _ in range(rounds)]
    one, two = (statistics.median(column) for column in zip(*runs))
    return [result("event", "one event written: 1 process, 2 processes", "ns", one, two, one, EVENT_BUDGET_NS,
                   [nanoseconds(one), f"<= {EVENT_BUDGET_NS} ns"], one <= EVENT_BUDGET_NS)]


def timed(argv):
    """Seconds and the most resident kilobytes that a command takes."""
    start = time.monotonic()
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):  # 1: there were refusals
        raise Failure(f"{' '.join(argv)}: status {child.returncode}: {said.decode(errors='replace').strip()[-400:]}")
    return time.monotonic() - start, usage.ru_maxrss


def filled_session(build, scratch, events):
    """A session that ran one small program and whose log holds EVENTS events."""
    sessions = os.path.join(scratch, "sessions")
    shutil.rmtree(sessions, ignore_errors=True)
    programs = os.path.join(build, "tests/bench")
    output([os.path.join(build, "guardctl"), "run", "--policy", os.path.join(scratch, "bench.conf"), "--",
            os.path.join(programs, "noop")])
    directory = os.path.join(sessions, next(name for name in os.listdir(sessions) if name[0].isdigit()))
    for name in os.listdir(directory):
        if name.startswith("events-"):
            os.unlink(os.path.join(directory, name))
    output([os.path.join(programs, "log_fill"), directory, str(events)])
    return directory


def report(build, scratch, rounds):
    """The text report over ten million events, and what its memory does on the way from one million."""
    free = shutil.disk_usage(scratch).free
    if free < 2 * LARGE * EVENT_BYTES:
        raise Failure(f"report: {2 * LARGE * EVENT_BYTES >> 30} GiB of free disk are needed, {free >> 30} GiB are there")
    measured, told = [], []
    for events in SMALL, LARGE:
        directory = filled_session(build, scratch, events)
        measured.append([timed([os.path.join(build, "guardctl"), "report", directory]) for _ in range(min(rounds, 3))])
        told.append(min(timed([os.path.join(build, "guardctl"), "events", "--json", directory])[0] for _ in range(min(rounds, 3))))
        shutil.rmtree(os.path.dirname(directory))
    (small_s, small_kb), (large_s, large_kb) = ((statistics.median(run[0] for run in runs), max(run[1] for run in runs))
                                                for runs in measured)
    growth = large_kb / small_kb
    rate = LARGE / told[1]
    return [result("report", "report: 1 million events, 10 million", "s", small_s, large_s, large_s, REPORT_BUDGET_S,
                   [f"{large_s:.2f} s", f"<= {REPORT_BUDGET_S} s"], large_s <= REPORT_BUDGET_S),
            result("report-events", "events as JSON Lines: 1 million, 10 million", "s", *told, rate, EVENTS_BUDGET,
                   [f"{rate / 1e6:.1f} M/s", f">= {EVENTS_BUDGET / 1e6:.0f} M/s"], rate >= EVENTS_BUDGET),
            result("report-memory", "the memory it needs", "kB", small_kb, large_kb, growth, REPORT_GROWTH,
                   [f"{growth:.2f}", f"<= {REPORT_GROWTH}"], growth <= REPORT_GROWTH)]


def measure(build, scratch, rows, rounds):
    """Results of the rows that are wanted."""
    programs = os.path.join(build, "tests/bench")
    results = []
    if "event" in rows:
        results += event(programs, scratch, rounds)
    if "report" in rows:
        results += report(build, scratch, rounds)
    return results
