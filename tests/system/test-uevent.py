#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The uevent driver against the kernel: sequence numbers, the size limit, listening only while enabled."""
from kit import *

LOOPBACK = "/sys/class/net/lo/uevent"
DRIVER = os.path.join(PREFIX, "lib/freewmi/drivers/uevent.so")
MOF = os.path.join(PREFIX, "share/freewmi/mof/uevent.mof")


def provoke():
    with open(LOOPBACK, "w") as f:
        f.write("change")


def need_uevents():
    try:
        provoke()
    except OSError as e:
        raise Skipped(f"{LOOPBACK} cannot be written here: {e.strerror}")


def seqnum():
    with open("/sys/kernel/uevent_seqnum") as f:
        return int(f.read())


def provoked(t, p, wanted):
    """Provokes uevents until p has printed `wanted` lines."""
    end = time.monotonic() + PATIENCE
    while len(p.out) < wanted and p.p.poll() is None:
        provoke()
        try:
            p.wait_until(lambda p: len(p.out) >= wanted or p.p.poll() is not None, "an event", 0.2)
        except Failed:
            if time.monotonic() > end:
                raise


@test
def sequence_numbers_are_the_kernels(t):
    need_uevents()
    before = seqnum()
    p = t.start("wmi", "run", DRIVER, "--mof", MOF, "-q", "SELECT * FROM Linux_DeviceEvent WHERE DevicePath LIKE '%/lo' AND Action = 'change'",
                "--json", "--count", 3)
    provoked(t, p, 3)
    t.equal(p.wait(), 0, "exit status")
    after = seqnum()
    events = p.json()
    t.equal(len(events), 3, "events")
    numbers = [e["properties"]["SequenceNumber"] for e in events]
    t.true(before < numbers[0] < numbers[1] < numbers[2] <= after, f"{numbers} are not between {before} and {after}")
    e = events[0]
    t.equal((e["class"], e["namespace"], e["instance"]), ("Linux_DeviceEvent", "root\\wmi", "ROOT\\UEVENT\\0000_0"))
    t.equal(list(e["properties"]), ["SECURITY_DESCRIPTOR", "TIME_CREATED", "InstanceName", "Active", "SequenceNumber", "Major", "Minor",
                                    "Action", "Subsystem", "DevicePath", "Driver"], "properties in their order")
    got = {k: e["properties"][k] for k in ("Active", "Major", "Minor", "Action", "Subsystem", "DevicePath", "Driver")}
    t.equal(got, {"Active": True, "Major": 0, "Minor": 0, "Action": "change", "Subsystem": "net", "DevicePath": "/devices/virtual/net/lo", "Driver": ""})


@test
def a_path_that_does_not_fit_is_shortened_in_front(t):
    need_uevents()
    # 64 bytes of WNODE, 24 of numbers and lengths; "change", "net" and 11 characters of the path
    limit = 64 + 24 + 2 * (6 + 3 + 11)
    p = t.start("wmi", "run", DRIVER, "--mof", MOF, "-q", "SELECT * FROM Linux_DeviceEvent WHERE Subsystem = 'net'", "--json", "--count", 1,
                "--reg", rf"HKLM\SYSTEM\CurrentControlSet\Control\WMI\MaxEventSize={limit}")
    provoked(t, p, 1)
    t.equal(p.wait(), 0, "exit status")
    t.equal(p.json()[0]["properties"]["DevicePath"], "...l/net/lo", "path")


@test
def it_listens_only_while_somebody_subscribes(t):
    need_uevents()
    t.service()
    t.run("wmi", "driver", "load", DRIVER, "--mof", MOF, "--log", os.path.join(t.dir, "driver.log"))
    pid = t.run("wmi", "driver", "list", "--json").json()[0]["pid"]

    def sockets():
        inodes = set()
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                link = os.readlink(f"/proc/{pid}/fd/{fd}")
            except FileNotFoundError:
                continue
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
        with open("/proc/net/netlink") as f:
            return sum(line.split()[9] in inodes and line.split()[1] == "15" for line in f.readlines()[1:])

    t.equal(sockets(), 0, "uevent sockets before")
    w = t.start("wmi", "watch", "SELECT * FROM Linux_DeviceEvent", "--json")
    provoked(t, w, 1)
    t.equal(sockets(), 1, "uevent sockets while somebody watches")
    w.signal(15)
    t.equal(w.wait(), 0, "exit status of the watcher")
    end = time.monotonic() + PATIENCE
    while sockets() and time.monotonic() < end:
        time.sleep(0.02)
    t.equal(sockets(), 0, "uevent sockets afterwards")
    t.run("wmi", "driver", "unload", "uevent")


@test
def the_main_job(t):
    """./dev run's own part, without building."""
    need_uevents()
    p = t.run(os.path.join(SOURCE, "tools/dev-run"), "--count", 3, "--json", "--timeout", 60, cwd=SOURCE, env={**t.env, "FREEWMI_BUILD": PREFIX})
    t.equal([e["class"] for e in p.json()], ["Linux_DeviceEvent"] * 3, "events")


main()
