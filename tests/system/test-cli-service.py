#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wmid and the verbs that talk to it: watch, ls, show, driver."""
import json
import os
import pty
import select
import shutil
import signal
import socket
import struct

import cli
import fake
import kit
import wire
from cli import check, equal, test, until


def imported(t):
    """A service that knows FakeEvent."""
    t.write("fake.mof", fake.MOF)
    return t.wmid("--mof", t.path("fake.mof"))


def host(t, name="fake"):
    """A driver host of ours, registered."""
    h = wire.Host.to(t.path("socket"))
    t.finally_do.append(h.socket.close)
    t.fakes = [*getattr(t, "fakes", []), h]
    equal(h.hello(name), 0)
    h.state(wire.STARTED)
    h.register(fake.GUID)
    h.state(wire.REGISTERED)
    return h


def watch(t, *options, query="SELECT * FROM FakeEvent", answered=True):
    """A watcher whose subscription is active. The hosts of the test answer meanwhile, unless they must not."""
    r, w = os.pipe()
    p = t.start(["wmi", "watch", query, "--json", "--status-fd", str(w), *options], pass_fds=[w])
    os.close(w)
    hosts = {h.socket: h for h in getattr(t, "fakes", []) if answered and h.socket.fileno() >= 0}
    with os.fdopen(r) as pipe:
        while True:
            ready, _, _ = select.select([pipe, *hosts], [], [], kit.PATIENCE)
            if not ready or pipe in ready:
                equal(pipe.readline(), "active\n")
                return p
            for s in ready:
                while hosts[s].obey() and hosts[s].whole():
                    pass


def wanted(h):
    while not h.wants(fake.GUID):
        check(h.obey(), "the service is gone")


def fire(h, *numbers):
    for n in numbers:
        h.fire(fake.GUID, struct.pack("<I", n))


def numbers(lines):
    return [json.loads(line)["properties"]["Number"] for line in lines]


# --- wmid ----------------------------------------------------------------------------------------------

@test
def wmid_says_ready_and_ends(t):
    for number in (signal.SIGTERM, signal.SIGINT):
        p = t.wmid()
        equal(os.stat(t.path("socket")).st_mode & 0o777, 0o600)
        equal(p.line(), "ready")  # for whoever reads there
        p.signal(number)
        p.ends(0)
        check(not os.path.exists(t.path("socket")), "the socket is still there")


@test
def wmid_default_places(t):
    env = {"XDG_RUNTIME_DIR": t.path("run"), "XDG_STATE_HOME": t.path("state"), "FREEWMI_SOCKET": ""}
    os.mkdir(t.path("run"), 0o700)
    p = t.start(["wmid", "--repository", t.path("a", "b", "repository.db")], env=env)
    p.says("ready")
    equal(os.stat(t.path("run", "freewmi")).st_mode & 0o777, 0o700)
    equal(os.stat(t.path("a", "b")).st_mode & 0o777, 0o700)
    t.run(["wmi", "ls"], env=env)
    p.signal(signal.SIGTERM)
    p.ends(0)


@test
def second_wmid_is_refused(t):
    t.wmid()
    _, err = t.run(["wmid", "--repository", t.path("r")], 1)
    check(t.path("socket") in err and "already" in err, err)
    t.run(["wmi", "ls"])


@test
def stale_socket_is_replaced(t):
    p = t.wmid()
    p.p.kill()
    p.wait()
    check(os.path.exists(t.path("socket")))
    t.wmid()
    t.run(["wmi", "ls"])


@test
def nobody_reads_the_log(t):
    """A full pipe on standard error stops nothing, and what is missing is told when somebody reads again."""
    r, w = os.pipe()
    t.finally_do.append(lambda: os.close(r))
    p = t.start(["/bin/bash", "-c", f'exec "$0" --socket "$1" --repository "$2" 2>&{w}', kit.program("wmid"), t.path("socket"),
                 t.path("r")], pass_fds=[w])
    os.close(w)
    equal(p.line(), "ready")
    for _ in range(4000):  # each a line of the log
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(kit.PATIENCE)
        s.connect(t.path("socket"))
        s.sendall(struct.pack("<IHHI", 8, 999, 0, 1))
        equal(s.recv(1), b"")
        s.close()
    t.run(["wmi", "ls"])
    read = os.read(r, 1 << 16)
    check(read.count(b"\n") > 500 and read.endswith(b"\n"), read[-300:])
    p.signal(signal.SIGTERM)
    equal(p.wait(), 0)
    rest = os.read(r, 1 << 16)
    check(b"lines are missing here" in rest, rest)


