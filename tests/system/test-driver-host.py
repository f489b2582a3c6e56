#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wmi-driver-host: a driver's life, its crashes and hangs, what it lacks; with a service of the test's own."""
import os
import shutil
import signal
import struct
import subprocess
import uuid

from fakeservice import *
from kit import *

FIRST = "5d0f6b10-27c4-4d5b-8c11-9f3e60217701"
SECOND = "5d0f6b10-27c4-4d5b-8c11-9f3e60217702"
MODES = {name: n for n, name in enumerate(
    "none entry dpc enable hang leak stack spin free fail-entry fail-start divide jump pend-enable pend-reginfo kernel "
    "flood pend-disable stays use-after-free".split())}


class Hosted:
    """wmi-driver-host with mischief.so (or another driver), and the lines it reports."""

    def __init__(self, t, *args, mode="none", driver=None, service=None, parameters=(), wrapper="", fd=None):
        self.t = t
        self.driver = driver or t.compile("mischief.so", "tests/drivers/mischief.c")
        self.service = service or (FakeService(t) if fd is None else None)
        self.report_file = os.path.join(t.dir, "report")
        env = {**t.env, "ASAN_OPTIONS": "handle_segv=1:handle_abort=0:handle_sigill=0:handle_sigfpe=0:detect_leaks=0"}
        reg = parameter("mischief", "Mode", MODES[mode])
        for name, value in parameters:
            reg += parameter("mischief", name, value)
        to = ["--socket", self.service.path] if fd is None else ["--fd", str(fd)]
        self.p = t.start("/bin/sh", "-c", f'{wrapper} exec "$0" --report-fd 9 "$@" 9>{self.report_file}', program("wmi-driver-host"),
                         *to, *reg, *args, self.driver, env=env, pass_fds=[] if fd is None else [fd])

    def accept(self):
        try:
            return self.service.accept()
        except OSError:
            raise Failed(self.p.describe())

    def report(self, word=None):
        with open(self.report_file, encoding="utf-8", errors="replace") as f:
            lines = f.read().splitlines()
        return [line.split(" ", 1)[1] for line in lines if line.split(" ", 1)[0] == word] if word else lines

    def ends(self, status):
        r = self.p.wait()
        if r != status:
            raise Failed(f"exit status {r}, wanted {status}; {self.p.describe()}; report {self.report()}")


def started(t, *args, **kw):
    h = Hosted(t, *args, **kw)
    s = h.accept()
    s.state(REGISTERED)
    return h, s


def contains(lines, *parts):
    return any(all(p in line for p in parts) for line in lines)


def must(t, lines, *parts):
    t.true(contains(lines, *parts), f"no line with {parts} in {lines}")


def says(h, *parts):
    """Standard error has, or will have, such a line: it does not come by the same way as messages do."""
    h.p.wait_until(lambda p: contains(p.err, *parts), f"a line with {parts}")


# --- life -------------------------------------------------------------------------------------------------------------

@test
def life(t):
    h, s = started(t)
    t.equal((s.hello["role"], s.hello["name"], s.hello["device"]), (2, "mischief", "ROOT\\MISCHIEF\\0000"))
    t.equal(s.hello["path"], h.driver)
    reg = s.wait("REGISTER")
    t.equal(guid_list(reg["guids"]), {FIRST: (0x60, 1), SECOND: (0x20, 1)})
    t.equal(reg["registry_path"].lower(), r"\registry\machine\system\currentcontrolset\services\mischief")
    t.equal(s.want(FIRST), {"generation": 1, "late": 0})
    for i in range(10):
        e = s.wait("FIRE", count=i + 1)
        t.equal((e.guid, e.instance, e.sequence, e.host, e.data), (FIRST, "ROOT\\MISCHIEF\\0000_0", i + 1, 7, struct.pack("<I", i)))
    s.want()
    s.send("UNLOAD", reason="enough")
    s.state(UNLOADED)
    h.ends(0)
    t.equal([m["state"] for m in s.of("HOST_STATE")], [LOADING, STARTED, REGISTERED, UNLOADING, UNLOADED])
    t.equal([line for line in h.report() if not line.startswith("stopping")],
            ["state loading", "state started", "state registered", "state unloading", "state unloaded"])
    t.true(h.report("stopping")[0].endswith("enough"), f"{h.report()}")
    order = [line for line in h.p.err if line.startswith("mischief:")]
    t.equal(order, ["mischief: enable 0", "mischief: fired 10 refused 0", "mischief: disable 0", "mischief: unloaded"])


