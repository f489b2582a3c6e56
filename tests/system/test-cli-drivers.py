#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wmi run and wmi driver with real drivers: good ones, and some that misbehave."""
import json
import os
import re
import signal

import cli
import fake
import kit
from cli import check, equal, test

MOODS = ["", "ENTRY_CRASH", "ENTRY_HANG", "ENTRY_FAIL", "SILENT", "DPC_CRASH", "UNLOAD_HANG", "MISSING", "START_FAIL"]
TOASTER = os.path.join(kit.SOURCE, "examples/toaster/toaster.mof")


def compiled(t, out, sources, *options, sanitized=kit.SANITIZED):
    path = t.path(out)
    if sanitized:
        options += ("-fsanitize=address,undefined",)
    t.run(["wmi-cc", "-shared", *options, "-o", path, *[os.path.join(kit.SOURCE, s) for s in sources]])
    return path


def toaster(t, *options):
    compiled(t, "toaster.so", ["examples/toaster/toaster.c", "examples/toaster/wmi.c"])
    return ["wmi", "run", t.path("toaster.so"), "--mof", TOASTER, *kit.parameter("toaster", "Period", 20), *options]


def in_mood(t, mood):
    """Never sanitized: a sanitizer would end the host before it can say where the driver crashed."""
    compiled(t, "moody.so", ["tests/drivers/moody.c"], f"-DMOOD={MOODS.index(mood)}", sanitized=False)


def moody(t, mood, *options):
    """wmi run of a driver in this mood, started."""
    in_mood(t, mood)
    t.write("fake.mof", fake.MOF)
    return t.start(["wmi", "run", t.path("moody.so"), "--mof", t.path("fake.mof"), *options])


@test
def events_of_a_real_driver(t):
    out, err = t.run(toaster(t, "--json", "--count", "5", "-q", "SELECT SliceNumber FROM Toaster_Popped"))
    equal([json.loads(line)["properties"]["SliceNumber"] for line in out], [1, 2, 3, 4, 5])
    equal(err, "")
    out, _ = t.run(toaster(t, "--json", "--count", "1", "-q", "SELECT * FROM Toaster_Popped"))
    event = json.loads(out[0])
    equal(list(event["properties"]), ["SECURITY_DESCRIPTOR", "TIME_CREATED", "InstanceName", "Active", "ModelName", "SliceNumber", "SlotNumber", "Burnt"])
    equal(event["instance"], "ROOT\\TOASTER\\0000_0")


@test
def a_guid_that_the_driver_does_not_have(t):
    """A MOF whose GUID is not the driver's is said, not silence; and only that."""
    command = toaster(t, "--count", "1", "--timeout", "0.2", "-q", "SELECT * FROM Toaster_Popped WHERE SliceNumber = 0")
    with open(TOASTER, encoding="utf-8") as f:
        t.write("wrong.mof", f.read().replace("c1c0a701", "c1c0a799"))
    _, err = t.run(command, code=124)
    check("has not registered" not in err, err)
    command[command.index(TOASTER)] = t.path("wrong.mof")
    _, err = t.run(command, code=124)
    equal(err.count("has not registered Toaster_Popped ({4b1f3a52-7d3e-4f6e-9a43-20d7c1c0a799})"), 1)
    command[-1] = "SELECT * FROM WMIEvent WHERE TIME_CREATED = 0"  # the others are registered
    _, err = t.run(command, code=124)
    check("has not registered" not in err, err)


@test
def device_names_the_instance(t):
    out, _ = t.run(toaster(t, "--json", "--count", "1", "--device", "PCI\\VEN_1&DEV_2\\3"))
    equal(json.loads(out[0])["instance"], "PCI\\VEN_1&DEV_2\\3_0")


@test
def ctrl_c_unloads_in_order(t):
    for number in (signal.SIGINT, signal.SIGTERM):
        p = t.start(toaster(t, "--json"))
        p.event()
        p.signal(number)
        _, err = p.ends(0)
        equal(err, "")


@test
def no_event_no_count_no_time(t):
    p = t.start(toaster(t, "--json", "-q", "SELECT * FROM Toaster_Popped WHERE SliceNumber = 0", "--count", "1", "--timeout", "0.3"))
    out, _ = p.ends(124)
    equal(out, [])