@test
def wmid_bad_mof(t):
    t.write("bad.mof", "class A {\n  uint32 X\n};\n")
    _, err = t.run(["wmid", "--repository", t.path("r"), "--mof", t.path("bad.mof")], 3)
    check(t.path("bad.mof") + ":3:1:" in err or t.path("bad.mof") + ":2:" in err, err)
    check("(WBEMMOF_E_" in err or "(WBEM_E_" in err, err)
    t.run(["wmid", "--mof", t.path("none.mof"), "--repository", t.path("r")], 1)


@test
def wmid_usage(t):
    t.run(["wmid", "--nonsense"], 2)
    t.run(["wmid", "argument"], 2)
    for n in ("0", "1048577"):
        check("from 1 to 1048576" in t.run(["wmid", "--queue", n], 2)[1], "the message says what --queue takes")
    t.run(["wmid", "--irp-timeout", "soon"], 2)
    out, _ = t.run(["wmid", "--help"])
    check(out[0].startswith("usage: wmid"))
    t.run(["wmid", "--version"])
    rows = [line.split("\t") for line in t.run(["wmid", "--operations"])[0]]
    for row in ["6", "GetObject", "ENABLE"], ["22", "ExecNotificationQuery", "SUBSCRIBE"], ["65", "Indicate", "PUBLISH"]:
        check(row in [r[:3] for r in rows])
    check(all(len(r) == 4 and all(r) for r in rows))


@test
def nobody_elses_directory(t):
    """A directory below /tmp that others may write to could hold a socket of theirs."""
    os.mkdir(t.path("open"))
    os.chmod(t.path("open"), 0o777)
    if not t.dir.startswith("/tmp/"):
        raise kit.Skipped("temporary files are not in /tmp")
    _, err = t.run(["wmid", "--socket", t.path("open", "socket"), "--repository", t.path("r")], 1)
    check("others may write" in err, err)
    # Nor is a link followed, wherever it leads: who laid it can turn it.
    os.mkdir(t.path("own"), 0o700)
    os.symlink(t.path("own"), t.path("link"))
    _, err = t.run(["wmid", "--socket", t.path("link", "socket"), "--repository", t.path("r")], 1)
    check(t.path("link") in err, err)
    equal(os.listdir(t.path("own")), [])
    if os.geteuid() == 0:
        os.mkdir(t.path("foreign"), 0o700)
        os.chown(t.path("foreign"), 65534, 65534)
        _, err = t.run(["wmid", "--socket", t.path("foreign", "socket"), "--repository", t.path("r")], 1)
        check("another user (65534)" in err, err)


# --- watch ---------------------------------------------------------------------------------------------

@test
def watch_prints_and_counts(t):
    imported(t)
    h = host(t)
    w = watch(t, "--count", "2")
    wanted(h)
    fire(h, 1, 2, 3)
    out, _ = w.ends(0)
    equal(numbers(out), [1, 2])


@test
def watch_every_type_of_end(t):
    s = imported(t)
    h = host(t)
    w, late, none = watch(t), watch(t, "--timeout", "0.3", "--count", "5"), watch(t, "--timeout", "0.1")
    none.ends(0)
    _, err = late.ends(124)
    check("0 of 5" in err, err)
    wanted(h)
    fire(h, 1)
    equal(w.event()["properties"]["Number"], 1)
    s.signal(signal.SIGTERM)
    _, err = w.ends(4)
    check("service is gone" in err, err)


@test
def watch_without_a_service(t):
    _, err = t.run(["wmi", "watch", "SELECT * FROM X"], 4)
    check(t.path("socket") in err, err)


@test
def watch_signals(t):
    imported(t)
    h = host(t)
    for number in (signal.SIGINT, signal.SIGTERM):
        w = watch(t)
        wanted(h)
        fire(h, 5)
        w.event()
        w.signal(number)
        w.ends(0)
        while h.wants(fake.GUID):
            check(h.obey())


