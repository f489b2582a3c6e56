#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The standard blocks (data/mof/wmicore.mof) against the structures of mingw-w64's ddk/wmidata.h.

The header is read for names alone. What a name stands for (sizeof, offsetof, GUIDs, the _ID and _SIZE macros) comes from a
program that wmi-cc compiles from it, so types have the sizes that drivers see. FREEWMI_BLOCK_LAYOUTS is the program
block-layouts (block-layouts.c), which says the same of our classes.

tests/conformance/wmidata/reasons.txt holds what does not match and why; a reason that holds no longer is an error too."""
import collections
import re
import uuid

from kit import *

HEADER = os.path.join(PREFIX, "share/freewmi/include/mingw/ddk/wmidata.h")
REASONS = os.path.join(SOURCE, "tests/conformance/wmidata/reasons.txt")
LAYOUTS = os.environ.get("FREEWMI_BLOCK_LAYOUTS", os.path.join(PREFIX, "obj", "tests", "block-layouts"))
OPTIONS = ["-O0", *(["-fsanitize=address,undefined"] if SANITIZED else [])]
# wmidata.h names the items of these two otherwise than their structures.
OTHER_IDS = {"REDBOOK_WMI_STD_DATA", "REDBOOK_WMI_PERF_DATA"}

Field = collections.namedtuple("Field", "name offset bytes id")
Structure = collections.namedtuple("Structure", "sizeof bytes fields of")


class Header:
    """What wmidata.h names."""

    def __init__(self, text):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
        bodies = dict(re.findall(r"^#define (\w+)[ \t]+(\S.*)$", text, re.M))
        self.macros = set(bodies)
        # The header's own mistakes: a _SIZE that is the sum of what there is not.
        self.broken = {name for name, body in bodies.items()
                       if name.endswith("_SIZE") and any(w not in bodies for w in re.findall(r"\w+_SIZE\b", body))}
        self.guid_macros = re.findall(r"^#define (\w+)[ \t]+\{ *0x", text, re.M)
        self.guids = re.findall(r"^DEFINE_GUID\((\w+),", text, re.M)
        self.structures = {}
        for tag, body, name in re.findall(r"typedef struct (\w+) \{(.*?)\} (\w+), *\*\w+;", text, re.S):
            body = re.sub(r"^\s*#.*$", "", body, flags=re.M)
            fields = [re.fullmatch(r"\w+\s+(\w+)\s*(\[.*\])?", f.strip()) for f in body.split(";") if f.strip()]
            if not all(fields):
                raise Failed(f"{name} ({tag}) has a member that this test cannot read")
            self.structures[name] = [(f[1], f[2] or "") for f in fields]
        known = text.count("typedef struct ")
        if known != len(self.structures):
            raise Failed(f"{known} structures in the header, {len(self.structures)} read")

    def probe(self):
        """C that prints what the names stand for."""
        c = ["#include <initguid.h>", "#include <ntddk.h>", "#include <stddef.h>", "#include <stdio.h>", "#include <wmidata.h>",
             "static void guid(const char *name, const GUID *g)", "{", "        const UCHAR *b = (const UCHAR *)g;",
             '        printf("G %s ", name);', "        for (int i = 0; i < 16; i++)", '                printf("%02x", b[i]);',
             '        printf("\\n");', "}", "int main(void)", "{"]
        for name, fields in self.structures.items():
            size = "-2" if f"{name}_SIZE" in self.broken else f"(int)({name}_SIZE)" if f"{name}_SIZE" in self.macros else "-1"
            c.append(f'        printf("S {name} %d %d -\\n", (int)sizeof({name}), {size});')
            for field, _ in fields:
                one = f"{name}_{field}"
                size = f"(int)({one}_SIZE)" if f"{one}_SIZE" in self.macros else "-1"
                number = f"(int){one}_ID" if f"{one}_ID" in self.macros else "-1"
                c.append(f'        printf("F {name} {field} %d %d %d %d\\n", (int)offsetof({name}, {field}), {size}, '
                         f"{number}, (int)sizeof((({name} *)0)->{field}));")
        for macro in self.guid_macros:
            c.append(f'        {{ static const GUID g = {macro}; guid("{macro}", &g); }}')
        c += [f'        guid("{name}", &{name});' for name in self.guids]
        return "\n".join([*c, "        return 0;", "}", ""])


def read_lines(lines):
    """(structures, GUIDs by name) as the probe and block-layouts print them."""
    structures, fields, guids, classes = {}, collections.defaultdict(list), {}, {}
    for line in lines:
        kind, *w = line.split()
        if kind == "F":
            fields[w[0]].append(Field(w[1], int(w[2]), int(w[3]), int(w[4])))
        elif kind == "S":
            structures.setdefault(w[0], []).append(Structure(int(w[1]), int(w[2]), None, w[3]))
        elif kind == "G":
            guids[w[0]] = str(uuid.UUID(bytes_le=bytes.fromhex(w[1])))
        elif kind == "C":
            classes[w[0]] = w[1:]
    return {n: s[0]._replace(fields=fields[n]) for n, s in structures.items()}, guids, classes


def compare_fields(name, theirs, ours):
    """Why the items of a structure are not ours; None: they are."""
    for n, f in enumerate(theirs):
        if n >= len(ours):
            return f"{f.name} is missing"
        g = ours[n]
        variable = f.name == "VariableData"  # what stands there has no name of its own in C
        if g.name != f.name and not variable:
            return f"{f.name}: ours is called {g.name}"
        if g.offset != f.offset:
            return f"{f.name}: offset {f.offset}, ours {g.offset}"
        if g.bytes != f.bytes and name not in OTHER_IDS:
            return f"{f.name}: {f.bytes} bytes, ours {g.bytes}"
        if f.id not in (-1, g.id):
            return f"{f.name}: item {f.id}, ours {g.id}"
    more = [g for g in ours[len(theirs):] if not (theirs and theirs[-1].name == "VariableData")]
    return f"{more[0].name} is ours alone" if more else None


def compare(name, theirs, ours):
    if name not in ours:
        return "no class or method has this block"
    mine = ours[name]
    why = compare_fields(name, theirs.fields, mine.fields)
    if why:
        return why
    if mine.sizeof != theirs.sizeof:
        return f"sizeof {theirs.sizeof}, ours {mine.sizeof}"
    if theirs.bytes not in (-2, mine.bytes):
        return f"{theirs.bytes} bytes by its _SIZE, ours {mine.bytes}"
    return None


def read_reasons():
    reasons = {}
    with open(REASONS, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, _, why = line.strip().partition(": ")
                if name in reasons or not why:
                    raise Failed(f"reasons.txt: {line.strip()}")
                reasons[name] = why
    return reasons


class Both:
    """The header and our classes, read once."""
    header = theirs = guids = ours = classes = None

    @classmethod
    def read(cls, t):
        if not os.path.exists(HEADER):
            raise Skipped(f"there is no {HEADER}: mingw-w64's headers are not installed")
        if cls.header:
            return
        with open(HEADER, encoding="latin-1") as f:
            header = Header(f.read())
        source = os.path.join(t.dir, "probe.c")
        with open(source, "w", encoding="ascii") as f:
            f.write(header.probe())
        t.run("wmi-cc", *OPTIONS, "-o", os.path.join(t.dir, "probe"), source)
        cls.theirs, cls.guids, _ = read_lines(t.run(os.path.join(t.dir, "probe")).out)
        cls.ours, _, cls.classes = read_lines(t.run(LAYOUTS).out)
        cls.header = header


@test
def structures_match(t):
    Both.read(t)
    reasons, wrong, different = read_reasons(), [], []
    for name, theirs in Both.theirs.items():
        why = compare(name, theirs, Both.ours)
        if why:
            different.append(name)
            t.note(f"{name}: {why}; {reasons.get(name, 'NO REASON IS GIVEN')}")
        if why and name not in reasons:
            wrong.append(f"{name}: {why}")
        if not why and name in reasons:
            wrong.append(f"{name}: matches, yet reasons.txt says: {reasons[name]}")
    wrong += [f"{name}: of reasons.txt is not in the header" for name in reasons if name not in Both.theirs]
    for name in Both.header.broken:
        t.note(f"{name} does not compile: the header's mistake; everything else of its structure is compared")
    t.note(f"{len(Both.theirs) - len(different)} of {len(Both.theirs)} structures match")
    t.true(len(Both.theirs) >= 395, f"{len(Both.theirs)} structures were read of 395")
    t.true(not wrong, "\n".join(wrong))


@test
def guids_match(t):
    """Each class that the header names is there with its GUID; each GUID macro has the class that GuidName1 or its name says."""
    Both.read(t)
    wrong, macros = [], {}
    for name, (_, guid, macro, _) in Both.classes.items():
        macros[macro if macro != "-" else name + "Guid"] = guid.strip("{}")
    for name in Both.header.guids:
        klass = re.sub(r"(_GUID|Guid)$", "", name)
        mine = Both.classes.get(klass, ["", "no such class"])[1].strip("{}")
        if mine != Both.guids[name]:
            wrong.append(f"{name}: {Both.guids[name]}, ours {mine}")
    for macro in Both.header.guid_macros:
        if macros.get(macro) != Both.guids[macro]:
            wrong.append(f"{macro}: {Both.guids[macro]}, ours {macros.get(macro, 'none')}")
    t.note(f"{len(Both.header.guids)} classes of the header are there with their GUIDs")
    t.true(not wrong, "\n".join(wrong))


@test
def the_header_of_our_classes_is_the_same(t):
    """What wmi mof header writes for our classes compiles to the same numbers as the distribution's header."""
    Both.read(t)
    t.run("wmi", "mof", "header", "-m", "-o", os.path.join(t.dir, "wmidata.h"), os.path.join(SOURCE, "data/mof/wmicore.mof"))
    probe = Header.__new__(Header)
    probe.__dict__.update(Both.header.__dict__)
    probe.structures = {n: f for n, f in Both.header.structures.items() if n not in read_reasons()}
    source = os.path.join(t.dir, "probe.c")
    with open(source, "w", encoding="ascii") as f:
        f.write(probe.probe())
    said = []
    for options in (), ("-I" + t.dir,):
        t.run("wmi-cc", *OPTIONS, *options, "-o", os.path.join(t.dir, "probe"), source)
        said.append(t.run(os.path.join(t.dir, "probe")).out)
    t.note(f"{len(said[0])} numbers and GUIDs are the same with the header that wmi mof header writes")
    t.equal([f"{a} / {b}" for a, b in zip(*said) if a != b], [])
    t.equal(len(said[0]), len(said[1]))


@test
def differences_are_found(t):
    """The comparison sees each kind of difference."""
    a = Structure(8, 8, [Field("A", 0, 4, 1), Field("B", 4, 4, 2)], "C")
    t.equal(compare("X", a, {"X": a}), None)
    for broken in (a._replace(sizeof=12), a._replace(bytes=-1), a._replace(fields=a.fields[:1]),
                   a._replace(fields=[*a.fields, Field("D", 8, 4, 3)]), a._replace(fields=[a.fields[1], a.fields[0]]),
                   *(a._replace(fields=[a.fields[0], a.fields[1]._replace(**change)])
                     for change in ({"name": "b"}, {"offset": 6}, {"bytes": 2}, {"id": 3}))):
        t.true(compare("X", a, {"X": broken}), f"{broken} passed")
    t.true(compare("X", a, {}), "a structure without a class passed")


main()
