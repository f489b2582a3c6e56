#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""COM clients in C, compiled by wmi-cc the way a Windows programmer writes them, against a real service and driver."""
import shutil

from kit import *


def house(t):
    toaster = t.toaster()
    service = t.service()
    t.load(toaster, "examples/toaster/toaster.mof", *parameter("toaster", "Period", 20))
    return service


def build(t, out, source, compiler):
    if not shutil.which(compiler):
        raise Skipped(f"{compiler} is not installed")
    path = os.path.join(t.dir, out)
    t.run("wmi-cc", "-Wall", "-o", path, os.path.join(SOURCE, source), env={**t.env, "WMI_CC": compiler})
    return path


def watcher(t, compiler):
    house(t)
    p = t.run(build(t, "watcher", "examples/watcher/watcher.c", compiler), "SELECT * FROM Toaster_Popped", 3)
    for how in ("Next", "Indicate"):
        t.equal(p.out.count(f"{how}: Toaster_Popped"), 3, how)
    numbers = [int(line.split("=")[1]) for line in p.out if line.strip().startswith("SliceNumber = ")]
    t.equal(len(numbers), 6, "slices")
    t.true(numbers == sorted(numbers), f"{numbers} are out of order")
    names = [line.split("=")[0].strip() for line in p.out[1:p.out.index("Next: Toaster_Popped", 1)]]
    t.equal(names, ["SECURITY_DESCRIPTOR", "TIME_CREATED", "InstanceName", "Active", "ModelName", "SliceNumber", "SlotNumber", "Burnt"], "names")
    t.true("    InstanceName = ROOT\\TOASTER\\0000_0" in p.out, "the instance name")
    t.true("    ModelName = Toasty 1" in p.out, "a string")


@test
def the_example_by_gcc(t):
    watcher(t, "gcc")


@test
def the_example_by_clang(t):
    watcher(t, "clang")


@test
def a_bad_query_is_an_error(t):
    house(t)
    p = t.run(build(t, "watcher", "examples/watcher/watcher.c", "gcc"), "SELECT * FORM Toaster_Popped", status=1)
    t.true("0x80041058" in p.err[-1] or "0x80041017" in p.err[-1], f"no WBEM error in {p.err}")


@test
def without_a_service(t):
    p = t.run(build(t, "watcher", "examples/watcher/watcher.c", "gcc"), status=1)
    t.true("0x80041015" in p.err[-1], f"no WBEM_E_TRANSPORT_FAILURE in {p.err}")


@test
def the_contract(t):
    """Statuses, flags, sinks: com-contract.c checks them one by one and prints what differs."""
    service = house(t)
    p = t.start(build(t, "contract", "tests/system/com-contract.c", "gcc"), service.p.pid)
    status = p.wait()
    for line in p.out:
        t.note(line)
    t.equal(status, 0, "failed checks")


main()
