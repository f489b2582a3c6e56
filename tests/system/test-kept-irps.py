#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A driver that keeps a WMI IRP for ever holds nobody else up: subscribers get their answer at the deadline, events of
other drivers and of its own other GUIDs go on, and DEREGISTER says what it waits for."""
from kit import *

PEND_ENABLE, PEND_REGINFO_EX, PEND_DISABLE, PEND_REGINFO = 13, 14, 17, 20
MOF = "tests/drivers/mischief.mof"


def house(t, mode, *load):
    """A service, the toaster, which is well, and mischief, which keeps an IRP."""
    t.service("--irp-timeout", "1")
    t.load(t.toaster(), "examples/toaster/toaster.mof", *parameter("toaster", "Period", 20))
    mischief = t.compile("mischief.so", "tests/drivers/mischief.c")
    t.run("wmi", "driver", "load", mischief, "--mof", os.path.join(SOURCE, MOF), "--log", os.path.join(t.dir, "mischief.log"),
          "--irp-timeout", "1", "--deadline", "8", *parameter("mischief", "Mode", mode), *load)
    w = t.start("wmi", "watch", "SELECT * FROM Toaster_Popped", "--json")
    w.wait_until(lambda p: p.out, "a first slice")
    return w


def goes_on(w):
    n = len(w.out)
    w.wait_until(lambda p: len(p.out) > n + 5, "the toaster goes on")


def log(t):
    with open(os.path.join(t.dir, "mischief.log"), encoding="utf-8", errors="replace") as f:
        return f.read()


def deregister_says(t, w, what):
    """Unloading ends in DEREGISTER, which waits and says for what, until the deadline ends the host."""
    u = t.start("wmi", "driver", "unload", "mischief")
    end = time.monotonic() + PATIENCE
    while "waits for " + what not in log(t):
        t.true(time.monotonic() < end, f"DEREGISTER did not say what it waits for: {log(t)[-600:]}")
        time.sleep(0.05)
    t.note(next(line for line in log(t).splitlines() if "waits for " + what in line))
    goes_on(w)
    t.true(u.wait() != 0, "an unload that failed says so")
    goes_on(w)


@test
def enable(t):
    w = house(t, PEND_ENABLE)
    p = t.run("wmi", "watch", "SELECT * FROM Mischief_First", "--timeout", "0.2")  # answered at the deadline of the IRP
    t.note(" / ".join(p.err))
    goes_on(w)
    t.run("wmi", "watch", "SELECT * FROM Mischief_Second", "--timeout", "0.2")
    goes_on(w)
    deregister_says(t, w, "IRP_MN_ENABLE_EVENTS")


@test
def disable(t):
    w = house(t, PEND_DISABLE)
    p = t.run("wmi", "watch", "SELECT * FROM Mischief_First", "--count", "3", "--json")  # its end keeps a DISABLE out
    t.equal(len(p.out), 3, "events before")
    t.run("wmi", "watch", "SELECT * FROM Mischief_First", "--timeout", "0.2")
    goes_on(w)
    deregister_says(t, w, "IRP_MN_DISABLE_EVENTS")


@test
def reginfo_ex(t):
    w = house(t, PEND_REGINFO_EX, "--no-wmi")
    t.run("wmi", "watch", "SELECT * FROM Mischief_First", "--timeout", "0.2")
    goes_on(w)
    deregister_says(t, w, "IRP_MN_REGINFO_EX")


@test
def reginfo(t):
    w = house(t, PEND_REGINFO, "--no-wmi")
    t.run("wmi", "watch", "SELECT * FROM Mischief_First", "--timeout", "0.2")
    goes_on(w)
    deregister_says(t, w, "IRP_MN_REGINFO")


@test
def a_driver_that_never_answers_is_not_loaded(t):
    """Without --no-wmi the first registration must be answered within ten seconds."""
    t.service()
    mischief = t.compile("mischief.so", "tests/drivers/mischief.c")
    p = t.run("wmi", "driver", "load", mischief, "--mof", os.path.join(SOURCE, MOF), *parameter("mischief", "Mode", PEND_REGINFO_EX), status=1)
    t.note(p.err[-1])


main()
