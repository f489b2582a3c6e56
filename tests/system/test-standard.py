#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The standard blocks: listed by wmi mof standard, there in every service, kept as they are, fired by a driver without MOF."""
import json
import os
import shutil

import cli
import kit
from cli import Skipped, check, equal, test

HEADER = os.path.join(kit.PREFIX, "share/freewmi/include/mingw/ddk/wmidata.h")
EVENT = "MSStorageDriver_FailurePredictEvent"
EVENT_GUID = "{78ebc104-4cf9-11d2-ba4a-00a0c9062910}"
SPEED = """#pragma namespace("\\\\\\\\.\\\\root\\\\wmi")
[Dynamic, Provider("WMIProv"), WMI, Description("mine"), guid("{5ec10359-a61a-11d0-8dd4-00c04fc3358c}")]
class MSNdis_LinkSpeed : MSNdis
{
    [key, read] string InstanceName;
    [read] boolean Active;
    [WmiDataId(1), read] %s NdisLinkSpeed;
};
"""


def lines(t, *args, code=0):
    out, err = t.run(["wmi", "mof", "standard", *args], code)
    return [line.split("\t") for line in out], err



# --- wmi mof standard ------------------------------------------------------------------------------------------------


@test
def all_are_listed(t):
    rows, _ = lines(t)
    check(len(rows) > 360, len(rows))
    kinds = {row[1] for row in rows}
    equal(kinds, {"base", "data", "event", "methods", "embedded"})
    check([EVENT, "event", EVENT_GUID, "Length VendorSpecific"] in rows, "the event")
    out, _ = t.run(["wmi", "mof", "standard", "--json"])
    objects = {o["class"]: o for o in map(json.loads, out)}
    equal(len(objects), len(rows))
    equal([(i["id"], i["name"], i["type"], i["array"], i.get("sizeIs"), i["offset"]) for i in objects[EVENT]["items"]],
          [(1, "Length", "uint32", False, None, 0), (2, "VendorSpecific", "uint8", True, "Length", 4)])
    method = objects["MSStorageDriver_FailurePredictFunction"]["methods"][3]
    equal((method["id"], method["name"], method["parameters"][0]["out"]), (4, "GetFailurePredictionCapability", True))


@test
def one_is_shown(t):
    out, _ = t.run(["wmi", "mof", "standard", EVENT.upper()])
    equal(out, [f"{EVENT} : WMIEvent  (event)", "  A drive predicts that it will fail",
                f"  {EVENT_GUID}  WMI_STORAGE_PREDICT_FAILURE_EVENT_GUID", "  struct STORAGE_FAILURE_PREDICT_EVENT", "",
                "     ID  OFFSET  ITEM", "      1       0  uint32 Length", "      2       4  uint8[Length] VendorSpecific"])
    out, _ = t.run(["wmi", "mof", "standard", "WmiMonitorBrightnessMethods"])
    check("      1  WmiSetBrightness(in uint32 Timeout, in uint8 Brightness)" in out, out)
    rows, _ = lines(t, "msndis_statusmedia*connect")
    equal([row[0] for row in rows], ["MSNdis_StatusMediaConnect", "MSNdis_StatusMediaDisconnect"])
    _, err = lines(t, "MSNdis_LinkSped", code=1)
    check("did you mean MSNdis_LinkSpeed?" in err, err)
    _, err = lines(t, "MSNdis_X*", code=1)
    check("no standard class matches MSNdis_X*" in err, err)


@test
def types_of_devices(t):
    rows, _ = lines(t, "--device-type", "DISK")
    equal(rows[0][:2], [EVENT, "event"])
    check(all(row[1] != "event" for row in rows[1:]), rows)
    rows, _ = lines(t, "-t", "hba")
    equal(rows[0], ["MSFC_AdapterEvent", "event", "", "in the driver's own MOF, from Hbaapi.mof"])
    out, _ = t.run(["wmi", "mof", "standard", "-t", "hba", "--json"])
    equal(json.loads(out[0]), {"class": "MSFC_AdapterEvent", "kind": "event", "declaredBy": "Hbaapi.mof"})
    out, _ = t.run(["wmi", "mof", "standard", "--help"])
    _, err = lines(t, "-t", "disc", code=2)
    types = err.split("there are: ")[1].strip().split(", ")
    for name in types:
        check(name in " ".join(out), f"{name} is not in --help")
        rows, _ = lines(t, "-t", name)
        check(rows, name)
    lines(t, "-t", "disk", EVENT, code=2)


@test
def the_rules_of_drivers_hold(t):
    """wmi mof check finds one thing, which is so on Windows too: two classes for one block of bytes."""
    out, err = t.run(["wmi", "mof", "check", "--json", os.path.join(kit.SOURCE, "data/mof/wmicore.mof")], 3)
    findings = [o for o in map(json.loads, out or err.splitlines()) if "rule" in o]
    equal([(f["rule"], "MSStorageDriver_ATAPISmartData" in f["message"]) for f in findings], [("guid-duplicate", True)])