@test
def standard_output_is_closed(t):
    """A file that is not there is told, and never taken by what the program opens itself."""
    imported(t)
    closed = "exec \"$0\" \"$@\" >&-"
    for line in (["ls"], ["show", "FakeEvent"], ["--version"], ["watch", "SELECT * FROM FakeEvent", "--timeout", "60"]):
        _, err = t.run(["/bin/sh", "-c", closed, kit.program("wmi"), *line], 1)
        check("standard output" in err, line, err)
    _, err = t.run(["/bin/sh", "-c", 'exec "$0" "$@" >&- 2>&-', kit.program("wmi"), "ls"], 1)
    equal(err, "")


@test
def wmid_without_standard_files(t):
    """Its log must not go to whoever gets descriptor 2."""
    p = t.start(["/bin/sh", "-c", f"exec {kit.program('wmid')} --socket {t.path('socket')} --repository r <&- >&- 2>&-"])
    until(lambda: os.path.exists(t.path("socket")), "the socket is there")
    equal([os.readlink(f"/proc/{p.p.pid}/fd/{fd}") for fd in range(3)], ["/dev/null"] * 3)
    peers = []
    for _ in range(6):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(kit.PATIENCE)
        until(lambda: s.connect_ex(t.path("socket")) == 0, "wmid listens")
        peers.append(s)
    peers[-1].sendall(struct.pack("<IHHI", 8, 999, 0, 1))  # a line of the log
    equal(peers[-1].recv(1), b"")
    for s in peers[:-1]:
        s.settimeout(0)
        try:
            check(False, "got", s.recv(100))
        except BlockingIOError:
            pass
    t.run(["wmi", "ls"])


@test
def the_service_of_somebody_else(t):
    """Where nobody named the socket, only a service of the same user or of root is trusted."""
    if os.geteuid() != 0:
        raise kit.Skipped("needs root")
    os.mkdir(t.path("freewmi"))
    s = socket.socket(socket.AF_UNIX)
    s.bind(t.path("freewmi", "socket"))
    os.seteuid(65534)
    s.listen(4)
    os.seteuid(0)
    s.settimeout(0)
    _, err = t.run(["wmi", "ls"], 1, env={"FREEWMI_SOCKET": "", "XDG_RUNTIME_DIR": t.dir})
    check("65534" in err and "not yours" in err, err)
    try:
        c, _ = s.accept()
        equal(c.recv(100), b"")
    finally:
        s.close()


@test
def watch_closed_pipe(t):
    imported(t)
    h = host(t)
    r, w = os.pipe()
    p = t.start(["wmi", "watch", "SELECT * FROM FakeEvent", "--json"], stdout=w)
    os.close(w)
    wanted(h)
    fire(h, 1)
    with os.fdopen(r) as pipe:
        check(pipe.readline().startswith("{"))
    _, err = p.ends(0)
    equal(err, "")


@test
def killed_service(t):
    s = imported(t)
    h = host(t)
    w = watch(t)
    wanted(h)
    s.p.kill()
    w.ends(4)


@test
def watch_is_told_of_hosts(t):
    imported(t)
    h = host(t)
    w = watch(t)
    wanted(h)
    fire(h, 1)
    w.event()
    h.socket.close()
    line = w.says("fake")
    check("gone" in line, line)
    again = host(t)
    wanted(again)
    fire(again, 2)
    equal(w.event()["properties"]["Number"], 2)


@test
def driver_that_does_not_answer_is_not_waited_for(t):
    t.write("fake.mof", fake.MOF)
    t.wmid("--mof", t.path("fake.mof"), "--irp-timeout", "0.2")
    h = host(t)  # it takes no orders until we say so
    w = watch(t, "--count", "1", answered=False)
    check("1 driver host had not answered" in w.says("not answered"))
    wanted(h)
    fire(h, 1)
    equal(numbers(w.ends(0)[0]), [1])


