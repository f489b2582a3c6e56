#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wmid goes, in order and by force, while events are fired, and comes back: driver hosts stay, are registered and enabled
again, their numbers go on; clients get one final word."""
import signal

from kit import *

TOASTER = "examples/toaster/toaster.mof"
RESTARTS = 4 if SANITIZED else 10


def toaster_house(t):
    """A service with a toaster that pops a thousand slices a second as soon as somebody wants them. (service, the host's pid)"""
    s = t.service("--mof", os.path.join(SOURCE, TOASTER))
    t.load(t.toaster(), TOASTER, *parameter("toaster", "Period", 1))
    (pid,) = t.hosts()
    return s, pid


def watch(t):
    return t.start("wmi", "watch", "SELECT SliceNumber FROM Toaster_Popped", "--json")


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"{what}: did not happen")
        time.sleep(0.01)


def drivers(t):
    return t.run("wmi", "driver", "list", "--json").json()


def is_back(t, pid):
    until(lambda: [(d["pid"], d["state"]) for d in drivers(t)] == [(pid, "registered")], "the driver is registered again")


def slices(w):
    """The numbers that a watcher has seen; nothing may be missing that it was not told of."""
    seen, lost = [], 0
    for o in w.json():
        if "lost" in o:
            lost += o["lost"]
        else:
            seen.append(o["properties"]["SliceNumber"])
    gaps = seen[-1] - seen[0] + 1 - len(seen)
    if seen != sorted(seen) or gaps > lost:
        raise Failed(f"{gaps} slices are missing, {lost} were told as lost; {w.describe()}")
    return seen


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@test
def events_go_on(t):
    s, pid = toaster_house(t)
    last, files = 0, descriptors(pid)
    for n in range(RESTARTS):
        watchers = [watch(t) for _ in range(3)]
        for w in watchers:
            w.wait_until(lambda p: len(p.out) >= 100, "slices come")
        s.signal(signal.SIGTERM if n % 2 else signal.SIGKILL)
        s.wait()
        for w in watchers:
            t.equal(w.wait(), 4, "exit status of a watcher")
            t.equal(sum("the service is gone" in line for line in w.err), 1, "final words")
        seen = [slices(w) for w in watchers]
        t.true(min(x[0] for x in seen) > last, f"the numbers go on: {seen[0][:3]} behind {last}")
        last = max(x[-1] for x in seen)
        t.equal(list(t.hosts()), [pid], "driver hosts")
        s = t.service()
        is_back(t, pid)
        t.equal(descriptors(pid), files, "descriptors of the driver host")
    t.run("wmi", "driver", "unload", "toaster")
    until(lambda: not t.hosts(), "the driver host has ended")
    t.note(f"{RESTARTS} restarts, {last} slices")


@test
def nothing_acknowledged_is_lost(t):
    """Instances are put and events fired while the service goes: what it acknowledged is there afterwards, what it had not
    is there or not, as a whole, and the driver is enabled again."""
    s, pid = toaster_house(t)
    with open(os.path.join(t.dir, "thing.mof"), "w") as f:
        f.write("class Thing { [key] string Name; uint32 Size; };\n")
    t.run("wmi", "mof", "compile", os.path.join(t.dir, "thing.mof"), "--namespace", "root\\default")
    kept, last = {}, 0
    for n in range(RESTARTS):
        w = watch(t)
        created = t.start("wmi", "watch", "SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'Thing'", "--namespace",
                          "root\\default", "--json")
        writers = {f"{n}-{k}": t.start(os.path.join(PREFIX, "obj/tests/put-instances"), f"{n}-{k}") for k in range(3)}
        for p in [w, created, *writers.values()]:
            p.wait_until(lambda p: len(p.out) >= 200, "it gets on")
        s.signal(signal.SIGTERM if n % 2 else signal.SIGKILL)
        s.wait()
        for p in writers.values():
            t.equal(p.wait(), 0, f"{p.describe()}; exit status")
        t.equal((w.wait(), created.wait()), (4, 4), "exit status of watchers")
        seen = slices(w)
        t.true(seen[0] > last, "the numbers go on")
        last = seen[-1]
        s = t.service()
        is_back(t, pid)
        there = {o["properties"]["Name"]: o["properties"]["Size"] for o in t.run("wmi", "query", "SELECT * FROM Thing", "--json").json()}
        for prefix, p in writers.items():
            done = int(p.out[-1])
            t.equal(p.out, [str(i) for i in range(1, done + 1)], "acknowledged in order")
            kept.update({f"{prefix}-{i}": i for i in range(1, done + 1)})
            if f"{prefix}-{done + 1}" in there:  # it was on disk, only its acknowledgement was not on its way
                kept[f"{prefix}-{done + 1}"] = done + 1
        t.equal(there, kept, "instances")
        told = [o["properties"]["TargetInstance"]["properties"]["Name"] for o in created.json() if "properties" in o]
        t.true(set(told) <= set(kept), "nothing was told that is not there")
    t.note(f"{RESTARTS} restarts, {len(kept)} instances, {last} slices")


@test
def never_time_to_come_back(t):
    """The service goes again at every point of the host's return."""
    s, pid = toaster_house(t)
    for n in range(3 * RESTARTS):
        s.signal(signal.SIGKILL)
        s.wait()
        s = t.service()
        end = time.monotonic() + 0.02 * (n % 8)
        while time.monotonic() < end and not drivers(t):
            pass
    is_back(t, pid)
    w = watch(t)
    w.wait_until(lambda p: len(p.out) >= 100, "slices come")
    w.signal(signal.SIGINT)
    w.wait()
    slices(w)
    t.run("wmi", "driver", "unload", "toaster")
    until(lambda: not t.hosts(), "the driver host has ended")


@test
def somebody_else_has_its_name(t):
    """While the service was away, its driver was loaded again: the first host is told so, and says so."""
    s, pid = toaster_house(t)
    log = os.path.join(t.dir, "driver.log")
    os.kill(pid, signal.SIGSTOP)
    s.signal(signal.SIGKILL)
    s.wait()
    s = t.service()
    t.run("wmi", "driver", "load", os.path.join(t.dir, "toaster.so"))
    other = [p for p in t.hosts() if p != pid]
    os.kill(pid, signal.SIGCONT)
    until(lambda: f"refuses this host: a driver called toaster is hosted already, by process {other[0]}" in open(log).read(), "its words")
    t.run("wmi", "driver", "unload", "toaster")
    is_back(t, pid)


main()
