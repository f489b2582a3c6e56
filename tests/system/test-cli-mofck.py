#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wmi mof check, header, layout, encode and decode.

The header of the standard blocks is compared with mingw-w64's ddk/wmidata.h, declaration by declaration. Two more tests need
public repositories and are skipped without: FREEWMI_WDS names a checkout (or a git directory) of Microsoft's driver samples,
FREEWMI_DDI one of their reference pages (windows-driver-docs-ddi)."""
import json
import os
import re
import subprocess

import cli
import kit
from cli import Skipped, check, equal, test

THING = """#pragma namespace("\\\\\\\\.\\\\root\\\\wmi")
[WMI, guid("{15D851F2-6539-11D1-A529-00A0C9062910}")]
class Test_Inner { [WmiDataId(1)] uint8 A; [WmiDataId(2)] uint32 B; };
[WMI, Dynamic, Provider("WMIProv"), guid("{15D851F1-6539-11D1-A529-00A0C9062910}")]
class Test_Thing
{
    [key, read] string InstanceName;
    [read] boolean Active;
    [WmiDataId(1), read] uint32 Level;
    [WmiDataId(2), read] Test_Inner One;
    [WmiDataId(3), read] uint16 Count;
    [WmiDataId(4), read, WmiSizeIs("Count")] uint16 Many[];
    [WmiDataId(5), read, MaxLen(4)] string Name;
    [Implemented, WmiMethodId(1)] void Set([in] uint8 How, [out] uint32 Status);
    [Implemented, WmiMethodId(2)] void Reset();
};
"""


def thing(t):
    return ["--mof", t.write("thing.mof", THING)]


def raw(t, argv, data=b"", code=0):
    """Bytes in, bytes out."""
    p = subprocess.run([os.path.join(t.bin, argv[0]), *argv[1:]], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=t.env, check=False)
    equal((p.returncode, p.stderr.decode() if p.returncode != code else ""), (code, ""))
    return p.stdout


# --- check -----------------------------------------------------------------------------------------------

@test
def checks(t):
    out, err = t.run(["wmi", "mof", "check", t.write("good.mof", THING)])
    equal((out, err), ([], ""))
    bad = t.write("bad.mof", THING.replace("WmiDataId(5)", "WmiDataId(6)").replace('"Count"', '"Cout"'))
    out, err = t.run(["wmi", "mof", "check", bad], code=3)
    equal(out, [])
    check(f"{bad}:12:26: error:" in err and "[size-is-unknown]" in err and "did you mean Count?" in err, err)
    check(f"{bad}:13:6: error:" in err and "[data-id-gap]" in err and "2 errors" in err, err)
    lines = t.json(["wmi", "mof", "check", bad], code=3)
    equal([(l["rule"], l["line"]) for l in lines if "rule" in l], [("size-is-unknown", 12), ("data-id-gap", 13)])
    log = json.loads("\n".join(t.run(["wmi", "mof", "check", "--sarif", bad], code=3)[0]))
    equal([r["ruleId"] for r in log["runs"][0]["results"]], ["size-is-unknown", "data-id-gap"])


@test
def warnings_are_no_errors(t):
    _, err = t.run(["wmi", "mof", "check", t.write("x.mof", THING.replace("[read] boolean", "boolean"))])
    check("warning:" in err and "[active-form]" in err, err)


@test
def checks_syntax_first(t):
    _, err = t.run(["wmi", "mof", "check", t.write("x.mof", THING + "class Broken {")], code=3)
    check("x.mof:17:15: error:" in err and "1 error" in err, err)
    t.run(["wmi", "mof", "check", "--syntax", t.write("y.mof", THING.replace("WmiDataId(5)", "WmiDataId(6)"))])
    t.run(["wmi", "mof", "check", t.path("missing.mof")], code=1)
    t.run(["wmi", "mof", "check"], code=2)


@test
def lists_its_rules(t):
    rules = t.json(["wmi", "mof", "check", "--rules"])
    check(len(rules) > 40 and all(r["rule"] and r["summary"] and r["page"] for r in rules))
    with open(os.path.join(kit.SOURCE, "src/mofck/rules.c"), encoding="utf-8") as f:
        equal([r["rule"] for r in rules], re.findall(r'\] = \{\s*"([a-z-]+)"', f.read()))


# --- layout ----------------------------------------------------------------------------------------------

@test
def lays_out(t):
    rows = t.json(["wmi", "mof", "layout", "Test_Thing", *thing(t)])
    data = [r for r in rows if r["block"] == "data"]
    equal([(r["name"], r["offset"], r["size"], r["type"]) for r in data[1:]],
          [("Level", 0, 4, "uint32"), ("One", 4, 8, "Test_Inner"), ("Count", 12, 2, "uint16"), ("Many", 14, None, "uint16[Count]"),
           ("Name", None, None, "string of at most 4")])
    equal((data[0]["size"], data[0]["align"]), (None, 4))
    equal([(r["block"], r["name"], r["offset"]) for r in rows if r["block"] != "data"],
          [("Set in", "Test_Thing", 0), ("Set in", "How", 0), ("Set out", "Test_Thing", 0), ("Set out", "Status", 0)])
    out, _ = t.run(["wmi", "mof", "layout", "test_inner", *thing(t)])
    equal(out[1:], ["data\t1\t0\t1\t1\tuint8\tA", "data\t2\t4\t4\t4\tuint32\tB"])
    _, err = t.run(["wmi", "mof", "layout", "Test_Thign", *thing(t)], code=1)
    check("did you mean Test_Thing?" in err, err)
    _, err = t.run(["wmi", "mof", "layout", "Test_Thing", "--method", "Go", *thing(t)], code=1)
    check("has no method Go" in err, err)


@test
def lays_out_what_derives_from_standard_blocks(t):
    mof = t.write("x.mof", "class Mine : MSStorageDriver_FailurePredictEvent { };\nclass Other : Nowhere { [WmiDataId(1)] uint8 A; };")
    rows = t.json(["wmi", "mof", "layout", "Mine", "--mof", mof])
    check(len(rows) > 1 and rows[1]["id"] == 1, rows)
    _, err = t.run(["wmi", "mof", "layout", "Other", "--mof", mof])
    check("Nowhere" in err and "not known" in err, err)


@test
def says_why_there_is_no_layout(t):
    mof = t.write("x.mof", "class A { [WmiDataId(2)] uint8 X; };")
    _, err = t.run(["wmi", "mof", "layout", "A", "--mof", mof], code=3)
    check("no item has WmiDataId(1)" in err, err)


@test
def asks_the_service(t):
    t.wmid()
    t.run(["wmi", "mof", "compile", t.write("thing.mof", THING)])
    rows = t.json(["wmi", "mof", "layout", "Test_Thing"])
    equal(rows, t.json(["wmi", "mof", "layout", "Test_Thing", *thing(t)]))
    equal(raw(t, ["wmi", "mof", "encode", "Test_Inner", '{"B": 5}']), b"\0\0\0\0\5\0\0\0")
    _, err = t.run(["wmi", "mof", "layout", "Test_Thign"], code=1)
    check("Test_Thing" in err, err)
    t.run(["wmi", "mof", "layout", "Test_Thing", "--socket", t.path("nobody")], code=4)


# --- encode, decode --------------------------------------------------------------------------------------

VALUES = {"Level": 287454020, "One": {"A": 1, "B": 2}, "Count": 2, "Many": [3, 4], "Name": "ab"}
BYTES = bytes.fromhex("44332211 01000000 02000000 0200 0300 0400 0400 6100 6200")


@test
def encodes_and_decodes(t):
    mof = thing(t)
    equal(raw(t, ["wmi", "mof", "encode", "Test_Thing", json.dumps(VALUES), *mof]), BYTES)
    equal(raw(t, ["wmi", "mof", "encode", "Test_Thing", *mof], json.dumps(VALUES).encode()), BYTES)
    del_count = {k: v for k, v in VALUES.items() if k != "Count"}
    equal(raw(t, ["wmi", "mof", "encode", "Test_Thing", json.dumps(del_count), *mof]), BYTES)
    t.run(["wmi", "mof", "encode", "Test_Thing", json.dumps(VALUES), *mof, "-o", t.path("block")])
    with open(t.path("block"), "rb") as f:
        equal(f.read(), BYTES)
    equal(json.loads(raw(t, ["wmi", "mof", "decode", "Test_Thing", t.path("block"), *mof])), VALUES)
    digits = raw(t, ["wmi", "mof", "encode", "Test_Thing", json.dumps(VALUES), "--hex", *mof])
    equal(digits, b"44 33 22 11 01 00 00 00 02 00 00 00 02 00 03 00\n04 00 04 00 61 00 62 00\n")
    equal(json.loads(raw(t, ["wmi", "mof", "decode", "Test_Thing", *mof], digits)), VALUES)
    equal(raw(t, ["wmi", "mof", "encode", "Test_Thing", json.dumps(VALUES), "--fixed", *mof])[-10:], bytes.fromhex("0800 6100 6200 0000 0000"))


@test
def encodes_methods(t):
    mof = thing(t)
    equal(raw(t, ["wmi", "mof", "encode", "Test_Thing", '{"How": 9}', "--method", "Set", *mof]), b"\x09")
    equal(raw(t, ["wmi", "mof", "decode", "Test_Thing", "--method", "set", "--out", *mof], b"\1\0\0\0"), b'{"Status":1}\n')
    _, err = t.run(["wmi", "mof", "encode", "Test_Thing", "{}", "--method", "Reset", *mof], code=3)
    check("the input buffer of Reset is empty" in err, err)
    _, err = t.run(["wmi", "mof", "encode", "Test_Thing", "{}", "--method", "Sat", *mof], code=1)
    check("did you mean Set?" in err, err)
    t.run(["wmi", "mof", "encode", "Test_Thing", "{}", "--out", *mof], code=2)
    t.run(["wmi", "mof", "encode", "Test_Thing", "{}", "--method", "Set", "--in", "--out", *mof], code=2)


@test
def says_what_to_write_instead(t):
    path = thing(t)[1]
    for verb in ("layout", "encode", "decode"):
        if verb == "layout":
            t.run(["wmi", "mof", verb], code=2)
        _, err = t.run(["wmi", "mof", verb, path], code=2)
        equal(err, f"wmi mof {verb}: {path} is a file: name the class, and the file behind --mof")
    _, err = t.run(["wmi", "mof", "layout", "Test_Thing"], code=4)
    check("without --mof FILE" in err, err)
    _, err = t.run(["wmi", "mof", "encode", "Test_Thing", '{"How": 9}', "--mof", path], code=3)
    check("it is a parameter: --method Set" in err, err)
    _, err = t.run(["wmi", "mof", "check", t.write("typo.mof", THING.replace("uint32 Level", "unit32 Level"))])
    check("did you mean uint32?" in err and "1 warning" in err, err)


@test
def tells_what_is_behind_a_block(t):
    mof = ["--mof", t.write("t.mof", "class T { [WmiDataId(1)] uint32 A; };")]
    for data, words in (("01000000", ""), ("0100000000000000", ""), ("0100000000000001", "4 bytes behind the last item, at 4, are not read"),
                        ("0100000005", "1 byte behind the last item, at 4, is not read"), ("01000000" + 8 * "00", "8 bytes behind")):
        p = subprocess.run([os.path.join(t.bin, "wmi"), "mof", "decode", "T", *mof], input=data, capture_output=True, env=t.env, text=True, check=True)
        equal((p.stdout, words in p.stderr, bool(p.stderr)), ('{"A":1}\n', True, bool(words)))
    _, err = t.run(["wmi", "mof", "encode", "T", "--acpi", '[1, "x"]', *mof, "--hex"])
    check("6 bytes behind the last item, at 4, are not read" in err, err)
    equal(t.json(["wmi", "mof", "encode", "T", '{"A": 258}', *mof, "--json"]), [{"bytes": 4, "hex": "02010000"}])


@test
def lays_out_all_classes_of_a_file(t):
    out, _ = t.run(["wmi", "mof", "layout", *thing(t), "--json"])
    equal([json.loads(line)["block"] for line in out if '"id":null' in line], ["data", "data", "Set in", "Set out"])
    equal({json.loads(line)["class"] for line in out}, {"Test_Inner", "Test_Thing"})


@test
def headers_tell_programs_what_is_wrong(t):
    empty = t.write("empty.mof", "class A { uint8 x; };")
    _, err = t.run(["wmi", "mof", "header", empty])
    check("[header-empty]" in err and "1 warning" in err, err)
    out = t.json(["wmi", "mof", "header", empty, "--json", "-o", t.path("empty.h")])
    equal([(o.get("rule"), o.get("level")) for o in out], [("header-empty", "warning"), (None, None)])
    t.run(["wmi", "mof", "header", empty, "--json"], code=2)
    t.run(["wmi", "mof", "check", empty, "--json", "--sarif"], code=2)
    t.run(["wmi", "mof", "header", empty, "--sarif", "-o", "-"], code=2)
    broken = t.write("broken.mof", "[WMI class A {")
    log = json.loads("\n".join(t.run(["wmi", "mof", "header", "--sarif", broken, "-o", t.path("broken.h")], code=3)[0]))
    equal(log["runs"][0]["results"][0]["level"], "error")
    check(not os.path.exists(t.path("broken.h")), "no header")


@test
def refuses_what_does_not_fit(t):
    mof = thing(t)
    for bad, why in (('{"Level": 4294967296}', "Level: 4294967296 is beyond uint32"), ('{"Levle": 1}', "no such item"), ('{"Level": 1', "too early"),
                     ('{"Name": "abcde"}', "MaxLen is 4"), ('{"Count": 1, "Many": [1, 2]}', "has 2 elements, 1 belong there")):
        _, err = t.run(["wmi", "mof", "encode", "Test_Thing", bad, *mof], code=3)
        check(why in err, err)
    for bad, why in ((BYTES[:-1], "needs"), (BYTES[:3], "uint32 Level needs 4 bytes"), (BYTES[:12] + b"\xff\xff", "elements"),
                     (BYTES[:-6] + b"\3\0a\0b\0", "odd length 3")):
        err = subprocess.run([os.path.join(t.bin, "wmi"), "mof", "decode", "Test_Thing", "--raw", *mof], input=bad, capture_output=True, env=t.env, check=False)
        equal(err.returncode, 3)
        check(why in err.stderr.decode(), err.stderr)


@test
def speaks_for_firmware(t):
    block = "44332211 5500 0800 5700 4d00 4900 0000 66 000000 aa998877"
    acpi = '[287454020, {"buffer": "55"}, "WMI", {"buffer": "66"}, 2005440938]'
    equal(raw(t, ["wmi", "mof", "encode", "-", "--acpi", acpi]), bytes.fromhex(block))
    mof = ["--mof", t.write("k.mof", "class K { [WmiDataId(1)] uint32 A; [WmiDataId(2)] uint8 B; [WmiDataId(3)] string C; [WmiDataId(4)] uint8 D; "
                                     "[WmiDataId(5)] uint32 E; };")]
    equal(raw(t, ["wmi", "mof", "encode", "K", "--acpi", acpi, *mof]), bytes.fromhex(block))
    equal(json.loads(raw(t, ["wmi", "mof", "decode", "K", *mof], bytes.fromhex(block))),
          {"A": 0x11223344, "B": 0x55, "C": "WMI", "D": 0x66, "E": 0x778899aa})
    _, err = t.run(["wmi", "mof", "encode", "K", "--acpi", "[1, 2]", *mof], code=3)
    check("K does not read this block" in err, err)
    _, err = t.run(["wmi", "mof", "encode", "-", "--acpi", "[[1]]"], code=3)
    check("inside a package" in err, err)
    equal(raw(t, ["wmi", "mof", "decode", "-", "--acpi"], bytes.fromhex("080057004d0049000000")), b'"WMI"\n')
    for bad in ("0700 5700 4d00 4900 00", "0a00 5700 4d00", "0200 e900", "02"):
        raw(t, ["wmi", "mof", "decode", "-", "--acpi"], bytes.fromhex(bad), code=3)


# --- header ----------------------------------------------------------------------------------------------

def declarations(text):
    """What a header declares: macros, structures by member, GUIDs; blanks do not count."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S).replace("\\\n", " ")
    squeeze = lambda s: re.sub(r"\s+", "", s)
    macros = {m[1]: squeeze(m[2]) for m in re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(.+)$", text, re.M)}
    structures = {}
    for m in re.finditer(r"typedef struct _\w+\s*\{(.*?)\}\s*(\w+)\s*,", text, re.S):
        body = re.sub(r"^[ \t]*#.*$", "", m[1], flags=re.M)
        structures[m[2]] = [squeeze(x) for x in body.split(";") if x.strip()]
    guids = {m[1]: squeeze(m[2]) for m in re.finditer(r"DEFINE_GUID\(\s*(\w+)\s*,(.*?)\)", text, re.S)}
    return macros, structures, guids


def header(t, *argv):
    return "\n".join(t.run(["wmi", "mof", "header", *argv])[0])


@test
def declares_what_wmidata_h_declares(t):
    with open(os.path.join(kit.PREFIX, "share/freewmi/include/mingw/ddk/wmidata.h"), encoding="utf-8") as f:
        theirs = declarations(f.read())
    # Without -u a class with more behind its first item of variable size has VariableData alone; wmidata.h has the rest of none.
    ours = declarations(header(t, os.path.join(kit.SOURCE, "data/mof/wmicore.mof"), "-m"))
    # Its own mistake: the sum of what it does not have, because the item is called otherwise by DefineDataId.
    check("REDBOOK_WMI_PERF_DATA_StreamPausedCount_SIZE" not in theirs[0])
    theirs[0].pop("REDBOOK_WMI_PERF_DATA_SIZE")
    for what, a, b, unknown in zip(("macros", "structures", "GUIDs"), ours, theirs, ([], ["MSSmBios_SMBiosEventlog"], [])):
        common = set(a) & set(b)
        equal([(k, a[k], b[k]) for k in sorted(common) if a[k] != b[k]], [])
        equal(sorted(set(b) - common), unknown)
        t.note(f"{len(common)} of {len(b)} {what} of wmidata.h are declared alike, {len(a) - len(common)} are ours alone")


@test
def headers_compile(t):
    mof = t.write("thing.mof", THING)
    text = header(t, mof, "-m", "-u")
    check("typedef struct _Test_Thing" in text and "Set_IN" in text, text)
    t.run(["wmi", "mof", "header", mof, "-m", "-o", t.path("thingMof.h")])
    with open(t.path("thingMof.h"), encoding="utf-8") as f:
        check(f.read().startswith("#ifndef _thingMof_h_\n"))
    core = os.path.join(kit.SOURCE, "data/mof/wmicore.mof")
    t.run(["wmi", "mof", "header", core, "-m", "-o", t.path("core.h")])
    for base, name, uses in (("ntddk.h", "thingMof.h", "Test_Inner x; ULONG n = sizeof(Test_Thing) + Set_IN_SIZE + Test_Inner_SIZE + Set; const GUID *g = &Test_Thing_GUID;"),
                       ("windows.h", "core.h", "const GUID *g = &MSStorageDriver_FailurePredictEvent_GUID;")):
        source = t.write("x.c", 
                         f"#include <initguid.h>\n#include <{base}>\n"
                         # the SDK has a structure of that name, and so has a class
                         "#define BATTERY_REPORTING_SCALE BATTERY_SCALE_ITEM\n#define PBATTERY_REPORTING_SCALE PBATTERY_SCALE_ITEM\n"
                         f"#include <{name}>\n{uses}\n")
        t.run(["wmi-cc", "-fsyntax-only", "-Wall", "-Werror", "-I", t.dir, source])


STUB = """#include <stddef.h>
typedef unsigned char u8; typedef signed char s8; typedef unsigned short __le16; typedef unsigned int __le32;
typedef unsigned long long __le64;
#define __packed __attribute__((packed))
#define static_assert(e) _Static_assert(e, #e)
"""


@test
def linux_headers_compile(t):
    """The structures of all standard blocks, against a stub of the kernel's types; and offsets against the layout."""
    core = os.path.join(kit.SOURCE, "data/mof/wmicore.mof")
    os.makedirs(t.path("linux"))
    t.write("linux/types.h", STUB)
    t.write("linux/build_bug.h", "")
    t.run(["wmi", "mof", "header", core, "--linux", "-o", t.path("core.h")])
    t.run(["wmi", "mof", "header", t.write("thing.mof", THING), "--linux", "-o", t.path("thing.h")])
    source = t.write("x.c", '#include "thing.h"\n#include "core.h"\n'
                     "_Static_assert(offsetof(struct test_thing, many) == 14, TEST_THING_GUID);\n"
                     "_Static_assert(sizeof(struct test_inner) == 8 && offsetof(struct test_inner, b) == 4, TEST_INNER_GUID);\n"
                     "_Static_assert(TEST_THING_SET_METHOD_ID == 1 && sizeof(struct test_thing_set_in) == 1, TEST_THING_GUID);\n")
    t.run(["/usr/bin/cc", "-fsyntax-only", "-Wall", "-Werror", "-I", t.dir, source])


@test
def refuses_what_makes_no_structure(t):
    bad = t.write("x.mof", THING.replace("class Test_Inner {", "class Test_Inner { [WmiDataId(3)] object C;"))
    _, err = t.run(["wmi", "mof", "header", bad, "-o", t.path("x.h")], code=3)
    check(f"{bad}:3:" in err and "object" in err and not os.path.exists(t.path("x.h")), err)
    t.run(["wmi", "mof", "header", t.path("missing")], code=1)


# --- public repositories ---------------------------------------------------------------------------------

def repository(variable):
    """read(path) and names(directory) of a checkout or a git directory; skips without one."""
    root = os.environ.get(variable)
    if not root:
        raise Skipped(f"{variable} names no repository")
    if os.path.exists(os.path.join(root, "HEAD")) and not os.path.exists(os.path.join(root, ".git")):
        git = lambda *a: subprocess.run(["git", "-C", root, *a], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        return (lambda path: git("show", f"HEAD:{path}"),
                lambda path: git("ls-tree", "--name-only", f"HEAD:{path}").decode().split())

    def read(path):
        with open(os.path.join(root, path), "rb") as f:
            return f.read()
    return read, lambda path: sorted(os.listdir(os.path.join(root, path)))


def sample_header(t, read, mof, *options):
    with open(t.path("sample.mof"), "wb") as f:
        f.write(read(mof))
    return header(t, t.path("sample.mof"), *options)


# Driver samples, the files that use a generated header, the MOF and the switches that their projects give wmimofck.
SAMPLES = [
    ("storage/class/classpnp/src/classlog.mof", ["-u"], "storage/class/classpnp/src", ["classwmi.c"]),
    ("storage/msdsm/src/msdsm.mof", [], "storage/msdsm/src", ["wmi.c"]),
    ("storage/msdsm/src/msdsmdsm.mof", [], "storage/msdsm/src", ["wmi.c"]),
    ("hid/firefly/driver/firefly.mof", [], "hid/firefly/driver", ["wmi.c", "wmi.h", "firefly.h", "vfeature.c"]),
    ("wmi/wmisamp/wmisamp.mof", ["-m"], "wmi/wmisamp", ["WmiHandler.c", "wmisamp.h"]),
    ("general/toaster/toastDrv/kmdf/func/featured/toaster.mof", ["-m"], "general/toaster/toastDrv/kmdf/func/featured", ["wmi.c"]),
    ("general/toaster/toastDrv/kmdf/bus/dynamic/busenum.mof", ["-m"], "general/toaster/toastDrv/kmdf/bus/dynamic", ["wmi.c", "busenum.h"]),
    ("general/toaster/toastDrv/kmdf/bus/static/busenum.mof", ["-m"], "general/toaster/toastDrv/kmdf/bus/static", ["wmi.c", "busenum.h"]),
]


def strip(source):
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(\\.|[^"\\])*"', "", source, flags=re.S)


@test
def declares_what_driver_samples_use(t):
    """All names that begin like a class, structure or method of the MOF, and members of its structures; and the headers compile."""
    read, _ = repository("FREEWMI_WDS")
    uses = 0
    for mof, options, folder, files in SAMPLES:
        text = sample_header(t, read, mof, *options)
        macros, structures, guids = declarations(text)
        declared = set(macros) | set(guids) | set(structures) | {f"P{s}" for s in structures}
        classes = re.findall(r"^// (\w+) - (\w+)$", text, re.M)
        stems = {name for pair in classes for name in pair}
        members = {re.sub(r"\[.*", "", m) for body in structures.values() for m in body}
        source = "\n".join(strip(read(f"{folder}/{name}").decode("latin-1")) for name in files)
        own = set(re.findall(r"#\s*define\s+(\w+)", source)) | set(re.findall(r"^\s*GUID\s+(\w+)\s*=", source, re.M))
        for name in set(re.findall(r"\b\w+\b", source)):
            stem = next((s for s in stems if re.fullmatch(rf"P?{re.escape(s)}(_\w+|Guid)?", name)), None)
            if not stem or name in own or name.endswith("_Index"):
                continue
            check(name in declared, f"{mof}: {name} is not declared")
            uses += 1
        for s in structures:
            for member in re.findall(rf"\(\(\s*P{re.escape(s)}\s*\)\s*\w+\s*\)\s*->\s*(\w+)", source):
                check(any(m.endswith(member) for m in members), f"{mof}: {s} has no member {member}")
                uses += 1
        t.write("x.h", text)
        t.run(["wmi-cc", "-fsyntax-only", "-Wall", "-Werror", t.write("x.c", '#include <ntddk.h>\n#include "x.h"\n')])
    t.note(f"{uses} uses of generated names in {len(SAMPLES)} drivers")
    check(uses > 50, uses)


@test
def declares_what_the_reference_pages_document(t):
    """The members of the iSCSI structures that Windows' own tools made, from their pages."""
    read, _ = repository("FREEWMI_WDS")
    page, pages = repository("FREEWMI_DDI")
    folder = "storage/iscsi/src/"
    ours = {}
    for mof in ("iscsihba.mof", "iscsiprf.mof"):
        ours.update(declarations(sample_header(t, read, folder + mof, "-m", "-u"))[1])
    ours = {k.lower(): v for k, v in ours.items()}
    names = sorted(ours, key=len)
    types = ["ulonglong", "longlong", "boolean", "ushort", "uchar", "wchar", "ulong", "short", "char", "long"]
    seen = different = 0
    for area in ("iscsidef", "iscsimgt", "iscsicfg", "iscsiprf"):
        for name in pages(f"wdk-ddi-src/content/{area}"):
            if not name.startswith("ns-"):
                continue
            text = page(f"wdk-ddi-src/content/{area}/{name}").decode("utf-8", "replace")
            title = re.search(r"^# _?(\w+) structure", text, re.M)[1].lower()
            check(title in ours, f"{title} is documented and not declared")
            fields = [re.match(r"\w+", f)[0].lower() for f in re.findall(r"^### -field (.+)$", text, re.M)]
            members = []
            for m in ours[title]:
                m = m.lower().split("[")[0]
                known = next((x for x in types + names[::-1] if m.startswith(x)), "")
                members.append(m[len(known):])
            seen += 1
            # One page names the members in another order than the MOF numbers them.
            different += members != fields
            equal(sorted(members), sorted(fields))
    t.note(f"{seen} structures have the documented members, {different} in another order")
    check(seen >= 40 and different <= 1)


if __name__ == "__main__":
    cli.main()
