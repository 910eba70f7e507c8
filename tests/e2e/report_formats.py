#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names that try to act in a report, and each form's own reader, which must find them inert; for report_formats.sh."""
import base64
import csv
import hashlib
import html.parser
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree
import zlib

# Line ends, terminal sequences, options, formulas, HTML, Markdown, workflow commands, the other direction, no UTF-8.
NAMES = [
    b"plain", b"two\nlines\rhere\tand", b"\x1b[31mred\x1b]0;title\x07", b"-rf", b"=cmd|'calc'!A1", b"@SUM(1)", b"+1", b"\xef\xbc\x9d1",
    b"<img src=x onerror=alert(1)>", b"<", b"script><script>alert(1)<", b"a|b|c", b"`code` **bold** [x](http:evil.example)",
    b"www.evil.example", b"::error file=x,line=1::forged", b"x\n::error::forged", b"100%0A::error::forged",
    b"\xe2\x80\xaegnp.exe", b"\xff\xfe", b"\"quoted\" 'too'", b"&amp;", b"]]>", b"\xef\xbf\xbf", b"# heading", b"\xc3\xbcmlaut", b"\xf0\x9f\x98\x80",
    b"\x01\x02\x7f", b"\xc2\x9b31m",
]


def touch(shut):
    for name in NAMES:
        with open(os.path.join(os.fsencode(shut), name), "wb"):
            pass


def act(shut, opened):
    for name in NAMES:
        for call in (lambda path: os.close(os.open(path, os.O_RDONLY)), os.unlink):
            try:
                call(os.path.join(os.fsencode(shut), name))
                sys.exit("not refused: %r" % name)
            except OSError:
                pass
        with open(os.path.join(os.fsencode(opened), name), "wb"):
            pass


def many(directory):
    for i in range(12000):
        with open("%s/%05d-%s" % (directory, i, "|" * 60), "wb"):
            pass


def read(path):
    with open(path, "rb") as file:
        return file.read()


def inert(path):
    text = read(path).decode("utf-8")  # valid at all
    bad = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\uffff]", text)
    assert not bad, (bad[0], text[max(0, bad.start() - 50):bad.end() + 50])
    lines = text.split("\r\n") if path.endswith("csv") else text.split("\n")
    assert not any("\r" in line for line in lines)
    assert not any(re.match(" *(::error::forged|lines)", line) for line in lines)


def refused_names(json_path):
    return json.loads(read(json_path))["refused"]


def check_json(path, shut):
    found = {x["object"] for x in refused_names(path)}
    wanted = {"%s/%s" % (shut, name.decode(errors="replace")) for name in NAMES}
    assert wanted <= found, wanted - found


def check_csv(path, shut):
    rows = list(csv.reader(io.StringIO(read(path).decode(), newline=""), strict=True))
    assert rows[0][0] == "session" and len({len(row) for row in rows}) == 1
    cells = [cell for row in rows[1:] for cell in row]
    assert not any(cell[:1] in tuple("=+-@\uff1d") and cell for cell in cells), [c for c in cells if c[:1] in tuple("=+-@")]
    refused = [row for row in rows if row[1] == "refused" and row[4].startswith(shut + "/")]
    assert len(refused) == 2 * len(NAMES), len(refused)


def check_junit(path, shut):
    suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
    failures = [case for case in suite.iter("testcase") if case.find("failure") is not None]
    assert len(failures) == int(suite.get("failures")) >= 2 * len(NAMES), suite.attrib
    assert len(list(suite.iter("testcase"))) == int(suite.get("tests"))
    assert sum(shut in case.get("name") for case in failures) == 2 * len(NAMES)


def check_markdown(path):
    text = read(path).decode()
    plain = re.sub("</?code>", "", text)
    assert "<" not in plain and ">" not in plain, re.search(".{40}[<>].{40}", plain)
    assert "](" not in text and "http:" not in text and "www." not in text and "`" not in text
    cells = None
    for line in text.splitlines():
        if re.match(r"\|[-:|]+\|$", line):
            cells = line.count("|")
        elif not line.startswith("|"):
            cells = None
        elif cells:
            assert line.count("|") == cells, line


