#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wmi mof compile: into binary MOF, into a service, into a repository, split; what it says when that fails."""
import mofkit
from mofkit import *

MASTER = r'''#pragma namespace("\\\\.\\root\\TEST")
[Description("A class") : Amended, LOCALE(0x409)]
class Master
{
  [key, DisplayName("The name") : Amended] string Name;
  uint64 Value;
};
'''


# --- binary MOF --------------------------------------------------------------------------------------

@test
def binary_mof_is_windows_own(t):
    pairs = mofkit.pairs()
    if not pairs:
        raise Skipped("the corpus is not there")
    for mof, bmf in pairs:
        out = t.path("out.bmf")
        t.ok("compile", mof, "-B", out)
        t.true(read(out) == read(bmf), f"{mof} has not the bytes of {bmf}")
    t.note(f"{len(pairs)} pairs identical")


@test
def binary_says_what_it_wrote(t):
    t.write("a.mof", "class A { uint32 x; }; class B : A {}; instance of A { x = 1; };")
    out = t.ok("compile", "a.mof", "-B", "a.bmf").out
    size = os.path.getsize(t.path("a.bmf"))
    expanded = int.from_bytes(read(t.path("a.bmf"))[12:16], "little")
    t.equal(out, [f"written\ta.bmf\t{size} bytes, expanded {expanded}\t2 classes, 1 instance"])
    told = t.json_lines("compile", "a.mof", "-B", "a.bmf", "--json")
    t.equal(told, [{"written": "a.bmf", "bytes": size, "expanded": expanded, "classes": 2, "instances": 1}])
    t.equal(read(t.path("a.bmf"))[:8], b"FOMB\x01\0\0\0")


@test
def binary_to_standard_output_and_odd_files(t):
    t.write("a.mof", "class A { uint32 x; };")
    t.ok("compile", "a.mof", "-B", "a.bmf")
    wanted = read(t.path("a.bmf"))
    p = subprocess.run([program("wmi"), "mof", "compile", "a.mof", "-B", "-"], cwd=t.dir, capture_output=True, check=True)
    t.equal(p.stdout, wanted, "standard output")
    p = subprocess.run([program("wmi"), "mof", "compile", "-", "-B", "-"], cwd=t.dir, input=b"class A { uint32 x; };",
                       capture_output=True, check=True)
    t.equal(p.stdout, wanted, "from standard input")
    t.ok("compile", "a.mof", "-B", "/dev/null")
    t.true(not os.path.isfile("/dev/null"), "a device stays one")
    os.makedirs(t.path("far"))
    os.symlink("far/real.bmf", t.path("link.bmf"))
    t.write("far/real.bmf", "old")
    os.chmod(t.path("far/real.bmf"), 0o640)
    t.ok("compile", "a.mof", "-B", "link.bmf")
    t.true(os.path.islink(t.path("link.bmf")), "a link stays one")
    t.equal(read(t.path("far/real.bmf")), wanted, "what the link leads to")
    t.equal(os.stat(t.path("far/real.bmf")).st_mode & 0o777, 0o640, "its permissions")
    t.equal(sorted(os.listdir(t.path("far"))), ["real.bmf"], "no drafts are left")


@test
def binary_is_whole_or_not_at_all(t):
    t.write("bad.mof", "class A { uint32 x };")
    t.write("out.bmf", "old")
    t.refused(3, ("compile", "bad.mof", "-B", "out.bmf"), "bad.mof:1:20: error:", "WBEMMOF_E_EXPECTED_SEMI 0x80044002")
    t.equal(read(t.path("out.bmf")), b"old", "after a syntax error")
    t.write("good.mof", "class A { uint32 x; };")
    t.refused(1, ("compile", "good.mof", "-B", "none/out.bmf"), "none/out.bmf: error: No such file or directory")
    t.refused(1, ("compile", "good.mof", "-B", "."), ".: error: Is a directory")
    t.refused(1, ("compile", "none.mof", "-B", "out.bmf"), "none.mof: error: No such file or directory")
    os.symlink("/dev/full", t.path("full"))
    t.refused(1, ("compile", "good.mof", "-B", "full"), "full: error: No space left on device")
    t.equal(read(t.path("out.bmf")), b"old", "after failures")
    t.equal([n for n in os.listdir(t.dir) if n.startswith("out.bmf.")], [], "drafts")