@test
def ends_by_signal(t):
    for number in (signal.SIGTERM, signal.SIGINT):
        h, s = started(t) if number == signal.SIGTERM else started(t, driver=h.driver, service=h.service)
        s.want(FIRST)
        h.p.signal(number)
        s.state(UNLOADED)
        h.ends(0)
        t.true(f"signal {int(number)}" in h.report("stopping")[0], f"{h.report()}")
        must(t, h.p.err, "mischief: unloaded")


@test
def ends_with_its_service(t):
    """Where it cannot connect anew: over a connection that its user made, as `wmi run` does."""
    ours, its = socket.socketpair()
    h = Hosted(t, fd=its.fileno())
    s = Host(ours)
    its.close()
    s.state(REGISTERED)
    s.want(FIRST)
    s.wait("FIRE", count=10)
    s.close()
    h.ends(0)
    must(t, h.report("stopping"), "the service went away")
    must(t, h.p.err, "mischief: disable 0")  # nobody wants it any more
    must(t, h.p.err, "mischief: unloaded")
    t.equal(h.report()[-1], "state unloaded")


@test
def returns_to_its_service(t):
    h, s = started(t)
    for n in range(1, 4):
        s.want(FIRST)
        t.equal(s.wait("FIRE", count=10).sequence, 10 * n)  # they are fired when it is enabled
        s.close()
        says(h, "the service went away")
        s = h.accept()
        t.equal((s.hello["role"], s.hello["name"], s.hello["pid"]), (2, "mischief", h.p.p.pid))
        s.state(REGISTERED)
        t.equal([name for name, _ in s.messages], ["HELLO", "REGISTER", "HOST_STATE"])
        t.equal(guid_list(s.of("REGISTER")[0]["guids"]), {FIRST: (0x60, 1), SECOND: (0x20, 1)})
        h.p.wait_until(lambda p: p.err.count("mischief: disable 0") == n, "it was told that nobody wants its events")
    s.send("UNLOAD", reason="enough")
    s.state(UNLOADED)
    h.ends(0)
    t.equal(sum(line == "mischief: enable 0" for line in h.p.err), 3)


@test
def ends_without_its_service(t):
    """A signal ends it in order whether there is a service or not, or one that does not answer."""
    for silent in False, True:
        h, s = started(t) if not silent else started(t, driver=h.driver, service=FakeService(t))
        s.want(FIRST)
        s.wait("FIRE", count=10)
        if not silent:
            h.service.close()
        s.close()
        says(h, "the service went away")
        says(h, "mischief: disable 0")  # a signal that comes before it would have the driver unloaded without it
        if silent:
            s = h.service.accept(reply=False)
        h.p.signal(signal.SIGTERM)
        h.ends(0)
        must(t, h.p.err, "mischief: unloaded")
        t.equal(h.report()[-1], "state unloaded")


@test
def returns_to_its_own_service_only(t):
    if os.geteuid():
        raise Skipped("only root can play another user")
    stranger = FakeService(t, "stranger", 65533)
    own = FakeService(t, "own")
    link = t.env["FREEWMI_SOCKET"]
    os.symlink("stranger", link)
    own.path = stranger.path = link
    h = Hosted(t, service=stranger)
    s = h.accept()
    s.state(REGISTERED)
    t.true(s.hello, "whoever starts it may name any service")
    os.symlink("own", link + ".new")
    os.rename(link + ".new", link)
    s.close()
    own.accept().state(REGISTERED)
    h.p.end()
    os.symlink("own", link + ".new")
    os.rename(link + ".new", link)
    h = Hosted(t, service=own, driver=h.driver)
    s = h.accept()
    s.state(REGISTERED)
    os.symlink("stranger", link + ".new")
    os.rename(link + ".new", link)
    s.close()
    says(h, "refuses this host", "belongs to user 65533")
    os.symlink("own", link + ".new")
    os.rename(link + ".new", link)
    h.accept().state(REGISTERED)
    h.p.signal(signal.SIGTERM)
    h.ends(0)