@test
def ctrl_c_while_the_service_stands_still(t):
    s = imported(t)
    s.signal(signal.SIGSTOP)
    p = t.start(["wmi", "watch", "SELECT * FROM FakeEvent"])
    p.signal(signal.SIGINT)
    p.wait()
    check(p.p.returncode in (0, -signal.SIGINT), p.p.returncode)


@test
def a_stopped_watcher_hurts_itself_alone(t):
    imported(t)
    h = host(t)
    stopped, live = watch(t, "--queue", "50"), watch(t)
    wanted(h)
    fire(h, 0)
    stopped.event()
    live.event()
    stopped.signal(signal.SIGSTOP)
    total, at = 30000, 1
    while at < total:
        fire(h, *range(at, min(at + 500, total)))
        for n in range(at, min(at + 500, total)):
            equal(live.event()["properties"]["Number"], n)
        at += 500
    stopped.signal(signal.SIGCONT)
    got, lost, last = 1, 0, 0
    while got + lost < total:
        o = stopped.event()
        if "lost" in o:
            lost += o["lost"]
        else:
            check(o["properties"]["Number"] > last)
            got, last = got + 1, o["properties"]["Number"]
    equal(got + lost, total)


@test
def bad_queries(t):
    imported(t)
    _, err = t.run(["wmi", "watch", "SELECT * FROM FakeEvent WHERE Number ="], 3)
    check("query:1:" in err and "^" in err, err)
    _, err = t.run(["wmi", "watch", "SELECT * FROM FakeEven"], 1)
    check("FakeEvent" in err, err)
    t.run(["wmi", "watch", "SELECT * FROM FakeEvent", "--namespace", "root\\nowhere"], 1)
    t.run(["wmi", "watch", "SELECT * FROM __Namespace WITHIN 1 GROUP BY"], 3)
    t.run(["wmi", "watch"], 2)
    t.run(["wmi", "watch", "a", "b"], 2)
    t.run(["wmi", "watch", "SELECT * FROM FakeEvent", "--queue", "1048577"], 2)
    t.run(["wmi", "watch", "SELECT * FROM FakeEvent", "--queue", "1048576", "--timeout", "0"])


@test
def watch_on_a_terminal(t):
    imported(t)
    h = host(t)
    main, sub = pty.openpty()
    for color in (False, True):
        env = {"TERM": "xterm"} if color else {"TERM": "xterm", "NO_COLOR": "1"}
        p = t.start(["wmi", "watch", "SELECT Number, TIME_CREATED FROM FakeEvent", "--count", "1"], stdout=sub, env=env)
        wanted(h)
        fire(h, 3)
        p.ends(0)
        while not h.wants(fake.GUID) is False:
            check(h.obey())
        text = os.read(main, 4096).decode()
        check("    Number       = 3" in text.replace("\r\n", "\n"), text)
        equal("\033[" in text, color)
    os.close(main)
    os.close(sub)


@test
def tables_on_a_terminal(t):
    imported(t)
    main, sub = pty.openpty()
    t.run(["wmi", "ls", "Fake*"], stdout=sub, env={"TERM": "xterm", "NO_COLOR": "1"})
    lines = os.read(main, 4096).decode().split("\r\n")
    equal([line.split() for line in lines], [["NAMESPACE", "CLASS", "KIND", "SUPERCLASS"], ["root\\wmi", "FakeEvent", "event", "WMIEvent"], []])
    os.close(main)
    os.close(sub)


# --- ls and show ----------------------------------------------------------------------------------------

@test
def ls_lists(t):
    imported(t)
    rows = t.json(["wmi", "ls"])
    check({"namespace": "root\\wmi", "class": "FakeEvent", "event": True, "superclass": "WMIEvent"} in rows, rows)
    check({"namespace": "root\\cimv2", "class": None, "event": None, "superclass": None} in rows, rows)
    out, _ = t.run(["wmi", "ls"])
    check("root\\cimv2\t\tnamespace\t" in out and "root\\wmi\tEventTrace\tclass\t" in out, out)
    equal({line.count("\t") for line in out}, {3})
    out, _ = t.run(["wmi", "ls", "root/wmi"])
    check("root\\wmi\tFakeEvent\tevent\tWMIEvent" in out, out)
    equal(t.run(["wmi", "ls", "fake*"])[0], ["root\\wmi\tFakeEvent\tevent\tWMIEvent"])
    equal(t.run(["wmi", "ls", "FAKEEVENT"])[0], ["root\\wmi\tFakeEvent\tevent\tWMIEvent"])
    equal(t.run(["wmi", "ls", "root/w*/Fake?vent"])[0], ["root\\wmi\tFakeEvent\tevent\tWMIEvent"])
    check("root\\wmi\t__Event\tevent\t__IndicationRelated" in t.run(["wmi", "ls", "-a", "root\\wmi"])[0])
    _, err = t.run(["wmi", "ls", "FakeEvnt"], 1)
    check("FakeEvent" in err, err)