# --- in a service ----------------------------------------------------------------------------------------------------


@test
def they_are_there_and_stay(t):
    t.wmid()
    out, _ = t.run(["wmi", "show", f"root/wmi:{EVENT}"])
    check(any(EVENT_GUID in line for line in out), out)
    t.write("other.mof", SPEED % "uint64")
    _, err = t.run(["wmi", "mof", "compile", "other.mof"], 3)
    check("other.mof:3" in err and "MSNdis_LinkSpeed is a standard class" in err and "WBEM_E_INVALID_OPERATION" in err, err)
    check("derive a class of another name" in err, err)
    t.write("same.mof", SPEED % "uint32")
    out, _ = t.run(["wmi", "mof", "compile", "same.mof"])
    equal([line.split("\t")[1] for line in out], ["MSNdis_LinkSpeed"])
    out, _ = t.run(["wmi", "show", "root/wmi:MSNdis_LinkSpeed"])
    check(not any("mine" in line for line in out), "the description is ours")
    _, err = t.run(["wmi", "delete", "root/wmi:MSNdis_LinkSpeed"], 1)
    check("WBEM_E_INVALID_OPERATION" in err, err)
    t.write("derived.mof", """#pragma namespace("\\\\\\\\.\\\\root\\\\wmi")
[Dynamic, Provider("WMIProv"), WMI, guid("{6c3cb1a4-5c5a-4f0e-a8b0-1d6ad44a3d01}")]
class Acme_Slow : MSNdis_StatusLinkSpeedChange { [WmiDataId(2), read] uint32 Before; };
""")
    t.run(["wmi", "mof", "compile", "derived.mof"])
    # Elsewhere the name is free.
    t.write("elsewhere.mof", 'class MSNdis_LinkSpeed { [key] string Mine; };')
    t.run(["wmi", "mof", "compile", "--namespace", "root/default", "elsewhere.mof"])


@test
def a_store_of_before_gets_them(t):
    file = t.path("old.db")
    shutil.copy(os.path.join(kit.SOURCE, "tests/fixtures/repository-1.db"), file)
    for _ in range(2):
        p = t.start(["wmid", "--repository", file])
        p.says("ready")
        out, _ = t.run(["wmi", "show", f"root/wmi:{EVENT}"])
        check(any(EVENT_GUID in line for line in out), out)
        p.signal(15)
        p.ends()


# --- a driver without MOF --------------------------------------------------------------------------------------------


def disk(t, *options):
    if not os.path.exists(HEADER):
        raise Skipped("wmidata.h is not installed")
    more = ("-fsanitize=address,undefined",) if kit.SANITIZED else ()
    t.run(["wmi-cc", "-shared", "-Wall", "-Wextra", "-Werror", *more, "-o", t.path("disk.so"),
           os.path.join(kit.SOURCE, "examples/failure-predict/disk.c")])
    return ["wmi", "run", t.path("disk.so"), *kit.parameter("disk", "Period", 20), *options]


@test
def a_disk_predicts_its_failure(t):
    out, err = t.run(disk(t, "--json", "--count", "2", "-q", f"SELECT * FROM {EVENT}"))
    events = [json.loads(line) for line in out]
    equal(err, "")
    for number, event in enumerate(events):
        equal((event["class"], event["namespace"], event["instance"]), (EVENT, "root\\wmi", "ROOT\\DISK\\0000_0"))
        moved = (7 + number) * 80  # the seventh look is the first at the threshold
        items = event["properties"]
        equal((items["Active"], items["Length"]), (True, 8))
        equal(items["VendorSpecific"], [5, 30 - 10 * number, 36, 0, *moved.to_bytes(4, "little")])
    out, _ = t.run(disk(t, "--json", "--count", "1", "-q", f"SELECT Length FROM {EVENT} WHERE Length = 8"))
    equal(json.loads(out[0])["properties"], {"Length": 8})


@test
def without_query_all_standard_events(t):
    out, err = t.run(disk(t, "--json", "--count", "1"))
    equal(json.loads(out[0])["class"], EVENT)
    equal(err, "")


@test
def a_forgotten_mof_is_told(t):
    more = ("-fsanitize=address,undefined",) if kit.SANITIZED else ()
    sources = [os.path.join(kit.SOURCE, "examples/toaster", name) for name in ("toaster.c", "wmi.c")]
    t.run(["wmi-cc", "-shared", *more, "-o", t.path("toaster.so"), *sources])
    _, err = t.run(["wmi", "run", t.path("toaster.so"), "--count", "1", "--timeout", "0.2"], 124)
    check("toaster: has registered no standard event (wmi mof standard); --mof FILE tells what its own are" in err, err)


if __name__ == "__main__":
    cli.main()
