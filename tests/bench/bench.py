#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The budget table: what the guard costs, beside bare runs and beside other tools.

    bench.py [--rounds N] [ROW...]     in the build directory; `make bench` calls it

Every round runs each work bare and guarded in turn, and once below each tool
that is installed, so that a machine that gets slower or busier changes all of
them alike. A figure is the lower quartile of a round's batches; a ratio is
taken within a round; the table shows the median over the rounds and, as
spread, the lowest and the highest. A budget that is missed is said and is no
failure; a work that fails is.
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys

import peers
import scale
from table import Table, kilobytes, nanoseconds

BUILD = os.environ.get("top_builddir", os.getcwd())
SOURCE = os.environ.get("top_srcdir", BUILD)
PROGRAMS = os.path.join(BUILD, "tests/bench")
SCRATCH = os.path.join(BUILD, "tests/bench/scratch")
SLOTS = 3  # runs of bare and guarded in a round

DEEP = os.path.join(SCRATCH, "project/src/module")
FILE = os.path.join(DEEP, "file.txt")
NOOP = os.path.join(PROGRAMS, "noop")

# key, what the table calls it, PATH for the work, highest ratios allowed: of the hooks alone, and of all with the kernel
# door, which confirms what is weighty (kernel.trust = "balanced"). None: no budget.
ROWS = [
    ("open", "open+close of an allowed file", FILE, 1.25, 1.25),
    ("open-relative", "the same by a relative name", FILE, 1.25, 1.25),
    ("create", "create+unlink", os.path.join(DEEP, "new.txt"), 1.4, 1.8),
    ("exec", "fork+exec of a small program", NOOP, 1.3, 1.3),
    ("spawn", "posix_spawn of the same", NOOP, None, None),
    ("connect", "loopback connect", "loopback", 1.2, 1.7),
    ("unmediated", "a system call nobody mediates", "getppid", None, None),
]
MEMORY_BUDGET_KB = 1024


def fail(sentence):
    sys.exit(f"bench: {sentence}")


def work(runner, kind, path):
    """The numbers one run of the work program prints."""
    argv = runner.prefix + [os.path.join(PROGRAMS, "work"), kind, path]
    run = subprocess.run(argv, env={**os.environ, **runner.env}, stdin=subprocess.DEVNULL, capture_output=True,
                         text=True, timeout=300)
    numbers = run.stdout.split()
    if run.returncode != 0 or not numbers:
        raise RuntimeError(f"{runner.name}: {kind}: status {run.returncode}: {run.stderr.strip()[-400:]}")
    return [float(number) for number in numbers]


