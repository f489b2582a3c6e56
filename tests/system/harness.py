# SPDX-License-Identifier: MIT
"""What the system tests share: TAP, programs that are started and always ended, waiting for conditions.

    def prints_help(t): t.run(["wmi", "--help"], 0)
    harness.main(prints_help, ...)

A test fails by an exception; harness.Skip skips it. Nothing sleeps for luck: Program waits for lines, until() for
conditions, both with one generous limit.
"""
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

LIMIT = float(os.environ.get("FREEWMI_TEST_LIMIT", "60"))  # seconds that anything may take
SOURCE = os.environ.get("FREEWMI_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PREFIX = os.environ.get("FREEWMI_PREFIX") or os.path.join(SOURCE, "build")
BIN = os.path.join(PREFIX, "bin")
HERE = os.path.join(SOURCE, "tests", "system")
DRIVERS = os.path.join(PREFIX, "lib", "freewmi", "drivers")
MOFS = os.path.join(PREFIX, "share", "freewmi", "mof")


class Skip(Exception):
    pass


def until(condition, what, limit=None):
    """Waits until condition() is true and returns its value."""
    end = time.monotonic() + (limit or LIMIT)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not in {limit or LIMIT:.0f} s: {what}")
        time.sleep(0.01)


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(w) for w in what))


def equal(got, expected):
    if got != expected:
        raise AssertionError(f"got      {got!r}\nexpected {expected!r}")


class Stream:
    """Lines of a pipe, read by a thread so that the program never waits for us."""

    def __init__(self, pipe):
        self.lines, self.seen, self.closed = queue.Queue(), [], False
        self.thread = threading.Thread(target=self.pump, args=(pipe,), daemon=True)
        self.thread.start()

    def pump(self, pipe):
        for line in iter(pipe.readline, b""):
            self.lines.put(line.decode("utf-8", "replace").rstrip("\n"))
        self.lines.put(None)

    def next(self, limit=None):
        """The next line; None at the end."""
        if self.closed:
            return None
        try:
            line = self.lines.get(timeout=limit or LIMIT)
        except queue.Empty:
            raise AssertionError(f"no line in {limit or LIMIT:.0f} s; so far: {self.seen[-20:]}") from None
        if line is None:
            self.closed = True
        else:
            self.seen.append(line)
        return line

    def find(self, text):
        """Reads until a line that contains text, and returns it."""
        while True:
            line = self.next()
            if line is None:
                raise AssertionError(f"ended without {text!r}: {self.seen[-40:]}")
            if text in line:
                return line

    def rest(self):
        while self.next() is not None:
            pass
        return self.seen


class Program:
    def __init__(self, test, argv, env=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more):
        argv = [os.path.join(test.bin, argv[0]) if "/" not in argv[0] else argv[0], *argv[1:]]
        self.test, self.argv = test, argv
        # Nothing but the process itself holds its pipes here.
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                                        env={**test.env, **(env or {})}, **more)
        self.out = Stream(self.process.stdout) if stdout == subprocess.PIPE else None
        self.err = Stream(self.process.stderr) if stderr == subprocess.PIPE else None
        test.programs.append(self)

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        try:
            return self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.argv[:3]} did not end; stderr: {self.err.seen if self.err else '?'}") from None

    def ends(self, code):
        """It ends with this exit code; returns (stdout lines, stderr text)."""
        got = self.wait()
        out = self.out.rest() if self.out else []
        err = "\n".join(self.err.rest()) if self.err else ""
        if got != code:
            raise AssertionError(f"{self.argv} ended with {got}, not {code}\nstdout: {out[-5:]}\nstderr: {err}")
        return out, err

    def event(self):
        """The next JSON line."""
        line = self.out.next()
        if line is None:
            raise AssertionError(f"no more lines; stderr: {self.err.rest()}")
        return json.loads(line)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close() if not self.process.poll() is None else None


class Test:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="fw")
        self.bin = BIN
        self.programs = []
        self.finally_do = []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("FREEWMI_", "XDG_"))}
        self.env.update(FREEWMI_SOCKET=self.path("socket"), HOME=self.dir, LC_ALL="C.UTF-8", TERM="dumb")

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        with open(self.path(name), "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return self.path(name)

    def start(self, argv, **more):
        return Program(self, argv, **more)

    def run(self, argv, code=0, **more):
        return self.start(argv, **more).ends(code)

    def json(self, argv, **more):
        out, _ = self.run([*argv, "--json"], **more)
        return [json.loads(line) for line in out]

    def wmid(self, *options):
        """A service on the test's socket, listening."""
        p = self.start(["wmid", "--socket", self.path("socket"), "--repository", self.path("repository.db"), *options])
        while (line := p.err.next()) != "ready":
            if line is None:
                raise AssertionError(f"wmid did not start: {p.err.seen}")
        return p

    def end(self):
        for f in reversed(self.finally_do):
            f()
        for p in reversed(self.programs):
            p.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def main(*tests):
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    only = sys.argv[1:]
    for number, test in enumerate(tests, 1):
        name = f"{number} - {test.__name__}"
        if only and test.__name__ not in only:
            print(f"ok {name} # SKIP not asked for", flush=True)
            continue
        t = Test()
        try:
            test(t)
            result = f"ok {name}"
        except Skip as why:
            result = f"ok {name} # SKIP {why}"
        except Exception:  # pylint: disable=broad-except
            failed += 1
            result = f"not ok {name}"
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            for p in t.programs:
                if p.err:
                    print(f"# {p.argv[:4]}: {p.err.seen[-12:]}")
        try:
            t.end()
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
        print(result, flush=True)
    return 1 if failed else 0