@test
def rules_for_drivers(t):
    t.ok("compile", example("toaster/toaster.mof"), "--wmi", "-B", "t.bmf")
    t.true(os.path.exists(t.path("t.bmf")), "a sound file is written")
    # Ids begin with 1.
    t.write("odd.mof", read_text(example("toaster/toaster.mof")).replace("WmiDataId(1)", "WmiDataId(7)"))
    p = t.refused(3, ("compile", "odd.mof", "--wmi", "-B", "t.bmf"), "error:", "t.bmf: note: the binary MOF that was there is "
                  "deleted")
    t.true(not os.path.exists(t.path("t.bmf")), "the file of before is deleted")
    t.true(any("[" in line and "error:" in line for line in p.err), "the rule is named")
    t.ok("compile", "odd.mof", "-B", "t.bmf")  # without the rules it is MOF like any other


@test
def binary_is_read_too(t):
    t.write("a.mof", "class A { [key] uint32 x; }; instance of A { x = 1; };")
    t.ok("compile", "a.mof", "-B", "a.bmf")
    t.ok("compile", "a.bmf", "-B", "b.bmf")
    t.equal(read(t.path("b.bmf")), read(t.path("a.bmf")), "compiled again")
    t.ok("compile", "--check-syntax", "a.bmf")
    cut = read(t.path("a.bmf"))[:-7]
    t.write_bytes("cut.bmf", cut)
    t.refused(3, ("compile", "cut.bmf", "-B", "c.bmf"), "cut.bmf: byte ", "error:")
    t.true(not os.path.exists(t.path("c.bmf")), "nothing is made of what is damaged")
    t.write_bytes("odd.bin", b"\0\1\2\3\0\0\0\0" * 9)
    t.refused(3, ("compile", "odd.bin", "--check-syntax"), "odd.bin: error:")
    t.refused(3, ("compile", "a.bmf#2", "--check-syntax"), "a.bmf#2: error: it holds 1 binary MOF, there is no number 2")
    t.ok("compile", "a.bmf#1", "--check-syntax")


# --- diagnostics -------------------------------------------------------------------------------------

@test
def errors_have_place_line_and_caret(t):
    t.write("bad.mof", "class A {\n\tuint32 \u6f22x;\n};\nclass B {\n\tuint32 y\n};\n")
    p = t.refused(3, ("compile", "--check-syntax", "bad.mof"))
    text = "\n".join(p.err)
    for line in ("bad.mof:2:9: error: ", "    \tuint32 \u6f22x;", "    \t       ^", "bad.mof:6:1: error: "):
        t.true(line in text, f"{line!r} in {text}")
    t.true(p.err[-1].endswith(" errors, 0 warnings"), p.err[-1])


@test
def errors_as_json_lines(t):
    t.write("bad.mof", "class A { uint32 x };\n")
    p = t.mof("compile", "--check-syntax", "--json", "bad.mof", status=3)
    first, sum_ = p.json()[0], p.json()[-1]
    t.equal((first["level"], first["rule"], first["code"]), ("error", "WBEMMOF_E_EXPECTED_SEMI", "0x80044002"))
    t.equal((first["file"], first["line"], first["column"], first["offset"], first["length"]), ("bad.mof", 1, 20, 19, 1))
    t.equal(first["source"], "class A { uint32 x };")
    t.equal(sum_, {"errors": len(p.json()) - 1, "warnings": 0, "shown": len(p.json()) - 1})
    t.equal(p.err, [], "nothing is told twice")


@test
def errors_as_sarif(t):
    t.write("a b.mof", "class A { uint32 x };\nclass A {\n  string \u00e9;\n};\n")
    p = t.mof("compile", "--check-syntax", "--sarif", "a b.mof", "none.mof", status=3)
    t.equal(len(p.out), 1, "lines")
    log = p.json()[0]
    sarif(t, log)
    run = log["runs"][0]
    t.equal(run["tool"]["driver"]["name"], "wmi mof compile")
    place = run["results"][0]["locations"][0]["physicalLocation"]
    t.equal(place["artifactLocation"]["uri"], "a%20b.mof")
    t.equal({k: place["region"][k] for k in ("startLine", "startColumn", "endColumn")},
            {"startLine": 1, "startColumn": 20, "endColumn": 21})
    t.equal(run["results"][-1]["locations"][0]["physicalLocation"], {"artifactLocation": {"uri": "none.mof"}})
    t.write("good.mof", "class A { uint32 x; };\n")
    sarif(t, t.mof("compile", "--check-syntax", "--sarif", "good.mof").json()[0])
    t.write_bytes("cut.bmf", b"FOMB\1\0\0\0\x20\0\0\0\x40\0\0\0DS")
    log = t.mof("compile", "--check-syntax", "--sarif", "cut.bmf", status=3).json()[0]
    sarif(t, log)
    t.true(log["runs"][0]["results"], "a finding about bytes")


