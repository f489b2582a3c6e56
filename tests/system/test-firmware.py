# SPDX-License-Identifier: MIT
"""wmi mof decompile, wmi acpi list: binary MOF and _WDG tables in files of every kind that firmware.py makes."""
import json
import os
import random
import re
import shutil
import subprocess

from firmware import *
from kit import *

CORPUS = os.environ.get("FREEWMI_CORPUS", os.path.join(SOURCE, "../shared/corpus"))
FAN, PANEL, KEYS = ("8D9DDCBC-A997-11DA-B012-B622A1EF5492", "A80593CE-A997-11DA-B012-B622A1EF5492",
                    "ABBC0F6A-8EA1-11D1-00A0-C90629100000")
TEXT = r"""#pragma namespace("\\\\.\\root\\wmi")
[WMI, Dynamic, Provider("WmiProv"), guid("{8D9DDCBC-A997-11DA-B012-B622A1EF5492}"), Description("Fan \"speed\"")]
class Fan
{
    [key, read] string InstanceName;
    [read] boolean Active;
    [WmiDataId(1), read, ValueMap{"0", "1"}, Values{"slow", "fast"}] uint32 Speed;
    [WmiDataId(2), read, write, MAX(4)] uint8 Curve[4];
};
[WMI, Dynamic, Provider("WmiProv"), guid("{a80593ce-a997-11da-b012-b622a1ef5492}"), Locale("MS\\0x409")]
class Panel
{
    [key, read] string InstanceName;
    [read] boolean Active;
    [WmiMethodId(1), Implemented] void Get([in] uint32 What, [out] uint32 Value);
    [WmiMethodId(16), Implemented] void Set([in, MaxLen(8)] string Name);
};
[WMI, Dynamic, Provider("WmiProv"), guid("{ABBC0F6A-8EA1-11D1-00A0-C90629100000}")]
class Keys : WMIEvent
{
    [key, read] string InstanceName;
    [read] boolean Active;
    [WmiDataId(1), read] sint16 Code = -3;
};
instance of Fan { InstanceName = "x"; Speed = 7; Curve = {1, 2, 3, 4}; };
"""


