# SPDX-License-Identifier: Apache-2.0
"""The examples of doc/event-log.md, and what comes of them.

    loaders.py example DOC NAME            the commands below the heading NAME
    loaders.py same TOOL FOUND REPORT      FOUND, which TOOL printed, are the most used files of guardctl report --json
"""
import json
import re
import sys


def example(doc, name):
    with open(doc, encoding="utf-8") as file:
        found = re.search(rf"^### {name}\n.*?^```sh\n(.*?)^```\n", file.read(), re.M | re.S)
    sys.stdout.write(found[1])


READERS = {
    "jq": lambda text: [(json.loads(line.split(None, 1)[1]), int(line.split(None, 1)[0])) for line in text.splitlines()],
    "DuckDB": lambda text: [(row["path"], row["n"]) for row in json.loads(text)],
    "ClickHouse": lambda text: [(line.split("\t")[0], int(line.split("\t")[1])) for line in text.splitlines()],
    "lnav": lambda text: [(row["path"], row["n"]) for row in json.loads(text[text.index("["):])],
}


def same(tool, found, report):
    with open(report, encoding="utf-8") as file:
        files = [(row["path"], row["count"]) for row in json.load(file)["files"]]
    expected = sorted(files, key=lambda row: (-row[1], row[0]))[:20]
    with open(found, encoding="utf-8") as file:
        rows = READERS[tool](file.read())
    assert len(expected) == 20 and len({count for _, count in files}) > 5
    assert rows == expected, f"expected {expected}, found {rows}"


if __name__ == "__main__":
    {"example": example, "same": same}[sys.argv[1]](*sys.argv[2:])
