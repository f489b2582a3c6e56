#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""MS-WMIO against another implementation: impacket reads what we write, field by field, and we read what it encodes.

FREEWMI_WMIO_UNITS is the program wmio-units (wmio-units.c), which says as JSON what is in an object; without impacket
all is skipped."""
import math
import struct

from kit import *

try:
    from impacket.dcerpc.v5.dcom import wmi
    from impacket.dcerpc.v5.dcomrt import INTERFACE, OBJREF_CUSTOM
except ImportError:
    wmi = None

UNITS = os.environ.get("FREEWMI_WMIO_UNITS", os.path.join(PREFIX, "obj", "tests", "wmio-units"))
ARRAY, BOOLEAN, OBJECT, STRING, DATETIME, REFERENCE, REAL32 = 0x2000, 11, 13, 8, 101, 102, 4
TEXTS = (STRING, DATETIME, REFERENCE)

MOF = rb"""
class Part { [key] uint32 Number; string Label = "none"; };
class FinePart : Part { real64 Weight; Part Inner; };
[Description("all types") : ToSubclass, Names{"one", "two"}, Levels{1, 2, 3}, Ratio(2.5), Off(FALSE), Size(-7)]
class Root
{
    [key, read, Description("Na\x00efve") : Amended] string Name;
    [write] sint8 S8 = -8; uint8 U8 = 200; sint16 S16 = -300; uint16 U16 = 60000;
    sint32 S32 = -70000; uint32 U32 = 4000000000; sint64 S64 = -5000000000; uint64 U64 = 10000000000000000000;
    real32 R32 = 0.5; real64 R64 = -1.5e300; boolean B = TRUE; boolean NoB = FALSE; char16 C16;
    datetime When = "20260102030405.000006+000"; Part ref Which;
    uint8 Bytes[]; sint64 Longs[4]; string Words[] = {"a", "b"}; boolean Truths[]; datetime Moments[]; Part ref Others[];
    Part Many[];
};
[Locale(1033)]
class Child : Root
{
    [Units("%")] sint32 S32 = -1;
    string Own[]; real32 Reals[]; char16 Chars[];
    [implemented, WmiMethodId(1)] uint32 Do([in, ID(0)] string Text, [in, out, ID(1)] uint32 Counts[], [out, ID(2)] Part Result);
    void Nothing();
    [static] Part Make([in, Optional, ID(0)] Part ref From);
};
class Holder : Child { Part One; object Any; FinePart Fine; };
"""


def mend():
    """impacket takes every value for a reference before it asks for the type: a real breaks it, FFFFFFFFh is None. And it does
    not know arrays that are inherited."""
    theirs = wmi.ENCODED_VALUE.getValue

    def value(kind, entry, heap):
        kind &= ~wmi.Inherited
        if isinstance(entry, float) or (entry == 0xFFFFFFFF and kind in wmi.CIM_NUMBER_TYPES):
            return entry
        return theirs(kind, entry, heap)

    wmi.ENCODED_VALUE.getValue = staticmethod(value)


if wmi:
    mend()


def units(t, *args):
    p = subprocess.run([UNITS, *map(str, args)], capture_output=True, text=True)
    if p.returncode:
        raise Failed(f"wmio-units {args[0]}: status {p.returncode}: {p.stderr}")
    return [json.loads(line) for line in p.stdout.splitlines()]


def written(t, text=MOF):
    """(kind, what is in it, the unit as impacket reads it) for each class of a text."""
    if wmi is None:
        raise Skipped("python3-impacket is not there")
    mof = os.path.join(t.dir, "text.mof")
    with open(mof, "wb") as f:
        f.write(text)
    lines = units(t, "write", t.dir, mof)
    return [(os.path.splitext(line["unit"])[1][1:], line["object"], decoded(line["unit"])) for line in lines]


def decoded(path):
    with open(path, "rb") as f:
        unit = wmi.ENCODING_UNIT(f.read())
    unit["ObjectBlock"].parseObject()
    return unit["ObjectBlock"]


def heap_text(heap, ref):
    return wmi.ENCODED_STRING(heap[ref:])["Character"]


def same_number(t, kind, mine, theirs, where):
    if kind == BOOLEAN:
        t.equal(theirs in (0xFFFF, "True", -1), mine, where)
    elif isinstance(mine, float):
        t.true(math.isclose(mine, theirs, rel_tol=1e-6 if kind == REAL32 else 0), f"{where}: {theirs} for {mine}")
    else:
        t.equal(theirs, mine, where)


def same_value(t, kind, mine, theirs, heap, where):
    """A value as impacket gives it; of arrays of datetimes and references it gives what the slots hold."""
    if mine is None:
        t.true(theirs is None, f"{where}: {theirs!r} for NULL")
    elif kind & ARRAY:
        t.equal(len(theirs), len(mine), f"{where}: elements")
        for i, (a, b) in enumerate(zip(mine, theirs)):
            if kind & ~ARRAY in TEXTS and isinstance(b, int):
                b = heap_text(heap, b)
            same_value(t, kind & ~ARRAY, a, b, heap, f"{where}[{i}]")
    elif kind == OBJECT:
        block = theirs["ObjectBlock"]
        block.parseObject()
        same_object(t, mine, block, where)
    elif kind in TEXTS:
        t.equal(theirs, mine, where)
    else:
        same_number(t, kind, mine, theirs, where)


def same_qualifiers(t, mine, theirs, heap, where):
    t.equal(sorted(k for k in theirs if k not in ("CIMTYPE", "MAX")), sorted(k for k in mine if k not in ("CIMTYPE", "MAX")), f"{where}: qualifiers")
    for name, value in mine.items():
        got = theirs[name]
        if isinstance(value, bool):
            t.equal(got, str(value), f"{where} [{name}]")
        elif isinstance(value, float):
            t.true(isinstance(got, (int, float)), f"{where} [{name}]")
        else:
            t.equal(got, value, f"{where} [{name}]")


def same_properties(t, mine, theirs, heap, where):
    """Names, types, order, qualifiers."""
    t.equal([p["name"] for p in theirs.values()], [p["name"] for p in mine], f"{where}: properties")
    for p in mine:
        got, at = theirs[p["name"]], f"{where}.{p['name']}"
        t.equal(got["type"] & ~wmi.Inherited, p["type"], f"{at}: type")
        t.equal(bool(got["inherited"]), p["inherited"], f"{at}: inherited")
        kind = "object" if p["type"] & ~ARRAY == OBJECT else p["type_name"]
        t.equal(got["qualifiers"]["CIMTYPE"], f"{kind}:{p['class']}" if p["class"] else kind, f"{at}: CIMTYPE")
        t.equal(got["qualifiers"].get("MAX", 0), p["max"], f"{at}: MAX")
        same_qualifiers(t, p["qualifiers"], got["qualifiers"], heap, at)


def same_defaults(t, mine, part, where):
    """impacket prints the defaults of classes as text, whatever NdTable says; so they are read from the table here."""
    theirs, heap = part.getProperties(), part["ClassHeap"]["HeapItem"]
    nd, at = part["NdTable_ValueTable"], (len(mine) + 3) // 4
    for i, p in enumerate(mine):
        layout = wmi.HEAPREF if p["type"] & ARRAY else wmi.CIM_TYPES_REF[p["type"] & ~ARRAY]
        layout = layout[:-2]
        slot = struct.unpack(layout, nd[at:at + struct.calcsize(layout)])[0]
        at += struct.calcsize(layout)
        null = nd[i // 4] >> (i % 4 * 2) & 1
        t.equal(bool(null), p["value"] is None, f"{where}.{p['name']}: has no default")
        if not null:
            value = wmi.ENCODED_VALUE.getValue(p["type"], slot, heap)
            same_value(t, p["type"], p["value"], value, heap, f"default of {where}.{p['name']}")
            if p["type"] not in (BOOLEAN, OBJECT) and not p["type"] & ARRAY and slot > 0:
                t.equal(theirs[p["name"]]["value"], str(value), f"{where}.{p['name']} as impacket's text")


def same_methods(t, mine, part, where):
    theirs, heap = part.getMethods(), part["MethodsPart"]["MethodHeap"]["HeapItem"]
    t.equal(list(theirs), [m["name"] for m in mine], f"{where}: methods")
    for m in mine:
        got, at = theirs[m["name"]], f"{where}.{m['name']}()"
        t.equal(got["origin"], m["origin"], f"{at}: origin")
        same_qualifiers(t, m["qualifiers"], got["qualifiers"], heap, at)
        ins, outs = got["InParams"] or {}, dict(got["OutParams"] or {})
        returned = outs.pop("ReturnValue", None)
        t.equal(returned["type"] if returned else 0, m["returns"], f"{at}: what it returns")
        for which, there in (("in", ins), ("out", outs)):
            same_properties(t, m[which], there, None, f"{at} {which}")


def same_class_part(t, mine, part, where):
    name = " : ".join([mine["class"], *(d + " " for d in mine["derivation"])])
    t.equal(part.getClassName().split(), name.split(), f"{where}: derivation")
    same_qualifiers(t, mine["qualifiers"], part.getQualifiers(), None, where)
    same_properties(t, mine["properties"], part.getProperties(), None, where)


def same_instance(t, mine, block, where):
    instance = block["InstanceType"]
    same_class_part(t, mine, instance["CurrentClass"], where)
    values = instance.getValues(instance["CurrentClass"].getProperties())
    for p in mine["properties"]:
        got = values[p["name"]]
        t.equal(got["null_default"], p["value"] is None, f"{where}.{p['name']}: NULL")
        t.equal(got["inherited_default"], False, f"{where}.{p['name']}: inherited default")
        if p["value"] is not None:
            same_value(t, p["type"], p["value"], got["value"], instance["InstanceHeap"]["HeapItem"], f"{where}.{p['name']}")


def same_definition(t, mine, block, where):
    parent, current = block["ClassType"]["ParentClass"], block["ClassType"]["CurrentClass"]
    t.equal(parent.getClassName().split(" ")[0], mine["derivation"][0] if mine["derivation"] else "None", f"{where}: superclass")
    same_class_part(t, mine, current, where)
    same_defaults(t, mine["properties"], current["ClassPart"], where)
    same_methods(t, mine["methods"], current, where)


def same_object(t, mine, block, where):
    t.equal(block.isInstance(), not mine["is_class"], f"{where}: an instance")
    if block["ObjectFlags"] & 4:
        t.equal((block["Decoration"]["DecServerName"]["Character"], block["Decoration"]["DecNamespaceName"]["Character"]),
                ("MACHINE", mine["namespace"]), f"{where}: decoration")
    (same_definition if mine["is_class"] else same_instance)(t, mine, block, where)


@test
def impacket_reads_our_classes(t):
    seen = 0
    for kind, mine, block in written(t):
        if kind == "class":
            same_object(t, mine, block, mine["class"])
            seen += 1
    t.equal(seen, 5, "classes")


@test
def impacket_reads_our_instances(t):
    seen = 0
    for kind, mine, block in written(t):
        if kind == "instance":
            same_object(t, mine, block, mine["class"])
            t.true(block["ObjectFlags"] & 4, "it has a decoration")
            seen += 1
    t.equal(seen, 5, "instances")


@test
def impacket_reads_the_classes_of_drivers(t):
    """Texts of the corpus, where it is there: what real drivers declare."""
    folder = os.path.join(os.environ.get("FREEWMI_CORPUS", os.path.join(SOURCE, "..", "shared", "corpus")), "mof", "windows-driver-samples")
    texts = [os.path.join(folder, n) for n in ("wmi/wmisamp/wmisamp.mof", "wmi/wmiacpi/acpimof.mof", "storage/iscsi/src/iscsihba.mof",
                                               "storage/iscsi/src/iscsiprf.mof")]
    texts = [p for p in texts if os.path.exists(p)]
    if not texts:
        raise Skipped("the corpus folder is not there")
    for path in texts:
        with open(path, "rb") as f:
            for kind, mine, block in written(t, f.read()):
                same_object(t, mine, block, f"{os.path.basename(path)}: {mine['class']} ({kind})")


# --- what impacket encodes ----------------------------------------------------------------------------------------


def com_object(unit):
    """impacket's object around an encoding unit, without a connection."""
    ref = OBJREF_CUSTOM()
    ref["iid"] = wmi.IID_IWbemClassObject
    ref["clsid"] = wmi.CLSID_WbemClassObject
    ref["cbExtension"] = 0
    ref["ObjectReferenceSize"] = len(unit)
    ref["pObjectData"] = unit
    return wmi.IWbemClassObject(INTERFACE(None, ref.getData(), b"\0" * 16, oxid=0, target="nowhere"))


