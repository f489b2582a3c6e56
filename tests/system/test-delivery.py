#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Nothing is lost untold: many events, watchers that stand still, hosts that die."""
import json
import signal

from kit import *

QUEUE = 4096
TOTAL = 100_000


class Counter:
    """What a watcher with --json has printed, counted as it comes."""

    def __init__(self, p):
        self.p, self.read, self.events, self.lost, self.last, self.gaps = p, 0, 0, 0, 0, 0

    def update(self):
        lines = self.p.out
        while self.read < len(lines):
            o = json.loads(lines[self.read])
            self.read += 1
            if "lost" in o:
                if not o.get("upTo"):
                    self.lost += o["lost"]
                continue
            self.events += 1
            number = o["properties"]["SliceNumber"]
            self.gaps += number - self.last - 1
            self.last = number
        return self.events + self.lost


def toast_a_round(t):
    """Subscribing to Toaster_RoundDone starts a round; the event says how many were accepted."""
    p = t.run("wmi", "watch", "SELECT * FROM Toaster_RoundDone", "--count", 1, "--json")
    return p.json()[0]["properties"]


def caught_up(w, total, patience=None):
    w.p.wait_until(lambda p: w.update() >= 0 and w.last >= total, f"a watcher has printed slice {total}", patience)


def prime(t, watchers):
    """Rounds until every watcher has seen the end of one: then all are subscribed, and have caught up."""
    for _ in range(20):
        total = toast_a_round(t)["Total"]
        try:
            for w in watchers:
                caught_up(w, total, 5)
            return total
        except Failed:
            continue
    raise Failed("the watchers never saw a whole round")