@test
def many_errors_are_bounded(t):
    t.write("bad.mof", "".join(f"class A{i} {{ uint32 x }};\n" for i in range(200)))
    p = t.refused(3, ("compile", "--check-syntax", "bad.mof"))
    t.equal(sum(": error:" in line for line in p.err), 64, "errors of one file")
    t.equal(p.err[-1], "64 errors or more, 0 warnings")


@test
def included_files(t):
    os.makedirs(t.path("inc/deep"))
    t.write("main.mof", '#include ("base.mof")\n#pragma include ("deep/more.mof")\nclass C : Base { More ref m; };\n')
    t.write("inc/base.mof", "class Base { [key] uint32 x; };\n")
    t.write("inc/deep/more.mof", "class More { [key] uint32 y; };\n")
    t.ok("compile", "main.mof", "-I", "inc", "-B", "m.bmf")
    t.write("inc/deep/more.mof", "class More {\n  uint32 y\n};\n")
    p = t.refused(3, ("compile", "main.mof", "-Iinc", "-B", "m.bmf"), "inc/deep/more.mof:3:1: error:")
    t.true("    };" in p.err, f"the line of the included file: {p.err}")
    p = t.refused(3, ("compile", "main.mof", "-B", "m.bmf"), "main.mof:1:", "WBEMMOF_E_ERROR_INVALID_INCLUDE_FILE 0x80044030")
    t.true(sum("main.mof:1:" in line for line in p.err) == 1, "told once")


@test
def preprocessed_files(t):
    t.write("common.h", "#define KEY [key]\n#ifdef WIDE\n#define NUMBER uint64\n#else\n#define NUMBER uint32\n#endif\n")
    t.write("a.mof", '#include "common.h"\nclass A { KEY NUMBER x; };\n')
    t.refused(3, ("compile", "--check-syntax", "a.mof"), "a.mof:1:")
    t.ok("compile", "a.mof", "--cpp", "-B", "a.bmf")
    t.write("wide.mof", "class A { [key] uint64 x; };\n")
    t.ok("compile", "wide.mof", "-B", "wide.bmf")
    t.ok("compile", "a.mof", "-D", "WIDE", "-B", "a.bmf")
    t.equal(read(t.path("a.bmf")), read(t.path("wide.bmf")), "-D means --cpp")
    t.ok("compile", "a.mof", "--cpp=cc -E -x c -DWIDE", "-B", "a.bmf")
    t.equal(read(t.path("a.bmf")), read(t.path("wide.bmf")), "a command of one's own")
    t.write("a.mof", '#include "common.h"\n\n\nclass A { KEY NUMBER x }\n')
    t.refused(3, ("compile", "a.mof", "--cpp", "--check-syntax"), "a.mof:4:")
    t.write("a.mof", '#include "gone.h"\nclass A {};\n')
    t.refused(3, ("compile", "a.mof", "--cpp", "--check-syntax"), "-I DIR names directories")


@test
def files_are_bounded(t):
    if SANITIZED:
        raise Skipped("takes much memory there")
    bound = 256 << 20  # LIMIT_FIND_BYTES
    for size, status, says in ((bound - 1, 3, "neither binary MOF nor"), (bound, 3, "neither binary MOF nor"),
                               (bound + 1, 1, "it is too large")):
        with open(t.path("big.bin"), "wb") as f:
            f.truncate(size)
        t.refused(status, ("compile", "--check-syntax", "big.bin"), "big.bin: error:", says)
    with open(t.path("big.bin"), "rb") as f:  # what has no size is counted while it is read
        t.equal(t.mof("compile", "--check-syntax", "-", stdin=f, status=1).err[-1], "1 error, 0 warnings")


# --- splitting -----------------------------------------------------------------------------------------

