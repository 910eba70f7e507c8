# SPDX-License-Identifier: Apache-2.0
"""A small coding agent: asks a chat-completions model what to do next, does it, reports back, until the model is done.

    MODEL_URL=http://127.0.0.1:8000/v1 python3 agent.py "what to do"

It knows nothing of any guard. A tool that fails tells the model so in words, and the model decides how to go on.
Exit status: 0 the model says the task is done, 1 too many steps, 2 no model.
"""
import json
import os
import subprocess
import sys
import urllib.request

STEPS_MAX = 50
SHOWN_MAX = 3  # lines of a tool's result that are printed
RESULT_MAX = 8000  # characters of a tool's result that go back to the model


def run_command(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr + (f"[exit {done.returncode}]" if done.returncode else "")


def read_file(path):
    with open(os.path.expanduser(path)) as file:
        return file.read()


def write_file(path, text):
    with open(os.path.expanduser(path), "w") as file:
        file.write(text)
    return f"{len(text)} characters written to {path}"


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


TOOLS = {
    "run_command": (run_command, "Run a shell command.", ["command"]),
    "read_file": (read_file, "Read a text file.", ["path"]),
    "write_file": (write_file, "Write a text file.", ["path", "text"]),
    "fetch": (fetch, "Get a web page.", ["url"]),
}


def describe(name):
    _, sentence, parameters = TOOLS[name]
    schema = {"type": "object", "properties": {p: {"type": "string"} for p in parameters}, "required": parameters}
    return {"type": "function", "function": {"name": name, "description": sentence, "parameters": schema}}


def ask_model(messages):
    request = urllib.request.Request(
        os.environ["MODEL_URL"] + "/chat/completions",
        json.dumps({"model": "demo", "messages": messages, "tools": [describe(name) for name in TOOLS]}).encode(),
        {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["choices"][0]["message"]


def use_tool(call):
    name = call["function"]["name"]
    try:
        result = TOOLS[name][0](**json.loads(call["function"]["arguments"]))
    except Exception as error:  # the model is told, whatever it was
        result = f"{type(error).__name__}: {error}"
    return result[:RESULT_MAX]


def main(task):
    messages = [{"role": "system", "content": "You are a coding agent."}, {"role": "user", "content": task}]
    for _ in range(STEPS_MAX):
        try:
            message = ask_model(messages)
        except OSError as error:
            print(f"agent: no answer from the model: {error}", file=sys.stderr)
            return 2
        messages.append(message)
        if message.get("content"):
            print(f"* {message['content']}", flush=True)
        if not message.get("tool_calls"):
            return 0
        for call in message["tool_calls"]:
            result = use_tool(call)
            for line in [line for line in result.splitlines() if line.strip()][-SHOWN_MAX:]:
                print("    " + line[:160], flush=True)
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    print("agent: not done after", STEPS_MAX, "steps", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
