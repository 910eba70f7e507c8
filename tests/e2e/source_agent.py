# SPDX-License-Identifier: Apache-2.0
"""Refused deletions from all kinds of Python code; prints where each was asked for, as Python itself says.

  source_agent.py cases DIR    one line a case: the file it tried to delete, line, function
  source_agent.py storm DIR    many threads, switched all the time; each file belongs to one function
"""
import asyncio
import errno
import os
import runpy
import shutil
import subprocess
import sys
import threading

mode, place = sys.argv[1:3]


def refused(name, call, *arguments):
    """The call is refused; the last of its frames that lies in this test's own files is where it came from."""
    try:
        call(*arguments)
    except PermissionError as error:
        assert error.errno == errno.EACCES, error
        frame = error.__traceback__
        last = None
        while frame:
            code = frame.tb_frame.f_code
            if code.co_filename == __file__ or os.path.dirname(code.co_filename) == place or code.co_filename == "<made>":
                last = (os.path.basename(code.co_filename), frame.tb_lineno, code.co_name)
            frame = frame.tb_next
        print(name, *last)
    else:
        sys.exit("%s was not refused" % name)


def here(name, depth=1):
    frame = sys._getframe(depth)
    print(name, os.path.basename(frame.f_code.co_filename), frame.f_lineno, frame.f_code.co_name)


def path(name):
    return os.path.join(place, "kept", name)


def direct():
    os.unlink(path("direct"))


def nested():
    def inner():
        # A line table has to step over all of this,

        # forwards,
        return [
            os.unlink(
                path("nested")
            )
        ]

    inner()


class Tool:
    """A class whose methods come in all kinds."""

    def method(self):
        os.unlink(path("method"))

    @classmethod
    def of_class(cls):
        os.unlink(path("of_class"))

    @property
    def value(self):
        os.unlink(path("property"))

    def __del__(self):
        refused("destructor", self.gone)

    def gone(self):
        os.unlink(path("destructor"))


def generator():
    yield 1
    os.unlink(path("generator"))
    yield 2


async def coroutine():
    await asyncio.sleep(0)
    os.unlink(path("coroutine"))


def library():
    shutil.rmtree(path("library"))


def deep(levels):
    if levels:
        deep(levels - 1)
    else:
        os.unlink(path("deep"))


def raising():
    try:
        raise ValueError
    except ValueError:
        os.unlink(path("raising"))


def fönction():
    os.unlink(path("fonction"))


def long_function():
    value = 0
    # More code than one step of a table reaches.
    value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1
    value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1
    value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1; value += 1
    if value == 30:
        for _ in range(2):
            pass
    else:




























































































































        return
    os.unlink(path("long_function"))


def traced():
    os.unlink(path("traced"))


MADE = """

def made():
    import os
    os.unlink(NAME)
made()
"""


def cases():
    refused("direct", direct)
    refused("nested", nested)
    refused("method", Tool.method, None)
    refused("of_class", Tool.of_class)
    refused("property", Tool.value.fget, None)
    refused("lambda", lambda: os.unlink(path("lambda")))
    refused("comprehension", lambda: [os.unlink(path(name)) for name in ["comprehension"]])
    refused("generator", list, generator())
    refused("coroutine", lambda: asyncio.new_event_loop().run_until_complete(coroutine()))
    refused("library", library)
    refused("deep", deep, 200)
    refused("raising", raising)
    refused("fonction", fönction)
    refused("long_function", long_function)
    refused("made", exec, compile(MADE, "<made>", "exec"), {"NAME": path("made")})
    sys.settrace(lambda frame, event, argument: None)
    refused("traced", traced)
    sys.settrace(None)
    for name in "ä.py", "日本.py", "\U0001f600.py", "with blank:7.py":
        with open(os.path.join(place, name), "w", encoding="utf-8") as file:
            file.write("import os\n\n\ndef go(name):\n    os.unlink(name)\n\n\ngo(NAME)\n")
        refused("file_" + name[0], runpy.run_path, os.path.join(place, name), {"NAME": path("file_" + name[0])})
    thread = threading.Thread(target=refused, args=("thread", lambda: os.unlink(path("thread"))))
    thread.start()
    thread.join()
    tool = Tool()
    del tool
    pid = os.fork()
    if pid == 0:
        refused("forked", lambda: os.unlink(path("forked")))
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pid, 0)

    # Programs without a source line: the line that started them counts.
    rm = shutil.which("rm")
    here("subprocess"); subprocess.call([rm, path("subprocess")], stderr=subprocess.DEVNULL)
    here("shell"); subprocess.call("(rm %s; true) | cat" % path("shell"), shell=True, stderr=subprocess.DEVNULL)
    here("subshell"); subprocess.call("(: >%s); true" % path("subshell"), shell=True, stderr=subprocess.DEVNULL)
    here("system"); os.system("rm %s 2>/dev/null; true" % path("system"))
    here("popen"); os.popen("rm %s 2>/dev/null; true" % path("popen")).close()
    here("spawned"); os.waitpid(os.posix_spawn(rm, ["rm", "-f", path("spawned")], os.environ), 0)
    here("session"); subprocess.call([rm, path("session")], stderr=subprocess.DEVNULL, start_new_session=True)
    if os.fork() == 0:
        here("executed"); sys.stdout.flush(); os.execv(rm, ["rm", "-f", path("executed")])
    os.wait()


def storm():
    sys.setswitchinterval(1e-5)
    failures = []
    descriptors = os.listdir("/proc/self/fd")

    def work(number):
        scope = {"os": os}
        for turn in range(40):
            source = "\n" * (turn % 7) + "def storm_%d(name):\n    return os.unlink(name)\n" % number
            exec(compile(source, "<storm>", "exec"), scope)
            generator = (scope["storm_%d" % number](path("storm_%d" % number)) for _ in range(1))
            try:
                next(generator)
                failures.append("not refused")
            except PermissionError as error:
                if error.errno != errno.EACCES:
                    failures.append(error)
            if turn % 8 == 0:
                pid = os.fork()
                if pid == 0:
                    try:
                        scope["storm_%d" % number](path("storm_%d" % number))
                    except PermissionError:
                        os._exit(0)
                    os._exit(1)
                if os.waitpid(pid, 0)[1] != 0:
                    failures.append("a child died")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if os.listdir("/proc/self/fd") != descriptors:
        failures.append("descriptors were left open")
    if failures:
        sys.exit("%s" % failures)


__file__ = sys.argv[0]
cases() if mode == "cases" else storm()