@test
def own_name_device_and_log(t):
    log = os.path.join(t.dir, "log")
    h, s = started(t, "--name", "Toast", "--device", "ROOT\\MINE\\0007", "--log", log)
    t.equal((s.hello["name"], s.hello["device"]), ("Toast", "ROOT\\MINE\\0007"))
    s.want(FIRST)
    t.equal(s.wait("FIRE").instance, "ROOT\\MINE\\0007_0")
    s.send("UNLOAD", reason="")
    h.ends(0)
    with open(log) as f:
        must(t, f.read().splitlines(), "mischief: unloaded")
    t.equal(h.p.err, [])


@test
def usage(t):
    so = t.compile("mischief.so", "tests/drivers/mischief.c")
    for args in ([], ["--socket", "/x"], [so], ["--socket", "/x", "--fd", "5", so], ["--fd", "77", so], ["--fd", "x", so], ["--socket", "/x", so, so],
                 ["--socket", "/x", "--deadline", "soon", so], ["--socket", "/x", "--deadline", "-1", so], ["--socket", "/x", "--what", so],
                 ["--socket", "/x", "--reg", "HKLM\\X", so], ["--socket", "/x", "--reg", "HKLM\\X\\Y=12q", so],
                 ["--socket", "/x", "--reg", "HKLM\\X\\Y=4294967296", so], ["--socket", "/x", "--reg", "HKCU\\X\\Y=1", so]):
        p = t.run("wmi-driver-host", *args, status=2)
        t.true(p.err, f"{args}: nothing said")
    t.run("wmi-driver-host", "--help")
    p = t.run("wmi-driver-host", "--socket", os.path.join(t.dir, "nobody"), so, status=1)
    must(t, p.err, "no service at")


# --- files that are no drivers ------------------------------------------------------------------------------------------

@test
def missing_symbols(t):
    so = t.compile("missing.so", "tests/drivers/missing.c", options=["-Wno-implicit-function-declaration"])
    report = os.path.join(t.dir, "report")
    p = t.start("/bin/sh", "-c", f'exec "$0" --report-fd 9 "$@" 9>{report}', program("wmi-driver-host"), "--socket", "/nobody", so)
    t.equal(p.wait(), 1)
    with open(report) as f:
        lines = f.read().splitlines()
    names = [line.split()[1] for line in lines if line.startswith("missing ")]
    t.equal(names, ["IoZebraRoutine", "KeApeRoutine", "OwnForgottenHelper", "WdfVersionBind", "getpid"])
    must(t, lines, "missing getpid", "-mlinux")
    must(t, lines, "missing IoZebraRoutine", "kernel routine")
    must(t, lines, "missing WdfVersionBind", "KMDF")
    must(t, lines, "missing OwnForgottenHelper", "source file")
    t.equal(lines[-1], f"fail {so} needs 5 symbols that nobody has")
    t.true(not contains(p.err, "missing: runs"), "it ran")


@test
def not_drivers(t):
    empty = os.path.join(t.dir, "empty.so")
    open(empty, "w").close()
    text = os.path.join(t.dir, "text.so")
    with open(text, "w") as f:
        f.write("#!/bin/sh\n" * 100)
    so = t.compile("mischief.so", "tests/drivers/mischief.c")
    arm = os.path.join(t.dir, "arm.so")
    data = bytearray(open(so, "rb").read())
    data[18:20] = struct.pack("<H", 183)
    open(arm, "wb").write(data)
    cut = os.path.join(t.dir, "cut.so")
    open(cut, "wb").write(bytes(open(so, "rb").read())[:700])
    wild = os.path.join(t.dir, "wild.so")
    data = bytearray(open(so, "rb").read())
    data[40:48] = struct.pack("<Q", 1 << 60)  # e_shoff
    open(wild, "wb").write(data)
    noentry_c = os.path.join(t.dir, "noentry.c")
    with open(noentry_c, "w") as f:
        f.write("int Something(void) { return 1; }\n")
    noentry = t.compile("noentry.so", noentry_c)
    for path, words in ((empty, "not an ELF file"), (text, "not an ELF file"), (arm, "another machine"), (cut, ""), (wild, ""),
                        (noentry, "no DriverEntry"), ("/bin/true", "no DriverEntry"), (os.path.join(t.dir, "absent.so"), "No such file"),
                        (t.dir, "")):
        p = t.run("wmi-driver-host", "--socket", "/nobody", path, status=1)
        t.true(words in " ".join(p.err) and p.err, f"{path}: {p.err}")


