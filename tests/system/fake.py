# SPDX-License-Identifier: MIT
"""Tests with a driver host that is a list of steps (fake-driver-host)."""
import os
import shutil

import kit

GUID = "6f1d2a0e-5c8b-4b64-9d0a-000000000001"
MOF = """
[Dynamic, Provider("WMIProv"), WMI, guid("{6f1d2a0e-5c8b-4b64-9d0a-000000000001}")]
class FakeEvent : WMIEvent
{
    [key, read] string InstanceName;
    [read] boolean Active;
    [WmiDataId(1), read] uint32 Number;
};
"""
START = "hello\nstate 1\nreport state loading\nstate 2\nreport state started\nregister\nstate 3\nreport state registered\n"
END = "unload\nreport state unloading\nstate 4\nstate 5\nreport state unloaded\n"
ALL = ["TIME_CREATED", "SECURITY_DESCRIPTOR", "InstanceName", "Active", "Number"]


def prefix(t):
    """Programs of the build beside the fake host: a program finds its neighbours relative to itself."""
    t.bin = t.path("prefix", "bin")
    libexec = t.path("prefix", "libexec", "freewmi")
    os.makedirs(t.bin)
    os.makedirs(libexec)
    for name in ("wmi", "wmid"):
        shutil.copy(os.path.join(os.path.join(kit.PREFIX, "bin"), name), t.bin)
    shutil.copy(os.path.join(kit.HERE, "fake-driver-host"), os.path.join(libexec, "wmi-driver-host"))
    t.write("fake.mof", MOF)


def driver(t, steps, name="fake.so"):
    return t.write(name, steps)


def run(t, steps, *options, mof="fake.mof", **more):
    """wmi run of such a driver, started."""
    if not t.bin.startswith(t.dir):
        prefix(t)
    return t.start(["wmi", "run", driver(t, steps), "--mof", t.path(mof), *options], **more)