@test
def crash_in_driver_entry(t):
    _, err = moody(t, "ENTRY_CRASH").ends(4)
    check("moody: here" in err, err)
    check(re.search(r"moody\.so.*MoodyCrash\+0x[0-9a-f]+", err), err)
    check("DriverEntry+0x" in err, err)


@test
def crash_while_running(t):
    _, err = moody(t, "DPC_CRASH").ends(4)
    check(re.search(r"moody\.so.*MoodyCrash\+0x[0-9a-f]+", err), err)
    check("MoodyDpc+0x" in err, err)


@test
def hang_in_driver_entry(t):
    _, err = moody(t, "ENTRY_HANG", "--deadline", "0.5").ends(4)
    check(re.search(r"moody\.so.*MoodyWait\+0x[0-9a-f]+", err), err)


@test
def hang_in_driver_unload(t):
    p = moody(t, "UNLOAD_HANG", "--deadline", "0.5", "--irp-timeout", "0.2", "--timeout", "0")
    _, err = p.ends(4)
    check(re.search(r"moody\.so.*MoodyWait\+0x[0-9a-f]+", err), err)


@test
def failures_have_their_status(t):
    _, err = moody(t, "ENTRY_FAIL").ends(1)
    check("0xc000000e" in err.lower(), err)
    _, err = moody(t, "START_FAIL").ends(1)
    check("0xc000009a" in err.lower(), err)


@test
def missing_routine_is_named_before_anything_runs(t):
    _, err = moody(t, "MISSING").ends(1)
    check("MoodyRoutineThatNobodyHas" in err and "moody: here" not in err, err)


@test
def driver_without_wmi(t):
    _, err = moody(t, "SILENT", "--irp-timeout", "0.2", "--timeout", "0.1").ends(0)
    check("has not registered" in err and "moody: unloaded" in err, err)
    t.wmid()
    t.run(["wmi", "driver", "load", t.path("moody.so"), "--no-wmi", "--log", t.path("log")])
    t.run(["wmi", "driver", "unload", "moody"])
    with open(t.path("log"), encoding="utf-8") as f:
        check("moody: unloaded" in f.read())


@test
def load_tells_why_not(t):
    t.wmid()
    for mood, said in (("ENTRY_CRASH", "moodycrash+0x"), ("MISSING", "moodyroutinethatnobodyhas"), ("ENTRY_FAIL", "0xc000000e")):
        in_mood(t, mood)
        _, err = t.run(["wmi", "driver", "load", t.path("moody.so")], 1)
        check(said in err.lower(), mood, err)
    equal(t.json(["wmi", "driver", "list"]), [])


@test
def not_a_driver(t):
    t.write("x.so", "not an ELF file\n")
    t.write("fake.mof", fake.MOF)
    _, err = t.run(["wmi", "run", t.path("x.so"), "--mof", t.path("fake.mof")], 1)
    check("x.so" in err, err)
    _, err = t.run(["wmi", "run", t.path("bin", "x.so"), "--mof", t.path("fake.mof")], 1)
    check("No such file" in err, err)


@test
def service_that_goes_finds_its_hosts_again(t):
    s = t.wmid()
    toaster(t)
    loaded, = t.json(["wmi", "driver", "load", t.path("toaster.so"), "--mof", TOASTER])
    pid = t.json(["wmi", "driver", "list"])[0]["pid"]
    equal(loaded, {"name": "toaster", "pid": pid, "device": "ROOT\\TOASTER\\0000"})
    s.p.kill()
    s.wait()
    t.wmid("--mof", TOASTER)
    back = cli.until(lambda: t.json(["wmi", "driver", "list"]), "the driver's host is back")
    equal([(d["name"], d["pid"]) for d in back], [("toaster", pid)])
    p = t.start(["wmi", "watch", "SELECT * FROM Toaster_Popped", "--json"])
    p.line()
    _, err = t.run(["wmi", "driver", "load", t.path("toaster.so")], 1)
    check(f"process {pid}" in err, err)
    t.run(["wmi", "driver", "unload", "toaster"])
    cli.until(lambda: cli.gone(pid), "its host has ended")


if __name__ == "__main__":
    cli.main()
