#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wmimofck: its switches in each spelling, the rules before the header, each of its exit codes."""
import mofkit
from mofkit import *

CLASS = """[WMI, Dynamic, Provider("WMIProv"), guid("{{5c3b4a1e-7d20-4f6b-9a11-0123456789ab}}")]
class Vendor_Thing {{
  [key, read] string InstanceName;
  [read] boolean Active;
  [WmiDataId(1), read] uint32 Count;
  [WmiDataId({0}), read, WmiSizeIs("Count")] uint32 Each[];
  [WmiDataId(3), read] uint16 Last;
  [WmiMethodId(1), Implemented] void Set([in, id(0)] uint32 Level);
}};
"""
GOOD, BROKEN = CLASS.format(2), CLASS.format(4)
NOT_PROVIDED = "cCtTwWyYzZ"


def wmimofck(t, status, *arguments, says=(), **more):
    """It ends so and says each of these on standard error."""
    p = t.run("wmimofck", *arguments, status=status, **more)
    text = "\n".join(p.err)
    for words in says:
        t.true(words in text, f"{words!r} is not in {text!r}")
    return p


def inputs(t):
    """The same classes as text and as binary MOF."""
    t.write("thing.mof", GOOD)
    t.ok("compile", "thing.mof", "-B", "thing.bmf")
    return "thing.bmf", "thing.mof"


def same(t, a, b):
    t.equal(read(t.path(a)), read(t.path(b)), f"{a} and {b}")


@test
def it_is_the_same_program(t):
    t.equal(os.readlink(os.path.join(PREFIX, "bin", "wmimofck")), "wmi")
    os.symlink(program("wmi"), t.path("WmiMofCk.exe"))
    for switch in ("-?", "/?"):
        p = t.run(t.path("WmiMofCk.exe"), switch)
        t.true(p.out[0].startswith("usage: wmimofck "), p.out[0])
    os.symlink(program("wmi"), t.path("wmimofck2"))
    t.true("usage: wmi VERB" in t.run(t.path("wmimofck2"), status=2).err[0], "a longer name is another one")


@test
def writes_what_wmi_mof_header_writes(t):
    os.mkdir(t.path("wmi"))
    for file in inputs(t):
        texts = set()
        for switches in ((), ("-m",), ("-u",), ("-m", "-u")):
            p = wmimofck(t, 0, "-hthing.h", *switches, "-xthing.x", file)
            t.equal((p.out, p.err), ([], []))
            t.ok("header", file, *switches, "-o", "wmi/thing.h", "-x", "wmi/thing.x")
            same(t, "thing.h", "wmi/thing.h")
            same(t, "thing.x", "wmi/thing.x")
            texts.add(read(t.path("thing.h")))
        t.equal(len(texts), 4, "each switch says something")
    t.equal("\n".join(wmimofck(t, 0, "-h-", "-m", "-u", "thing.bmf").out), "\n".join(t.ok("header", "thing.bmf", "-m", "-u").out))


@test
def each_output_alone(t):
    inputs(t)
    wmimofck(t, 0, "-hx.h", "-m", "-u", "thing.bmf")
    t.equal(os.path.exists(t.path("x.x")), False)
    os.remove(t.path("x.h"))
    wmimofck(t, 0, "-xx.x", "thing.bmf")
    t.equal(os.path.exists(t.path("x.h")), False)
    numbers = bytes(int(n, 16) for n in re.findall(r"0x([0-9a-fA-F]{2})", read_text(t.path("x.x"))))
    t.equal(numbers, read(t.path("thing.bmf")))


@test
def spellings(t):
    inputs(t)
    os.makedirs(t.path("Out", "Debug"))
    t.ok("header", "thing.bmf", "-m", "-u", "-o", "x.h")
    wanted = read(t.path("x.h"))
    for arguments in (("/hx.h", "/m", "/u", "thing.bmf"), ("thing.bmf", "-U", "-M", "-Hx.h"), ("-u", ".\\THING.bmf", "-hx.h", "/M"),
                      ("-hx.h", "-hx.h", "-m", "-m", "-u", t.path("thing.bmf")), ("-h.\\out\\debug\\x.h", "-m", "-u", "thing.bmf"),
                      ("/hout\\Debug\\x.h", "/m", "/u", "thing.bmf"), ("-hOut/Debug/x.h", "-m", "-u", "thing.bmf"),
                      (f"-h{t.path('x.h')}", "-m", "-u", "thing.bmf")):
        out = t.path("Out/Debug/x.h") if "ebug" in "".join(arguments) else t.path("x.h")
        if os.path.exists(out):
            os.remove(out)
        wmimofck(t, 0, *arguments)
        t.equal(read(out), wanted, str(arguments))
    t.equal(os.listdir(t.path("Out", "Debug")), ["x.h"])