@test
def names_know_no_locale(t):
    """In Turkish the upper case of i is not I."""
    if not shutil.which("localedef") or not os.path.exists("/usr/share/i18n/locales/tr_TR"):
        raise kit.Skipped("no Turkish locale can be made")
    t.run([shutil.which("localedef"), "-i", "tr_TR", "-f", "UTF-8", t.path("tr_TR.UTF-8")])
    t.wmid()
    env = {"LOCPATH": t.dir, "LC_ALL": "tr_TR.UTF-8"}
    for name in ("wmievent", "WMIEVENT", "wmiev*"):
        equal(t.run(["wmi", "ls", name], env=env)[0], ["root\\wmi\tWMIEvent\tevent\t__ExtrinsicEvent"])
    t.run(["wmi", "show", "wmievent"], env=env)


@test
def show_shows(t):
    imported(t)
    out, _ = t.run(["wmi", "show", "fakeevent"])
    check(out[0].startswith("// FakeEvent : WMIEvent : __ExtrinsicEvent : __Event"), out)
    check(any("class FakeEvent : WMIEvent" in line for line in out), out)
    # What is shown can be read back.
    t.write("again.mof", "\n".join(out))
    _, err = t.run(["wmid", "--socket", t.path("other"), "--repository", t.path("r2"), "--mof", t.path("again.mof"), "--queue", "x"], 2)
    p = t.start(["wmid", "--socket", t.path("other"), "--repository", t.path("r2"), "--mof", t.path("again.mof")])
    p.says("ready")
    equal(t.run(["wmi", "show", "FakeEvent", "--socket", t.path("other")])[0], out)
    o, = t.json(["wmi", "show", "FakeEvent"])
    equal([p["name"] for p in o["properties"]][-3:], ["InstanceName", "Active", "Number"])
    equal(o["properties"][-1], {"name": "Number", "type": "uint32", "array": False, "origin": "FakeEvent", "dataId": 1})
    equal(o["event"], True)
    equal(o["guid"], "{" + fake.GUID + "}")
    _, err = t.run(["wmi", "show", "FakeEvnt"], 1)
    check("did you mean FakeEvent" in err, err)
    _, err = t.run(["wmi", "show", "FakeEvent", "--namespace", "root\\cimv2"], 1)
    check("it is in root\\wmi" in err, err)


# --- driver ----------------------------------------------------------------------------------------------

@test
def driver_load_list_unload(t):
    fake.prefix(t)
    t.wmid()
    steps = f"options {t.path('o.json')}\nprint started\n" + fake.START + "wanted\nfire 0 2\n" + fake.END + "print unloaded\n"
    out, err = t.run(["wmi", "driver", "load", fake.driver(t, steps), "--mof", t.path("fake.mof"), "--log", t.path("log"), "--reg", "HKLM\\A\\B=1"])
    equal((out, err), (["loaded\tfake"], ""))
    with open(t.path("o.json"), encoding="utf-8") as f:
        o = json.load(f)
    pid = t.json(["wmi", "driver", "list"])[0]["pid"]
    equal(o["sid"], pid)  # away from the terminal
    check("--log" in o["argv"])
    equal(watch(t, "--count", "2").ends(0)[0].__len__(), 2)
    row, = t.json(["wmi", "driver", "list"])
    equal({k: row[k] for k in ("name", "state", "device", "guids", "events", "dropped", "file")},
          {"name": "fake", "state": "registered", "device": "ROOT\\FAKE\\0000", "guids": 1, "events": 2, "dropped": 0,
           "file": os.path.realpath(t.path("fake.so"))})
    _, err = t.run(["wmi", "driver", "load", t.path("fake.so"), "--mof", t.path("fake.mof")], 1)
    check("loaded already" in err, err)
    _, err = t.run(["wmi", "driver", "unload", "fak"], 1)
    check("did you mean fake" in err, err)
    equal(t.run(["wmi", "driver", "unload", "fake"]), (["unloaded\tfake"], ""))
    equal(t.run(["wmi", "driver", "list"])[0], [])
    until(lambda: cli.gone(pid), "the host ends")