@test
def fired_is_delivered_plus_told_lost(t):
    toaster = t.toaster()
    t.service("--queue", QUEUE)
    t.load(toaster, "examples/toaster/toaster.mof", *parameter("toaster", "Period", 0), *parameter("toaster", "Round", QUEUE // 2))
    watchers = [Counter(t.start("wmi", "watch", "SELECT SliceNumber FROM Toaster_Popped", "--json")) for _ in range(3)]
    live, stopped = watchers[:2], watchers[2]
    start = prime(t, watchers)
    base = [(w.events, w.lost) for w in watchers]

    stopped.p.signal(signal.SIGSTOP)
    fired = refused = 0
    total = TOTAL // 10 if SANITIZED else TOTAL
    while fired < total:
        done = toast_a_round(t)
        fired += done["Fired"]
        refused += done["Refused"]
        for w in live:
            caught_up(w, done["Total"])
    t.equal(done["Total"] - start, fired, "accepted in all")
    stopped.p.signal(signal.SIGCONT)
    stopped.p.wait_until(lambda p: stopped.update() - sum(base[2]) >= fired, "the resumed watcher was told of all")

    names = ["live", "live", "stopped"]
    for w, (events, lost), name in zip(watchers, base, names):
        w.update()
        delivered, told = w.events - events, w.lost - lost
        t.note(f"{name}: fired {fired} = delivered {delivered} + told lost {told} (refused {refused})")
        t.equal(delivered + told, fired, f"{name}: delivered + told lost")
        if name == "live":
            t.equal((told, w.gaps), (0, 0), "lost by a live watcher")
    t.true(stopped.lost > 0, "the stopped watcher lost nothing: the test did not test")


@test
def a_full_house_never_blocks_a_firing_thread(t):
    """10,000 events from one thread at DISPATCH_LEVEL while every consumer stands still."""
    flood = t.compile("flood.so", "tests/drivers/flood.c", options=["-mlinux", "-D_GNU_SOURCE"])
    t.service()
    t.load(flood, "tests/drivers/flood.mof")
    w = t.start("wmi", "watch", "SELECT * FROM Flood_Drop", "--json")
    ready = t.run("wmi", "watch", "SELECT * FROM Flood_Ready", "--count", 1, "--json")  # fired when Flood_Drop is enabled
    t.equal(ready.json()[0]["class"], "Flood_Ready")
    w.signal(signal.SIGSTOP)
    # The end of this subscription is what starts the flood; afterwards nobody runs but the driver and the service.
    log = os.path.join(t.dir, "driver.log")
    deadline = time.monotonic() + PATIENCE
    words = None
    while not words:
        t.true(time.monotonic() < deadline, f"the flood did not end: {open(log).read()[-500:]}")
        words = next((line for line in open(log) if "flood: fired" in line), None)
        time.sleep(0.05)
    t.note(words.strip())
    figures = dict(zip(words.split()[1::2], words.split()[2::2]))
    accepted, refused = int(figures["fired"]), int(figures["refused"])
    t.equal(accepted + refused, 10_000, "events tried")
    t.equal(int(figures["switches"]), 0, "voluntary context switches of the firing thread")
    w.signal(signal.SIGCONT)

    def told(p):
        lines = p.json()
        return sum(o.get("lost", 0) for o in lines if not o.get("upTo")) + sum("class" in o for o in lines) >= accepted

    w.wait_until(told, "the resumed watcher was told of all that was accepted")


@test
def what_waits_comes_out_by_itself(t):
    """A watcher that stood still writes all that waits for it, without another event having to push it. Into a file,
    which takes everything at once: then nothing but the watcher itself knows that it has more."""
    toaster = t.toaster()
    t.service("--queue", 2 * QUEUE)
    t.load(toaster, "examples/toaster/toaster.mof", *parameter("toaster", "Period", 0), *parameter("toaster", "Round", 300))
    status, its_status = os.pipe()
    path = os.path.join(t.dir, "events")
    with open(path, "wb") as f:
        w = t.start("wmi", "watch", "SELECT * FROM Toaster_Popped", "--json", "--status-fd", its_status, stdout=f, pass_fds=[its_status])
    os.close(its_status)
    t.equal(os.read(status, 7), b"active\n", "the watcher's word")
    os.close(status)
    fired = 0
    for rounds in range(3, 13):
        w.signal(signal.SIGSTOP)
        fired += sum(toast_a_round(t)["Fired"] for _ in range(rounds))
        w.signal(signal.SIGCONT)
        deadline = time.monotonic() + PATIENCE / 4
        while True:
            with open(path, "rb") as f:
                lines = f.read().count(b"\n")
            if lines >= fired:
                break
            t.true(time.monotonic() < deadline, f"{lines} of {fired} events came out after {rounds} more rounds")
            time.sleep(0.01)


@test
def a_killed_host_is_told_and_the_service_goes_on(t):
    toaster = t.toaster()
    t.service()
    t.load(toaster, "examples/toaster/toaster.mof", *parameter("toaster", "Period", 20))
    w = t.start("wmi", "watch", "SELECT * FROM Toaster_Popped", "--json")
    w.wait_until(lambda p: p.out, "the first slice")
    hosts = t.run("wmi", "driver", "list", "--json").json()
    t.equal([h["name"] for h in hosts], ["toaster"], "drivers")
    os.kill(hosts[0]["pid"], signal.SIGKILL)
    w.wait_until(lambda p: any("toaster" in line for line in p.err), "the watcher was told")
    t.note(f"told: {w.err[-1]}")
    t.true(w.p.poll() is None, "the watcher goes on")
    t.equal(t.run("wmi", "driver", "list", "--json").json(), [], "drivers after the kill")
    before = len(w.out)
    t.load(toaster, "examples/toaster/toaster.mof", *parameter("toaster", "Period", 20))
    w.wait_until(lambda p: len(p.out) > before, "events come again after the driver was loaded again")


@test
def a_killed_watcher_costs_nobody_anything(t):
    toaster = t.toaster()
    t.service()
    t.load(toaster, "examples/toaster/toaster.mof", *parameter("toaster", "Period", 10))
    a = Counter(t.start("wmi", "watch", "SELECT SliceNumber FROM Toaster_Popped", "--json"))
    b = t.start("wmi", "watch", "SELECT SliceNumber FROM Toaster_Popped", "--json")
    b.wait_until(lambda p: len(p.out) >= 3, "three slices")
    a.p.wait_until(lambda p: len(p.out) >= 3, "three slices")
    b.signal(signal.SIGKILL)
    b.wait()
    n = len(a.p.out)
    a.p.wait_until(lambda p: len(p.out) >= n + 20, "twenty more slices")
    a.update()
    first = json.loads(a.p.out[0])["properties"]["SliceNumber"]
    t.equal((a.last - first + 1, a.lost), (a.events, 0), "slices of the other watcher")


main()