@test
def start_fails(t):
    for mode, step, code in (("fail-entry", "DriverEntry", "0xc00000c0"), ("fail-start", "IRP_MN_START_DEVICE", "0xc0000182")):
        h = Hosted(t, mode=mode) if mode == "fail-entry" else Hosted(t, mode=mode, driver=h.driver, service=h.service)
        s = h.accept()
        text = s.state(FAILED)["text"]
        h.ends(1)
        t.true(step in text and code in text, text)
        must(t, h.report("fail"), step, code)


# --- crashes ---------------------------------------------------------------------------------------------------------------

def crash(t, mode, number, *first, callers=(), want=True):
    h = Hosted(t, mode=mode)
    s = h.accept()
    if want:
        s.state(REGISTERED)
        s.want(FIRST, wait=False)
    h.ends(-number)
    lines = h.report("crash")
    t.true(lines, f"nothing reported: {h.p.describe()}")
    t.true(all(part in lines[0] for part in first), f"{first} in {lines[0]}")
    for name in callers:
        must(t, lines[1:], "  called from", name)
    must(t, h.p.err, lines[0])
    return h, lines


@test
def crash_in_driver_entry(t):
    crash(t, "entry", signal.SIGSEGV, "SIGSEGV", "0x10", "mischief.so!CrashDeep+0x", "entry point DriverEntry", callers=["mischief.so!CrashCaller+0x", "mischief.so!DriverEntry+0x"],
          want=False)


@test
def crash_in_a_dpc(t):
    crash(t, "dpc", signal.SIGSEGV, "mischief.so!CrashDeep+0x", "entry point DPC (mischief.so!Dpc+0x0)", callers=["mischief.so!CrashCaller+0x", "mischief.so!Dpc+0x"])


@test
def crash_in_enable(t):
    crash(t, "enable", signal.SIGSEGV, "mischief.so!CrashDeep+0x", "entry point IRP_MJ_SYSTEM_CONTROL/IRP_MN_ENABLE_EVENTS",
          callers=["mischief.so!CrashCaller+0x", "mischief.so!Control+0x", "mischief.so!SystemControl+0x"])


@test
def crash_by_stack_overflow(t):
    crash(t, "stack", signal.SIGSEGV, "mischief.so!OverflowStack+0x", "entry point DriverEntry", want=False)


@test
def crash_by_division(t):
    if SANITIZED:
        raise Skipped("the sanitizer reports the division itself")
    crash(t, "divide", signal.SIGFPE, "SIGFPE", "mischief.so!DivideBy+0x", callers=["mischief.so!Control+0x"])


@test
def crash_by_a_jump_to_nowhere(t):
    crash(t, "jump", signal.SIGSEGV, "SIGSEGV", "in 0x40", "entry point DriverEntry", callers=["mischief.so!DriverEntry+0x"], want=False)


@test
def crash_inside_a_kernel_routine(t):
    crash(t, "kernel", signal.SIGSEGV, "SIGSEGV", "0x200", "entry point DriverEntry", callers=["RtlCopyUnicodeString", "mischief.so!BadStringToKernel+0x", "mischief.so!DriverEntry+0x"],
          want=False)


@test
def bug_check(t):
    if SANITIZED:
        raise Skipped("the sanitizer reports it first")
    h, lines = crash(t, "free", signal.SIGABRT, "bug check 0xc2 BAD_POOL_CALLER", "mischief.so!FreeTwice+0x", "entry point DriverEntry",
                     callers=["mischief.so!DriverEntry+0x"], want=False)
    t.equal(sum("bug check" in line for line in lines[1:]) <= 1, True, f"{lines}")


# --- hangs -------------------------------------------------------------------------------------------------------------------

