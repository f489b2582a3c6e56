# SPDX-License-Identifier: MIT
"""Tests of the command line: kit.py with command lines as lists, exit codes, and lines one by one."""
import json
import os
import time

import kit
from kit import Failed, Skipped, test  # pylint: disable=unused-import


def check(condition, *what):
    if not condition:
        raise Failed(" ".join(str(w) for w in what) or "it is not so")


def equal(got, expected):
    if got != expected:
        raise Failed(f"got      {got!r}\nexpected {expected!r}")


def until(condition, what):
    """Waits until condition() is true and returns its value."""
    end = time.monotonic() + kit.PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failed(f"{what}: did not happen")
        time.sleep(0.01)
    return value


def gone(pid):
    """Has that process ended? It may be a zombie that nobody waits for."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Program(kit.Process):
    def __init__(self, t, args, **more):
        self.taken = 0  # lines of stdout that were asked for
        super().__init__(t, args, **more)

    def line(self):
        """The next line of standard output."""
        self.wait_until(lambda p: len(p.out) > self.taken, f"line {self.taken + 1} of standard output")
        self.taken += 1
        return self.out[self.taken - 1]

    def event(self):
        return json.loads(self.line())

    def says(self, text):
        """Waits until a line on standard error contains the text, and returns it."""
        self.wait_until(lambda p: any(text in line for line in p.err), f"{text!r} on standard error")
        return next(line for line in self.err if text in line)

    def ends(self, code=0):
        """It ends with this exit code; (lines of stdout, text of stderr)."""
        got = self.wait()
        if got != code:
            raise Failed(f"exit code {got}, expected {code}; {self.describe()}")
        return self.out, "\n".join(self.err)


class CliTest(kit.Test):
    """start and run take a command line as a list; programs are those of self.bin."""

    def __init__(self, name):
        super().__init__(name)
        self.bin = os.path.join(kit.PREFIX, "bin")
        self.finally_do = []
        self.env.update(HOME=self.dir, LC_ALL="C.UTF-8", TERM="dumb", FREEWMI_SOURCE=kit.SOURCE)
        self.env.pop("NO_COLOR", None)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def start(self, argv, env=None, **more):  # pylint: disable=arguments-differ
        argv = [os.path.join(self.bin, argv[0]) if os.path.sep not in argv[0] else argv[0], *argv[1:]]
        p = Program(self, argv, env={**self.env, **(env or {})}, **more)
        self.processes.append(p)
        return p

    def run(self, argv, code=0, **more):  # pylint: disable=arguments-differ
        return self.start(argv, **more).ends(code)

    def json(self, argv, **more):
        return [json.loads(line) for line in self.run([*argv, "--json"], **more)[0]]

    def wmid(self, *options):
        """A service on the test's socket, listening."""
        p = self.start(["wmid", "--socket", self.path("socket"), "--repository", self.path("repository.db"), *options])
        p.wait_until(lambda p: "ready" in p.err, "wmid is ready")
        return p

    def close(self, failed):
        for f in reversed(self.finally_do):
            f()
        super().close(failed)


def main():
    kit.main(CliTest)