def object_of(t, name, kind):
    written(t)
    with open(os.path.join(t.dir, f"{name}.{kind}"), "rb") as f:
        return com_object(f.read())


def encoded(t, o, name="unit"):
    """What wmio-units reads from what impacket's object encodes."""
    path = os.path.join(t.dir, name)
    out, sys.stdout = sys.stdout, open(os.devnull, "w")  # its encoder prints each property
    try:
        data = o.marshalMe()["pObjectData"].getData()
    finally:
        sys.stdout = out
    with open(path, "wb") as f:
        f.write(data)
    return units(t, "read", path)[0]["object"]


def value_in(o, name):
    return next(p["value"] for p in o["properties"] if p["name"] == name)


@test
def we_read_what_impacket_encodes(t):
    o = object_of(t, "Child", "class").SpawnInstance()
    numbers = {"S8": -5, "U8": 250, "S16": -1234, "U16": 54321, "S32": -5, "U32": 4294967295, "U64": 2**64 - 1, "R32": 0.25, "R64": 1e100}
    for name, value in numbers.items():
        setattr(o, name, value)
    o.Name, o.B, o.When, o.Which = "a name", True, "20260728153000.123456+120", 'Part.Number=7'
    o.Bytes, o.Longs, o.Chars = [1, 2, 255], [-1, 2**40], [65, 66]
    for name in ("Words", "Truths", "Moments", "Others", "Many", "Own", "Reals"):
        setattr(o, name, None)
    o.S64, o.C16, o.NoB = 5, 66, False
    got = encoded(t, o)
    t.equal((got["class"], got["derivation"], got["namespace"], got["is_class"]), ("Child", ["Root"], "root\\test", False))
    for name, value in {**numbers, "Name": "a name", "B": True, "NoB": False, "When": "20260728153000.123456+120",
                        "Which": "Part.Number=7", "Bytes": [1, 2, 255], "Longs": [-1, 2**40], "Chars": [65, 66], "S64": 5, "C16": 66}.items():
        t.equal(value_in(got, name), value, name)