@test
def without_outputs_it_only_checks(t):
    before = None
    for file in inputs(t):
        before = before or sorted(os.listdir(t.dir))
        wmimofck(t, 0, file, says=[f"{file} keeps the rules; nothing is written without -h or -x"])
        wmimofck(t, 0, file, "-m", "-u", says=["nothing is written without -h or -x"])
    t.equal(sorted(os.listdir(t.dir)), before)


@test
def a_broken_rule_is_3_and_writes_nothing(t):
    t.write("thing.mof", BROKEN)
    t.ok("compile", "thing.mof", "-B", "thing.bmf")
    rules = set(re.findall(r"\[[a-z-]+\]", "\n".join(t.mof("check", "thing.mof", status=3).err)))
    t.true(rules, "there are findings")
    for file in ("thing.bmf", "thing.mof"):
        wmimofck(t, 3, "-hx.h", "-m", "-u", "-xx.x", file, says=[f"nothing is written: {file} has errors", *rules])
        wmimofck(t, 3, file, says=rules)
        t.ok("header", file, "-o", "by-wmi.h")  # the rules are what is in the way
    t.equal([n for n in os.listdir(t.dir) if n in ("x.h", "x.x")], [])
    t.write("x.h", "old")
    wmimofck(t, 3, "-hx.h", "thing.bmf")
    t.equal(read(t.path("x.h")), b"old", "the old one is still there")


@test
def a_warning_is_no_obstacle(t):
    t.write("thing.mof", GOOD.replace("[key, read]", "[key]"))
    p = wmimofck(t, 0, "-hx.h", "thing.mof", says=["warning: "])
    t.true("error: " not in "\n".join(p.err), str(p.err))
    t.true(os.path.exists(t.path("x.h")), "the header is there")


@test
def errors_of_the_file_are_3(t):
    t.write("bad.mof", GOOD.replace("uint32 Count;", "uint32 Count"))
    wmimofck(t, 3, "-hx.h", "bad.mof", says=["bad.mof:6:", "nothing is written: bad.mof has errors"])
    t.write_bytes("cut.bmf", b"FOMB\1\0\0\0\x20\0\0\0\x40\0\0\0DS")
    wmimofck(t, 3, "-hx.h", "-xx.x", "cut.bmf", says=["cut.bmf"])
    t.write("empty.mof", "")
    wmimofck(t, 0, "-he.h", "empty.mof", says=["the header is empty"])
    t.equal([n for n in os.listdir(t.dir) if n in ("x.h", "x.x")], [])


@test
def files_are_1(t):
    inputs(t)
    wmimofck(t, 1, "-hx.h", "none.bmf", says=["none.bmf: error: No such file or directory"])
    wmimofck(t, 1, "-hx.h", t.path("none", "none.bmf"), says=["No such file or directory"])
    wmimofck(t, 1, "-hnone/x.h", "thing.bmf", says=["none/x.h: No such file or directory"])
    wmimofck(t, 1, "-xnone/x.x", "thing.bmf", says=["none/x.x: No such file or directory"])
    t.equal(os.path.exists(t.path("x.h")), False)


@test
def wrong_switches_are_2(t):
    inputs(t)
    before = sorted(os.listdir(t.dir))
    for arguments, says in (
            ((), "which file?"),
            (("-hx.h",), "which file?"),
            (("-foo", "thing.bmf"), "there is no switch -foo"),
            (("--help", "thing.bmf"), "there is no switch --help"),
            (("-mu", "-hx.h", "thing.bmf"), "there is no switch -mu: each stands alone"),
            (("-h", "x.h", "thing.bmf"), "-h wants a file's name right behind it"),
            (("-x", "thing.bmf"), "-x wants a file's name right behind it"),
            (("/h", "thing.bmf"), "/h wants a file's name right behind it"),
            (("-hx.h", "-hy.h", "thing.bmf"), "-h is given twice: x.h, y.h"),
            (("-hx.h", "-xx.h", "thing.bmf"), "x.h cannot be two of"),
            (("-xthing.bmf", "thing.bmf"), "thing.bmf cannot be two of"),
            (("-h.\\thing.bmf", "./thing.bmf"), "thing.bmf cannot be two of"),
            (("-hx.h", "thing.bmf", "thing.mof"), "one file at a time: thing.bmf, thing.mof"),
            (("-h" + "x" * 5000, "thing.bmf"), "too long")):
        p = wmimofck(t, 2, *arguments, says=[says])
        t.true(p.err[-1].endswith("wmimofck -? lists the switches"), str(p.err))
    for letter in NOT_PROVIDED:
        for switch in (f"-{letter}", f"/{letter}", f"-{letter}out"):
            wmimofck(t, 2, "-hx.h", switch, "thing.bmf", says=[f"{switch[:2]} (", "is not provided: only -h, -m, -u and -x are"])
    t.equal(sorted(os.listdir(t.dir)), before, "nothing is written")


mofkit.main()