@test
def master_texts_are_split(t):
    t.write("m.mof", MASTER)
    p = t.ok("compile", "m.mof", "--amendment", "MS_409", "--mof-out", "n.mof", "--mfl-out", "l.mfl")
    t.equal(p.out, ["written\tn.mof", "written\tl.mfl"])
    neutral, localised = read_text(t.path("n.mof")), read_text(t.path("l.mfl"))
    t.true("Description" not in neutral and "1033" in neutral and "Value" in neutral, neutral)
    t.true("ms_409" in localised.lower() and "The name" in localised and "Value" not in localised, localised)
    t.ok("compile", "--check-syntax", "n.mof", "l.mfl")
    t.write("p.mof", '#pragma amendment("MS_407")\n' + MASTER.replace("0x409", "0x407"))
    t.ok("compile", "p.mof", "--mof-out", "n.mof", "--mfl-out", "l.mfl")
    t.true("ms_407" in read_text(t.path("l.mfl")).lower(), "the text says its language itself")
    os.remove(t.path("n.mof"))
    os.remove(t.path("l.mfl"))
    t.refused(3, ("compile", "m.mof", "--mof-out", "n.mof", "--mfl-out", "l.mfl"), "error:")
    t.refused(3, ("compile", "m.mof", "--amendment", "german", "--mof-out", "n.mof", "--mfl-out", "l.mfl"), "error:")
    t.refused(1, ("compile", "m.mof", "--amendment", "MS_409", "--mof-out", "n.mof", "--mfl-out", "none/l.mfl"), "none/l.mfl")
    t.true(not os.path.exists(t.path("n.mof")), "both or none")
    t.refused(3, ("compile", "--repository", "r.db", "p.mof"), "is split into a neutral and a localised one, not stored")


# --- into a store --------------------------------------------------------------------------------------

THINGS = "class Thing { [key] uint32 Id; string Text; }; instance of Thing { Id = 1; Text = \"one\"; };"


@test
def into_the_service(t):
    t.service()
    t.write("a.mof", THINGS)
    t.equal(rows(t.ok("compile", "a.mof")), [["root\\default", "Thing", "class", "created"],
                                             ["root\\default", "Thing.Id=1", "instance", "created"]])
    again = rows(t.ok("compile", "a.mof"))
    t.true(again and all(row[-1] == "unchanged" or row[0] == "unchanged" for row in again), str(again))
    t.write("a.mof", THINGS.replace('"one"', '"two"'))
    told = t.json_lines("compile", "a.mof", "--json")
    t.equal([(r["class"], r["kind"], r["event"], r["done"]) for r in told],
            [("Thing", "class", False, "unchanged"), ("Thing.Id=1", "instance", False, "updated")])
    t.equal(t.run("wmi", "get", "Thing.Id=1", "--json").json()[0]["properties"]["Text"], "two")
    # All or nothing: the second class names a class that is not there.
    t.write("bad.mof", "class First { uint32 x; };\nclass Second : Nowhere { uint32 y; };\n")
    t.refused(3, ("compile", "bad.mof"), "bad.mof:2:")
    t.run("wmi", "show", "First", status=1)
    t.write("ns.mof", "class Placed { uint32 x; };")
    t.equal(rows(t.ok("compile", "-n", "root/other", "ns.mof"))[-1][:2], ["root\\other", "Placed"])


@test
def binary_into_the_service(t):
    t.service()
    t.write("a.mof", THINGS)
    t.ok("compile", "a.mof", "-B", "a.bmf")
    t.equal(rows(t.ok("compile", "a.bmf")), [["root\\default", "Thing", "class", "created"],
                                             ["root\\default", "Thing.Id=1", "instance", "created"]])
    t.run("wmi", "get", "Thing.Id=1")


@test
def flags_are_obeyed(t):
    t.service()
    t.write("a.mof", THINGS)
    t.refused(3, ("compile", "--class", "updateonly", "a.mof"), "a.mof:1:", "WBEM_E_NOT_FOUND 0x80041002")
    t.ok("compile", "--class", "createonly", "--instance", "CreateOnly", "a.mof")
    t.write("a.mof", THINGS.replace('"one"', '"two"'))
    t.refused(3, ("compile", "--class", "createonly", "a.mof"), "WBEM_E_ALREADY_EXISTS 0x80041019")
    t.refused(3, ("compile", "--instance", "createonly", "a.mof"), "WBEM_E_ALREADY_EXISTS 0x80041019")
    t.ok("compile", "--class", "updateonly", "--instance", "updateonly", "a.mof")
    t.write("new.mof", "instance of Thing { Id = 2; };")
    t.refused(3, ("compile", "--instance", "updateonly", "new.mof"), "WBEM_E_NOT_FOUND 0x80041002")


