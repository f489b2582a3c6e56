#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Thirty thousand subscriptions made and ended by one process: nobody's memory grows, and another subscriber misses nothing."""
import signal
import subprocess

from kit import *

CYCLES, PAUSES = (2000, 4) if SANITIZED else (30_000, 5)
TOASTER = "examples/toaster/toaster.mof"
KIB = 128  # that a process may grow once between the first pause and the last; a pointer left by each cycle would be 187


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon:"))


@test
def thirty_thousand_cycles(t):
    cycles = os.path.join(PREFIX, "obj/tests/subscribe-cycles")
    s = t.service("--mof", os.path.join(SOURCE, TOASTER))
    t.load(t.toaster(), TOASTER, *parameter("toaster", "Period", 2))
    (host,) = t.hosts()
    w = t.start("wmi", "watch", "SELECT SliceNumber FROM Toaster_Popped", "--json")
    w.wait_until(lambda p: p.out, "a slice")
    # One class that the watcher wants too; one that nobody else wants, so that each cycle enables it and disables it again.
    p = t.start(cycles, CYCLES, PAUSES, "SELECT * FROM Toaster_Popped", "SELECT * FROM Toaster_TrayFull", stdin=subprocess.PIPE)
    points = []
    for n in range(PAUSES):
        p.wait_until(lambda p: len(p.out) > n, f"pause {n}")
        done, own = map(int, p.out[n].split())
        points.append((own, resident(s.p.pid), resident(host)))
        t.note(f"{done} cycles: {own} bytes allocated by the client; resident KiB: service {points[-1][1]}, driver host {points[-1][2]}")
        p.p.stdin.write(b"\n")
        p.p.stdin.flush()
    t.equal(p.wait(), 0, f"{p.describe()}; exit status")
    first, last = points[0], points[-1]
    t.true(last[0] <= first[0] + 1024 * KIB, "the client's memory grows")
    if not SANITIZED:  # whose quarantine grows
        t.true(last[1] <= first[1] + KIB, "the service's memory grows")
        t.true(last[2] <= first[2] + KIB, "the driver host's memory grows")
    n = len(w.out)
    w.wait_until(lambda p: len(p.out) > n + 10, "the watcher goes on")
    w.signal(signal.SIGINT)
    w.wait()
    events = w.json()
    numbers = [o["properties"]["SliceNumber"] for o in events if "properties" in o]
    t.equal(len(numbers), len(events), "the watcher lost nothing")
    t.equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "slices of the watcher")
    listed = t.run("wmi", "driver", "list", "--json").json()[0]
    t.equal((listed["pid"], listed["state"]), (host, "registered"))


main()