def hang(t, mode, *first, callers=(), events=False):
    h = Hosted(t, "--deadline", "1", mode=mode)
    s = h.accept()
    if events:
        s.state(REGISTERED)
        s.want(FIRST, wait=False)
    s.state(FAILED)
    h.ends(4)
    lines = h.report("hang")
    t.true(lines and all(part in lines[0] for part in first), f"{first} in {lines}; {h.p.describe()}")
    for name in callers:
        must(t, lines[1:], "  called from", name)
    must(t, h.p.err, lines[0])


@test
def hang_in_start(t):
    hang(t, "hang", "IRP_MN_START_DEVICE has not returned for 1 s", "in mischief.so!HangDeep+0x", "waiting in", "KeWaitForSingleObject+0x",
         callers=["mischief.so!Start+0x", "mischief.so!Pnp+0x"])


@test
def hang_in_a_loop(t):
    hang(t, "spin", "IRP_MN_ENABLE_EVENTS has not returned", "in mischief.so!SpinForEver+0x", callers=["mischief.so!Control+0x"], events=True)


@test
def no_deadline(t):
    h, s = started(t, "--deadline", "0")
    s.send("UNLOAD", reason="x")
    h.ends(0)


# --- IRPs that are kept -----------------------------------------------------------------------------------------------------

@test
def kept_enable(t):
    h, s = started(t, "--irp-timeout", "0.3", "--deadline", "6", mode="pend-enable")
    t.equal(s.want(FIRST)["late"], 1)
    t.equal(s.want(FIRST, SECOND)["late"], 1)  # the other one was answered
    says(h, "mischief: enable 1")
    s.send("UNLOAD", reason="x")  # DEREGISTER waits, and says for what, until the deadline ends it
    h.p.wait_until(lambda p: contains(p.err, "WMIREG_ACTION_DEREGISTER waits for IRP_MN_ENABLE_EVENTS", FIRST), "the report of DEREGISTER")
    h.ends(4)
    must(t, h.report("hang"), "IRP_MN_REMOVE_DEVICE", "mischief.so!Pnp+0x", "IoWMIRegistrationControl")


@test
def kept_disable_and_reginfo(t):
    h, s = started(t, "--irp-timeout", "0.3", "--deadline", "5", mode="pend-disable")
    s.want(FIRST)
    s.wait("FIRE", count=10)
    t.equal(s.want()["late"], 1)
    t.equal(s.want(SECOND)["late"], 1)
    says(h, "mischief: enable 1")
    h.p.signal(signal.SIGKILL)
    h.p.wait()
    h = Hosted(t, "--deadline", "5", mode="pend-reginfo", driver=h.driver, service=h.service)
    s = h.accept()
    s.state(STARTED)
    says(h, "mischief: keeps reginfo")  # REGISTER does not wait for it
    t.equal(s.want(FIRST)["late"], 0)  # nothing is registered that could be enabled
    s.send("UNLOAD", reason="x")
    h.p.wait_until(lambda p: contains(p.err, "WMIREG_ACTION_DEREGISTER waits for IRP_MN_REGINFO_EX"), "the report of DEREGISTER")
    t.equal([m["state"] for m in s.of("HOST_STATE")].count(REGISTERED), 0)
    h.ends(4)


# --- the end ------------------------------------------------------------------------------------------------------------------

@test
def leaks_are_told(t):
    h, s = started(t, mode="leak")
    s.send("UNLOAD", reason="x")
    h.ends(0)
    must(t, h.report("warn"), "Leak", "100")
    must(t, h.report("warn"), "Lost", "50")
    h, s = started(t, mode="stays", driver=h.driver, service=h.service)
    s.send("UNLOAD", reason="x")
    h.ends(0)
    must(t, h.report("warn"), "still registered at the end")


@test
def events_before_the_end_arrive(t):
    h, s = started(t, parameters=[("Count", 3000)])
    s.want(FIRST, wait=False)
    s.wait("FIRE")
    h.p.wait_until(lambda p: contains(p.err, "mischief: fired 3000"), "all are fired")
    s.stopped.clear()
    s.send("UNLOAD", reason="x")
    s.stopped.set()
    s.state(UNLOADED)
    t.equal(len(s.of("FIRE")), 3000)
    h.ends(0)