def lower_quartile(batches):
    return sorted(batches)[len(batches) // 4]


def order(runners):
    """One round: bare and the guarded ones take turns, SLOTS each, with the peers spread between them."""
    subjects = [runner for runner in runners if not runner.is_peer]
    others = [runner for runner in runners if runner.is_peer]
    for slot in range(SLOTS):
        yield from subjects if slot % 2 == 0 else reversed(subjects)
        yield from others[slot::SLOTS]


def measure_row(row, runners, figures, broken):
    """One round of one row."""
    key, _, path, _, _ = row
    batches = {}
    for runner in order(runners):
        if (runner.name, key) in broken:
            continue
        try:
            batches.setdefault(runner.name, []).extend(work(runner, key, path))
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            if not runner.is_peer:
                fail(error)
            broken.add((runner.name, key))  # the tool cannot do this; its cell says so
        finally:
            runner.clean()
    for name, values in batches.items():
        figures.setdefault(key, {}).setdefault(name, []).append(lower_quartile(values))


def ratios(figures, name):
    return [other / bare for bare, other in zip(figures["bare"], figures[name])]


def summarise(row, figures):
    key, title, _, hooks_budget, budget = row
    result = {"row": key, "title": title, "unit": "ns", "budget": budget, "hooks_budget": hooks_budget,
              "figures": {name: statistics.median(values) for name, values in figures.items()}, "ratios": {}}
    for name in figures:
        if name == "bare":
            continue
        each = ratios(figures, name)
        result["ratios"][name] = {"median": statistics.median(each), "low": min(each), "high": max(each)}
    if budget:
        result["met"] = result["ratios"]["guarded"]["median"] <= budget
        result["hooks_met"] = result["ratios"]["hooks"]["median"] <= hooks_budget
    return result


def measure_memory(runners, rounds):
    """Resident kilobytes that a guarded process has more than a bare one."""
    rss, own = {}, {}
    for runner in [runner for runner in runners if runner.name in ("bare", "guarded")]:
        samples = []
        for _ in range(rounds):
            samples.append(work(runner, "memory", FILE))
            runner.clean()
        rss[runner.name], own[runner.name] = (statistics.median(column) for column in zip(*samples))
    added = rss["guarded"] - rss["bare"]
    return {"row": "memory", "title": "resident memory of a process", "unit": "kB", "budget": MEMORY_BUDGET_KB,
            "figures": rss, "added": added, "added_private": own["guarded"] - own["bare"],
            "met": added <= MEMORY_BUDGET_KB}


def word(result, of=""):
    if result.get("budget") is None:
        return ""
    return "met" if result[of + "met"] else "MISSED"


def below(budget):
    return f"<= {budget:.2f}" if budget else ""


def print_budgets(results):
    table = Table("work", "bare", "hooks alone", "budget", "", "guarded", "spread", "budget", "")
    for result in results:
        if result["row"] == "memory":
            table.add(result["title"], kilobytes(result["figures"]["bare"]), "", "", "", f"+{kilobytes(result['added'])}",
                      f"{kilobytes(result['added_private'])} of it its own", f"<= +{kilobytes(result['budget'])}",
                      word(result))
            continue
        ratio = result["ratios"]["guarded"]
        table.add(result["title"], nanoseconds(result["figures"]["bare"]),
                  f"{result['ratios']['hooks']['median']:.2f}", below(result["hooks_budget"]), word(result, "hooks_"),
                  f"{ratio['median']:.2f}", f"{ratio['low']:.2f} .. {ratio['high']:.2f}", below(result["budget"]),
                  word(result))
    table.print()


def print_peers(results, names):
    print("\nThe same beside other tools: ratio to bare (median).")
    table = Table("work", *names)
    for result in results:
        if result["row"] != "memory":
            cells = [result["ratios"].get(name) for name in names]
            table.add(result["title"], *[f"{cell['median']:.2f}" if cell else "fails" for cell in cells])
    table.print()


def print_scale(results):
    print()
    table = Table("size", "small", "large", "figure", "budget", "")
    for result in results:
        table.add(result["title"], *result["shown"], word(result))
    table.print()


def describe():
    git = subprocess.run(["git", "-C", SOURCE, "describe", "--always", "--dirty"], capture_output=True, text=True)
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown CPU")
    mount = subprocess.run(["df", "--output=fstype", SCRATCH], capture_output=True, text=True)
    return {"commit": git.stdout.strip() or "not a checkout", "cpu": model, "cpus": os.cpu_count(),
            "kernel": platform.release(), "libc": " ".join(platform.libc_ver()),
            "file_system": mount.stdout.split()[-1], "load": os.getloadavg()[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", default=os.path.join(BUILD, "bench.json"), help="where the numbers go for machines")
    parser.add_argument("rows", metavar="ROW", nargs="*",
                        help="measure these rows only: " + ", ".join(row[0] for row in ROWS) + ", memory, "
                        + ", ".join(scale.ROWS))
    options = parser.parse_args()
    known = [row[0] for row in ROWS] + ["memory", *scale.ROWS]
    unknown = [row for row in options.rows if row not in known]
    if unknown or options.rounds < 1:
        parser.error(f"no such row: {' '.join(unknown)}" if unknown else "at least one round")

    def wanted(row):
        return not options.rows or row in options.rows

    shutil.rmtree(SCRATCH, ignore_errors=True)
    os.makedirs(DEEP)
    with open(FILE, "w") as file:
        file.write("a line of text\n")
    machine = describe()
    print(f"commit {machine['commit']} · {machine['cpu']}, {machine['cpus']} CPUs · Linux {machine['kernel']} · "
          f"{machine['libc']} · {machine['file_system']} · load {machine['load']:.1f}")
    print(f"guarded: mode audit, shipped policy, every event recorded, all parts of the guard; hooks alone: kernel.filter off "
          f"· {options.rounds} rounds, interleaved\n")

    rows = [row for row in ROWS if wanted(row[0])]
    runners, absent = peers.find(BUILD, SOURCE, SCRATCH, NOOP)
    figures, broken = {}, set()
    for number in range(options.rounds):
        for row in rows:
            print(f"\rround {number + 1} of {options.rounds}: {row[0]:<20}", end="", file=sys.stderr)
            measure_row(row, runners, figures, broken)
    print("\r" + " " * 50, end="\r", file=sys.stderr)

    results = [summarise(row, figures[row[0]]) for row in rows]
    if wanted("memory"):
        results.append(measure_memory(runners, options.rounds))
    if results:
        print_budgets(results)
    names = ["guarded"] + [runner.name for runner in runners if runner.is_peer]
    if rows and len(names) > 1:
        print_peers(results, names)
    for name, reason in absent:
        print(f"{name}: {reason}")
    try:
        scaled = scale.measure(BUILD, SCRATCH, [row for row in scale.ROWS if wanted(row)], options.rounds)
    except scale.Failure as failure:
        fail(failure)
    if scaled:
        print_scale(scaled)

    with open(options.json, "w") as file:
        json.dump({"machine": machine, "rounds": options.rounds, "rows": results, "scale": scaled,
                   "absent": dict(absent)}, file, indent=1)
    missed = [f"{result['title']} (hooks alone)" for result in results if not result.get("hooks_met", True)]
    missed += [result["title"] for result in results + scaled if word(result) == "MISSED"]
    print("\nMISSED: " + ", ".join(missed) if missed else "\nall budgets measured here are met")
    shutil.rmtree(SCRATCH, ignore_errors=True)


if __name__ == "__main__":
    main()
