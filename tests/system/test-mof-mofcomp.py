#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""mofcomp: its switches in each spelling, its words, each of its exit codes."""
import struct

import mofkit
from mofkit import *

THINGS = "#pragma autorecover\nclass Thing { [key] uint32 Id; string Text; };\ninstance of Thing { Id = 1; Text = \"one\"; };\n"
PLAIN = THINGS.replace("#pragma autorecover\n", "")


def mofcomp(t, status, *arguments, says=(), **more):
    """It ends so and says each of these, on either output."""
    p = t.run("mofcomp", *arguments, status=status, **more)
    text = "\n".join(p.out + p.err)
    for words in says:
        t.true(words in text, f"{words!r} is not in {text!r}")
    return p


@test
def it_is_the_same_program(t):
    t.equal(os.readlink(os.path.join(PREFIX, "bin", "mofcomp")), "wmi")
    os.symlink(program("wmi"), t.path("MofComp.exe"))
    t.run(t.path("MofComp.exe"), "-?")


@test
def done_is_0(t):
    t.write("a.mof", THINGS)
    p = mofcomp(t, 0, "-check", "a.mof")
    t.equal(p.out[1:], ["Parsing MOF file: a.mof", "MOF file has been successfully parsed"])
    t.equal(p.err, [])
    p = mofcomp(t, 0, "-B:a.bmf", "a.mof")
    size = int.from_bytes(read(t.path("a.bmf"))[12:16], "little")
    t.equal(p.out[-2:], [f"Binary mof file a.bmf expanded to {size} bytes", "Done!"])
    t.ok("compile", "a.mof", "-B", "b.bmf")
    t.equal(read(t.path("a.bmf")), read(t.path("b.bmf")))
    t.service()
    p = mofcomp(t, 0, "a.mof")
    t.equal(p.out[-2:], ["Storing data in the repository...", "Done!"])
    t.equal(p.err, [])
    t.run("wmi", "get", "Thing.Id=1")


@test
def semantic_is_1(t):
    t.write("a.mof", THINGS)
    mofcomp(t, 1, "a.mof", says=["no service listens there"])
    mofcomp(t, 1, "none.mof", says=["none.mof: error: No such file or directory"])
    mofcomp(t, 1, "-B:none/a.bmf", "a.mof", says=["none/a.bmf: error: No such file"])
    mofcomp(t, 1, r"-N:\\elsewhere\root", "a.mof", says=["elsewhere is another computer"])
    t.service()
    t.write("b.mof", "class B : Nowhere { uint32 x; };\n")
    mofcomp(t, 1, "b.mof", says=["b.mof (1): error WMI 0X8004", "Compiler returned error 0x8004"])


@test
def wrong_switches_are_2(t):
    t.write("a.mof", THINGS)
    for arguments, says in (
            ((), "which MOF file?"),
            (("-foo", "a.mof"), "there is no switch -foo"),
            (("-check", "-N:root", "a.mof"), "no other switch goes with -check"),
            (("/WMI", "a.mof"), "-WMI needs -B"),
            (("-MOF:x", "a.mof"), "-MOF and -MFL go together"),
            (("-AMENDMENT:MS_409", "a.mof"), "-AMENDMENT needs -MOF and -MFL"),
            (("-L:409", "a.mof"), "-L says which language"),
            (("-ER:X", "-WMI", "-B:x", "a.mof"), "-ER takes binary MOF as it is"),
            (("-class:never", "a.mof"), "-class takes"),
            (("-instance:safeupdate", "a.mof"), "-class takes"),
            (("-class:updateonly", "-class:createonly", "a.mof"), "-class is given twice"),
            (("-B", "a.mof"), "-B wants a value"),
            (("-B:", "a.mof"), "-B wants a value"),
            (("-check:1", "a.mof"), "-check takes no value"),
            (("a.mof", "b.mof"), "one MOF file at a time"),
            ((r"-N:root\\x", "a.mof"), "-N:"),
            (("-B:" + "x" * 5000, "a.mof"), "too long")):
        p = mofcomp(t, 2, *arguments, says=[says])
        t.true(p.err[-1].endswith("mofcomp -? lists the switches") if "-N" not in says else True, str(p.err))
    t.write("m.mof", '#pragma amendment("MS_409")\nclass A { [key] uint32 x; };\n')
    mofcomp(t, 2, "m.mof", says=["it needs -MOF and -MFL"])


@test
def syntax_errors_are_3(t):
    t.write("bad.mof", "class A {\n  uint32 x\n};\n")
    p = mofcomp(t, 3, "-check", "bad.mof")
    t.equal(p.out[1:], ["Parsing MOF file: bad.mof", p.out[2], "    };", "    ^", *p.out[5:-2],
                        "Compiler returned error 0x80044002", "1 error, 0 warnings"])
    t.true(p.out[2].startswith("bad.mof (3): error SYNTAX 0X80044002: "), p.out[2])
    mofcomp(t, 3, "bad.mof")
    t.write("x.bmf", "old")
    mofcomp(t, 3, "-B:x.bmf", "bad.mof")
    t.equal(read(t.path("x.bmf")), b"old", "nothing is written")
    t.write_bytes("cut.bmf", b"FOMB\1\0\0\0\x20\0\0\0\x40\0\0\0DS")
    mofcomp(t, 3, "cut.bmf")


