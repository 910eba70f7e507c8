# SPDX-License-Identifier: Apache-2.0
"""What the bench runs its work below: nothing, the guard, and other tools that watch or confine programs."""
import glob
import os
import shutil
import subprocess


class Runner:
    """A way of starting the work program."""

    def __init__(self, name, prefix=(), env=None, is_peer=True, leaves=None):
        self.name = name
        self.prefix = list(prefix)
        self.env = env or {}
        self.is_peer = is_peer
        self.leaves = leaves  # what a run leaves behind, taken away before the next

    def clean(self):
        if self.leaves:
            shutil.rmtree(self.leaves, ignore_errors=True)


def tool(name, program, *arguments):
    """A runner for an installed program, or why there is none."""
    path = shutil.which(program)
    return Runner(name, [path, *arguments]) if path else "not installed"


def snoopy():
    found = glob.glob("/usr/lib/*/libsnoopy.so") + glob.glob("/lib/*/libsnoopy.so")
    return Runner("snoopy", env={"LD_PRELOAD": found[0]}) if found else "not installed"


def peers(scratch):
    trace = os.path.join(scratch, "trace")
    return {
        "strace": tool("strace", "strace", "-f", "-qq", "-o", trace),
        "strace --seccomp-bpf": tool("strace --seccomp-bpf", "strace", "-f", "-qq", "--seccomp-bpf", "-e",
                                     "trace=%file,%network,%process", "-o", trace),
        "proot": tool("proot", "proot"),
        "firejail --trace": tool("firejail --trace", "firejail", "--quiet", "--noprofile", f"--trace={trace}"),
        "snoopy": snoopy(),
        "fakechroot": tool("fakechroot", "fakechroot"),
        "bubblewrap": tool("bubblewrap", "bwrap", "--dev-bind", "/", "/"),
    }


def trouble(runner, noop):
    """Why a runner cannot even start a program here, or None."""
    try:
        run = subprocess.run(runner.prefix + [noop], env={**os.environ, **runner.env}, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"cannot start a program here: {error}"
    if run.returncode != 0:
        return f"cannot start a program here: status {run.returncode}: {run.stderr.strip()[-200:]}"
    return None


def guard(name, more, build, source, scratch):
    """The guard with the bench's policy and what is MORE in it."""
    sessions = os.path.join(scratch, "sessions")
    policy = os.path.join(scratch, f"{name}.conf")
    with open(os.path.join(source, "tests/bench/bench.conf")) as text:
        filled = text.read().replace("@sessions@", sessions).replace("@profiles@", os.path.join(source, "conf/profiles"))
    with open(policy, "w") as out:
        out.write(filled + more)
    return Runner(name, [os.path.join(build, "guardctl"), "run", "--policy", policy, "--"], is_peer=False, leaves=sessions)


def find(build, source, scratch, noop):
    """The runners of this machine, bare and the guarded ones first, and what is absent: [(name, reason)]."""
    runners, absent = [Runner("bare", is_peer=False)], []
    for name, more in (("guarded", ""), ("hooks", 'kernel = { filter = "off"; };\n')):
        runners.append(guard(name, more, build, source, scratch))
        reason = trouble(runners[-1], noop)
        runners[-1].clean()
        if reason:
            raise SystemExit(f"bench: {name}: {reason}")
    for name, peer in peers(scratch).items():
        reason = peer if isinstance(peer, str) else trouble(peer, noop)
        if reason:
            absent.append((name, reason))
        else:
            runners.append(peer)
    return runners, absent