class Page(html.parser.HTMLParser):
    """Holds a page to the elements and attributes that the report is made of; what a browser takes names for."""
    elements = set("html head meta title style body main h1 h2 h3 noscript article header dl div dt dd br section a p table thead "
                   "tr th tbody td code strong span b details summary ul li figure figcaption svg rect script".split())
    attributes = set("lang charset http-equiv content name aria-label aria-labelledby id class data-part href scope open role type "
                     "preserveaspectratio viewbox x y width height".split())
    void = {"meta", "br", "rect"}

    def __init__(self, text):
        super().__init__()
        self.open, self.blocks, self.text, self.policy, self.cells = [], [], [], None, []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        assert tag in self.elements and all(name in self.attributes for name, _ in attrs), (tag, attrs)
        assert all(value.startswith("#") for name, value in attrs if name == "href"), attrs
        if dict(attrs).get("http-equiv"):
            self.policy = dict(attrs)["content"]
        if tag in ("style", "script"):
            self.blocks.append([tag, dict(attrs).get("type"), ""])
        if tag == "code":
            self.cells.append("")
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.void:
            assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("style", "script"):
            self.blocks[-1][2] += data
        elif self.open and self.open[-1] == "code":
            self.cells[-1] += data
        else:
            self.text.append(data)

    def handle_comment(self, data):
        assert False, data


def check_html(path, shut):
    page = Page(read(path).decode())
    assert re.fullmatch(r"default-src 'none'; style-src '[^']*'(; script-src '[^']*'; require-trusted-types-for 'script'; "
                        r"trusted-types 'none')?; base-uri 'none'; form-action 'none'", page.policy), page.policy
    for tag, kind, text in page.blocks:
        known = "%s-src 'sha256-%s'" % (tag, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode())
        assert kind == "application/x-guard-events" or known in page.policy, (tag, kind, known, page.policy)
    assert page.blocks[0][0] == "style"
    for name in NAMES:  # each in the list of its group, for two operations, as a terminal would show it
        shown = [cell for cell in page.cells if cell.startswith(shut + "/")]
        assert len(shown) >= 2 * len(NAMES), len(shown)
        if re.fullmatch(rb"[!-\[\]-~]*", name):
            assert shown.count("%s/%s" % (shut, name.decode())) >= 2, name
    plain = "".join(page.text)
    assert ("without the page's script" in plain) == (not any(tag == "script" for tag, _, _ in page.blocks))


def sections_of(page):
    """A block of events taken apart, as tools/event_block.h describes it."""
    packed = [text for tag, kind, text in page.blocks if kind == "application/x-guard-events"]
    assert len(packed) == 1, len(packed)
    data, at, sections = zlib.decompress(base64.b64decode(packed[0])), 0, {}
    while at < len(data):
        start = at + 1 + data[at] + 4
        length = int.from_bytes(data[start - 4:start], "little")
        sections[data[at + 1:start - 4].decode()] = data[start:start + length]
        at = start + length
    assert at == len(data)
    return sections


def numbers_of(data):
    count = len(data) // 3
    return [data[i] | data[i + count] << 8 | data[i + 2 * count] << 16 for i in range(count)]


def steps_of(data):
    value, number, shift = 0, 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            value += -(number + 1) // 2 if number & 1 else number // 2
            yield value
            number = shift = 0


def check_block(path, events_path):
    """Its events are those that guardctl events shows, in their order."""
    sections = sections_of(Page(read(path).decode()))
    meta = dict(line.split(" ") for line in sections["meta"].decode().split("\n"))
    whats, names = (sections[key].decode().split("\n") for key in ("whats", "names"))
    lines = read(events_path).decode().splitlines()
    assert names[0] == "" and [x.encode() for x in names] == sorted({x.encode() for x in names})
    assert int(meta["events"]) == len(lines) > 50 and meta["cut"] == "0", (meta, len(lines))
    for line, pid, what, number in zip(lines, steps_of(sections["pid"]), sections["what"], numbers_of(sections["object"]), strict=True):
        _, shown_pid, _, shown_what, _, rest = re.match(r"(\S+) +(\d+) (\S+) +(\S+) +(\S+) +(.*)", line).groups()
        assert int(shown_pid) == pid and shown_what == whats[what] and rest.startswith(names[number]), (line, pid, whats[what], names[number])
    times = list(steps_of(sections["time"]))
    assert len(times) == len(lines) and max(times) < 60e6, times[-3:]