@test
def driver_load_failures(t):
    fake.prefix(t)
    t.wmid()
    load = lambda steps, *more, code=1: t.run(["wmi", "driver", "load", fake.driver(t, steps), "--mof", t.path("fake.mof"), *more], code)[1]
    err = load("report missing KeNoSuch\nreport fail cannot be loaded\nexit 1\n")
    check("KeNoSuch" in err and "cannot be loaded" in err, err)
    err = load("hello\nstate 1\nreport state loading\nreport crash SIGSEGV in fake.so DriverEntry+0x4\nsignal 11\n")
    check("DriverEntry+0x4" in err, err)
    err = load("hello\nstate 6\nreport fail DriverEntry returned 0xC0000001\nexit 1\n")
    check("0xC0000001" in err, err)
    err = load("signal 9\n")
    check("signal 9" in err, err)
    equal(t.json(["wmi", "driver", "list"]), [])
    t.write("bad.mof", "class {")
    t.run(["wmi", "driver", "load", t.path("fake.so"), "--mof", t.path("bad.mof")], 3)
    t.run(["wmi", "driver", "load", t.path("no.so")], 1)
    _, err = t.run(["wmi", "driver", "load", t.path("fake.so"), "--log", t.path("no", "log")], 1)
    check(t.path("no", "log") in err, err)
    t.run(["wmi", "driver", "load"], 2)
    t.run(["wmi", "driver", "lod", "x"], 2)


@test
def driver_that_does_not_register(t):
    fake.prefix(t)
    t.wmid()
    silent = "hello\nstate 1\nstate 2\nreport state started\n" + fake.END
    _, err = t.run(["wmi", "driver", "load", fake.driver(t, silent), "--no-wmi"])
    t.run(["wmi", "driver", "unload", "fake"])
    _, err = t.run(["wmi", "driver", "load", fake.driver(t, silent)], 1)
    check("no registration" in err and "--no-wmi" in err, err)
    equal(t.json(["wmi", "driver", "list"]), [])


@test
def driver_load_without_a_service(t):
    fake.prefix(t)
    t.run(["wmi", "driver", "load", fake.driver(t, fake.START)], 4)
    t.run(["wmi", "driver", "list"], 4)
    t.run(["wmi", "driver", "unload", "x"], 4)


# --- what answers is no service ----------------------------------------------------------------------------

@test
def strangers_at_the_socket(t):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(t.path("socket"))
        s.listen()
        p = t.start(["wmi", "ls"])
        peer, _ = s.accept()
        with peer:
            peer.recv(1000)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            _, err = p.ends(4)
        check("not a FreeWMI service" in err, err)


@test
def general_usage(t):
    t.run(["wmi"], 2)
    out, _ = t.run(["wmi", "--help"])
    for verb in ("run", "watch", "ls", "show", "driver"):
        check(any(line.startswith(f"  {verb} ") for line in out), verb)
        check(t.run(["wmi", verb, "--help"])[0][0].startswith(f"usage: wmi {verb} "))
    check(t.run(["wmi", "driver", "load", "--help"])[0][0].startswith("usage: wmi driver load "))
    check(t.run(["wmi", "--version"])[0][0].startswith("wmi (FreeWMI) "))
    _, err = t.run(["wmi", "wacth"], 2)
    check("wmi --help" in err or "watch" in err, err)
    _, err = t.run(["wmi", "wach"], 2)
    check("did you mean 'wmi watch'" in err, err)
    _, err = t.run(["wmi", "ls", "--jsn"], 2)
    check("--json" in err, err)


if __name__ == "__main__":
    cli.main()
