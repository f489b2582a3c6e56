# SPDX-License-Identifier: MIT
"""What system tests share: TAP, the programs of the prefix, processes that end with the test, waiting for conditions.

    from kit import *
    @test
    def adds(t):
        t.equal(1 + 1, 2)
    main()

FREEWMI_PREFIX is the prefix whose programs are tested, FREEWMI_SOURCE the source tree; both have defaults. Every test
gets a directory of its own (t.dir) and ends the processes that it started.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("FREEWMI_SOURCE", os.path.dirname(os.path.dirname(HERE)))
PREFIX = os.path.abspath(os.environ.get("FREEWMI_PREFIX", os.path.join(SOURCE, "build")))
SANITIZED = os.path.basename(PREFIX) == "build-sanitize"
PATIENCE = 120 if SANITIZED else 60  # seconds until a condition that does not come is a failure
_tests = []

# What is tested begins as in a terminal, also when the tests were started by nohup: an ignored signal is inherited.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def program(name):
    for sub in ("bin", "libexec/freewmi"):
        path = os.path.join(PREFIX, sub, name)
        if os.path.exists(path):
            return path
    raise Failed(f"{name} is not in {PREFIX}: run ./dev build")


class Process:
    """A started program whose output is read as it comes, line by line."""

    def __init__(self, t, args, env=None, stdin=subprocess.DEVNULL, cwd=None, stdout=subprocess.PIPE, **popen):
        self.t, self.args = t, args
        self.out, self.err = [], []
        self._moved = threading.Condition()
        self.p = subprocess.Popen(args, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=env, cwd=cwd or t.dir, **popen)
        self._readers = [threading.Thread(target=self._read, args=a, daemon=True)
                         for a in ((self.p.stdout, self.out), (self.p.stderr, self.err)) if a[0]]
        for r in self._readers:
            r.start()

    def _read(self, stream, lines):
        for line in stream:
            with self._moved:
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._moved.notify_all()
        with self._moved:
            self._moved.notify_all()

    def wait_until(self, condition, what, patience=None):
        """Waits until condition(self) holds; looks whenever a line came."""
        end = time.monotonic() + (patience or PATIENCE)
        with self._moved:
            while not condition(self):
                left = end - time.monotonic()
                if left <= 0 or (self.p.poll() is not None and not any(r.is_alive() for r in self._readers)):
                    if condition(self):
                        return
                    raise Failed(f"{what}: did not happen; {self.describe()}")
                self._moved.wait(min(left, 0.2))

    def wait(self, patience=None):
        """Its exit status; all output has been read."""
        try:
            self.p.wait(patience or PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"does not end; {self.describe()}")
        for r in self._readers:
            r.join(PATIENCE)
        return self.p.returncode

    def signal(self, number):
        if self.p.poll() is None:
            self.p.send_signal(number)

    def end(self):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGCONT)
            self.p.terminate()
            try:
                self.p.wait(15)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()

    def json(self):
        return [json.loads(line) for line in list(self.out)]

    def describe(self):
        return f"{' '.join(self.args)}: status {self.p.poll()}, stdout {self.out[-5:]}, stderr {self.err[-15:]}"


class Test:
    def __init__(self, name):
        self.name = name
        self.dir = tempfile.mkdtemp(prefix="freewmi-test-")
        self.processes = []
        self.env = {**os.environ, "FREEWMI_SOCKET": os.path.join(self.dir, "socket"), "XDG_RUNTIME_DIR": self.dir,
                    "XDG_STATE_HOME": self.dir, "FREEWMI_REPOSITORY": os.path.join(self.dir, "repository.db")}
        if SANITIZED:  # a crash is the host's to report, as where nothing is set; unit tests want the sanitizer to
            self.env["ASAN_OPTIONS"] = "handle_segv=1:detect_stack_use_after_return=0"
        self.notes = []

    def note(self, text):
        self.notes.append(text)

    def equal(self, got, wanted, what=""):
        if got != wanted:
            raise Failed(f"{what or 'value'}: got {got!r}, wanted {wanted!r}")

    def true(self, condition, what):
        if not condition:
            raise Failed(what)

    def start(self, name, *args, **kw):
        path = name if os.path.sep in name else program(name)
        p = Process(self, [path, *map(str, args)], env=kw.pop("env", self.env), **kw)
        self.processes.append(p)
        return p

    def run(self, name, *args, status=0, patience=None, **kw):
        """Runs a program to its end; checks its exit status (None: any)."""
        p = self.start(name, *args, **kw)
        r = p.wait(patience)
        if status is not None and r != status:
            raise Failed(f"exit status {r}, wanted {status}; {p.describe()}")
        return p

    def compile(self, out, *sources, options=()):
        """A driver or program by wmi-cc, from files of the source tree."""
        path = os.path.join(self.dir, out)
        shared = ["-shared"] if out.endswith(".so") else []
        if SANITIZED and shared:
            shared += ["-fsanitize=address,undefined"]
        self.run("wmi-cc", *options, *shared, "-o", path, *[os.path.join(SOURCE, s) for s in sources])
        return path

    def toaster(self):
        return self.compile("toaster.so", "examples/toaster/toaster.c", "examples/toaster/wmi.c")

    def service(self, *args):
        """wmid on the socket of this test; returns when it listens."""
        p = self.start("wmid", "--socket", self.env["FREEWMI_SOCKET"], "--repository", os.path.join(self.dir, "repository.db"), *args)
        p.wait_until(lambda p: any(line.endswith("ready") for line in p.err + p.out), "wmid is ready")
        return p

    def load(self, driver, mof, *args):
        self.run("wmi", "driver", "load", driver, "--mof", os.path.join(SOURCE, mof), "--log", os.path.join(self.dir, "driver.log"), *args)

    def hosts(self):
        """The driver hosts of this test's service, whether it is there or not: {process id: command line}."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    line = f.read().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if line[0].endswith("/wmi-driver-host") and self.env["FREEWMI_SOCKET"] in line:
                found[int(pid)] = line
        return found

    def close(self, failed):
        for pid in self.hosts():  # they outlive their service
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for p in reversed(self.processes):
            p.end()
        if not failed:
            shutil.rmtree(self.dir, ignore_errors=True)


def parameter(driver, name, value):
    """The option that sets a DWORD below the Parameters of a driver's service key."""
    return ["--reg", rf"HKLM\SYSTEM\CurrentControlSet\Services\{driver}\Parameters\{name}={value}"]


def test(f):
    _tests.append(f)
    return f


def main(make=Test):
    chosen = [f for f in _tests if len(sys.argv) < 2 or f.__name__ in sys.argv[1:]]
    print(f"1..{len(chosen)}", flush=True)
    bad = 0
    for i, f in enumerate(chosen, 1):
        t = make(f.__name__)
        failed = True
        try:
            f(t)
            failed = False
            print(f"ok {i} - {f.__name__}")
        except Skipped as e:
            failed = False
            print(f"ok {i} - {f.__name__} # SKIP {e}")
        except Exception as e:
            print(f"not ok {i} - {f.__name__}")
            text = str(e) if isinstance(e, Failed) else traceback.format_exc()
            for line in text.splitlines():
                print(f"# {line}")
            print(f"# files are kept in {t.dir}")
        finally:
            for line in t.notes:
                print(f"# {line}")
            t.close(failed)
            bad += failed
            sys.stdout.flush()
    sys.exit(1 if bad else 0)