def own(t):
    """A binary MOF of our own."""
    mof, bmf = os.path.join(t.dir, "own.mof"), os.path.join(t.dir, "own.bmf")
    with open(mof, "w") as f:
        f.write(TEXT)
    t.run("wmi", "mof", "compile", mof, "-B", bmf)
    return read(bmf)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def put(t, name, data):
    path = os.path.join(t.dir, name)
    with open(path, "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)
    return path


def raw(t, path):
    """The bytes that --raw writes."""
    p = subprocess.run([program("wmi"), "mof", "decompile", "--raw", path], capture_output=True, env=t.env, timeout=PATIENCE)
    if p.returncode:
        raise Failed(f"{path}: {p.stderr.decode()}")
    return p.stdout


def real():
    """Bytes that firmware carries, or of the same shape where there are none."""
    folder = os.path.join(CORPUS, "bmf/linuxhw-acpi")
    if os.path.isdir(folder):
        return [read(os.path.join(folder, f)) for f in sorted(os.listdir(folder)) if f.endswith(".bmf")]
    r = random.Random(1)
    sizes = [r.randrange(1, 5000) for _ in range(30)]
    return [b"FOMB" + struct.pack("<III", 1, n, 100) + r.randbytes(n) for n in sizes]


def names(n):
    return [f"WQ{chr(65 + i // 26)}{chr(65 + i % 26)}" for i in range(n)]


FIRMWARE = wdg((MOF_GUID, "BA", 1, 0), (FAN, "AA", 2, EXPENSIVE), (PANEL, "BB", 1, METHOD), (KEYS, 0xD0, 1, EVENT),
               ("00000000-1111-2222-3333-444444444444", "CC", 1, STRING))


def wmi_device(blob):
    return device("WMID", named("_WDG", FIRMWARE), named("WQBA", blob), method("WQAA", b"\xA4\x00", arguments=1),
                  method("WMBB", b"\xA4\x00", arguments=3), method("_WED", b"\xA4\x00", arguments=1),
                  method("WSCC", b"\xA4\x00", arguments=2))


@test
def firmware_bytes_come_out_of_every_kind_of_file(t):
    blobs = real()
    ids = names(len(blobs))
    # A byte too many behind the stream, as some firmware has it.
    aml = table("DSDT", condition(b"\x93" + name("OSYS") + integer(2015), scope("\\_SB.PCI0", device("WMID",
        *(named(i, b + b"\0" * (k % 2)) for k, (i, b) in enumerate(zip(ids, blobs)))))))
    ssdts = b"".join(table("SSDT", scope("\\_SB", device(f"W{k:03}", method(i, returned(b))))) for k, (i, b) in enumerate(zip(ids, blobs)))
    files = {
        "dsdt.dat": aml,
        "ssdt.dat": ssdts,
        "acpidump.txt": acpidump(table("FACP"), aml),
        "dsdt.dsl": asl("DSDT", asl_scope("Scope", "\\_SB.PCI0", asl_scope("Device", "WMID",
            *(asl_named(i, b) for i, b in zip(ids, blobs))))),
        "pe32.dll": pe([("MOFDATA", f"R{k:03}", 0x409, b) for k, b in enumerate(blobs)] + [(16, 1, 0x409, b"x")], plus=False),
        "pe64.sys": pe([("MofData", "MOFRESOURCE", 1 + k, b) for k, b in enumerate(blobs)], lead=64),
    }
    for file, data in files.items():
        path = put(t, file, data)
        same = sum(raw(t, f"{path}#{k + 1}") == b for k, b in enumerate(blobs))
        t.note(f"{file}: {same} of {len(blobs)} identical")
        t.equal(same, len(blobs), f"blobs of {file} that are identical")
    for k, b in enumerate(blobs):
        if raw(t, put(t, "raw.bin", b + b"\0")) != b:
            raise Failed(f"blob {k} as a file")


@test
def text_that_comes_out_compiles_to_the_same_bytes(t):
    blob = own(t)
    path = put(t, "dsdt.dat", table("DSDT", scope("\\_SB", wmi_device(blob))))
    out, again = os.path.join(t.dir, "out.mof"), os.path.join(t.dir, "again.bmf")
    p = t.run("wmi", "mof", "decompile", path, "-o", out)
    t.equal(len(p.err), 1, "words: the GUID alone")
    t.true("lower-case" in p.err[0] and "a80593ce" in p.err[0] and "Panel" in p.err[0], p.err[0])
    text = read(out).decode()
    t.true("\\_SB.WMID.WQBA" in text.splitlines()[0], "the first line says where it is from")
    t.true("{a80593ce-a997-11da-b012-b622a1ef5492}" in text, "GUIDs are kept")
    t.run("wmi", "mof", "compile", out, "-B", again)
    t.equal(read(again), blob, "bytes")
    # Standard input and output.
    with open(put(t, "x.bmf", blob), "rb") as f:
        p = subprocess.run([program("wmi"), "mof", "decompile", "-"], stdin=f, capture_output=True, env=t.env, timeout=PATIENCE)
    t.true(b"class Fan" in p.stdout, "text on standard output")


@test
def all_firmware_decompiles_exactly(t):
    blobs = real()
    if not os.path.isdir(CORPUS):
        raise Skipped("the corpus folder is not there")
    paths = [put(t, f"{k:03}.bmf", b) for k, b in enumerate(blobs)]
    found = t.run("wmi", "mof", "decompile", "--json", *paths, patience=4 * PATIENCE).json()
    t.equal(len(found), len(blobs), "lines")
    t.note(f"{sum(o['same'] for o in found)} of {len(found)} say that their text compiles to the same bytes")
    for o in found:
        t.true(o["complete"] and o["same"], f"{o['file']}: {o['messages']}")
    # And it is so.
    same = 0
    for k, path in enumerate(paths):
        mof, again = os.path.join(t.dir, "a.mof"), os.path.join(t.dir, "a.bmf")
        t.run("wmi", "mof", "decompile", path, "-o", mof)
        t.run("wmi", "mof", "compile", mof, "-B", again)
        same += read(again) == blobs[k]
    t.note(f"{same} of {len(blobs)} decompiled and compiled again are identical")
    t.equal(same, len(blobs), "identical")


@test
def what_no_text_can_say_is_told(t):
    blob = own(t)
    expanded = expand(blob)
    path = put(t, "x.bmf", pack_literally(expanded))
    p = t.run("wmi", "mof", "decompile", path)
    t.true(any("compressed in another way" in line for line in p.err), p.err)
    o = t.run("wmi", "mof", "decompile", "--json", path).json()[0]
    t.equal((o["complete"], o["same"], o["messages"][0]["level"]), (True, False, "warning"), "of another compression")
    # A property whose name is none.
    changed = expanded.replace("Speed".encode("utf-16-le"), "Sp\1ed".encode("utf-16-le"), 1)
    t.true(changed != expanded, "the name is there")
    o = t.run("wmi", "mof", "decompile", "--json", put(t, "y.bmf", pack_literally(changed))).json()[0]
    t.equal((o["complete"], o["same"]), (True, False), "of a name that is none")
    t.true(any("Fan" in m["message"] and "from offset" in m["message"] for m in o["messages"]), o["messages"])


@test
def json_says_everything(t):
    o = t.run("wmi", "mof", "decompile", "--json", put(t, "x.bmf", own(t))).json()[0]
    t.equal((o["complete"], o["same"], o["messages"], o["w2k"], o["number"]), (True, True, [], False, 1), "what it says of itself")
    t.equal(o["lowerCaseGuids"], [{"class": "Panel", "guid": "{a80593ce-a997-11da-b012-b622a1ef5492}"}], "lowerCaseGuids")
    t.equal([(i["kind"], i.get("name", i.get("class"))) for i in o["items"]],
            [("class", "Fan"), ("class", "Panel"), ("class", "Keys"), ("instance", "Fan")], "items")
    fan, panel, keys, instance = o["items"]
    t.equal(fan["namespace"], "\\\\.\\root\\wmi", "namespace")
    t.equal({q["name"]: q.get("value", True) for q in fan["qualifiers"]},
            {"WMI": True, "Dynamic": True, "Provider": "WmiProv", "guid": "{" + FAN + "}", "Description": 'Fan "speed"'}, "qualifiers")
    speed = fan["properties"][2]
    t.equal((speed["name"], speed["type"]), ("Speed", "uint32"), "a property")
    t.equal([q["value"] for q in speed["qualifiers"] if q["name"] == "Values"], [["slow", "fast"]], "Values")
    t.equal((fan["properties"][3]["array"], fan["properties"][3]["max"]), (True, 4), "an array")
    t.equal([m["name"] for m in panel["methods"]], ["Get", "Set"], "methods")
    t.equal([(p["name"], p["type"]) for p in panel["methods"][0]["parameters"]], [("What", "uint32"), ("Value", "uint32")], "parameters")
    t.equal((keys["superclass"], keys["properties"][2]["value"]), ("WMIEvent", -3), "an event")
    t.equal({p["name"]: p["value"] for p in instance["properties"]}, {"InstanceName": "x", "Speed": 7, "Curve": [1, 2, 3, 4]}, "values")


@test
def many_in_one_file(t):
    blob = own(t)
    path = put(t, "two.sys", pe([("MOFDATA", "ONE", 0x409, blob), ("MOFDATA", "TWO", 0x407, blob)]))
    t.equal(len(t.run("wmi", "mof", "decompile", path, "--json").json()), 2, "all")
    t.equal([o["number"] for o in t.run("wmi", "mof", "decompile", path + "#2", "--json").json()], [2], "the second")
    p = t.run("wmi", "mof", "decompile", path + "#3", status=3)
    t.true("there is no 3" in p.err[0], p.err)
    p = t.run("wmi", "mof", "decompile", path, "--raw", "-o", os.path.join(t.dir, "x"), status=2)
    t.true("ask for one" in p.err[0], p.err)
    text = "\n".join(t.run("wmi", "mof", "decompile", path).out)
    t.true("resource ONE, language 0x409" in text and "resource TWO, language 0x407" in text, "both are named")
    t.run("wmi", "mof", "compile", put(t, "both.mof", text), "--check-syntax")
    named_so = put(t, "x#1", blob)
    t.equal(raw(t, named_so), blob, "a file whose name ends so")


@test
def texts_behind_each_other_stay_apart(t):
    flags, plain = "#pragma classflags(\"updateonly\")\n#pragma instanceflags(\"createonly\")\n", "class %s { uint32 x; };\n"
    paths = []
    for name, text in (("a", flags + plain % "A"), ("b", plain % "B"), ("c", plain % "C")):
        paths.append(os.path.join(t.dir, name + ".bmf"))
        t.run("wmi", "mof", "compile", put(t, name + ".mof", text), "-B", paths[-1])
    all_of_them, out = os.path.join(t.dir, "all.mof"), os.path.join(t.dir, "all.bmf")
    t.run("wmi", "mof", "decompile", *paths, "-o", all_of_them)
    t.run("wmi", "mof", "compile", all_of_them, "-B", out)
    items = t.run("wmi", "mof", "decompile", "--json", out).json()[0]["items"]
    t.equal([(i["name"], i.get("classFlags"), i.get("instanceFlags")) for i in items],
            [("A", 1, 2), ("B", None, None), ("C", None, None)], "flags of the first end with it")


@test
def names_from_files_cannot_say_anything(t):
    """A resource's name stands in a comment, and stays there."""
    blob = own(t)
    path = put(t, "evil.sys", pe([("MOFDATA", "A\nclass Evil { };\u0085\u202e\u001b[31m", 0x409, blob)]))
    out, again = os.path.join(t.dir, "out.mof"), os.path.join(t.dir, "again.bmf")
    t.run("wmi", "mof", "decompile", path, "-o", out)
    text = read(out).decode()
    t.true("Evil" in text.splitlines()[0] and "\x1b" not in text and "\u202e" not in text, "on its line")
    t.run("wmi", "mof", "compile", out, "-B", again)
    t.equal(read(again), blob, "bytes")
    o = t.run("wmi", "mof", "decompile", path, "--json").json()[0]
    p = t.run("wmi", "mof", "decompile", put(t, "lie.sys", pe([("MOFDATA", "A\nwmi: fine", 1, b"x" * 20)])), status=3)
    t.true(len(p.err) == 1 and "A\\u000Awmi: fine" in p.err[0], p.err)
    t.equal(o["where"], "resource A\nclass Evil { };\u0085\u202e\u001b[31m, language 0x409", "where")


@test
def damaged_files_give_what_is_there(t):
    blob = own(t)
    p = t.run("wmi", "mof", "decompile", put(t, "cut.bmf", blob[:-len(blob) // 3]), status=3)
    t.true(any("error" in line for line in p.err), p.err)
    t.true(any("of 4 objects could be read, and no flavors" in line for line in p.err), p.err)
    t.true(not any("CIMTYPE" in line for line in p.err), p.err)
    t.true("// Damaged" in "\n".join(p.out), p.out)
    o = t.run("wmi", "mof", "decompile", "--json", put(t, "cut.bmf", blob[:-len(blob) // 3]), status=3).json()[0]
    t.equal((o["complete"], o["same"], o["messages"][0]["level"]), (False, False, "error"), "what JSON says")
    t.true("objects could be read" in o["messages"][0]["hint"], o["messages"])
    whole = table("DSDT", scope("\\_SB", wmi_device(blob)))
    p = t.run("wmi", "mof", "decompile", put(t, "cut.dat", whole[:-10]), status=3)
    t.true("class Fan" in "\n".join(p.out), "the blob in a cut table")
    t.true("of which" in p.err[0], p.err)
    r = random.Random(7)
    for k in range(60):  # nothing dies of it, and JSON stays JSON
        data = bytearray(r.choice([blob, whole, acpidump(whole), pe([("MOFDATA", "X", 1, blob)])]))
        for _ in range(r.randrange(1, 6)):
            data[r.randrange(len(data))] = r.randrange(256)
        p = t.run("wmi", "mof", "decompile", "--json", put(t, "bad", bytes(data)), status=None)
        t.true(p.wait() in (0, 1, 3), f"exit status {p.wait()}")
        p.json()


@test
def what_expands_to_too_much_is_left_out(t):
    most, piece = 256 << 20, 64 << 20

    def resources(*sizes):
        blobs = [b"FOMB" + struct.pack("<III", 1, 8, n) + b"DS\0\1junk" for n in sizes]
        return put(t, "many.sys", pe([("MOFDATA", k, 0x409, b) for k, b in enumerate(blobs, 1)]))
    for last, lines in ((piece - 1, 4), (piece, 4), (piece + 1, 3)):
        p = t.run("wmi", "mof", "decompile", "--json", resources(most - 3 * piece, piece, piece, last), status=3)
        t.equal(len(p.out), lines, f"blobs, the last of {last} bytes")
        t.equal(any("ask for one" in line for line in p.err), lines < 4, "words")
        path = resources(most - 3 * piece, piece, piece, last) + "#4"
        t.equal(len(t.run("wmi", "mof", "decompile", "--json", path, status=3).out), 1, "the last one alone")


@test
def files_of_other_kinds_are_refused(t):
    p = t.run("wmi", "mof", "decompile", put(t, "x.mof", TEXT), status=3)
    t.true("neither binary MOF" in p.err[0], p.err)
    p = t.run("wmi", "mof", "decompile", os.path.join(t.dir, "none"), status=1)
    t.true("No such file" in p.err[0], p.err)
    p = t.run("wmi", "mof", "decompile", put(t, "empty.sys", pe([(16, 1, 0x409, b"x")])), status=1)
    t.true("no binary MOF" in p.err[0], p.err)
    most = 256 << 20
    path = os.path.join(t.dir, "large")
    for n, status, word in ((most - 1, 3, "neither"), (most, 3, "neither"), (most + 1, 1, "too large")):
        with open(path, "wb") as f:
            f.truncate(n)
        p = t.run("wmi", "mof", "decompile", path, status=status)
        t.true(word in p.err[0], p.err)


@test
def blocks_are_joined_to_classes(t):
    path = put(t, "dsdt.dat", table("DSDT", scope("\\_SB", wmi_device(own(t)))))
    rows = {r["guid"]: r for r in t.run("wmi", "acpi", "list", path, "--json").json()}
    for r in rows.values():
        t.equal((r["table"], r["scope"]), ("DSDT", "\\_SB.WMID"), "where")
    t.equal([(r["kind"], r["class"], r["control"], r["missing"]) for r in rows.values()],
            [("mof", None, ["WQBA"], []), ("data", "Fan", ["WQAA"], ["WCAA"]), ("method", "Panel", ["WMBB"], []),
             ("event", "Keys", ["_WED"], []), ("data", None, ["WSCC"], ["WQCC"])], "rows")
    t.equal((rows[FAN]["id"], rows[FAN]["instances"], rows[FAN]["flags"]), ("AA", 2, ["expensive"]), "a data block")
    t.equal(rows[KEYS]["notify"], 0xD0, "a notification")
    t.equal(rows[PANEL]["methods"], [{"id": 1, "name": "Get"}, {"id": 16, "name": "Set"}], "methods")
    lines = [line.split("\t") for line in t.run("wmi", "acpi", "list", path).out]
    t.equal(len(lines), 7, "lines: the blocks and two methods")
    t.equal(lines[1][1:], [FAN, "data", "AA", "2", "expensive", "Fan", "WQAA, no WCAA"], "a line")
    t.equal(lines[3][2:], ["call", "1", "", "", "Panel.Get", ""], "a method's line")
    t.equal(lines[5][2:4], ["event", "0xD0"], "an event's line")
    p = t.run("wmi", "acpi", "list", put(t, "none.dat", table("DSDT")), status=1)
    t.true("no _WDG" in p.err[0], p.err)


@test
def classes_are_those_of_the_same_device(t):
    """Two devices with one GUID: each has the class of its own binary MOF."""
    def other(class_name):
        mof, bmf = os.path.join(t.dir, "o.mof"), os.path.join(t.dir, "o.bmf")
        with open(mof, "w") as f:
            f.write(f'[WMI, guid("{{{FAN}}}")] class {class_name} {{ [WmiDataId(1)] uint32 A; }};')
        t.run("wmi", "mof", "compile", mof, "-B", bmf)
        return read(bmf)
    blocks = wdg((FAN, "AA", 1, 0))
    path = put(t, "dsdt.dat", table("DSDT", device("ZZZZ", named("_WDG", blocks), named("WQBA", other("Second"))),
                                    device("AAAA", named("WQBA", other("First")), named("_WDG", blocks)), device("NONE", named("_WDG", blocks))))
    rows = t.run("wmi", "acpi", "list", path, "--json").json()
    t.equal([(r["scope"], r["class"]) for r in rows], [("\\ZZZZ", "Second"), ("\\AAAA", "First"), ("\\NONE", "First")], "classes")


@test
def examples_of_the_page(t):
    page = read(os.path.join(SOURCE, "man", "wmi.1")).decode().split(".Sh EXAMPLES\n")[1]
    blocks = [b.replace("\\e", "\\") for b in re.findall(r"^\.Bd[^\n]*\n(.*?)^\.Ed$", page, re.M | re.S) if "vendor" in b]
    put(t, "vendor.mof", TEXT.replace("Panel", "Vendor_Thing").replace("uint32 What", "uint32 Level")
        .replace("MaxLen(8)] string Name", "WmiDataId(1)] uint32 Level").replace("instance of", "//"))
    for b in blocks:
        t.run("/bin/sh", "-ec", b, env={**t.env, "PATH": os.path.dirname(program("wmi")) + ":" + t.env["PATH"]})
        if os.path.exists(os.path.join(t.dir, "vendor.bmf")):
            put(t, "acpidump.txt", acpidump(table("DSDT", scope("\\_SB", wmi_device(read(os.path.join(t.dir, "vendor.bmf")))))))
    t.equal(len(blocks), 2, "blocks")
    t.equal(read(os.path.join(t.dir, "set.bin")), b"\3\0\0\0", "the buffer")
    for name, words in (("vendorMof.h", b"Set_IN"), ("vendor-wmi.h", b"__le32 level"), ("firmware.mof", b"class Vendor_Thing")):
        t.true(words in read(os.path.join(t.dir, name)), name)


@test
def this_machine(t):
    """A copy of another's sysfs."""
    blob = own(t)
    root = os.path.join(t.dir, "sys")
    bmof = os.path.join(root, f"bus/wmi/devices/{MOF_GUID}-1")
    os.makedirs(bmof)
    os.makedirs(os.path.join(root, "firmware/acpi/tables/dynamic"))
    put(t, os.path.join(bmof, "bmof"), blob)
    put(t, os.path.join(root, "firmware/acpi/tables/DSDT"), table("DSDT", scope("\\_SB", wmi_device(blob))))
    o = t.run("wmi", "mof", "decompile", "--sysfs", root, "--json").json()
    t.equal([(x["where"].endswith("/bmof"), x["scope"], x["name"], x["same"]) for x in o], [(True, "\\_SB.WMID", "WQBA", True)], "blobs")
    t.equal(len(t.run("wmi", "acpi", "list", "live", "--sysfs", root, "--json").json()), 5, "entries")
    p = t.run("wmi", "mof", "decompile", "--sysfs", os.path.join(t.dir, "nothing"), status=1)
    t.true("no binary MOF" in p.err[0], p.err)
    if os.geteuid():
        os.chmod(os.path.join(bmof, "bmof"), 0)
        p = t.run("wmi", "mof", "decompile", "--sysfs", root, status=1)
        t.true("sudo" in p.err[0], p.err)


@test
def what_iasl_makes_is_read(t):
    """The AML of ACPI's own compiler, and what it makes of that again."""
    iasl = shutil.which("iasl")
    if not iasl:
        raise Skipped("iasl is not installed")
    blob, other = own(t), real()[0]
    source = asl("DSDT", r"""
    External (\_SB.OTHR, MethodObj)
    External (\_SB.VAL, IntObj)
    OperationRegion (GNVS, SystemMemory, 0xCAFE0000, 0x100)
    Field (GNVS, AnyAcc, NoLock, Preserve) { OSYS, 16, Offset (0x10), FLG1, 8 }
    Mutex (MUTX, 0)
    Event (EVNT)
    Name (PKG1, Package () { 1, "two", Package () { 3 }, Buffer () { 4, 5 } })
    Method (FUNC, 3) { Return (Arg0 + Arg1) }
    If (\_SB.OTHR (1, FUNC (2, 3, 4)) == 5) { Name (INIF, 7) } Else { Scope (\_SB) { Name (ELS1, 1) } }
    Name (PKGB, Buffer (FUNC (1, 2, 3)) { 1, 2, 3, 4 })
    CreateField (PKGB, 4, 8, FLD9)
    Processor (\_PR.CPU0, 1, 0x410, 6) { Name (PRO1, 3) }
    PowerResource (PWR1, 1, 2) { Method (_STA) { Return (1) } Method (_ON) {} Method (_OFF) {} }
    ThermalZone (\_TZ.TZ00) { Method (_TMP) { Return (3000) } }
    Scope (\_SB) { Device (PCI0) { Name (_HID, EisaId ("PNP0A08")) If (CondRefOf (\_SB.VAL)) { Device (WMID) {
        Name (_HID, "PNP0C14")
""", asl_named("_WDG", FIRMWARE), asl_named("WQBA", blob), "Method (WQBB, 1) { If (Arg0 == 0) { Local0 = ", asl_buffer(other),
                 " } Return (Local0) }\nMethod (WQAA, 1) { Return (0) }\n} } } }\n")
    dsl = put(t, "d.dsl", source)
    subprocess.run([iasl, "-p", os.path.join(t.dir, "d"), dsl], check=True, capture_output=True, cwd=t.dir)
    made = os.path.join(t.dir, "d.aml")
    shutil.copy(made, os.path.join(t.dir, "again.dat"))
    subprocess.run([iasl, "-d", "again.dat"], check=True, capture_output=True, cwd=t.dir)
    dump = put(t, "acpidump.txt", acpidump(read(made)))
    for path in (dsl, made, os.path.join(t.dir, "again.dsl"), dump):
        t.equal(raw(t, path + "#1"), blob, f"{path}: WQBA")
        t.equal(raw(t, path + "#2"), other, f"{path}: the buffer of a method")
        rows = t.run("wmi", "acpi", "list", path, "--json").json()
        t.equal({r["scope"] for r in rows}, {"\\_SB.PCI0.WMID"}, f"{path}: scope")
        t.equal([r["class"] for r in rows], [None, "Fan", "Panel", "Keys", None], f"{path}: classes")


main()