@test
def forbidden_is_wmis_number(t):
    t.write("a.mof", PLAIN)
    t.service()
    mofcomp(t, 1, "-class:updateonly", "a.mof", says=["Compiler returned error 0x80041002"])  # a byte that means something else
    mofcomp(t, 0, "a.mof")
    t.write("a.mof", PLAIN.replace("one", "two"))
    mofcomp(t, 0x19, "-class:createonly", "a.mof", says=["Compiler returned error 0x80041019"])
    mofcomp(t, 0x19, "-Instance:CreateOnly", "a.mof", says=["Compiler returned error 0x80041019"])
    t.equal(t.run("wmi", "get", "Thing.Id=1", "--json").json()[0]["properties"]["Text"], "one")
    mofcomp(t, 0, "-instance:updateonly", "-class:updateonly", "a.mof")
    t.equal(t.run("wmi", "get", "Thing.Id=1", "--json").json()[0]["properties"]["Text"], "two")


@test
def switches_in_each_spelling(t):
    os.makedirs(t.path("Out/Debug"))
    t.write("Driver.mof", THINGS)
    for i, (b, mof) in enumerate((("-B:{}", "Driver.mof"), ("/b:{}", r".\driver.MOF"), ("-b:{}", r".\Driver.mof"),
                                  ("/B:{}", t.path("Driver.mof")))):
        out = rf".\out\Debug\x{i}.bmf"
        mofcomp(t, 0, b.format(out), mof)
        t.true(os.path.exists(t.path(f"Out/Debug/x{i}.bmf")), f"{out} is written")
    mofcomp(t, 0, "Driver.mof", "-B:behind.bmf")
    mofcomp(t, 0, "/CHECK", "Driver.mof")
    os.makedirs(t.path("b"))
    t.write("b/check", THINGS)
    mofcomp(t, 0, "-check", t.path("b/check"))  # a path begins with a slash, too
    p = mofcomp(t, 0, "/?")
    for switch in ("check", "N:", "class:", "instance:", "B:", "WMI", "P:", "U:", "A:", "MOF:", "MFL:", "AMENDMENT:", "ER:", "L:",
                   "autorecover"):
        t.true(any(f"-{switch}" in line for line in p.out), f"-{switch} in the summary")


@test
def autorecover(t):
    t.service()
    t.write("a.mof", PLAIN)
    warning = "WARNING: File a.mof does not contain #PRAGMA AUTORECOVER."
    mofcomp(t, 0, "a.mof", says=[warning])
    p = mofcomp(t, 0, "-autorecover", "a.mof", says=["-autorecover is not used"])
    t.true(warning not in p.out, "the switch says it")
    t.write("b.mof", THINGS)
    p = mofcomp(t, 0, "b.mof")
    t.true(not any("WARNING" in line for line in p.out), "the text says it")
    p = mofcomp(t, 0, "-check", "a.mof")
    t.true(not any("WARNING" in line for line in p.out), "nothing is stored")


@test
def namespaces(t):
    t.service()
    t.write("a.mof", PLAIN)
    mofcomp(t, 0, r"-N:root\one", "a.mof")
    t.run("wmi", "get", r"\\.\root\one:Thing.Id=1")
    mofcomp(t, 0, r"/n:\\.\root\two", "a.mof")
    t.run("wmi", "get", r"\\.\root\two:Thing.Id=1")
    t.write("b.mof", '#pragma namespace("\\\\\\\\.\\\\root\\\\three")\n' + PLAIN)
    mofcomp(t, 0, "-N:root/one", "b.mof")
    t.run("wmi", "get", r"\\.\root\three:Thing.Id=1")
    mofcomp(t, 0, r"-N:root\wmi", "-B:n.bmf", "a.mof")
    t.true(b"FOMB" == read(t.path("n.bmf"))[:4], "binary MOF")


@test
def rules_for_drivers(t):
    mof = example("toaster/toaster.mof")
    mofcomp(t, 0, "-WMI", r"-B:.\t.bmf", mof)
    t.write("odd.mof", read_text(mof).replace("WmiDataId(1)", "WmiDataId(7)"))
    mofcomp(t, 3, "-wmi", "-B:t.bmf", "odd.mof", says=["odd.mof (", "error"])
    t.true(not os.path.exists(t.path("t.bmf")), "it is deleted")


@test
def masters_are_split(t):
    t.write("m.mof", 'class Master { [key, Description("Its name") : Amended] string Name; };\n')
    mofcomp(t, 0, "-Amendment:ms_409", r"-MFL:.\MFL.MFL", r"-MOF:.\MOF.MOF", "m.mof", says=["MOF.MOF", "MFL.MFL"])
    t.true("Its name" not in read_text(t.path("MOF.MOF")) and "Its name" in read_text(t.path("MFL.MFL")), "it is split")
    t.write("both.mof", read_text(t.path("MOF.MOF")) + read_text(t.path("MFL.MFL")))
    mofcomp(t, 0, "-B:both.bmf", "both.mof")
    mofcomp(t, 3, "-Amendment:german", "-MFL:a", "-MOF:b", "m.mof")


