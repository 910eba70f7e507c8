#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the forms of events may hold, by the names that their schemas publish; for events_forms.sh."""
import json
import re
import sys

OWN = {"json": "libguard.", "ocsf": "unmapped.", "otlp": "libguard."}
NUMBERS = {"long", "integer_t", "long_t", "timestamp_t", "port_t", "int"}


def published(table, form):
    rows = [line.rstrip("\n").split("\t") for line in open(table) if not line.startswith("#")]
    return {name: kind for row_form, name, kind in rows if row_form == form}


def names(table, form, keys):
    known = published(table, form)
    found = [line.rstrip("\n") for line in open(keys)]
    assert found == list(known), set(found) ^ set(known)
    for name, kind in known.items():
        assert (kind == "own") == name.startswith(OWN[form]), name
        assert not any(other.startswith(name + ".") for other in known), name


def no_pair_twice(pairs):
    assert len({key for key, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def lines(path):
    return [json.loads(line, object_pairs_hook=no_pair_twice) for line in open(path, encoding="utf-8")]


def leaves(value, prefix=""):
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from leaves(inner, prefix + key + ".")
        else:
            yield prefix + key, inner


def check_kind(name, value, kind):
    items = value if isinstance(value, list) else [value]
    for item in items:
        if kind in NUMBERS:
            assert isinstance(item, int) and not isinstance(item, bool), (name, value)
        elif kind == "boolean_t":
            assert isinstance(item, bool), (name, value)
        elif kind == "dns_answer":
            assert set(item) == {"rdata"} and isinstance(item["rdata"], str), (name, value)
        elif kind != "own":
            assert isinstance(item, str), (name, value)


def nested(table, form, path):
    known = published(table, form)
    for event in lines(path):
        for name, value in leaves(event):
            assert name in known, name
            check_kind(name, value, known[name])


def get(event, name):
    for part in name.split("."):
        event = event.get(part, {})
    return event


def check_json(table, path):
    nested(table, "json", path)
    for event in lines(path):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", event["@timestamp"]) and event["ecs"]["version"]
        assert event["event"]["kind"] in ("alert", "event")
        assert event["event"].get("outcome", "success") in ("success", "failure")


# What a class cannot be without.
REQUIRED = {1001: ["file.name", "file.type_id", "actor.process.pid"], 1003: [], 1005: ["module.file.path"],
            1007: ["process.pid", "actor.process.pid"], 4003: ["query.hostname"], 4001: [], 0: []}


def check_ocsf(table, path):
    nested(table, "ocsf", path)
    classes = set()
    for event in lines(path):
        classes.add(event["class_uid"])
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"], event
        assert event["category_uid"] == event["class_uid"] // 1000 and event["severity_id"] in (1, 3)
        assert event["metadata"]["version"] == "1.3.0" and event["metadata"]["product"]["vendor_name"]
        assert event["device"]["hostname"] is not None and event["metadata"]["uid"]
        assert all(get(event, name) != {} for name in REQUIRED[event["class_uid"]]), event
        if event["class_uid"] == 4001:
            assert ("src_endpoint" if event["activity_id"] == 7 else "dst_endpoint") in event, event
        assert ("is_alert" in event) == (event.get("action_id", 1) != 1), event
    assert classes >= {1001, 1007, 4001, 4003, 0}, classes


def value_of(any_value):
    ((kind, value),) = any_value.items()
    if kind == "intValue":
        assert re.fullmatch(r"\d+", value), any_value
        return int(value)
    if kind == "arrayValue":
        return [value_of(item) for item in value["values"]]
    assert kind == "boolValue" and isinstance(value, bool) or kind == "stringValue" and isinstance(value, str), any_value
    return value


def records(path):
    for line in lines(path):
        (resource,) = line["resourceLogs"]
        assert {item["key"] for item in resource["resource"]["attributes"]} == {"service.name", "host.name"}
        (scope,) = resource["scopeLogs"]
        assert scope["scope"]["name"] == "libguard"
        (record,) = scope["logRecords"]
        yield record, no_pair_twice([(item["key"], value_of(item["value"])) for item in record["attributes"]])


def check_otlp(table, path):
    known = published(table, "otlp")
    for record, attributes in records(path):
        assert re.fullmatch(r"\d{19}", record["timeUnixNano"])
        refused = attributes.get("libguard.verdict", "allow") != "allow"
        assert (record["severityNumber"], record["severityText"]) == ((13, "WARN") if refused else (9, "INFO")), record
        assert record["body"]["stringValue"] == attributes["libguard.operation"]
        for name, value in attributes.items():
            assert name in known, name
            check_kind(name, value, known[name].rstrip("[]"))
            assert isinstance(value, list) == (known[name].endswith("[]") or name.endswith("stack")), (name, value)


def same(ecs_path, ocsf_path, otlp_path):
    """The same events, and the same of each."""
    ecs, ocsf, otlp = lines(ecs_path), lines(ocsf_path), [attributes for _, attributes in records(otlp_path)]
    assert len(ecs) == len(ocsf) == len(otlp) > 20
    pairs = [("event.id", "metadata.uid", "log.record.uid"), ("process.pid", "actor.process.pid", "process.pid"),
             ("rule.name", "policy.name", "security_rule.name"), ("error.code", "status_code", "error.type"),
             ("dns.question.name", "query.hostname", "dns.question.name"), ("libguard.label", "unmapped.label", "libguard.label"),
             ("log.origin.file.line", "unmapped.origin.line", "code.line.number")]
    for one, two, three in zip(ecs, ocsf, otlp):
        for names_of in pairs:
            assert get(one, names_of[0]) == get(two, names_of[1]) == three.get(names_of[2], {}), (names_of, one, two, three)
        path = get(one, "file.path")
        assert path == {} or path == three["file.path"] == (get(two, "file.path") or get(two, "module.file.path"))
        words = get(one, "process.args")
        if words != {}:
            assert three["process.command_args"] == words, (one, three)
            assert get(two, "process.cmd_line") == " ".join(words), (one, two)
    actions = {get(event, "event.action") for event in ecs}
    assert {"read", "create", "exec", "connect", "bind", "resolve", "process-start", "session-labelled"} <= actions, actions


if __name__ == "__main__":
    globals().get("check_" + sys.argv[1], globals().get(sys.argv[1]))(*sys.argv[2:])
