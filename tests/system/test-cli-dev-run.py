#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/dev-run: provokes events, and knows a silence that is an error from one that is not.

The driver host is a list of steps here; what is provoked is a real uevent of the loopback device, whose only effect is
that udev looks at it again. tests/system/test-uevent.py has the real driver.
"""
import json
import os
import signal
import struct

import cli
import fake
import kit
from cli import check, equal, test

MOF = """
[Dynamic, Provider("WMIProv"), WMI, guid("{%s}")]
class Linux_DeviceEvent : WMIEvent
{
    [key, read] string InstanceName;
    [read] boolean Active;
    [WmiDataId(1), read] uint64 SequenceNumber;
    [WmiDataId(2), read] string Action;
    [WmiDataId(3), read] string DevicePath;
};
""" % fake.GUID


def block(number, action, path):
    """The data block of such an event, in hexadecimal."""
    data = struct.pack("<Q", number)
    for text in (action, path):
        data += struct.pack("<H", 2 * len(text)) + text.encode("utf-16-le")
    return data.hex()


LO = block(1, "change", "/devices/virtual/net/lo")


def tree(t, steps):
    """A project that was built, with a host that takes these steps."""
    if os.geteuid() != 0:
        raise kit.Skipped("only root may provoke events without being asked for a password")
    if not os.access("/sys/class/net/lo/uevent", os.W_OK):
        raise kit.Skipped("/sys/class/net/lo/uevent cannot be written")
    fake.prefix(t)
    os.rename(t.path("prefix"), t.path("build"))
    t.bin = t.path("build", "bin")
    for directory in ("lib/freewmi/drivers", "share/freewmi/mof"):
        os.makedirs(t.path("build", directory))
    t.write("build/lib/freewmi/drivers/uevent.so", steps)
    t.write("build/share/freewmi/mof/uevent.mof", MOF)


def dev_run(t, *options, **more):
    return t.start([os.path.join(kit.SOURCE, "tools", "dev-run"), *options], cwd=t.dir, **more)


@test
def events_alone_on_standard_output(t):
    tree(t, fake.START + f"wanted\nraw {LO}\nraw {LO}\nraw {LO}\n" + fake.END)
    out, _ = dev_run(t, "--json", "--count", "2").ends(0)
    equal([json.loads(line)["properties"]["DevicePath"] for line in out], ["/devices/virtual/net/lo"] * 2)


@test
def silence_after_a_provocation_is_an_error(t):
    tree(t, fake.START + "wanted\nprint enabled\n" + fake.END + "print unloaded\n")
    out, err = dev_run(t, "--json", "--count", "1").ends(1)
    equal(out, [])
    check("none came within 5 s" in err and "unloaded" in err, err)


@test
def query_that_matches_nothing_is_no_error(t):
    again = "".join(f"nap 0.5\nraw {LO}\n" for _ in range(14))
    tree(t, fake.START + f"wanted\nraw {LO}\n" + again + fake.END)
    out, err = dev_run(t, "-q", "SELECT * FROM Linux_DeviceEvent WHERE Action = 'none'", "--timeout", "6.5").ends(0)
    equal(out, [])
    check("none came" not in err, err)


@test
def signals_end_it_in_order(t):
    tree(t, fake.START + f"wanted\nraw {LO}\n" + fake.END + "print unloaded\n")
    for number in (signal.SIGINT, signal.SIGTERM):
        p = dev_run(t, "--json")
        p.event()
        p.signal(number)
        _, err = p.ends(0)
        check("unloaded" in err and "Traceback" not in err, err)


@test
def ctrl_c_reaches_all_at_once(t):
    """As from a terminal: the whole process group gets the signal."""
    tree(t, fake.START + f"wanted\nraw {LO}\n" + fake.END + "print unloaded\n")
    p = dev_run(t, "--json", start_new_session=True)
    p.event()
    os.killpg(p.p.pid, signal.SIGINT)
    _, err = p.ends(0)
    check("unloaded" in err and "by force" not in err and "killing" not in err, err)


@test
def exit_code_is_passed_on(t):
    tree(t, fake.START + f"wanted\nraw {LO}\nsignal 11\n")
    dev_run(t, "--json").ends(4)
    dev_run(t, "-q", "SELECT").ends(3)
    dev_run(t, "--nonsense").ends(2)
    out, _ = dev_run(t, "--help").ends(0)
    check(out[0].startswith("usage: wmi run"))


if __name__ == "__main__":
    cli.main()