def check_github(path):
    lines = read(path).decode().splitlines()
    assert len([x for x in lines if x.startswith("::error ")]) >= 2 * len(NAMES)
    for line in lines:
        assert re.match(r"::(error|warning|notice) (file=[^:,]*,line=\d+,)?title=[^:,]*::.", line), line
        assert not re.search("%(?!25)", line), line


def check_sarif(path, policy):
    log = json.loads(read(path))
    assert log["version"] == "2.1.0" and log["$schema"] and set(log) <= {"$schema", "version", "runs"}
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"] and driver["version"]
        rules = [rule["id"] for rule in driver["rules"]]
        assert len(rules) == len(set(rules))
        assert all(isinstance(x["executionSuccessful"], bool) for x in run["invocations"])
        assert len(run["results"]) >= 2 * len(NAMES)
        prints = [result["partialFingerprints"]["refusal/v1"] for result in run["results"]]
        assert len(prints) == len(set(prints))
        for result in run["results"]:
            assert result["ruleId"] in rules and result["message"]["text"]
            assert result["level"] in ("none", "note", "warning", "error") and result["occurrenceCount"] >= 1
            for where in result["locations"] + result.get("relatedLocations", []):
                place = where["physicalLocation"]
                assert re.fullmatch(r"[A-Za-z0-9._~/:%-]+", place["artifactLocation"]["uri"]), place
                assert place["region"]["startLine"] >= 1
        by_policy = [result["locations"][0]["physicalLocation"] for result in run["results"]]
        assert sum(x["artifactLocation"]["uri"].endswith(os.path.basename(policy)) and x["region"]["startLine"] == 2
                   for x in by_policy) >= 2 * len(NAMES), by_policy[0]
        lines = [y["physicalLocation"]["artifactLocation"]["uri"] for x in run["results"] for y in x.get("relatedLocations", [])]
        assert any(x.endswith("report_formats.py") for x in lines), lines[:2]


def schema(path, schema_path):
    import jsonschema
    jsonschema.validate(json.loads(read(path)), json.loads(read(schema_path)))


def same_json(path, other):
    assert json.loads(read(path)) == json.loads(read(other))


def group(text_path, json_path):
    total = sum(x["count"] for x in refused_names(json_path) if x["operation"] == "delete" and x["rule"]["name"] == "shut")
    text = re.sub(r"\x1b\[[0-9;]*m", "", read(text_path).decode())
    shown = re.findall(r"(?m)^ *(\d+)x  delete ", text)
    assert total >= len(NAMES) and shown == [str(total)], (total, shown)


def job(path, directory, guardctl):
    os.mkdir(directory)
    summary = os.path.join(directory, "summary.md")
    environment = dict(os.environ, PATH="%s:%s" % (os.path.dirname(os.path.abspath(guardctl)), os.environ["PATH"]),
                       GITHUB_STEP_SUMMARY=summary)
    commands = re.findall(r"(?m)^ *(?:- |run: )?(guardctl .*)$", read(path).decode())
    assert len(commands) >= 4, commands
    for command in commands:
        done = subprocess.run(["bash", "-c", command], cwd=directory, env=environment, capture_output=True, timeout=60)
        assert done.returncode == 0, (command, done)
    made = [name for name in os.listdir(directory) if name.endswith((".md", ".sarif", ".xml"))]
    assert len(made) == 2 and all(os.path.getsize(os.path.join(directory, name)) > 100 for name in made), made


if __name__ == "__main__":
    globals().get("check_" + sys.argv[1], globals().get(sys.argv[1]))(*sys.argv[2:])
