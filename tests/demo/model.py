# SPDX-License-Identifier: Apache-2.0
"""The demo's surroundings: a model that follows a script, a local file mirror, and the world outside.

    python3 model.py WORLD SCENARIO

The model answers chat completions; which step is next it tells from the number of tool results in the request, so
a request that is repeated gets the same answer. Model and mirror listen on 127.0.0.1, the outside on 127.66.6.6,
each on a port the kernel picks; WORLD/places.json tells them once all listen. What reaches the outside is kept in
WORLD/outside.log, each tool result in WORLD/results.json.
"""
import json
import os
import string
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, kind, data):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Model(Handler):
    steps = []
    world = ""

    def do_GET(self):
        self.answer("text/plain", b"word list: alpha beta gamma\n")

    def do_POST(self):
        results = [m["content"] for m in json.loads(self.body())["messages"] if m["role"] == "tool"]
        save(os.path.join(self.world, "results.json"), dict(zip((s["name"] for s in self.steps), results)))
        if len(results) == len(self.steps):
            message = {"role": "assistant", "content": "The helper is written, tested, committed and pushed."}
        else:
            step = self.steps[len(results)]
            function = {"name": step["tool"], "arguments": json.dumps(step["arguments"])}
            message = {"role": "assistant", "content": step["says"],
                       "tool_calls": [{"id": step["name"], "type": "function", "function": function}]}
        self.answer("application/json", json.dumps({"choices": [{"index": 0, "message": message}]}).encode())


class Outside(Handler):
    world = ""

    def do_POST(self):
        with open(os.path.join(self.world, "outside.log"), "ab") as log:
            log.write(self.body())
        self.answer("text/plain", b"thank you\n")

    do_GET = do_POST


def save(path, value):
    with open(path + ".new", "w") as file:
        json.dump(value, file)
    os.rename(path + ".new", path)


def fill(value, places):
    """Replace $NAME in every string of VALUE."""
    if isinstance(value, str):
        return string.Template(value).safe_substitute(places)
    if isinstance(value, dict):
        return {key: fill(item, places) for key, item in value.items()}
    return [fill(item, places) for item in value]


def main(world, scenario):
    Model.world = Outside.world = world
    inside = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    outside = ThreadingHTTPServer(("127.66.6.6", 0), Outside)
    places = {"WORLD": world, "INSIDE": f"http://127.0.0.1:{inside.server_port}",
              "OUTSIDE": f"http://127.66.6.6:{outside.server_port}"}
    with open(scenario) as file:
        Model.steps = fill(json.load(file), places)
    save(os.path.join(world, "places.json"), places)
    threading.Thread(target=outside.serve_forever, daemon=True).start()
    inside.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