@test
def account_switches_are_told(t):
    t.service()
    t.write("a.mof", THINGS)
    p = mofcomp(t, 0, "-U:me", "-P:hush", "-A:home", "a.mof", says=["-U, -P and -A are not used"])
    t.true("hush" not in "\n".join(p.out + p.err), "a password is not repeated")


def pe(resources):
    """The least of a PE file: one section with the resources {(type, name, language): bytes}; names are upper case."""
    names, data = b"", []
    tree = {}
    for (kind, name, language), blob in resources.items():
        tree.setdefault(kind, {}).setdefault(name, {})[language] = blob
    count = lambda entries: 16 + 8 * len(entries)
    tables = count(tree) + sum(count(n) + sum(count(l) for l in n.values()) for n in tree.values())
    leaves = 16 * sum(len(l) for n in tree.values() for l in n.values())
    name_at = tables + leaves
    strings = {}
    for s in sorted({k for k in tree} | {n for k in tree.values() for n in k}):
        strings[s] = name_at + len(names)
        names += struct.pack("<H", len(s)) + s.encode("utf-16-le")
    names += b"\0" * (-len(names) % 8)
    blob_at = name_at + len(names)
    rva = 0x1000
    out, later, at = b"", [], count(tree)
    for kind in sorted(tree):
        later.append((at, tree[kind]))
        at += count(tree[kind])
    out += struct.pack("<IIHHHH", 0, 0, 0, 0, len(tree), 0)
    for kind, (place, _) in zip(sorted(tree), later):
        out += struct.pack("<II", strings[kind] | 0x80000000, place | 0x80000000)
    level3, leaf = [], tables
    for _, children in later:
        out += struct.pack("<IIHHHH", 0, 0, 0, 0, len(children), 0)
        for name in sorted(children):
            out += struct.pack("<II", strings[name] | 0x80000000, at | 0x80000000)
            level3.append(children[name])
            at += count(children[name])
    for children in level3:
        out += struct.pack("<IIHHHH", 0, 0, 0, 0, 0, len(children))
        for language in sorted(children):
            out += struct.pack("<II", language, leaf)
            data.append(children[language])
            leaf += 16
    blobs = b""
    for blob in data:
        out += struct.pack("<IIII", rva + blob_at + len(blobs), len(blob), 0, 0)
        blobs += blob + b"\0" * (-len(blob) % 8)
    section = out + names + blobs
    section += b"\0" * (-len(section) % 512)
    optional = struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20B, 0, 0, 0, 0, 0, 0, 0, 0x10000, 0x1000, 0x200, 0, 0, 0, 0, 5, 2,
                           0, 0x3000, 0x200, 0, 1, 0, 0, 0, 0, 0, 0, 16)
    directories = [(0, 0)] * 16
    directories[2] = (rva, len(section))
    optional += b"".join(struct.pack("<II", *d) for d in directories)
    header = b"MZ" + b"\0" * 58 + struct.pack("<I", 64) + b"PE\0\0"
    header += struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, len(optional), 0x2022) + optional
    header += b".rsrc\0\0\0" + struct.pack("<IIIIIIHHI", len(section), rva, len(section), 0x200, 0, 0, 0, 0, 0x40000040)
    return header + b"\0" * (0x200 - len(header)) + section


@test
def resources_of_drivers(t):
    for name in ("one", "two", "three"):
        t.write(f"{name}.mof", f"class {name.title()} {{ [key] uint32 Id; }};\n")
        t.ok("compile", f"{name}.mof", "-B", f"{name}.bmf")
    t.write_bytes("driver.sys", pe({("MOFDATA", "FIRST", 0x409): read(t.path("one.bmf")),
                                    ("MOFDATA", "FIRST", 0x407): read(t.path("two.bmf")),
                                    ("MOFDATA", "SECOND", 0x409): read(t.path("three.bmf"))}))
    for switches, wanted in ((("-ER:Second",), "three"), (("-ER", "SECOND"), "three"), (("-ER:first", "-L:407"), "two"),
                             (("/er:FIRST", "/l:MS_409"), "one")):
        mofcomp(t, 0, *switches, "-B:out.bmf", "driver.sys")
        t.equal(read(t.path("out.bmf")), read(t.path(f"{wanted}.bmf")), str(switches))
    mofcomp(t, 1, "-ER:THIRD", "-B:out.bmf", "driver.sys", says=["no resource THIRD of type MOFDATA"])
    mofcomp(t, 1, "-ER:FIRST", "-L:40c", "-B:out.bmf", "driver.sys", says=["no resource FIRST, language 40c"])
    t.service()
    mofcomp(t, 0, "-ER:SECOND", "driver.sys")
    t.run("wmi", "show", "Three")


main()