@test
def what_impacket_leaves_unset_is_the_default_or_null(t):
    """Its encoder swaps the two bits of NdTable: 2 for NULL, 3 for an inherited default; unset numbers are 0."""
    o = object_of(t, "Root", "class").SpawnInstance()
    for name in ("Bytes", "Longs", "Words", "Truths", "Moments", "Others", "Many", "S8"):
        setattr(o, name, None)
    o.C16 = 65
    got = encoded(t, o)
    t.equal(value_in(got, "Name"), None, "a string that was not set")
    t.equal(value_in(got, "When"), "20260102030405.000006+000", "a datetime that was not set has its default")
    t.equal(value_in(got, "U8"), 0, "a number that was not set")
    t.equal([value_in(got, n) for n in ("Bytes", "Many")], [None] * 2, "what was set to NULL")
    t.equal(value_in(got, "S8"), -8, "what was set to NULL and has a default: the other bit says that it is meant")


@test
def impacket_spawns_from_our_class_and_we_read_it_unchanged(t):
    """The spawned unit itself: empty strings in the heap, arrays with a reference of 0."""
    o = object_of(t, "Root", "class").SpawnInstance()
    path = os.path.join(t.dir, "spawned")
    with open(path, "wb") as f:
        f.write(OBJREF_CUSTOM(o.get_objRef())["pObjectData"])
    got = units(t, "read", path)[0]["object"]
    t.equal(value_in(got, "Name"), "", "a string")
    t.equal(value_in(got, "Words"), ["a", "b"], "an array that was not set has its default")
    t.equal((value_in(got, "Bytes"), value_in(got, "Many"), value_in(got, "U32")), (None, None, 0))


@test
def we_read_parameters_as_impacket_sends_them(t):
    """ExecMethod's in-parameters: an instance of __PARAMETERS, strings in UTF-16, no decoration."""
    sent = []

    class Services:
        def ExecMethod(self, path, method, pInParams=None):
            sent.append((path, method, pInParams))

    written(t)
    o = object_of(t, "Child", "class")
    o._IWbemClassObject__iWbemServices = Services()
    o.Do("caf\xe9 \u65e5", [3, 4, 5])
    t.equal(len(sent), 1, "calls")
    path = os.path.join(t.dir, "parameters")
    with open(path, "wb") as f:
        f.write(OBJREF_CUSTOM(sent[0][2].getData())["pObjectData"])
    got = units(t, "read", path)[0]["object"]
    t.equal((got["class"], value_in(got, "Text"), value_in(got, "Counts")), ("__PARAMETERS", "caf\xe9 \u65e5", [3, 4, 5]))


main()