# --- many events ----------------------------------------------------------------------------------------------------------------

@test
def a_service_that_does_not_read(t):
    h, s = started(t, mode="flood", parameters=[("Count", 200_000)])
    s.stopped.clear()
    s.send("WANTED", generation=1, guids=uuid.UUID(FIRST).bytes_le)
    h.p.wait_until(lambda p: contains(p.err, "mischief: fired"), "the fires return although nobody reads")
    fired, refused = [(int(line.split()[2]), int(line.split()[4])) for line in h.p.err if line.startswith("mischief: fired")][0]
    t.equal(fired + refused, 200_000)
    t.true(refused > 0, "the queue took everything")
    s.stopped.set()
    s.wait("FIRE", count=fired)
    lost = 0
    while lost < refused:
        lost = sum(m["count"] for m in s.of("HOST_LOST"))
        s.wait("HOST_LOST")
    t.equal((lost, len(s.of("FIRE"))), (refused, fired))
    t.equal([e.sequence for e in s.of("FIRE")], list(range(1, fired + 1)))
    s.send("UNLOAD", reason="x")
    h.ends(0)


@test
def no_standard_descriptors(t):
    h, s = started(t, wrapper="exec <&- >&- 2>&-;")
    t.equal([os.readlink(f"/proc/{h.p.p.pid}/fd/{n}") for n in range(3)], ["/dev/null"] * 3)
    s.send("UNLOAD", reason="x")
    h.ends(0)


@test
def absurd_symbols(t):
    source, service = os.path.join(t.dir, "absurd.c"), None
    for n, kind in (1025, "extern"), (1_000_000, "static"):
        name = "x" * n
        with open(source, "w", encoding="utf-8") as f:
            f.write(f"#include <wdm.h>\n{kind} int {name}(void){';' if kind == 'extern' else '{ return 1; }'}\n"
                    f"NTSTATUS DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING p) {{ return {name}() ? STATUS_UNSUCCESSFUL : 0; }}\n")
        h = Hosted(t, "--no-wmi", driver=t.compile("absurd.so", source), service=service)
        service = h.service
        if kind == "static":
            h.accept()
        h.ends(1)
        must(t, h.report("fail"), "beyond all measure" if kind == "extern" else "DriverEntry failed")


# --- sanitizers ----------------------------------------------------------------------------------------------------------------

@test
def sanitized_driver(t):
    if SANITIZED:
        raise Skipped("the host is sanitized itself")
    compilers = [("gcc", [])] + ([("clang", [])] if shutil.which("clang") and _clang_runtime() else [])
    service = None
    for compiler, _ in compilers:
        env = {**t.env, "WMI_CC": compiler}
        so = os.path.join(t.dir, f"{compiler}.so")
        t.run("wmi-cc", "-shared", "-fsanitize=address", "-o", so, os.path.join(SOURCE, "tests/drivers/mischief.c"), env=env)
        h = Hosted(t, "--name", "mischief", mode="use-after-free", driver=so, service=service)
        service = h.service
        s = h.accept()
        s.state(REGISTERED)
        s.want(FIRST, wait=False)
        h.p.wait_until(lambda p: contains(p.err, "AddressSanitizer: heap-use-after-free"), f"{compiler}: the sanitizer's report")
        h.p.wait()
        must(t, h.p.err, "in UseAfterFree")
        so = os.path.join(t.dir, f"environment-{compiler}.so")
        t.run("wmi-cc", "-mlinux", "-shared", "-fsanitize=address", "-o", so, os.path.join(SOURCE, "tests/drivers/environment.c"), env=env)
        h = Hosted(t, "--no-wmi", driver=so, service=service)
        s = h.accept()
        s.state(STARTED)
        says(h, "environment: preload none, again none")
        s.send("UNLOAD", reason="x")
        h.ends(0)
        t.note(f"{compiler}: runs")


def _clang_runtime():
    p = subprocess.run(["clang", "-print-file-name=libclang_rt.asan-x86_64.so"], capture_output=True, text=True)
    return os.path.exists(p.stdout.strip())


main()