@test
def into_a_repository_without_a_service(t):
    t.write("a.mof", THINGS)
    t.equal(len(rows(t.ok("compile", "--repository", "r.db", "a.mof"))), 2)
    again = rows(t.ok("compile", "--repository", "r.db", "a.mof"))
    t.true(again and all("unchanged" in row for row in again), str(again))
    t.run("wmi", "repository", "check", "r.db")
    t.env["FREEWMI_REPOSITORY"] = t.path("r.db")
    p = t.start("wmid", "--repository", t.path("r.db"))
    p.wait_until(lambda p: any(line.endswith("ready") for line in p.err + p.out), "wmid is ready")
    t.equal(t.run("wmi", "get", "Thing.Id=1", "--json").json()[0]["properties"]["Text"], "one")
    t.refused(1, ("compile", "--repository", "r.db", "a.mof"), "wmi: ")  # the service has it
    t.refused(1, ("compile", "--repository", "none/r.db", "a.mof"), "none/r.db")


@test
def no_service(t):
    t.write("a.mof", THINGS)
    t.refused(4, ("compile", "a.mof"), "no service listens there")


@test
def usage_errors(t):
    for arguments, says in (
            ((), "usage: wmi mof compile FILE..."),
            (("a.mof", "--wmi"), "--wmi needs --binary"),
            (("a.mof", "b.mof", "-B", "c"), "one file at a time"),
            (("a.mof", "--compat", "w2k"), "--compat needs --binary"),
            (("a.mof", "--compat", "nt4", "-B", "x"), "--compat wants w2k"),
            (("a.mof", "--dialect", "klingon"), "--dialect wants microsoft or dmtf"),
            (("a.mof", "--class", "never"), "--class takes"),
            (("a.mof", "--instance", "safeupdate"), "--class takes"),
            (("a.mof", "--amendment", "MS_409"), "both --mof-out and --mfl-out"),
            (("a.mof", "--mof-out", "x"), "both --mof-out and --mfl-out"),
            (("a.mof", "--check-syntax", "-B", "x"), "--check-syntax goes with no other output"),
            (("a.mof", "-B", "x", "--repository", "y"), "need no service"),
            (("a.mof", "--repository", "x", "--socket", "y"), "--repository is a file"),
            (("a.mof", "--json", "--sarif"), "exclude each other"),
            (("a.mof", "--binari", "x"), "did you mean --binary?")):
        t.refused(2, ("compile", *arguments), says)
    t.ok("compile", "--help")


# --- wherever a MOF is taken -----------------------------------------------------------------------------

@test
def run_takes_them_all(t):
    driver = t.toaster()
    mof = example("toaster/toaster.mof")
    t.ok("compile", mof, "-B", "t.bmf")
    t.write("outer.mof", '#include ("TOASTER.MOF")\n')
    shutil.copy(mof, t.path("toaster.mof"))
    t.write("odd.mof", '#include "toaster.h"\n')
    t.write("toaster.h", read_text(mof))
    for arguments in (("--mof", "t.bmf"), ("--mof", "outer.mof"), ("--mof", "odd.mof", "--cpp")):
        t.run("wmi", "run", driver, *arguments, "--count", "1", *parameter("toaster", "Period", 20))
    t.write("bad.mof", "class A { uint32 x };")
    p = t.run("wmi", "run", driver, "--mof", "bad.mof", "--json", status=3)
    t.equal(p.out, [], "events are what standard output has")
    t.true(any("bad.mof:1:20: error:" in line for line in p.err), str(p.err))


@test
def driver_load_and_wmid_take_them_too(t):
    driver = t.toaster()
    t.ok("compile", example("toaster/toaster.mof"), "-B", "t.bmf")
    t.write("outer.mof", '#include ("inner.mof")\n')
    t.write("inner.mof", "class Inner { [key] uint32 x; };")
    t.service("--mof", t.path("t.bmf"), "--mof", t.path("outer.mof"))
    t.run("wmi", "show", "root\\wmi:Toaster_Popped")
    t.run("wmi", "show", "root\\wmi:Inner")
    t.run("wmi", "driver", "load", driver, "--mof", t.path("t.bmf"), "--log", t.path("driver.log"))
    t.run("wmi", "driver", "unload", "toaster")


main()
